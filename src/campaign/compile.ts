/** A scenario and its kernel model compiled ahead, for runs of `compiled.ts`. */
import { compileSystem, assembleSystem, type CompiledScenario, type Overrides, type Scenario } from '../scenario/index.js';
import { MOST_PENDING } from './driver.js';
import { modeOf } from './timed.js';

/**
 * Compiles a scenario for timed runs, which `openScenario` of `irqlab/run` makes of it without the kernel models: JSON, for the same build of
 * irqlab. `measure`: its runs measure what operations cost, and nothing that fails ends them. Throws `ModelError` if the model or a behaviour
 * does not exist, `RangeError` if the machine does not fit into memory.
 */
export async function compileScenario(
  scenario: Scenario,
  overrides: Overrides = {},
  { measure = false }: { readonly measure?: boolean } = {},
): Promise<CompiledScenario> {
  const system = assembleSystem(scenario, overrides);
  return compileSystem(system, { ...modeOf(system, { measure, holds: false }), injected: MOST_PENDING });
}
