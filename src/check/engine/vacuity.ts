/** Whether what was searched could have failed at all: what ran, and what never did. */
import { Note, Op } from '../../core/index.js';
import type { ProgramMachine } from '../../machine/index.js';
import type { System } from '../../scenario/index.js';
import { stepOf } from '../../kernel/model/index.js';
import { instructionAt } from '../names/index.js';
import { neverEvaluated } from './evaluated.js';

export interface Vacuity {
  readonly handlerRuns: number;
  readonly retriggers: number;
  readonly swallowed: number;
  /** sources whose handler never ran, operations that never ended, on any path */
  readonly neverHandled: readonly string[];
  readonly neverEnded: readonly string[];
  /** micro-ops that were never executed, as routine:line text */
  readonly notExecuted: readonly string[];
  readonly microOps: number;
  /** own properties of which something was never evaluated: a sentence each */
  readonly neverEvaluated: readonly string[];
  /** what happened at all on some path: swallowed, retrigger, stray and so on */
  readonly kinds: readonly string[];
}

/** What one worker's machine has seen; plain data, so that it can be sent and kept. */
export interface Activity {
  readonly handlerRuns: number;
  readonly retriggers: number;
  readonly swallowed: number;
  readonly handled: readonly boolean[];
  readonly ended: readonly boolean[];
  readonly executed: readonly number[];
  readonly kinds: readonly string[];
}

/** Kinds of things that happened on some path: what a model counts (`Note`), and strays. */
function kindsOf(machine: ProgramMachine): string[] {
  const notes = Object.keys(Note).filter((name): name is keyof typeof Note => Number.isNaN(Number(name)) && name !== 'count');
  return [...notes.filter((name) => machine.note(name) > 0), ...(machine.counter('strays') > 0 ? ['stray'] : [])].toSorted();
}

export function activityOf(machine: ProgramMachine): Activity {
  return {
    handlerRuns: machine.counter('served'),
    retriggers: machine.note('retrigger'),
    swallowed: machine.note('swallowed'),
    handled: machine.setup.sources.map((_, s) => machine.handled(s)),
    ended: machine.setup.operations.map((_, o) => machine.ended(o)),
    executed: [...machine.coverage()],
    kinds: kindsOf(machine),
  };
}

export function joinActivities(a: Activity, b: Activity): Activity {
  return {
    handlerRuns: a.handlerRuns + b.handlerRuns,
    retriggers: a.retriggers + b.retriggers,
    swallowed: a.swallowed + b.swallowed,
    handled: a.handled.map((one, i) => one || b.handled[i] === true),
    ended: a.ended.map((one, i) => one || b.ended[i] === true),
    executed: a.executed.map((one, i) => one | (b.executed[i] ?? 0)),
    kinds: [...new Set([...a.kinds, ...b.kinds])].toSorted(),
  };
}

export function vacuityOf(system: System, { handlerRuns, retriggers, swallowed, handled, ended, executed, kinds }: Activity): Vacuity {
  // what never changes what others see is not worth a line
  const notExecuted: string[] = [];
  let microOps = 0;
  for (let pc = 1; pc < executed.length; pc++) {
    if (instructionAt(system, pc).op < (Op.firstObservable as number)) continue;
    const label = stepOf(system.built, pc);
    if (label.startsWith('judge_')) continue;
    microOps++;
    if (executed[pc] === 0) notExecuted.push(label);
  }
  const { sources } = system.setup({ timed: false, record: 0 });
  return {
    handlerRuns,
    retriggers,
    swallowed,
    neverHandled: system.names.sources.filter((_, s) => (sources[s]?.raises ?? 0) > 0 && handled[s] !== true),
    neverEnded: system.names.operations.filter((_, o) => ended[o] !== true),
    notExecuted,
    microOps,
    neverEvaluated: neverEvaluated(system, executed),
    kinds,
  };
}
