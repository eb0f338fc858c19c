/** `irqlab replay`: every step of a token's way, with what it changed. */
import { Option, type Command } from 'commander';
import { Walk, wrap, type Judgement, type Taken } from '../check/index.js';
import { formatOption, modelOptions, type SystemOptions } from './options.js';
import { Exit, headline, InputError, plural, print, printJson, style, width, type Format } from './output.js';
import { kebab } from '../words.js';
import { judgementText, takenText } from './told.js';
import { follow, followedNotes, tokenFrom, type Followed } from './token.js';

interface Span {
  readonly first: number;
  readonly last: number;
}

interface ReplayOptions extends Pick<SystemOptions, 'model' | 'set' | 'assume'> {
  readonly steps?: Span;
  readonly brief?: boolean;
  readonly format: Format;
}

/** `3..9`, `3..`, `..9` or `3`. */
function span(text: string): Span {
  const [, first = '', dots, last = ''] = /^(\d*)(\.\.)?(\d*)$/.exec(text) ?? [];
  const from = first === '' ? 1 : Number(first);
  const to = dots === undefined ? from : last === '' ? Infinity : Number(last);
  if ((first === '' && last === '') || from < 1 || to < from) throw new InputError(`"${text}" names no steps; write e.g. 3..9, 3.. or 3`);
  return { first: from, last: to };
}

/** Nobody but the CPU itself sees the step, and nothing is to be said about it. */
function isPrivate({ visible, at, broken, remarks }: Taken): boolean {
  return !visible && at !== undefined && broken.length === 0 && remarks.length === 0;
}

function verdictText(walk: Walk, broken: readonly string[], judgement: Judgement | undefined): string {
  const { scenario, model } = walk.system;
  const head = `${scenario.name}, ${model.name}`;
  const words =
    broken.length > 0
      ? `FAILED ${broken.map(kebab).join(', ')}`
      : judgement?.quiet === 'rest'
        ? 'runs to rest without a failure'
        : 'no failure up to the end';
  return [
    headline(head, `${words} (${plural(walk.taken.length, 'step')})`, broken.length > 0 ? style.alarm : style.good),
    ...(judgement === undefined ? [] : [judgementText(judgement, width())]),
  ].join('\n');
}

function takenJson({ number, name, at, text, visible, changes, broken, remarks }: Taken): unknown {
  return {
    number,
    step: name,
    at: at ?? null,
    text,
    visible,
    changes: changes.map((change) => ({ name: change.name, from: change.from ?? null, to: change.to ?? null })),
    broken: broken.map(kebab),
    remarks,
  };
}

function replayJson(
  { token, system, replayed: { exact, skipped } }: Followed,
  walk: Walk,
  shown: readonly Taken[],
  broken: readonly string[],
): unknown {
  const judgement = walk.judgement();
  return {
    command: 'replay',
    scenario: system.scenario.name,
    model: system.model.name,
    fingerprint: system.built.fingerprint,
    madeWith: { model: token.model, fingerprint: token.fingerprint },
    exact,
    skipped,
    steps: shown.map(takenJson),
    length: walk.taken.length,
    failed: broken.map(kebab),
    end:
      judgement === undefined
        ? null
        : { quiet: judgement.quiet, holds: judgement.holds.map(kebab), fails: judgement.fails.map(kebab), open: judgement.open.map(kebab) },
  };
}

async function replay(argument: string, options: ReplayOptions): Promise<void> {
  const followed = await follow(tokenFrom(argument), options);
  const walk = await Walk.begin(
    followed.system,
    followed.replayed.replay.steps.map((step) => step.action),
  );
  const { first, last } = options.steps ?? { first: 1, last: Infinity };
  if (first > walk.taken.length)
    throw new InputError(`the way has ${plural(walk.taken.length, 'step')}; --steps ${first}.. is behind its end`);
  const shown = walk.taken.filter((step) => step.number >= first && step.number <= last && !(options.brief === true && isPrivate(step)));
  const judgement = walk.judgement();
  const broken = judgement?.fails ?? [...new Set(walk.taken.flatMap((step) => step.broken))];
  if (options.format === 'json') {
    printJson(replayJson(followed, walk, shown, broken));
  } else {
    for (const note of followedNotes(followed)) print(wrap(note, width()).join('\n'));
    for (const step of shown) print(takenText(step, width()));
    print(`\n${verdictText(walk, broken, judgement)}`);
  }
  process.exitCode = broken.length > 0 ? Exit.failed : Exit.ok;
}

export function addReplay(program: Command): void {
  modelOptions(program.command('replay').summary('every step of a token, with what it changed'))
    .description(
      'Follows a token and prints each step: who, where in which routine, what it did, what that changed in kernel and hardware, and the properties it broke. --model follows it on another kernel. (A trace of real hardware is read by irqlab import.)',
    )
    .argument('<token>', 'as check prints it, a file that step saved it to, or - for the standard input')
    .addOption(new Option('--steps <a..b>', 'only these steps').argParser(span))
    .option('--brief', 'without steps that nobody but the CPU itself sees')
    .addOption(formatOption())
    .action((argument: string, options: ReplayOptions) => replay(argument, options));
}
