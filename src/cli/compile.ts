/** `irqlab compile`: a scenario with its kernel model as data, for programs and pages that run it with `irqlab/run`. */
import type { Command } from 'commander';
import { compileScenario } from '../campaign/index.js';
import { loadTimed, modelOptions, overridesOf, type SystemOptions } from './options.js';
import { print } from './output.js';

interface CompileOptions extends Omit<SystemOptions, 'format'> {
  readonly measure?: boolean;
}

export function addCompile(program: Command): void {
  const command = program.command('compile').summary('make data of a scenario, which irqlab/run runs without the models');
  command.option('--scenario <name|file>', 'a built-in scenario or a file', 'xhci-loop');
  modelOptions(command)
    .description(
      'Prints a scenario compiled with its kernel model, as JSON on one line: a program or a page opens it with openScenario of irqlab/run and makes the same runs, seed by seed, without models, parser and checker. It is for the build of irqlab that made it.',
    )
    .option('--measure', 'its runs measure what operations cost, and nothing that fails ends them')
    .action(async (options: CompileOptions) => {
      const { measure = false } = options;
      print(JSON.stringify(await compileScenario(loadTimed(options.scenario), await overridesOf(options), { measure })));
    });
}
