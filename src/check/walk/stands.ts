/** Where the contexts of a CPU stand, what their next micro-op is in words, and what keeps one that cannot go on. */
import { Cpu, Ctx, InsnFlag, LapicReg, Level, Op, Operand, RunState, Table, type MsiReg } from '../../core/index.js';
import { decode, type AnyVariable, type Decoded, type Label } from '../../kernel/index.js';
import type { ProgramMachine } from '../../machine/index.js';
import type { System } from '../../scenario/index.js';
import { hex } from '../../words.js';
import { configNames, entryName, indexName, isChipset, type InFlight, type LevelName } from '../names/index.js';
import type { States } from './changes.js';

/** A point of a routine. */
export interface Place {
  readonly routine: string;
  readonly line: number;
}

/** A context in use. */
export interface Standing extends Place {
  readonly cpu: number;
  readonly level: LevelName;
  /** routines it was called through, innermost first; the first is `routine` */
  readonly stack: readonly Place[];
  /** an access or a delay has begun and not completed */
  readonly inside: boolean;
  /** what it does next, as the model's author says it, with the things it is about */
  readonly text: string;
  /** what it needs before it can go on, if it cannot */
  readonly waitsFor: string | undefined;
  /** the lock that it is about to take, or waits for */
  readonly lock: string | undefined;
}

/** `take_cpu_down:4` */
export function placeText({ routine, line }: Place): string {
  return `${routine}:${line}`;
}

/** Contexts of a CPU, the highest priority first. */
/** Of a pin's entry (hardware.md B.2). */
const REMOTE_IRR = 1 << 14;

const levels: readonly LevelName[] = ['hardirq', 'softirq', 'stopper', 'thread'];
// prettier-ignore
const hasVariable: ReadonlySet<Op> = new Set([
  Op.load, Op.store, Op.fetchAdd, Op.scan, Op.waitEq, Op.waitNe, Op.lock, Op.unlock, Op.exchange, Op.bitSet, Op.bitClear,
]);
const onBit: ReadonlySet<Op> = new Set([Op.maskSet, Op.maskClear, Op.maskTest]);
const onMasks: ReadonlySet<Op> = new Set([Op.maskFirst, Op.maskCount, Op.maskMost, Op.maskLeast, Op.maskFirstFree]);

/** Reads the contexts of a machine. */
export class Standings {
  readonly #system: System;
  readonly #machine: ProgramMachine;
  readonly #states: States;
  readonly #contexts: number;
  readonly #cpus: number;

  constructor(system: System, machine: ProgramMachine, states: States) {
    this.#system = system;
    this.#machine = machine;
    this.#states = states;
    this.#contexts = machine.core.exports.table(Table.contexts);
    this.#cpus = machine.core.exports.table(Table.cpus);
  }

  /** Contexts in use of a CPU (index), the one with the highest priority first. */
  of(cpu: number): Standing[] {
    const active = this.#machine.core.u8(this.#cpus + cpu * Cpu.size + Cpu.active);
    return levels.filter((level) => (active >>> Level[level]) & 1).map((level) => this.#standing(cpu, level));
  }

  /** The context that has the CPU; undefined: it idles, or is halted. */
  current(cpu: number): Standing | undefined {
    const level = this.#machine.core.exports.currentLevel(cpu);
    return level < 0 ? undefined : this.#standing(cpu, Level[level] as LevelName);
  }

  /** What a CPU is doing that has no context: it idles, is halted for good, waits for a SIPI. */
  idle(cpu: number): string {
    const run = this.#machine.core.u8(this.#cpus + cpu * Cpu.size + Cpu.run) as RunState;
    return run === RunState.parked ? 'halted for good' : run === RunState.waitForSipi ? 'offline, waits for a SIPI' : 'idle';
  }

  #standing(cpu: number, level: LevelName): Standing {
    const { core } = this.#machine;
    const at = this.#context(cpu, level);
    const pc = core.u16(at + Ctx.pc);
    const depth = core.u8(at + Ctx.depth);
    const inside = core.u8(at + Ctx.phase) !== 0;
    // behind a call stands where it returns to
    const calls = Array.from({ length: depth }, (_, f) => core.u16(at + Ctx.ret + f * 2) - 1).toReversed();
    const stack = [pc, ...calls].map((each) => this.#label(each));
    const insn = this.#insn(pc);
    const context = { cpu, level, at, insn };
    const { routine, line } = this.#label(pc);
    return {
      cpu,
      level,
      routine,
      line,
      stack,
      inside,
      text: this.#text(context, pc, inside),
      waitsFor: this.#waitsFor(context, inside),
      lock: insn.op === Op.lock ? this.#element(context)?.name : undefined,
    };
  }

  #context(cpu: number, level: LevelName): number {
    return this.#contexts + (cpu * levels.length + Level[level]) * Ctx.size;
  }

  #insn(pc: number): Decoded {
    return decode(this.#system.built.program.code, pc);
  }

  #label(pc: number): Label {
    return this.#system.built.labels[this.#insn(pc).label] ?? { routine: '?', line: 0, text: '' };
  }

  #operand({ cpu, at }: Context, which: number, imm = 0): number {
    if (which < 8) return this.#machine.core.u32(at + Ctx.regs + which * 4);
    return which === Operand.self ? cpu : which === Operand.imm ? imm : 0;
  }

  #variable({ insn }: Context): AnyVariable | undefined {
    return this.#system.built.variables[insn.slot];
  }

  /** The element that an instruction on a variable is about. */
  #element(context: Context): { readonly name: string; readonly value: number; readonly text: string } | undefined {
    const { insn } = context;
    const variable = this.#variable(context);
    const { fields } = this.#states;
    const i = this.#operand(context, insn.b);
    if (variable === undefined) return undefined;
    if (insn.op === Op.scan)
      return { name: `${variable.name}[${indexName(this.#system, variable.dims[0] ?? 'u32', i)}]`, value: 0, text: '' };
    const field = fields.element(variable, i, this.#operand(context, insn.c));
    if (field === undefined) return undefined;
    const value = this.#states.now(field);
    return { name: field.name, value, text: field.text(value) };
  }

  // --- words

  #text(context: Context, pc: number, inside: boolean): string {
    const { insn } = context;
    const { text } = this.#label(pc);
    if ((insn.flags & InsnFlag.joined) !== 0) return `atomic: ${this.#blockText(pc)} ...`;
    const cpuName = (index: number): string => this.#system.names.cpus[index] ?? `CPU index ${index}`;
    if (hasVariable.has(insn.op)) return this.#onVariable(context, text);
    if (onBit.has(insn.op)) return `${text} (${this.#bitName(context)})`;
    if (onMasks.has(insn.op)) return this.#onMask(context, text);
    switch (insn.op) {
      case Op.cfgRead:
      case Op.cfgWrite:
        return inside ? `its config access completes (${this.#deviceName(context)})` : this.#accessText(context, text);
      case Op.mmioRead:
      case Op.mmioWrite:
        return inside ? `its read completes (${this.#deviceName(context)})` : this.#accessText(context, text);
      case Op.pinRead:
        return inside ? 'its read of the IOAPIC completes' : text;
      case Op.delay:
        return inside ? `${text} is over` : text;
      case Op.irrBit:
        return `${text} (IRR[${hex(this.#operand(context, insn.b, insn.imm))}])`;
      case Op.tmrBit:
        return `${text} (TMR[${hex(this.#operand(context, insn.b, insn.imm))}])`;
      case Op.lapicWrite:
        return insn.imm === LapicReg.eoi
          ? 'EOI'
          : `${text} (${LapicReg[insn.imm]?.toUpperCase() ?? hex(insn.imm)} = ${hex(this.#operand(context, insn.a))})`;
      case Op.ipi:
      case Op.ipiInit:
      case Op.ipiSipi: {
        const what = insn.op === Op.ipi ? `IPI ${hex(this.#operand(context, insn.b, insn.imm))}` : insn.op === Op.ipiInit ? 'INIT' : 'SIPI';
        const id = this.#operand(context, insn.a);
        const to = this.#system.scenario.machine.cpus.findIndex((c) => c.apicId === id);
        const sent = `${what} to ${to < 0 ? `APIC id ${id}` : cpuName(to)}`;
        return text.startsWith(what) ? sent : `${text} (${sent})`;
      }
      case Op.maskCopy:
        return `${this.#states.fields.maskName(this.#operand(context, insn.a))} = ${text.slice(text.indexOf(' = ') + 3)}`;
      case Op.serve: {
        const s = this.#operand(context, insn.a, insn.imm);
        return `${text} (${this.#system.names.sources[s] ?? '?'}, ${indexName(this.#system, 'irq', s)})`;
      }
      case Op.wake:
        return text.replace(/ of CPU [^:]*:/, ` of ${cpuName(this.#operand(context, insn.b))}:`);
      case Op.timerArm:
      case Op.timerCancel:
      case Op.timerArmed:
        return text.replace(/ of CPU \S+/, ` of ${cpuName(this.#operand(context, insn.b))}`);
      case Op.opEnd:
        return `done: ${this.#system.names.operations[this.#operand(context, insn.a)] ?? '?'}`;
      default:
        return text;
    }
  }

  /** The first instruction of an atomic block that others can see: what it begins with. */
  #blockText(pc: number): string {
    let at = pc;
    while (this.#insn(at).op < Op.firstObservable && (this.#insn(at + 1).flags & InsnFlag.joined) !== 0) at++;
    return this.#label(at).text;
  }

  /** The text with the element in place of its variable and indexes; behind a text of the author's own in brackets. */
  #onVariable(context: Context, text: string): string {
    const { insn } = context;
    const variable = this.#variable(context);
    const element = this.#element(context);
    if (variable === undefined || element === undefined) return text;
    const stored = insn.op === Op.store ? this.#storedText(context, variable) : undefined;
    const assigned = stored === undefined ? element.name : `${element.name} = ${stored}`;
    const own = new RegExp(`(?<!\\w)${variable.name}(\\[[^\\]]*\\])*${stored === undefined ? '(?!\\w)' : ' = .*$'}`);
    if (!own.test(text)) return `${text} (${assigned})`;
    return text.replace(own, () => assigned);
  }

  /** A mask that is passed by reference is named in the text by what the model's author took the reference of. */
  #onMask(context: Context, text: string): string {
    if ((context.insn.flags & InsnFlag.byRef) === 0) return this.#onVariable(context, text);
    const name = this.#states.fields.maskName(this.#operand(context, context.insn.b));
    const own = new RegExp(`(?<!\\w)${name.split('[')[0] ?? ''}(\\[[^\\]]*\\])?(?!\\w)`);
    return own.test(text) ? text.replace(own, () => name) : `${text} (${name})`;
  }

  #storedText(context: Context, variable: AnyVariable): string {
    const value = this.#operand(context, context.insn.a, context.insn.imm);
    return variable.form === 'value' ? this.#states.fields.valueText(variable, value) : String(value);
  }

  #bitName(context: Context): string {
    const { insn } = context;
    const variable = this.#variable(context);
    const byRef = (insn.flags & InsnFlag.byRef) !== 0;
    const over = !byRef && variable?.form === 'mask' ? variable.over : 'cpu';
    const bit = indexName(this.#system, over, this.#operand(context, insn.c, insn.imm));
    if (byRef) return `${bit}, ${this.#states.fields.maskName(this.#operand(context, insn.b))}`;
    const mask = variable && variable.dims.length > 0 ? this.#states.fields.element(variable, this.#operand(context, insn.b)) : undefined;
    return mask === undefined ? bit : `${bit}, ${mask.name}`;
  }

  #deviceName(context: Context): string {
    return indexName(this.#system, 'device', this.#operand(context, context.insn.b));
  }

  #entryName(context: Context): string {
    const { insn } = context;
    return entryName(this.#operand(context, insn.c), insn.imm, isChipset(this.#system, this.#operand(context, insn.b)));
  }

  #accessText(context: Context, text: string): string {
    const { insn } = context;
    const isConfig = insn.op === Op.cfgRead || insn.op === Op.cfgWrite;
    const name = isConfig ? (configNames[insn.imm as MsiReg] ?? hex(insn.imm)) : this.#entryName(context);
    const register = `${this.#deviceName(context)} ${name}`;
    const isRead = insn.op === Op.cfgRead || insn.op === Op.mmioRead;
    const said = isRead ? `reads ${register}` : `${register} := ${hex(this.#operand(context, insn.a))}`;
    return /^(config|reads|read|write) /.test(text) ? said : `${text} (${said})`;
  }

  // --- waiting

  #waitsFor(context: Context, inside: boolean): string | undefined {
    const { insn } = context;
    const element = this.#element(context);
    const text = (value: number): string => {
      const variable = this.#variable(context);
      return variable?.form === 'value' ? this.#states.fields.valueText(variable, value) : String(value);
    };
    switch (insn.op) {
      case Op.lock:
        return element === undefined || element.value === 0 ? undefined : `${element.name}, held by ${element.text.replace(' ', '')}`;
      case Op.waitEq:
        return element === undefined || element.value === insn.imm
          ? undefined
          : `${element.name} == ${text(insn.imm)}, now ${element.text}`;
      case Op.waitNe:
        return element === undefined || element.value !== insn.imm ? undefined : `${element.name} != ${text(insn.imm)}`;
      case Op.wake: {
        const woken = this.#operand(context, insn.b);
        const which = insn.c === Operand.imm ? Level.thread : this.#operand(context, insn.c);
        const busy = (this.#machine.core.u8(this.#cpus + woken * Cpu.size + Cpu.active) >>> which) & 1;
        return busy === 0 ? undefined : `the ${Level[which] ?? '?'} of ${this.#system.names.cpus[woken] ?? '?'}, which is still at work`;
      }
      case Op.cfgRead:
      case Op.cfgWrite:
        return inside ? this.#marked(context, 'the completion of its config access, behind') : this.#unreached(context);
      case Op.mmioRead:
        return inside ? this.#marked(context, 'the completion of its read, behind') : this.#unreached(context);
      case Op.pinRead:
        return inside ? this.#marked(context, 'the completion of its read, behind') : this.#eois(context.cpu);
      case Op.pinWait:
        return this.#inService(context);
      case Op.delay:
        return inside ? this.#marked(context, 'the end of its delay, behind') : undefined;
      case Op.ipi:
      case Op.ipiInit:
      case Op.ipiSipi:
      case Op.mmioWrite:
        return this.#states.messages().length < this.#machine.setup.messages ? undefined : 'room for one more message in flight';
      default:
        return undefined;
    }
  }

  /** Writes to a device that an access must not pass. */
  #unreached(context: Context): string | undefined {
    const device = this.#operand(context, context.insn.b);
    const before = this.#states.messages().filter(({ origin }) => origin === this.#system.firstAccess + device);
    return before.length === 0 ? undefined : `what is on its way to the device: ${before.map(({ text }) => text).join(' and ')}`;
  }

  /** EOIs of the CPU, which a read of the IOAPIC must not pass. */
  #eois(cpu: number): string | undefined {
    const origin = this.#system.scenario.devices.length + cpu;
    const before = this.#states.messages().filter((each) => each.kind === 'eoi' && each.origin === origin);
    return before.length === 0 ? undefined : `what is on its way to the IOAPIC: ${before.map(({ text }) => text).join(' and ')}`;
  }

  #inService(context: Context): string | undefined {
    const { insn } = context;
    const [ioapic, pin] = [this.#operand(context, insn.b), this.#operand(context, insn.c)];
    return (this.#machine.ioapic(ioapic).read(0x10 + 2 * pin) & REMOTE_IRR) === 0 ? undefined : `the end of the service of pin ${pin}`;
  }

  /** What a completion or a delay still waits for, as far as the assumptions say. */
  #marked({ cpu, level, insn }: Context, what: string): string | undefined {
    const toRoot = insn.op !== Op.delay && this.#system.assumptions.push === 'root-complex';
    const waited = this.#states
      .messages()
      .filter((message) => message.awaitedBy.some((each) => each.cpu === cpu && each.level === level))
      .filter(({ stage }) => !toRoot || beforeRoot.has(stage));
    return waited.length === 0 ? undefined : `${what} ${waited.map((message) => message.text).join(' and ')}`;
  }
}

/** What is to be posted has not passed the root complex either. */
const beforeRoot: ReadonlySet<InFlight['stage']> = new Set([
  'on the way to the root complex',
  'on the way to its descriptor',
  'on the way to the vAPIC page',
]);

interface Context {
  readonly cpu: number;
  readonly level: LevelName;
  readonly at: number;
  readonly insn: Decoded;
}
