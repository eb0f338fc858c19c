/** Routines: a name, typed parameters, perhaps a result, and a body that is built when it is first needed. */
import { AssemblyError } from './errors.js';
import type { Insn, RoutineBody } from './ir.js';
import { Reg, type Value } from './values.js';
import type { Kind, Lock } from './variables.js';

export type Params = Readonly<Record<string, Kind>>;

/** The parameters as the body sees them. */
export type ParamRegs<P extends Params> = { readonly [N in keyof P]: Reg<P[N]> };

/** What a call passes. */
export type Arguments<P extends Params> = { readonly [N in keyof P]: Value<P[N]> };

export type ResultKind = Kind | undefined;

export interface RoutineOptions<R extends ResultKind> {
  readonly result?: R;
  /** locks that every caller holds */
  readonly holds?: readonly Lock[];
}

/** A timer that each CPU has one of (`Assembler.timer`). */
export interface Timer {
  readonly name: string;
  readonly number: number;
}

/** Builds the code of a routine. */
export type BodyBuilder = (routine: RoutineBody, params: readonly Reg[]) => readonly Insn[];

export class Routine<P extends Params = Params, R extends ResultKind = ResultKind> implements RoutineBody {
  readonly name: string;
  readonly params: readonly Reg[];
  readonly paramNames: readonly string[];
  readonly result: Reg | undefined;
  readonly holds: readonly Lock[];
  /** the types of parameters and result, for the compiler only */
  declare readonly signature: (params: P) => R;
  #build: BodyBuilder;
  #code: readonly Insn[] | undefined;

  constructor(name: string, params: P, options: RoutineOptions<R>, build: BodyBuilder) {
    this.name = name;
    this.paramNames = Object.keys(params);
    this.params = Object.entries(params).map(([param, kind]) => new Reg(kind, param, name));
    this.result = options.result === undefined ? undefined : new Reg(options.result, name, name);
    this.holds = options.holds ?? [];
    this.#build = build;
  }

  code(): readonly Insn[] {
    this.#code ??= this.#build(this, this.params);
    return this.#code;
  }

  /** Another body for the same routine. */
  replace(build: BodyBuilder): void {
    if (this.#code) throw new AssemblyError(`routine ${this.name} is assembled already; replace it before assemble()`);
    this.#build = build;
  }
}
