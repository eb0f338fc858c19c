/** Options that several commands share. */
import { Option, type Command } from 'commander';
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { behavioursOf, findModel, ModelError, modelNames, type KernelModel } from '../kernel/model/index.js';
import { modelFrom } from './model.js';
import { assumptionValues, timingIds, type Assumptions } from '../machine/index.js';
import { builtinScenarios, findScenario, parseScenarioBytes, type Overrides, type Scenario, type Vocabulary } from '../scenario/index.js';
import { withReplays } from '../trace/index.js';
import { joined, nearest } from '../words.js';
import { InputError, type Format } from './output.js';
import { MOST_THREADS } from './threads.js';

export interface SystemOptions {
  readonly scenario: string;
  readonly model?: string;
  readonly set?: Readonly<Record<string, string>>;
  readonly assume?: Readonly<Record<string, string>>;
  readonly format: Format;
}

function pair(text: string, previous: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [key = '', value = '', ...rest] = text.split('=');
  if (key === '' || value === '' || rest.length > 0)
    throw new InputError(`"${text}" is no setting; write name=value, e.g. msiUpdate=direct`);
  return { ...previous, [key]: value };
}

export function formatOption(formats: readonly string[] = ['text', 'json']): Option {
  return new Option('--format <format>', joined(formats, 'or')).choices(formats).default('text');
}

/** --model, --set and --assume. */
export function modelOptions(command: Command): Command {
  return command
    .option('--model <name|file>', 'kernel model, e.g. linux-5.9, or a file that exports your own (default: what the scenario says)')
    .option('--set <behaviour=value>', 'one behaviour of the model otherwise; may be repeated', pair)
    .option('--assume <name=value>', 'give up an assumption, e.g. delivery=unbounded; may be repeated', pair);
}

/** The same with --scenario and --format. */
export function systemOptions(command: Command, scenario: string, formats?: readonly string[]): Command {
  return modelOptions(command.option('--scenario <name|file>', 'a built-in scenario or a file', scenario)).addOption(formatOption(formats));
}

/** Reads a file, or says in one sentence why that is impossible. */
export function readInput(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const why =
      code === 'ENOENT'
        ? 'does not exist'
        : code === 'EISDIR'
          ? 'is a directory'
          : code === 'EACCES'
            ? 'may not be read'
            : `cannot be read (${code})`;
    throw new InputError([{ file, line: 1, column: 1, message: `this file ${why}; name one that can be read` }]);
  }
}

/** What the names in a scenario file may be. */
const vocabulary: Vocabulary = {
  models: modelNames,
  behaviours: behavioursOf,
  data: (model) => (behavioursOf(model) === undefined ? undefined : findModel(model)),
  timing: timingIds,
};

/** What is said of a name that no built-in scenario has. */
export function noScenario(name: string): string {
  const near = nearest(name, [...builtinScenarios.keys()]);
  return `there is no built-in scenario ${name}; ${near === undefined ? '' : `did you mean ${near}? `}irqlab scenarios lists them`;
}

/** A built-in scenario by name, or one from a file. `or`: what else the command takes. Throws `InputError` with every mistake in it. */
export function loadScenario(name: string, or = ''): Scenario {
  const builtin = findScenario(name);
  if (builtin !== undefined) return builtin.scenario;
  if (!/[./\\]/.test(name)) {
    throw new InputError(`${noScenario(name)}, or name a file such as my.yaml${or}`);
  }
  const parsed = parseScenarioBytes(readInput(name), name, vocabulary);
  if ('errors' in parsed) throw new InputError(parsed.errors);
  return parsed.scenario;
}

/** The scenario of a run: files with the gaps of its devices, which stand beside its own, are read. Throws `InputError`. */
export function loadTimed(name: string): Scenario {
  const beside = findScenario(name) === undefined ? dirname(name) : '.';
  const path = (file: string): string => (isAbsolute(file) ? file : join(beside, file));
  const read = withReplays(loadScenario(name), (file) => new TextDecoder().decode(readInput(path(file))));
  if ('errors' in read) throw new InputError(read.errors.map((error) => ({ ...error, file: path(error.file) })));
  return read.scenario;
}

/** For an option that may be repeated. */
export function several(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** Scenarios by names or files; without any all built-in ones that end. Throws `InputError`. */
export function scenariosNamed(names: readonly string[] | undefined): readonly Scenario[] {
  if (names !== undefined) return names.map((name) => loadScenario(name));
  return [...builtinScenarios.values()].map((each) => each.scenario).filter(({ run }) => !run.repeat);
}

/** Throws `InputError`. */
export async function overridesOf(options: Pick<SystemOptions, 'model' | 'set' | 'assume'>): Promise<Overrides> {
  const assumptions: Record<string, string> = {};
  for (const [key, value] of Object.entries(options.assume ?? {})) {
    const values: readonly string[] | undefined = Object.hasOwn(assumptionValues, key)
      ? assumptionValues[key as keyof Assumptions]
      : undefined;
    if (values === undefined) throw new InputError(`there is no assumption ${key}; there are ${Object.keys(assumptionValues).join(', ')}`);
    if (!values.includes(value)) throw new InputError(`assumption ${key} cannot be ${value}; it is ${values.join(' or ')}`);
    assumptions[key] = value;
  }
  return { model: await modelFrom(options.model), behaviours: options.set, assumptions: assumptions as Partial<Assumptions> };
}

/** Runs what may meet a model or behaviour that does not exist. */
export function orInputError<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof ModelError) throw new InputError(error.message);
    throw error;
  }
}

/** Own routines that the model has on the machine of no scenario, as their names are misspelt, are a mistake. Throws `InputError`. */
export function refuseEverywhere(
  { own }: KernelModel,
  outcomes: readonly ({ readonly refused?: true; readonly reason?: string | undefined } | undefined)[],
): void {
  const [first] = outcomes;
  if (own !== undefined && first?.reason !== undefined && outcomes.every((each) => each?.refused === true))
    throw new InputError(first.reason);
}

/** The model that a name or a file means. Throws `InputError`. */
export async function modelNamed(name: string): Promise<KernelModel> {
  const found = await modelFrom(name);
  return typeof found === 'object' ? found : orInputError(() => findModel(name));
}

/** Simulated seconds on the command line, with the bounds of a scenario file. */
export function simulatedSeconds(text: string): number {
  const n = Number(text);
  if (!(n > 0) || n > 1_000_000) throw new InputError(`"${text}" is no time to run; write seconds, more than 0 and 1000000 at most`);
  return n;
}

export function wholeNumber(text: string): number {
  const n = Number(text);
  if (!Number.isSafeInteger(n) || n < 0) throw new InputError(`"${text}" is no whole number; write e.g. 1`);
  return n;
}

/** `512m`, `2g`, or bytes. */
export function bytes(text: string): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([kmg]?)$/i.exec(text) ?? [];
  if (digits === undefined) throw new InputError(`"${text}" is no amount of memory; write e.g. 512m or 2g`);
  const n = Number(digits) * { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }[unit.toLowerCase() as '' | 'k' | 'm' | 'g'];
  if (n > 4 * 2 ** 30 || n < 2 ** 22) throw new InputError(`"${text}" is outside of what a search can use; write 4m to 4g`);
  return Math.floor(n);
}

/** `90s`, `5m`, `12h`, in milliseconds. */
export function duration(text: string): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([smh])$/.exec(text) ?? [];
  const n = Number(digits) * { s: 1000, m: 60_000, h: 3_600_000 }[unit as 's' | 'm' | 'h'];
  if (!(n > 0)) throw new InputError(`"${text}" is no time; write e.g. 90s, 5m or 12h`);
  return n;
}

export function threadCount(text: string): number {
  const n = wholeNumber(text);
  if (n < 1 || n > MOST_THREADS) throw new InputError(`"${text}" is no number of workers; write 1 to ${MOST_THREADS}`);
  return n;
}
