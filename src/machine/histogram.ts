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

/** The latencies that there were, ascending: upper borders of buckets, and how many there are in each. */
export type Latencies = readonly (readonly [cycles: number, count: number])[];

export function latenciesAt(core: Core, at: number): Latencies {
  const counts = Array.from({ length: BUCKETS }, (_, i) => [bucketTop(i), core.u32(at + i * 4)] as const);
  return counts.filter(([, count]) => count > 0);
}

/** The latency that `share` of them do not exceed; 0 if there are none. */
export function quantile(latencies: Latencies, share: number): number {
  const count = latencies.reduce((sum, [, n]) => sum + n, 0);
  let left = Math.ceil(count * share);
  for (const [cycles, n] of latencies) {
    left -= n;
    if (left <= 0) return cycles;
  }
  return 0;
}

export function percentiles(latencies: Latencies): Percentiles {
  const count = latencies.reduce((sum, [, n]) => sum + n, 0);
  const rank = (share: number): number => quantile(latencies, share);
  return { count, p50: rank(0.5), p99: rank(0.99), p999: rank(0.999), max: rank(1) };
}
