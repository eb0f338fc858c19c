/** Who runs a cell: one seed of one strategy in one setting. */
import { ModelError } from '../kernel/model/index.js';
import { ModelFault } from '../machine/index.js';
import { assembleSystem, type Overrides, type Scenario, type System } from '../scenario/index.js';
import { measure, type Measurement } from './measure.js';

export interface RunJob {
  readonly scenario: Scenario;
  readonly overrides: Overrides;
  readonly seed: number;
  /** simulated */
  readonly seconds: number;
}

export interface Runner {
  /** runs at once */
  readonly lanes: number;
  /** `refused`: why the strategy cannot be run there, whatever the seed */
  run(job: RunJob): Promise<Measurement | { readonly refused: string }>;
}

/** On this thread, one after the other. */
export class OwnThread implements Runner {
  readonly lanes = 1;
  /** by scenario and overrides: a program is assembled once */
  readonly #systems = new Map<Scenario, Map<Overrides, System | { readonly refused: string }>>();

  async run({ scenario, overrides, seed, seconds }: RunJob): Promise<Measurement | { readonly refused: string }> {
    const system = this.#system(scenario, overrides);
    if ('refused' in system) return system;
    try {
      return await measure(system, seed, seconds);
    } catch (error) {
      if (error instanceof ModelFault) return { refused: `seed ${seed}: ${error.message}` };
      throw error;
    }
  }

  #system(scenario: Scenario, overrides: Overrides): System | { readonly refused: string } {
    const known = this.#systems.get(scenario) ?? new Map<Overrides, System | { readonly refused: string }>();
    this.#systems.set(scenario, known);
    const system = known.get(overrides) ?? systemOr(scenario, overrides);
    known.set(overrides, system);
    return system;
  }
}

function systemOr(scenario: Scenario, overrides: Overrides): System | { readonly refused: string } {
  try {
    return assembleSystem(scenario, overrides);
  } catch (error) {
    if (error instanceof ModelError) return { refused: error.message };
    throw error;
  }
}
