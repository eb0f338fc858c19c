/** What a laid out program says about the steps a context takes, for the reduction of a check. */
import { Mover, Op } from '../../../assembly/state/abi/instructions.js';
import { isObservable } from '../ir.js';
import type { Layout } from './layout.js';

/**
 * The instructions in front of which a context may stop first after a backward jump. Calls do not recurse, so whoever executes
 * without end takes some backward jump of one routine again and again, and each time the next step begins at one of these.
 * A jump from inside of an atomic block ends no step, so it makes no head.
 */
export function loopHeads(code: Layout): ReadonlySet<number> {
  const heads = new Set<number>();
  const seen = new Set<number>();
  const work: number[] = [];
  for (let pc = 1; pc < code.length; pc++) if (code.isJump(pc) && !code.isJoined(pc) && code.target(pc) <= pc) work.push(code.target(pc));
  for (let pc = work.pop(); pc !== undefined; pc = work.pop()) {
    if (pc >= code.length || seen.has(pc)) continue;
    seen.add(pc);
    if (isObservable(code.op(pc)) || code.isJoined(pc)) heads.add(pc);
    else work.push(...code.next(pc));
  }
  return heads;
}

/** What changes something that outlives the context. */
const leavesTrace: ReadonlySet<Op> = new Set([
  Op.store,
  Op.fetchAdd,
  Op.maskSet,
  Op.maskClear,
  Op.maskCopy,
  Op.listPush,
  Op.listRemove,
  Op.unlock,
  Op.opEnd,
]);

/**
 * The instructions at which nothing that a CPU was joined since its last step of its own has left a trace, if it stands there
 * with its thread and IF=0: no handler has returned since (that sets IF), and what comes before in the routine is either a
 * step that is never joined, or one that writes nothing. A stopper that ends may hand over to the thread: if one may end right
 * behind a trace, there are none.
 */
export function traceless(code: Layout, movers: Uint8Array, roots: readonly number[]): readonly number[] {
  const moverOf = (pc: number): number => movers[pc] ?? 0;
  // a loop head in an atomic block may still be joined as part of a block that began before it
  const isHead = (pc: number): boolean => (moverOf(pc) & Mover.loopHead) !== 0 && !code.isJoined(pc);
  const isJoined = (pc: number): boolean => (moverOf(pc) & Mover.masked) !== 0 && !isHead(pc);
  const reached = reach(code, roots, () => true);
  // from where something may be joined, with a trace, up to the instruction
  const sources = new Set(roots);
  for (const pc of reached) if (leavesTrace.has(code.op(pc)) && isJoined(pc)) for (const next of code.next(pc)) sources.add(next);
  const traced = reach(code, sources, (pc) => !isObservable(code.op(pc)) || isJoined(pc));
  const woken = [...reached].flatMap((pc) => (code.op(pc) === Op.wake ? [code.target(pc)] : []));
  for (const pc of reach(code, woken, () => true)) if (code.op(pc) === Op.end && traced.has(pc)) return [];
  return [...reached].filter((pc) => !traced.has(pc));
}

/** What can be reached from some instructions, themselves included, through those that `passes` lets through. */
function reach(code: Layout, from: Iterable<number>, passes: (pc: number) => boolean): ReadonlySet<number> {
  const seen = new Set<number>();
  const work = [...from];
  for (let pc = work.pop(); pc !== undefined; pc = work.pop()) {
    if (pc >= code.length || seen.has(pc)) continue;
    seen.add(pc);
    if (passes(pc)) work.push(...code.next(pc));
  }
  return seen;
}
