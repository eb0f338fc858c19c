/** Values and conditions: what the builder's methods take and return. */
import type { Kind } from './variables.js';

/** A virtual register: static to its routine, which is why routines cannot be recursive. */
export class Reg<K extends Kind = Kind> {
  readonly kind: K;
  /** how texts call it */
  readonly name: string;
  /** the routine it belongs to */
  readonly home: string;
  /** the number it was made to hold, if it stands for an immediate index */
  readonly constant: number | undefined;

  constructor(kind: K, name: string, home: string, constant?: number) {
    this.kind = kind;
    this.name = name;
    this.home = home;
    this.constant = constant;
  }
}

/** Index of the CPU that executes. Takes no register where an index is wanted; elsewhere it is moved to one. */
export const SELF: Reg<'cpu'> = new Reg('cpu', 'self', '');

/** A register or an immediate. */
export type Value<K extends Kind = Kind> = Reg<K> | number;

/** One index for each dimension. */
export type IndexOf<D extends readonly Kind[]> = { readonly [I in keyof D]: D[I] extends Kind ? Value<D[I]> : never };

export interface Comparison {
  readonly op: 'eq' | 'ne' | 'lt' | 'ge';
  readonly a: Value;
  readonly x: Value;
}

interface Combination {
  readonly op: 'all' | 'any';
  readonly parts: readonly Test[];
}

/** Comparisons are unsigned. */
export type Condition = Comparison | Combination | { readonly op: 'not'; readonly of: Test };

/** A condition, a flag that must not be 0, or a function that emits loads and then gives one of these. */
export type Test = Condition | Reg<'bool'> | (() => Condition | Reg<'bool'>);

export const eq = <K extends Kind>(a: Value<K>, x: Value<NoInfer<K>>): Condition => ({ op: 'eq', a, x });
export const ne = <K extends Kind>(a: Value<K>, x: Value<NoInfer<K>>): Condition => ({ op: 'ne', a, x });
export const lt = <K extends Kind>(a: Value<K>, x: Value<NoInfer<K>>): Condition => ({ op: 'lt', a, x });
export const ge = <K extends Kind>(a: Value<K>, x: Value<NoInfer<K>>): Condition => ({ op: 'ge', a, x });
/** All hold; a part given as a function is evaluated only if those before it hold. */
export const all = (first: Test, ...rest: readonly Test[]): Condition => ({ op: 'all', parts: [first, ...rest] });
/** One holds; a part given as a function is evaluated only if none before it holds. */
export const any = (first: Test, ...rest: readonly Test[]): Condition => ({ op: 'any', parts: [first, ...rest] });
export const not = (of: Test): Condition => ({ op: 'not', of });
