/** The search of a scenario: alone at first, by a team of workers when it turns out to be long. */
import { loadModule, Status, VarClass, VarWord } from '../../core/index.js';
import { ModelError, placeOf } from '../../kernel/model/index.js';
import { ModelFault, propertiesOf, type ProgramMachine } from '../../machine/index.js';
import type { System } from '../../scenario/index.js';
import type { CheckpointHead } from '../engine/checkpoint.js';
import {
  Alone,
  neverJudged,
  Paths,
  vacuityOf,
  type Activity,
  type Explorer,
  type Findings,
  type Reduction,
  type Share,
  type Vacuity,
  type Watch,
} from '../engine/index.js';
import type { Team } from '../team/index.js';
import { handOver, handOverFile, headFor, headOf, withBefore, withFindingsBefore } from './goingOn.js';
import type { Coverage, Failure, SearchLimits, SearchResult } from './report.js';

/** States up to which starting a team would cost more than it brings. */
const SHORT = 50_000;

/** Why a search has not come to its end. */
export const reasons: Partial<Record<Status, string>> = {
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
  const { reduction = 1 } = limits;
  const shared = reduction !== 0 && sharesMasks(system);
  if (shared) return searchInFull(system, limits, 'an operation is passed a mask that the program may change');
  const result = await searchOnce(system, limits);
  if (result === 'cutShort') return searchInFull(system, limits, 'INIT may hit a CPU that runs');
  if (reduction < 2 || result.failures.length === 0) return result;
  return { ...result, ...(await shortestOf(system, limits, result)) };
}

/** Without the reduction that was asked for. */
async function searchInFull(system: System, limits: SearchLimits, givenUp: string): Promise<SearchResult> {
  const result = await searchOnce(system, { ...limits, reduction: 0 });
  if (result === 'cutShort') throw new Error('a full search cannot be cut short');
  return { ...result, reduction: { level: 0, givenUp } };
}

/** True if the host passes a reference to a variable that is not fixed: what the assembler proves leaves those out. */
export function sharesMasks(system: System): boolean {
  const setup = system.setup({ timed: false, record: 0 });
  return setup.operations.some(({ args: [, second] }) => {
    const slot = typeof second === 'number' ? undefined : second.mask;
    return slot !== undefined && setup.program.variables[slot * VarWord.words + VarWord.storage] !== VarClass.fixed;
  });
}

/** Level 2 finds some way to each failure: a search with level 1, bounded by their lengths, finds the shortest. */
async function shortestOf(
  system: System,
  limits: SearchLimits,
  { failures }: SearchResult,
): Promise<Pick<SearchResult, 'failures' | 'shortest'>> {
  const depth = Math.max(...failures.map(({ length }) => length));
  const bounded = await searchOnce(system, { ...limits, reduction: 1, depth, states: Infinity, resume: undefined, save: undefined });
  const all = bounded !== 'cutShort' && failures.every(({ property }) => bounded.failures.some((each) => each.property === property));
  if (!all || bounded.reason !== undefined) return { failures, shortest: false };
  return { failures: bounded.failures.filter((each) => failures.some(({ property }) => each.property === property)), shortest: true };
}

async function searchOnce(system: System, limits: SearchLimits): Promise<SearchResult | 'cutShort'> {
  const { states, first = false, depth = Infinity, workers = 1, resume, save, reduction = 1 } = limits;
  let before = resume === undefined ? undefined : await headOf(resume, system, limits);
  const look: Watch['look'] = async (share) => (await limits.progress?.(coverageOf(withBefore(share, before)))) === true;
  const watch: Watch = { states, first, depth, look };
  const aloneFirst = workers === 1 || resume === undefined;
  let explorer: Explorer = aloneFirst ? await alone(system, limits) : await team(system, limits, workers);
  let status = await explorer.run(workers > 1 && aloneFirst ? { ...watch, states: Math.min(states, SHORT) } : watch);
  if (status === Status.enough && workers > 1 && aloneFirst && explorer.findings().share.states < states) {
    const joined = await withHelp(system, { ...limits, workers }, explorer, watch);
    ({ explorer, status } = joined);
    before = joined.before ?? before;
  }
  try {
    if (status === Status.cutShort) return 'cutShort';
    refuseFault(system, status, explorer.fault);
    const findings = withFindingsBefore(explorer.findings(), before);
    const failures = await failuresOf(system, findings, explorer, reduction);
    let reason = status === Status.enough ? `the limit of ${states} states was reached` : reasons[status];
    let kept: string | undefined;
    if (save !== undefined && (limits.keepOnlyInterrupted === true ? status === Status.more : goesOn.has(status))) {
      try {
        await explorer.save(save, await headFor(system, limits, explorer, findings));
        kept = save;
      } catch (error) {
        reason = `${reason ?? ''}; the search could not be kept: ${error instanceof Error ? error.message : String(error)}`;
      }
    }
    const { memory, visitedBytes } = findings.share;
    return {
      ...resultOf(system, findings, failures, reason),
      effort: { workers: explorer.workers, memory, visited: visitedBytes, disk: explorer.disk },
      kept,
      fingerprintBits: limits.fingerprint ?? 64,
      reduction: { level: reduction, givenUp: undefined },
      shortest: reduction < 2,
    };
  } finally {
    await explorer.close();
  }
}

/** A search that turns out to be long: it goes on alone while the threads of a team start, and is then handed over to them. */
async function withHelp(
  system: System,
  limits: SearchLimits & { readonly workers: number },
  first: Explorer,
  watch: Watch,
): Promise<{ readonly explorer: Explorer; readonly status: Status; readonly before?: CheckpointHead }> {
  const { file, remove } = await handOverFile();
  const others = await team(system, { ...limits, resume: file }, limits.workers);
  others.start(watch);
  try {
    let stopped = false;
    const status = await first.run({
      ...watch,
      look: async (share) => {
        stopped = await watch.look(share);
        return stopped || others.isReady;
      },
    });
    if (status !== Status.more || stopped) {
      await others.dismiss();
      return { explorer: first, status };
    }
    const before = await handOver(file, system, limits, first);
    return { explorer: others, status: await others.run(watch), before };
  } finally {
    await remove();
  }
}

async function begin(system: System): Promise<ProgramMachine> {
  return system.machine({ timed: false, record: 0 });
}

async function alone(system: System, { memory, fingerprint, resume, reduction = 1 }: SearchLimits): Promise<Alone> {
  const spill = isNode ? new (await import('../engine/spill.js')).Spill() : undefined;
  const explorer = new Alone(await begin(system), { memory, wide: fingerprint === 128, spill, resumed: resume !== undefined, reduction });
  if (resume !== undefined) {
    const { CheckpointReader } = await import('../engine/checkpoint.js');
    const reader = new CheckpointReader(resume);
    if (!reader.restore(explorer.engine)) throw new RangeError(`the search in ${resume} does not fit into the memory allowed`);
    reader.close();
  }
  return explorer;
}

async function team(system: System, limits: SearchLimits, workers: number): Promise<Team> {
  const { memory, fingerprint, resume, reduction = 1 } = limits;
  const { MOST_WORKERS, Team } = await import('../team/index.js');
  const options = { workers: Math.min(workers, MOST_WORKERS), memory, wide: fingerprint === 128, reduction, resume };
  return new Team(await begin(system), await loadModule(), options);
}

// --- what has come out

/** Throws for what a kernel model must not do. */
export function refuseFault(system: System, status: Status, [kind, instruction]: Explorer['fault']): void {
  if (status === Status.width)
    throw new ModelError(
      `the kernel model ${system.model.name} keeps a value in a register that is wider than its kind; its assembler trusts add, sub and conversions`,
    );
  if (status === Status.fault) throw new ModelFault(kind, instruction, placeOf(system.built, instruction), system.model.name);
}

function coverageOf(share: Share): Coverage {
  const { states, transitions, executed, rest, probed, depth, largestImage, imageBytes, poolFull } = share;
  return {
    states,
    transitions,
    executed,
    rest,
    probed,
    depth,
    largestImage,
    averageImage: states === 0 ? 0 : imageBytes / states,
    poolFull,
  };
}

async function failuresOf(system: System, { failures }: Findings, explorer: Explorer, reduction: Reduction): Promise<Failure[]> {
  if (failures.length === 0) return [];
  const paths = new Paths(await begin(system), explorer.lookUp, reduction);
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
): Pick<SearchResult, 'verdict' | 'reason' | 'coverage' | 'failures' | 'vacuity'> {
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
