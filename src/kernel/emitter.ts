/** Emits instructions of one routine: operands, texts, marks, scopes. The builder's methods stand on it. */
import { InsnFlag, Op } from '../../assembly/state/abi/instructions.js';
import { AssemblyError } from './errors.js';
import { isBranch, isObservable, type Arg, type AtomicBlock, type Insn, type RoutineBody } from './ir.js';
import type { AnyVariable, Kind, Variable } from './variables.js';
import { Reg, SELF, type Value } from './values.js';

/** A place in the code that a jump goes to; placed once. */
export interface Mark {
  at: number;
}

/** Whatever of an instruction is not its default. */
export interface Fields {
  a?: Arg;
  b?: Arg;
  c?: Arg;
  imm?: number;
  variable?: AnyVariable | undefined;
  second?: AnyVariable | undefined;
  key?: AnyVariable | undefined;
  w2?: number;
  flags?: number;
  to?: Mark;
  routine?: RoutineBody;
  passes?: readonly (Reg | undefined)[];
  trusted?: boolean;
}

export class Emitter {
  /** name of the routine that is built */
  readonly routine: string;
  /** index of the CPU that executes */
  readonly self = SELF;
  protected block: AtomicBlock | undefined;
  readonly #traced: boolean;
  readonly #code: Insn[] = [];
  readonly #jumps = new Map<number, Mark>();
  #observables = 0;

  /** `traced`: it is known of each instruction where it was written. That takes longer than the instruction. */
  constructor(routine: string, traced: boolean) {
    this.routine = routine;
    this.#traced = traced;
  }

  /** The code with every jump resolved. */
  finish(): Insn[] {
    return this.#code.map((insn, i) => {
      const mark = this.#jumps.get(i);
      return mark ? { ...insn, goto: mark.at } : insn;
    });
  }

  /** Line of the next instruction: the ordinal of the observable instruction, which private ones before it share. */
  protected get line(): number {
    return this.#observables + 1;
  }

  protected mark(): Mark {
    return { at: -1 };
  }

  protected place(mark: Mark): void {
    mark.at = this.#code.length;
  }

  protected emit(op: Op, fields: Fields, text: string, note?: string): void {
    const { a = 'none', b = 'none', c = 'none', imm = 0, variable, second, key, w2 = 0, routine, passes = [], trusted = false } = fields;
    const flags = (fields.flags ?? 0) | (this.block ? InsnFlag.joined : 0);
    const line = this.line;
    if (isObservable(op)) this.#observables++;
    if (fields.to) this.#jumps.set(this.#code.length, fields.to);
    const shown = note ?? this.block?.note ?? text;
    this.#code.push({
      op,
      a,
      b,
      c,
      imm: this.word(imm),
      variable,
      second,
      key,
      w2: this.word(w2),
      flags,
      goto: -1,
      routine,
      passes,
      trusted,
      block: this.block,
      mover: 0,
      line,
      text: shown,
      plain: text,
      origin: this.#traced ? new Error(text) : undefined,
    });
    if ((op === Op.jump || isBranch(op)) && !fields.to) throw new AssemblyError(`a jump in ${this.routine} goes nowhere`);
  }

  /** An immediate as a 32-bit word. */
  protected word(value: number): number {
    if (!Number.isInteger(value) || value < -(2 ** 31) || value >= 2 ** 32) {
      throw new AssemblyError(`routine ${this.routine} uses ${value} as an immediate; it must be an integer of 32 bits`);
    }
    return value >>> 0;
  }

  protected fresh<K extends Kind>(kind: K, name: string, constant?: number): Reg<K> {
    return new Reg(kind, name, this.routine, constant);
  }

  protected own<R extends Reg>(reg: R): R {
    if (reg.home !== this.routine && reg !== (SELF as Reg)) {
      throw new AssemblyError(`routine ${this.routine} uses ${reg.name} of routine ${reg.home}; pass it as a parameter`);
    }
    return reg;
  }

  /** The value in a register: an immediate and `self` are moved to a fresh one. */
  protected inRegister<K extends Kind>(value: Value<K>, kind: K): Reg<K> {
    if (typeof value === 'number') {
      const reg = this.fresh(kind, String(value), this.word(value));
      this.emit(Op.move, { a: reg, c: 'imm', imm: value }, `${reg.name}`);
      return reg;
    }
    if (value === (SELF as Reg)) {
      const reg = this.fresh(kind, 'self');
      this.emit(Op.move, { a: reg, c: SELF }, 'self');
      return reg;
    }
    return this.own(value);
  }

  /** An index operand: a register or `self`, never an immediate. */
  protected index(value: Value, kind: Kind): Reg {
    return value === (SELF as Reg) ? SELF : this.inRegister(value, kind);
  }

  /** The index operands b and c of a variable. */
  protected indexes(variable: AnyVariable, index: readonly Value[]): { b: Arg; c: Arg } {
    const { dims, name } = variable;
    if (index.length !== dims.length) {
      throw new AssemblyError(`routine ${this.routine} gives ${index.length} indexes to ${name}, which has ${dims.length}`);
    }
    const args = dims.map((dim, i) => this.index(index[i] ?? 0, dim));
    if (variable.local && args[dims.indexOf('cpu')] !== SELF) {
      throw new AssemblyError(`routine ${this.routine} touches ${name} of another CPU, but it is declared local; index it with self`);
    }
    return { b: args[0] ?? 'none', c: args[1] ?? 'none' };
  }

  /** A variable with its index, as users read it. */
  protected show(variable: AnyVariable, index: readonly Value[]): string {
    return variable.name + index.map((i) => `[${typeof i === 'number' ? i : i.name}]`).join('');
  }

  protected showValue(value: Value, of?: Variable): string {
    if (typeof value !== 'number') return value.name;
    if (of?.describe) return of.describe(value);
    return of?.kind === 'vector' ? `0x${value.toString(16)}` : String(value);
  }
}
