/**
 * How workers of a team talk while they search: rings of records between each two of them, and barriers, in shared memory.
 * Waiting blocks the thread.
 */

/** Bytes of a message: a chunk of the core. */
const MESSAGE = 1 << 18;
const SLOTS = 4;

/** Words of the control block that all share. */
export const Word = {
  /** set from outside: stop at once, with everything in order */
  stop: 0,
  /** first status that nobody can go on from */
  fatal: 1,
  /** workers that have sent all of a round, counted over all rounds */
  sent: 2,
  arrived: 3,
  generation: 4,
  /** what worker 0 has decided */
  decision: 5,
  /** workers that could begin; set from outside: they may */
  ready: 6,
  go: 7,
  /** from here on a word for each worker: a bell, rung when something has changed for it */
  bells: 8,
} as const;
const MAX_WORKERS = 64;
/** Behind the bells: what each worker says at the end of a round and shows from time to time. */
const REPORT = Word.bells + MAX_WORKERS;
const REPORT_WORDS = 16;

/** The memory of a team. */
export interface TeamMemory {
  readonly control: SharedArrayBuffer;
  /** ring [from * workers + to] */
  readonly rings: readonly SharedArrayBuffer[];
}

export function teamMemory(workers: number): TeamMemory {
  const bytes = 8 + SLOTS * (4 + MESSAGE);
  return {
    control: new SharedArrayBuffer((REPORT + MAX_WORKERS * REPORT_WORDS) * 4),
    rings: Array.from({ length: workers * workers }, (_, i) => new SharedArrayBuffer(Math.floor(i / workers) === i % workers ? 0 : bytes)),
  };
}

/** A ring: u32 messages put, u32 messages taken, then SLOTS lengths, then SLOTS messages. */
class Ring {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory, 0, memory.byteLength === 0 ? 0 : 2 + SLOTS);
    this.#bytes = new Uint8Array(memory);
  }

  get isEmpty(): boolean {
    return Atomics.load(this.#words, 0) === Atomics.load(this.#words, 1);
  }

  put(message: Uint8Array): boolean {
    const put = Atomics.load(this.#words, 0);
    if (put - Atomics.load(this.#words, 1) >= SLOTS) return false;
    const slot = put % SLOTS;
    this.#words[2 + slot] = message.length;
    this.#bytes.set(message, 8 + SLOTS * 4 + slot * MESSAGE);
    Atomics.store(this.#words, 0, put + 1);
    return true;
  }

  /** The oldest message, handed to `read` while it stands in the ring. */
  take(read: (message: Uint8Array) => void): boolean {
    if (this.isEmpty) return false;
    const taken = Atomics.load(this.#words, 1);
    const slot = taken % SLOTS;
    const at = 8 + SLOTS * 4 + slot * MESSAGE;
    read(this.#bytes.subarray(at, at + (this.#words[2 + slot] ?? 0)));
    Atomics.store(this.#words, 1, taken + 1);
    return true;
  }
}

/** One worker's end of it. */
export class Post {
  readonly control: Int32Array;
  readonly #self: number;
  readonly #workers: number;
  readonly #in: readonly Ring[];
  readonly #out: readonly Ring[];

  constructor(memory: TeamMemory, self: number, workers: number) {
    this.control = new Int32Array(memory.control);
    this.#self = self;
    this.#workers = workers;
    const ring = (from: number, to: number): Ring => new Ring(memory.rings[from * workers + to] as SharedArrayBuffer);
    const all = Array.from({ length: workers }, (_, i) => i);
    this.#in = all.filter((i) => i !== self).map((i) => ring(i, self));
    this.#out = all.map((i) => ring(self, i));
  }

  #ring(worker: number): void {
    Atomics.add(this.control, Word.bells + worker, 1);
    Atomics.notify(this.control, Word.bells + worker);
  }

  /** Sends a message; while the ring is full, what comes in is taken, so that no two wait for each other. */
  send(to: number, message: Uint8Array, read: (message: Uint8Array) => void): void {
    const ring = this.#out[to];
    while (ring?.put(message) === false) {
      const bell = this.bell;
      if (!this.takeAll(read)) this.#wait(bell);
    }
    this.#ring(to);
  }

  get bell(): number {
    return Atomics.load(this.control, Word.bells + this.#self);
  }

  #wait(bell: number): void {
    Atomics.wait(this.control, Word.bells + this.#self, bell, 100);
  }

  /** Takes what has come in; true if there was something. */
  takeAll(read: (message: Uint8Array) => void): boolean {
    let some = false;
    this.#in.forEach((ring, i) => {
      while (ring.take(read)) {
        some = true;
        this.#ring(i < this.#self ? i : i + 1);
      }
    });
    return some;
  }

  /** This worker has sent all of its round; takes what the others send until all have. `rounds`: rounds so far, this one included. */
  finishRound(rounds: number, read: (message: Uint8Array) => void): void {
    Atomics.add(this.control, Word.sent, 1);
    for (let worker = 0; worker < this.#workers; worker++) this.#ring(worker);
    for (;;) {
      const bell = this.bell;
      const all = Atomics.load(this.control, Word.sent) === rounds * this.#workers;
      if (this.takeAll(read)) continue;
      if (all) return;
      this.#wait(bell);
    }
  }

  /** This worker could begin; waits until it may. */
  begin(): void {
    Atomics.add(this.control, Word.ready, 1);
    while (Atomics.load(this.control, Word.go) === 0) Atomics.wait(this.control, Word.go, 0, 100);
  }

  /** Waits until all workers are here. */
  barrier(): void {
    const generation = Atomics.load(this.control, Word.generation);
    if (Atomics.add(this.control, Word.arrived, 1) === this.#workers - 1) {
      Atomics.store(this.control, Word.arrived, 0);
      Atomics.add(this.control, Word.generation, 1);
      Atomics.notify(this.control, Word.generation);
      return;
    }
    while (Atomics.load(this.control, Word.generation) === generation) Atomics.wait(this.control, Word.generation, generation, 100);
  }

  /** Numbers that the others, and the thread that watches, can read. */
  report(values: readonly number[]): void {
    values.forEach((value, i) => Atomics.store(this.control, REPORT + this.#self * REPORT_WORDS + i, value));
  }
}

/** What worker number `worker` has reported. */
export function reportOf(control: Int32Array, worker: number, word: number): number {
  return Atomics.load(control, REPORT + worker * REPORT_WORDS + word) >>> 0;
}
