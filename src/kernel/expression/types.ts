/** What the parts of an expression are: numbers, truths, CPUs, irqs, devices; and how a machine's parts are called. */
import { cpusListed, joined, listed, quote } from '../../words.js';
import type { DeclaredData } from '../variables.js';
import { ExpressionError, type Node, type Over } from './syntax.js';

/** What an expression can name. CPUs, irqs and devices by index, as the user calls them. */
export interface Parts {
  readonly cpus: readonly number[];
  readonly irqs: readonly number[];
  readonly devices: readonly string[];
  /** the universe: lo <= vector < hi */
  readonly vectors: { readonly lo: number; readonly hi: number };
  /** vectors in use besides the universe's */
  readonly systemVectors: readonly number[];
}

/** What an expression is read against. */
export interface Surroundings extends Parts {
  readonly data: DeclaredData;
}

export interface Type {
  readonly kind: 'bool' | 'number' | 'cpu' | 'irq' | 'device';
  /** the value of index 0 */
  readonly from: number;
  /** values with a name of their own */
  readonly names?: Readonly<Record<string, number>>;
  /** known to be smaller */
  readonly below?: number;
}

export const truth: Type = { kind: 'bool', from: 0 };
export const number: Type = { kind: 'number', from: 0 };

const kindWords = { bool: 'true or false', number: 'a number', cpu: 'a CPU', irq: 'an irq', device: 'a device' } as const;

export function kindWord({ kind }: Type): string {
  return kindWords[kind];
}

/** `UNUSED, SHUTDOWN or an irq`: what may stand on the other side of a comparison. */
export function valuesOf(type: Type): string {
  return joined([...Object.keys(type.names ?? {}), kindWord(type)], 'or');
}

export function indexType(over: Over): Type['kind'] {
  return over === 'vector' ? 'number' : over;
}

/** Indexes of a dimension are smaller than this. */
export function extent(over: Over, parts: Parts): number {
  switch (over) {
    case 'cpu':
      return parts.cpus.length;
    case 'irq':
      return parts.irqs.length;
    case 'device':
      return parts.devices.length;
    case 'vector':
      return 256;
  }
}

/** `[cpu 3]`: how an index of a dimension is written. */
export function exampleIndex(over: Over, parts: Parts): string {
  switch (over) {
    case 'cpu':
      return `[cpu ${parts.cpus.at(-1) ?? 0}]`;
    case 'irq':
      return `[irq ${parts.irqs[0] ?? 0}]`;
    case 'device':
      return `[device ${parts.devices[0] ?? 'nic'}]`;
    case 'vector':
      return `[0x${parts.vectors.lo.toString(16)}]`;
  }
}

/** Index of the part that a user calls so. Throws where there is none. */
export function partIndex(kind: 'cpu' | 'irq' | 'device', name: string, { at }: Node, parts: Parts): number {
  const names: readonly (number | string)[] = { cpu: parts.cpus, irq: parts.irqs, device: parts.devices }[kind];
  const index = names.findIndex((known) => String(known) === name);
  if (index >= 0) return index;
  const there = {
    cpu: `CPU ${name} does not exist; the machine has ${cpusListed(parts.cpus)}`,
    irq: `irq ${name} does not exist; the devices have irq ${listed(parts.irqs)}`,
    device: `device ${quote(name)} does not exist; there is ${joined(parts.devices, 'and')}`,
  };
  throw new ExpressionError(at, there[kind]);
}

/** Refuses a vector that no state of a check can hold. `system`: whether those besides the universe may be meant. */
export function refuseVector(vector: number, { at, text }: Node, { vectors: { lo, hi }, systemVectors }: Parts, system: boolean): void {
  if (vector >= lo && vector < hi) return;
  if (system && systemVectors.includes(vector)) return;
  const range = lo + 1 === hi ? `0x${lo.toString(16)}` : `0x${lo.toString(16)} to 0x${(hi - 1).toString(16)}`;
  throw new ExpressionError(at, `vector ${text} is outside of the universe; write ${range}`);
}
