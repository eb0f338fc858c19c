/**
 * What may be said of paired runs: the same seed with two strategies, one difference a pair.
 *
 * Nothing is taken for granted about how differences are distributed: latencies have heavy tails, and a mean with its standard error says
 * little of them. An amount is compared by the median of its differences, with the interval of the order statistics (the sign test turned
 * around), which is exact for any distribution. Counts that should be 0, and mostly are, are compared by how often one run of a pair has
 * more of them than the other.
 */

/** P(X <= k) of a binomial distribution with n trials of probability p. */
export function binomialAtMost(k: number, n: number, p: number): number {
  if (k < 0) return 0;
  if (k >= n || p <= 0) return 1;
  if (p >= 1) return 0;
  let sum = 0;
  let log = n * Math.log1p(-p);
  for (let i = 0; i <= k; i++) {
    sum += Math.exp(log);
    log += Math.log((n - i) / (i + 1)) + Math.log(p) - Math.log1p(-p);
  }
  return Math.min(1, sum);
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** An interval of a difference, and the sign that it has been shown to have; 0: none. */
export interface Difference extends Interval {
  readonly sign: -1 | 0 | 1;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = 0, high = 0] = sorted.length % 2 === 1 ? [sorted[middle], sorted[middle]] : [sorted[middle - 1], sorted[middle]];
  return (low + high) / 2;
}

/** Of the median of a distribution, wrong with a probability of `alpha` at most. Any number where there are too few values for that. */
export function medianDifference(values: readonly number[], alpha: number): Difference {
  const n = values.length;
  let rank = 0;
  while (rank < n >> 1 && 2 * binomialAtMost(rank, n, 0.5) <= alpha) rank++;
  if (rank === 0) return { low: -Infinity, high: Infinity, sign: 0 };
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[rank - 1] ?? 0, sorted[n - rank] ?? 0];
  return { low, high, sign: low > 0 ? 1 : high < 0 ? -1 : 0 };
}

/** The p for which `tail`, which falls, is `alpha`. */
function solve(tail: (p: number) => number, alpha: number): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (tail(middle) > alpha) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Of a share, k of n seen (Clopper and Pearson). */
export function shareInterval(k: number, n: number, alpha: number): Interval {
  return {
    low: k === 0 ? 0 : 1 - solve((q) => 1 - binomialAtMost(k - 1, n, 1 - q), alpha / 2),
    high: k === n ? 1 : solve((p) => binomialAtMost(k, n, p), alpha / 2),
  };
}

/**
 * Of n pairs `more` have more of something with the one, `fewer` with the other: by how much the first is the more probable.
 * Half of `alpha` is for its size (two intervals of shares), half for its sign (the exact sign test on the pairs that differ).
 */
export function shareDifference(more: number, fewer: number, n: number, alpha: number): Difference {
  const a = shareInterval(more, n, alpha / 4);
  const b = shareInterval(fewer, n, alpha / 4);
  const low = a.low - b.high;
  const high = a.high - b.low;
  if (2 * binomialAtMost(Math.min(more, fewer), more + fewer, 0.5) > alpha / 2) return { low, high, sign: low > 0 ? 1 : high < 0 ? -1 : 0 };
  return more > fewer ? { low: Math.max(low, 0), high, sign: 1 } : { low, high: Math.min(high, 0), sign: -1 };
}

/**
 * The share of the error that look number `look`, from 1 on, may use: half, a quarter, an eighth ... However often one looks, and whatever
 * makes one stop, all of them together are wrong with no more than `alpha`.
 */
export function alphaOfLook(alpha: number, look: number): number {
  return alpha / 2 ** look;
}

/** The fewest runs, a power of two, with which the first look can show anything. */
export function firstLook(alpha: number): number {
  let n = 2;
  while (2 * 0.5 ** n > alphaOfLook(alpha, 1)) n *= 2;
  return n;
}
