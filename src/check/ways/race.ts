/**
 * The two steps whose order decides. A pair (first, second) of different parties decides a failure if
 *
 *   - everything between them that does not have to wait for the first step's party is done before both,
 *   - from that state, first then second is not the same as second then first,
 *   - first then second, and the rest of the way, fails; second then first, and the rest of the way, does not.
 *
 * Where the second step has to wait only because its CPU takes interrupts between the two, it is tried in front of the first as
 * it stands in the way.
 *
 * The rest of the way is done as far as it is possible, then everybody runs to rest in a fixed order, raises and operations of the
 * way that were not possible before follow, and the probe if the failure was found by the probe. All of it is replayed, nothing is
 * guessed.
 *
 * Of several pairs one of two visible steps is taken before any other; then the one whose second step is the last, but not behind
 * the step that decides; then the one whose first step is the last.
 */
import { Actor, Level } from '../../core/index.js';
import type { System } from '../../scenario/index.js';
import { cpuOfAction, isLeftAtRest, isProbe, partyOf } from '../names/index.js';
import type { Way } from './replay.js';
import { isSame, Trial, type Broken } from './trial.js';

/** Steps that may be tried: about a microsecond and a half each. */
const EFFORT = 400_000;
/** Steps to rest; more is no rest. */
const PATIENCE = 10_000;
const BEGIN_PROBE = Actor.probe << 12;
const PROBE_RAISE = BEGIN_PROBE | 1;

/** Indexes into the way's path. */
export interface Race {
  readonly first: number;
  readonly second: number;
}

interface Place {
  readonly action: number;
  readonly party: string;
  readonly visible: boolean;
  /** the step begins, or belongs to, the handling of an interrupt */
  readonly interrupting: boolean;
  /** instruction that a CPU's step begins with */
  readonly instruction: number | undefined;
  readonly state: Uint8Array;
}

function isInterrupting(trial: Trial, action: number): boolean {
  const cpu = cpuOfAction(action);
  const begins = action >>> 12 === Actor.interrupt || action >>> 12 === Actor.timer;
  return cpu === undefined ? begins : trial.machine.core.exports.currentLevel(cpu) >= Level.softirq;
}

function instructionOf(trial: Trial, action: number): number | undefined {
  const cpu = cpuOfAction(action);
  return cpu === undefined ? undefined : trial.machine.instruction(cpu);
}

class Search {
  readonly #trial: Trial;
  readonly #places: readonly Place[];
  readonly #probes: boolean;

  constructor(trial: Trial, path: readonly number[]) {
    const { machine, system } = trial;
    this.#trial = trial;
    this.#places = path.map((action) => {
      const state = machine.image();
      const [instruction, interrupting] = [instructionOf(trial, action), isInterrupting(trial, action)];
      return { action, party: partyOf(system, action), visible: machine.apply(action).visible, interrupting, instruction, state };
    });
    this.#probes = path.some(isProbe);
  }

  find(decisive: number): Race | undefined {
    const end = this.#places.findIndex(({ action }) => isProbe(action));
    const last = Math.min(decisive, (end < 0 ? this.#places.length : end) - 1);
    for (const numbered of [true, false]) {
      for (let second = last; second > 0; second--) {
        for (let first = second - 1; first >= 0; first--) {
          if (this.#trial.tried > EFFORT) return undefined;
          const [a, b] = [this.#places[first] as Place, this.#places[second] as Place];
          if (a.party === b.party || (a.visible && b.visible) !== numbered) continue;
          if (this.#decides(first, second)) return { first, second };
        }
      }
    }
    return undefined;
  }

  #decides(first: number, second: number): boolean {
    const { machine } = this.#trial;
    const [a, b] = [this.#places[first] as Place, this.#places[second] as Place];
    const between = this.#places.slice(first + 1, second);
    const rest = this.#places.slice(second + 1).map(({ action }) => action);
    machine.setImage(a.state);
    const held = new Set([a.party]);
    const later: number[] = [];
    for (const { action, party } of between) {
      if (!held.has(party) && this.#trial.enabled().includes(action)) {
        if (this.#trial.apply(action).broken) return false;
      } else {
        held.add(party);
        later.push(action);
      }
    }
    if (!held.has(b.party)) return this.#inTurn(a, b, [...later, ...rest]);
    // all that its CPU does between them is take interrupts: it stands in front of the second step already
    const waits = between.every(({ party, interrupting }) => party !== b.party || interrupting);
    if (!waits || b.interrupting) return false;
    machine.setImage(a.state);
    return this.#does(b) && this.#carryOn([a.action, ...between.map(({ action }) => action), ...rest]) === false;
  }

  /** From the state as it is: a, b and the rest fails; b, a and the rest does not. */
  #inTurn(a: Place, b: Place, rest: readonly number[]): boolean {
    const { machine } = this.#trial;
    const before = machine.image();
    if (!this.#does(a) || !this.#does(b)) return false;
    const asItWas = machine.image();
    machine.setImage(before);
    if (!this.#does(b)) return false;
    const swapped = machine.image();
    if (this.#does(a) && isSame(machine.image(), asItWas)) return false;
    machine.setImage(asItWas);
    const fails = this.#carryOn(rest);
    if (fails === false || fails === undefined) return false;
    machine.setImage(swapped);
    return this.#carryOn([a.action, ...rest]) === false;
  }

  /** Takes a step of the way, if it is possible here and is the same; true if that breaks nothing yet. */
  #does(place: Place): boolean {
    if (!this.#trial.enabled().includes(place.action)) return false;
    if (instructionOf(this.#trial, place.action) !== place.instruction) return false;
    return !this.#trial.apply(place.action).broken;
  }

  /** Leads the machine on; how the property breaks, false if it does not, undefined if nothing comes to rest. */
  #carryOn(actions: readonly number[]): Broken | false | undefined {
    let waiting: number[] = [];
    for (const action of actions) {
      if (isProbe(action)) break;
      const next = [...waiting, action];
      waiting = [];
      for (const each of next) {
        const { applied, broken } = this.#trial.follow([each], true);
        if (broken !== undefined) return broken;
        if (applied.length === 0 && isLeftAtRest(each)) waiting.push(each);
      }
    }
    const { probeRaises, sources } = this.#trial.machine.setup;
    const probe = this.#probes ? [BEGIN_PROBE, ...Array.from({ length: probeRaises * sources.length }, () => PROBE_RAISE)] : [];
    for (const each of [...waiting, ...probe]) {
      const quiet = this.#toRest();
      if (quiet !== false) return quiet;
      const { broken } = this.#trial.follow([each], true);
      if (broken !== undefined) return broken;
    }
    return this.#toRest();
  }

  /** Everybody goes on in the order in which the machine lists what is possible, but nothing new begins. */
  #toRest(): Broken | false | undefined {
    for (let i = 0; i < PATIENCE; i++) {
      const next = this.#trial.enabled().find((action) => !isLeftAtRest(action));
      const broken = this.#trial.judge();
      if (broken !== undefined) return broken;
      if (next === undefined) return this.#trial.machine.quiet === 'rest' ? false : undefined;
      if (this.#trial.apply(next).broken) return 'step';
    }
    return undefined;
  }
}

/**
 * The pair of steps whose order decides that a way breaks its property; `none` was found, within the effort; undefined if the way
 * does not break it. `decisive`: index of the step after which it is broken; later ones are not looked at, nor is the probe.
 */
export async function findRace(system: System, { path, property }: Way, decisive: number): Promise<Race | 'none' | undefined> {
  if (property === undefined) return undefined;
  const trial = await Trial.begin(system, property);
  const start = trial.machine.image();
  if (trial.follow(path).broken === undefined) return undefined;
  trial.machine.setImage(start);
  return new Search(trial, path).find(decisive) ?? 'none';
}
