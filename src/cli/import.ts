/** `irqlab import`: a trace into facts, each with where it is known from, and into scenarios. */
import { Option, type Command } from 'commander';
import { diagnosticToJson, formatDiagnostic, stringifyScenario, type Scenario } from '../scenario/index.js';
import { checkScenario, formatFacts, importTrace, runScenario, type Import } from '../trace/index.js';
import { formatOption, readInput } from './options.js';
import { type Format, InputError, plural, print, printJson, style } from './output.js';

interface ImportOptions {
  readonly kernel?: string;
  readonly scenario?: 'check' | 'run';
  readonly notes?: boolean;
  readonly format: Format;
}

/** Facts and what could not be read. */
export function importText(trace: Import, notes: boolean): string {
  const { count } = trace;
  const lines = [
    style.bold(`${trace.file}:`),
    `${plural(count.trace, 'trace line')}, ${plural(count.annotations, 'annotation')} (no evidence), ${plural(count.garbage, 'line')} that ${count.garbage === 1 ? 'is' : 'are'} neither`,
    '',
    formatFacts(trace, { notes }).trimEnd(),
  ];
  return lines.join('\n');
}

function kernelVersion(text: string): string {
  if (!/^\d+\.\d+/.test(text)) throw new InputError(`"${text}" is no version of Linux; write e.g. 5.6`);
  return text;
}

export function addImport(program: Command): void {
  program
    .command('import')
    .summary('read a trace: facts, and scenarios made from them')
    .description(
      'Reads ftrace lines with msi_set_affinity and handler runs. Prints every fact as read, inferred or assumed, with its lines. Lines that begin with # were added later and are not evidence; lines that cannot be read are counted and reported, the rest is used.',
    )
    .argument('<file>', 'a trace as text')
    .option('--kernel <version>', 'the kernel the trace is from, e.g. 5.6: lines do not tell', kernelVersion)
    .addOption(new Option('--scenario <kind>', 'print the scenario made from the trace instead, as YAML').choices(['check', 'run']))
    .option('--notes', 'with the reason for each fact')
    .addOption(formatOption())
    .action((file: string, options: ImportOptions) => {
      const text = new TextDecoder().decode(readInput(file));
      const trace = importTrace(text, file, options.kernel === undefined ? {} : { kernel: options.kernel });
      if (trace.count.trace === 0) throw new InputError(trace.diagnostics);
      if (options.format === 'text') for (const d of trace.diagnostics) process.stderr.write(`${formatDiagnostic(d)}\n`);
      if (options.scenario !== undefined) return printScenario(trace, options);
      if (options.format === 'json') {
        printJson({
          command: 'import',
          file,
          count: trace.count,
          facts: trace.facts,
          diagnostics: trace.diagnostics.map(diagnosticToJson),
          check: checkScenario(trace) ?? null,
          run: runScenario(trace) ?? null,
        });
      } else {
        print(importText(trace, options.notes === true));
      }
      return undefined;
    });
}

function printScenario(trace: Import, { scenario: kind, format }: ImportOptions): void {
  const scenario: Scenario | undefined = kind === 'check' ? checkScenario(trace) : runScenario(trace);
  if (scenario === undefined)
    throw new InputError(`${trace.file} shows no move between two CPUs, so no scenario can be made of it; import another trace`);
  if (format === 'json') printJson(scenario);
  else print(stringifyScenario(scenario));
}
