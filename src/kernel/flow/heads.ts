/** Loop heads of a laid out program: the steps that every loop goes through. */
import { InsnFlag, Op } from '../../../assembly/state/abi/instructions.js';
import { isBranch, isObservable } from '../ir.js';

/**
 * The instructions in front of which a context may stop first after a backward jump. Calls do not recurse, so whoever executes
 * without end takes some backward jump of one routine again and again, and each time the next step begins at one of these.
 * A jump from inside of an atomic block ends no step, so it makes no head.
 */
export function loopHeads(code: Uint32Array, starts: readonly number[]): ReadonlySet<number> {
  const n = code.length / 4;
  const op = (pc: number): Op => (code[pc * 4] ?? 0) & 0xff;
  const target = (pc: number): number => code[pc * 4 + 1] ?? 0;
  const joined = (pc: number): boolean => ((code[pc * 4 + 3] ?? 0) & InsnFlag.joined) !== 0;
  const jumps = (pc: number): boolean => op(pc) === Op.jump || isBranch(op(pc));
  const pcs = Array.from({ length: n }, (_, pc) => pc);
  const unitOf = (pc: number): number => Math.max(0, ...starts.filter((start) => start <= pc));

  const heads = new Set<number>();
  const seen = new Set<number>();
  const work = pcs.filter((pc) => jumps(pc) && !joined(pc) && target(pc) <= pc).map(target);
  for (let pc = work.pop(); pc !== undefined; pc = work.pop()) {
    if (pc >= n || seen.has(pc)) continue;
    seen.add(pc);
    if (isObservable(op(pc)) || joined(pc)) {
      heads.add(pc);
    } else if (op(pc) === Op.ret) {
      const unit = unitOf(pc);
      work.push(...pcs.filter((call) => op(call) === Op.call && target(call) === unit).map((call) => call + 1));
    } else if (jumps(pc) || op(pc) === Op.call) {
      work.push(target(pc));
      if (isBranch(op(pc))) work.push(pc + 1);
    } else {
      work.push(pc + 1);
    }
  }
  return heads;
}
