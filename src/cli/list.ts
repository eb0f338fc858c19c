/** `irqlab scenarios`, `models`, `schema`: what there is to ask about. */
import { Argument, type Command } from 'commander';
import { readables } from '../kernel/index.js';
import { findModel, modelNames, type KernelModel } from '../kernel/model/index.js';
import { checkJsonSchema, wrap } from '../check/index.js';
import { builtinScenarios, findScenario, jsonSchema } from '../scenario/index.js';
import { modelFrom } from './model.js';
import { formatOption, noScenario, orInputError } from './options.js';
import { InputError, print, printJson, style, width, type Format } from './output.js';

/** What an own property can read, with what each is. */
function printNames({ data }: KernelModel, format: Format): void {
  const all = data === undefined ? [] : readables(data);
  if (format === 'json') return printJson(all.map(({ name, dims, about }) => ({ name, index: dims, about })));
  for (const each of all) {
    const shown = `${each.name}${each.dims.map((dim) => `[${dim}]`).join('')}`;
    const lines = wrap(each.about, width() - 38);
    // a name too long for its column has a line of its own
    if (shown.length > 36) print(shown);
    lines.forEach((line, i) => print(`${(i === 0 && shown.length <= 36 ? shown : '').padEnd(36)}  ${line}`));
  }
  return undefined;
}

export function addLists(program: Command): void {
  program
    .command('scenarios')
    .summary('the built-in scenarios; with a name, the file to start your own from')
    .argument('[name]', 'print this one')
    .addOption(formatOption())
    .action((name: string | undefined, { format }: { format: Format }) => {
      if (name !== undefined) {
        const found = findScenario(name);
        if (found === undefined) throw new InputError(noScenario(name));
        return format === 'json' ? printJson(found.scenario) : print(found.text);
      }
      if (format === 'json')
        return printJson([...builtinScenarios.values()].map(({ scenario }) => ({ name: scenario.name, about: scenario.about ?? '' })));
      const column = Math.max(...[...builtinScenarios.keys()].map((each) => each.length)) + 2;
      for (const { scenario } of builtinScenarios.values()) {
        const lines = wrap((scenario.about ?? '').trim().replaceAll(/\s+/g, ' '), Math.max(20, width() - column));
        lines.forEach((line, i) => print(`${style.bold((i === 0 ? scenario.name : '').padEnd(column))}${line}`));
      }
      return undefined;
    });

  program
    .command('models')
    .summary('the kernel models; with a name, its behaviours')
    .argument('[name]', 'e.g. linux-5.9, or a file that exports your own')
    .option('--names', 'what the expressions of assert: can name, hardware first, then the variables of the model')
    .addOption(formatOption())
    .action(async (name: string | undefined, { format, names }: { format: Format; names?: boolean }) => {
      if (name === undefined) {
        if (names) throw new InputError(`--names needs a model; there are ${modelNames.join(', ')}`);
        return format === 'json' ? printJson(modelNames) : print(modelNames.join('\n'));
      }
      const found = await modelFrom(name);
      const model = typeof found === 'object' ? found : orInputError(() => findModel(name));
      if (names) return printNames(model, format);
      const { behaviours, own = [] } = model;
      if (format === 'json') return printJson(behaviours);
      for (const routine of own) print(`own: ${routine}`);
      for (const b of behaviours) {
        const lines = wrap(`${b.text} (${b.evidence})`, width() - 28);
        lines.forEach((line, i) => print(`${(i === 0 ? `${b.name}=${b.value}` : '').padEnd(26)}  ${line}`));
      }
      return undefined;
    });

  program
    .command('schema')
    .summary('the JSON Schema of a scenario file, or of what check prints')
    .addArgument(
      new Argument('[what]', 'scenario: a scenario file; check: what check --format json prints')
        .choices(['scenario', 'check'])
        .default('scenario'),
    )
    .action((what: string) => printJson(what === 'check' ? checkJsonSchema() : jsonSchema()));
}
