/** Which virtual registers of a unit are live before and after each of its instructions. */
import { Op } from '../../../assembly/state/abi/instructions.js';
import { AssemblyError } from '../errors.js';
import { isPure, readOperands, readsA, written } from '../ir.js';
import type { Unit, UnitInsn } from '../units.js';
import type { Reg } from '../values.js';
import { keepOnly, successors } from './graph.js';

export interface Liveness {
  /** the registers that occur; bit n of a set stands for registers[n] */
  readonly registers: readonly Reg[];
  readonly before: readonly bigint[];
  readonly after: readonly bigint[];
}

/** Registers an instruction reads, those of the routine it calls included. */
export function reads(unit: Unit, insn: UnitInsn): readonly Reg[] {
  if (insn.op === Op.call) return insn.callee?.params ?? [];
  if (insn.op === Op.ret) return unit.result ? [unit.result] : [];
  return readOperands(insn);
}

/** The register an instruction writes. */
export function writes(insn: UnitInsn): Reg | undefined {
  return written(insn, insn.callee?.result);
}

export function analyse(unit: Unit): Liveness {
  const { code } = unit;
  const numbers = new Map<Reg, number>();
  const bit = (reg: Reg): bigint => {
    const known = numbers.get(reg) ?? numbers.size;
    numbers.set(reg, known);
    return 1n << BigInt(known);
  };
  for (const param of unit.params) bit(param);
  const use = code.map((insn) => reads(unit, insn).reduce((set, reg) => set | bit(reg), 0n));
  const define = code.map((insn) => {
    const reg = writes(insn);
    return reg ? bit(reg) : 0n;
  });
  const before = code.map(() => 0n);
  const after = code.map(() => 0n);
  for (let changed = true; changed;) {
    changed = false;
    for (let i = code.length - 1; i >= 0; i--) {
      const out = successors(code, i).reduce((set, next) => set | (before[next] ?? 0n), 0n);
      const into = (out & ~(define[i] ?? 0n)) | (use[i] ?? 0n);
      if (out !== after[i] || into !== before[i]) changed = true;
      after[i] = out;
      before[i] = into;
    }
  }
  return { registers: [...numbers.keys()], before, after };
}

/** The registers of a set. */
export function members(liveness: Liveness, set: bigint | undefined): Reg[] {
  return liveness.registers.filter((_, n) => ((set ?? 0n) >> BigInt(n)) & 1n);
}

/**
 * The unit's code without private instructions whose result nobody reads. Others that nobody reads the result of lose
 * their target, so that they need no register.
 */
export function withoutDeadCode(unit: Unit): UnitInsn[] {
  let current = unit;
  for (;;) {
    const liveness = analyse(current);
    const isRead = (insn: UnitInsn, i: number): boolean => {
      const reg = writes(insn);
      return reg === undefined || members(liveness, liveness.after[i]).includes(reg);
    };
    const code = keepOnly(current.code, (insn, i) => !isPure(insn.op) || isRead(insn, i));
    if (code.length === current.code.length) {
      return code.map((insn, i) => (insn.op === Op.call || readsA.has(insn.op) || isRead(insn, i) ? insn : { ...insn, a: 'none' }));
    }
    current = { ...current, code };
  }
}

/** Refuses a register that is read on a path on which nothing has set it. */
export function refuseUnset(unit: Unit, liveness: Liveness): void {
  const unset = members(liveness, liveness.before[0]).find((reg) => !unit.params.includes(reg));
  if (unset) {
    throw new AssemblyError(
      `routine ${unit.name} reads ${unset.name} on a path on which it has not been set; give it a value with let() before the branch`,
    );
  }
}
