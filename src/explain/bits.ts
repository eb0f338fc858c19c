/** Words as their fields. */
import type { ExplainedField } from './explained.js';

/** A field of a word: bits hi to lo. `say` gets it as a number, and the whole word for what depends on other bits. */
export interface BitField {
  readonly name: string;
  readonly hi: number;
  readonly lo: number;
  readonly say: string | ((value: number, word: bigint) => string);
  /** zeros that belong below it, as of an address: the value is shown with them */
  readonly below?: number;
}

/** Bits hi to lo of a word. */
export function slice(word: bigint, hi: number, lo: number): bigint {
  return (word >> BigInt(lo)) & ((1n << BigInt(hi - lo + 1)) - 1n);
}

/** The same as a number; of at most 52 bits. */
export function bits(word: bigint, hi: number, lo = hi): number {
  return Number(slice(word, hi, lo));
}

export function hexOf(value: bigint | number, digits = 1): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}

/** What a flag says, for 0 and for 1. */
export function flag(off: string, on: string): (value: number) => string {
  return (value) => (value === 0 ? off : on);
}

/** What a small number says. */
export function oneOf(...texts: readonly string[]): (value: number) => string {
  return (value) => texts[value] ?? 'reserved';
}

const placeOf = (hi: number, lo: number): string => (hi === lo ? String(hi) : `${hi}:${lo}`);

function field(word: bigint, { name, hi, lo, say, below = 0 }: BitField): ExplainedField {
  const value = slice(word, hi, lo);
  const width = hi - lo + 1;
  return {
    name,
    bits: placeOf(hi, lo),
    value: width <= 3 ? value.toString() : hexOf(value << BigInt(below), Math.ceil((width + below) / 4)),
    text: typeof say === 'string' ? say : say(Number(value), word),
  };
}

/** Bits that must be 0, as pairs of the highest and the lowest. */
export type Reserved = readonly (readonly [hi: number, lo: number])[];

/** Reserved bits that are set. */
function reservedFields(word: bigint, reserved: Reserved): ExplainedField[] {
  const set = reserved.filter(([hi, lo]) => slice(word, hi, lo) !== 0n);
  if (set.length > 0) return set.map(([hi, lo]) => field(word, { name: 'reserved', hi, lo, say: 'must be 0' }));
  return [{ name: 'reserved', bits: '', value: '0', text: reserved.map(([hi, lo]) => placeOf(hi, lo)).join(', ') }];
}

export function hasReserved(word: bigint, reserved: Reserved): boolean {
  return reserved.some(([hi, lo]) => slice(word, hi, lo) !== 0n);
}

/** Every field of a word, and whether reserved bits are set. */
export function fieldsOf(word: bigint, layout: readonly BitField[], reserved: Reserved = []): ExplainedField[] {
  return [...layout.map((each) => field(word, each)), ...(reserved.length === 0 ? [] : reservedFields(word, reserved))];
}
