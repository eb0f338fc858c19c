/** How often things happened that are told by moves only: interrupts of other devices, CPUs going offline. */
import { microsecondsBetween } from './ftrace.js';
import type { Move } from './moves.js';
import type { Part } from './parts.js';
import type { Gap, Traffic } from './traffic.js';

export interface Interval {
  readonly us: number;
  readonly lines: readonly number[];
}

/** From one move inside of an interrupt of this irq to the next: at those moments at least it raised. */
export function requestedGaps(parts: readonly Part[], irq: number): readonly Interval[] {
  return parts.flatMap(({ moves }) => {
    const own = moves.filter((move) => move.irq === irq && move.cause.kind === 'requested');
    return own.slice(1).map((move, i) => between(own[i] as Move, move));
  });
}

/** From one CPU's offline to the next one's, the first pair of the trace. */
export function offlineInterval(parts: readonly Part[]): Interval | undefined {
  for (const { moves } of parts) {
    const dying = moves.filter(({ cause }) => cause.kind === 'offline');
    const next = dying.findIndex((move, i) => i > 0 && move.cpu !== dying[i - 1]?.cpu);
    const [before, after] = [dying[next - 1], dying[next]];
    if (before !== undefined && after !== undefined) return between(before, after);
  }
  return undefined;
}

/**
 * How long to wait behind an affinity write so that an interrupt comes and the move takes effect: the longest traced gap. Without such
 * an interrupt between the writes of a loop, the irq could not be on the CPU that goes offline next.
 */
export function settlingInterval({ gaps }: Traffic, irq: number | undefined, parts: readonly Part[]): Interval | undefined {
  const forced = parts.flatMap(({ moves }) => moves).find((move) => move.irq === irq && move.cause.kind === 'offline');
  const longest = gaps.reduce<Gap | undefined>((most, gap) => (most === undefined || gap.us > most.us ? gap : most), undefined);
  if (forced === undefined || longest === undefined) return undefined;
  return { us: longest.us, lines: [longest.from.line, longest.to.line, ...forced.lines.slice(-1)].toSorted((a, b) => a - b) };
}

function between(from: Move, to: Move): Interval {
  return { us: microsecondsBetween(from.at, to.at), lines: [...from.lines.slice(-1), ...to.lines.slice(-1)] };
}
