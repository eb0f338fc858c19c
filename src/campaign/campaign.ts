/** Campaigns: many seeds of a scenario over worker threads, kept in a file as they come, and gone on with whatever ended them. */
import type { System } from '../scenario/index.js';
import { RunError } from './errors.js';
import type { RunFigures } from './figures.js';
import { openPool } from './open.js';
import type { Head } from './records.js';
import { seedAt, seedCount, type Seeds } from './seeds.js';
import { systemOfSubject, type PoolOptions, type RunJob, type RunSubject } from './subject.js';
import { Tally, type Tallied } from './tally.js';

export interface CampaignOptions extends PoolOptions {
  readonly seeds: Seeds;
  /** a file that results are kept in: JSON, a run a line; a campaign that is there is gone on with. Default: nothing is kept */
  readonly out?: string | undefined;
  /** the file that the scenario is from, for the command that makes one of the runs; default: its name */
  readonly from?: string | undefined;
  /** milliseconds after which it ends with what it has; default: none */
  readonly budget?: number | undefined;
  /** ends behind the first seed that fails; default: false */
  readonly stopOnFailure?: boolean | undefined;
  /** called as results come, and at the beginning with what the file has */
  readonly progress?: (at: CampaignProgress) => void;
  /** looked at some times a second; true ends it with what it has */
  readonly stopped?: () => boolean;
}

export interface CampaignProgress {
  /** runs, those of the file included */
  readonly done: number;
  readonly of: number;
  readonly failed: number;
  /** runs that were made by this call, and milliseconds since the first of them began */
  readonly made: number;
  readonly ms: number;
}

/** What a campaign has come to. */
export interface CampaignResult extends Tallied {
  readonly scenario: string;
  readonly model: string;
  readonly seeds: Required<Seeds>;
  /** the command that makes one of the runs, but for `--seed N`: the same events everywhere */
  readonly run: string;
  /** why it ended: all seeds are there, or what came first */
  readonly ended: 'complete' | 'stopped' | 'budget' | 'failure';
  /** how many runs there are to be */
  readonly of: number;
  /** runs that were made by this call, and milliseconds that took */
  readonly made: number;
  readonly ms: number;
}

/** A word of a command line. */
function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function pairs(option: string, values: Readonly<Record<string, string | undefined>> = {}): string[] {
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [option, `${name}=${value}`]));
}

/** The command that makes a run of a subject, but for the seed. */
function commandOf({ scenario, overrides = {}, limits = {} }: RunSubject, from = scenario.name): string {
  const words = [
    from,
    ...(overrides.model === undefined ? [] : ['--model', overrides.model]),
    ...pairs('--set', overrides.behaviours),
    ...pairs('--assume', overrides.assumptions),
    ...(limits.seconds === undefined ? [] : ['--seconds', String(limits.seconds)]),
    ...(limits.deadline === undefined ? [] : ['--deadline', String(limits.deadline)]),
  ];
  return `irqlab run --scenario ${words.map(word).join(' ')}`;
}

async function headFor(subject: RunSubject, system: System, { seeds, from }: CampaignOptions): Promise<Head> {
  const { fingerprintOf } = await import('./fingerprint.js');
  const { first, last, shard = { number: 1, of: 1 } } = seeds;
  return {
    irqlab: 'campaign',
    version: 1,
    scenario: system.scenario.name,
    model: system.model.name,
    run: commandOf(subject, from),
    fingerprint: await fingerprintOf(system, subject.limits),
    seeds: { first, last, shard },
  };
}

function refuse({ first, last, shard = { number: 1, of: 1 } }: Seeds): void {
  if (!Number.isSafeInteger(last) || !(first >= 0) || !Number.isSafeInteger(first) || last < first)
    throw new RangeError(`seeds ${first}..${last} are none; give whole numbers, the smaller one first`);
  const { number, of } = shard;
  if (!Number.isSafeInteger(number) || !Number.isSafeInteger(of) || number < 1 || number > of)
    throw new RangeError(`there is no shard ${number}/${of}; give 1/N to N/N`);
}

/**
 * Runs a scenario with many seeds over worker threads. With `out` each result is a line of a file as soon as those before it are; called
 * again with the same it goes on behind the last whole line, whatever ended it, and the file comes out the same, byte for byte, for any
 * number of workers. Node only.
 *
 * Throws `ModelError` if the model or a behaviour does not exist, `RangeError` for seeds that are none, `FileError` for a file of something
 * else, `RunError` for a run that ends its worker, and as the file system does; what is in the file then is good.
 */
export async function campaign(subject: RunSubject, options: CampaignOptions): Promise<CampaignResult> {
  const { seeds, out, workers, models, budget = Infinity, stopOnFailure = false, stopped = () => false } = options;
  refuse(seeds);
  const head = await headFor(subject, await systemOfSubject(subject, models), options);
  const of = seedCount(seeds);
  const tally = new Tally();
  const { Results } = await import('./results.js');
  const results = out === undefined ? undefined : new Results(out, head, (figures) => tally.add(figures));
  const known = tally.runs;
  const began = performance.now();
  const ms = (): number => performance.now() - began;
  const tell = (): void => options.progress?.({ done: tally.runs, of, failed: tally.failed, made: tally.runs - known, ms: ms() });
  const failed = (): boolean => stopOnFailure && tally.failed > 0;
  const got = (all: readonly RunFigures[]): boolean => {
    const first = stopOnFailure ? all.findIndex((each) => each.failed.length > 0) : -1;
    const kept = first < 0 ? all : all.slice(0, first + 1);
    results?.add(kept);
    for (const each of kept) tally.add(each);
    tell();
    return failed();
  };
  tell();
  try {
    if (tally.runs < of && !failed()) {
      const pool = await openPool([subject], { workers, models });
      try {
        await pool
          .run(jobs(seeds, known, of), got, () => stopped() || ms() > budget)
          .catch((error: unknown): never => {
            throw error instanceof RunError ? new RunError(error.job, error.cause, head.run) : error;
          });
      } finally {
        await pool.close();
      }
    }
  } finally {
    results?.close();
  }
  const ended = tally.runs === of ? 'complete' : failed() ? 'failure' : stopped() ? 'stopped' : 'budget';
  const { scenario, model, run } = head;
  return { scenario, model, seeds: head.seeds, run, ended, of, made: tally.runs - known, ms: ms(), ...tally.all };
}

function* jobs(seeds: Seeds, from: number, to: number): Generator<RunJob, void> {
  for (let place = from; place < to; place++) yield { subject: 0, seed: seedAt(seeds, place) };
}
