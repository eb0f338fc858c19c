/** Policies at work: asked batch by batch, and what they want is injected. */
import type { ScenarioMachine } from '../scenario/index.js';
import { policiesOf, type Policy, type PolicySource } from '../workload/index.js';

/** Cycles from one question to policies to the next: 1 ms. */
const BATCH = 3_000_000;
/** Operations of policies that may have been injected and not ended. */
export const MOST_PENDING = 1024;

/** What became of injected operations. */
export interface InjectedCounts {
  readonly total: number;
  readonly done: number;
  /** begun, and not done when the run ended */
  readonly running: number;
  /** not begun: their time had not come, or no CPU had time for them */
  readonly queued: number;
  /** what policies wanted and the kernel would have refused, or had no room for */
  readonly refused: number;
}

export const noneInjected: InjectedCounts = { total: 0, done: 0, running: 0, queued: 0, refused: 0 };

export function addInjected(a: InjectedCounts, b: InjectedCounts): InjectedCounts {
  return {
    total: a.total + b.total,
    done: a.done + b.done,
    running: a.running + b.running,
    queued: a.queued + b.queued,
    refused: a.refused + b.refused,
  };
}

/** What the machine of a run needs for policies that its scenario does not name. */
export const roomFor = (own: readonly PolicySource[] | undefined): { readonly injected?: number } =>
  own === undefined || own.length === 0 ? {} : { injected: MOST_PENDING };

export class Driver {
  readonly #machine: ScenarioMachine;
  readonly #policies: readonly Policy[];
  #refused = 0;

  /** The policies of the scenario come first, then `own`. */
  constructor(machine: ScenarioMachine, named: Parameters<typeof policiesOf>[0], own: readonly PolicySource[] = [], seed = 0) {
    this.#machine = machine;
    const others = own.map((policy): Policy => (typeof policy === 'function' ? { name: 'own', next: policy } : policy));
    this.#policies = [...policiesOf(named, seed), ...others];
  }

  /** Cycles of the next batch, `most` at most, which the policies have been asked about. */
  next(most: number): number {
    if (this.#policies.length === 0) return most;
    const { now } = this.#machine;
    const cycles = Math.min(most, BATCH - Number(now % BigInt(BATCH)));
    const view = this.#machine.view(now + BigInt(cycles));
    for (const policy of this.#policies)
      for (const { at, ...operation } of policy.next(view)) if (!this.#machine.tryInject(operation, at)) this.#refused++;
    return cycles;
  }

  get counts(): InjectedCounts {
    const { total, begun, ended } = this.#machine.injected;
    return { total, done: ended, running: begun - ended, queued: total - begun, refused: this.#refused };
  }
}
