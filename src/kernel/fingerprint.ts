/** A stable hash of what a program is. */
import type { AnyVariable } from './variables.js';
import { variableFlags } from './variables.js';

const offset = 0xcbf29ce484222325n;
const prime = 0x100000001b3n;

/**
 * FNV-1a of 64 bits, in hexadecimal, over code, entries and declarations. Not over initial values and widths, which belong
 * to the scenario and the machine, and not over texts.
 */
export function fingerprint(code: Uint32Array, entries: ReadonlyMap<string, number>, variables: readonly AnyVariable[]): string {
  let hash = offset;
  const byte = (value: number): void => {
    hash = BigInt.asUintN(64, (hash ^ BigInt(value)) * prime);
  };
  code.forEach((word, i) => {
    // of the last word of an instruction the flags only: the rest numbers its label
    for (let shift = 0; shift < (i % 4 === 3 ? 8 : 32); shift += 8) byte((word >>> shift) & 0xff);
  });
  const declared = variables.map((v) => [
    v.name,
    v.form,
    v.form === 'value' ? v.kind : v.form === 'mask' ? v.over : '',
    v.dims,
    v.class,
    variableFlags(v),
    v.visible,
    v.local,
    v.protectedBy?.name ?? '',
  ]);
  for (const char of new TextEncoder().encode(JSON.stringify([declared, [...entries]]))) byte(char);
  return hash.toString(16).padStart(16, '0');
}
