/** Control flow of one routine: successors, reachability, jump threading, removal of instructions. */
import { Op } from '../../../assembly/state/abi/instructions.js';
import { isBranch, isFinal, type Insn } from '../ir.js';

/** Indexes of the instructions that may follow instruction i of the same routine. */
export function successors(code: readonly Insn[], i: number): number[] {
  const insn = code[i];
  if (insn === undefined || isFinal(insn.op)) return [];
  if (insn.op === Op.jump) return [insn.goto];
  return isBranch(insn.op) ? [i + 1, insn.goto] : [i + 1];
}

/** Which instructions can be reached from instruction `from` (itself included only if `from` is). */
export function reachable(code: readonly Insn[], from: readonly number[]): boolean[] {
  const seen = code.map(() => false);
  const work = [...from];
  for (let i = work.pop(); i !== undefined; i = work.pop()) {
    if (i >= code.length || seen[i]) continue;
    seen[i] = true;
    work.push(...successors(code, i));
  }
  return seen;
}

/** The code without the instructions not kept; jumps to one of them go to the next that is kept. */
export function keepOnly<I extends Insn>(code: readonly I[], keep: (insn: I, i: number) => boolean): I[] {
  const kept = code.map(keep);
  const moved: number[] = [];
  let count = 0;
  for (const k of kept) {
    moved.push(count);
    if (k) count++;
  }
  return code.filter((_, i) => kept[i]).map((insn) => (jumps(insn) ? { ...insn, goto: moved[insn.goto] ?? count } : insn));
}

function jumps(insn: Insn): boolean {
  return insn.op === Op.jump || isBranch(insn.op);
}

/** Where a jump to instruction i ends up, through the jumps that stand there. */
function destination(code: readonly Insn[], i: number): number {
  const seen = new Set<number>();
  let at = i;
  for (;;) {
    const insn = code[at];
    // an endless loop of jumps is left as it is; `endlessPrivateLoop` refuses it
    if (insn === undefined || insn.op !== Op.jump || seen.has(at)) return at;
    seen.add(at);
    at = insn.goto;
  }
}

/** Threads jumps to jumps, drops jumps to the next instruction and what cannot be reached. */
export function tidy<I extends Insn>(code: readonly I[]): I[] {
  const threaded = code.map((insn) => (jumps(insn) ? { ...insn, goto: destination(code, insn.goto) } : insn));
  const seen = reachable(threaded, [0]);
  const live = keepOnly(threaded, (_, i) => seen[i] === true);
  return keepOnly(live, (insn, i) => !(insn.op === Op.jump && insn.goto === i + 1));
}

/**
 * First instruction of a loop that is never left and has no observable step in it, or undefined. A private loop that can
 * end is the author's business: the core reports one that runs away.
 */
export function endlessPrivateLoop(code: readonly Insn[], observable: (insn: Insn) => boolean): Insn | undefined {
  const seen = reachable(code, [0]);
  return code.find((_, i) => {
    if (!seen[i]) return false;
    const onward = reachable(code, successors(code, i));
    return onward[i] === true && code.every((insn, j) => !onward[j] || (!observable(insn) && !isFinal(insn.op)));
  });
}
