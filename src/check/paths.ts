/**
 * The way to a state, from what the visited set keeps of each: level, round, the action it was reached by, and the first 24
 * bits of its parent's fingerprint. Where two states answer to a parent's description, the way to each is replayed.
 */
import type { Machine } from '../machine/index.js';
import { NO_ACTION, type FoundFailure, type Reduction, type Slot } from './engine.js';

/** All states, of all workers, whose fingerprints begin with these 24 bits. */
export type LookUp = (prefix: number) => Promise<readonly Slot[]>;

/** Parents come from the round before, or from any round of the level before. */
function mayBeParent(parent: Slot, child: Slot): boolean {
  return child.round > 0 ? parent.level === child.level && parent.round === child.round - 1 : parent.level === child.level - 1;
}

export class Paths {
  readonly #machine: Machine;
  readonly #start: ReturnType<Machine['snapshot']>;
  readonly #lookUp: LookUp;
  readonly #joins: boolean;
  readonly #ways = new Map<bigint, Promise<readonly number[] | undefined>>();

  /** `machine`: one in the state in which the search began. `reduction`: what the search was done with. */
  constructor(machine: Machine, lookUp: LookUp, reduction: Reduction) {
    this.#machine = machine;
    this.#joins = reduction !== 0;
    this.#start = machine.snapshot();
    this.#lookUp = lookUp;
  }

  /** The actions on the way to a failure, those among them that the search has joined to others. */
  async to(failure: FoundFailure): Promise<number[]> {
    const way = await this.#found(failure);
    const broke = failure.action !== NO_ACTION;
    return this.#joins ? this.#replay(way, broke) : [...way];
  }

  async #found(failure: FoundFailure): Promise<readonly number[]> {
    const prefix = Number(failure.fingerprint >> 40n);
    for (const slot of await this.#lookUp(prefix)) {
      if (slot.fingerprint !== failure.fingerprint) continue;
      const way = await this.#wayTo(slot);
      if (way !== undefined) return failure.action === NO_ACTION ? way : [...way, failure.action];
    }
    throw new Error('the way to a failure cannot be found again: two states have the same fingerprint; search with 128 bits');
  }

  /** The way to a state; undefined for one that no replay leads to. */
  async #wayTo(slot: Slot): Promise<readonly number[] | undefined> {
    const backwards: number[] = [];
    for (let at = slot; at.action !== NO_ACTION;) {
      const child = at;
      backwards.unshift(child.action);
      const parents = (await this.#lookUp(child.parent)).filter((parent) => mayBeParent(parent, child));
      const [only] = parents;
      if (only === undefined) return undefined;
      if (parents.length > 1) {
        const before = await this.#trueParent(child, parents);
        return before && [...before, ...backwards];
      }
      at = only;
    }
    return backwards;
  }

  /** The way to that one of several candidates from which the action leads to the child. */
  async #trueParent(child: Slot, candidates: readonly Slot[]): Promise<readonly number[] | undefined> {
    for (const parent of candidates) {
      // each is followed once, however many ways lead past it
      const known = this.#ways.get(parent.fingerprint) ?? this.#wayTo(parent);
      this.#ways.set(parent.fingerprint, known);
      const way = await known;
      if (way !== undefined && this.#fingerprint([...way, child.action]) === child.fingerprint) return way;
    }
    return undefined;
  }

  #fingerprint(way: readonly number[]): bigint {
    this.#replay(way, false);
    return this.#machine.fingerprint();
  }

  /** Goes a way from the start, with the steps that are joined to others; `open`: nothing is joined to the last one. */
  #replay(way: readonly number[], open: boolean): number[] {
    const machine = this.#machine;
    const all: number[] = [];
    const join = (): void => {
      if (!this.#joins) return;
      for (let next = machine.core.exports.joinNext(); next >= 0; next = machine.core.exports.joinNext()) {
        machine.apply(next);
        all.push(next);
      }
    };
    machine.restore(this.#start);
    join();
    way.forEach((action, i) => {
      machine.apply(action);
      all.push(action);
      if (!open || i < way.length - 1) join();
    });
    return all;
  }
}
