/** Shared memory: variables, masks and lists. */
import { InsnFlag, Op } from '../../assembly/state/abi/instructions.js';
import { ValueBuilder } from './arithmetic.js';
import { AssemblyError } from './errors.js';
import type { Arg } from './ir.js';
import { Reg, type IndexOf, type Value } from './values.js';
import type { Node } from './kinds.js';
import type { AnyVariable, Domain, Kind, List, Mask, Variable } from './variables.js';

/** A mask passed by reference. Masks of CPUs are meant where the domain matters: `maskFirst` of one gives a CPU. */
export type MaskRef = Reg<'ref'>;

/** The index of a variable; may be left out if it has no dimensions. */
export type Indexed<D extends readonly Kind[]> = D extends readonly []
  ? [index?: readonly [], note?: string]
  : [index: IndexOf<D>, note?: string];

/** A mask operand: where it is, and what is left of the arguments. */
interface Place {
  readonly b: Arg;
  readonly flags: number;
  readonly variable: Mask | undefined;
  readonly over: Domain;
  readonly text: string;
  readonly rest: readonly Rest[];
}

type Values = readonly Value[];
type Rest = Value | Mask | Variable | Values | readonly [Mask, Values] | string | undefined;

const isMask = (value: Rest): value is Mask => typeof value === 'object' && 'form' in value && value.form === 'mask';
const isVariable = (value: Rest): value is Variable => typeof value === 'object' && 'form' in value && value.form === 'value';
const isValue = (value: Rest): value is Value => typeof value === 'number' || value instanceof Reg;
const isNote = (value: Rest): value is string => typeof value === 'string';

function visibility(...variables: (AnyVariable | undefined)[]): number {
  return variables.some((variable) => variable?.visible) ? InsnFlag.visible : 0;
}

export class MemoryBuilder extends ValueBuilder {
  /** Reads an element. */
  load<K extends Kind, const D extends readonly Kind[]>(variable: Variable<K, D>, ...[index, note]: Indexed<D>): Reg<K> {
    const at: Values = index ?? [];
    const operands = this.indexes(variable, at);
    const a = this.fresh(variable.kind, variable.name);
    this.emit(Op.load, { a, ...operands, variable }, `read ${this.show(variable, at)}`, note);
    return a;
  }

  store<K extends Kind, const D extends readonly Kind[]>(
    variable: Variable<K, D>,
    index: IndexOf<D>,
    value: Value<NoInfer<K>>,
    note?: string,
  ): void {
    const at: Values = index;
    const operands = this.indexes(variable, at);
    const text = `${this.show(variable, at)} = ${this.showValue(value, variable)}`;
    const what = typeof value === 'number' ? { a: 'imm' as const, imm: value } : { a: this.inRegister(value, variable.kind) };
    this.emit(Op.store, { ...what, ...operands, variable, flags: visibility(variable) }, text, note);
  }

  /** Adds an immediate to an element in one atomic step; gives the new value. */
  fetchAdd<K extends Kind, const D extends readonly Kind[]>(
    variable: Variable<K, D>,
    index: IndexOf<D>,
    imm: number,
    note?: string,
  ): Reg<K> {
    const at: Values = index;
    const operands = this.indexes(variable, at);
    const a = this.fresh(variable.kind, variable.name);
    this.emit(Op.fetchAdd, { a, ...operands, imm, variable, flags: visibility(variable) }, `${this.show(variable, at)} += ${imm}`, note);
    return a;
  }

  /** A reference to a mask. */
  ref<const D extends readonly Kind[]>(mask: Mask<Domain, D>, ...[index, note]: Indexed<D>): MaskRef {
    const at: Values = index ?? [];
    const { b } = this.indexes(mask, at);
    const a = this.fresh('ref', note ?? this.show(mask, at));
    this.emit(Op.ref, { a, b, variable: mask }, `ref ${this.show(mask, at)}`);
    return a;
  }

  maskSet<O extends Domain, const D extends readonly Kind[]>(
    mask: Mask<O, D>,
    index: IndexOf<D>,
    bit: Value<NoInfer<O>>,
    note?: string,
  ): void;
  maskSet(mask: MaskRef, index: readonly [], bit: Value, note?: string): void;
  maskSet(mask: MaskRef, bit: Value, note?: string): void;
  maskSet(mask: Mask | MaskRef, ...args: Rest[]): void {
    this.#change(Op.maskSet, mask, args);
  }

  maskClear<O extends Domain, const D extends readonly Kind[]>(
    mask: Mask<O, D>,
    index: IndexOf<D>,
    bit: Value<NoInfer<O>>,
    note?: string,
  ): void;
  maskClear(mask: MaskRef, index: readonly [], bit: Value, note?: string): void;
  maskClear(mask: MaskRef, bit: Value, note?: string): void;
  maskClear(mask: Mask | MaskRef, ...args: Rest[]): void {
    this.#change(Op.maskClear, mask, args);
  }

  maskTest<O extends Domain, const D extends readonly Kind[]>(
    mask: Mask<O, D>,
    index: IndexOf<D>,
    bit: Value<NoInfer<O>>,
    note?: string,
  ): Reg<'bool'>;
  maskTest(mask: MaskRef, index: readonly [], bit: Value, note?: string): Reg<'bool'>;
  maskTest(mask: MaskRef, bit: Value, note?: string): Reg<'bool'>;
  maskTest(mask: Mask | MaskRef, ...args: Rest[]): Reg<'bool'> {
    const place = this.#place(mask, args);
    const bit = this.#bit(place);
    const a = this.fresh('bool', `${place.text}.${bit.text}`);
    const { b, flags, variable } = place;
    this.emit(Op.maskTest, { a, b, ...bit.operand, flags, variable }, `test ${bit.text} in ${place.text}`, place.rest.find(isNote));
    return a;
  }

  /** The mask that `to` refers to becomes the source, ANDed with a second mask if there is one. */
  maskCopy<const D extends readonly Kind[], const E extends readonly Kind[]>(
    to: MaskRef,
    mask: Mask<Domain, D>,
    index: IndexOf<D>,
    and?: readonly [Mask<Domain, E>, IndexOf<E>],
    note?: string,
  ): void;
  maskCopy<const E extends readonly Kind[]>(to: MaskRef, mask: MaskRef, and?: readonly [Mask<Domain, E>, IndexOf<E>], note?: string): void;
  maskCopy(to: MaskRef, mask: Mask | MaskRef, ...args: Rest[]): void {
    const place = this.#place(mask, args);
    const and = place.rest.find((part): part is readonly [Mask, Values] => Array.isArray(part) && isMask(part[0] as Rest));
    const second = and?.[0];
    const c = second ? this.indexes(second, and[1]).b : 'none';
    const text = `${this.own(to).name} = ${place.text}${and ? ` & ${this.show(and[0], and[1])}` : ''}`;
    const flags = place.flags | (second ? InsnFlag.and : 0);
    this.emit(Op.maskCopy, { a: to, b: place.b, c, flags, variable: place.variable, second }, text, place.rest.find(isNote));
  }

  /** The first bit of the mask (ANDed with a second one), or `NONE`. */
  maskFirst<O extends Domain, const D extends readonly Kind[]>(
    mask: Mask<O, D>,
    index: IndexOf<D>,
    and?: Mask<NoInfer<O>, readonly []>,
    note?: string,
  ): Reg<O>;
  maskFirst(mask: MaskRef, index: readonly [], and?: Mask<'cpu', readonly []>, note?: string): Reg<'cpu'>;
  maskFirst(mask: MaskRef, and?: Mask<'cpu', readonly []>, note?: string): Reg<'cpu'>;
  maskFirst(mask: Mask | MaskRef, ...args: Rest[]): Reg<Domain> {
    return this.#find(Op.maskFirst, mask, args, 'first');
  }

  /** How many bits are set in the mask (ANDed with a second one). */
  maskCount<O extends Domain, const D extends readonly Kind[]>(
    mask: Mask<O, D>,
    index: IndexOf<D>,
    and?: Mask<NoInfer<O>, readonly []>,
    note?: string,
  ): Reg<'u16'>;
  maskCount(mask: MaskRef, index: readonly [], and?: Mask<'cpu', readonly []>, note?: string): Reg<'u16'>;
  maskCount(mask: MaskRef, and?: Mask<'cpu', readonly []>, note?: string): Reg<'u16'>;
  maskCount(mask: Mask | MaskRef, ...args: Rest[]): Reg<'u16'> {
    return this.#find(Op.maskCount, mask, args, 'count', 'u16');
  }

  /** The first vector of the universe whose bit is clear, or `NONE`. */
  maskFirstFree<const D extends readonly Kind[]>(mask: Mask<'vector', D>, index: IndexOf<D>, note?: string): Reg<'vector'> {
    const at: Values = index;
    const { b } = this.indexes(mask, at);
    const a = this.fresh('vector', 'free');
    this.emit(Op.maskFirstFree, { a, b, variable: mask }, `first free in ${this.show(mask, at)}`, note);
    return a;
  }

  /** The bit of the mask with the largest key; the first wins on ties; `NONE` if the mask is empty. */
  maskMost<O extends Domain, const D extends readonly Kind[]>(
    mask: Mask<O, D>,
    index: IndexOf<D>,
    key: Variable<Kind, readonly [NoInfer<O>]>,
    and?: Mask<NoInfer<O>, readonly []>,
    note?: string,
  ): Reg<O>;
  maskMost<O extends Domain>(
    mask: Mask<O, readonly []>,
    key: Variable<Kind, readonly [NoInfer<O>]>,
    and?: Mask<NoInfer<O>, readonly []>,
    note?: string,
  ): Reg<O>;
  maskMost(mask: MaskRef, key: Variable<Kind, readonly ['cpu']>, and?: Mask<'cpu', readonly []>, note?: string): Reg<'cpu'>;
  maskMost(mask: Mask | MaskRef, ...args: Rest[]): Reg<Domain> {
    return this.#find(Op.maskMost, mask, args, 'most');
  }

  /** Like `maskMost`, with the smallest key. */
  maskLeast<O extends Domain, const D extends readonly Kind[]>(
    mask: Mask<O, D>,
    index: IndexOf<D>,
    key: Variable<Kind, readonly [NoInfer<O>]>,
    and?: Mask<NoInfer<O>, readonly []>,
    note?: string,
  ): Reg<O>;
  maskLeast<O extends Domain>(
    mask: Mask<O, readonly []>,
    key: Variable<Kind, readonly [NoInfer<O>]>,
    and?: Mask<NoInfer<O>, readonly []>,
    note?: string,
  ): Reg<O>;
  maskLeast(mask: MaskRef, key: Variable<Kind, readonly ['cpu']>, and?: Mask<'cpu', readonly []>, note?: string): Reg<'cpu'>;
  maskLeast(mask: Mask | MaskRef, ...args: Rest[]): Reg<Domain> {
    return this.#find(Op.maskLeast, mask, args, 'least');
  }

  /** The lowest vector from `from` on whose element is not `notEqual`, or `NONE`. */
  scan<K extends Kind>(
    variable: Variable<K, readonly ['cpu', 'vector']>,
    index: readonly [Value<'cpu'>],
    from: Value<'vector'>,
    notEqual: number,
    note?: string,
  ): Reg<'vector'> {
    const b = this.index(index[0], 'cpu');
    const a = this.fresh('vector', 'vector');
    const start = typeof from === 'number' ? { c: 'imm' as const, imm: from } : { c: this.inRegister(from, 'vector') };
    this.emit(Op.move, { a, ...start }, 'vector');
    const text = `scan ${this.show(variable, index)} from ${this.showValue(from)} for other than ${this.showValue(notEqual, variable)}`;
    this.emit(Op.scan, { a, b, imm: notEqual, variable }, text, note);
    return a;
  }

  listPush<H extends Node, N extends Node>(list: List<H, N>, head: Value<H>, node: Value<N>, note?: string): void {
    this.#link(Op.listPush, list, head, node, note);
  }

  /** Takes the node out of the list if it is in it. */
  listRemove<H extends Node, N extends Node>(list: List<H, N>, head: Value<H>, node: Value<N>, note?: string): void {
    this.#link(Op.listRemove, list, head, node, note);
  }

  #link(op: Op, list: List, head: Value, node: Value, note?: string): void {
    const { b } = this.indexes(list.heads, [head]);
    const c = this.index(node, list.heads.kind);
    const verb = op === Op.listPush ? 'push' : 'remove';
    const text = `${verb} ${this.showValue(node)} ${op === Op.listPush ? 'to' : 'from'} ${this.show(list.heads, [head])}`;
    this.emit(op, { b, c, variable: list.heads, second: list.next, flags: visibility(list.heads, list.next) }, text, note);
  }

  #place(mask: Mask | MaskRef, args: readonly Rest[]): Place {
    if (mask instanceof Reg) {
      const [first, ...others] = args;
      const rest = Array.isArray(first) && first.length === 0 ? others : args;
      return { b: this.own(mask), flags: InsnFlag.byRef, variable: undefined, over: 'cpu', text: mask.name, rest };
    }
    const [first, ...others] = args;
    const given = Array.isArray(first);
    const index: Values = given ? (first as Values) : [];
    const { b } = this.indexes(mask, index);
    return { b, flags: 0, variable: mask, over: mask.over, text: this.show(mask, index), rest: given ? others : args };
  }

  #bit(place: Place): { operand: { c: Arg; imm?: number }; text: string } {
    const bit = place.rest[0];
    if (!isValue(bit)) throw new AssemblyError(`routine ${this.routine} gives no bit for ${place.text}`);
    if (typeof bit === 'number') return { operand: { c: 'imm', imm: bit }, text: this.showValue(bit) };
    return { operand: { c: this.index(bit, place.over) }, text: bit.name };
  }

  #change(op: Op, mask: Mask | MaskRef, args: readonly Rest[]): void {
    const place = this.#place(mask, args);
    const bit = this.#bit(place);
    const flags = place.flags | visibility(place.variable);
    const text = op === Op.maskSet ? `set ${bit.text} in ${place.text}` : `clear ${bit.text} in ${place.text}`;
    this.emit(op, { b: place.b, ...bit.operand, flags, variable: place.variable }, text, place.rest.find(isNote));
  }

  #find(op: Op, mask: Mask | MaskRef, args: readonly Rest[], name: string): Reg<Domain>;
  #find(op: Op, mask: Mask | MaskRef, args: readonly Rest[], name: string, kind: 'u16'): Reg<'u16'>;
  #find(op: Op, mask: Mask | MaskRef, args: readonly Rest[], name: string, kind?: 'u16'): Reg<Domain | 'u16'> {
    const { b, flags, variable, over, text, rest } = this.#place(mask, args);
    const second = rest.find(isMask);
    const key = rest.find(isVariable);
    if (second && second.dims.length > 0) {
      throw new AssemblyError(
        `routine ${this.routine} ANDs ${text} with ${second.name}, which has an index; only a single mask can be second`,
      );
    }
    const a = this.fresh(kind ?? second?.over ?? over, name);
    const shown = `${name} of ${text}${second ? ` & ${second.name}` : ''}${key ? ` by ${key.name}` : ''}`;
    this.emit(op, { a, b, flags, imm: key?.slot ?? 0, variable, second, key }, shown, rest.find(isNote));
    return a;
  }
}
