/** Livelocks of a system: fair runs that never end, and in which something is owed for ever (design 4). */
import { Actor, Status } from '../../core/index.js';
import type { ProgramMachine } from '../../machine/index.js';
import type { System } from '../../scenario/index.js';
import { reasons, refuseFault, sharesMasks } from '../search/index.js';
import { makeGraph, type StateGraph } from './graph.js';
import { lassoInto, Stems, visibleIn, type Lasso } from './lasso.js';
import {
  allUnfinished,
  Fairness,
  isUnfinished,
  LABEL_BITS,
  obligations,
  type FairPart,
  type Obligation,
  type Unfinished,
} from './unfinished.js';

/** A run that never ends: the stem once, then the loop for ever. */
export interface Livelock {
  /** what is never done, and of whom: a CPU, a source or an operation, by index */
  readonly obligation: Obligation;
  readonly which: number;
  /** what else is never done in this loop */
  readonly also: readonly { readonly obligation: Obligation; readonly which: number }[];
  /** devices go on raising in it; otherwise it keeps itself going */
  readonly raises: boolean;
  /** actions of the stem, then those of the loop; `loop`: how many the stem has */
  readonly path: readonly number[];
  readonly loop: number;
  /** visible steps of both */
  readonly length: { readonly stem: number; readonly loop: number };
}

export interface LivenessLimits {
  /** bytes */
  readonly memory: number;
  /** no more are looked at */
  readonly states: number;
  /** level of the reduction; 2 would leave out steps that a loop may need */
  readonly reduction?: 0 | 1 | undefined;
  /** called between batches with the states so far; true stops */
  readonly progress?: ((states: number) => boolean | Promise<boolean>) | undefined;
}

export interface LivenessResult {
  readonly verdict: 'safe' | 'failed' | 'unknown';
  /** why it is unknown, or not all was looked at */
  readonly reason: string | undefined;
  /** the first of each obligation */
  readonly livelocks: readonly Livelock[];
  readonly coverage: {
    readonly states: number;
    readonly transitions: number;
    /** parts of the graph in which a run may stay for ever while devices go on raising, and while they do not */
    readonly loops: { readonly raising: number; readonly quiet: number };
    /** bytes of the graph */
    readonly memory: number;
    readonly poolFull: boolean;
  };
  readonly reduction: { readonly level: 0 | 1; readonly givenUp: string | undefined };
}

/**
 * Looks for livelocks among all states of a system whose devices raise without bound. Throws `RangeError` for one whose do not, or that
 * is too large for a check.
 */
export async function searchLivelocks(system: System, limits: LivenessLimits): Promise<LivenessResult> {
  if (!system.unbounded) throw new RangeError('a livelock needs devices that raise for ever: assemble the system with unbounded: true');
  const { sources, operations } = system.names;
  for (const [what, n] of [
    ['irqs', sources.length],
    ['operations', operations.length],
  ] as const)
    if (n > LABEL_BITS) throw new RangeError(`a check of liveness has at most ${LABEL_BITS} ${what}, not ${n}`);
  const { reduction = 1 } = limits;
  const givenUp = reduction !== 0 && sharesMasks(system) ? 'an operation is passed a mask that the program may change' : undefined;
  const result = await searchOnce(system, limits, givenUp === undefined ? reduction : 0, givenUp);
  if (result !== 'cutShort') return result;
  const full = await searchOnce(system, limits, 0, 'INIT may hit a CPU that runs');
  if (full === 'cutShort') throw new Error('a full search cannot be cut short');
  return full;
}

async function searchOnce(
  system: System,
  { memory, states, progress }: LivenessLimits,
  reduction: 0 | 1,
  givenUp: string | undefined,
): Promise<LivenessResult | 'cutShort'> {
  const machine = await system.machine({ timed: false, record: 0 });
  const { core } = machine;
  const { graph, status } = await makeGraph(machine, { memory, states, reduction, progress: progress && ((all) => progress(all.states)) });
  if (status === Status.cutShort) return 'cutShort';
  refuseFault(system, status, [core.exports.faultKind(), core.exports.faultAt()]);
  // a word of the statistics says so (`Stat.poolFull`)
  const poolFull = core.u64(core.exports.searchStats() + 6 * 8) !== 0n;
  const stopped =
    status === Status.done ? undefined : status === Status.enough ? `the limit of ${states} states was reached` : reasons[status];
  const fairness = new Fairness(graph);
  const all = Array.from({ length: graph.size }, (_, state) => state);
  const loops = { raising: fairness.loops(all, true).length, quiet: fairness.loops(all, false).length };
  const found = livelocksIn(system, graph, fairness, all);
  const livelocks: Livelock[] = [];
  for (const each of found) livelocks.push(await told(system, graph, each, reduction));
  const reason = stopped ?? (livelocks.length === 0 && loops.raising === 0 ? 'vacuous: no device can go on raising for ever' : undefined);
  return {
    verdict: livelocks.length > 0 ? 'failed' : reason === undefined ? 'safe' : 'unknown',
    reason,
    livelocks,
    coverage: { states: graph.states, transitions: graph.steps, loops, memory: graph.bytes, poolFull },
    reduction: { level: reduction, givenUp },
  };
}

interface Found extends Lasso {
  readonly unfinished: Unfinished;
  readonly also: readonly Unfinished[];
  readonly raises: boolean;
}

/** Of each obligation the livelock with the shortest stem and loop, unless the one before it shows the same. */
function livelocksIn(system: System, graph: StateGraph, fairness: Fairness, all: readonly number[]): Found[] {
  const every = allUnfinished(system);
  let stems: Stems | undefined;
  const found: Found[] = [];
  for (const obligation of obligations) {
    const candidates: Found[] = [];
    for (const unfinished of every) {
      if (unfinished.obligation !== obligation) continue;
      if (found.some(({ also }) => also.includes(unfinished))) continue;
      for (const part of partsOf(graph, fairness, all, unfinished)) {
        const { stem, loop } = lassoInto(graph, (stems ??= new Stems(graph)), part, mustStep(graph, part, unfinished));
        const states = loop.map((step) => graph.target(step));
        const also = every.filter((each) => each !== unfinished && states.every((state) => isUnfinished(graph, state, each)));
        candidates.push({ unfinished, also, raises: part.raises, stem, loop });
      }
    }
    const length = ({ stem, loop }: Found): number => visibleIn(graph, stem) + visibleIn(graph, loop);
    const [best] = candidates.toSorted((a, b) => length(a) - length(b) || a.loop.length - b.loop.length);
    if (best !== undefined) found.push(best);
  }
  return found;
}

function* partsOf(graph: StateGraph, fairness: Fairness, all: readonly number[], unfinished: Unfinished): Generator<FairPart> {
  const states = all.filter((state) => isUnfinished(graph, state, unfinished));
  if (states.length === 0) return;
  // an irq that never raises again does not have to move
  const moves = unfinished.obligation === 'affinityTakesEffect';
  for (const raises of moves ? [true] : [false, true]) {
    for (const part of fairness.parts(states, raises)) {
      if (!moves || fairness.raisesIn(part.states, unfinished.which)) yield part;
    }
  }
}

/** A step that has to be in the loop: a raise where devices go on raising, of the irq that does not move. */
function mustStep(graph: StateGraph, { raises }: FairPart, { obligation, which }: Unfinished): (step: number) => boolean {
  if (obligation === 'affinityTakesEffect') return (step) => graph.action(step) === ((Actor.raise << 12) | which);
  return raises ? (step) => graph.isRaise(step) : () => true;
}

function nameOf({ obligation, which }: Unfinished): { readonly obligation: Obligation; readonly which: number } {
  return { obligation, which };
}

/** With the steps that the search has joined to others. */
async function told(
  system: System,
  graph: StateGraph,
  { unfinished, also, raises, stem, loop }: Found,
  reduction: 0 | 1,
): Promise<Livelock> {
  const machine = await system.machine({ timed: false, record: 0 });
  const path: number[] = [];
  const join = (): void => {
    if (reduction !== 0) path.push(...joined(machine));
  };
  const go = (step: number): void => {
    machine.apply(graph.action(step));
    path.push(graph.action(step));
    join();
  };
  join();
  stem.forEach(go);
  const begin = path.length;
  loop.forEach(go);
  return {
    ...nameOf(unfinished),
    also: also.map(nameOf),
    raises,
    path,
    loop: begin,
    length: { stem: visibleIn(graph, stem), loop: visibleIn(graph, loop) },
  };
}

/** Takes the steps that a reduced search joins to the one before. */
function joined(machine: ProgramMachine): number[] {
  const taken: number[] = [];
  for (let next = machine.core.exports.joinNext(); next >= 0; next = machine.core.exports.joinNext()) {
    machine.apply(next);
    taken.push(next);
  }
  return taken;
}
