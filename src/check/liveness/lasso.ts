/** A run that never ends, told: a stem, the shortest way to a loop, and the loop, a short way round that is fair. */
import type { StateGraph } from './graph.js';
import { isStrong, type FairPart } from './unfinished.js';

/** Steps of the graph. */
export interface Lasso {
  readonly stem: readonly number[];
  readonly loop: readonly number[];
}

/** Steps looked at in search of a shorter loop: effort is counted, never timed, so that the result is the same everywhere. */
const EFFORT = 4_000_000;
const NONE = 0xffffffff;

/** The shortest ways from the first state: visible steps count, the others only among equals. */
export class Stems {
  readonly #graph: StateGraph;
  readonly #by: Uint32Array;
  readonly #from: Uint32Array;
  /** visible steps to a state */
  readonly distance: Uint32Array;

  constructor(graph: StateGraph) {
    this.#graph = graph;
    this.#by = new Uint32Array(graph.size).fill(NONE);
    this.#from = new Uint32Array(graph.size).fill(NONE);
    this.distance = new Uint32Array(graph.size).fill(NONE);
    let level = [0];
    this.distance[0] = 0;
    for (let visible = 0; level.length > 0; visible++) {
      const deeper: number[] = [];
      // grows while it is read: steps that nobody sees stay on their level
      for (const state of level) {
        if (this.distance[state] !== visible) continue;
        for (let step = graph.firstStep(state); step < graph.behindSteps(state); step++) this.#reach(state, step, visible, level, deeper);
      }
      level = deeper;
    }
  }

  #reach(state: number, step: number, visible: number, level: number[], deeper: number[]): void {
    const to = this.#graph.target(step);
    const seen = this.#graph.isVisible(step);
    const now = visible + (seen ? 1 : 0);
    if (to >= this.distance.length || (this.distance[to] as number) <= now) return;
    this.distance[to] = now;
    this.#by[to] = step;
    this.#from[to] = state;
    (seen ? deeper : level).push(to);
  }

  to(state: number): number[] {
    const steps: number[] = [];
    for (let at = state; this.#by[at] !== NONE; at = this.#from[at] as number) steps.push(this.#by[at] as number);
    return steps.toReversed();
  }
}

/** Which steps bring what a loop lacks. */
type Wanted = (step: number) => boolean;

/** Ways round within a fair part. */
class Rounds {
  readonly #graph: StateGraph;
  readonly #part: FairPart;
  readonly #must: Wanted;
  readonly #inside: Uint8Array;
  /** of the search that is on: by which step a state was reached, from where, and in which search */
  readonly #by: Uint32Array;
  readonly #from: Uint32Array;
  readonly #seen: Uint32Array;
  #searches = 0;
  effort = 0;

  /** `must`: some step of this kind is in every way round. */
  constructor(graph: StateGraph, part: FairPart, must: Wanted) {
    this.#graph = graph;
    this.#part = part;
    this.#must = must;
    this.#inside = new Uint8Array(graph.size);
    for (const state of part.states) this.#inside[state] = 1;
    this.#by = new Uint32Array(graph.size);
    this.#from = new Uint32Array(graph.size);
    this.#seen = new Uint32Array(graph.size);
  }

  /** A fair way from a state back to it: always to the nearest step that brings what is lacking. */
  from(start: number): number[] {
    const loop: number[] = [];
    let at = start;
    while (true) {
      const wanted = this.#lacks(start, loop);
      if (wanted === undefined && loop.length > 0 && at === start) return loop;
      loop.push(...this.#nearest(at, wanted ?? ((step) => this.#graph.target(step) === start)));
      at = this.#graph.target(loop.at(-1) as number);
    }
  }

  /** What the loop so far lacks to be fair; undefined: nothing. */
  #lacks(start: number, loop: readonly number[]): Wanted | undefined {
    const graph = this.#graph;
    const answered = new Set<number>();
    for (const step of loop) graph.answers(step, (claim) => answered.add(claim));
    const sets = [...new Set([start, ...loop.map((step) => graph.target(step))].map((state) => graph.claimSet(state)))];
    const there = new Map<number, number>();
    for (const set of sets) for (const claim of graph.claimsIn(set)) there.set(claim, (there.get(claim) ?? 0) + 1);
    const passedOver = [...there].filter(([claim, n]) => !answered.has(claim) && (isStrong(claim, this.#part.raises) || n === sets.length));
    const open = new Set(passedOver.map(([claim]) => claim));
    // a claim that is not there for ever is not passed over
    const mayLapse = [...open].filter((claim) => !isStrong(claim, this.#part.raises));
    const must = loop.some(this.#must) ? undefined : this.#must;
    if (open.size === 0 && must === undefined) return undefined;
    return (step) => {
      if (must?.(step) === true) return true;
      let brings = false;
      graph.answers(step, (claim) => (brings ||= open.has(claim)));
      if (brings || mayLapse.length === 0) return brings;
      const claims = graph.claimsIn(graph.claimSet(graph.target(step)));
      return mayLapse.some((claim) => !claims.includes(claim));
    };
  }

  /** The shortest way to a step that is wanted, that included. There is one: the part is strongly connected and fair. */
  #nearest(from: number, wanted: Wanted): number[] {
    const graph = this.#graph;
    const search = ++this.#searches;
    const work = [from];
    this.#seen[from] = search;
    for (const state of work) {
      for (let step = graph.firstStep(state); step < graph.behindSteps(state); step++) {
        const to = graph.target(step);
        if (this.#inside[to] === 0 || (!this.#part.raises && graph.isRaise(step))) continue;
        this.effort++;
        if (wanted(step)) return [...this.#wayTo(state, from), step];
        if (this.#seen[to] === search) continue;
        this.#seen[to] = search;
        this.#by[to] = step;
        this.#from[to] = state;
        work.push(to);
      }
    }
    throw new Error('a fair part of the graph has no way round');
  }

  #wayTo(state: number, from: number): number[] {
    const way: number[] = [];
    for (let at = state; at !== from; at = this.#from[at] as number) way.push(this.#by[at] as number);
    return way.toReversed();
  }
}

/** Steps that others see. */
export function visibleIn(graph: StateGraph, steps: readonly number[]): number {
  return steps.filter((step) => graph.isVisible(step)).length;
}

/** A short lasso into a fair part; `must`: some step of this kind is in its loop. */
export function lassoInto(graph: StateGraph, stems: Stems, part: FairPart, must: Wanted): Lasso {
  const rounds = new Rounds(graph, part, must);
  const distance = (state: number): number => stems.distance[state] as number;
  let best: { readonly start: number; readonly loop: readonly number[]; readonly length: number } | undefined;
  for (const start of part.states.toSorted((a, b) => distance(a) - distance(b) || a - b)) {
    if (best !== undefined && (rounds.effort > EFFORT || distance(start) >= best.length)) break;
    const loop = rounds.from(start);
    const length = distance(start) + visibleIn(graph, loop);
    if (best === undefined || length < best.length || (length === best.length && loop.length < best.loop.length))
      best = { start, loop, length };
  }
  if (best === undefined) throw new Error('a fair part of the graph has no state');
  return { stem: stems.to(best.start), loop: best.loop };
}
