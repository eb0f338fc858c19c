/** Remapping units: stores to their tables, descriptors for their queues, registers (hardware.md D.4, D.5, F). */
import { InsnFlag, Op, UnitReg } from '../../assembly/state/abi/instructions.js';
import { MemoryBuilder } from './memory.js';
import type { Reg, Value } from './values.js';
import type { Kind, Variable } from './variables.js';

export class RemapBuilder extends MemoryBuilder {
  /**
   * One store of 8 bytes to a row: words `first` and the next; `wide`: of 16 bytes, in which words `first` and `first` + 2 change. Units see
   * all of it or nothing (hardware.md D.5, F.7).
   */
  storePair<const D extends readonly [Kind, 'word' | 'dteWord']>(
    variable: Variable<'u32', D>,
    row: Value<D[0]>,
    first: number,
    values: readonly [Value, Value],
    { wide = false, note }: { readonly wide?: boolean; readonly note?: string } = {},
  ): void {
    const b = this.index(row, variable.dims[0] ?? 'irte');
    const [a, c] = values.map((value) => this.inRegister(value, 'u32'));
    const text = `${this.show(variable, [row])} words ${first}, ${first + (wide ? 2 : 1)} = ${values.map((v) => this.showValue(v)).join(', ')}`;
    const flags = InsnFlag.visible | (wide ? InsnFlag.wide : 0);
    this.emit(Op.storePair, { a: a ?? 'none', b, c: c ?? 'none', imm: first, variable, flags }, text, note);
  }

  /**
   * A descriptor behind the last one in the queue of a unit, which nobody sees before `queueTail`. `status`: the variable, with its row, that
   * a wait writes. VT-d (hardware.md D.4): `low` is the lowest word, `value` the one above it. AMD (F.5): of `low` the command, bits 31:28;
   * of a wait with `status` also the bits s, i and f, 2:0, and `value` is what it stores, 8 bytes to a row of at least as many; of any
   * other command `value` is the lowest word, where the device id stands.
   */
  queuePut(
    unit: Value<'u8'>,
    low: number,
    value: Value,
    status?: readonly [Variable<'u32', readonly [Kind] | readonly [Kind, 'word']>, Value],
    note?: string,
  ): void {
    const b = this.inRegister(unit, 'u8');
    const a = this.inRegister(value, 'u32');
    const c = status === undefined ? 'none' : this.index(status[1], status[0].dims[0]);
    this.emit(Op.queuePut, { a, b, c, imm: low, second: status?.[0] }, `descriptor 0x${low.toString(16)}`, note);
  }

  /** The tail register of a unit: it sees the descriptors that were put. */
  queueTail(unit: Value<'u8'>, note?: string): void {
    const b = this.inRegister(unit, 'u8');
    this.emit(Op.queueTail, { b, flags: InsnFlag.visible }, `queue tail of unit ${this.showValue(unit)}`, note);
  }

  /**
   * Reads a register of a unit: its status, or of the log of guests of an AMD unit (hardware.md F.3.3) how many entries wait, and tag and
   * device id of the oldest.
   */
  unitRead(unit: Value<'u8'>, register: Exclude<keyof typeof UnitReg, 'logHead'>, note?: string): Reg<'u32'> {
    const b = this.inRegister(unit, 'u8');
    const a = this.fresh('u32', register);
    this.emit(
      Op.unitRead,
      { a, b, imm: UnitReg[register], flags: InsnFlag.visible },
      `read ${register} of unit ${this.showValue(unit)}`,
      note,
    );
    return a;
  }

  /** Clears the bits of a unit's status that are set in `ones`. */
  unitStatus(unit: Value<'u8'>, ones: Value, note?: string): void {
    const b = this.inRegister(unit, 'u8');
    const a = this.inRegister(ones, 'u32');
    const text = `status of unit ${this.showValue(unit)}: clears ${this.showValue(ones)}`;
    this.emit(Op.unitWrite, { a, b, imm: UnitReg.status, flags: InsnFlag.visible }, text, note);
  }

  /** Takes the oldest entry out of the log of guests: its head register moves on. */
  unitLogHead(unit: Value<'u8'>, note?: string): void {
    const b = this.inRegister(unit, 'u8');
    const text = `log of unit ${this.showValue(unit)}: the oldest entry is taken out`;
    this.emit(Op.unitWrite, { b, imm: UnitReg.logHead, flags: InsnFlag.visible }, text, note);
  }
}
