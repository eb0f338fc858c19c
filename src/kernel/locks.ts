/** Which locks are held before each instruction, on every path to it. */
import { Op } from '../../assembly/state/abi/instructions.js';
import { AssemblyError } from './errors.js';
import { successors } from './flow/graph.js';
import { written, type Arg, type Insn, type RoutineBody } from './ir.js';
import type { Codes } from './rules.js';
import { Reg, SELF } from './values.js';
import type { AnyVariable } from './variables.js';

/**
 * Index a lock is held with; `any`: declared in `holds`, so every index counts; `unknown`: not known here, so none counts;
 * `changed`: its register was set since.
 */
export type HeldIndex = Arg | 'any' | 'unknown' | 'changed';

/** Held locks by slot. */
export type Held = ReadonlyMap<number, HeldIndex>;

/** What a call does to the locks of its caller. */
interface Effect {
  readonly takes: ReadonlySet<number>;
  readonly releases: ReadonlySet<number>;
}

/** The same index: the same register, or registers made for the same number. */
export function sameIndex(a: HeldIndex, b: HeldIndex): boolean {
  if (a === b) return a !== 'changed' && a !== 'unknown';
  return a instanceof Reg && b instanceof Reg && a.constant !== undefined && a.constant === b.constant;
}

function meet(a: Held | undefined, b: Held): Held {
  if (a === undefined) return b;
  const both = new Map<number, HeldIndex>();
  for (const [slot, index] of a) {
    const other = b.get(slot);
    if (other !== undefined) both.set(slot, sameIndex(index, other) || index === other ? index : 'unknown');
  }
  return both;
}

function step(insn: Insn, before: Held, effects: ReadonlyMap<RoutineBody, Effect>): Held {
  const slot = insn.variable?.slot ?? -1;
  const after = new Map(before);
  const target = written(insn, insn.routine?.result);
  for (const [held, index] of before) if (target && index === target) after.set(held, 'changed');
  if (insn.op === Op.lock) after.set(slot, insn.b);
  if (insn.op === Op.unlock) after.delete(slot);
  const effect = insn.op === Op.call && insn.routine ? effects.get(insn.routine) : undefined;
  for (const released of effect?.releases ?? []) after.delete(released);
  for (const taken of effect?.takes ?? []) after.set(taken, 'unknown');
  return after;
}

function flow(code: readonly Insn[], start: Held, effects: ReadonlyMap<RoutineBody, Effect>): (Held | undefined)[] {
  const before = code.map((): Held | undefined => undefined);
  before[0] = start;
  const work = [0];
  for (let i = work.pop(); i !== undefined; i = work.pop()) {
    const insn = code[i];
    const into = before[i];
    if (!insn || !into) continue;
    const out = step(insn, into, effects);
    for (const next of successors(code, i)) {
      const merged = meet(before[next], out);
      const old = before[next];
      if (old && old.size === merged.size && [...merged].every(([slot, index]) => old.get(slot) === index)) continue;
      before[next] = merged;
      work.push(next);
    }
  }
  return before;
}

export interface LockState {
  /** locks held before each instruction of a routine, undefined where it cannot be reached */
  readonly held: ReadonlyMap<RoutineBody, readonly (Held | undefined)[]>;
  /** the same for a routine that is called with these locks held */
  heldIn(routine: RoutineBody, start: Held): readonly (Held | undefined)[];
}

/**
 * Follows the locks through all routines: what calls do to them bottom up, then what callers hold top down. A routine
 * holds what all its callers hold, and what it declares in `holds`. Refuses a call that does not hold what is declared.
 * `declared` false: what is declared counts for nothing, so that every index is one that callers are seen to pass.
 */
export function followLocks(codes: Codes, order: readonly RoutineBody[], roots: ReadonlySet<RoutineBody>, declared = true): LockState {
  const effects = new Map<RoutineBody, Effect>();
  for (const routine of order) {
    const code = codes.get(routine) ?? [];
    effects.set(routine, effectOf(code, flow(code, new Map(), effects), effects));
  }
  const held = new Map<RoutineBody, readonly (Held | undefined)[]>();
  const inherited = new Map<RoutineBody, Held>();
  for (const routine of order.toReversed()) {
    const code = codes.get(routine) ?? [];
    const start = new Map<number, HeldIndex>(roots.has(routine) ? [] : inherited.get(routine));
    if (declared) for (const lock of routine.holds) start.set(lock.slot, 'any');
    const before = flow(code, start, effects);
    held.set(routine, before);
    code.forEach((insn, i) => {
      const here = before[i];
      if (insn.op === Op.unlock && here?.get(insn.variable?.slot ?? -1) === 'changed') {
        throw new AssemblyError(
          `routine ${routine.name} unlocks ${insn.variable?.name} at line ${insn.line} with a register that was set since the lock was taken; keep its index`,
        );
      }
      if (insn.op !== Op.call || !insn.routine || !here) return;
      const missing = insn.routine.holds.find((lock) => !here.has(lock.slot));
      if (missing && declared) {
        throw new AssemblyError(
          `routine ${routine.name} calls ${insn.routine.name} at line ${insn.line} without holding ${missing.name}; take the lock before, or declare it in the holds of ${routine.name}`,
        );
      }
      inherited.set(insn.routine, meet(inherited.get(insn.routine), passedOn(here, insn, insn.routine)));
    });
  }
  return { held, heldIn: (routine, start) => flow(codes.get(routine) ?? [], start, effects) };
}

/** The held locks as the routine that is called sees them: their indexes as its parameters. */
export function passedOn(held: Held, { passes }: Insn, { params }: RoutineBody): Held {
  return new Map(
    [...held].map(([slot, index]): [number, HeldIndex] => {
      if (!(index instanceof Reg) || index === SELF) return [slot, index];
      const n = passes.findIndex((reg) => reg !== undefined && sameIndex(reg, index));
      return [slot, params[n] ?? 'unknown'];
    }),
  );
}

function effectOf(code: readonly Insn[], before: readonly (Held | undefined)[], effects: ReadonlyMap<RoutineBody, Effect>): Effect {
  const releases = new Set<number>();
  let takes: Set<number> | undefined;
  code.forEach((insn, i) => {
    const into = before[i];
    if (!into) return;
    if (insn.op === Op.unlock && insn.variable) releases.add(insn.variable.slot);
    if (insn.op === Op.call && insn.routine) for (const slot of effects.get(insn.routine)?.releases ?? []) releases.add(slot);
    if (insn.op !== Op.ret) return;
    const atExit = new Set(into.keys());
    takes = takes ? new Set([...takes].filter((slot) => atExit.has(slot))) : atExit;
  });
  return { takes: takes ?? new Set(), releases };
}

/** Whether the lock that protects a variable is held, with the index of the element that is touched. */
export function isProtected(variable: AnyVariable, index: readonly HeldIndex[], held: Held): boolean {
  const lock = variable.protectedBy;
  const heldIndex = lock && held.get(lock.slot);
  if (!lock || heldIndex === undefined || variable.dma) return false;
  const dim = lock.dims[0];
  const position = dim === undefined ? -1 : variable.dims.indexOf(dim);
  if (position < 0 || heldIndex === 'any') return true;
  const touched = index[position] ?? 'unknown';
  return sameIndex(heldIndex, touched);
}
