/** What a run came to, as data: it crosses threads, and is a line of a file. */
import type { Bucket } from '../machine/index.js';
import type { RunResult } from './timed.js';

/** The figures of one run; what they count stands with `RunResult`. */
export interface RunFigures extends Pick<
  RunResult,
  | 'seed'
  | 'sent'
  | 'handled'
  | 'lost'
  | 'owed'
  | 'strays'
  | 'dropped'
  | 'ipis'
  | 'microOps'
  | 'moves'
  | 'retriggers'
  | 'swallowed'
  | 'foreign'
  | 'leaked'
  | 'digest'
> {
  readonly verdict: 'passed' | 'failed';
  /** properties that failed, `noLoss` and so on */
  readonly failed: readonly string[];
  /** simulated; below 2^53 */
  readonly cycles: number;
  /** events behind the deadline, if there is one */
  readonly late?: number;
  /** raise to handler entry, cycles */
  readonly latencies: readonly Bucket[];
}

/** Throws if the run was interrupted: that is nothing to count. */
export function figuresOf({ system: _, latency: __, seconds: ___, deadline, cycles, verdict, ...rest }: RunResult): RunFigures {
  if (verdict === 'interrupted') throw new Error('a run that was interrupted has no figures');
  return { ...rest, verdict, cycles: Number(cycles), ...(deadline !== undefined && { late: deadline.late.count }) };
}
