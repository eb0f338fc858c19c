/** What a model does to hardware, step by step, in the normal form of recordings: each kind of step is one row of a table. */
import { LapicReg, MmioReg, MsiReg, Note, Op } from '../core/index.js';
import { decode, type Decoded } from '../kernel/index.js';
import type { EventRecord, ProgramMachine } from '../machine/index.js';
import type { System } from '../scenario/index.js';
import { access, cpu, vector, type Access } from './access.js';
import { interProcessor, ioapicAccess, messagePart } from './hardware.js';
import type { Context } from './operations.js';

/** An access of a model. */
export interface Observed {
  /** index */
  readonly cpu: number;
  readonly context: Context;
  readonly access: Access;
}

/** One step of a CPU of a model. */
interface Step {
  readonly insn: Decoded;
  /** name of the variable that it touches */
  readonly variable: string | undefined;
  /** read or written */
  readonly value: number;
  readonly look: Look;
}

/** The machine and its kernel's variables, before the step and after it. */
interface Look {
  /** source (index) whose operation it is */
  readonly irq: number;
  /** how many of its device's sources from that one on it is about */
  readonly irqs: number;
  /** descriptors that were put into a queue and are not hardware's yet; the upper half of an ICR */
  readonly queued: string[];
  readonly before: Seen;
  readonly after: Seen;
  apicId(id: number): number;
}

export type Seen = (variable: string, index: number, word?: number) => number;

const MESSAGE = { addrLo: 'address', addrHi: 'upper address', data: 'data' } as const;

/** Index of the first half of an entry (hardware.md B.1). */
const REDIRECTION = 0x10;

/** Steps that are accesses to hardware, by operation. What gives nothing is none. */
const rows: Partial<Record<Op, (step: Step) => Access | undefined | void>> = {
  [Op.cfgWrite]: ({ insn, value }) => {
    const register = MsiReg[insn.imm] as keyof typeof MsiReg;
    if (register === 'control') return access('config', ...messagePart('control', value));
    if (register === 'msixControl') return access('config', ...messagePart('MSI-X control', value));
    if (register === 'mask') return access('config', value === 0 ? 'mask = 0' : 'mask = 1');
    return register in MESSAGE ? access('config', ...messagePart(MESSAGE[register as keyof typeof MESSAGE], value)) : undefined;
  },
  [Op.cfgRead]: ({ insn }) => access('config', `reads ${MsiReg[insn.imm] ?? ''}`),
  [Op.mmioWrite]: ({ insn, value }) => {
    const register = MmioReg[insn.imm] as keyof typeof MmioReg;
    if (register === 'control') return access('table', `control = ${(value & 1) === 0 ? 'unmasked' : 'masked'}`);
    return register in MESSAGE ? access('table', ...messagePart(MESSAGE[register as keyof typeof MESSAGE], value)) : undefined;
  },
  [Op.mmioRead]: ({ insn }) => {
    const register = MmioReg[insn.imm] as keyof typeof MmioReg;
    return access('table', `reads ${register in MESSAGE ? MESSAGE[register as keyof typeof MESSAGE] : register}`);
  },
  [Op.pinRead]: ({ insn }) => ioapicAccess(REDIRECTION + insn.imm, 0, false),
  [Op.pinWrite]: ({ insn, value }) => ioapicAccess(REDIRECTION + insn.imm, value, true),
  [Op.pinEoi]: ({ value }) => access('ioapic', 'EOI register =', vector(value)),
  // records tell of the lower half
  [Op.storePair]: ({ insn, variable, look }) => {
    if (variable !== 'irte' || insn.imm !== 0) return undefined;
    const [low, high] = [look.after('irte', look.irq, 0), look.after('irte', look.irq, 1)];
    if (low === 0) return access('irte', 'entry = 0');
    return access('irte', `entry = 0x${(low & 0xff).toString(16)},`, cpu(look.apicId((high >>> 8) & 0xff)), vector((low >>> 16) & 0xff));
  },
  // nothing sees a descriptor before the tail is behind it
  [Op.queuePut]: ({ insn, value, look }) => void look.queued.push(descriptor(insn.imm, value, look)),
  [Op.queueTail]: ({ look }) => access('queue', `tail: ${look.queued.splice(0).join(', ')}`),
  [Op.listPush]: ({ variable }) => (variable === QUEUE ? access('vectors', 'cleanup of the old vector is queued') : undefined),
  [Op.irrBit]: () => access('lapic', 'reads IRR'),
  [Op.lapicRead]: ({ insn }) => access('lapic', `reads ${lapicName(insn.imm)}`),
  [Op.lapicWrite]: ({ insn, value, look }) => {
    if (insn.imm === LapicReg.eoi) return access('lapic', 'EOI');
    // whom an IPI is for stands in the upper half
    if (insn.imm === LapicReg.icrHigh) return void look.queued.push(String(value >>> 24));
    if (insn.imm === LapicReg.icr) return interProcessor(value, look.apicId(Number(look.queued.pop() ?? 0)));
    return access('lapic', `${lapicName(insn.imm)} = 0x${value.toString(16)}`);
  },
};

/** A descriptor by its low half (hardware.md D.4.1, D.4.2); `index`: the entry that one by index is about. */
function descriptor(low: number, index: number, { irq, irqs }: Look): string {
  if ((low & 0xf) === 5) return (low & 0x20) === 0 ? 'wait' : 'wait with status write';
  if ((low & 0x10) === 0) return 'IEC of all entries';
  const mask = low >>> 27;
  return mask === 0 ? `IEC of ${index >= irq && index < irq + irqs ? 'its entry' : 'another entry'}` : `IEC of ${2 ** mask} entries`;
}

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

/** Where an irq without a vector of its own points (linux.md 2.2): the tracepoint has none then. */
const MANAGED_IRQ_SHUTDOWN_VECTOR = 0xef;

/** What the kernel notes of its allocator; the variables say what it did. */
const notes: Partial<Record<number, (irq: number, look: Look) => Access>> = {
  [Note.moved]: (irq, { before, after }) => {
    const old = before('apicd_vector', irq);
    const was = old === 0 || old === MANAGED_IRQ_SHUTDOWN_VECTOR ? ['none'] : [cpu(before('apicd_cpu', irq)), vector(old)];
    return access('vectors', 'target', ...was, '->', cpu(after('apicd_cpu', irq)), vector(after('apicd_vector', irq)));
  },
  [Note.cleaned]: (irq, { before }) =>
    access('vectors', 'freed:', cpu(before('apicd_prev_cpu', irq)), vector(before('apicd_prev_vector', irq))),
  [Note.busy]: () => access('vectors', 'refused: busy'),
};

/** Events of a step that are accesses to hardware. */
const events: Partial<Record<EventRecord['kind'], (event: EventRecord, look: Look) => Access | undefined>> = {
  note: ({ a, b }, look) => notes[b]?.(a, look),
  ipi: ({ b, c }, { apicId }) => interProcessor(c, apicId(b)),
};

/** The list of what waits for its cleanup. */
const QUEUE = 'cleanup_list';

interface Observing extends Pick<Look, 'before' | 'queued' | 'irq' | 'irqs'> {
  readonly self: number;
  readonly context: Context;
  readonly records: readonly EventRecord[];
}

/** What the events of a step of CPU `self` say. */
export function observed(system: System, machine: ProgramMachine, { self, context, records, ...around }: Observing): Observed[] {
  const { code } = system.built.program;
  const apicId = (id: number): number => system.scenario.machine.cpus.findIndex((each) => each.apicId === id);
  const look: Look = { ...around, after: reader(system, machine), apicId };
  return records.flatMap((record): Observed[] => {
    const insn = record.kind === 'step' ? decode(code, record.b) : undefined;
    const made =
      insn === undefined
        ? events[record.kind]?.(record, look)
        : rows[insn.op as Op]?.({ insn, variable: system.built.variables[insn.slot]?.name, value: record.c, look });
    if (made === undefined) return [];
    return [{ cpu: self, context, access: made }];
  });
}

/** Variables of the kernel by name, as they are now. */
function reader(system: System, machine: ProgramMachine): Seen {
  const slots = new Map(system.built.variables.map(({ name, slot }) => [name, slot]));
  return (name, index, word = 0) => {
    const slot = slots.get(name);
    return slot === undefined ? 0 : machine.variable(slot, index, word);
  };
}

/** The variables that rows look at, as they are now, for later. */
export function remembered(system: System, machine: ProgramMachine): Seen {
  const now = reader(system, machine);
  const names = ['apicd_vector', 'apicd_cpu', 'apicd_prev_vector', 'apicd_prev_cpu'];
  const kept = new Map(names.map((name) => [name, system.names.sources.map((_, irq) => now(name, irq))]));
  return (name, index) => kept.get(name)?.[index] ?? 0;
}
