/** What a run came to, as data: it crosses threads, and is a line of a file. */
import type { Bucket } from '../machine/index.js';
import type { Measured, Outcome } from './outcome.js';
import type { InjectedCounts } from './driver.js';

/** What is counted, in the order in which it is told. */
export const COUNTED = [
  'sent',
  'handled',
  'lost',
  'owed',
  'strays',
  'dropped',
  'ipis',
  'microOps',
  'moves',
  'retriggers',
  'swallowed',
  'foreign',
  'leaked',
  'joined',
] as const satisfies readonly (keyof Outcome)[];

/** The counters of a run; what they count stands with `Outcome`. */
export type Counts = Readonly<Record<(typeof COUNTED)[number], number>>;

/** The figures of one run. */
export interface RunFigures extends Counts {
  readonly seed: number;
  /** properties that failed, `noLoss` and so on; none: the run has passed */
  readonly failed: readonly string[];
  /** what of the machine that concerns: the source that was lost, and what took its event away; '' where nothing is to be said */
  readonly where: string;
  /** operations that were injected: by events of the scenario, and by policies */
  readonly injected: InjectedCounts;
  /** simulated */
  readonly cycles: number;
  /** events behind the deadline, if there is one */
  readonly late?: number;
  /** digest over the stream of events */
  readonly digest: string;
  /** raise to handler entry, cycles: the buckets that are not empty */
  readonly latencies: readonly Bucket[];
  /** what else was measured, if it was asked for */
  readonly measured?: Measured;
}

/** One of each counter. */
export function countsOf(count: (which: keyof Counts) => number): Counts {
  return Object.fromEntries(COUNTED.map((which) => [which, count(which)])) as unknown as Counts;
}

export function figuresOf(result: Outcome): RunFigures {
  const { seed, failed, where, injected, cycles, deadline, digest, latencies, measured } = result;
  return {
    seed,
    failed,
    where,
    ...countsOf((which) => result[which]),
    injected,
    cycles: Number(cycles),
    ...(deadline !== undefined && { late: deadline.late.count }),
    digest,
    latencies,
    ...(measured && { measured }),
  };
}
