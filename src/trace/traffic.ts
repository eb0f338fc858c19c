/** How often the traced handler ran, and whether it ever did again. */
import { microsecondsBetween } from './ftrace.js';
import type { HandlerRun, Move } from './moves.js';
import type { Part } from './parts.js';

export interface Gap {
  readonly us: number;
  readonly from: HandlerRun;
  readonly to: HandlerRun;
}

export interface Traffic {
  /** From one run of the handler to the next, in the order of the trace. */
  readonly gaps: readonly Gap[];
  /**
   * Gaps in which the irq left a dying CPU. They hold the stop of all CPUs, not only the device's own pace, so nobody should draw from
   * them. A move that was asked for happens inside of an interrupt and costs some 20 us of it; such gaps count.
   */
  readonly spanning: readonly Gap[];
}

export function trafficOf(parts: readonly Part[], irq: number | undefined): Traffic {
  const all = parts.flatMap(({ runs, moves }) =>
    runs.slice(1).map((to, i) => {
      const from = runs[i] as HandlerRun;
      const moved = moves.some(
        ({ irq: other, cause, lines: [first = 0] }) => other === irq && cause.kind !== 'requested' && first > from.line && first < to.line,
      );
      return { gap: { us: microsecondsBetween(from.at, to.at), from, to }, moved };
    }),
  );
  return { gaps: all.flatMap(({ gap, moved }) => (moved ? [] : [gap])), spanning: all.flatMap(({ gap, moved }) => (moved ? [gap] : [])) };
}

/** An end of all interrupts that the trace shows. */
export interface Silence {
  readonly part: Part;
  readonly last: HandlerRun;
  /** How long the part goes on without another. */
  readonly us: number;
  /** First move of the irq after its last interrupt; absent if there is none. */
  readonly move?: Move;
  /** The silence is so long that the irq must be dead. */
  readonly dead: boolean;
}

/** A device that was heard at least every so often, and then not for this many times as long, is dead. */
const DEAD_FACTOR = 10;
/** Shorter silences are no evidence, however lively the device was. */
const DEAD_US = 100_000;

export function silencesOf(parts: readonly Part[], irq: number | undefined, { gaps, spanning }: Traffic): readonly Silence[] {
  const longest = [...gaps, ...spanning].reduce((most, { us }) => Math.max(most, us), 0);
  return parts.flatMap((part) => {
    const last = part.runs.at(-1);
    if (last === undefined) return [];
    const us = microsecondsBetween(last.at, part.end);
    const move = part.moves.find((candidate) => candidate.irq === irq && (candidate.lines.at(-1) ?? 0) > last.line);
    const dead = move !== undefined && us >= DEAD_US && us > longest * DEAD_FACTOR;
    return [{ part, last, us, dead, ...(move === undefined ? {} : { move }) }];
  });
}
