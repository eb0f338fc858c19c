/**
 * The way to a state, from what the visited set keeps of each: level, round, the action it was reached by, and the first 24
 * bits of its parent's fingerprint. Where two states answer to a parent's description, the way to each is replayed.
 */
import type { Machine } from '../machine/index.js';
import { NO_ACTION, type FoundFailure, type Slot } from './engine.js';

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

  /** `machine`: one in the state in which the search began. */
  constructor(machine: Machine, lookUp: LookUp) {
    this.#machine = machine;
    this.#start = machine.snapshot();
    this.#lookUp = lookUp;
  }

  /** The actions on the way to a failure. */
  async to(failure: FoundFailure): Promise<number[]> {
    const prefix = Number(failure.fingerprint >> 40n);
    for (const slot of await this.#lookUp(prefix)) {
      if (slot.fingerprint !== failure.fingerprint) continue;
      const way = await this.#wayTo(slot);
      if (way !== undefined) return failure.action === NO_ACTION ? way : [...way, failure.action];
    }
    throw new Error('the way to a failure cannot be found again: two states have the same fingerprint; search with 128 bits');
  }

  async #wayTo(slot: Slot): Promise<number[] | undefined> {
    const backwards: number[] = [];
    let at = slot;
    while (at.action !== NO_ACTION) {
      backwards.push(at.action);
      const child = at;
      const parents = (await this.#lookUp(at.parent)).filter((parent) => mayBeParent(parent, child));
      const [only] = parents;
      if (only === undefined) return undefined;
      if (parents.length > 1) {
        for (const parent of parents) {
          const way = await this.#wayTo(parent);
          if (way !== undefined && this.#fingerprint([...way, at.action]) === at.fingerprint)
            return [...way, ...backwards.toReversed()];
        }
        return undefined;
      }
      at = only;
    }
    return backwards.toReversed();
  }

  #fingerprint(way: readonly number[]): bigint {
    this.#machine.restore(this.#start);
    for (const action of way) this.#machine.apply(action);
    return this.#machine.fingerprint();
  }
}
