/**
 * The tables of AMD-Vi units (linux.md 2.6 b, hardware.md F): each device has one, in which an irq has the entry of its message, or of its pin;
 * what a unit has cached is forgotten for the whole device.
 */
import { eq, ne, type Assembler, type Builder, type Reg } from '../../index.js';
import type { Placement } from '../model.js';
import { narrowEntry, VALID, wideEntry } from './amdEntry.js';
import { amdFlush, type CommandTarget } from './amdFlush.js';
import type { Behaviours } from './behaviours.js';
import type { LinuxData } from './data.js';
import type { RemapTable } from './remapTable.js';
import type { Target } from './target.js';

/** A request is a write to here; its data is the index of the entry (F.3). */
const ADDRESS = 0xfee00000;
/** Tables stand at multiples of this many bytes. */
const TABLE_ALIGNMENT = 64;

export interface AmdLayout {
  /** entries have 128 bits, otherwise 32 */
  readonly wide: boolean;
  /** entries of a device's table, a power of two; of all tables; of each that are ever asked for */
  readonly entries: number;
  readonly rows: number;
  readonly used: number;
  /** by device: the one whose table it has; all pins have that of the first */
  readonly tables: readonly number[];
}

export function amdLayout({ devices, irqs, iommus = [] }: Pick<Placement, 'devices' | 'irqs' | 'iommus'>): AmdLayout {
  const wide = iommus.every((unit) => unit.type !== 'amd' || unit.capabilities.ga);
  const used = Math.max(...irqs.map(({ message }) => message)) + 1;
  const entries = Math.max(TABLE_ALIGNMENT / (wide ? 16 : 4), 2 ** Math.ceil(Math.log2(used)));
  const tables = devices.map(({ requester }) => devices.findIndex((other) => other.requester === requester));
  return { wide, entries, rows: devices.length * entries, used, tables };
}

export function amdTable(k: Assembler, d: LinuxData, behaviours: Behaviours, placement: Placement): RemapTable {
  const { irqs, units = [], devices, iommus = [], apicIds } = placement;
  const { wide, entries, tables } = amdLayout(placement);
  const { declarations } = d;
  /** Of an irq: its entry among those of all tables; its table, for the lock. */
  const rowOf = declarations.variable('irte_row', 'irte', ['irq'], { class: 'fixed' });
  const tableOf = declarations.variable('irq_table', 'device', ['irq'], { class: 'fixed' });
  const target: CommandTarget = {
    iommu: declarations.variable('amd_iommu', 'device', ['irq'], { class: 'fixed' }),
    unit: declarations.variable('amd_unit', 'u8', ['irq'], { class: 'fixed' }),
    devid: declarations.variable('devid', 'u16', ['irq'], { class: 'fixed' }),
  };
  const tableLock = declarations.lock('irq_table_lock', ['device']);
  const row = (b: Builder, irq: Reg<'irq'>): Reg<'irte'> => b.load(rowOf, [irq]);
  const entry = wide ? wideEntry(d, row, behaviours) : narrowEntry(d, row);
  const flush = amdFlush(k, d, target, behaviours);

  const caches = iommus.some((unit) => unit.type === 'amd' && !unit.cache.irtCacheDis);
  const flushes = behaviours.iecFlush === 'flush' && (caches || behaviours.irtCacheDis === 'flush');
  /** The table is locked while the entry changes, the unit's lock is taken behind that. */
  const modifies = (name: string, change: (b: Builder, irq: Reg<'irq'>) => void) => {
    const routine = k.routine(
      name,
      { irq: 'irq' },
      (b, { irq }) => {
        const table = b.load(tableOf, [irq]);
        b.lock(tableLock, [table]);
        change(b as unknown as Builder, irq);
        b.unlock(tableLock, [table]);
        if (flushes) b.call(flush, { irq });
      },
      { holds: [d.descLock] },
    );
    return (b: Builder, irq: Reg<'irq'>): void => {
      b.call(routine, { irq });
    };
  };
  const suffix = wide ? '_ga' : '';
  const change = modifies(`modify_irte${suffix}`, entry.write);

  /** Of several MSI only the first is written, and its entry is number 0. */
  const several = devices.some(({ msi }) => msi !== undefined && msi.vectors > 1);
  const deviceOf = (irq: number): number => irqs[irq]?.device ?? 0;
  const unitOf = (irq: number): number => units[deviceOf(irq)] ?? 0;
  const indexOf = (irq: number): number => irqs[irq]?.message ?? 0;
  return {
    setAffinity: 'amd_ir_set_affinity',
    change,
    activate: change,
    deactivate: modifies(`irte${suffix}_deactivate`, entry.invalidate),
    release: modifies('free_irte', entry.clear),
    requestAddress: () => ADDRESS,
    requestData(b, irq) {
      const index = b.let('u16', b.constant('messageOf', irq));
      if (several) b.if(eq(b.constant('isMsix', b.constant('deviceOf', irq)), 0), () => b.set(index, 0));
      return index;
    },
    request: (irq) => ({ addrLo: ADDRESS, data: devices[deviceOf(irq)]?.msix ? indexOf(irq) : 0 }),
    judgeRequest(b, irq) {
      b.if(ne(b.inspect('sentAddress', [irq]), ADDRESS), () => b.flag('inStep', irq));
      b.if(ne(b.inspect('sentData', [irq]), b.let('u32', b.constant('messageOf', irq))), () => b.flag('inStep', irq));
    },
    judgeEntry(b, irq) {
      for (const wrong of entry.wrong(b, irq)) b.if(wrong, () => b.flag('inStep', irq));
    },
    boot(machine, irq, { cpu, vector }) {
      const table = tables[deviceOf(irq)] ?? 0;
      const at = table * entries + indexOf(irq);
      entry.words(apicIds[cpu] ?? 0, vector).forEach((word, w) => machine.setVariable(entry.slot, at, w, word));
      machine.setVariable(rowOf.slot, irq, 0, at);
      machine.setVariable(tableOf.slot, irq, 0, table);
      machine.setVariable(target.iommu.slot, irq, 0, units.indexOf(unitOf(irq)));
      machine.setVariable(target.unit.slot, irq, 0, unitOf(irq));
      machine.setVariable(target.devid.slot, irq, 0, devices[deviceOf(irq)]?.requester ?? 0);
      machine.setAmdUnit(unitOf(irq), { table: entry.slot, stride: entries * (wide ? 16 : 4), size: Math.log2(entries) });
    },
    target(machine, irq): Target | string {
      const [device, index] = [deviceOf(irq), indexOf(irq)];
      const words = machine.amdTables.cached(device, index) ?? machine.amdTables.entry(unitOf(irq), device, index) ?? [];
      if (((words[0] ?? 0) & VALID) === 0) return 'its entry is not valid';
      const { id, vector } = entry.read(words);
      const cpu = apicIds.indexOf(id);
      return cpu < 0 ? 'its entry goes to no CPU' : { cpu, vector };
    },
  };
}
