/**
 * Units: copies of routines by the way they are entered, which is what is laid out in memory.
 *
 * The same routine ends differently as a root and as a callee, and called from an atomic block all of it is joined.
 */
import { InsnFlag, Mover, Op } from '../../assembly/state/abi/instructions.js';
import { AssemblyError } from './errors.js';
import type { Arg, Insn, RoutineBody } from './ir.js';
import { changesVisible, type followRefs } from './atomic.js';
import type { Codes, RootKind } from './rules.js';
import { Reg, SELF } from './values.js';

type Mode = 'interrupt' | 'task' | 'call' | 'atomic';

export interface UnitInsn extends Insn {
  /** call, parameter and result moves: the unit called; wake: the unit started */
  readonly callee: Unit | undefined;
}

export interface Unit {
  readonly name: string;
  readonly mode: Mode;
  readonly params: readonly Reg[];
  readonly result: Reg | undefined;
  readonly code: readonly UnitInsn[];
}

interface Open {
  unit: Unit;
  code: UnitInsn[];
}

const endOf: Readonly<Record<Mode, Op>> = { interrupt: Op.iret, task: Op.end, call: Op.ret, atomic: Op.ret };

export function isRoot(unit: Unit): boolean {
  return unit.mode === 'interrupt' || unit.mode === 'task';
}

/** All units that can be reached from the roots, roots first in their order. */
export function instantiate(codes: Codes, roots: ReadonlyMap<RoutineBody, RootKind>, targets: ReturnType<typeof followRefs>): Unit[] {
  const units = new Map<string, Open>();
  const work: (() => void)[] = [];

  const get = (routine: RoutineBody, mode: Mode): Unit => {
    const key = `${mode} ${routine.name}`;
    const known = units.get(key);
    if (known) return known.unit;
    const own = new Map<Reg, Reg>();
    const copy = (reg: Reg): Reg => {
      const made = own.get(reg) ?? new Reg(reg.kind, reg.name, reg.home, reg.constant);
      own.set(reg, made);
      return made;
    };
    const code: UnitInsn[] = [];
    const unit: Unit = { name: routine.name, mode, params: routine.params.map(copy), result: routine.result && copy(routine.result), code };
    units.set(key, { unit, code });
    work.push(() => {
      for (const insn of codes.get(routine) ?? []) code.push(place(insn, mode, routine, copy));
    });
    return unit;
  };

  const place = (insn: Insn, mode: Mode, home: RoutineBody, copy: (reg: Reg) => Reg): UnitInsn => {
    const joined = mode === 'atomic' || (insn.flags & InsnFlag.joined) !== 0;
    const callee = insn.routine && get(insn.routine, insn.op === Op.wake ? 'task' : joined ? 'atomic' : 'call');
    const map = (reg: Reg): Reg => {
      if (reg === SELF || reg.home === home.name) return reg === SELF ? reg : copy(reg);
      const linked = insn.routine?.result === reg ? callee?.result : callee?.params[insn.routine?.params.indexOf(reg) ?? -1];
      if (!linked) throw new AssemblyError(`routine ${home.name} uses ${reg.name} of routine ${reg.home}; pass it as a parameter`);
      return linked;
    };
    const arg = (a: Arg): Arg => (a instanceof Reg ? map(a) : a);
    const ends = insn.op === Op.ret && endOf[mode] !== Op.ret;
    return {
      ...insn,
      op: ends ? endOf[mode] : insn.op,
      // a return is nobody's business, the end of a context is
      mover: ends ? Mover.masked : insn.mover,
      a: arg(insn.a),
      b: arg(insn.b),
      c: arg(insn.c),
      passes: insn.passes.map((reg) => reg && map(reg)),
      flags: insn.flags | (joined ? InsnFlag.joined : 0) | (changesVisible(insn, targets) ? InsnFlag.visible : 0),
      callee,
    };
  };

  for (const [routine, kind] of roots) get(routine, kind === 'interrupt' ? 'interrupt' : 'task');
  for (let next = work.shift(); next; next = work.shift()) next();
  return [...units.values()].map((open) => open.unit);
}
