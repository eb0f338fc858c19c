/** Numbers that look random and are the same everywhere for the same seed. */
export class Dice {
  /** may be read and set: what comes next depends on nothing else */
  state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** 32 bits. */
  word(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** 0 <= n < bound */
  below(bound: number): number {
    return Math.floor((this.word() / 2 ** 32) * bound);
  }

  /** True once in `n` times. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }
}
