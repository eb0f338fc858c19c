/** The search of a scenario: alone at first, by a team of workers when it turns out to be long. */
import { loadModule, Status } from '../core/index.js';
import { propertiesOf, type Machine } from '../machine/index.js';
import type { System } from '../scenario/index.js';
import type { CheckpointHead } from './checkpoint.js';
import type { Share } from './engine.js';
import { CheckpointError } from './errors.js';
import { neverJudged } from './evaluated.js';
import { Alone, type Explorer, type Findings, type Watch } from './explorer.js';
import { labelAt } from './labels.js';
import { Paths } from './paths.js';
import { joinFailures, joinShares } from './share.js';
import { joinActivities, vacuityOf, type Activity, type Vacuity } from './vacuity.js';

/** `noLoss` and the other built-in ones, or the name of an own property. */
export type PropertyName = string;

/** What was covered: the same for any number of workers, and behind a resume. */
export interface Coverage {
  readonly states: number;
  readonly transitions: number;
  /** states at rest; those in which the probe had ended */
  readonly rest: number;
  readonly probed: number;
  /** visible steps on the longest shortest way */
  readonly depth: number;
  /** bytes of the largest image, and of an image on average */
  readonly largestImage: number;
  readonly averageImage: number;
  /** the pool of messages in flight was full in some state: a bound that was reached */
  readonly poolFull: boolean;
}

/** What it took. */
export interface Effort {
  readonly workers: number;
  /** bytes of memory taken by the search; those of the visited set alone; those on disk */
  readonly memory: number;
  readonly visited: number;
  readonly disk: number;
}

/** A failing property with its shortest way. */
export interface Failure {
  readonly property: PropertyName;
  /** visible steps */
  readonly length: number;
  readonly path: readonly number[];
}

export interface SearchResult {
  readonly verdict: 'safe' | 'failed' | 'unknown';
  /** why it is unknown */
  readonly reason: string | undefined;
  readonly coverage: Coverage;
  /** bits of a fingerprint */
  readonly fingerprintBits: 64 | 128;
  /** level of the reduction that was in force */
  readonly reduction: 0 | 1 | 2;
  readonly effort: Effort;
  /** the checkpoint that was written */
  readonly kept: string | undefined;
  readonly failures: readonly Failure[];
  readonly vacuity: Vacuity;
}

export interface SearchLimits {
  /** bytes, over all workers */
  readonly memory: number;
  /** states after which the search ends, at the end of a round */
  readonly states: number;
  /** end as soon as the shortest way to some failure is known; otherwise the search goes on for the other properties */
  readonly first?: boolean | undefined;
  /** called between batches; true stops the search */
  readonly progress?: (coverage: Coverage) => boolean | Promise<boolean>;
  /** bits of a fingerprint; default 64 */
  readonly fingerprint?: 64 | 128 | undefined;
  /** level of the reduction; default 0 */
  readonly reduction?: 0 | 1 | 2 | undefined;
  /** worker threads (Node only); default 1 */
  readonly workers?: number | undefined;
  /** a checkpoint to go on from: the same system, fingerprint and reduction (Node only) */
  readonly resume?: string | undefined;
  /** where to write a checkpoint if the search is stopped or a limit ends it (Node only) */
  readonly save?: string | undefined;
  /** write it only if the search is stopped, not if a limit ends it */
  readonly keepOnlyInterrupted?: boolean | undefined;
  /** what a checkpoint should say about the system, so that it can be made again */
  readonly about?: unknown;
}

/** States up to which starting a team would cost more than it brings. */
const SHORT = 200_000;

const reasons: Partial<Record<Status, string>> = {
  [Status.memory]: 'the memory limit was reached',
  [Status.universe]: 'a state left the universe of the check (a vector outside of it became pending); widen universe.vectors',
  [Status.depth]: 'a way has more than 4094 visible steps, or as many steps between two of them',
  [Status.more]: 'interrupted',
  [Status.first]: 'it ended with the first failure',
};

/** Ends from which a checkpoint can go on. */
const goesOn: ReadonlySet<Status> = new Set([Status.more, Status.enough, Status.first, Status.memory]);

const isNode = typeof process !== 'undefined' && process.versions?.node !== undefined;

/** Searches all interleavings of a scenario. Throws `RangeError` for one that is too large for a check. */
export async function search(system: System, limits: SearchLimits): Promise<SearchResult> {
  const { states, first = false, workers = 1, resume, save } = limits;
  const before = resume === undefined ? undefined : await headOf(resume, system, limits);
  const watch: Watch = { states, first, look: async (share) => (await limits.progress?.(coverageOf(withBefore(share, before)))) === true };
  let explorer: Explorer | undefined;
  let status: Status = Status.enough;
  if (workers === 1 || resume === undefined) {
    explorer = await alone(system, limits);
    status = await explorer.run(workers === 1 ? watch : { ...watch, states: Math.min(states, SHORT) });
  }
  if (status === Status.enough && workers > 1 && (explorer === undefined || explorer.findings().share.states < states)) {
    await explorer?.close();
    explorer = await team(system, limits, workers);
    status = await explorer.run(watch);
  }
  if (explorer === undefined) throw new RangeError('a search needs a worker');
  try {
    refuseFault(system, status, explorer.fault);
    const found = explorer.findings();
    const findings: Findings =
      before === undefined
        ? found
        : {
            share: withBefore(found.share, before),
            failures: joinFailures([...found.failures, ...before.failures]),
            activity: joinActivities(found.activity, before.activity),
          };
    const failures = await failuresOf(system, findings, explorer);
    let reason = status === Status.enough ? `the limit of ${states} states was reached` : reasons[status];
    let kept: string | undefined;
    if (save !== undefined && (limits.keepOnlyInterrupted === true ? status === Status.more : goesOn.has(status))) {
      try {
        await explorer.save(save, await head(system, limits, explorer, findings));
        kept = save;
      } catch (error) {
        reason = `${reason ?? ''}; the search could not be kept: ${error instanceof Error ? error.message : String(error)}`;
      }
    }
    const effort: Effort = {
      workers: explorer.workers,
      memory: findings.share.memory,
      visited: findings.share.visitedBytes,
      disk: explorer.disk,
    };
    return { ...resultOf(system, findings, failures, reason), effort, kept, fingerprintBits: limits.fingerprint ?? 64, reduction: 0 };
  } finally {
    await explorer.close();
  }
}

async function begin(system: System): Promise<Machine> {
  return system.machine({ timed: false, record: 0 });
}

async function alone(system: System, { memory, fingerprint, resume }: SearchLimits): Promise<Alone> {
  const spill = isNode ? new (await import('./spill.js')).Spill() : undefined;
  const explorer = new Alone(await begin(system), { memory, wide: fingerprint === 128, spill, resumed: resume !== undefined });
  if (resume !== undefined) {
    const { CheckpointReader } = await import('./checkpoint.js');
    const reader = new CheckpointReader(resume);
    if (!reader.restore(explorer.engine)) throw new RangeError(`the search in ${resume} does not fit into the memory allowed`);
    reader.close();
  }
  return explorer;
}

async function team(system: System, { memory, fingerprint, resume }: SearchLimits, workers: number): Promise<Explorer> {
  const { MOST_WORKERS, Team } = await import('./team/team.js');
  return new Team(await begin(system), await loadModule(), {
    workers: Math.min(workers, MOST_WORKERS),
    memory,
    wide: fingerprint === 128,
    reduction: 0,
    resume,
  });
}

// --- checkpoints

async function head(
  system: System,
  { about, fingerprint = 64 }: SearchLimits,
  explorer: Explorer,
  findings: Findings,
): Promise<Omit<CheckpointHead, 'format'>> {
  const machine = await begin(system);
  return {
    about: about ?? null,
    model: system.built.fingerprint,
    start: machine.digest(),
    bits: fingerprint,
    reduction: 0,
    ...explorer.at,
    ...findings,
  };
}

async function headOf(path: string, system: System, { fingerprint = 64 }: SearchLimits): Promise<CheckpointHead> {
  const { CheckpointReader } = await import('./checkpoint.js');
  const reader = new CheckpointReader(path);
  reader.close();
  const { head } = reader;
  if (head.model !== system.built.fingerprint || head.start !== (await begin(system)).digest())
    throw new CheckpointError(`${path} is the search of another scenario or model; it cannot go on with this one`);
  if (head.bits !== fingerprint) throw new CheckpointError(`${path} has fingerprints of ${head.bits} bits; go on with as many`);
  return head;
}

/** What this sitting has covered, and those before it. States are in the visited set, whoever found them. */
function withBefore(share: Share, before: CheckpointHead | undefined): Share {
  return before === undefined ? share : joinShares([share, { ...before.share, states: 0, memory: 0, visitedBytes: 0 }]);
}

// --- what has come out

function refuseFault(system: System, status: Status, [kind, instruction]: Explorer['fault']): void {
  if (status === Status.width)
    throw new Error(
      `the kernel model ${system.model.name} keeps a value in a register that is wider than its kind; its assembler trusts add, sub and conversions`,
    );
  if (status === Status.fault)
    throw new Error(`the kernel model ${system.model.name} is at fault at ${labelAt(system, instruction)} (fault ${kind})`);
}

function coverageOf(share: Share): Coverage {
  const { states, transitions, rest, probed, depth, largestImage, imageBytes, poolFull } = share;
  return { states, transitions, rest, probed, depth, largestImage, averageImage: states === 0 ? 0 : imageBytes / states, poolFull };
}

async function failuresOf(system: System, { failures }: Findings, explorer: Explorer): Promise<Failure[]> {
  if (failures.length === 0) return [];
  const paths = new Paths(await begin(system), explorer.lookUp);
  const told: Failure[] = [];
  for (const failure of failures) {
    const [property] = propertiesOf(1 << failure.property, system.built.program.own);
    if (property !== undefined) told.push({ property, length: failure.length, path: await paths.to(failure) });
  }
  return told;
}

function resultOf(
  system: System,
  { share, activity }: Findings,
  failures: readonly Failure[],
  stopped: string | undefined,
): Omit<SearchResult, 'effort' | 'kept' | 'fingerprintBits' | 'reduction'> {
  const vacuity = vacuityOf(system, activity);
  const reason = stopped ?? (failures.length === 0 ? vacuous(system, vacuity, activity) : undefined);
  const verdict = failures.length > 0 ? 'failed' : reason === undefined ? 'safe' : 'unknown';
  return { verdict, reason, coverage: coverageOf(share), failures, vacuity };
}

function vacuous(system: System, { neverEnded, neverHandled }: Vacuity, { executed }: Activity): string | undefined {
  const { sources } = system.setup({ timed: false, record: 0 });
  if (sources.every((source) => source.raises === 0)) return 'vacuous: no device raises anything; give one raises: 1 or more';
  if (neverEnded.length > 0) return `vacuous: ${neverEnded.join(', ')} never ended on any path`;
  if (neverHandled.length > 0) return `vacuous: no event of ${neverHandled.join(', ')} was ever handled`;
  return neverJudged(system, executed);
}
