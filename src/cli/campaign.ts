/** `irqlab campaign`: many seeds of a scenario over worker threads, kept as they come. */
import { Option, type Command } from 'commander';
import { campaign, FileError, RunError, seedsText, type CampaignProgress, type CampaignResult, type Seeds } from '../campaign/index.js';
import { ModelError } from '../kernel/model/index.js';
import {
  duration,
  loadTimed,
  overridesOf,
  simulatedSeconds,
  systemOptions,
  threadCount,
  wholeNumber,
  type SystemOptions,
} from './options.js';
import { clock, count, Exit, field, headline, InputError, Interrupt, print, printJson, Progress, seconds, style } from './output.js';
import { figuresText, kindsText, kindsJson, verdictText } from './tallied.js';

interface CampaignCommand extends SystemOptions {
  readonly seeds: Seeds;
  readonly shard?: NonNullable<Seeds['shard']>;
  readonly seconds?: number;
  readonly deadline?: number;
  readonly out?: string;
  readonly workers?: number;
  readonly budget?: number;
  readonly stopOnFailure?: boolean;
}

/** If nobody says which. */
const SEEDS: Seeds = { first: 1, last: 100 };

/** `100` or `1..100` */
function seedRange(text: string): Seeds {
  const [, from, to] = /^(?:(\d+)\.\.)?(\d+)$/.exec(text) ?? [];
  const [first, last] = [Number(from ?? 1), Number(to)];
  if (!(first <= last) || !Number.isSafeInteger(last))
    throw new InputError(`"${text}" is no range of seeds; write how many, e.g. 1000, or the first and the last, e.g. 1001..2000`);
  return { first, last };
}

/** `2/16` */
function shardOf(text: string): NonNullable<Seeds['shard']> {
  const [, number, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(text)?.map(Number) ?? [];
  if (number === undefined || of === undefined || number < 1 || number > of)
    throw new InputError(`"${text}" is no shard; write which of how many, 1/4 to 4/4`);
  return { number, of };
}

/** What went wrong with a file or a run becomes a sentence. */
export function asInputError(error: unknown, file: string | undefined): unknown {
  if (error instanceof FileError || error instanceof ModelError) return new InputError(error.message);
  if (error instanceof RunError) {
    const { job, run, message } = error;
    return new InputError(
      `seed ${job.seed} cannot be run: ${message.replace(/\.$/, '')}; what came before is kept; to see it: ${run} --seed ${job.seed}`,
    );
  }
  const code = error instanceof Error && 'code' in error && 'syscall' in error ? String(error.code) : undefined;
  if (code === undefined || file === undefined) return error;
  const full = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
  const advice = full ? 'make room, and the same command goes on behind what is kept' : 'name a file in a directory that is there';
  return new InputError(`${file} cannot be written (${code}); ${advice}`);
}

function ending({ ended, of, runs, made }: CampaignResult, out: string | undefined): string[] {
  if (ended === 'complete') return [];
  const why = { stopped: 'interrupted', budget: 'the budget ended', failure: 'stopped at the first failure' }[ended];
  const next =
    out === undefined
      ? made === 0
        ? ''
        : '; nothing is kept without --out'
      : `; the same command${ended === 'failure' ? ' without --stop-on-failure' : ''} goes on`;
  return field('unfinished', `${why}: ${count(runs)} of ${count(of)} seeds${next}`);
}

function campaignText(result: CampaignResult, out?: string): string {
  const { scenario, model, seeds, run, made, ms } = result;
  const [words, paint] = verdictText(result);
  return [
    headline(`${scenario}, ${model}, ${seedsText(seeds)}`, words, paint),
    ...kindsText(run, result),
    ...(result.runs === 0 ? [] : figuresText(result)),
    ...ending(result, out),
    ...(made === 0 ? [] : field('rate', style.dim(`${((made / ms) * 1000).toFixed(1)} runs a second, ${seconds(ms)}`))),
    '',
  ].join('\n');
}

/** Where a campaign is, in a line. */
function progressText(name: string, { done, of, failed, made, ms }: CampaignProgress): string {
  const rate = made / Math.max(1, ms);
  const left = made === 0 ? '' : `, ${(rate * 1000).toFixed(1)} a second, ${clock((of - done) / rate)} left`;
  return `${name}: ${count(done)} of ${count(of)} seeds, ${count(failed)} failed${left}`;
}

export function addCampaign(program: Command): void {
  systemOptions(program.command('campaign').summary('run a scenario with many seeds, on all cores'), 'xhci-loop')
    .description(
      'Runs a scenario with many seeds over worker threads, and says how many fail, how, and with which command the first of each kind is made again. With --out each result is a line of a file, in the order of the seeds, as soon as it is there; whatever ends the program, the same command goes on where it was, and the file comes out the same. For a cluster each job takes a --shard, and irqlab merge makes one of their files.',
    )
    .addOption(
      new Option('--seeds <n|a..b>', 'how many seeds from 1, or the first and the last').argParser(seedRange).default(SEEDS, '100'),
    )
    .option('--shard <i/n>', 'only every n-th of them, from the i-th', shardOf)
    .option('--seconds <n>', 'simulated seconds of a run (default: what the scenario says)', simulatedSeconds)
    .option(
      '--deadline <cycles>',
      'cycles within which each event has to be handled (3000 a microsecond); a run with a late one has failed',
      wholeNumber,
    )
    .option('--out <file>', 'keep the results in this file, a JSON line a run, and go on with it if it is there')
    .option('--workers <n>', 'threads (default: one per processor)', threadCount)
    .option('--budget <time>', 'ends after this time, e.g. 90s, 5m or 12h, with what it has', duration)
    .option('--stop-on-failure', 'ends behind the first seed that fails')
    .action(async (options: CampaignCommand) => {
      const { seeds, shard, out, workers, budget, stopOnFailure, format, model, scenario: from } = options;
      const scenario = loadTimed(from);
      const overrides = { ...(await overridesOf(options)), model };
      const progress = new Progress();
      const interrupt = new Interrupt();
      const subject = { scenario, overrides, limits: { seconds: options.seconds, deadline: options.deadline } };
      const result = await campaign(subject, {
        seeds: { ...seeds, ...(shard !== undefined && { shard }) },
        from,
        out,
        workers,
        budget,
        stopOnFailure,
        models: new URL('model.js', import.meta.url).href,
        progress: (at) => progress.show(progressText(scenario.name, at)),
        stopped: () => interrupt.stopped,
      })
        .catch((error: unknown): never => {
          throw asInputError(error, out);
        })
        .finally(() => {
          progress.done();
          interrupt.done();
        });
      const { kinds, ms, ...rest } = result;
      if (format === 'json') {
        const rate = result.made === 0 ? null : (result.made / ms) * 1000;
        printJson({ command: 'campaign', ...rest, kinds: kindsJson(result.run, kinds), seconds: ms / 1000, rate, out: out ?? null });
      } else print(campaignText(result, out));
      const undecided = result.ended === 'complete' ? Exit.ok : Exit.unknown;
      process.exitCode = interrupt.stopped && result.ended === 'stopped' ? Exit.interrupted : result.failed > 0 ? Exit.failed : undecided;
    });
}
