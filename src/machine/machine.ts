import {
  Counter,
  Cpu,
  CpuFlag,
  Ctx,
  Dev,
  DeviceKind,
  DeviceSetup,
  Fault,
  instantiate,
  Note,
  NONE,
  OperationSetup,
  Property,
  RunState,
  Settings,
  Size,
  SourceSetup,
  Src,
  Status,
  Table,
  VarWord,
  type Core,
  type ModuleSource,
} from '../core/index.js';
import { assumptionMask } from './assumptions.js';
import { drainEvents, type EventRecord } from './events.js';
import { percentiles, type Percentiles } from './histogram.js';
import { refuseTooLarge, type MachineSetup } from './setup.js';
import { timingTable } from './timing.js';

const IMAGE_BYTES = 1 << 16;

/** The properties of a violation mask. */
export function propertiesOf(mask: number): (keyof typeof Property)[] {
  const names: (keyof typeof Property)[] = [];
  for (let bit = 0; bit < 16; bit++) {
    if ((mask >>> bit) & 1 && Property[bit] !== undefined) names.push(Property[bit] as keyof typeof Property);
  }
  return names;
}

/** A model did what none may do: the program is at fault, not the user's input. */
export class ModelFault extends Error {
  readonly instruction: number;

  constructor(kind: number, instruction: number) {
    super(`the kernel model is at fault (${Fault[kind] ?? kind}) at instruction ${instruction}`);
    this.instruction = instruction;
  }
}

/**
 * One simulated machine, in a module instance of its own. The whole simulated state is one block of memory: `snapshot`
 * copies it, `digest` hashes it, messages in flight included.
 */
export class Machine {
  readonly core: Core;
  readonly setup: MachineSetup;
  readonly #tables = new Map<number, number>();
  #scratch = 0;

  private constructor(core: Core, setup: MachineSetup) {
    this.core = core;
    this.setup = setup;
  }

  static async create(setup: MachineSetup, source?: ModuleSource): Promise<Machine> {
    refuseTooLarge(setup);
    const machine = new Machine(await instantiate(source), setup);
    machine.#fill();
    return machine;
  }

  #table(id: Table): number {
    let at = this.#tables.get(id);
    if (at === undefined) this.#tables.set(id, (at = this.core.exports.table(id)));
    return at;
  }

  #fill(): void {
    const { core, setup } = this;
    const { program } = setup;
    const size = (word: Size, value: number): void => core.setU32(core.sizesAt + word * 4, value);
    const gaps = setup.sources.flatMap((s) => s.gaps);
    size(Size.cpus, setup.apicIds.length);
    size(Size.devices, setup.devices.length);
    size(Size.sources, setup.sources.length);
    size(Size.operations, setup.operations.length);
    size(Size.instructions, program.code.length / 4);
    size(Size.variables, program.variables.length / VarWord.words);
    size(Size.messages, setup.messages);
    size(Size.ring, setup.ring);
    size(Size.gaps, gaps.length);
    size(Size.vectorLo, setup.universe.lo);
    size(Size.vectorHi, setup.universe.hi);
    size(Size.maxApicId, Math.max(...setup.apicIds));
    size(Size.tags, setup.record === 0 ? 0 : setup.messages * 4 + setup.sources.length * setup.apicIds.length * 8 + 64);
    const slots = core.exports.prepare();
    if (slots === 0) throw new RangeError('out of memory for the table of variables');
    core.write(slots, program.variables);
    if (core.exports.create() === 0) throw new RangeError('out of memory for a machine of this size');

    core.write(this.#table(Table.code), program.code);
    core.write(this.#table(Table.live), program.live);
    core.write(this.#table(Table.apicIds), Uint32Array.from(setup.apicIds));
    core.write(this.#table(Table.timings), timingTable(setup.timing));
    core.write(this.#table(Table.gaps), Uint32Array.from(gaps));
    const idt = new Uint32Array(256);
    for (const [vector, entry] of program.handlers) idt[vector] = entry;
    core.write(this.#table(Table.idt), idt);
    let gapFirst = 0;
    setup.sources.forEach((source, s) => {
      const at = this.#table(Table.sources) + s * SourceSetup.words * 4;
      core.setU32(at + SourceSetup.device * 4, source.device);
      core.setU32(at + SourceSetup.gapFirst * 4, gapFirst);
      core.setU32(at + SourceSetup.gapCount * 4, source.gaps.length);
      core.setU32(at + SourceSetup.kind * 4, DeviceKind[source.kind]);
      core.setU32(at + SourceSetup.handlerCycles * 4, source.handlerCycles);
      core.setU32(this.#source(s) + Src.left, Number.isFinite(source.raises) ? source.raises : 0xffffffff);
      gapFirst += source.gaps.length;
    });
    setup.devices.forEach((device, d) => {
      core.setU32(this.#table(Table.deviceSetup) + d * DeviceSetup.words * 4 + DeviceSetup.addr64 * 4, device.address64 ? 1 : 0);
    });
    setup.operations.forEach((operation, o) => {
      const at = this.#table(Table.operations) + o * OperationSetup.words * 4;
      core.setU32(at + OperationSetup.entry * 4, operation.entry);
      core.setU32(at + OperationSetup.cpu * 4, operation.cpu);
      core.setU32(at + OperationSetup.arg0 * 4, operation.args[0]);
      const [, arg] = operation.args;
      core.setU32(at + OperationSetup.arg1 * 4, typeof arg === 'number' ? arg : this.#slot(arg.mask, VarWord.address));
      core.setU32(at + OperationSetup.pause * 4, operation.pause);
    });
    this.#fillSettings();
    program.initial.forEach((values, slot) => {
      if (values !== undefined) values.forEach((value, i) => this.#storeElement(slot, i, value));
    });
  }

  #fillSettings(): void {
    const { core, setup } = this;
    const at = this.#table(Table.settings);
    const set = (word: Settings, value: number): void => core.setU32(at + word * 4, value);
    set(Settings.timed, setup.timed ? 1 : 0);
    set(Settings.assumptions, assumptionMask(setup.assumptions));
    set(Settings.jitter, setup.jitter ? 1 : 0);
    set(Settings.parallel, setup.parallel ? 1 : 0);
    set(Settings.repeat, setup.repeat ? 1 : 0);
    set(Settings.judgeRest, setup.program.judgeRest);
    set(Settings.judgeProbe, setup.program.judgeProbe);
    set(Settings.apStart, setup.program.apStart);
    set(Settings.startedSlot, setup.program.started ?? NONE);
    set(Settings.record, setup.record);
    set(Settings.probeRaises, setup.probeRaises);
    set(Settings.seedLo, setup.seed >>> 0);
    set(Settings.seedHi, Math.floor(setup.seed / 2 ** 32) >>> 0);
    set(
      Settings.properties,
      setup.properties.reduce((mask, name) => mask | (1 << Property[name]), 0),
    );
    const system = new Uint32Array(8);
    for (const v of setup.systemVectors) system[v >>> 5] = (system[v >>> 5] ?? 0) | (1 << (v & 31));
    core.write(at + Settings.systemVectors * 4, system);
  }

  #source(s: number): number {
    return this.#table(Table.sourceStates) + s * Src.size;
  }

  #slot(slot: number, word: VarWord): number {
    return this.core.u32(this.#table(Table.variables) + (slot * VarWord.words + word) * 4);
  }

  #storeElement(slot: number, index: number, value: number): void {
    const bytes = this.#slot(slot, VarWord.bytes);
    const unit = bytes === 1 || bytes === 2 ? bytes : 4;
    const at = this.#slot(slot, VarWord.address) + index * unit;
    if (unit === 1) this.core.setU8(at, value);
    else if (unit === 2) this.core.setU16(at, value);
    else this.core.setU32(at, value);
  }

  // --- setting up, before `start`

  /** Sets element [i][j] of a variable. */
  setVariable(slot: number, i: number, j: number, value: number): void {
    this.#storeElement(slot, i * this.#slot(slot, VarWord.dim1) + j, value);
  }

  /** Sets or clears a bit of mask [i]. */
  setMaskBit(slot: number, i: number, bit: number, on = true): void {
    const at = this.#slot(slot, VarWord.address) + i * this.#slot(slot, VarWord.bytes) + (bit >>> 5) * 4;
    const word = this.core.u32(at);
    this.core.setU32(at, on ? word | (1 << (bit & 31)) : word & ~(1 << (bit & 31)));
  }

  setCpu(c: number, state: { svr: number; tpr: number; run: keyof typeof RunState; interruptsOn: boolean }): void {
    const at = this.#table(Table.cpus) + c * Cpu.size;
    this.core.setU16(at + Cpu.svr, state.svr);
    this.core.setU8(at + Cpu.tpr, state.tpr);
    this.core.setU8(at + Cpu.run, RunState[state.run]);
    this.core.setU8(at + Cpu.flags, state.interruptsOn ? CpuFlag.interruptsOn : 0);
    this.core.setU32(at + Cpu.dfr, 0xffffffff);
  }

  setDevice(d: number, msi: { control: number; addrLo: number; addrHi: number; data: number }): void {
    const at = this.#table(Table.devices) + d * Dev.size;
    this.core.setU16(at + Dev.control, msi.control);
    this.core.setU16(at + Dev.data, msi.data);
    this.core.setU32(at + Dev.addrLo, msi.addrLo);
    this.core.setU32(at + Dev.addrHi, msi.addrHi);
  }

  /** The machine is set up: derived fields are computed; in a timed run the clock is armed. */
  start(): void {
    this.core.exports.complete();
    this.#throwOnFault();
    if (this.setup.timed) this.core.exports.timedBegin();
  }

  // --- looking

  variable(slot: number, i = 0, j = 0): number {
    const bytes = this.#slot(slot, VarWord.bytes);
    const at = this.#slot(slot, VarWord.address) + (i * this.#slot(slot, VarWord.dim1) + j) * bytes;
    return bytes === 1 ? this.core.u8(at) : bytes === 2 ? this.core.u16(at) : this.core.u32(at);
  }

  maskBits(slot: number, i = 0): number[] {
    const bytes = this.#slot(slot, VarWord.bytes);
    const at = this.#slot(slot, VarWord.address) + i * bytes;
    const bits: number[] = [];
    for (let bit = 0; bit < bytes * 8; bit++) if ((this.core.u8(at + (bit >>> 3)) >>> (bit & 7)) & 1) bits.push(bit);
    return bits;
  }

  cpu(c: number): {
    irr: number[];
    isr: number[];
    svr: number;
    tpr: number;
    ppr: number;
    enabled: boolean;
    interruptsOn: boolean;
    run: string;
  } {
    const at = this.#table(Table.cpus) + c * Cpu.size;
    const vectors = (words: number): number[] => {
      const set: number[] = [];
      for (let v = 0; v < 256; v++) if ((this.core.u32(at + words + (v >>> 5) * 4) >>> (v & 31)) & 1) set.push(v);
      return set;
    };
    const svr = this.core.u16(at + Cpu.svr);
    return {
      irr: vectors(Cpu.irr),
      isr: vectors(Cpu.isr),
      svr,
      tpr: this.core.u8(at + Cpu.tpr),
      ppr: this.core.u8(at + Cpu.ppr),
      enabled: (svr & 0x100) !== 0,
      interruptsOn: (this.core.u8(at + Cpu.flags) & CpuFlag.interruptsOn) !== 0,
      run: RunState[this.core.u8(at + Cpu.run)] ?? '?',
    };
  }

  device(d: number): { control: number; addrLo: number; addrHi: number; data: number } {
    const at = this.#table(Table.devices) + d * Dev.size;
    return {
      control: this.core.u16(at + Dev.control),
      data: this.core.u16(at + Dev.data),
      addrLo: this.core.u32(at + Dev.addrLo),
      addrHi: this.core.u32(at + Dev.addrHi),
    };
  }

  owed(s: number): boolean {
    return this.core.u8(this.#source(s) + Src.owed) !== 0;
  }

  /** Instruction that CPU c's current context stands in front of, or undefined: it idles. */
  instruction(c: number): number | undefined {
    const level = this.core.exports.currentLevel(c);
    return level < 0 ? undefined : this.core.u16(this.#table(Table.contexts) + (c * 4 + level) * Ctx.size + Ctx.pc);
  }

  /** Simulated time, cycles. */
  get now(): bigint {
    return this.core.u64(this.core.exports.nowAt());
  }

  counter(which: keyof typeof Counter): number {
    return Number(this.core.u64(this.#table(Table.counters) + Counter[which] * 8));
  }

  note(which: keyof typeof Note): number {
    return Number(this.core.u64(this.#table(Table.notes) + Note[which] * 8));
  }

  handled(s: number): boolean {
    return this.core.u8(this.#table(Table.served) + s) !== 0;
  }

  ended(o: number): boolean {
    return this.core.u8(this.#table(Table.ended) + o) !== 0;
  }

  /** Instructions that were executed at least once. */
  coverage(): Uint8Array {
    return this.core.bytes(this.#table(Table.coverage), this.setup.program.code.length / 4);
  }

  /** Raise to handler entry, cycles (timed). */
  latency(): Percentiles {
    return percentiles(this.core, this.#table(Table.histogram));
  }

  // --- step by step

  enabled(): number[] {
    const n = this.core.exports.enabledActions();
    const at = this.core.exports.actionsAt();
    return Array.from({ length: n }, (_, i) => this.core.u16(at + i * 2));
  }

  /** `rest` and `deadlock` of the state that `enabled` looked at last. */
  get quiet(): 'rest' | 'deadlock' | undefined {
    const state = this.core.exports.restState();
    return state === 1 ? 'rest' : state === 2 ? 'deadlock' : undefined;
  }

  /** Executes an action that is enabled; says whether it was a visible step and which properties it broke. */
  apply(action: number): { visible: boolean; broken: (keyof typeof Property)[] } {
    const visible = this.core.exports.apply(action) !== 0;
    this.#throwOnFault();
    return { visible, broken: propertiesOf(this.core.exports.violationMask()) };
  }

  /** The properties that a state at rest breaks. */
  brokenAtRest(): (keyof typeof Property)[] {
    const mask = this.core.exports.restViolations();
    this.#throwOnFault();
    const checked = this.setup.properties;
    return propertiesOf(mask).filter((name) => checked.includes(name));
  }

  /** The packed image of the state (design 3). */
  image(): Uint8Array {
    this.#scratch ||= this.core.exports.openImages() === 0 ? 0 : this.core.exports.pathBuffer(IMAGE_BYTES);
    if (this.#scratch === 0) throw new RangeError('out of memory for an image');
    return this.core.bytes(this.#scratch, this.core.exports.packTo(this.#scratch));
  }

  /** Sets the state from an image. */
  setImage(image: Uint8Array): void {
    this.image();
    this.core.write(this.#scratch, image);
    this.core.exports.unpackFrom(this.#scratch);
  }

  judge(entry: number): (keyof typeof Property)[] {
    if (entry === 0) return [];
    const mask = this.core.exports.judgeState(entry);
    this.#throwOnFault();
    return propertiesOf(mask);
  }

  #throwOnFault(): void {
    const kind = this.core.exports.faultKind();
    if (kind !== 0) throw new ModelFault(kind, this.core.exports.faultAt());
  }

  // --- timed

  /** Runs at most `cycles`; stops earlier where a property fails or the ring is full. */
  run(cycles: number): { status: 'more' | 'failed' | 'ringFull'; broken: (keyof typeof Property)[] } {
    const status = this.core.exports.runCycles(cycles >>> 0, Math.floor(cycles / 2 ** 32));
    this.#throwOnFault();
    const broken = propertiesOf(this.core.exports.violationMask());
    return { status: status === Status.failed ? 'failed' : status === Status.ringFull ? 'ringFull' : 'more', broken };
  }

  /** The records since the last call, oldest first. */
  events(): EventRecord[] {
    return drainEvents(this.core, this.#table(Table.ring), this.setup.ring);
  }

  // --- the block

  snapshot(): Uint8Array {
    const start = this.core.exports.blockStart();
    return this.core.bytes(start, this.core.exports.blockStop() - start);
  }

  /** Throws `RangeError` for a block of another machine's size. */
  restore(block: Uint8Array): void {
    const size = this.core.exports.blockStop() - this.core.exports.blockStart();
    if (block.length !== size) throw new RangeError(`a snapshot of this machine has ${size} bytes, this one ${block.length}`);
    this.core.write(this.core.exports.blockStart(), block);
  }

  /** 64-bit hash of all but the record class. */
  digest(): string {
    return this.#hex(this.core.exports.stateDigest());
  }

  /** 64-bit hash of the stream of events so far. */
  eventDigest(): string {
    return this.#hex(this.core.exports.eventDigest());
  }

  #hex(lo: number): string {
    const hi = this.core.exports.highWord() >>> 0;
    return hi.toString(16).padStart(8, '0') + (lo >>> 0).toString(16).padStart(8, '0');
  }
}
