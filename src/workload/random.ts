/** Random numbers of a policy: SplitMix64 as in the core (assembly/clock/random.ts), a stream for each, whole numbers only. */
import { CURVE_CELLS, CURVE_LEVELS } from '../core/index.js';
import { exponential } from '../scenario/index.js';

const MASK = (1n << 64n) - 1n;

function finalise(x: bigint): bigint {
  let z = x;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return z ^ (z >> 31n);
}

/** Purposes of streams that stand in the core end far below. */
const FIRST_PURPOSE = 1000n;

export class Random {
  #state: bigint;

  /** `stream`: which policy of the run it is for. */
  constructor(seed: number, stream: number) {
    this.#state = finalise(BigInt(seed) ^ finalise((FIRST_PURPOSE << 32n) + BigInt(stream)));
  }

  /** 32 bits. */
  word(): number {
    this.#state = (this.#state + 0x9e3779b97f4a7c15n) & MASK;
    return Number(finalise(this.#state) >> 32n);
  }

  /** A whole number below n, n < 2^21. */
  below(n: number): number {
    return Math.floor((this.word() * n) / 2 ** 32);
  }
}

/** Times of a Poisson process, cycles. */
export class PoissonTimes {
  readonly #random: Random;
  readonly #curve: readonly number[];
  #next: number;

  constructor(random: Random, mean: number) {
    this.#random = random;
    this.#curve = exponential(mean);
    this.#next = this.#gap();
  }

  /** Those that fall before `until`. */
  before(until: number): number[] {
    const found: number[] = [];
    for (; this.#next < until; this.#next += this.#gap()) found.push(this.#next);
    return found;
  }

  /** As the core draws from a curve (assembly/fabric/arrivals.ts). */
  #gap(): number {
    const rest = Math.max(2 ** 32 - 1 - this.#random.word(), CURVE_CELLS);
    const level = Math.clz32(rest);
    const width = 2 ** (CURVE_LEVELS - 1 - level);
    const passed = 2 ** (32 - level) - rest;
    const at = level * CURVE_CELLS + Math.floor(passed / width);
    const low = this.#curve[at] ?? 0;
    const within = passed % width;
    return Math.max(1, within === 0 ? low : low + Math.floor((((this.#curve[at + 1] ?? low) - low) * within) / width));
  }
}
