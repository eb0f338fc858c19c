/** Parts of expressions as they emit themselves: constants, readings, conditions. */
import type { Builder } from '../builder.js';
import { eq, ge, lt, ne, type Condition, type Reg, type Test, type Value } from '../values.js';
import type { Kind } from '../variables.js';
import type { Comparison, Node, Over } from './syntax.js';
import { extent, truth, type Parts, type Type } from './types.js';

/** Where code goes to. */
export interface Emission {
  readonly b: Builder;
  /** variables of quantifiers */
  readonly locals: Map<string, Reg>;
  /** emits: the property does not hold */
  fail(): void;
}

/** Part of an expression that is known to make sense. A truth has `test`, everything else `value`. */
export interface Term {
  readonly node: Node;
  readonly type: Type;
  /** its value, where no state changes it */
  readonly constant?: number;
  /** may differ between two states */
  readonly varies: boolean;
  /** registers it takes at a time, as a condition where it is one; readings it makes at most */
  readonly need: number;
  readonly cost: number;
  value(e: Emission): Value;
  test(e: Emission): Test;
}

type Bare = Pick<Term, 'node' | 'type' | 'varies' | 'need' | 'cost'>;

export function constantTerm(node: Node, type: Type, constant: number): Term {
  const test: Condition = constant === 0 ? ne(0, 0) : eq(0, 0);
  return { node, type, constant, varies: false, need: 0, cost: 0, value: () => constant, test: () => test };
}

export function ofTest(bare: Omit<Bare, 'type'>, test: (e: Emission) => Test): Term {
  const value = (e: Emission): Value => {
    const reg = e.b.let('bool', 0);
    e.b.if(test(e), () => e.b.set(reg, 1));
    return reg;
  };
  return { ...bare, type: truth, test, value };
}

export function ofValue(bare: Bare, value: (e: Emission) => Value): Term {
  return { ...bare, value, test: (e) => () => ne(value(e) as Value<'u32'>, 0) };
}

/** Both values, that which takes more registers first. */
export function pair(e: Emission, left: Term, right: Term): [Value, Value] {
  if (right.need > left.need) {
    const second = right.value(e);
    return [left.value(e), second];
  }
  return [left.value(e), right.value(e)];
}

export function pairNeed(left: Term, right: Term): number {
  return Math.max(1, left.need === right.need ? left.need + 1 : Math.max(left.need, right.need));
}

export function asIndex(e: Emission, { constant, type, ...term }: Term, over: Over, parts: Parts): Value {
  const raw = term.value(e);
  // constants and variables of quantifiers are indexes that exist
  if (constant !== undefined) return raw;
  const limit = extent(over, parts);
  const index = type.from === 0 ? raw : e.b.sub('u32', raw, type.from);
  if (type.below === undefined || type.below > limit) e.b.if(ge(index as Value<'u32'>, limit), () => e.fail());
  return index;
}

export function plus({ b }: Emission, value: Value, shift: number): Value {
  if (shift === 0) return value;
  return typeof value === 'number' ? value + shift : b.add('u32', value, shift);
}

export function ordered(op: Exclude<Comparison, '==' | '!='>, a: Value, x: Value): Condition {
  switch (op) {
    case '<':
      return lt<Kind>(a, x);
    case '>=':
      return ge<Kind>(a, x);
    case '>':
      return lt<Kind>(x, a);
    case '<=':
      return ge<Kind>(x, a);
  }
}
