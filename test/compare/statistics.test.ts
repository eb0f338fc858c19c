/** What is said of differences: against values that are known, and against worlds in which the truth is. */
import { describe, expect, test } from 'vitest';
import {
  alphaOfLook,
  binomialAtMost,
  firstLook,
  median,
  medianDifference,
  shareDifference,
  shareInterval,
} from '../../src/compare/statistics.js';

/** Numbers from 0 to 1, the same in every run (mulberry32). */
function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('known values', () => {
  test('the binomial distribution', () => {
    expect(binomialAtMost(2, 10, 0.5)).toBeCloseTo(56 / 1024, 12);
    expect(binomialAtMost(0, 64, 0.5)).toBeCloseTo(2 ** -64, 30);
    expect(binomialAtMost(-1, 4, 0.3)).toBe(0);
    expect(binomialAtMost(4, 4, 0.3)).toBe(1);
  });

  test('a share: the intervals of Clopper and Pearson', () => {
    expect(shareInterval(0, 10, 0.05)).toMatchObject({ low: 0 });
    expect(shareInterval(0, 10, 0.05).high).toBeCloseTo(0.3085, 4);
    expect(shareInterval(5, 10, 0.05).low).toBeCloseTo(0.1871, 4);
    expect(shareInterval(5, 10, 0.05).high).toBeCloseTo(0.8129, 4);
    expect(shareInterval(10, 10, 0.05).high).toBe(1);
  });

  test('a median: of ten values the second and the ninth, of twenty the sixth and the fifteenth', () => {
    const values = (n: number): number[] => Array.from({ length: n }, (_, i) => ((i * 7) % n) + 1);
    expect(medianDifference(values(10), 0.05)).toEqual({ low: 2, high: 9, sign: 1 });
    expect(medianDifference(values(20), 0.05)).toEqual({ low: 6, high: 15, sign: 1 });
    expect(median(values(20))).toBe(10.5);
    // 2 * 2^-5 is more than 0.05
    expect(medianDifference(values(5), 0.05)).toEqual({ low: -Infinity, high: Infinity, sign: 0 });
  });

  test('pairs that differ one way only show a sign as soon as they may', () => {
    expect(shareDifference(16, 0, 64, 0.001).sign).toBe(1);
    expect(shareDifference(0, 16, 64, 0.001).sign).toBe(-1);
    expect(shareDifference(9, 7, 64, 0.001).sign).toBe(0);
    expect(shareDifference(0, 0, 64, 0.05)).toMatchObject({ sign: 0 });
  });

  test('looks: however many, the parts of the error are less than the whole; the first can show something', () => {
    const parts = Array.from({ length: 30 }, (_, i) => alphaOfLook(0.05, i + 1));
    expect(parts.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(0.05);
    for (const alpha of [0.5, 0.05, 1e-3, 1e-5]) {
      const all = Array.from({ length: firstLook(alpha) }, () => 1);
      expect(medianDifference(all, alphaOfLook(alpha, 1)).sign).toBe(1);
      expect(medianDifference(all.slice(0, all.length / 2), alphaOfLook(alpha, 1)).sign).toBe(0);
    }
  });
});

describe('simulated worlds, looked at again and again', () => {
  const alpha = 0.2;
  const looks = [16, 32, 64, 128];
  const trials = 700;

  /** The share of trials in which some look says something that is not so. */
  function wrong(draw: (next: () => number) => number, truth: number, part: (look: number) => number): number {
    const next = random(42);
    let count = 0;
    for (let trial = 0; trial < trials; trial++) {
      const values = Array.from({ length: 128 }, () => draw(next));
      const missed = looks.some((n, i) => {
        const { low, high } = medianDifference(values.slice(0, n), part(i + 1));
        return low > truth || high < truth;
      });
      if (missed) count++;
    }
    return count / trials;
  }

  /** Heavy to the right, with a median of 3. */
  const skewed = (next: () => number): number => 2 + Math.exp(2 * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()));

  test('the median of a skewed distribution: wrong no more often than it may be', () => {
    // three standard errors above the bound
    expect(wrong(skewed, 3, (look) => alphaOfLook(alpha, look))).toBeLessThan(alpha + 3 * Math.sqrt((alpha * (1 - alpha)) / trials));
  });

  test('without dividing the error among the looks it would be wrong too often', () => {
    expect(wrong(skewed, 3, () => alpha)).toBeGreaterThan(alpha + 3 * Math.sqrt((alpha * (1 - alpha)) / trials));
  });

  test('a difference that is there is shown', () => {
    // the bounds exclude 2.5 in nearly all trials, and the sign is never doubted
    expect(
      wrong(
        (next) => skewed(next) - 3 + 2,
        0,
        (look) => alphaOfLook(alpha, look),
      ),
    ).toBeGreaterThan(0.95);
  });

  test.each([
    [0.02, 0.02],
    [0.3, 0.1],
    [0, 0.4],
  ])('more of something in %d of the pairs, fewer in %d', (p, q) => {
    const next = random(7);
    let [outside, opposite] = [0, 0];
    for (let trial = 0; trial < 400; trial++) {
      let [more, fewer] = [0, 0];
      for (let i = 0; i < 48; i++) {
        const u = next();
        if (u < p) more++;
        else if (u < p + q) fewer++;
      }
      const { low, high, sign } = shareDifference(more, fewer, 48, alpha);
      if (low > p - q || high < p - q) outside++;
      if (sign !== 0 && sign !== Math.sign(p - q)) opposite++;
    }
    expect(outside / 400).toBeLessThan(alpha);
    expect(opposite / 400).toBeLessThan(alpha / 2 + 0.03);
  });
});
