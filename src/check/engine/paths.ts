/**
 * The way to a state, from what the visited set keeps of each: level, round, and the first 24 bits of its parent's fingerprint.
 * Which step led on is found by taking the steps of the parent; where two states answer to a parent's description, both are
 * tried.
 */
import type { ProgramMachine } from '../../machine/index.js';
import { NO_ACTION, type FoundFailure, type Reduction, type Slot } from './engine.js';

/** All states, of all workers, whose fingerprints begin with these 24 bits. */
export type LookUp = (prefix: number) => Promise<readonly Slot[]>;

/** Parents come from the round before, or from any round of the level before. */
function mayBeParent(parent: Slot, child: Slot): boolean {
  return child.round > 0 ? parent.level === child.level && parent.round === child.round - 1 : parent.level === child.level - 1;
}

function isStart({ level, round }: Slot): boolean {
  return level === 0 && round === 0;
}

export class Paths {
  readonly #machine: ProgramMachine;
  readonly #start: ReturnType<ProgramMachine['snapshot']>;
  readonly #lookUp: LookUp;
  readonly #joins: boolean;
  readonly #ways = new Map<bigint, Promise<readonly number[] | undefined>>();

  /** `machine`: one in the state in which the search began. `reduction`: what the search was done with. */
  constructor(machine: ProgramMachine, lookUp: LookUp, reduction: Reduction) {
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
    const chain: Slot[] = [];
    let at = slot;
    while (!isStart(at)) {
      chain.unshift(at);
      const child = at;
      const parents = (await this.#lookUp(child.parent)).filter((parent) => mayBeParent(parent, child));
      const [only] = parents;
      if (only === undefined) return undefined;
      if (parents.length > 1) return this.#through(parents, chain);
      at = only;
    }
    return this.#along([], chain);
  }

  /** The way through that one of several candidates that a step leads from to the first of a chain. */
  async #through(candidates: readonly Slot[], chain: readonly Slot[]): Promise<readonly number[] | undefined> {
    for (const parent of candidates) {
      // each is followed once, however many ways lead past it
      const known = this.#ways.get(parent.fingerprint) ?? this.#wayTo(parent);
      this.#ways.set(parent.fingerprint, known);
      const way = await known;
      const all = way && this.#along(way, chain);
      if (all !== undefined) return all;
    }
    return undefined;
  }

  /** A way, and on from its end through the states of a chain by the first steps that lead there; undefined: none does. */
  #along(way: readonly number[], chain: readonly Slot[]): readonly number[] | undefined {
    this.#replay(way, false);
    const machine = this.#machine;
    const all = [...way];
    for (const { fingerprint } of chain) {
      const before = machine.snapshot();
      const step = machine.enabled().find((action) => {
        machine.restore(before);
        this.#apply(action);
        return machine.fingerprint() === fingerprint;
      });
      if (step === undefined) return undefined;
      all.push(step);
    }
    return all;
  }

  /** A step of the search: those that it joins included. Returns all of them. */
  #apply(action: number, joins = this.#joins): number[] {
    this.#machine.apply(action);
    return joins ? [action, ...this.#join()] : [action];
  }

  #join(): number[] {
    const machine = this.#machine;
    const taken: number[] = [];
    for (let next = machine.core.exports.joinNext(); next >= 0; next = machine.core.exports.joinNext()) {
      machine.apply(next);
      taken.push(next);
    }
    return taken;
  }

  /** Goes a way from the start, with the steps that are joined to others; `open`: nothing is joined to the last one. */
  #replay(way: readonly number[], open: boolean): number[] {
    this.#machine.restore(this.#start);
    const first = this.#joins ? this.#join() : [];
    return first.concat(way.flatMap((action, i) => this.#apply(action, this.#joins && !(open && i === way.length - 1))));
  }
}
