/** A laid out program as a graph. */
import { InsnFlag, Op } from '../../../assembly/state/abi/instructions.js';
import { isBranch, isFinal } from '../ir.js';

export class Layout {
  /** instructions; number 0 is no routine's */
  readonly length: number;
  readonly #code: Uint32Array;
  readonly #starts: readonly number[];
  /** instructions behind the calls of a unit, by its first instruction */
  readonly #returns = new Map<number, number[]>();

  /** `starts`: first instruction of each unit. */
  constructor(code: Uint32Array, starts: readonly number[]) {
    this.#code = code;
    this.#starts = starts;
    this.length = code.length / 4;
    for (let pc = 1; pc < this.length; pc++) {
      if (this.op(pc) !== Op.call) continue;
      const known = this.#returns.get(this.target(pc)) ?? [];
      known.push(pc + 1);
      this.#returns.set(this.target(pc), known);
    }
  }

  op(pc: number): Op {
    return (this.#code[pc * 4] ?? 0) & 0xff;
  }

  /** Where a jump, a call or a wake leads. */
  target(pc: number): number {
    return this.#code[pc * 4 + 1] ?? 0;
  }

  isJoined(pc: number): boolean {
    return ((this.#code[pc * 4 + 3] ?? 0) & InsnFlag.joined) !== 0;
  }

  isJump(pc: number): boolean {
    return this.op(pc) === Op.jump || isBranch(this.op(pc));
  }

  /** What the same context may execute next: into what it calls, and back to any caller. */
  next(pc: number): readonly number[] {
    const op = this.op(pc);
    if (op === Op.jump || op === Op.call) return [this.target(pc)];
    if (op === Op.ret) return this.#returns.get(Math.max(0, ...this.#starts.filter((start) => start <= pc))) ?? [];
    if (isFinal(op)) return [];
    return isBranch(op) ? [this.target(pc), pc + 1] : [pc + 1];
  }
}
