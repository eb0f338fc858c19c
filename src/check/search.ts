/** The search, driven in batches. */
import { Status, Property, VarClass, VarWord } from '../core/index.js';
import type { Machine } from '../machine/index.js';
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
  /** the reduction that was in force, and why it is not the one asked for */
  readonly reduction: { readonly level: 0 | 1 | 2; readonly givenUp: string | undefined };
}

export interface SearchLimits {
  /** bytes */
  readonly memory: number;
  readonly states: number;
  /** of the reduction (design 4): 0 none, 1 keeps lengths, 2 keeps verdict and failing properties; default 0 */
  readonly reduction?: 0 | 1 | 2;
  /** called between batches; true stops the search */
  readonly progress?: (coverage: Coverage) => boolean | Promise<boolean>;
}

const BATCH = 20_000;

const reasons: Partial<Record<Status, string>> = {
  [Status.memory]: 'the memory limit was reached',
  [Status.universe]: 'a state left the universe of the check (a vector outside of it became pending); widen universe.vectors',
};

/** Searches all interleavings of a scenario. Throws `RangeError` for one that is too large for a check. */
export async function search(system: System, limits: SearchLimits): Promise<SearchResult> {
  const machine = await system.machine({ timed: false, record: 0 });
  const { core } = machine;
  const level = limits.reduction ?? 0;
  const inFull = async (givenUp: string): Promise<SearchResult> => {
    const result = await search(system, { ...limits, reduction: 0 });
    return { ...result, reduction: { level: 0, givenUp } };
  };
  if (level !== 0 && sharesMasks(machine)) return inFull('an operation is passed a mask that the program may change');
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
  let status: Status = core.exports.searchBegin(limits.memory >>> 0, Math.floor(limits.memory / 2 ** 32), level);
  let stopped: string | undefined;
  while (status === Status.more) {
    status = core.exports.searchRun(BATCH);
    const coverage = stats();
    if (status === Status.more && coverage.states >= limits.states) stopped = `the limit of ${limits.states} states was reached`;
    if (stopped === undefined && (await limits.progress?.(coverage)) === true) stopped = 'interrupted';
    if (stopped !== undefined) break;
  }
  if (status === Status.cutShort) return inFull('INIT may hit a CPU that runs');
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
  if (level !== 0) for (const [i, failure] of failures.entries()) failures[i] = { ...failure, path: await inSteps(system, failure) };
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
  return { verdict, reason, coverage: stats(), failures, vacuity, reduction: { level, givenUp: undefined } };
}

/** A way through a reduced search with the steps that it joined to others, up to the one that breaks the property. */
async function inSteps(system: System, { path, property }: Failure): Promise<number[]> {
  const machine = await system.machine({ timed: false, record: 0 });
  const all: number[] = [];
  const join = (): void => {
    for (let next = machine.core.exports.joinNext(); next >= 0; next = machine.core.exports.joinNext()) {
      machine.apply(next);
      all.push(next);
    }
  };
  join();
  for (const [i, action] of path.entries()) {
    const { broken } = machine.apply(action);
    all.push(action);
    if (i < path.length - 1 || !broken.includes(property)) join();
  }
  return all;
}

/** True if the host passes a reference to a variable that is not fixed: what the assembler proves leaves those out. */
function sharesMasks({ setup }: Machine): boolean {
  return setup.operations.some(({ args: [, second] }) => {
    const slot = typeof second === 'number' ? undefined : second.mask;
    return slot !== undefined && setup.program.variables[slot * VarWord.words + VarWord.storage] !== VarClass.fixed;
  });
}

function pathTo(machine: Machine, property: number): number[] {
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

function vacuityOf(system: System, machine: Machine): Vacuity {
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
