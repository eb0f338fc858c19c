/**
 * The tables of AMD-Vi units (linux.md 2.6 b, hardware.md F): each device has one, in which an irq has the entry of its message, or of its pin;
 * what a unit has cached is forgotten for the whole device.
 */
import { eq, ne, SELF, type Assembler, type Builder, type Condition, type Reg, type Variable } from '../../index.js';
import type { Placement } from '../model.js';
import type { Behaviours } from './behaviours.js';
import type { LinuxData } from './data.js';
import type { RemapTable } from './remapTable.js';
import type { Target } from './target.js';

/** Commands (hardware.md F.5); the wait stores. */
const COMPLETION_WAIT = 0x10000001;
const INVALIDATE_INTERRUPT_TABLE = 0x50000000;
/** RemapEn, of an entry of either size: fixed, edge, physical (F.3.1, F.3.2). */
const VALID = 1;
const NOT_VALID = 0xfffffffe;
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

/** What differs between entries of 128 and of 32 bits. */
interface Entry {
  write(b: Builder, irq: Reg<'irq'>): void;
  /** As `write` of an entry that stays as it is but is not valid. */
  invalidate(b: Builder, irq: Reg<'irq'>): void;
  clear(b: Builder, irq: Reg<'irq'>): void;
  /** Tests: which of its words are not as `write` would leave them. */
  wrong(b: Builder, irq: Reg<'irq'>): readonly (() => Condition)[];
  /** Words of a valid one, and back. */
  words(id: number, vector: number): readonly number[];
  read(words: readonly number[]): { readonly id: number; readonly vector: number };
  readonly slot: number;
}

type Row = (b: Builder, irq: Reg<'irq'>) => Reg<'irte'>;

function narrowEntry(d: LinuxData, row: Row): Entry {
  const irte = d.declarations.variable('irte', 'u32', ['irte'], { dma: true, visible: true });
  const low = (b: Builder, irq: Reg<'irq'>): Reg<'u32'> =>
    b.or('u32', b.or('u32', b.shl('u32', b.load(d.apicdVector, [irq]), 16), destination(b, d, irq)), VALID);
  return {
    write: (b, irq) => b.store(irte, [row(b, irq)], low(b, irq), 'remapping entry: new vector and destination'),
    invalidate(b, irq) {
      const at = row(b, irq);
      b.store(irte, [at], b.and('u32', b.load(irte, [at]), NOT_VALID), 'remapping entry: not valid');
    },
    clear: (b, irq) => b.store(irte, [row(b, irq)], 0, 'remapping entry: not valid'),
    wrong: (b, irq) => [() => ne(b.load(irte, [row(b, irq)]), low(b, irq))],
    words: (id, vector) => [VALID | (id << 8) | (vector << 16)],
    read: ([word = 0]) => ({ id: (word >>> 8) & 0xff, vector: (word >>> 16) & 0xff }),
    slot: irte.slot,
  };
}

/** Destination in the lower half, vector in the upper one (F.3.2). */
function wideEntry(d: LinuxData, row: Row, behaviours: Behaviours): Entry {
  const irte = d.declarations.variable('irte', 'u32', ['irte', 'word'], { dma: true, visible: true });
  const low = (b: Builder, irq: Reg<'irq'>): Reg<'u32'> => b.or('u32', destination(b, d, irq), VALID);
  /** Of an entry that units may fetch at any time. */
  const modify = (b: Builder, at: Reg<'irte'>, lower: () => Reg<'u32'>, upper: () => Reg<'u32'>): void => {
    if (behaviours.amdIrteUpdate === 'atomic') {
      b.storePair(irte, at, 0, [lower(), upper()], { wide: true, note: 'remapping entry: 16 bytes at once' });
      return;
    }
    b.store(irte, [at, 0], b.and('u32', b.load(irte, [at, 0]), NOT_VALID), 'remapping entry: valid = 0');
    b.storePair(irte, at, 2, [upper(), 0], { note: 'remapping entry, upper half: vector' });
    b.storePair(irte, at, 0, [lower(), 0], { note: 'remapping entry, lower half: destination' });
    // whatever is asked for: an entry that is to be not valid is valid again
    b.store(irte, [at, 0], b.or('u32', lower(), VALID), 'remapping entry: valid = 1');
  };
  return {
    write(b, irq) {
      const vector = (): Reg<'u32'> => b.let('u32', b.load(d.apicdVector, [irq]));
      modify(b, row(b, irq), () => low(b, irq), vector);
    },
    invalidate(b, irq) {
      const at = row(b, irq);
      const upper = (): Reg<'u32'> => b.load(irte, [at, 2]);
      modify(b, at, () => b.and('u32', b.load(irte, [at, 0]), NOT_VALID), upper);
    },
    clear(b, irq) {
      const at = row(b, irq);
      b.storePair(irte, at, 0, [0, 0], { note: 'remapping entry, lower half: not valid' });
      b.storePair(irte, at, 2, [0, 0], { note: 'remapping entry, upper half: cleared' });
    },
    wrong(b, irq) {
      const at = row(b, irq);
      return [() => ne(b.load(irte, [at, 0]), low(b, irq)), () => ne(b.load(irte, [at, 2]), b.let('u32', b.load(d.apicdVector, [irq])))];
    },
    words: (id, vector) => [VALID | (id << 8), 0, vector, 0],
    read: ([lower = 0, , upper = 0]) => ({ id: lower >>> 8, vector: upper & 0xff }),
    slot: irte.slot,
  };
}

const destination = (b: Builder, d: LinuxData, irq: Reg<'irq'>): Reg<'u32'> =>
  b.shl('u32', b.constant('apicId', b.load(d.apicdCpu, [irq])), 8);

export function amdTable(k: Assembler, d: LinuxData, behaviours: Behaviours, placement: Placement): RemapTable {
  const { irqs, units = [], devices, iommus = [], apicIds } = placement;
  const { wide, entries, tables } = amdLayout(placement);
  const { declarations } = d;
  /** Of an irq: its entry among those of all tables; its table, and the first device behind its unit, for their locks; its requester id. */
  const rowOf = declarations.variable('irte_row', 'irte', ['irq'], { class: 'fixed' });
  const tableOf = declarations.variable('irq_table', 'device', ['irq'], { class: 'fixed' });
  const iommuOf = declarations.variable('amd_iommu', 'device', ['irq'], { class: 'fixed' });
  const unitNumber = declarations.variable('amd_unit', 'u8', ['irq'], { class: 'fixed' });
  const devid = declarations.variable('devid', 'u16', ['irq'], { class: 'fixed' });
  const tableLock = declarations.lock('irq_table_lock', ['device']);
  const lock = declarations.lock('iommu_lock', ['device']);
  /** Where a wait stores, a row for each CPU: each waits for one at a time. */
  const sem = declarations.variable('cmd_sem', 'u32', ['cpu', 'word'], { dma: true, bits: 1 });
  const entry = wide ? wideEntry(d, (b, irq) => b.load(rowOf, [irq]), behaviours) : narrowEntry(d, (b, irq) => b.load(rowOf, [irq]));

  const command = (b: Builder, irq: Reg<'irq'>, put: (unit: Reg<'u8'>) => void, note: string): void => {
    const unit = b.load(unitNumber, [irq]);
    b.atomic(() => {
      put(unit);
      b.queueTail(unit, note);
    });
  };
  const invalidate = (b: Builder, irq: Reg<'irq'>): void =>
    command(
      b,
      irq,
      (unit) => b.queuePut(unit, INVALIDATE_INTERRUPT_TABLE, b.let('u32', b.load(devid, [irq]))),
      'command: INVALIDATE_INTERRUPT_TABLE',
    );
  const completionWait = (b: Builder, irq: Reg<'irq'>): void => {
    b.store(sem, [SELF, 0], 0);
    command(b, irq, (unit) => b.queuePut(unit, COMPLETION_WAIT, 1, [sem, SELF]), 'command: COMPLETION_WAIT');
  };
  const waitOnSem = (b: Builder): void => b.waitEq(sem, [SELF, 0], 1, 'waits until COMPLETION_WAIT has stored');
  const locked = (b: Builder, irq: Reg<'irq'>, body: () => void): void => {
    const iommu = b.load(iommuOf, [irq]);
    b.lock(lock, [iommu]);
    body();
    b.unlock(lock, [iommu]);
  };
  const flush = flushRoutine(k, d, behaviours, { iommuOf, invalidate, completionWait, waitOnSem, locked });

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
      const row = table * entries + indexOf(irq);
      entry.words(apicIds[cpu] ?? 0, vector).forEach((word, w) => machine.setVariable(entry.slot, row, w, word));
      machine.setVariable(rowOf.slot, irq, 0, row);
      machine.setVariable(tableOf.slot, irq, 0, table);
      machine.setVariable(iommuOf.slot, irq, 0, units.indexOf(unitOf(irq)));
      machine.setVariable(unitNumber.slot, irq, 0, unitOf(irq));
      machine.setVariable(devid.slot, irq, 0, devices[deviceOf(irq)]?.requester ?? 0);
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

/** Steps of a flush. The `iommuOf` of an irq says whose lock and flag are meant. */
interface FlushSteps {
  readonly iommuOf: Variable<'device', readonly ['irq']>;
  invalidate(b: Builder, irq: Reg<'irq'>): void;
  completionWait(b: Builder, irq: Reg<'irq'>): void;
  waitOnSem(b: Builder): void;
  locked(b: Builder, irq: Reg<'irq'>, body: () => void): void;
}

/** The unit forgets what it has cached of the irq's device, and the kernel waits for that. */
function flushRoutine(k: Assembler, d: LinuxData, behaviours: Behaviours, steps: FlushSteps) {
  const { invalidate, completionWait, waitOnSem, locked } = steps;
  const options = { holds: [d.descLock] };
  if (behaviours.amdCompletionWait !== 'needSync')
    return k.routine(
      'iommu_flush_irt_and_complete',
      { irq: 'irq' },
      (c, { irq }) => {
        const b = c as unknown as Builder;
        const waits = behaviours.iecWait !== 'none';
        locked(b, irq, () => {
          if (behaviours.iecWait === 'before') completionWait(b, irq);
          invalidate(b, irq);
          if (behaviours.iecWait === 'wait') completionWait(b, irq);
          if (waits && behaviours.amdCompletionWait === 'locked') waitOnSem(b);
        });
        if (waits && behaviours.amdCompletionWait !== 'locked') waitOnSem(b);
      },
      options,
    );

  // whether a command has been put since the last wait; looked at without the lock
  const needSync = d.declarations.variable('need_sync', 'bool', ['device'], { visible: true });
  const flushIrt = k.routine(
    'iommu_flush_irt',
    { irq: 'irq' },
    (b, { irq }) =>
      locked(b as unknown as Builder, irq, () => {
        invalidate(b as unknown as Builder, irq);
        b.store(needSync, [b.load(steps.iommuOf, [irq])], 1, 'need_sync = 1: the command is to be waited for');
      }),
    options,
  );
  const wait = k.routine(
    'iommu_completion_wait',
    { irq: 'irq' },
    (b, { irq }) => {
      const iommu = b.load(steps.iommuOf, [irq]);
      if (behaviours.iecWait === 'wait')
        b.if(eq(b.load(needSync, [iommu], 'need_sync: is there a command that nobody waits for?'), 0), () => b.return());
      locked(b as unknown as Builder, irq, () => {
        completionWait(b as unknown as Builder, irq);
        b.store(needSync, [iommu], 0, 'need_sync = 0: this wait covers all commands so far');
        waitOnSem(b as unknown as Builder);
      });
    },
    options,
  );
  return k.routine(
    'iommu_flush_irt_and_wait',
    { irq: 'irq' },
    (b, { irq }) => {
      if (behaviours.iecWait === 'before') b.call(wait, { irq });
      b.call(flushIrt, { irq });
      if (behaviours.iecWait === 'wait') b.call(wait, { irq });
    },
    options,
  );
}
