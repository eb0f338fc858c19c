/** The CPU, its LAPIC, devices, and what a model tells the checker. */
import { Constant, InsnFlag, Inspect, LapicReg, Level, MmioReg, MsiReg, Op } from '../../assembly/state/abi/instructions.js';
import { Note, Property } from '../../assembly/state/abi/outcomes.js';
import { AssemblyError } from './errors.js';
import { RemapBuilder } from './remapping.js';
import type { Params, Routine, Timer } from './routine.js';
import type { IndexOf, Reg, Value } from './values.js';
import type { Kind, Lock } from './variables.js';

const constants = {
  apicId: { kind: 'apicId', of: 'cpu' },
  cpuOfApicId: { kind: 'cpu', of: 'apicId' },
  cpus: { kind: 'cpu', of: undefined },
  sources: { kind: 'irq', of: undefined },
  vectorLo: { kind: 'vector', of: undefined },
  vectorHi: { kind: 'vector', of: undefined },
  deviceOf: { kind: 'device', of: 'irq' },
  addr64: { kind: 'bool', of: 'device' },
  messageOf: { kind: 'u16', of: 'irq' },
  isMsix: { kind: 'bool', of: 'device' },
  hasMask: { kind: 'bool', of: 'device' },
  messages: { kind: 'u16', of: 'device' },
  kindOf: { kind: 'u8', of: 'device' },
} as const satisfies Record<keyof typeof Constant, { kind: Kind; of: Kind | undefined }>;

type Constants = typeof constants;
type ConstantIndex<N extends keyof Constants> = Constants[N]['of'] extends Kind ? [of: Value<Constants[N]['of']>] : [];

/** What each field is indexed by. */
const inspected = {
  irr: ['cpu', 'vector'],
  isr: ['cpu', 'vector'],
  lapicEnabled: ['cpu'],
  interruptsOn: ['cpu'],
  running: ['cpu'],
  msiControl: ['device'],
  msiAddress: ['device'],
  msiAddressHigh: ['device'],
  msiData: ['device'],
  owed: ['irq'],
  raised: ['irq'],
  inFlight: [],
  inFlightOf: ['device'],
  sentAddress: ['irq'],
  sentAddressHigh: ['irq'],
  sentData: ['irq'],
  sentMasked: ['irq'],
  sends: ['irq'],
  ended: [],
} as const satisfies Record<keyof typeof Inspect, readonly Kind[]>;

const cfgKinds = {
  control: 'u16',
  addrLo: 'u32',
  addrHi: 'u32',
  data: 'u16',
  mask: 'u32',
  pending: 'u32',
  msixControl: 'u16',
} as const satisfies Record<keyof typeof MsiReg, Kind>;

/** What only local events, errors and a clock look at. */
type LocalRegister = 'esr' | 'lvtTimer' | 'lvtThermal' | 'lvtPerfmon' | 'lvtLint0' | 'lvtLint1' | 'lvtError' | 'divide';

/** ICR (A.6): INIT level de-assert, SIPI. */
const ICR_DEASSERT = 0x8500;
const ICR_STARTUP = 0x4600;

export class HardwareBuilder extends RemapBuilder {
  /** What the machine is made of, e.g. `constant('apicId', cpu)`. */
  constant<N extends keyof Constants>(name: N, ...[of]: ConstantIndex<N>): Reg<Constants[N]['kind']> {
    const { kind, of: indexKind }: { kind: Constants[N]['kind']; of: Kind | undefined } = constants[name];
    const b = of === undefined || indexKind === undefined ? 'none' : this.index(of, indexKind);
    const a = this.fresh(kind, of === undefined ? name : `${name}(${this.showValue(of)})`);
    this.emit(Op.constant, { a, b, imm: Constant[name] }, a.name);
    return a;
  }

  cli(note?: string): void {
    this.emit(Op.cli, {}, 'cli', note);
  }

  /** IF=1 after the next micro-op (STI shadow, hardware.md A.5). */
  sti(note?: string): void {
    this.emit(Op.sti, {}, 'sti', note);
  }

  /** IF as it was; then IF=0. */
  saveFlags(note?: string): Reg<'bool'> {
    const a = this.fresh('bool', 'flags');
    this.emit(Op.saveFlags, { a }, 'save flags, cli', note);
    return a;
  }

  restoreFlags(flags: Reg<'bool'>, note?: string): void {
    this.emit(Op.restoreFlags, { a: this.own(flags) }, `restore ${flags.name}`, note);
  }

  preemptOff(note?: string): void {
    this.emit(Op.preemptOff, {}, 'preemption off', note);
  }

  preemptOn(note?: string): void {
    this.emit(Op.preemptOn, {}, 'preemption on', note);
  }

  iret(note?: string): void {
    this.emit(Op.iret, {}, 'iret', note);
  }

  /** The task is done. */
  end(note?: string): void {
    this.emit(Op.end, {}, 'end of task', note);
  }

  /** This CPU halts with IF=0 until it gets INIT. */
  park(note?: string): void {
    this.emit(Op.park, {}, 'halt for good', note);
  }

  /** Waits: an mdelay of so many cycles. */
  delay(cycles: number, note?: string): void {
    this.emit(Op.delay, { imm: cycles }, `delay ${cycles} cycles`, note);
  }

  /** Starts a task on a CPU; `arg` becomes the routine's parameter. */
  wake<P extends Params>(cpu: Value<'cpu'>, level: 'stopper' | 'thread', routine: Routine<P, undefined>, arg?: Value, note?: string): void {
    const passed = arg === undefined ? 0 : 1;
    if (routine.params.length !== passed) {
      throw new AssemblyError(
        `routine ${this.routine} wakes ${routine.name} with ${passed} arguments; it has ${routine.params.length}, and one at most can be passed`,
      );
    }
    const b = this.index(cpu, 'cpu');
    const a = arg === undefined ? 'none' : this.inRegister(arg, routine.params[0]?.kind ?? 'u32');
    const shown = arg === undefined ? '' : this.showValue(arg);
    // imm is the instruction the task starts at: an immediate level is the thread, any other takes a register
    const c = level === 'thread' ? 'imm' : this.inRegister<'u8'>(Level[level], 'u8');
    this.emit(Op.wake, { a, b, c, routine }, `wake ${level} of CPU ${this.showValue(cpu)}: ${routine.name}(${shown})`, note);
  }

  /** Arms a CPU's timer anew: it fires once. */
  timerArm(cpu: Value<'cpu'>, timer: Timer, note?: string): void {
    this.emit(Op.timerArm, { b: this.index(cpu, 'cpu'), imm: timer.number }, `arm timer ${timer.name} of CPU ${this.showValue(cpu)}`, note);
  }

  timerCancel(cpu: Value<'cpu'>, timer: Timer, note?: string): void {
    this.emit(
      Op.timerCancel,
      { b: this.index(cpu, 'cpu'), imm: timer.number },
      `cancel timer ${timer.name} of CPU ${this.showValue(cpu)}`,
      note,
    );
  }

  /** Whether it is armed: no more once it has fired, though its routine may still be at work. */
  timerArmed(cpu: Value<'cpu'>, timer: Timer, note?: string): Reg<'bool'> {
    const a = this.fresh('bool', timer.name);
    const text = `is timer ${timer.name} of CPU ${this.showValue(cpu)} armed?`;
    this.emit(Op.timerArmed, { a, b: this.index(cpu, 'cpu'), imm: timer.number }, text, note);
    return a;
  }

  /** Reads a register of the device's configuration space (hardware.md C.1, C.2). */
  cfgRead<N extends keyof typeof cfgKinds>(device: Value<'device'>, register: N, note?: string): Reg<(typeof cfgKinds)[N]> {
    const b = this.index(device, 'device');
    const a = this.fresh(cfgKinds[register], register);
    this.emit(
      Op.cfgRead,
      { a, b, imm: MsiReg[register], flags: InsnFlag.visible },
      `config read ${register} of device ${this.showValue(device)}`,
      note,
    );
    return a;
  }

  cfgWrite(device: Value<'device'>, register: keyof typeof MsiReg, value: Value, note?: string): void {
    const b = this.index(device, 'device');
    const a = this.inRegister(value, cfgKinds[register]);
    const text = `config write ${register} of device ${this.showValue(device)} = ${this.showValue(value)}`;
    this.emit(Op.cfgWrite, { a, b, imm: MsiReg[register], flags: InsnFlag.visible }, text, note);
  }

  /** Reads a register of an entry of the device's MSI-X table, behind all writes on their way to the device (hardware.md C.2, C.6). */
  mmioRead(device: Value<'device'>, entry: Value<'u16'>, register: keyof typeof MmioReg, note?: string): Reg<'u32'> {
    const b = this.index(device, 'device');
    const c = this.inRegister(entry, 'u16');
    const a = this.fresh('u32', register);
    const text = `read ${register} of entry ${this.showValue(entry)} of device ${this.showValue(device)}`;
    this.emit(Op.mmioRead, { a, b, c, imm: MmioReg[register], flags: InsnFlag.visible }, text, note);
    return a;
  }

  /** Writes one, posted: the CPU goes on before the write is there. */
  mmioWrite(
    device: Value<'device'>,
    entry: Value<'u16'>,
    register: Exclude<keyof typeof MmioReg, 'pending'>,
    value: Value,
    note?: string,
  ): void {
    const b = this.index(device, 'device');
    const c = this.inRegister(entry, 'u16');
    const a = this.inRegister(value, 'u32');
    const text = `write ${register} of entry ${this.showValue(entry)} of device ${this.showValue(device)} = ${this.showValue(value)}`;
    this.emit(Op.mmioWrite, { a, b, c, imm: MmioReg[register], flags: InsnFlag.visible }, text, note);
  }

  /** Half 0 (low) or 1 (high) of the entry of a pin (hardware.md B.2): the access to select and data is one, under its lock. */
  pinRead(ioapic: Value<'u8'>, pin: Value<'u8'>, half: 0 | 1, note?: string): Reg<'u32'> {
    const [b, c] = [this.inRegister(ioapic, 'u8'), this.inRegister(pin, 'u8')];
    const a = this.fresh('u32', half === 0 ? 'rteLow' : 'rteHigh');
    const text = `read entry of pin ${this.showValue(pin)}, ${half === 0 ? 'low' : 'high'} half`;
    this.emit(Op.pinRead, { a, b, c, imm: half, flags: InsnFlag.visible }, text, note);
    return a;
  }

  pinWrite(ioapic: Value<'u8'>, pin: Value<'u8'>, half: 0 | 1, value: Value, note?: string): void {
    const [b, c] = [this.inRegister(ioapic, 'u8'), this.inRegister(pin, 'u8')];
    const a = this.inRegister(value, 'u32');
    const text = `write entry of pin ${this.showValue(pin)}, ${half === 0 ? 'low' : 'high'} half = ${this.showValue(value)}`;
    this.emit(Op.pinWrite, { a, b, c, imm: half, flags: InsnFlag.visible }, text, note);
  }

  /** Writes the EOI register of an IOAPIC (hardware.md B.1). */
  pinEoi(ioapic: Value<'u8'>, vector: Value<'vector'>, note?: string): void {
    const b = this.inRegister(ioapic, 'u8');
    const a = this.inRegister(vector, 'vector');
    this.emit(Op.pinEoi, { a, b, flags: InsnFlag.visible }, `EOI register = ${this.showValue(vector)}`, note);
  }

  /** Waits until a pin is in service no more: whoever had its interrupt has sent its EOI, and that has arrived (B.3). */
  pinWait(ioapic: Value<'u8'>, pin: Value<'u8'>, note?: string): void {
    const [b, c] = [this.inRegister(ioapic, 'u8'), this.inRegister(pin, 'u8')];
    this.emit(Op.pinWait, { b, c, flags: InsnFlag.visible }, `wait until Remote IRR of pin ${this.showValue(pin)} == 0`, note);
  }

  /** Whether the own LAPIC has accepted the vector as a level: its EOI is broadcast then (hardware.md A.12). */
  tmrBit(vector: Value<'vector'>, note?: string): Reg<'bool'> {
    const b = this.index(vector, 'vector');
    const a = this.fresh('bool', 'tmr');
    this.emit(Op.tmrBit, { a, b, flags: InsnFlag.visible }, `read TMR[${this.showValue(vector)}]`, note);
    return a;
  }

  /** Whether the vector is pending in the own LAPIC's IRR. */
  irrBit(vector: Value<'vector'>, note?: string): Reg<'bool'> {
    const b = this.index(vector, 'vector');
    const a = this.fresh('bool', 'irr');
    this.emit(Op.irrBit, { a, b, flags: InsnFlag.visible }, `read IRR[${this.showValue(vector)}]`, note);
    return a;
  }

  /** Writes a register of the own LAPIC (hardware.md A.2). */
  lapicWrite(register: keyof typeof LapicReg, value: Value, note?: string): void {
    const a = this.inRegister(value, 'u32');
    const text = register === 'eoi' ? 'EOI' : `LAPIC ${register} = ${this.showValue(value)}`;
    this.emit(Op.lapicWrite, { a, imm: LapicReg[register], flags: InsnFlag.visible }, text, note);
  }

  lapicRead(register: keyof typeof LapicReg, note?: string): Reg<'u32'> {
    const a = this.fresh('u32', register);
    this.emit(Op.lapicRead, { a, imm: LapicReg[register], flags: InsnFlag.visible }, `read LAPIC ${register}`, note);
    return a;
  }

  /** Reads one whose value nothing depends on, so that nobody can tell when: a step of its own or joined to others. */
  lapicLook(register: keyof typeof LapicReg, word = 0, note?: string): void {
    const text = `look at LAPIC ${register}${word === 0 ? '' : ` ${word}`}`;
    this.emit(Op.lapicRead, { imm: LapicReg[register] + 0x10 * word, flags: InsnFlag.untold }, text, note);
  }

  /** Writes one that only local events and errors of this CPU turn on, as `lapicLook`: a check has none. */
  lapicLocal(register: LocalRegister, value: number, note?: string): void {
    const a = this.inRegister(value, 'u32');
    this.emit(Op.lapicWrite, { a, imm: LapicReg[register], flags: InsnFlag.untold }, `LAPIC ${register} = ${value}`, note);
  }

  /** INIT level de-assert: nothing on any CPU of today (hardware.md A.6.1), and as little a step as `lapicLook`. */
  ipiInitDeassert(destination: Value<'apicId'>, note?: string): void {
    this.#command(destination, ICR_DEASSERT, 'INIT de-assert', note);
  }

  /**
   * A second SIPI, the same as the one before. None is missed here, and of two it makes no difference which one starts the CPU: it is
   * an access without a message, and as little a step as `lapicLook`.
   */
  ipiSipiAgain(destination: Value<'apicId'>, note?: string): void {
    this.#command(destination, ICR_STARTUP, 'SIPI', note);
  }

  #command(destination: Value<'apicId'>, command: number, what: string, note: string | undefined): void {
    const high = this.shl('u32', destination, 24);
    this.emit(Op.lapicWrite, { a: high, imm: LapicReg.icrHigh, flags: InsnFlag.untold }, 'LAPIC icrHigh', note);
    const low = this.inRegister<'u32'>(command, 'u32');
    this.emit(Op.lapicWrite, { a: low, imm: LapicReg.icr, flags: InsnFlag.untold }, `${what} to ${this.showValue(destination)}`, note);
  }

  /** Sends a fixed IPI. */
  ipi(destination: Value<'apicId'>, vector: Value<'vector'>, note?: string): void {
    const a = this.inRegister(destination, 'apicId');
    const text = `IPI ${this.showValue(vector)} to ${this.showValue(destination)}`;
    const what = typeof vector === 'number' ? { b: 'imm' as const, imm: vector } : { b: this.inRegister(vector, 'vector') };
    this.emit(Op.ipi, { a, ...what, flags: InsnFlag.visible }, text, note);
  }

  ipiInit(destination: Value<'apicId'>, note?: string): void {
    const a = this.inRegister(destination, 'apicId');
    this.emit(Op.ipiInit, { a, flags: InsnFlag.visible }, `INIT to ${this.showValue(destination)}`, note);
  }

  ipiSipi(destination: Value<'apicId'>, note?: string): void {
    const a = this.inRegister(destination, 'apicId');
    this.emit(Op.ipiSipi, { a, flags: InsnFlag.visible }, `SIPI to ${this.showValue(destination)}`, note);
  }

  /** The driver's handler is entered: what the source owed is paid. */
  serve(irq: Value<'irq'>, cycles: number, note?: string): void {
    const a = this.inRegister(irq, 'irq');
    this.emit(
      Op.serve,
      { a, imm: cycles, flags: InsnFlag.visible },
      `handler of ${typeof irq === 'number' ? `irq ${irq}` : irq.name}`,
      note,
    );
  }

  /** The driver has told its device to be silent: nobody waits for what it has raised. */
  hush(irq: Value<'irq'>, note?: string): void {
    const a = this.inRegister(irq, 'irq');
    this.emit(Op.hush, { a, flags: InsnFlag.visible }, `silence of ${this.showValue(irq)}`, note);
  }

  /** Hardware of any CPU or device, as no CPU sees it: in judges only. */
  inspect(field: keyof typeof Inspect, index: readonly Value[], note?: string): Reg<'u32'> {
    const kinds: readonly Kind[] = inspected[field];
    const [b = 'none', c = 'none'] = kinds.map((kind, i) => this.index(index[i] ?? 0, kind));
    const text = `${field}${index.map((i) => `[${this.showValue(i)}]`).join('')}`;
    const a = this.fresh('u32', text);
    this.emit(Op.inspect, { a, b, c, imm: Inspect[field] }, text, note);
    return a;
  }

  /** Who holds a lock: the CPU's index + 1, or 0 if it is free. For judges. */
  lockOwner<const D extends readonly Kind[]>(lock: Lock<D>, index: IndexOf<D>, note?: string): Reg<'u16'> {
    const at: readonly Value[] = index;
    const operands = this.indexes(lock, at);
    const a = this.fresh('u16', lock.name);
    this.emit(Op.load, { a, ...operands, variable: lock }, `read ${this.show(lock, at)}`, note);
    return a;
  }

  /** A property does not hold: one of `Property`, or the bit of an own one. */
  flag(property: number | keyof typeof Property, subject?: Value, note?: string): void {
    const a = subject === undefined ? 'none' : this.inRegister(subject, 'u32');
    const number = typeof property === 'number' ? property : Property[property];
    this.emit(
      Op.flag,
      { a, imm: number },
      `flag ${Property[number] ?? number}${subject === undefined ? '' : ` of ${this.showValue(subject)}`}`,
      note,
    );
  }

  /** Counts something; nothing depends on it. */
  note(kind: Note | keyof typeof Note, subject?: Value, note?: string): void {
    const a = subject === undefined ? 'none' : this.inRegister(subject, 'u32');
    const number = typeof kind === 'number' ? kind : Note[kind];
    this.emit(Op.note, { a, imm: number }, `note ${Note[number]}${subject === undefined ? '' : ` of ${this.showValue(subject)}`}`, note);
  }

  /** Operation `index` of the scenario has ended. */
  opEnd(index: Value, note?: string): void {
    const what = typeof index === 'number' ? { a: 'imm' as const, imm: index } : { a: this.inRegister(index, 'u8') };
    this.emit(Op.opEnd, what, `operation ${this.showValue(index)} ended`, note);
  }
}
