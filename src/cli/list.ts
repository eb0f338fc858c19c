/** `irqlab scenarios`, `models`, `schema`: what there is to ask about. */
import type { Command } from 'commander';
import { findModel, modelNames } from '../kernel/model/index.js';
import { wrap } from '../check/index.js';
import { builtinScenarios, findScenario, jsonSchema } from '../scenario/index.js';
import { formatOption, orInputError } from './options.js';
import { InputError, print, printJson, style, width, type Format } from './output.js';

export function addLists(program: Command): void {
  program
    .command('scenarios')
    .summary('the built-in scenarios; with a name, the file to start your own from')
    .argument('[name]', 'print this one')
    .addOption(formatOption())
    .action((name: string | undefined, { format }: { format: Format }) => {
      if (name !== undefined) {
        const found = findScenario(name);
        if (found === undefined)
          throw new InputError(`there is no built-in scenario ${name}; there are ${[...builtinScenarios.keys()].join(', ')}`);
        return format === 'json' ? printJson(found.scenario) : print(found.text);
      }
      if (format === 'json')
        return printJson([...builtinScenarios.values()].map(({ scenario }) => ({ name: scenario.name, about: scenario.about ?? '' })));
      for (const { scenario } of builtinScenarios.values()) {
        const lines = wrap((scenario.about ?? '').trim().replaceAll(/\s+/g, ' '), width() - 22);
        lines.forEach((line, i) => print(`${style.bold((i === 0 ? scenario.name : '').padEnd(20))}  ${line}`));
      }
      return undefined;
    });

  program
    .command('models')
    .summary('the kernel models; with a name, its behaviours')
    .argument('[name]', 'e.g. linux-5.9')
    .addOption(formatOption())
    .action((name: string | undefined, { format }: { format: Format }) => {
      if (name === undefined) return format === 'json' ? printJson(modelNames) : print(modelNames.join('\n'));
      const { behaviours } = orInputError(() => findModel(name));
      if (format === 'json') return printJson(behaviours);
      for (const b of behaviours) {
        const lines = wrap(`${b.text} (${b.evidence})`, width() - 28);
        lines.forEach((line, i) => print(`${(i === 0 ? `${b.name}=${b.value}` : '').padEnd(26)}  ${line}`));
      }
      return undefined;
    });

  program
    .command('schema')
    .summary('the JSON Schema of a scenario file')
    .action(() => printJson(jsonSchema()));
}
