/** `irqlab races`: known races, each on a kernel that has it and on one in which it is repaired. */
import type { Command } from 'commander';
import { wrap } from '../check/index.js';
import { races, type Race, type RaceOutcome, type RaceResult } from '../races/index.js';
import { nearest, quote } from '../words.js';
import { formatOption } from './options.js';
import { count, Exit, InputError, Interrupt, plural, print, printJson, Progress, seconds, style, width, type Format } from './output.js';
import { Threads } from './threads.js';

/** Columns before a row's text. */
const MARK = 6;

/** Those that are named: a race with all its variants, or one of them. Throws `InputError`. */
function racesNamed(names: readonly string[]): readonly Race[] {
  if (names.length === 0) return races;
  const ids = [...new Set(races.flatMap(({ id }) => [id.replace(/\/.*/, ''), id]))];
  for (const name of names)
    if (!ids.includes(name)) {
      const near = nearest(name, ids);
      throw new InputError(
        `there is no race ${quote(name)}; ${near === undefined ? 'irqlab races lists all of them' : `did you mean ${near}?`}`,
      );
    }
  return races.filter(({ id }) => names.some((name) => id === name || id.startsWith(`${name}/`)));
}

/** `linux-5.9`, or with what is set besides. */
function kernelText({ model, set = {} }: RaceOutcome): string {
  return [model ?? '', ...Object.entries(set).map(([name, value]) => `${name}=${value}`)].join(' ');
}

function failsText({ verdict, properties, steps, reason }: RaceOutcome): string {
  if (verdict !== 'failed') return verdict === 'safe' ? 'safe' : `unknown: ${reason ?? ''}`;
  return `${properties.join(', ')} in ${plural(steps ?? 0, 'step')}`;
}

/** What repeats the check of a kernel; one too long for a line goes on in the next, as a shell reads it. */
function commandLines({ model, set = {}, scenario, liveness }: RaceOutcome): string[] {
  const check = `irqlab check${liveness === true ? ' --liveness' : ''} --scenario ${scenario ?? ''}`;
  const kernel = [`--model ${model ?? ''}`, ...Object.entries(set).map(([name, value]) => `--set ${name}=${value}`)].join(' ');
  return check.length + 1 + kernel.length <= width() - MARK ? [`${check} ${kernel}`] : [`${check} \\`, `  ${kernel}`];
}

const marks = { true: style.good('ok'), false: style.alarm('FAIL'), null: style.unsure('open') } as const;

/** `commands`: what repeats the checks, which a row that is not as it should be has anyway. */
function rowText({ id, bad, fixed, ok, reason }: RaceResult, commands: boolean): string {
  const mark = String(ok) as keyof typeof marks;
  const plain = { true: 'ok', false: 'FAIL', null: 'open' }[mark];
  const indent = ' '.repeat(MARK);
  const lines = (text: string): string[] => wrap(text, width() - MARK).map((line) => indent + line);
  const head = `${marks[mark]}${' '.repeat(MARK - plain.length)}${style.bold(id)}`;
  if (ok === null) return [head, ...lines(reason ?? '')].join('\n');
  const sides = [bad, ...(fixed === null ? [] : [fixed])];
  const [states, spent] = [sides.reduce((sum, each) => sum + each.states, 0), sides.reduce((sum, each) => sum + each.seconds, 0)];
  const scenarios = [...new Set(sides.map(({ scenario }) => scenario))].join(' and ');
  const repaired = fixed === null ? 'no repair' : `${kernelText(fixed)}: ${failsText(fixed)}`;
  return [
    head,
    ...lines(`${kernelText(bad)}: ${failsText(bad)}; ${repaired}`),
    ...lines(`${scenarios}, ${plural(states, 'state')}, ${seconds(spent * 1000)}`),
    ...(reason === null ? [] : lines(reason)),
    ...(commands || !ok ? sides.flatMap(commandLines).map((line) => indent + line) : []),
  ].join('\n');
}

function headText(results: readonly RaceResult[], ms: number): string {
  const of = (ok: boolean | null): number => results.filter((each) => each.ok === ok).length;
  return `${plural(results.length, 'race')}: ${count(of(true))} ok, ${count(of(false))} FAIL, ${count(of(null))} open (${seconds(ms)})`;
}

/** The rows in their order; undefined: not reached before Ctrl-C. */
async function decided(all: readonly Race[]): Promise<{ readonly results: readonly RaceResult[]; readonly interrupted: boolean }> {
  const results: (RaceResult | undefined)[] = all.map(() => undefined);
  const progress = new Progress();
  const interrupt = new Interrupt();
  const threads = new Threads<Race, RaceResult>('raceThread.js', undefined);
  let done = 0;
  try {
    await threads.ask(
      all,
      () => interrupt.stopped,
      (result: RaceResult, number) => {
        results[number] = result;
        progress.show(`races: ${++done} of ${all.length}`);
      },
    );
  } finally {
    progress.done();
    interrupt.done();
    await threads.close();
  }
  return { results: results.filter((each) => each !== undefined), interrupted: interrupt.stopped };
}

export function addRaces(program: Command): void {
  program
    .command('races')
    .summary('known races: on a kernel that has each of them, and on one in which it is repaired')
    .description(
      'Checks the races in interrupt migration that were found and repaired in Linux over the years: each on a kernel that has it, which must fail, and on one in which it is repaired, which must be safe: then it is ok. A version is taken where one has the race, otherwise the behaviour that made it. FAIL is a finding, such as a repair that does not hold, and the exit code is 1. What no model shows yet is open, and says why. With names: these, and the commands that repeat their checks; irqlab scenarios NAME prints the file of one.',
    )
    .argument('[race...]', 'only these, e.g. vector-leak-cpu-offline, or one of its variants')
    .addOption(formatOption())
    .action(async (names: readonly string[], { format }: { format: Format }) => {
      const all = racesNamed(names);
      const began = performance.now();
      const { results, interrupted } = await decided(all);
      if (format === 'json') printJson({ rows: results });
      else {
        const head = wrap(headText(results, performance.now() - began), width()).map(style.bold);
        print([...head, ...results.flatMap((row) => ['', rowText(row, names.length > 0)])].join('\n'));
      }
      if (interrupted) process.exitCode = Exit.interrupted;
      else process.exitCode = results.some(({ ok }) => ok === false) ? Exit.failed : Exit.ok;
    });
}
