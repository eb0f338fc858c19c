/** `irqlab import`: a trace into facts, each with where it is known from, and into scenarios. */
import type { Command } from 'commander';
import { diagnosticToJson, formatDiagnostic, stringifyScenario, type Scenario } from '../scenario/index.js';
import { checkScenario, formatFacts, importTrace, runScenario, type Import } from '../trace/index.js';
import { formatOption, readInput } from './options.js';
import { Exit, InputError, print, printJson, style, type Format } from './output.js';

interface ImportOptions {
  readonly kernel?: string;
  readonly scenario?: 'check' | 'run';
  readonly notes: boolean;
  readonly format: Format;
}

/** Facts and what could not be read. */
export function importText(trace: Import, notes: boolean): string {
  const { count } = trace;
  const lines = [
    style.bold(
      `${trace.file}: ${count.trace} trace lines, ${count.annotations} annotations (no evidence), ${count.garbage} lines that are neither`,
    ),
    '',
    formatFacts(trace, { notes }).trimEnd(),
  ];
  return lines.join('\n');
}

export function addImport(program: Command): void {
  program
    .command('import')
    .summary('read a trace: facts, and scenarios made from them')
    .description(
      'Reads ftrace lines with msi_set_affinity and handler runs. Prints every fact as read, inferred or assumed, with its lines. Lines that begin with # were added later and are not evidence; lines that cannot be read are counted and reported, the rest is used.',
    )
    .argument('<file>', 'a trace as text')
    .option('--kernel <version>', 'the kernel the trace is from, e.g. 5.6: lines do not tell')
    .option('--scenario <check|run>', 'print the scenario made from the trace instead, as YAML')
    .option('--notes', 'with the reason for each fact', false)
    .addOption(formatOption())
    .action((file: string, options: ImportOptions) => {
      const text = new TextDecoder().decode(readInput(file));
      const trace = importTrace(text, file, options.kernel === undefined ? {} : { kernel: options.kernel });
      if (options.scenario !== undefined) return printScenario(trace, options.scenario);
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
        print(importText(trace, options.notes));
        for (const d of trace.diagnostics) process.stderr.write(`${formatDiagnostic(d)}\n`);
      }
      if (trace.count.trace === 0) process.exitCode = Exit.input;
      return undefined;
    });
}

function printScenario(trace: Import, which: string): void {
  if (which !== 'check' && which !== 'run') throw new InputError(`--scenario cannot be ${which}; it is check or run`);
  const scenario: Scenario | undefined = which === 'check' ? checkScenario(trace) : runScenario(trace);
  if (scenario === undefined)
    throw new InputError(
      trace.diagnostics.length > 0 ? trace.diagnostics : `${trace.file} shows no move between two CPUs, so no scenario can be made of it`,
    );
  print(stringifyScenario(scenario));
}
