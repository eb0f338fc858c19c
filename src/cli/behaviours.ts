/** `irqlab behaviours`: what a kernel does in the kernel's words, and what each of it is for. */
import type { Command } from 'commander';
import { wrap, type Verdict } from '../check/index.js';
import { kinds } from '../conform/index.js';
import type { ActiveBehaviour, KernelModel } from '../kernel/model/index.js';
import { kebab } from '../words.js';
import { effectsOf, type Effect } from './effects.js';
import { formatOption, modelNamed, scenariosNamed, several, wholeNumber } from './options.js';
import { count, Exit, plural, print, printJson, seconds, style, width, type Format } from './output.js';
import { ownRecordings, recordingAt, recordingsIn } from './recordings.js';

interface BehavioursOptions {
  readonly model: string;
  readonly effect?: boolean;
  readonly scenario?: readonly string[];
  readonly recordings?: string;
  readonly states: number;
  readonly format: Format;
}

type Other = NonNullable<ActiveBehaviour['others']>[number];
type Find = (behaviour: string, value: string) => Effect | undefined;

function verdictText({ verdict, failed, reason }: Verdict): string {
  if (verdict === 'failed') return failed.map(kebab).toSorted().join(', ');
  return verdict === 'safe' || reason === undefined ? verdict : reason;
}

/** Why nothing shows it, as far as that is known. */
function nothingText({ touched = 0, undecided = 0, failing = 0 }: Effect, { moot }: Other): string {
  const programs = touched === 0 ? 'no program of a scenario is another' : `the program is another in ${plural(touched, 'scenario')}`;
  const failed = failing === touched && touched > 1 ? 'all of them' : count(failing);
  const masked = failing === 0 ? '' : `: ${failed} ${failing === 1 ? 'fails' : 'fail'} either way`;
  const left = `${masked}${undecided === 0 ? '' : `, ${count(undecided)} not decided`}`;
  return moot === undefined ? `nothing found: ${programs}, no verdict is${left}` : `nothing: ${moot}`;
}

function effectText(effect: Effect, other: Other): string {
  const { change, sequence, refused } = effect;
  if (refused !== undefined) return refused;
  if (change !== undefined) return `${change.scenario}: ${verdictText(change.before)} -> ${verdictText(change.after)}`;
  if (sequence === undefined) return nothingText(effect, other);
  const { kind, chip, where, before, after } = sequence;
  return `recorded, ${kinds[kind]}${chip === '' ? '' : ` (${chip})`}: ${before} -> ${after} (${where})`;
}

/** `  head  text`, the text broken behind the head. */
function beside(head: string, text: string, column: number): string[] {
  return wrap(text, Math.max(20, width() - column)).map((line, i) => (i === 0 ? head : '').padEnd(column) + line);
}

function behaviourText({ name, value, about, text, evidence, others = [] }: ActiveBehaviour, find: Find | undefined): string[] {
  const column = Math.max(...[value, ...others.map((other) => other.value)].map((each) => each.length)) + 7;
  return [
    '',
    ...wrap(`${name}${about === undefined ? '' : `: ${about}`}`, width()).map(style.bold),
    ...beside(`  ${value}`, `${text} (${evidence})`, column),
    ...others.flatMap((other) => {
      const effect = find?.(name, other.value);
      const said = effect === undefined ? other.text : effectText(effect, other);
      return beside(`  -> ${other.value}`, find !== undefined && effect === undefined ? 'not reached' : said, column);
    }),
  ];
}

function headText({ name, behaviours, own }: KernelModel, effects: readonly (Effect | undefined)[] | undefined, ms: number): string {
  const others = behaviours.flatMap((each) => each.others ?? []).length;
  const has = `${name}: ${plural(behaviours.length, 'behaviour')}${own === undefined ? '' : `; own routines: ${own.join(', ')}`}`;
  if (effects === undefined) return has;
  const verdicts = effects.filter((each) => each?.change !== undefined).length;
  const sequences = effects.filter((each) => each?.sequence !== undefined).length;
  return `${has}; of ${plural(others, 'other value')} ${count(verdicts)} change a verdict and ${count(sequences)} more what is equal to a recording (${seconds(ms)})`;
}

function reportJson({ name, own, behaviours }: KernelModel, find: Find | undefined): unknown {
  return {
    command: 'behaviours',
    model: name,
    ...(own === undefined ? {} : { own }),
    behaviours: behaviours.map(({ others = [], ...rest }) => ({
      ...rest,
      others: others.map((other) => {
        if (find === undefined) return other;
        const { behaviour: _, value: __, ...effect } = find(rest.name, other.value) ?? { behaviour: rest.name, value: other.value };
        return { ...other, effect };
      }),
    })),
  };
}

export function addBehaviours(program: Command): void {
  program
    .command('behaviours')
    .summary('what a kernel does, behaviour by behaviour, and what each is for')
    .description(
      'Prints the behaviours of a kernel model in the words of the kernel, each with how it is known and what it might be instead. With --effect each other value of each is tried alone: the first built-in scenario, of the small ones first, whose verdict changes; else the first recorded sequence that is equal no more, or is so now; else why nothing does.',
    )
    .option('--model <name|file>', 'kernel model, or a file that exports your own', 'linux-5.9')
    .option('--effect', 'what changes with each other value')
    .option('--scenario <name|file>', 'only this scenario; may be repeated (default: all built-in ones that end)', several)
    .option(
      '--recordings <folder>',
      'recordings to compare with, as conform takes them (default: those of the repository, if they are there)',
    )
    .option('--states <n>', 'states after which a search is given up', wholeNumber, 2_000_000)
    .addOption(formatOption())
    .action(async ({ model: name, effect, scenario, recordings, states, format }: BehavioursOptions) => {
      const model = await modelNamed(name);
      const scenarios = scenariosNamed(scenario);
      const folders = recordings === undefined ? ownRecordings() : recordingsIn(recordings);
      // what cannot be read is told before the work begins
      if (effect && recordings !== undefined) for (const folder of folders) recordingAt(folder);
      const began = performance.now();
      const found = effect ? await effectsOf(model, { model: name, scenarios, folders, states }) : undefined;
      const find: Find | undefined =
        found && ((behaviour, value) => found.effects.find((each) => each?.behaviour === behaviour && each.value === value));
      if (format === 'json') printJson(reportJson(model, find));
      else {
        const head = wrap(headText(model, found?.effects, performance.now() - began), width()).map(style.bold);
        print([...head, ...model.behaviours.flatMap((each) => behaviourText(each, find))].join('\n'));
      }
      process.exitCode = found?.interrupted ? Exit.interrupted : Exit.ok;
    });
}
