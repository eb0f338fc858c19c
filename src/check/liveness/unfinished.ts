/** What may be owed for ever, and which loops are fair: the definition of a livelock (design 4). */
import { Actor, Claim } from '../../core/index.js';
import type { System } from '../../scenario/index.js';
import { Components } from './components.js';
import type { Label, StateGraph } from './graph.js';

/**
 * What has to be finished, and is not in any state of a loop:
 * - `eventHandled`: the event of a started irq is owed
 * - `operationEnds`: an operation has begun
 * - `affinityTakesEffect`: an irq is not where it was asked to be, although its device raises again and again
 * - `handlerEnds`: a CPU is in an interrupt handler, or in that of a timer
 */
export const obligations = ['handlerEnds', 'eventHandled', 'operationEnds', 'affinityTakesEffect'] as const;
export type Obligation = (typeof obligations)[number];

export interface Unfinished {
  readonly obligation: Obligation;
  /** source, operation; of a handler the CPU */
  readonly which: number;
  /** the bit of a label that says it */
  readonly label: Label;
  readonly bit: number;
}

/** Sources, and operations, that a label has bits for. */
export const LABEL_BITS = 32;

function numbers(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

/** Everything that may be unfinished in a system. */
export function allUnfinished({ names }: System): Unfinished[] {
  const of = (obligation: Obligation, label: Label, n: number): Unfinished[] =>
    numbers(n).map((which) => ({ obligation, which, label, bit: which }));
  return [
    ...numbers(2 * names.cpus.length).map((bit): Unfinished => ({ obligation: 'handlerEnds', which: bit >>> 1, label: 'held', bit })),
    ...of('eventHandled', 'owed', names.sources.length),
    ...of('operationEnds', 'begun', names.operations.length),
    ...of('affinityTakesEffect', 'lagging', names.sources.length),
  ];
}

export function isUnfinished(graph: StateGraph, state: number, { label, bit }: Unfinished): boolean {
  return ((graph.label(state, label) >>> bit) & 1) !== 0;
}

/** States and steps that a fair run may go through for ever. */
export interface FairPart {
  readonly states: readonly number[];
  /** devices go on raising in it */
  readonly raises: boolean;
}

const KIND = 12;

/**
 * Whether a claim is one that must not be passed over if it is there again and again; of others it is enough that it is not there
 * for ever. A lock always. Where devices go on raising, everything but messages, which nothing comes before: there a device that
 * raises at the worst moment would starve whatever else a CPU has to do, in every kernel.
 */
export function isStrong(claim: number, raises: boolean): boolean {
  const kind = claim >>> KIND;
  return kind === Claim.lock || (raises && kind !== Claim.message);
}

export class Fairness {
  readonly #graph: StateGraph;
  readonly #components: Components;
  readonly #answered = new Uint8Array(1 << 16);

  constructor(graph: StateGraph) {
    this.#graph = graph;
    this.#components = new Components(graph);
  }

  /** True if a run through all states of a loop may count this step. */
  follows(raises: boolean): (step: number) => boolean {
    return raises ? () => true : (step) => !this.#graph.isRaise(step);
  }

  /** Components of the states that have a loop in which devices raise, or do not. */
  loops(states: readonly number[], raises: boolean): number[][] {
    return this.#components.of(states, this.follows(raises));
  }

  /** The fair parts of some states. Finite raises and unbounded ones are looked at apart: what is fair differs. */
  *parts(states: readonly number[], raises: boolean): Generator<FairPart> {
    const work = this.loops(states, raises).toReversed();
    for (let part = work.pop(); part !== undefined; part = work.pop()) {
      const left = this.#pruned(part, raises);
      if (left === part) yield { states: part, raises };
      else if (left.length > 0) work.push(...this.loops(left, raises).toReversed());
    }
  }

  /** The part itself if it is fair; what is left when the states are gone that no fair run comes back to. */
  #pruned(part: readonly number[], raises: boolean): readonly number[] {
    const graph = this.#graph;
    const answered = this.#answered.fill(0);
    const number = this.#components.mark(part);
    const sets = new Map<number, number>();
    let raised = false;
    for (const state of part) {
      const set = graph.claimSet(state);
      sets.set(set, (sets.get(set) ?? 0) + 1);
      for (let step = graph.firstStep(state); step < graph.behindSteps(state); step++) {
        if (!this.#components.isIn(graph.target(step), number)) continue;
        if (!graph.isRaise(step)) graph.answers(step, (claim) => (answered[claim] = 1));
        else raised = true;
      }
    }
    if (raises && !raised) return [];
    const there = new Map<number, number>();
    for (const [set, n] of sets) for (const claim of graph.claimsIn(set)) there.set(claim, (there.get(claim) ?? 0) + n);
    const passedOver = new Set<number>();
    for (const [claim, n] of there) {
      if (answered[claim] === 1) continue;
      if (isStrong(claim, raises)) passedOver.add(claim);
      else if (n === part.length) return [];
    }
    if (passedOver.size === 0) return part;
    return part.filter((state) => !graph.claimsIn(graph.claimSet(state)).some((claim) => passedOver.has(claim)));
  }

  /** True if a source raises within these states. */
  raisesIn(part: readonly number[], source: number): boolean {
    const graph = this.#graph;
    const number = this.#components.mark(part);
    const raise = (Actor.raise << KIND) | source;
    return part.some((state) => {
      for (let step = graph.firstStep(state); step < graph.behindSteps(state); step++)
        if (graph.action(step) === raise && this.#components.isIn(graph.target(step), number)) return true;
      return false;
    });
  }
}
