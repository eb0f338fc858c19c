/**
 * Routines of a user's own in place of a model's: to try a repair, or to take one away, without touching the model. Both are found by
 * the names that counterexamples print.
 */
import { nearest } from '../words.js';
import type { Builder } from './builder.js';
import { AssemblyError, NoRoutineError } from './errors.js';
import type { Routine } from './routine.js';
import type { Reg } from './values.js';
import type { Declarations, Kind, List, Lock, Mask, Variable } from './variables.js';

/** The kernel around a routine: what its body may name besides its parameters. */
export interface OwnKernel {
  /**
   * Variables by the names they are declared with (`irqlab models NAME --names`). Throw `AssemblyError` where there is none. `K`: who
   * stores to one in TypeScript says of which kind it is.
   */
  variable<K extends Kind = never>(name: string): Variable<K>;
  mask(name: string): Mask;
  lock(name: string): Lock;
  list(name: string): List;
  /** Another routine of the model, to be called. */
  routine(name: string): Routine;
  /** Builds the body that the model itself has, at this place. */
  original(): void;
}

/** The parameters of the routine, those that it has. */
export interface OwnParams {
  readonly irq: Reg<'irq'>;
  readonly vector: Reg<'vector'>;
  readonly cpu: Reg<'cpu'>;
  readonly mask: Reg<'ref'>;
  readonly [name: string]: Reg;
}

/** A body in place of the model's, with the same parameters, result and locks held. It is built once for each machine. */
export type OwnBody = (b: Builder, params: OwnParams, kernel: OwnKernel) => void;

/** Bodies by the names of their routines. */
export type OwnRoutines = Readonly<Record<string, OwnBody>>;

/** `there is no ROUTINE x; did you mean y?`, or the names that there are. */
function missing(what: string, name: string, names: readonly string[]): AssemblyError {
  const near = nearest(name, names);
  const kind = what === 'routine' ? NoRoutineError : AssemblyError;
  return new kind(`there is no ${what} ${name}; ${near === undefined ? `there are ${names.join(', ')}` : `did you mean ${near}?`}`);
}

/** Refuses bodies for routines that the model does not have. */
export function refuseUnknown(own: OwnRoutines, routines: ReadonlyMap<string, unknown>): void {
  for (const name of Object.keys(own)) if (!routines.has(name)) throw missing('routine', name, [...routines.keys()]);
}

export function ownKernel(declarations: Declarations, routines: ReadonlyMap<string, Routine>, original: () => void): OwnKernel {
  const declared = <F extends string, V>(form: F, what: string, name: string): V => {
    const all = declarations.variables.filter((each) => each.form === form);
    const found = all.find((each) => each.name === name);
    if (found === undefined)
      throw missing(
        what,
        name,
        all.map((each) => each.name),
      );
    // what it is over is known only to the declaration; the builder checks it
    return found as unknown as V;
  };
  return {
    variable: (name) => declared('value', 'variable', name),
    mask: (name) => declared('mask', 'mask', name),
    lock: (name) => declared('lock', 'lock', name),
    list: (name) => {
      const found = declarations.lists.find((each) => each.name === name);
      if (found !== undefined) return found;
      throw missing(
        'list',
        name,
        declarations.lists.map((each) => each.name),
      );
    },
    routine: (name) => {
      const found = routines.get(name);
      if (found !== undefined) return found;
      throw missing('routine', name, [...routines.keys()]);
    },
    original,
  };
}
