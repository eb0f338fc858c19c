/** Collects the routines of a kernel model and assembles them to a program. */
import { AtomicRule, followRefs, type LocklessAccess } from './atomic.js';
import { Builder } from './builder.js';
import { encode, type Label } from './encode.js';
import { AssemblyError } from './errors.js';
import { fingerprint } from './fingerprint.js';
import { tidy } from './flow/graph.js';
import { analyse, refuseUnset, withoutDeadCode } from './flow/liveness.js';
import type { Insn, RoutineBody } from './ir.js';
import { followLocks } from './locks.js';
import { findMovers } from './movers.js';
import { allocate } from './registers.js';
import { Routine, type BodyBuilder, type ParamRegs, type Params, type ResultKind, type RoutineOptions } from './routine.js';
import { bottomUp, checkRoot, refuseEndlessLoops, refuseMissingReturn } from './rules.js';
import { instantiate, isRoot, type Unit } from './units.js';
import type { AnyVariable, Declarations, Kind, MachineSize } from './variables.js';
import { Op } from '../../assembly/state/abi/instructions.js';
import { registerWidths } from './widths.js';

/** A kernel model as the core takes it. */
export interface Program {
  /** four words an instruction (`Op` in assembly/state/abi); instruction 0 is no routine's */
  readonly code: Uint32Array;
  /** 8 for each instruction: bits of each register that are live before it in the running frame, 0 = dead */
  readonly live: Uint8Array;
  /** `Mover`s of each instruction, for the reduction of a check */
  readonly movers: Uint8Array;
  /** bits 31:8 of an instruction's last word are an index into these */
  readonly labels: readonly Label[];
  /** first instruction of each entry, by the routine's name; a task that is woken is an entry too */
  readonly entries: ReadonlyMap<string, number>;
  /** in slot order */
  readonly variables: readonly AnyVariable[];
  /** 64 bits in hexadecimal, of code and declarations */
  readonly fingerprint: string;
  /** accesses to variables outside of the lock they are declared with: what a reviewer should know */
  readonly lockless: readonly LocklessAccess[];
}

type Body<P extends Params, R extends ResultKind> = (b: Builder<R>, params: ParamRegs<P>) => void;

export class Assembler {
  readonly declarations: Declarations;
  readonly #routines = new Map<string, RoutineBody>();
  readonly #roots = new Map<RoutineBody, 'interrupt' | 'task'>();
  readonly #judges = new Set<RoutineBody>();

  constructor(declarations: Declarations) {
    this.declarations = declarations;
  }

  /** Declares a routine. Its body is built when a program is assembled, so it may call routines declared later. */
  routine<P extends Params, R extends Kind>(name: string, params: P, body: Body<P, R>, result: R): Routine<P, R>;
  routine<P extends Params, R extends ResultKind = undefined>(
    name: string,
    params: P,
    body: Body<P, R>,
    options?: RoutineOptions<R>,
  ): Routine<P, R>;
  routine<P extends Params, R extends ResultKind>(
    name: string,
    params: P,
    body: Body<P, R>,
    last?: Kind | RoutineOptions<R>,
  ): Routine<P, R> {
    if (this.#routines.has(name)) throw new AssemblyError(`routine ${name} is declared twice; replace() gives it another body`);
    const options = typeof last === 'string' ? { result: last as R & Kind } : (last ?? {});
    const routine = new Routine<P, R>(name, params, options as RoutineOptions<R>, this.#builder(body, params));
    this.#routines.set(name, routine);
    return routine;
  }

  /** Gives a routine another body: to try a repair without touching the model. */
  replace<P extends Params, R extends ResultKind>(routine: Routine<P, R>, params: P, body: Body<P, R>): void {
    routine.replace(this.#builder(body, params));
  }

  /** A context may start here as a task: parameters in registers 0, 1, ... */
  entry(routine: RoutineBody): void {
    this.#root(routine, 'task');
  }

  /** The checker runs it at once, on a state at rest: it takes no locks, and nothing happens beside it. */
  judge(routine: RoutineBody): void {
    this.#root(routine, 'task');
    this.#judges.add(routine);
  }

  /** A context may start here as an interrupt. */
  interruptEntry(routine: RoutineBody): void {
    this.#root(routine, 'interrupt');
  }

  assemble(size: MachineSize): Program {
    const codes = new Map<RoutineBody, readonly Insn[]>();
    for (const routine of this.#routines.values()) {
      const code = routine.code();
      refuseMissingReturn(routine, code);
      codes.set(routine, tidy(code));
    }
    const order = bottomUp(codes);
    refuseEndlessLoops(codes, order);
    const roots = this.#allRoots(codes);
    for (const [root, kind] of roots) checkRoot(codes, root, kind === 'interrupt');
    const targets = followRefs(codes, roots.keys());
    const entered = new Set(roots.keys());
    const rule = new AtomicRule(codes, followLocks(codes, order, entered), targets);
    for (const routine of order) rule.check(routine);

    const concurrent = [...entered].filter((root) => !this.#judges.has(root));
    const moving = findMovers(codes, concurrent, followLocks(codes, order, entered, false), targets);
    const units = finished(instantiate(moving, roots, targets));
    const livenesses = new Map(units.map((unit) => [unit, analyse(unit)]));
    for (const [unit, liveness] of livenesses) refuseUnset(unit, liveness);
    const { registers, shared } = allocate(units, livenesses);
    const { code, live, movers, labels, starts } = encode(units, livenesses, registers, registerWidths(units, shared, size));
    const entries = new Map(units.filter(isRoot).map((unit) => [unit.name, starts.get(unit) ?? 0]));
    const { variables } = this.declarations;
    return {
      code,
      live,
      movers,
      labels,
      entries,
      variables,
      fingerprint: fingerprint(code, entries, variables),
      lockless: [...codes.keys()].flatMap((routine) => rule.lockless(routine)),
    };
  }

  #builder<P extends Params, R extends ResultKind>(body: Body<P, R>, params: P): BodyBuilder {
    const names = Object.keys(params);
    return (routine, registers) => {
      const b = new Builder<R>(routine);
      body(b, Object.fromEntries(names.map((name, n) => [name, registers[n]])) as ParamRegs<P>);
      return b.finish();
    };
  }

  #root(routine: RoutineBody, kind: 'interrupt' | 'task'): void {
    const known = this.#roots.get(routine);
    if (known && known !== kind) throw new AssemblyError(`${routine.name} is the entry of an interrupt and of a task; it can be one only`);
    this.#roots.set(routine, kind);
  }

  /** Entries and what is woken. */
  #allRoots(codes: ReadonlyMap<RoutineBody, readonly Insn[]>): Map<RoutineBody, 'interrupt' | 'task'> {
    const roots = new Map(this.#roots);
    for (const code of codes.values()) {
      for (const insn of code) {
        if (insn.op !== Op.wake || !insn.routine) continue;
        if (roots.get(insn.routine) === 'interrupt') {
          throw new AssemblyError(`${insn.routine.name} is woken as a task, but it is an interrupt entry`);
        }
        roots.set(insn.routine, 'task');
      }
    }
    return roots;
  }
}

/** The units without dead code. Units refer to each other, so their code is replaced in place of copying them. */
function finished(units: readonly Unit[]): Unit[] {
  return units.map((unit) => Object.assign(unit, { code: withoutDeadCode(unit) }));
}
