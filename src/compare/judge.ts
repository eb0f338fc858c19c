/** What the runs of two strategies say of each other, metric by metric. */
import type { RunFigures } from '../campaign/index.js';
import type { Metric } from './metrics.js';
import { median, medianDifference, shareDifference } from './statistics.js';

/** One metric of one strategy. */
export interface Summary {
  /** runs that say something of it */
  readonly runs: number;
  /** over the runs */
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** of events: all together, and the runs that have any */
  readonly total?: number;
  readonly runsWith?: number;
}

/** A strategy's metric against the baseline's, seed by seed. */
export interface Verdict {
  readonly metric: string;
  /** pairs that say something of it */
  readonly runs: number;
  /** the median of the differences; of events, the share of the pairs with more of them less that with fewer */
  readonly difference: number;
  /** the interval that the difference lies in; infinite where too little is known */
  readonly low: number;
  readonly high: number;
  /** `more`, `less`: shown; `same`: equal in all runs; `none`: no difference is shown */
  readonly shown: 'more' | 'less' | 'same' | 'none';
  /** the interval is as small as was asked for */
  readonly precise: boolean;
}

export function summarise(metric: Metric, runs: readonly RunFigures[]): Summary | undefined {
  const values = runs.flatMap((run) => metric.of(run) ?? []);
  if (values.length === 0) return undefined;
  return {
    runs: values.length,
    median: median(values),
    least: Math.min(...values),
    most: Math.max(...values),
    ...(metric.unit === 'events' && { total: values.reduce((a, b) => a + b, 0), runsWith: values.filter((value) => value > 0).length }),
  };
}

/** The runs of both are in the order of their seeds. `precision`: a share of the baseline's value; of events, of the pairs. */
export function judge(
  metric: Metric,
  baseline: readonly RunFigures[],
  runs: readonly RunFigures[],
  { alpha, precision }: { readonly alpha: number; readonly precision: number },
): Verdict | undefined {
  const pairs = runs.flatMap((run, i) => {
    const other = baseline[i];
    const [a, b] = [other && metric.of(other), metric.of(run)];
    return a === undefined || b === undefined ? [] : [[a, b] as const];
  });
  if (pairs.length === 0) return undefined;
  const n = pairs.length;
  const same = pairs.every(([a, b]) => a === b);
  const events = metric.unit === 'events';
  const more = pairs.filter(([a, b]) => b > a).length;
  const fewer = pairs.filter(([a, b]) => b < a).length;
  const differences = pairs.map(([a, b]) => b - a);
  const { low, high, sign } = events ? shareDifference(more, fewer, n, alpha) : medianDifference(differences, alpha);
  const difference = events ? (more - fewer) / n : median(differences);
  const enough = events ? precision : precision * Math.max(Math.abs(median(pairs.map(([a]) => a))), 4 * Math.abs(difference));
  return {
    metric: metric.id,
    runs: n,
    difference,
    low,
    high,
    shown: sign > 0 ? 'more' : sign < 0 ? 'less' : same ? 'same' : 'none',
    precise: high - low <= 2 * enough,
  };
}
