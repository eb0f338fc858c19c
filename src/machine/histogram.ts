import type { Core } from '../core/index.js';

/** Latencies in cycles: the upper border of the bucket, at most 6.25 % too high. */
export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

const BUCKETS = 64 * 16;

/** Largest value of a bucket of the core's log-linear histogram (assembly/record/counters.ts). */
function bucketTop(bucket: number): number {
  if (bucket < 16) return bucket;
  const e = (bucket >>> 4) + 3;
  return (16 + (bucket & 15) + 1) * 2 ** (e - 4) - 1;
}

/** How many values were up to `cycles`, and above those of the entry before. */
export type Bucket = readonly [cycles: number, count: number];

/** The buckets that are not empty, in ascending order. */
export function histogram(core: Core, at: number): Bucket[] {
  return Array.from({ length: BUCKETS }, (_, i): Bucket => [bucketTop(i), core.u32(at + i * 4)]).filter(([, count]) => count > 0);
}

/** What `share` of the values do not exceed, of buckets in ascending order; 0 if there are none. */
export function quantile(buckets: readonly Bucket[], share: number): number {
  const count = buckets.reduce((sum, [, n]) => sum + n, 0);
  let left = Math.ceil(count * share);
  return buckets.find(([, n]) => (left -= n) <= 0)?.[0] ?? 0;
}

/** Of buckets in ascending order. */
export function percentiles(buckets: readonly Bucket[]): Percentiles {
  const count = buckets.reduce((sum, [, n]) => sum + n, 0);
  const rank = (share: number): number => quantile(buckets, share);
  return { count, p50: rank(0.5), p99: rank(0.99), p999: rank(0.999), max: rank(1) };
}
