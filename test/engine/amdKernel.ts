/**
 * A small kernel that moves interrupts behind AMD-Vi units, with each of its steps right or wrong in a way of its own: how it changes an
 * entry, what it tells the unit, what it waits for, when it gives up the old vector.
 */
import { Assembler, Declarations, eq, ne, programSetup, SELF, type Builder, type Reg } from '../../src/kernel/index.js';
import type { BuiltModel, KernelModel, Placement } from '../../src/kernel/model/index.js';
import type { MachineSize } from '../../src/kernel/index.js';

export interface AmdBehaviours {
  /**
   * the entry: one store of 16 bytes; two of 8, low or high half first; not valid while both change; of a table with entries of 32 bits one
   * store of 4; or the device gets another table, by one store of 8 bytes to its entry of the device table
   */
  readonly update?: 'whole' | 'low-first' | 'high-first' | 'toggle' | 'narrow' | 'table';
  /**
   * what the unit is told to forget: the entries of the device, of another one; the entry of the device table, and all of the device; all it
   * has; nothing
   */
  readonly flush?: 'entries' | 'other' | 'device' | 'both' | 'all' | 'none';
  /** a wait behind that, in front of it, with an interrupt too; none */
  readonly wait?: 'behind' | 'before' | 'interrupt' | 'none';
  /** when the old vector is given up: after all that, or as soon as the entry is changed */
  readonly free?: 'last' | 'early';
}

/** Commands (hardware.md F.5); a wait stores, or stores and interrupts. */
const COMPLETION_WAIT = 0x10000001;
const INTERRUPTS = 2;
const INVALIDATE_DEVTAB_ENTRY = 0x20000000;
const INVALIDATE_INTERRUPT_TABLE = 0x50000000;
const INVALIDATE_ALL = 0x80000000;
/** An entry's low half: RemapEn, fixed, physical (F.3.2). */
const REMAP_EN = 1;
/** Of a device's entry: IntCtl 2, in its sixth word (F.2). */
const REMAP = 2 << 28;
/** The interrupt that gives up old vectors, less urgent than any device's; that of the unit itself. */
const [CLEANUP, UNIT] = [0x20, 0x10];
/** Entries of a table: as many as 64 bytes have, the least that two tables are apart. */
const [WIDE_ENTRIES, NARROW_ENTRIES] = [4, 16];

const names = (behaviours: AmdBehaviours): KernelModel['behaviours'] =>
  Object.entries(behaviours).map(([name, value]) => ({ name, value: String(value), text: String(value), evidence: 'set' }));

export function amdKernel(behaviours: AmdBehaviours = {}): KernelModel {
  return {
    name: 'amd-mover',
    behaviours: names(behaviours),
    build: (size, placement) => build(behaviours, size, placement),
  };
}

function build(behaviours: AmdBehaviours, machineSize: MachineSize, placement: Placement): BuiltModel {
  const { update = 'whole', flush = update === 'table' ? 'both' : 'entries', wait = 'behind', free = 'last' } = behaviours;
  const { irqs, apicIds, devices, operations, units = [] } = placement;
  const isNarrow = update === 'narrow';
  const entries = isNarrow ? NARROW_ENTRIES : WIDE_ENTRIES;
  // a device has two tables, if it is to have another one
  const tables = update === 'table' ? 2 : 1;
  const size = { ...machineSize, irtes: devices.length * tables * entries };
  const d = new Declarations();
  const wide = d.variable('irte', 'u32', ['irte', 'word'], { dma: true, visible: true });
  const narrow = d.variable('irte32', 'u32', ['irte'], { dma: true, visible: true });
  const deviceTable = d.variable('dev_table', 'u32', ['device', 'dteWord'], { dma: { offset: 32 * (devices[0]?.requester ?? 0) } });
  const map = d.variable('map', 'u32', ['irte'], { class: 'fixed' });
  const which = d.variable('which', 'u8', ['device'], { bits: 1 });
  const image = d.variable('irte_image', 'u32', ['cpu', 'word'], { local: true });
  const status = d.variable('sem', 'u32', ['cpu', 'word'], { dma: true, bits: 2 });
  const slots = d.variable('slots', 'u8', ['cpu', 'vector'], { visible: true });
  const home = d.variable('home', 'cpu', ['irq']);
  const goal = d.variable('goal', 'cpu', ['irq']);
  const leaving = d.variable('leaving', 'vector', ['cpu']);
  const requester = d.variable('requester', 'u16', ['irq'], { class: 'fixed' });
  const row = d.variable('row', 'u16', ['irq'], { class: 'fixed' });
  const unit = d.variable('unit', 'u8', ['irq'], { class: 'fixed' });
  const k = new Assembler(d);
  const { cpus, vectorLo } = size;
  /** Each irq has a vector of its own on each CPU: what is half old and half new finds nobody. */
  const vectorOf = (b: Builder, irq: Reg<'irq'>, cpu: Reg<'cpu'>): Reg<'vector'> =>
    b.add('vector', b.add('vector', b.let('vector', vectorLo), cpu), cpus === 2 ? b.shl('vector', irq, 1) : b.shl('vector', irq, 2));

  const changeEntry = k.routine('change_entry', { irq: 'irq' }, (b, { irq }) => {
    const to = b.load(goal, [irq]);
    const vector = vectorOf(b, irq, to);
    const at = b.let('irte', b.load(row, [irq]));
    const destination = b.shl('u32', b.constant('apicId', to), 8);
    if (isNarrow) {
      b.store(narrow, [at], b.or('u32', b.or('u32', destination, b.shl('u32', vector, 16)), REMAP_EN), 'the entry: vector and destination');
      return;
    }
    const low = b.or('u32', destination, REMAP_EN);
    if (update === 'table') {
      const device = b.constant('deviceOf', irq);
      const other = b.xor('u8', b.load(which, [device]), 1);
      b.store(which, [device], other);
      b.storePair(wide, b.add('irte', at, b.shl('irte', other, Math.log2(WIDE_ENTRIES))), 0, [low, vector], {
        wide: true,
        note: 'another table',
      });
      const root = b.load(map, [b.add('irte', b.shl('irte', device, 1), other)]);
      b.storePair(deviceTable, device, 4, [root, REMAP], { note: 'device table: the other table' });
      return;
    }
    const halves = [
      () => b.storePair(wide, at, 0, [low, 0], { note: 'low half: destination' }),
      () => b.storePair(wide, at, 2, [vector, 0], { note: 'high half: vector' }),
    ];
    switch (update) {
      case 'low-first':
        halves.forEach((store) => store());
        break;
      case 'high-first':
        halves.toReversed().forEach((store) => store());
        break;
      case 'toggle':
        b.store(wide, [at, 0], b.and('u32', b.load(wide, [at, 0]), ~REMAP_EN >>> 0), 'valid := 0');
        b.storePair(wide, at, 2, [vector, 0], { note: 'high half: vector' });
        b.storePair(wide, at, 0, [destination, 0], { note: 'low half: destination' });
        b.store(wide, [at, 0], low, 'valid := 1');
        break;
      default:
        b.store(image, [SELF, 0], low);
        b.store(image, [SELF, 2], b.let('u32', vector));
        b.storeRow(wide, at, image, SELF, 'the entry: vector and destination in one store');
    }
  });

  const put = (b: Builder, irq: Reg<'irq'>): void => {
    const at = b.load(unit, [irq]);
    const id = b.let('u32', b.load(requester, [irq]));
    if (flush === 'device' || flush === 'both') b.queuePut(at, INVALIDATE_DEVTAB_ENTRY, id);
    if (flush === 'entries' || flush === 'both') b.queuePut(at, INVALIDATE_INTERRUPT_TABLE, id);
    if (flush === 'other') b.queuePut(at, INVALIDATE_INTERRUPT_TABLE, b.add('u32', id, 1));
    if (flush === 'all') b.queuePut(at, INVALIDATE_ALL, 0);
  };
  const forget = k.routine('forget', { irq: 'irq' }, (b, { irq }) => {
    const at = b.load(unit, [irq]);
    b.store(status, [SELF, 0], 0);
    b.atomic(() => {
      if (wait !== 'before') put(b, irq);
      if (wait !== 'none') b.queuePut(at, COMPLETION_WAIT | (wait === 'interrupt' ? INTERRUPTS : 0), 1, [status, SELF]);
      if (wait === 'before') put(b, irq);
      b.queueTail(at, 'the unit sees the commands');
    });
    if (wait !== 'none') b.waitEq(status, [SELF, 0], 1, 'until the wait is complete');
  });

  const change = k.routine('change', { irq: 'irq' }, (b, { irq }) => {
    const to = b.load(goal, [irq]);
    b.store(slots, [to, vectorOf(b, irq, to)], b.add('u8', irq, 1), 'the new vector has its handler');
    b.call(changeEntry, { irq });
    if (free === 'last') return;
    const from = b.load(home, [irq]);
    b.store(slots, [from, vectorOf(b, irq, from)], 0, 'the old vector is given up');
  });
  /** The old CPU does it, behind whatever is pending there. */
  const giveUp = k.routine('give_up', { irq: 'irq' }, (b, { irq }) => {
    const from = b.load(home, [irq]);
    const old = vectorOf(b, irq, from);
    b.store(leaving, [from], old);
    b.ipi(b.constant('apicId', from), CLEANUP);
    b.waitEq(slots, [from, old], 0, 'until the old vector is given up');
  });
  const move = k.routine('move', { op: 'u8', irq: 'irq', to: 'cpu' }, (b, { op, irq, to }) => {
    b.if(ne(b.load(home, [irq]), to), () => {
      b.store(goal, [irq], to);
      b.call(change, { irq });
      b.call(forget, { irq });
      if (free === 'last') b.call(giveUp, { irq });
      b.store(home, [irq], b.load(goal, [irq]));
    });
    b.opEnd(op);
    b.end();
  });
  const cleanup = k.routine('cleanup', { vector: 'vector' }, (b) => {
    b.lapicWrite('eoi', 0);
    b.store(slots, [SELF, b.load(leaving, [SELF])], 0, 'the old vector is given up');
    b.iret();
  });
  const ofUnit = k.routine('unit_interrupt', { vector: 'vector' }, (b) => {
    b.lapicWrite('eoi', 0);
    b.unitStatus(0, b.unitRead(0, 'status'), 'status: what it says is cleared');
    b.iret();
  });
  const interrupt = k.routine('interrupt', { vector: 'vector' }, (b, { vector }) => {
    b.lapicWrite('eoi', 0);
    const found = b.load(slots, [SELF, vector]);
    b.if(
      eq(found, 0),
      () => b.flag('noStray', vector),
      () => b.serve(b.sub('irq', found, 1), 0),
    );
    b.iret();
  });
  k.entry(move);
  for (const routine of [cleanup, ofUnit, interrupt]) k.interruptEntry(routine);
  const program = k.assemble(size);
  const { labels, entries: starts, variables, fingerprint } = program;
  const entry = (name: string): number => starts.get(name) ?? 0;
  const handlers = new Map([
    ...Array.from({ length: size.vectorHi - vectorLo }, (_, i): [number, number] => [vectorLo + i, entry('interrupt')]),
    [CLEANUP, entry('cleanup')],
    [UNIT, entry('unit_interrupt')],
  ]);
  const startOf = (irq: number, cpu: number): number => vectorLo + cpu + irq * (cpus === 2 ? 2 : 4);
  return {
    program: programSetup(program, d, size, { handlers }),
    labels,
    variables,
    fingerprint,
    operations: operations.flatMap(({ on: cpu, pause, ...o }) =>
      o.kind === 'move' ? [{ entry: entry('move'), cpu, pause, args: [o.irq, o.to[0] ?? 0] as const }] : [],
    ),
    systemVectors: wait === 'interrupt' ? [UNIT, CLEANUP] : [CLEANUP],
    irtes: Math.max(1, ...irqs.map(({ message }) => message + 1)),
    disagreement: () => undefined,
    slots: () => [],
    boot: (machine) => {
      const table = isNarrow ? narrow : wide;
      irqs.forEach(({ device, message, cpu }, i) => {
        const at = device * tables * entries + message;
        const [destination, vector] = [(apicIds[cpu] ?? 0) << 8, startOf(i, cpu)];
        const words = isNarrow ? [REMAP_EN | destination | (vector << 16)] : [REMAP_EN | destination, 0, vector, 0];
        words.forEach((word, w) => machine.setVariable(table.slot, at, w, word));
        machine.setVariable(slots.slot, cpu, vector, i + 1);
        machine.setVariable(home.slot, i, 0, cpu);
        machine.setVariable(requester.slot, i, 0, devices[device]?.requester ?? 0);
        machine.setVariable(row.slot, i, 0, at);
        machine.setVariable(unit.slot, i, 0, units[device] ?? 0);
        if (message === 0) machine.setDevice(device, { control: 1, addrLo: 0xfee00000, addrHi: 0, data: 0 });
      });
      for (const u of new Set(units))
        machine.setAmdUnit(u, {
          table: table.slot,
          stride: 64 * tables,
          ...(tables === 2 && { devices: deviceTable.slot }),
          size: Math.log2(entries),
          ...(wait === 'interrupt' && { interrupt: { apicId: apicIds[0] ?? 0, vector: UNIT } }),
        });
      devices.forEach((_, i) => {
        if (tables === 1) return;
        const root = machine.variable(deviceTable.slot, i, 4);
        [root, root + 64].forEach((value, n) => machine.setVariable(map.slot, i * 2 + n, 0, value));
      });
      apicIds.forEach((_, c) => machine.setCpu(c, { svr: 0x1ff, tpr: 0, run: 'running', interruptsOn: true }));
    },
  };
}
