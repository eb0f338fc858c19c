/** The search, driven in batches. */
import { Status, Property } from '../core/index.js';
import type { System } from '../scenario/index.js';

export type PropertyName = keyof typeof Property;

/** What was covered so far. */
export interface Coverage {
  readonly states: number;
  readonly transitions: number;
  /** states at rest; those in which the probe had ended */
  readonly rest: number;
  readonly probed: number;
  /** visible steps on the longest shortest way */
  readonly depth: number;
  /** bytes of the largest image, and of all images together */
  readonly largestImage: number;
  readonly averageImage: number;
  /** bytes of memory taken by the search */
  readonly memory: number;
  /** the pool of messages in flight was full in some state: a bound that was reached */
  readonly poolFull: boolean;
}

/** A failing property with its shortest way. */
export interface Failure {
  readonly property: PropertyName;
  /** visible steps */
  readonly length: number;
  readonly path: readonly number[];
}

export interface Vacuity {
  readonly handlerRuns: number;
  readonly retriggers: number;
  readonly swallowed: number;
  /** sources whose handler never ran, operations that never ended, on any path */
  readonly neverHandled: readonly string[];
  readonly neverEnded: readonly string[];
  /** micro-ops that were never executed, as routine:line text */
  readonly notExecuted: readonly string[];
  readonly microOps: number;
}

export interface SearchResult {
  readonly verdict: 'safe' | 'failed' | 'unknown';
  /** why it is unknown */
  readonly reason: string | undefined;
  readonly coverage: Coverage;
  readonly failures: readonly Failure[];
  readonly vacuity: Vacuity;
}

export interface SearchLimits {
  /** bytes */
  readonly memory: number;
  readonly states: number;
  /** end as soon as the shortest way to some failing property is known; otherwise the search goes on for the others */
  readonly first?: boolean;
  /** called between batches; true stops the search */
  readonly progress?: (coverage: Coverage) => boolean | Promise<boolean>;
}

const BATCH = 20_000;
/** A search for the first failure looks more often whether it has one. */
const FIRST_BATCH = 1_000;

const reasons: Partial<Record<Status, string>> = {
  [Status.memory]: 'the memory limit was reached',
  [Status.universe]: 'a state left the universe of the check (a vector outside of it became pending); widen universe.vectors',
};

/** Searches all interleavings of a scenario. Throws `RangeError` for one that is too large for a check. */
export async function search(system: System, limits: SearchLimits): Promise<SearchResult> {
  const machine = await system.machine({ timed: false, record: 0 });
  const { core } = machine;
  const stats = (): Coverage => {
    const at = core.exports.searchStats();
    const word = (i: number): number => Number(core.u64(at + i * 8));
    const states = word(0);
    return {
      states,
      transitions: word(1),
      rest: word(2),
      depth: word(3),
      largestImage: word(4),
      memory: word(5),
      poolFull: word(6) !== 0,
      probed: word(7),
      averageImage: states === 0 ? 0 : word(8) / states,
    };
  };
  // no way found later is shorter than the level that the search has come to
  const known = (depth: number): boolean =>
    machine.setup.properties.some((name) => {
      const length = core.exports.failureOf(Property[name]);
      return length >= 0 && length <= depth;
    });
  let status: Status = core.exports.searchBegin(limits.memory >>> 0, Math.floor(limits.memory / 2 ** 32));
  let stopped: string | undefined;
  while (status === Status.more) {
    status = core.exports.searchRun(limits.first === true ? FIRST_BATCH : BATCH);
    const coverage = stats();
    if (status === Status.more && limits.first === true && known(coverage.depth)) stopped = 'it ended with the first failure';
    if (status === Status.more && coverage.states >= limits.states) stopped = `the limit of ${limits.states} states was reached`;
    if (stopped === undefined && (await limits.progress?.(coverage)) === true) stopped = 'interrupted';
    if (stopped !== undefined) break;
  }
  if (status === Status.width)
    throw new Error(
      `the kernel model ${system.model.name} keeps a value in a register that is wider than its kind; its assembler trusts add, sub and conversions`,
    );
  if (status === Status.fault) {
    const at = core.exports.faultAt();
    const label = labelAt(system, at);
    throw new Error(`the kernel model ${system.model.name} is at fault at ${label} (fault ${core.exports.faultKind()})`);
  }
  const failures: Failure[] = [];
  for (const name of machine.setup.properties) {
    const length = core.exports.failureOf(Property[name]);
    if (length >= 0) failures.push({ property: name, length, path: pathTo(machine, Property[name]) });
  }
  failures.sort((a, b) => a.length - b.length);
  const vacuity = vacuityOf(system, machine);
  let reason = stopped ?? (status === Status.done ? undefined : (reasons[status] ?? 'the search stopped'));
  if (reason === undefined && failures.length === 0) {
    if (machine.setup.sources.every((source) => source.raises === 0))
      reason = 'vacuous: no device raises anything; give one raises: 1 or more';
    else if (vacuity.neverEnded.length > 0) reason = `vacuous: ${vacuity.neverEnded.join(', ')} never ended on any path`;
    else if (vacuity.neverHandled.length > 0) reason = `vacuous: no event of ${vacuity.neverHandled.join(', ')} was ever handled`;
  }
  const verdict = failures.length > 0 ? 'failed' : reason === undefined ? 'safe' : 'unknown';
  return { verdict, reason, coverage: stats(), failures, vacuity };
}

function pathTo(machine: Awaited<ReturnType<System['machine']>>, property: number): number[] {
  const { core } = machine;
  const n = core.exports.pathLength(property);
  // the images' scratch memory is free once the search has ended; actions are u16
  const bytes = n * 2;
  const at = core.exports.pathBuffer(bytes);
  if (at === 0) throw new RangeError('out of memory for a counterexample');
  core.exports.writePath(property, at);
  return Array.from({ length: n }, (_, i) => core.u16(at + i * 2));
}

function labelAt(system: System, instruction: number): string {
  const word = system.built.program.code[instruction * 4 + 3] ?? 0;
  const label = system.built.labels[word >>> 8];
  return label === undefined ? `instruction ${instruction}` : `${label.routine}:${label.line} ${label.text}`;
}

/** Instructions of these never change what others see: they are not worth a line. */
const FIRST_OBSERVABLE = 32;

function vacuityOf(system: System, machine: Awaited<ReturnType<System['machine']>>): Vacuity {
  const coverage = machine.coverage();
  const notExecuted: string[] = [];
  let microOps = 0;
  const { code } = system.built.program;
  for (let pc = 1; pc < coverage.length; pc++) {
    const op = (code[pc * 4] ?? 0) & 0xff;
    if (op < FIRST_OBSERVABLE) continue;
    const label = labelAt(system, pc);
    if (label.startsWith('judge_')) continue;
    microOps++;
    if (coverage[pc] === 0) notExecuted.push(label);
  }
  const sources = machine.setup.sources;
  return {
    handlerRuns: machine.counter('served'),
    retriggers: machine.note('retrigger'),
    swallowed: machine.note('swallowed'),
    neverHandled: system.names.sources.filter((_, s) => (sources[s]?.raises ?? 0) > 0 && !machine.handled(s)),
    neverEnded: system.names.operations.filter((_, o) => !machine.ended(o)),
    notExecuted,
    microOps,
  };
}
