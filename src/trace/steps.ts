/** How long the steps of a move took, where they were printed one by one (linux.md H8). */
import { CYCLES_PER_US } from '../scenario/index.js';
import { microsecondsBetween } from './ftrace.js';
import type { Moment, Move } from './moves.js';

export interface Step {
  readonly name: string;
  /** One value a move, ascending. */
  readonly us: readonly number[];
  readonly lines: readonly number[];
}

interface Steps {
  /** Absent: nothing of the kind was printed. */
  readonly written?: Step;
  /** All, in the order of a move. */
  readonly all: readonly Step[];
}

export function stepsOf(moves: readonly Move[]): Steps {
  const written = step('redirect to final write', moves, (move) => move.redirected, final);
  const all = [
    step('allocation to direct write', moves, (move) => (move.steps === 'direct' ? move.allocated : undefined), final),
    step(
      'allocation to redirect',
      moves,
      (move) => move.allocated,
      (move) => move.redirected,
    ),
    written,
    step(
      'final write to IRR check',
      moves,
      (move) => move.checked && final(move),
      (move) => move.checked,
    ),
    step(
      'IRR check to retrigger',
      moves,
      (move) => move.checked,
      (move) => move.retriggered,
    ),
  ];
  const found = all.filter(({ us }) => us.length > 0);
  return { all: found, ...(written.us.length > 0 ? { written } : {}) };
}

function final(move: Move): Moment {
  return { at: move.at, line: finalLine(move) };
}

/** A move's lines end with the final write, the IRR check (two-step only), and a retrigger if there was one. */
function finalLine({ lines, checked, retriggered }: Move): number {
  const after = [checked?.line, retriggered?.line];
  return lines.findLast((line) => !after.includes(line)) ?? 0;
}

type Pick = (move: Move) => Moment | undefined;

function step(name: string, moves: readonly Move[], from: Pick, to: Pick): Step {
  const found = moves.flatMap((move) => {
    const [begin, end] = [from(move), to(move)];
    return begin === undefined || end === undefined ? [] : [{ us: microsecondsBetween(begin.at, end.at), lines: [begin.line, end.line] }];
  });
  return {
    name,
    us: found.map(({ us }) => us).toSorted((a, b) => a - b),
    lines: [...new Set(found.flatMap(({ lines }) => lines))].toSorted((a, b) => a - b),
  };
}

/**
 * A plain MSI message with a 64-bit address takes five config accesses (linux.md 2.5: w0 to w4), one read and four writes, and between
 * "redirect" and "final" lies exactly one message. Prints included, so this is an upper bound.
 */
const ACCESSES_PER_MESSAGE = 5;

/** Cost of one config access in cycles, from the time that one message took. */
export function configAccess({ us }: Step): { readonly min: number; readonly default: number; readonly max: number } {
  return { min: accessCycles(us[0] ?? 0), default: accessCycles(us[Math.floor(us.length / 2)] ?? 0), max: accessCycles(us.at(-1) ?? 0) };
}

function accessCycles(us: number): number {
  return Math.round((us * CYCLES_PER_US) / ACCESSES_PER_MESSAGE);
}
