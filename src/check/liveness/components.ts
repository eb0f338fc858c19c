/** Strongly connected components with a loop in them, of a part of the graph (Tarjan, without recursion). */
import type { StateGraph } from './graph.js';

/** Which steps count. */
export type Follows = (step: number) => boolean;

export class Components {
  readonly #graph: StateGraph;
  /** by state: which part it belongs to; 0: none */
  readonly #part: Uint32Array;
  readonly #order: Uint32Array;
  readonly #low: Uint32Array;
  #parts = 0;

  constructor(graph: StateGraph) {
    this.#graph = graph;
    this.#part = new Uint32Array(graph.size);
    this.#order = new Uint32Array(graph.size);
    this.#low = new Uint32Array(graph.size);
  }

  /** A number for these states, by which `isIn` knows them until they are in another part. */
  mark(states: Iterable<number>): number {
    const part = ++this.#parts;
    for (const state of states) this.#part[state] = part;
    return part;
  }

  isIn(state: number, part: number): boolean {
    return this.#part[state] === part;
  }

  /** Components of these states that have a step inside; each in ascending order. */
  of(states: readonly number[], follows: Follows): number[][] {
    const graph = this.#graph;
    const [order, low] = [this.#order, this.#low];
    const part = this.mark(states);
    for (const state of states) order[state] = 0;
    const found: number[][] = [];
    const open: number[] = [];
    const path: number[] = [];
    const next: number[] = [];
    let n = 0;
    const enter = (state: number): void => {
      order[state] = low[state] = ++n;
      open.push(state);
      path.push(state);
      next.push(graph.firstStep(state));
    };
    for (const root of states) {
      if (order[root] !== 0) continue;
      enter(root);
      while (path.length > 0) {
        const state = path.at(-1) as number;
        const step = next[next.length - 1] as number;
        if (step < graph.behindSteps(state)) {
          next[next.length - 1] = step + 1;
          const to = graph.target(step);
          if (!this.isIn(to, part) || !follows(step)) continue;
          if (order[to] === 0) enter(to);
          else low[state] = Math.min(low[state] as number, order[to] as number);
          continue;
        }
        path.pop();
        next.pop();
        const above = path.at(-1);
        if (above !== undefined) low[above] = Math.min(low[above] as number, low[state] as number);
        if (low[state] !== order[state]) continue;
        const from = open.lastIndexOf(state);
        const component = open.splice(from);
        // it leaves the part: what is found later must not look at it
        for (const each of component) this.#part[each] = 0;
        if (component.length > 1 || this.#loops(state, follows)) found.push(component.toSorted((a, b) => a - b));
      }
    }
    return found;
  }

  #loops(state: number, follows: Follows): boolean {
    for (let step = this.#graph.firstStep(state); step < this.#graph.behindSteps(state); step++)
      if (this.#graph.target(step) === state && follows(step)) return true;
    return false;
  }
}
