/** The vectors of a universe: those that devices may get on each CPU (linux.md 2.2). */
import { isLegacyVector } from '../kernel/model/index.js';
import { FIRST_VECTOR } from './scenario.js';

/** Up to so many are side by side, whatever their numbers: a check needs few, and no more. */
const PLAIN = 16;
/** Behind the last that any kernel gives to a device. */
const END = 0xeb;

const all = Array.from({ length: END - FIRST_VECTOR }, (_, n) => FIRST_VECTOR + n);
const devices = all.filter((vector) => !isLegacyVector(vector));

/** How many a device can get: without those of the ISA and of int 0x80. */
export const MOST_VECTORS = devices.length;

/** So many vectors, in ascending order. */
export function vectorsOf(count: number): readonly number[] {
  return (count > PLAIN ? devices : all).slice(0, count);
}

/** The same as a range: lo <= v < hi. Which of them are devices' is the kernel's to know. */
export function universeOf(count: number): { readonly lo: number; readonly hi: number } {
  return { lo: FIRST_VECTOR, hi: (vectorsOf(count).at(-1) ?? FIRST_VECTOR) + 1 };
}
