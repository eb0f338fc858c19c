/** Judges: routines that only look at a state and flag the properties that do not hold in it. */
import { Inspect, Op } from '../../assembly/state/abi/instructions.js';
import { FIRST_OWN } from '../../assembly/state/abi/outcomes.js';
import { Watched } from '../../assembly/state/abi/tables.js';
import type { Builder } from './builder.js';
import type { Term } from './expression/emission.js';
import { ExpressionError, parseExpression } from './expression/syntax.js';
import { Terms } from './expression/terms.js';
import type { Surroundings } from './expression/types.js';
import type { RoutineBody } from './ir.js';
import type { Codes } from './rules.js';
import { not, type Reg, type Test } from './values.js';

/** The states a property is about: every one, those at rest, those at rest in which the probe has ended (design 4). */
export type When = 'always' | 'atRest' | 'afterProbe';

/** A property of a model's or a user's own: it holds where the expression does. */
export interface OwnProperty {
  /** lower-case letters, digits, dashes */
  readonly name: string;
  readonly when: When;
  readonly expression: string;
}

/** Own properties that a mask of violations has room for. */
export const MOST_OWN = 32 - FIRST_OWN;

/** Root routines. An own property has no underscore in its name, so none collides. */
export const judgeNames = { always: 'judge_every_state', atRest: 'judge_at_rest', afterProbe: 'judge_after_probe' } as const;

/** Name of the routine that judges an own property. */
export function judgeOf(property: string): string {
  return `judge_${property}`;
}

function termOf(name: string, expression: string, surroundings: Surroundings): Term {
  try {
    return new Terms(surroundings).whole(parseExpression(expression));
  } catch (error) {
    throw error instanceof ExpressionError ? new ExpressionError(error.at, error.message, name) : error;
  }
}

/** The body of a judge that flags own property `number` unless the condition holds. Throws `ExpressionError`. */
export function judgeBody(
  name: string,
  number: number,
  holds: string | ((b: Builder) => Test),
  surroundings: Surroundings,
): (b: Builder) => void {
  const fail = (b: Builder): void => b.flag(FIRST_OWN + number);
  if (typeof holds !== 'string') return (b) => b.if(not(holds(b)), () => fail(b));
  const term = termOf(name, holds, surroundings);
  return (b) => {
    const locals = new Map<string, Reg>();
    const leave = (): void => {
      fail(b);
      b.return();
    };
    b.if(not(term.test({ b, locals, fail: leave })), () => fail(b));
  };
}

function watchedBy(field: Inspect): Watched {
  if (field <= Inspect.running) return Watched.cpus;
  const isDevice = field <= Inspect.msiData || (field >= Inspect.sentAddress && field <= Inspect.sends);
  return isDevice ? Watched.devices : Watched.messages;
}

/** What a judge and all that it calls read: slots of variables, and a mask over `Watched`. */
export function readBy(codes: Codes, root: RoutineBody | undefined): { slots: ReadonlySet<number>; hardware: number } {
  const slots = new Set<number>();
  let hardware = 0;
  const seen = new Set<RoutineBody>();
  const visit = (routine: RoutineBody): void => {
    if (seen.has(routine)) return;
    seen.add(routine);
    for (const { op, imm, variable, second, key, routine: callee } of codes.get(routine) ?? []) {
      for (const each of [variable, second, key]) if (each !== undefined) slots.add(each.slot);
      if (op === Op.inspect) hardware |= watchedBy(imm);
      if (op === Op.cfgRead || op === Op.mmioRead || op === Op.pinRead || op === Op.unitRead) hardware |= Watched.devices;
      if (op === Op.call && callee !== undefined) visit(callee);
    }
  };
  if (root !== undefined) visit(root);
  return { slots, hardware };
}
