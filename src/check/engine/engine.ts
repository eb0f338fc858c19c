/** One worker's share of a search: a module instance, driven round by round. */
import { Bag, SearchOption, Status } from '../../core/index.js';
import type { ProgramMachine } from '../../machine/index.js';
import type { Spill } from './spill.js';

/** Bytes of a chunk of records in the core. */
const CHUNK = 1 << 18;

export type Reduction = 0 | 1 | 2;

export interface EngineOptions {
  /** bytes it may use */
  readonly memory: number;
  /** fingerprints of 128 bits, in place of 64 */
  readonly wide: boolean;
  /** which worker it is, of how many */
  readonly worker: number;
  readonly workers: number;
  /** where the frontier goes that memory does not hold; undefined: nowhere */
  readonly spill: Spill | undefined;
  /** the states will come from a checkpoint */
  readonly resumed: boolean;
  /** level of the reduction (design 4) */
  readonly reduction: Reduction;
}

/** What one worker has covered; sums and maxima over all workers do not depend on their number. */
export interface Share {
  readonly states: number;
  readonly transitions: number;
  /** of those: the others lead to states that are found at the same distance by others (assembly/check/sleep.ts) */
  readonly executed: number;
  readonly rest: number;
  readonly probed: number;
  readonly depth: number;
  readonly largestImage: number;
  /** bytes of all images together */
  readonly imageBytes: number;
  readonly poolFull: boolean;
  /** bytes of memory, and of the visited set alone */
  readonly memory: number;
  readonly visitedBytes: number;
}

/** The best failure of a property: the state it starts from, and the action (`NO_ACTION`: the state itself fails). */
export interface FoundFailure {
  readonly property: number;
  readonly length: number;
  /** steps within the last level */
  readonly round: number;
  readonly fingerprint: bigint;
  readonly action: number;
}

/** A state of the visited set. */
export interface Slot {
  readonly fingerprint: bigint;
  readonly level: number;
  readonly round: number;
  /** first 24 bits of the parent's fingerprint */
  readonly parent: number;
}

export const NO_ACTION = 0xffff;
const PROPERTIES = 32;
const FAILURE_BYTES = 16;

export class Engine {
  readonly machine: ProgramMachine;
  readonly #spill: Spill | undefined;
  readonly #chunks: number;
  readonly #workers: number;

  /** Begins a search from the state the machine is in; `status` tells whether there was memory for that. */
  constructor(machine: ProgramMachine, options: EngineOptions) {
    this.machine = machine;
    this.#spill = options.spill;
    this.#workers = options.workers;
    // an eighth of the memory for the frontier; the rest is for the visited set
    this.#chunks = options.spill === undefined ? 0x7fffffff : Math.max(6 + 2 * options.workers, Math.floor(options.memory / 8 / CHUNK));
    const { core } = machine;
    core.exports.openImages();
    const at = core.exports.imageBuffer();
    const word = (option: SearchOption, value: number): void => core.setU32(at + option * 4, value);
    word(SearchOption.memoryLo, options.memory >>> 0);
    word(SearchOption.memoryHi, Math.floor(options.memory / 2 ** 32));
    word(SearchOption.wide, options.wide ? 1 : 0);
    word(SearchOption.chunks, this.#chunks);
    word(SearchOption.worker, options.worker);
    word(SearchOption.workers, options.workers);
    word(SearchOption.resumed, options.resumed ? 1 : 0);
    word(SearchOption.reduction, options.reduction);
    this.status = core.exports.searchBegin(at);
  }

  status: Status;

  /** Expands up to `budget` states of the round; `Status.round`: there are no more, in memory and on disk. */
  run(budget: number): Status {
    this.status = this.machine.core.exports.searchRun(budget);
    if (this.status === Status.spill) this.#relieve();
    else if (this.status === Status.round && this.#spill?.has(Bag.now) === true) this.#fetch();
    return this.status;
  }

  /** Writes full chunks to disk until enough are gone: first what is needed last. */
  #relieve(): void {
    const { exports } = this.machine.core;
    this.status = Status.more;
    for (const bag of [Bag.later, Bag.then, Bag.now]) {
      while (exports.chunksInUse() * 4 > this.#chunks * 3 && exports.fullChunks(bag) > 0) {
        const chunk = exports.takeFrom(bag);
        this.#spill?.put(bag, this.machine.core.bytes(chunk + 8, this.machine.core.u32(chunk + 4) - 8));
        exports.dropChunk(chunk);
      }
    }
  }

  #fetch(): void {
    const { core } = this.machine;
    const records = this.#spill?.take(Bag.now);
    const chunk = records === undefined ? 0 : core.exports.newChunk(Bag.now);
    if (records === undefined || chunk === 0) {
      this.status = Status.memory;
      return;
    }
    core.write(chunk + 8, records);
    core.setU32(chunk + 4, 8 + records.length);
    this.status = Status.more;
  }

  /** True if there is something in a bag, in memory or on disk. */
  has(bag: Bag): boolean {
    return this.machine.core.exports.hasRecords(bag) !== 0 || this.#spill?.has(bag) === true;
  }

  nextRound(deeper: boolean): Status {
    this.#spill?.become(Bag.now, deeper ? Bag.later : Bag.then);
    this.status = this.machine.core.exports.nextRound(deeper ? 1 : 0);
    return this.status;
  }

  /** Hands over what is for another worker, full chunks only or all. */
  ship(worker: number, all: boolean, send: (records: Uint8Array) => void): void {
    const { core } = this.machine;
    const bag = Bag.outbox + worker;
    while (all ? core.exports.hasRecords(bag) !== 0 : core.exports.fullChunks(bag) !== 0) {
      const chunk = core.exports.takeFrom(bag);
      const records = core.bytes(chunk + 8, core.u32(chunk + 4) - 8);
      core.exports.dropChunk(chunk);
      send(records);
    }
  }

  /** Enters records of another worker. */
  receive(records: Uint8Array): Status {
    return this.#through(records, (at) => this.machine.core.exports.receive(at, records.length));
  }

  /** Hands bytes to the core in a chunk of its own. */
  #through(bytes: Uint8Array, take: (at: number) => number): Status {
    const { core } = this.machine;
    const chunk = core.exports.newChunk(Bag.spare);
    if (chunk === 0) return Status.memory;
    core.write(chunk + 8, bytes);
    const status = take(chunk + 8);
    core.exports.takeFrom(Bag.spare);
    core.exports.dropChunk(chunk);
    return status;
  }

  share(): Share {
    const { core } = this.machine;
    const at = core.exports.searchStats();
    const word = (i: number): number => Number(core.u64(at + i * 8));
    return {
      states: word(0),
      transitions: word(1),
      rest: word(2),
      depth: word(3),
      largestImage: word(4),
      memory: word(5),
      poolFull: word(6) !== 0,
      probed: word(7),
      imageBytes: word(8),
      visitedBytes: word(9),
      executed: word(11),
    };
  }

  failures(): FoundFailure[] {
    const { core } = this.machine;
    const at = core.exports.failuresAt();
    const found: FoundFailure[] = [];
    for (let property = 0; property < PROPERTIES; property++) {
      const record = at + property * FAILURE_BYTES;
      const length = core.u32(record) - 1;
      if (length >= 0)
        found.push({ property, length, round: core.u16(record + 6), action: core.u16(record + 4), fingerprint: core.u64(record + 8) });
    }
    return found;
  }

  /** True, at the end of a round, if the way to some failure is known that the whole search would choose. */
  get knowsFirst(): boolean {
    const { level, round } = this;
    return this.failures().some((failure) => failure.length < level || (failure.length === level && failure.round <= round));
  }

  /** States whose fingerprints begin with these 24 bits. */
  lookUp(prefix: number): Slot[] {
    const { core } = this.machine;
    const found: Slot[] = [];
    for (let at = core.exports.slotWith(prefix, 0); at !== 0; at = core.exports.slotWith(prefix, at)) {
      const info = core.u64(at + 8);
      const bits = (from: number, n: number): number => Number((info >> BigInt(from)) & ((1n << BigInt(n)) - 1n));
      found.push({
        fingerprint: core.u64(at),
        level: bits(52, 12),
        round: bits(40, 12),
        parent: bits(0, 24),
      });
    }
    return found;
  }

  // --- checkpoints

  get level(): number {
    return this.machine.core.exports.searchLevel();
  }
  get round(): number {
    return this.machine.core.exports.searchRound();
  }

  /** The visited set in pieces. */
  *states(): Generator<Uint8Array> {
    const { core } = this.machine;
    const chunk = core.exports.newChunk(Bag.spare);
    if (chunk === 0) throw new RangeError('out of memory for a checkpoint');
    const room = CHUNK - 8;
    for (let from = 0; from < core.exports.allSlots(); from = core.exports.copiedUpTo()) {
      const n = core.exports.copyStates(from, chunk + 8, room);
      if (n > 0) yield core.bytes(chunk + 8, n * core.exports.slotBytes());
    }
    core.exports.takeFrom(Bag.spare);
    core.exports.dropChunk(chunk);
  }

  /** The records of a bag in pieces; the bag is empty behind that. */
  *records(bag: Bag): Generator<Uint8Array> {
    const { core } = this.machine;
    if (bag === Bag.now) core.exports.stopReading();
    for (let chunk = core.exports.takeFrom(bag); chunk !== 0; chunk = core.exports.takeFrom(bag)) {
      yield core.bytes(chunk + 8, core.u32(chunk + 4) - 8);
      core.exports.dropChunk(chunk);
    }
    while (this.#spill?.has(bag) === true) {
      const bytes = this.#spill.take(bag);
      if (bytes !== undefined) yield bytes;
    }
  }

  /** Goes on in this round, with so many states over all workers. False: out of memory. */
  resumeAt(level: number, round: number, states: number): boolean {
    return this.machine.core.exports.resumeAt(level, round, Math.ceil(states / this.#workers)) !== 0;
  }

  restoreStates(bytes: Uint8Array): boolean {
    return this.#through(bytes, (at) => this.machine.core.exports.restoreStates(at, bytes.length)) === 1;
  }

  restoreFrontier(bag: Bag, bytes: Uint8Array): boolean {
    return this.#through(bytes, (at) => this.machine.core.exports.restoreFrontier(bag, at, bytes.length)) === 1;
  }
}
