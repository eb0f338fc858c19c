#!/usr/bin/env node
/** The command line: one file per command, and here what becomes of mistakes. */
import { Command, CommanderError } from 'commander';
import { readFileSync } from 'node:fs';
import { addBehaviours } from './behaviours.js';
import { addCampaign } from './campaign.js';
import { addCheck } from './check.js';
import { addCompare } from './compare.js';
import { addCompile } from './compile.js';
import { addConform } from './conform.js';
import { addDiff } from './diff.js';
import { addExplain } from './explain.js';
import { addHunt } from './hunt.js';
import { addImport } from './import.js';
import { addLists } from './list.js';
import { junitErrors } from './junit.js';
import { Exit, InputError, print, printErrors, type Format } from './output.js';
import { addMerge } from './merge.js';
import { mistakeOfModel } from './model.js';
import { addRaces } from './races.js';
import { addReplay } from './replay.js';
import { addRun } from './run.js';
import { addStart } from './start.js';
import { addStep } from './step.js';
import { addStrategies } from './strategies.js';
import { addVerdicts } from './verdicts.js';

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { readonly version: string };

const program = new Command('irqlab')
  .description(
    'Emulates the way of an x86 interrupt and the kernel code that moves it: was it lost or late, which step did it, and is this algorithm safe?',
  )
  .version(version, '-V, --version', 'the version of this program')
  .showSuggestionAfterError(true)
  .helpOption('-h, --help', 'what a command does and takes')
  .helpCommand(false)
  .configureHelp({ showGlobalOptions: false });

addStart(program);
addCheck(program);
addHunt(program);
addRun(program);
addCampaign(program);
addMerge(program);
addCompare(program);
addCompile(program);
addStep(program);
addReplay(program);
addExplain(program);
addImport(program);
addConform(program);
addDiff(program);
addVerdicts(program);
addStrategies(program);
addBehaviours(program);
addRaces(program);
addLists(program);

for (const command of [program, ...program.commands]) {
  // every mistake ends in `report`, in one form
  command.exitOverride().configureOutput({ writeErr: () => undefined });
}

/** The format that was asked for, even where the rest of the line is wrong. */
function askedFormat(argv: readonly string[]): Format | 'junit' {
  const at = argv.indexOf('--format');
  const asked = argv.find((word) => word.startsWith('--format='))?.slice('--format='.length) ?? (at >= 0 ? argv[at + 1] : undefined);
  return asked === 'json' || (asked === 'junit' && argv[0] === 'check') ? asked : 'text';
}

function tell({ diagnostics }: InputError): void {
  const format = askedFormat(process.argv.slice(2));
  if (format !== 'junit') return printErrors(diagnostics, format);
  // who reads the report is a server; who looks for the mistake reads the log
  printErrors(diagnostics, 'text');
  return print(junitErrors(diagnostics));
}

function sentence(error: CommanderError): string {
  const text = error.message
    .replace(/^error: /, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  const where =
    error.code === 'commander.unknownCommand' || error.code === 'commander.excessArguments' ? 'irqlab --help' : 'irqlab COMMAND --help';
  return `${text.replace(/\.$/, '')}; ${where} lists what there is`;
}

function report(error: unknown): void {
  process.exitCode = Exit.input;
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) process.exitCode = Exit.ok;
    else tell(new InputError(sentence(error)));
  } else if (error instanceof InputError) {
    tell(error);
  } else {
    const mistake = mistakeOfModel(error);
    if (mistake !== undefined) return tell(mistake);
    // not as Node tells it, with the line of a bundle
    process.exitCode = Exit.internal;
    process.stderr.write(`irqlab: this is a mistake of irqlab itself: ${error instanceof Error ? error.stack : String(error)}\n`);
  }
}

process.on('uncaughtException', (error) => {
  report(error);
  process.exit();
});

// a reader that has seen enough closes the pipe; the verdict, and with it the exit code, is still to come
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  if (process.argv.length <= 2) program.outputHelp();
  else await program.parseAsync();
} catch (error) {
  report(error);
}
