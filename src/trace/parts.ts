/**
 * A posted trace often holds several pieces, of several boots, with lines left out between them. Here it is cut where it cannot be one
 * piece; times are compared within a part only.
 */
import { microsecondsBetween } from './ftrace.js';
import type { HandlerRun, Happening, Move } from './moves.js';
import { apicIdOf, type Topology } from './topology.js';

export interface Part {
  readonly happenings: readonly Happening[];
  /** Entries of the traced handler. */
  readonly runs: readonly HandlerRun[];
  /** Of all irqs. */
  readonly moves: readonly Move[];
  readonly firstLine: number;
  readonly lastLine: number;
  readonly end: bigint;
}

/** Clocks of two CPUs may disagree by a little; more means another piece. */
const DISORDER_US = 1000;

/** The irq whose driver's handler is traced, if the moves tell. */
export function tracedIrq(happenings: readonly Happening[], topology: Topology): number | undefined {
  const irqs = [...new Set(happenings.flatMap((happening) => (happening.kind === 'move' ? [happening.move.irq] : [])))].toSorted(
    (a, b) => a - b,
  );
  const scores = irqs.map((irq) => ({ irq, score: fitting(happenings, irq, topology) }));
  const best = scores.reduce<{ irq: number; score: number } | undefined>(
    (top, one) => (one.score > (top?.score ?? 0) ? one : top),
    undefined,
  );
  return best?.irq;
}

/** How many entries of the handler are at a CPU that the irq has just been moved to, or is next moved away from. */
function fitting(happenings: readonly Happening[], irq: number, topology: Topology): number {
  let target: number | undefined;
  let waiting: number[] = [];
  let score = 0;
  for (const happening of happenings) {
    if (happening.kind === 'handler') {
      const { apicId } = apicIdOf(topology, happening.cpu);
      if (apicId === target) score += 1;
      else waiting.push(apicId);
    } else if (happening.kind === 'move' && happening.move.irq === irq) {
      score += waiting.filter((apicId) => apicId === happening.move.oldApicId).length;
      waiting = [];
      target = happening.move.apicId;
    }
  }
  return score;
}

/** Cuts where time goes backwards, and where an interrupt is at a CPU that it was moved away from. */
export function partsOf(happenings: readonly Happening[], topology: Topology, traced: number | undefined): readonly Part[] {
  const cuts: number[] = [0];
  /** Last move of each irq in this part, and whether the interrupt that carried it is still to be handled. */
  let last = new Map<number, { move: Move; carried: boolean }>();
  for (const [index, happening] of happenings.entries()) {
    const before = happenings[index - 1];
    const backwards = before !== undefined && microsecondsBetween(happening.at, before.at) > DISORDER_US;
    if (backwards || contradicts(happening, last, topology, traced)) {
      cuts.push(backwards ? index : entryBefore(happenings, index));
      last = new Map();
    }
    if (happening.kind === 'move')
      last.set(happening.move.irq, { move: happening.move, carried: happening.move.cause.kind === 'requested' });
    const carried = traced === undefined || happening.kind !== 'handler' ? undefined : last.get(traced);
    if (carried !== undefined) carried.carried = false;
  }
  return cuts.flatMap((from, i) => partOf(happenings.slice(from, cuts[i + 1])) ?? []);
}

function contradicts(
  happening: Happening,
  last: ReadonlyMap<number, { move: Move; carried: boolean }>,
  topology: Topology,
  traced: number | undefined,
): boolean {
  if (happening.kind === 'move') {
    const earlier = last.get(happening.move.irq);
    return earlier !== undefined && earlier.move.apicId !== happening.move.oldApicId;
  }
  const earlier = happening.kind === 'handler' && traced !== undefined ? last.get(traced) : undefined;
  if (earlier === undefined) return false;
  // A move that was asked for happens inside of an interrupt, whose handler then runs on the old CPU still.
  if (earlier.carried && earlier.move.cpu === happening.cpu) return false;
  const { apicId, how } = apicIdOf(topology, happening.cpu);
  return how !== 'assumed' && apicId !== earlier.move.apicId;
}

/** Lines right before, on the same CPU, that tell of the entry into the same interrupt or of the same move. */
function entryBefore(happenings: readonly Happening[], index: number): number {
  const { cpu, at } = happenings[index] as Happening;
  let first = index;
  for (;;) {
    const before = happenings[first - 1];
    if (before?.kind !== 'other' || before.cpu !== cpu || Math.abs(microsecondsBetween(before.at, at)) > DISORDER_US) return first;
    first -= 1;
  }
}

function partOf(happenings: readonly Happening[]): Part | undefined {
  const [first] = happenings;
  const final = happenings.at(-1);
  if (first === undefined || final === undefined) return undefined;
  return {
    happenings,
    runs: happenings.flatMap((happening) => (happening.kind === 'handler' ? [happening.run] : [])),
    moves: happenings.flatMap((happening) => (happening.kind === 'move' ? [happening.move] : [])),
    firstLine: first.line,
    lastLine: final.kind === 'move' ? (final.move.lines.at(-1) ?? final.line) : final.line,
    end: final.at,
  };
}
