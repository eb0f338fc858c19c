/** What runs are of, as data that crosses threads: a scenario on a kernel, which then only needs a seed. */
import type { Overrides, Scenario } from '../scenario/index.js';
import type { RunLimits } from './timed.js';

/** What many runs have in common. */
export interface RunSubject {
  readonly scenario: Scenario;
  /** in place of what the scenario says; the model by its name */
  readonly overrides?: Omit<Overrides, 'model'> & { readonly model?: string | undefined };
  readonly limits?: Pick<RunLimits, 'seconds' | 'deadline'>;
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
