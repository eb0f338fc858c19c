/**
 * Posted interrupts as a CPU sees them (hardware.md E): read-modify-writes of one step on descriptors that units write meanwhile, and
 * the 16-byte store that an entry in posted format needs.
 */
import { InsnFlag, Op, PidControl, PidWord } from '../../assembly/state/abi/instructions.js';
import { HardwareBuilder } from './hardware.js';
import type { Arg } from './ir.js';
import type { IndexOf, Reg, Value } from './values.js';
import type { Descriptors, Kind, Variable } from './variables.js';

/** Fields of a control half that change together; those left out stay as they are. */
export interface ControlFields {
  /** outstanding notification, suppress notification */
  readonly on?: 0 | 1;
  readonly sn?: 0 | 1;
  /** notification vector */
  readonly nv?: number;
  /** NDST as the word holds it: an APIC id, shifted by 8 in xAPIC form (D.3.4) */
  readonly ndst?: Value;
}

/** Bits of a field that changes. */
const maskOf = (value: number | undefined, bits: number): number => (value === undefined ? 0 : bits);
const visibilityOf = ({ visible }: Variable): number => (visible ? InsnFlag.visible : 0);

export class PostedBuilder extends HardwareBuilder {
  /** An element as it was, which becomes `value`, in one atomic step (xchg): what takes the bits out of a word of PIR. */
  exchange<const D extends readonly Kind[]>(variable: Variable<'u32', D>, index: IndexOf<D>, value: number, note?: string): Reg<'u32'> {
    const at: readonly Value[] = index;
    const operands = this.indexes(variable, at);
    const a = this.fresh('u32', variable.name);
    const text = `exchange ${this.show(variable, at)} with ${this.showValue(value, variable)}`;
    this.emit(Op.exchange, { a, ...operands, imm: value, variable, flags: visibilityOf(variable) }, text, note);
    return a;
  }

  /** A bit of an element as it was, which is set, in one atomic step (bts with lock). */
  testAndSet<const D extends readonly Kind[]>(variable: Variable<'u32', D>, index: IndexOf<D>, bit: Value, note?: string): Reg<'bool'> {
    return this.#onBit(Op.bitSet, variable, index, bit, note);
  }

  /** A bit of an element as it was, which is cleared, in one atomic step (btr with lock). */
  testAndClear<const D extends readonly Kind[]>(variable: Variable<'u32', D>, index: IndexOf<D>, bit: Value, note?: string): Reg<'bool'> {
    return this.#onBit(Op.bitClear, variable, index, bit, note);
  }

  /** Whether a notification is outstanding. */
  isOn<D extends Kind>(pid: Descriptors<D>, row: Value<D>, note?: string): Reg<'bool'> {
    const control = this.load<'u32', readonly Kind[]>(pid, [row, PidWord.control], note ?? `read ON of ${this.show(pid, [row])}`);
    return this.and('bool', control, PidControl.on);
  }

  /** ON as it was, which is cleared: a post behind that notifies again (E.3 step 3). */
  clearOn<D extends Kind>(pid: Descriptors<D>, row: Value<D>, note?: string): Reg<'bool'> {
    return this.#onBit<readonly Kind[]>(Op.bitClear, pid, [row, PidWord.control], 0, note ?? `clear ON of ${this.show(pid, [row])}`);
  }

  /** ON as it was, which is set. */
  setOn<D extends Kind>(pid: Descriptors<D>, row: Value<D>, note?: string): Reg<'bool'> {
    return this.#onBit<readonly Kind[]>(Op.bitSet, pid, [row, PidWord.control], 0, note ?? `set ON of ${this.show(pid, [row])}`);
  }

  /**
   * Changes fields of the control half, which are in one word of 64 bits with ON, in one atomic step (E.4): what a loop around
   * cmpxchg8b comes to, as a try that fails changes nothing. Gives the lower word as it was.
   */
  controlSet<D extends Kind>(pid: Descriptors<D>, row: Value<D>, fields: ControlFields, note?: string): Reg<'u32'> {
    const { on, sn, nv, ndst } = fields;
    const imm = maskOf(on, PidControl.on) | maskOf(sn, PidControl.sn) | maskOf(nv, 0xff << PidControl.nvShift);
    const value = (on ?? 0) * PidControl.on + (sn ?? 0) * PidControl.sn + ((nv ?? 0) << PidControl.nvShift);
    const b = this.index(row, pid.dims[0] ?? 'vcpu');
    const c: Arg = ndst === undefined ? 'none' : this.inRegister(ndst, 'u32');
    const a = this.let('u32', value, 'control');
    const said = Object.entries(fields).map(([name, each]: [string, Value]) => `${name.toUpperCase()} = ${this.showValue(each)}`);
    const text = `${this.show(pid, [row])}: ${said.join(', ')}`;
    this.emit(Op.controlSet, { a, b, c, imm, variable: pid, flags: visibilityOf(pid) }, text, note);
    return a;
  }

  /** One store of 16 bytes (cmpxchg16b): the four words of a row become those of another (D.5). Units see all of it or nothing. */
  storeRow<D extends Kind, E extends Kind>(
    variable: Variable<'u32', readonly [D, 'word']>,
    row: Value<D>,
    from: Variable<'u32', readonly [E, 'word']>,
    other: Value<E>,
    note?: string,
  ): void {
    const b = this.index(row, variable.dims[0]);
    const c = this.index(other, from.dims[0]);
    const text = `${this.show(variable, [row])} = ${this.show(from, [other])}`;
    this.emit(Op.storeRow, { b, c, variable, second: from, flags: InsnFlag.visible }, text, note);
  }

  #onBit<D extends readonly Kind[]>(
    op: Op.bitSet | Op.bitClear,
    variable: Variable<'u32', D>,
    index: IndexOf<D>,
    bit: Value,
    note?: string,
  ): Reg<'bool'> {
    const at: readonly Value[] = index;
    const operands = this.indexes(variable, at);
    const a = this.fresh('bool', `${this.show(variable, at)}.${this.showValue(bit)}`);
    const number = typeof bit === 'number' ? { c: 'imm' as const, imm: bit } : { c: this.own(bit) };
    this.emit(Op.move, { a, ...number }, `bit ${this.showValue(bit)}`);
    const text = `test and ${op === Op.bitSet ? 'set' : 'clear'} bit ${this.showValue(bit)} of ${this.show(variable, at)}`;
    this.emit(op, { a, ...operands, variable, flags: visibilityOf(variable) }, text, note);
    return a;
  }
}
