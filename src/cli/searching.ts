/** The search behind `irqlab check`: its options, progress, interrupts, checkpoints, and what is told of its failures. */
import { availableParallelism } from 'node:os';
import { Option, type Command } from 'commander';
import { keptIn } from '../check/engine/checkpoint.js';
import {
  CheckpointError,
  explain,
  minimise,
  search,
  tokenOf,
  type Checked,
  type SearchLimits,
  type SearchResult,
  type Told,
} from '../check/index.js';
import { assembleSystem, type Overrides, type Scenario, type System } from '../scenario/index.js';
import { modelFrom } from './model.js';
import { bytes, orInputError, wholeNumber } from './options.js';
import { count, InputError, Interrupt, Progress } from './output.js';

/** What may be said about a search. */
export interface SearchOptions {
  readonly memory?: number;
  readonly states?: number;
  readonly first?: boolean;
  readonly workers?: number;
  readonly fingerprint?: '64' | '128';
  readonly reduction?: '0' | '1' | '2';
  readonly checkpoint?: string;
  readonly resume?: string;
  readonly verbose?: boolean;
  /** what a checkpoint is to say about the system */
  readonly about?: unknown;
}

/** Bytes for a search, unless something else is asked for. */
export const MEMORY = 3.5 * 2 ** 30;
const MOST_WORKERS = 16;

function workerCount(text: string): number {
  const n = wholeNumber(text);
  if (n < 1 || n > MOST_WORKERS) throw new InputError(`"${text}" is no number of workers; write 1 to ${MOST_WORKERS}`);
  return n;
}

export function searchOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--reduction <level>',
        '0 every step a state, 1 join what nobody can tell apart, 2 leave out orders that make no difference',
      )
        .choices(['0', '1', '2'])
        .default('1'),
    )
    .option('--workers <n>', 'threads that share the search; the report does not depend on it (default: one per processor)', workerCount)
    .option('--memory <bytes>', 'memory for the search, e.g. 512m; it ends as unknown when that is used up (default: 3.5g)', bytes)
    .addOption(new Option('--fingerprint <bits>', 'bits by which states are told apart').choices(['64', '128']).default('64'))
    .option('--states <n>', 'end as unknown after so many states (default: no limit)', wholeNumber)
    .option('--first', 'end with the first failure')
    .option('--checkpoint <file>', 'keep the search there if a limit or Ctrl-C ends it (default: on Ctrl-C, SCENARIO-MODEL.checkpoint)')
    .option('--resume <file>', 'go on with a search that was kept');
}

/** Refuses options that go with no other one. */
export function refuseBesides(command: Command, names: readonly string[]): void {
  const given = names.find((name) => command.getOptionValueSource(name) === 'cli');
  if (given === 'checkpoint') throw new InputError('a range of bounds is several searches, of which none is kept; leave out --checkpoint');
  if (given !== undefined) throw new InputError(`a search that is gone on with is that of its file; leave out --${given}`);
}

/** What a checkpoint says about its system. */
interface About {
  readonly scenario: Scenario;
  readonly overrides: Overrides & { readonly model?: string | undefined };
}

/** A model of the user's own is kept as the name of its file. */
export function aboutOf(scenario: Scenario, overrides: Overrides): About {
  const { model } = overrides;
  return { scenario, overrides: { ...overrides, model: typeof model === 'object' ? model.file : model } };
}

/** The search that is kept in a file: its system, and how it was searched. */
export async function searchIn(
  file: string,
): Promise<{ readonly system: System } & Pick<SearchOptions, 'reduction' | 'fingerprint' | 'about'>> {
  const { about, reduction, bits } = orCheckpointError(file, () => keptIn(file));
  if (about === null) throw new InputError(`${file} does not say which scenario it is of; go on with it from the program that wrote it`);
  const { scenario, overrides } = about as About;
  const model = await modelFrom(overrides.model);
  const system = orInputError(() => assembleSystem(scenario, { ...overrides, model }));
  return { system, reduction: `${reduction}`, fingerprint: `${bits}`, about };
}

function orCheckpointError<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw asInputError(file, error);
  }
}

/** What the user can mend, in a sentence. */
function asInputError(file: string | undefined, error: unknown): unknown {
  if (error instanceof RangeError || error instanceof CheckpointError) return new InputError(error.message);
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  if (file === undefined || code === undefined) return error;
  return new InputError(`${file} ${code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`}; name the file that check printed`);
}

/** Limits and ways that hold for any search. */
export function limitsOf({ memory = MEMORY, states = Infinity, workers, fingerprint, reduction = '1' }: SearchOptions): SearchLimits {
  return {
    memory,
    states,
    workers: workers ?? Math.min(MOST_WORKERS, availableParallelism()),
    fingerprint: fingerprint === '128' ? 128 : 64,
    reduction: Number(reduction) as 0 | 1 | 2,
  };
}

/** Searches. Throws `InputError` for a scenario that is too large for a check, or a checkpoint that does not fit. */
async function searched(system: System, options: SearchOptions, progress: Progress, interrupt: Interrupt): Promise<SearchResult> {
  const { first, resume, about } = options;
  const { scenario, model } = system;
  const run = (save: string | undefined): Promise<SearchResult> =>
    search(system, {
      ...limitsOf(options),
      first,
      resume,
      save,
      about,
      keepOnlyInterrupted: options.checkpoint === undefined,
      progress: async (c) => {
        progress.show(`${scenario.name}, ${model.name}: ${count(c.states)} states, depth ${c.depth}`);
        return interrupt.look();
      },
    });
  try {
    return await run(options.checkpoint ?? resume ?? (about === undefined ? undefined : `${scenario.name}-${model.name}.checkpoint`));
  } catch (error) {
    throw asInputError(resume, error);
  }
}

/** Searches and explains; progress on stderr. */
export async function checkSystem(system: System, options: SearchOptions = {}): Promise<Checked> {
  const progress = new Progress();
  const interrupt = new Interrupt();
  const began = performance.now();
  const result = await searched(system, options, progress, interrupt);
  progress.done();
  interrupt.done();
  const told: Told[] = [];
  for (const found of result.failures) {
    const failure = await minimise(system, found);
    const explanation = await explain(system, failure, { verbose: options.verbose === true });
    told.push({ failure, explanation, token: await tokenOf(system, failure.path) });
  }
  return { system, result, told, ms: performance.now() - began, interrupted: interrupt.stopped };
}
