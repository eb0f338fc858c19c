/** Values: registers, moves and arithmetic. */
import { Op } from '../../assembly/state/abi/instructions.js';
import { Emitter } from './emitter.js';
import { AssemblyError } from './errors.js';
import type { RoutineBody } from './ir.js';
import { Reg, SELF, type Value } from './values.js';
import type { Kind } from './variables.js';

type Arithmetic = 'add' | 'sub' | 'and' | 'or' | 'xor' | 'shl' | 'shr';
/** [a, x, note?] or [kind, a, x, note?] */
type ArithmeticArgs<K extends Kind> = [first: K | Reg<K>, second: Value, third?: Value | string, fourth?: string];

export class ValueBuilder extends Emitter {
  /** A new register with a value. `note` names it in texts. Of a register of another kind it is a conversion: the value has to fit. */
  let<K extends Kind>(kind: K, value: Value, note?: string): Reg<K> {
    const reg = this.fresh(kind, note ?? (value instanceof Reg ? value.name : kind));
    this.move(reg, value);
    return reg;
  }

  set<K extends Kind>(reg: Reg<K>, value: Value<NoInfer<K>>): void {
    if (reg === (SELF as Reg)) throw new AssemblyError(`routine ${this.routine} sets self, the index of the executing CPU`);
    this.move(this.own(reg), value);
  }

  /**
   * The same value, known not to be `NONE`: after a test, so that an image stores an index in the bits of its kind and not
   * in the 16 that `NONE` has.
   */
  checked<K extends Kind>(reg: Reg<K>, note?: string): Reg<K> {
    const known = this.fresh(reg.kind, note ?? reg.name);
    this.emit(Op.move, { a: known, c: this.own(reg), trusted: true }, `${known.name} is not NONE`);
    return known;
  }

  /** Index of the executing CPU in a register. */
  selfValue(note?: string): Reg<'cpu'> {
    return this.let('cpu', SELF, note);
  }

  add<K extends Kind>(a: Reg<K>, x: Value, note?: string): Reg<K>;
  add<K extends Kind>(kind: K, a: Value, x: Value, note?: string): Reg<K>;
  add<K extends Kind>(...args: ArithmeticArgs<K>): Reg<K> {
    return this.#arithmetic('add', '+', args);
  }

  sub<K extends Kind>(a: Reg<K>, x: Value, note?: string): Reg<K>;
  sub<K extends Kind>(kind: K, a: Value, x: Value, note?: string): Reg<K>;
  sub<K extends Kind>(...args: ArithmeticArgs<K>): Reg<K> {
    return this.#arithmetic('sub', '-', args);
  }

  and<K extends Kind>(a: Reg<K>, x: Value, note?: string): Reg<K>;
  and<K extends Kind>(kind: K, a: Value, x: Value, note?: string): Reg<K>;
  and<K extends Kind>(...args: ArithmeticArgs<K>): Reg<K> {
    return this.#arithmetic('and', '&', args);
  }

  or<K extends Kind>(a: Reg<K>, x: Value, note?: string): Reg<K>;
  or<K extends Kind>(kind: K, a: Value, x: Value, note?: string): Reg<K>;
  or<K extends Kind>(...args: ArithmeticArgs<K>): Reg<K> {
    return this.#arithmetic('or', '|', args);
  }

  xor<K extends Kind>(a: Reg<K>, x: Value, note?: string): Reg<K>;
  xor<K extends Kind>(kind: K, a: Value, x: Value, note?: string): Reg<K>;
  xor<K extends Kind>(...args: ArithmeticArgs<K>): Reg<K> {
    return this.#arithmetic('xor', '^', args);
  }

  shl<K extends Kind>(a: Reg<K>, x: Value, note?: string): Reg<K>;
  shl<K extends Kind>(kind: K, a: Value, x: Value, note?: string): Reg<K>;
  shl<K extends Kind>(...args: ArithmeticArgs<K>): Reg<K> {
    return this.#arithmetic('shl', '<<', args);
  }

  shr<K extends Kind>(a: Reg<K>, x: Value, note?: string): Reg<K>;
  shr<K extends Kind>(kind: K, a: Value, x: Value, note?: string): Reg<K>;
  shr<K extends Kind>(...args: ArithmeticArgs<K>): Reg<K> {
    return this.#arithmetic('shr', '>>', args);
  }

  protected move(reg: Reg, value: Value, routine?: RoutineBody): void {
    const link = routine ? { routine } : {};
    const text = `${reg.name} = ${this.showValue(value)}`;
    if (typeof value === 'number') this.emit(Op.move, { a: reg, c: 'imm', imm: value, ...link }, text);
    else this.emit(Op.move, { a: reg, c: routine ? value : this.own(value), trusted: value.kind !== reg.kind, ...link }, text);
  }

  #arithmetic<K extends Kind>(op: Arithmetic, sign: string, [first, second, third, fourth]: ArithmeticArgs<K>): Reg<K> {
    const converts = typeof first === 'string';
    const kind = converts ? first : first.kind;
    const [a, x, note]: [Value, Value, Value | string | undefined] = converts ? [second, third as Value, fourth] : [first, second, third];
    const left = this.inRegister<Kind>(a, kind);
    const right = typeof x === 'number' ? { c: 'imm' as const, imm: x } : { c: x === (SELF as Reg) ? SELF : this.own(x) };
    const name = typeof note === 'string' ? note : `${this.showValue(a)} ${sign} ${this.showValue(x)}`;
    const reg = this.fresh(kind, name);
    this.emit(Op[op], { a: reg, b: left, ...right }, reg.name);
    return reg;
  }
}
