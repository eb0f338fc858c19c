/**
 * Quantiles of distributions at the points where the core keeps them (`CURVE_POINTS`), as whole numbers. Only the four operations of
 * IEEE 754 are used, which are the same everywhere; what `Math` has for exponentials may differ in its last bit from engine to engine.
 */
import { CURVE_CELLS, CURVE_LEVELS, CURVE_POINTS } from '../core/index.js';

/** Natural logarithm of 1/2 <= x <= 1, by the series of artanh. */
function logOfHalf(x: number): number {
  const t = (x - 1) / (x + 1);
  let power = t;
  let sum = 0;
  for (let n = 1; n < 41; n += 2) {
    sum += power / n;
    power *= t * t;
  }
  return 2 * sum;
}

/** Natural logarithm of mantissa / 2^halvings. */
const log = (mantissa: number, halvings: number): number => logOfHalf(mantissa) - halvings * Math.LN2;

/** The exponential function. */
function exp(x: number): number {
  const halvings = Math.floor(x / Math.LN2);
  const rest = x - halvings * Math.LN2;
  let term = 1;
  let sum = 1;
  for (let n = 1; n < 24; n++) {
    term *= rest / n;
    sum += term;
  }
  return halvings < 0 ? sum / 2 ** -halvings : sum * 2 ** halvings;
}

/** By Newton's method. */
function squareRoot(x: number): number {
  let y = x > 1 ? x : 1;
  for (let i = 0; i < 60; i++) y = (y + x / y) / 2;
  return y;
}

const horner = (coefficients: readonly number[], x: number): number => coefficients.reduce((sum, c) => sum * x + c, 0);

// P. J. Acklam's rational approximation of the standard normal quantile, relative error below 1.2e-9
const A = [-3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2, -3.066479806614716e1, 2.506628277459239];
const B = [-5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1, 1];
const C = [-7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783];
const D = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1];
const TAIL = 0.02425;

/** Standard normal quantile of 1 - rest; `logOfRest` is the logarithm of `rest`. */
function normal(rest: number, logOfRest: number): number {
  if (rest < TAIL) {
    const q = squareRoot(-2 * logOfRest);
    return -horner(C, q) / horner(D, q);
  }
  const p = 1 - rest;
  if (p < TAIL) return -normal(p, logOfSmall(p));
  const q = p - 0.5;
  return (horner(A, q * q) * q) / horner(B, q * q);
}

/** Natural logarithm of 0 < x < 1. */
function logOfSmall(x: number): number {
  let halvings = 0;
  let mantissa = x;
  for (; mantissa < 0.5; halvings++) mantissa *= 2;
  return log(mantissa, halvings);
}

/** What is left up to 1 at each point of a curve: mantissa / 2^level. */
function curve(quantile: (mantissa: number, level: number) => number): readonly number[] {
  const points = Array.from({ length: CURVE_POINTS }, (_, i) => {
    const level = Math.min(Math.floor(i / CURVE_CELLS), CURVE_LEVELS - 1);
    return Math.round(quantile(1 - (i - level * CURVE_CELLS) / (2 * CURVE_CELLS), level));
  });
  return points;
}

/** Quantiles of an exponential distribution. */
export const exponential = (mean: number): readonly number[] => curve((mantissa, level) => -mean * log(mantissa, level));

/** Standard normal quantile of 99 %. */
const Z99 = 2.3263478740408408;

/** Quantiles of a lognormal distribution. */
export function lognormal(median: number, p99: number): readonly number[] {
  const sigma = logRatio(p99 / median) / Z99;
  // the lowest point is 0: logarithms of such are without bound
  return curve((mantissa, level) =>
    mantissa === 1 && level === 0 ? 0 : median * exp(sigma * normal(mantissa / 2 ** level, log(mantissa, level))),
  );
}

/** Natural logarithm of x > 1. */
const logRatio = (x: number): number => -logOfSmall(1 / x);
