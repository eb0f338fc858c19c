/** What runs are of, as data that crosses threads: a scenario on a kernel, which then only needs a seed. */
import { assembleSystem, type Overrides, type Scenario, type System } from '../scenario/index.js';
import type { RunLimits } from './timed.js';

/** What many runs have in common. */
export interface RunSubject {
  readonly scenario: Scenario;
  /** in place of what the scenario says; the model by its name */
  readonly overrides?: Omit<Overrides, 'model'> & { readonly model?: string | undefined };
  readonly limits?: Pick<RunLimits, 'seconds' | 'deadline' | 'measure'>;
}

/** One run: the place of its subject among those that a pool has, and its seed. */
export interface RunJob {
  readonly subject: number;
  readonly seed: number;
}

export interface PoolOptions {
  /** threads, 1 to 16; default: one per processor */
  readonly workers?: number | undefined;
  /**
   * address of a module whose `modelFrom(name)` gives the model that a subject names, or its name: for models of the user's own, which
   * do not cross threads; each worker imports it. Default: names are those of built-in models
   */
  readonly models?: string | undefined;
}

interface Models {
  modelFrom(name: string | undefined): Promise<Overrides['model']>;
}

/** Joins the scenario and the model of a subject. Throws `ModelError` if the model or a behaviour does not exist. */
export async function systemOfSubject({ scenario, overrides = {} }: RunSubject, models: PoolOptions['models']): Promise<System> {
  const named = models === undefined ? undefined : await ((await import(models)) as Models).modelFrom(overrides.model);
  return assembleSystem(scenario, { ...overrides, model: named ?? overrides.model });
}
