/** A machine with a program, and how it goes on: step by step as a check drives it, with time, and with what is injected. */
import { instantiate, Status, Table, type ModuleSource } from '../core/index.js';
import { takeRecords, type EventRecord, type RecordTaker } from './events.js';
import { ModelFault } from './fault.js';
import { InjectedSlots, type InjectedTotals, type PendingOperation } from './injected.js';
import { ProgramState } from './programState.js';
import { bitOf, propertiesOf } from './properties.js';
import { refuseTooLarge, type InjectedOperation, type MachineSetup } from './setup.js';

/** A machine whose CPUs execute a program (src/kernel): its state, its steps, and what its judges say. */
export class ProgramMachine extends ProgramState {
  #scratch = 0;
  readonly #slots = new InjectedSlots(this.core, this.layout, this.setup);

  /** The module is named by who makes the machine: a bundle then has the address of no other. Throws `RangeError`. */
  static async instantiate(setup: MachineSetup, source: ModuleSource): Promise<ProgramMachine> {
    refuseTooLarge(setup);
    return new this(await instantiate(source), setup);
  }

  /** The machine is set up: derived fields are computed; in a timed run the clock is armed. */
  start(): void {
    this.core.exports.complete();
    this.#throwOnFault();
    if (this.setup.timed) this.core.exports.timedBegin();
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
  apply(action: number): { visible: boolean; broken: string[] } {
    const visible = this.core.exports.apply(action) !== 0;
    this.#throwOnFault();
    return { visible, broken: this.#named(this.core.exports.violationMask()) };
  }

  /** The properties that a state at rest breaks. */
  brokenAtRest(): string[] {
    const mask = this.core.exports.restViolations();
    this.#throwOnFault();
    const checked = this.setup.properties;
    return this.#named(mask).filter((name) => checked.includes(name));
  }

  /** The packed image of the state (design 3). */
  image(): Uint8Array {
    this.#images();
    return this.core.bytes(this.#scratch, this.core.exports.packTo(this.#scratch));
  }

  /** Sets the state from an image. */
  setImage(image: Uint8Array): void {
    this.#images();
    this.core.write(this.#scratch, image);
    this.core.exports.unpackFrom(this.#scratch);
  }

  /** 64-bit fingerprint of the packed image, as the visited set of a check has it. */
  fingerprint(): bigint {
    this.#images();
    return this.core.u64(this.core.exports.sealState());
  }

  #images(): void {
    if (this.#scratch === 0 && this.core.exports.openImages() !== 0) this.#scratch = this.core.exports.imageBuffer();
    if (this.#scratch === 0) throw new RangeError('out of memory for an image');
  }

  /** The properties that a judge flags in the state as it is. */
  judge(entry: number): string[] {
    if (entry === 0) return [];
    const mask = this.core.exports.judgeState(entry);
    this.#throwOnFault();
    return this.#named(mask);
  }

  /** Bit of a property in a mask, -1 if there is none of this name. */
  propertyBit(name: string): number {
    return bitOf(name, this.setup.program.own);
  }

  #named(mask: number): string[] {
    return propertiesOf(mask, this.setup.program.own);
  }

  #throwOnFault(): void {
    const kind = this.core.exports.faultKind();
    if (kind !== 0) throw this.faultAt(kind, this.core.exports.faultAt());
  }

  /** What is thrown for a fault at an instruction. */
  protected faultAt(kind: number, instruction: number): ModelFault {
    return new ModelFault(kind, instruction);
  }

  // --- timed

  /** Runs at most `cycles`; stops earlier where a property fails or the ring is full. */
  run(cycles: number): { status: 'more' | 'failed' | 'ringFull'; broken: string[] } {
    const status = this.core.exports.runCycles(cycles >>> 0, Math.floor(cycles / 2 ** 32));
    this.#throwOnFault();
    const broken = this.#named(this.core.exports.violationMask());
    return { status: status === Status.failed ? 'failed' : status === Status.ringFull ? 'ringFull' : 'more', broken };
  }

  // --- injected operations

  /** Puts an operation among those that wait; it may begin from that cycle on. False: all slots are taken, and nothing has happened. */
  queue(operation: InjectedOperation, at: bigint): boolean {
    return this.#slots.queue(operation, at);
  }

  /** How many operations were injected so far, have begun, have ended. */
  get injected(): InjectedTotals {
    return this.#slots.totals;
  }

  /** Injected operations that have not ended: those that have begun, then those that wait, in their order. */
  pending(): PendingOperation[] {
    return this.#slots.pending();
  }

  /** Leaves out the records since the last call. */
  forget(): void {
    this.core.exports.ringClear();
  }

  /** Hands over the records since the last call, oldest first, for who reads millions of them. */
  eachRecord(take: RecordTaker): void {
    takeRecords(this.core, this.layout.table(Table.ring), this.setup.ring, take);
  }

  /** The records since the last call as they are, oldest first. */
  override events(): EventRecord[] {
    return this.takeRecords();
  }
}
