/** `irqlab step`: a walk through a check by hand, at a prompt or from a pipe. */
import type { Command } from 'commander';
import { createInterface } from 'node:readline';
import { Walk } from '../check/index.js';
import { assembleSystem } from '../scenario/index.js';
import { Console } from './console.js';
import { writeText } from './files.js';
import { loadScenario, modelOptions, orInputError, overridesOf, type SystemOptions } from './options.js';
import { Exit, headline, InputError, plural, print, style, width } from './output.js';
import { follow, followedNotes, tokenIn } from './token.js';

type StepOptions = Pick<SystemOptions, 'model' | 'set' | 'assume'>;

interface Begun {
  readonly walk: Walk;
  readonly notes: readonly string[];
}

/** A walk at the start of a scenario, or at the end of a token's way. Throws `InputError`. */
async function begin(argument: string, options: StepOptions): Promise<Begun> {
  const token = tokenIn(argument);
  try {
    if (token === undefined) {
      const scenario = loadScenario(argument, ', or give a token, which begins with irqlab1/');
      const overrides = await overridesOf(options);
      const system = orInputError(() => assembleSystem(scenario, overrides));
      return { walk: await Walk.begin(system), notes: [] };
    }
    const followed = await follow(token, options);
    const way = followed.replayed.replay.steps.map((step) => step.action);
    const notes = [`at the end of the schedule, after ${plural(way.length, 'step')}`, ...followedNotes(followed)];
    return { walk: await Walk.begin(followed.system, way), notes };
  } catch (error) {
    if (error instanceof RangeError) throw new InputError(error.message);
    throw error;
  }
}

/** `-`: the token is the first line of the standard input, commands are the others. */
async function firstLine(lines: AsyncIterator<string>): Promise<string> {
  const { value, done } = await lines.next();
  const text = done === true ? '' : value.trim();
  if (!text.startsWith('irqlab1/'))
    throw new InputError('- takes a token in the first line of the standard input, commands behind it; name a scenario instead');
  return text;
}

async function walkBy(argument: string, options: StepOptions): Promise<void> {
  const terminal = process.stdin.isTTY && process.stdout.isTTY;
  let console: Console | undefined;
  const reader = createInterface({
    input: process.stdin,
    ...(terminal ? { output: process.stdout, prompt: 'irqlab> ' } : {}),
    terminal,
    completer: (line: string): [string[], string] => [(console?.words() ?? []).filter((word) => word.startsWith(line)), line],
  });
  // a prompt that was left with Ctrl-C
  reader.on('SIGINT', () => {
    process.exitCode = Exit.interrupted;
    reader.close();
  });
  try {
    const lines = reader[Symbol.asyncIterator]();
    const { walk, notes } = await begin(argument === '-' ? await firstLine(lines) : argument, options);
    console = new Console(walk, width, writeText);
    const { scenario, model } = walk.system;
    print(headline(`${scenario.name}, ${model.name}`, [...notes, 'help lists the commands'].join('; '), style.dim));
    print(`\n${console.overview()}`);
    const quit = await converse(console, lines, () => {
      if (terminal) reader.prompt();
    });
    // the shell's prompt does not belong behind ours
    if (terminal && !quit) print('\n');
  } finally {
    reader.close();
  }
}

/** Answers line by line; true if it was told to end. */
async function converse(console: Console, lines: AsyncIterator<string>, prompt: () => void): Promise<boolean> {
  for (;;) {
    prompt();
    // one answer before the next line is read
    // oxlint-disable-next-line no-await-in-loop
    const { value, done } = await lines.next();
    if (done === true) return false;
    // oxlint-disable-next-line no-await-in-loop
    const { text, wrong, quit } = await console.run(value);
    if (text !== '') print(text);
    if (wrong !== undefined) {
      process.stderr.write(`irqlab: ${wrong}\n`);
      if (!process.stdin.isTTY) process.exitCode = Exit.input;
    }
    if (quit === true) return true;
  }
}

export function addStep(program: Command): void {
  modelOptions(program.command('step').summary('walk through a check by hand, step by step'))
    .description(
      'Lists the steps that are enabled, takes the one you choose, and says what it changed. At a prompt, or with commands from a pipe, one a line; "help" lists them. Starting from a token it stands at its end, and undo goes back.',
    )
    .argument(
      '[scenario|token]',
      'a built-in scenario, a file with one or with a token, a token, or - for one in the first line of the input',
      'xhci-hotplug',
    )
    .action((argument: string, options: StepOptions) => walkBy(argument, options));
}
