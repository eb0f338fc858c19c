/** What a model does to hardware, step by step, in the normal form of recordings: each kind of step is one row of a table. */
import { LapicReg, MmioReg, MsiReg, Note, Op } from '../core/index.js';
import { decode, type Decoded } from '../kernel/index.js';
import type { EventRecord, ProgramMachine } from '../machine/index.js';
import type { System } from '../scenario/index.js';
import { access, cpu, vector, type Access } from './access.js';
import { messagePart } from './hardware.js';

/** An access of a model. */
export interface Observed {
  /** index */
  readonly cpu: number;
  /** by an interrupt handler */
  readonly hardirq: boolean;
  readonly access: Access;
}

/** One step of a CPU of a model. */
interface Step {
  readonly insn: Decoded;
  /** read or written */
  readonly value: number;
  readonly look: Look;
}

/** The machine and its kernel's variables, before the step and after it. */
interface Look {
  readonly before: Seen;
  readonly after: Seen;
  apicId(id: number): number;
}

export type Seen = (variable: string, index: number) => number;

const MESSAGE = { addrLo: 'address', addrHi: 'upper address', data: 'data' } as const;

/** Steps that are accesses to hardware, by operation. What gives nothing is none. */
const rows: Partial<Record<Op, (step: Step) => Access | undefined>> = {
  [Op.cfgWrite]: ({ insn, value }) => {
    const register = MsiReg[insn.imm] as keyof typeof MsiReg;
    if (register === 'control') return access('config', 'control written back');
    if (register === 'mask') return access('config', value === 0 ? 'mask = 0' : 'mask = 1');
    return register in MESSAGE ? access('config', ...messagePart(MESSAGE[register as keyof typeof MESSAGE], value)) : undefined;
  },
  [Op.cfgRead]: ({ insn }) => access('config', `reads ${MsiReg[insn.imm] ?? ''}`),
  [Op.mmioWrite]: ({ insn, value }) => {
    const register = MmioReg[insn.imm] as keyof typeof MmioReg;
    if (register === 'control') return access('table', `control = ${(value & 1) === 0 ? 'unmasked' : 'masked'}`);
    return access('table', ...messagePart(MESSAGE[register], value));
  },
  [Op.mmioRead]: ({ insn }) => {
    const register = MmioReg[insn.imm] as keyof typeof MmioReg;
    return access('table', `reads ${register === 'control' ? 'control' : MESSAGE[register]}`);
  },
  [Op.irrBit]: () => access('lapic', 'reads IRR'),
  [Op.lapicRead]: ({ insn }) => access('lapic', `reads ${lapicName(insn.imm)}`),
  [Op.lapicWrite]: ({ insn, value }) =>
    insn.imm === LapicReg.eoi ? access('lapic', 'EOI') : access('lapic', `${lapicName(insn.imm)} = 0x${value.toString(16)}`),
};

/** How QEMU's log calls them. */
const lapicNames: Partial<Record<LapicReg, string>> = {
  [LapicReg.version]: 'VER',
  [LapicReg.lvtTimer]: 'LVT_TIMER',
  [LapicReg.lvtThermal]: 'LVT_THERM',
  [LapicReg.lvtPerfmon]: 'LVT_PC',
  [LapicReg.lvtLint0]: 'LVT_LINT0',
  [LapicReg.lvtLint1]: 'LVT_LINT1',
  [LapicReg.lvtError]: 'LVT_ERR',
  [LapicReg.divide]: 'TDCR',
};

function lapicName(offset: number): string {
  const register = offset as LapicReg;
  if (offset >= LapicReg.irr && offset < LapicReg.irr + 0x80)
    return offset === LapicReg.irr + 0x10 ? 'IRR' : `IRR ${(offset - LapicReg.irr) >> 4}`;
  if (offset >= LapicReg.isr && offset < LapicReg.isr + 0x80) return `ISR ${(offset - LapicReg.isr) >> 4}`;
  return lapicNames[register] ?? (LapicReg[register] ?? `0x${offset.toString(16)}`).toUpperCase();
}

/** What the kernel notes of its allocator; the variables say what it did. */
const notes: Partial<Record<number, (irq: number, look: Look) => Access>> = {
  [Note.moved]: (irq, { before, after }) => {
    const old = before('apicd_vector', irq);
    const was = old === 0 ? ['none'] : [cpu(before('apicd_cpu', irq)), vector(old)];
    return access('vectors', 'target', ...was, '->', cpu(after('apicd_cpu', irq)), vector(after('apicd_vector', irq)));
  },
  [Note.cleaned]: (irq, { before }) =>
    access('vectors', 'freed:', cpu(before('apicd_prev_cpu', irq)), vector(before('apicd_prev_vector', irq))),
  [Note.busy]: () => access('vectors', 'refused: busy'),
};

/** Events of a step that are accesses to hardware. */
const events: Partial<Record<EventRecord['kind'], (event: EventRecord, look: Look) => Access | undefined>> = {
  note: ({ a, b }, look) => notes[b]?.(a, look),
  ipi: ({ b, c }, { apicId }) => {
    const to = cpu(apicId(b));
    const mode = (c >>> 8) & 7;
    if (mode === 5) return access('icr', `INIT ${(c & 0x4000) === 0 ? 'de-assert' : 'assert'} to`, to);
    return mode === 6 ? access('icr', 'SIPI to', to) : access('icr', vector(c & 0xff), 'to', to);
  },
};

/** Variables whose change is an act: only a place in a list says that a cleanup was queued. */
const QUEUE = 'cleanup_list';

/** What the events of a step of CPU `self` say; `before` is what the variables were. */
export function observed(
  system: System,
  machine: ProgramMachine,
  {
    self,
    hardirq,
    records,
    before,
  }: { readonly self: number; readonly hardirq: boolean; readonly records: readonly EventRecord[]; readonly before: Seen },
): Observed[] {
  const { code } = system.built.program;
  const apicId = (id: number): number => system.scenario.machine.cpus.findIndex((each) => each.apicId === id);
  const look: Look = { before, after: reader(system, machine), apicId };
  return records.flatMap((record): Observed[] => {
    const step = record.kind === 'step' ? decode(code, record.b) : undefined;
    const made =
      step === undefined
        ? events[record.kind]?.(record, look)
        : step.op === Op.listPush && system.built.variables[step.slot]?.name === QUEUE
          ? access('vectors', 'cleanup of the old vector is queued')
          : rows[step.op as Op]?.({ insn: step, value: record.c, look });
    if (made === undefined) return [];
    return [{ cpu: self, hardirq, access: made }];
  });
}

/** Variables of the kernel by name, as they are now. */
function reader(system: System, machine: ProgramMachine): Seen {
  const slots = new Map(system.built.variables.map(({ name, slot }) => [name, slot]));
  return (name, index) => {
    const slot = slots.get(name);
    return slot === undefined ? 0 : machine.variable(slot, index);
  };
}

/** The variables that rows look at, as they are now, for later. */
export function remembered(system: System, machine: ProgramMachine): Seen {
  const now = reader(system, machine);
  const names = ['apicd_vector', 'apicd_cpu', 'apicd_prev_vector', 'apicd_prev_cpu'];
  const kept = new Map(names.map((name) => [name, system.names.sources.map((_, irq) => now(name, irq))]));
  return (name, index) => kept.get(name)?.[index] ?? 0;
}
