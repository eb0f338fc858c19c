/** Collects the routines of a kernel model and assembles them to a program. */
import { AtomicRule, followRefs, type LocklessAccess } from './atomic.js';
import { Builder } from './builder.js';
import { encode, type Label } from './encode.js';
import { AssemblyError } from './errors.js';
import { fingerprint } from './fingerprint.js';
import { tidy } from './flow/graph.js';
import { analyse, refuseUnset, withoutDeadCode } from './flow/liveness.js';
import type { Parts } from './expression/types.js';
import type { Insn, RoutineBody } from './ir.js';
import { judgeBody, judgeNames, judgeOf, MOST_OWN, readBy, type When } from './judges.js';
import { followLocks } from './locks.js';
import { findMovers } from './movers.js';
import { ownKernel, refuseUnknown, type OwnParams, type OwnRoutines } from './own.js';
import { allocate } from './registers.js';
import { Routine, type BodyBuilder, type ParamRegs, type Params, type ResultKind, type RoutineOptions, type Timer } from './routine.js';
import { bottomUp, checkRoot, refuseEndlessLoops, refuseMissingReturn, type RootKind } from './rules.js';
import { instantiate, isRoot, type Unit } from './units.js';
import type { Test } from './values.js';
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
  readonly judges: Judges;
  /** in the order of their numbers */
  readonly timers: readonly { readonly name: string; readonly entry: number; readonly delay: number }[];
}

/** The judges of a program, and what they look at. */
export interface Judges {
  /** entries; 0: none */
  readonly entries: Readonly<Record<When, number>>;
  /** names of the own properties in the order of their bits */
  readonly own: readonly string[];
  /** what is read in every state: slots of variables, and hardware (a mask over `Watched`) */
  readonly watched: ReadonlySet<number>;
  readonly watchedHardware: number;
}

/** A machine without parts: expressions that name none need no more. */
const NO_PARTS: Parts = { cpus: [], irqs: [], devices: [], vectors: { lo: 0, hi: 256 }, systemVectors: [] };

const rootWords = { interrupt: 'an interrupt', task: 'a task', judge: 'a judge' } as const;

type Body<P extends Params, R extends ResultKind> = (b: Builder<R>, params: ParamRegs<P>) => void;

export class Assembler {
  readonly declarations: Declarations;
  readonly #routines = new Map<string, Routine>();
  readonly #replaced: OwnRoutines;
  /** all routines are the user's own */
  readonly #isOwn: boolean;
  readonly #roots = new Map<RoutineBody, RootKind>();
  readonly #judges = new Map<When, RoutineBody[]>();
  readonly #own: string[] = [];
  readonly #timers: { readonly name: string; readonly routine: RoutineBody; readonly delay: number }[] = [];
  readonly #parts: Parts;

  /**
   * `parts`: how CPUs, irqs and devices are called in the expressions of invariants. `replaced`: the user's bodies in place of a routine's
   * own; left out: all are the user's.
   */
  constructor(declarations: Declarations, parts: Parts = NO_PARTS, replaced?: OwnRoutines) {
    this.declarations = declarations;
    this.#parts = parts;
    this.#replaced = replaced ?? {};
    this.#isOwn = replaced === undefined;
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
    const own = Object.hasOwn(this.#replaced, name) ? this.#replaced[name] : undefined;
    const chosen: Body<P, R> =
      own === undefined
        ? body
        : (b, given) =>
            own(
              b as unknown as Builder,
              given as unknown as OwnParams,
              ownKernel(this.declarations, this.#routines, () => body(b, given)),
            );
    const routine = new Routine<P, R>(name, params, options as RoutineOptions<R>, this.#builder(chosen, params, own !== undefined));
    this.#routines.set(name, routine as unknown as Routine);
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

  /** A context may start here as an interrupt. */
  interruptEntry(routine: RoutineBody): void {
    this.#root(routine, 'interrupt');
  }

  /** A timer of each CPU: `delay` cycles after it was armed, timed, its routine runs there as a softirq. */
  timer(name: string, routine: Routine<Record<never, never>, undefined>, delay: number): Timer {
    this.#root(routine, 'task');
    const number = this.#timers.push({ name, routine, delay }) - 1;
    return { name, number };
  }

  /** A routine that looks at states and flags the properties that do not hold in them; it changes nothing. */
  judge(when: When, routine: Routine<Record<never, never>, undefined>): void {
    const known = this.#judges.get(when);
    if (known !== undefined) {
      known.push(routine);
      return;
    }
    const judges: Routine<Record<never, never>, undefined>[] = [routine];
    this.#judges.set(when, judges);
    const all = this.routine(judgeNames[when], {}, (b) => judges.forEach((each) => b.call(each, {})));
    this.#root(all, 'judge');
  }

  /**
   * A property of the model's own, checked in every scenario that uses it: an expression (expression/syntax.ts), or a
   * condition built with the builder. Throws `ExpressionError`.
   */
  invariant(name: string, holds: string | ((b: Builder) => Test), when: When = 'always'): void {
    if (!/^[a-z0-9-]+$/.test(name))
      throw new AssemblyError(`an invariant cannot be called ${name}; use lower-case letters, digits and dashes`);
    if (this.#own.length === MOST_OWN)
      throw new AssemblyError(`there are more than ${MOST_OWN} own properties, ${name} among them; join some with &&`);
    const body = judgeBody(name, this.#own.length, holds, { ...this.#parts, data: this.declarations });
    this.judge(when, this.routine<Record<never, never>>(judgeOf(name), {}, body));
    this.#own.push(name);
  }

  assemble(size: MachineSize): Program {
    refuseUnknown(this.#replaced, this.#routines);
    const codes = new Map<RoutineBody, readonly Insn[]>();
    for (const routine of this.#routines.values()) {
      const code = routine.code();
      refuseMissingReturn(routine, code);
      codes.set(routine, tidy(code));
    }
    const order = bottomUp(codes);
    refuseEndlessLoops(codes, order);
    const roots = this.#allRoots(codes);
    for (const [root, kind] of roots) checkRoot(codes, root, kind);
    const targets = followRefs(codes, roots.keys());
    const entered = new Set(roots.keys());
    const rule = new AtomicRule(codes, followLocks(codes, order, entered), targets);
    for (const routine of order) rule.check(routine);

    const concurrent = [...roots].flatMap(([root, kind]) => (kind === 'judge' ? [] : [root]));
    const moving = findMovers(codes, concurrent, followLocks(codes, order, entered, false), targets);
    const units = finished(instantiate(moving, roots, targets));
    const livenesses = new Map(units.map((unit) => [unit, analyse(unit)]));
    for (const [unit, liveness] of livenesses) refuseUnset(unit, liveness);
    const { registers, shared } = allocate(units, livenesses);
    const { code, live, movers, labels, starts } = encode(units, livenesses, registers, registerWidths(units, shared, size));
    const entries = new Map(units.filter(isRoot).map((unit) => [unit.name, starts.get(unit) ?? 0]));
    const { variables } = this.declarations;
    const judges = [...roots].find(([root, kind]) => kind === 'judge' && root.name === judgeNames.always)?.[0];
    const { slots, hardware } = readBy(codes, judges);
    const entryOf = (when: When): number => entries.get(judgeNames[when]) ?? 0;
    return {
      code,
      live,
      movers,
      labels,
      entries,
      variables,
      fingerprint: fingerprint(code, entries, variables),
      lockless: [...codes.keys()].flatMap((routine) => rule.lockless(routine)),
      judges: {
        entries: { always: entryOf('always'), atRest: entryOf('atRest'), afterProbe: entryOf('afterProbe') },
        own: [...this.#own],
        watched: slots,
        watchedHardware: hardware,
      },
      timers: this.#timers.map(({ name, routine, delay }) => ({ name, entry: entries.get(routine.name) ?? 0, delay })),
    };
  }

  #builder<P extends Params, R extends ResultKind>(body: Body<P, R>, params: P, isOwn = true): BodyBuilder {
    const names = Object.keys(params);
    return (routine, registers) => {
      const b = new Builder<R>(routine, isOwn || this.#isOwn);
      body(b, Object.fromEntries(names.map((name, n) => [name, registers[n]])) as ParamRegs<P>);
      return b.finish();
    };
  }

  #root(routine: RoutineBody, kind: RootKind): void {
    const known = this.#roots.get(routine);
    if (known && known !== kind) {
      const both = Object.entries(rootWords).flatMap(([each, word]) => (each === known || each === kind ? word : []));
      throw new AssemblyError(`${routine.name} is the entry of ${both.join(' and of ')}; it can be one only`);
    }
    this.#roots.set(routine, kind);
  }

  /** Entries and what is woken. */
  #allRoots(codes: ReadonlyMap<RoutineBody, readonly Insn[]>): Map<RoutineBody, RootKind> {
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
