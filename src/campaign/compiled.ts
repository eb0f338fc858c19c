/** Runs of scenarios that were compiled ahead: the same events as those of the scenario itself. */
import type { ModuleSource } from '../core/index.js';
import { contentOf, machineOfCompiled, type CompiledScenario, type ScenarioMachine } from '../scenario/index.js';
import { drive, type DriveLimits, type Outcome } from './outcome.js';

/** A scenario with its kernel, for any number of runs. */
export interface RunnableScenario {
  /** names */
  readonly scenario: string;
  readonly model: string;
  /** One run until its bound or the first failure. Throws `RangeError` for what another build of irqlab has compiled. */
  run(limits?: DriveLimits): Promise<Outcome>;
  /** A machine in the state in which the scenario starts, for who drives it by hand. `seed`: default what the scenario says. Throws as `run`. */
  machine(seed?: number): Promise<ScenarioMachine>;
}

/**
 * Opens what `irqlab compile` or `compileScenario` has made. `module`: default the one that lies beside this package. Throws `RangeError` for
 * anything else.
 */
export function openScenario(compiled: CompiledScenario, module?: ModuleSource): RunnableScenario {
  const content = contentOf(compiled);
  const machine = (seed?: number): Promise<ScenarioMachine> => machineOfCompiled(compiled, content, seed, module);
  return {
    scenario: compiled.scenario,
    model: compiled.model,
    machine,
    run: async (limits = {}) => drive(await machine(limits.seed), { ...compiled, ...content }, limits),
  };
}
