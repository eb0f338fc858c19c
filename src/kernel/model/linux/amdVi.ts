/**
 * The tables of AMD-Vi units (linux.md 2.6 b, hardware.md F): each device has one, in which an irq has the entry of its message, or of its pin;
 * what a unit has cached is forgotten for the whole device.
 */
import { eq, ne, type Assembler, type Builder, type Condition, type Lock, type Reg } from '../../index.js';
import type { Placement } from '../model.js';
import { narrowEntry, VALID, wideEntry } from './amdEntry.js';
import { amdFlush, type CommandTarget } from './amdFlush.js';
import type { Behaviours } from './behaviours.js';
import { AMD_IOMMU_VECTOR, type LinuxData } from './data.js';
import { avicPosting } from './avicPosting.js';
import { guestEntry } from './guestEntry.js';
import type { RemapTable } from './remapTable.js';
import { logCpu, type Target } from './target.js';

/** A request is a write to here; its data is the index of the entry (F.3). */
const ADDRESS = 0xfee00000;
/** Tables stand at multiples of this many bytes. */
const TABLE_ALIGNMENT = 64;
const PAGE_MASK = 0xfffff000;

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

/** Of a change of an entry: the lock that is held; nothing is invalidated. */
interface Modifies {
  readonly holds: Lock;
  readonly quiet?: boolean;
}

/** A table whose entries may be those of a vCPU. */
export interface AmdTable extends RemapTable {
  /** The entry of an irq that is posted says whether the vCPU runs, and where; ir_list_lock is held. */
  update(b: Builder, irq: Reg<'irq'>): void;
}

/** `guestVectors`: by irq, of those that are ever posted to a vCPU. */
export function amdTable(
  k: Assembler,
  d: LinuxData,
  guestVectors: ReadonlyMap<number, number>,
  behaviours: Behaviours,
  placement: Placement,
): AmdTable {
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
  const wideOne = wide ? wideEntry(d, row, behaviours) : undefined;
  const entry = wideOne ?? narrowEntry(d, row);
  const { avic } = d;
  // who says where a vCPU runs has no desc->lock
  const flush = amdFlush(k, d, target, behaviours, avic ? [] : [d.descLock]);

  const caches = iommus.some((unit) => unit.type === 'amd' && !unit.cache.irtCacheDis);
  const flushes = behaviours.iecFlush === 'flush' && (caches || behaviours.irtCacheDis === 'flush');
  /** The table is locked while the entry changes, the unit's lock is taken behind that. */
  const modifies = (
    name: string,
    change: (b: Builder, irq: Reg<'irq'>) => void,
    { holds, quiet = false }: Modifies = { holds: d.descLock },
  ) => {
    const routine = k.routine(
      name,
      { irq: 'irq' },
      (b, { irq }) => {
        const table = b.load(tableOf, [irq]);
        b.lock(tableLock, [table]);
        change(b as unknown as Builder, irq);
        b.unlock(tableLock, [table]);
        if (flushes && !quiet) b.call(flush, { irq });
      },
      { holds: [holds] },
    );
    return (b: Builder, irq: Reg<'irq'>): void => {
      b.call(routine, { irq });
    };
  };
  const suffix = wide ? '_ga' : '';
  const modify = modifies(`modify_irte${suffix}`, entry.write);
  const { vcpus } = d;
  const toVcpu = avic && wideOne ? guestEntry(d, avic, wideOne.irte, guestVectors, behaviours) : undefined;
  const onEntry =
    (step: 'post' | 'unpost' | 'update') =>
    (b: Builder, irq: Reg<'irq'>): void =>
      toVcpu?.[step](b, row(b, irq), irq);
  const update =
    avic && modifies('amd_iommu_update_ga', onEntry('update'), { holds: avic.irListLock, quiet: behaviours.gaUpdate === 'atomic' });
  const posting =
    vcpus &&
    avic &&
    update &&
    avicPosting(
      vcpus,
      avic,
      {
        post: modifies('amd_iommu_activate_guest_mode', onEntry('post')),
        unpost: modifies('amd_iommu_deactivate_guest_mode', onEntry('unpost')),
        update,
      },
      behaviours,
    );
  /** An entry that is that of a vCPU stays. */
  const change = (b: Builder, irq: Reg<'irq'>): void => {
    if (vcpus) b.if(eq(b.load(vcpus.postedTo, [irq]), 0), () => modify(b, irq));
    else modify(b, irq);
  };

  /** Of several MSI only the first is written, and its entry is number 0. */
  const several = devices.some(({ msi }) => msi !== undefined && msi.vectors > 1);
  const deviceOf = (irq: number): number => irqs[irq]?.device ?? 0;
  const unitOf = (irq: number): number => units[deviceOf(irq)] ?? 0;
  const indexOf = (irq: number): number => irqs[irq]?.message ?? 0;
  return {
    setAffinity: 'amd_ir_set_affinity',
    change,
    update: (b, irq) => update?.(b, irq),
    posting,
    activate: modify,
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
      const flag = (tests: readonly (() => Condition)[]): void => {
        for (const wrong of tests) b.if(wrong, () => b.flag('inStep', irq));
      };
      if (vcpus && toVcpu)
        b.if(
          eq(b.load(vcpus.postedTo, [irq]), 0),
          () => flag(entry.wrong(b, irq)),
          () => flag(toVcpu.wrong(b, row(b, irq), irq)),
        );
      else flag(entry.wrong(b, irq));
    },
    boot(machine, irq, { cpu, vector }) {
      const table = tables[deviceOf(irq)] ?? 0;
      const at = table * entries + indexOf(irq);
      if (avic) machine.setVariable(avic.root.slot, 0, 0, (machine.guestAddress(avic.irr.slot) & PAGE_MASK) >>> 0);
      const own = irqs[irq]?.vcpu;
      const words =
        own !== undefined && toVcpu
          ? toVcpu.words(machine, irq, apicIds[placement.vcpus?.[own] ?? 0] ?? 0)
          : entry.words(apicIds[cpu] ?? 0, vector);
      words.forEach((word, w) => machine.setVariable(entry.slot, at, w, word));
      machine.setVariable(rowOf.slot, irq, 0, at);
      machine.setVariable(tableOf.slot, irq, 0, table);
      machine.setVariable(target.iommu.slot, irq, 0, units.indexOf(unitOf(irq)));
      machine.setVariable(target.unit.slot, irq, 0, unitOf(irq));
      machine.setVariable(target.devid.slot, irq, 0, devices[deviceOf(irq)]?.requester ?? 0);
      const interrupt = { apicId: apicIds[logCpu(placement)] ?? 0, vector: AMD_IOMMU_VECTOR - unitOf(irq) };
      machine.setAmdUnit(unitOf(irq), {
        table: entry.slot,
        stride: entries * (wide ? 16 : 4),
        size: Math.log2(entries),
        ...(avic && { interrupt }),
      });
    },
    target(machine, irq): Target | string | undefined {
      const [device, index] = [deviceOf(irq), indexOf(irq)];
      const words = machine.amdTables.cached(device, index) ?? machine.amdTables.entry(unitOf(irq), device, index) ?? [];
      if (((words[0] ?? 0) & VALID) === 0) return 'its entry is not valid';
      if (vcpus && toVcpu && machine.variable(vcpus.postedTo.slot, irq) > 0) return toVcpu.fault(machine, irq, words);
      const { id, vector } = entry.read(words);
      const cpu = apicIds.indexOf(id);
      return cpu < 0 ? 'its entry goes to no CPU' : { cpu, vector };
    },
  };
}
