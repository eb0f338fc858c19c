/**
 * The linear form between the builder and the encoding: instructions of one routine over virtual registers.
 */
import { InsnFlag, Op } from '../../assembly/state/abi/instructions.js';
import type { AnyVariable, Kind, Lock } from './variables.js';
import { Reg, SELF } from './values.js';

/** An operand before registers are allocated. `SELF` is `Operand.self`. */
export type Arg = Reg | 'none' | 'imm';

/** An `atomic` block (the outermost, where they nest). */
export interface AtomicBlock {
  readonly routine: string;
  readonly note: string | undefined;
  /** line of its first instruction */
  readonly line: number;
}

export interface Insn {
  readonly op: Op;
  readonly a: Arg;
  readonly b: Arg;
  readonly c: Arg;
  readonly imm: number;
  /** the variable of `slot` and of `slot2` */
  readonly variable: AnyVariable | undefined;
  readonly second: AnyVariable | undefined;
  /** the key of maskMost and maskLeast, whose slot stands in imm */
  readonly key: AnyVariable | undefined;
  /** word w2 of instructions without a variable */
  readonly w2: number;
  readonly flags: number;
  /** jump: index of the instruction it goes to, in the same routine */
  readonly goto: number;
  /** call and the moves that pass parameters and fetch the result: the routine called; wake: the routine woken */
  readonly routine: RoutineBody | undefined;
  /** call: the register passed for each parameter, undefined for an immediate */
  readonly passes: readonly (Reg | undefined)[];
  /** move: the value fits the kind of the target, whatever it comes from */
  readonly trusted: boolean;
  readonly block: AtomicBlock | undefined;
  /** `Mover`s; 0 until `findMovers` has looked */
  readonly mover: number;
  readonly line: number;
  /** what users see: the note, or `plain` */
  readonly text: string;
  /** what the instruction does, whatever note it has */
  readonly plain: string;
  /** whose stack says where a user wrote it; undefined: nobody asks for it */
  readonly origin: Error | undefined;
}

/** A routine as the builder left it. */
export interface RoutineBody {
  readonly name: string;
  readonly params: readonly Reg[];
  readonly result: Reg | undefined;
  readonly holds: readonly Lock<readonly Kind[]>[];
  /** the instructions; the body's builder runs at the first call */
  code(): readonly Insn[];
}

const writesA: ReadonlySet<Op> = new Set([
  Op.move,
  Op.add,
  Op.sub,
  Op.and,
  Op.or,
  Op.xor,
  Op.shl,
  Op.shr,
  Op.ref,
  Op.constant,
  Op.load,
  Op.fetchAdd,
  Op.maskTest,
  Op.maskFirst,
  Op.maskCount,
  Op.maskFirstFree,
  Op.maskMost,
  Op.maskLeast,
  Op.scan,
  Op.saveFlags,
  Op.cfgRead,
  Op.mmioRead,
  Op.pinRead,
  Op.irrBit,
  Op.tmrBit,
  Op.lapicRead,
  Op.inspect,
  Op.timerArmed,
  Op.exchange,
  Op.bitSet,
  Op.bitClear,
  Op.controlSet,
  Op.unitRead,
]);

/** Instructions that read the register which they write. */
export const readsA: ReadonlySet<Op> = new Set([Op.scan, Op.bitSet, Op.bitClear, Op.controlSet]);

const isReg = (arg: Arg): arg is Reg => arg instanceof Reg && arg !== SELF;

/** The register an instruction writes; a call's result comes through the callee's result register. */
export function written(insn: Insn, calleeResult: Reg | undefined): Reg | undefined {
  if (insn.op === Op.call) return calleeResult;
  return writesA.has(insn.op) && isReg(insn.a) ? insn.a : undefined;
}

/** The registers an instruction reads as operands. */
export function readOperands(insn: Insn): Reg[] {
  const reads = [insn.b, insn.c].filter(isReg);
  if (isReg(insn.a) && (!writesA.has(insn.op) || readsA.has(insn.op))) reads.push(insn.a);
  return reads;
}

export function isObservable(op: Op): boolean {
  return op >= Op.firstObservable;
}

/** A LAPIC access of which nobody can tell when it is made (`lapicLook`, `lapicLocal`). */
export function isUntold({ flags }: Insn): boolean {
  return (flags & InsnFlag.untold) !== 0;
}

export function isBranch(op: Op): boolean {
  return op >= Op.jumpEq && op <= Op.jumpGe;
}

/** Private instructions whose only effect is the register they write. */
export function isPure(op: Op): boolean {
  return (op >= Op.move && op <= Op.shr) || op === Op.ref || op === Op.constant;
}

/** Nothing follows: the routine returns, the context ends, or the CPU halts for good. */
export function isFinal(op: Op): boolean {
  return op === Op.ret || op === Op.end || op === Op.iret || op === Op.park;
}
