/**
 * A counterexample without what it does not need. The search counts visible steps, so its way may hold any number of others,
 * in the order in which the search met them. Here steps are left out while the property still breaks the same way (delta
 * debugging), and neighbours that do not depend on each other change places until each party's steps stand together.
 */
import type { System } from '../../scenario/index.js';
import { partyOf } from '../names/index.js';
import type { Way } from './replay.js';
import { isSame, Trial, type Broken } from './trial.js';

/** Steps that may be tried, by shortening and by grouping each: about a microsecond and a half a step. */
const EFFORT = 150_000;
/** Leaving out makes room for grouping, and grouping for leaving out. */
const ROUNDS = 3;

/** A way that breaks its property, with the state in front of each step. */
class Draft {
  readonly trial: Trial;
  readonly kind: Broken;
  actions: number[];
  visible: number;
  /** image in front of step i; one more at the end */
  #states: Uint8Array[];
  /** visible steps in front of step i */
  #numbers: number[] = [];

  constructor(trial: Trial, start: Uint8Array, actions: readonly number[], kind: Broken) {
    this.trial = trial;
    this.kind = kind;
    this.actions = [...actions];
    this.#states = [start];
    this.visible = this.#look(0);
  }

  state(at: number): Uint8Array {
    return this.#states[at] as Uint8Array;
  }

  /** Takes the states of the steps from `from` on anew; returns the number of visible steps. */
  #look(from: number): number {
    const { machine } = this.trial;
    this.#states.length = from + 1;
    let visible = this.#numbers[from] ?? 0;
    machine.setImage(this.state(from));
    for (let i = from; i < this.actions.length; i++) {
      this.#numbers[i] = visible;
      if (machine.apply(this.actions[i] as number).visible) visible++;
      this.#states.push(machine.image());
    }
    return visible;
  }

  /** Leaves out the steps at these places, which ascend, and whatever is not possible without them. False: it needs them. */
  without(places: readonly number[]): boolean {
    const from = places[0];
    if (from === undefined) return false;
    const gone = new Set(places);
    this.trial.machine.setImage(this.state(from));
    const rest = this.actions.slice(from).filter((_, i) => !gone.has(from + i));
    const { applied, visible, broken } = this.trial.follow(rest, true);
    if (broken !== this.kind || (this.#numbers[from] ?? 0) + visible > this.visible) return false;
    this.actions = [...this.actions.slice(0, from), ...applied];
    this.visible = this.#look(from);
    return true;
  }

  /** Puts step `at` in front of the one before it, if that makes no difference to the state behind both. */
  swap(at: number): boolean {
    const { machine } = this.trial;
    const [before, step] = [this.actions[at - 1] as number, this.actions[at] as number];
    machine.setImage(this.state(at - 1));
    if (!this.trial.enabled().includes(step)) return false;
    const moved = this.trial.apply(step);
    if (moved.broken) return false;
    const between = machine.image();
    if (!this.trial.enabled().includes(before) || this.trial.apply(before).broken) return false;
    if (!isSame(machine.image(), this.state(at + 1))) return false;
    this.actions[at - 1] = step;
    this.actions[at] = before;
    this.#states[at] = between;
    this.#numbers[at] = (this.#numbers[at - 1] ?? 0) + (moved.visible ? 1 : 0);
    return true;
  }

  /** What `restore` takes. */
  save(): readonly [number[], Uint8Array[], number[]] {
    return [[...this.actions], [...this.#states], [...this.#numbers]];
  }

  restore([actions, states, numbers]: readonly [number[], Uint8Array[], number[]]): void {
    this.actions = actions;
    this.#states = states;
    this.#numbers = numbers;
  }
}

/** Tries to leave out pieces of a list of places, large ones first down to two, from the end on. True: something went. */
function leaveOut(draft: Draft, placesOf: () => number[], limit: number): boolean {
  let less = false;
  for (let size = placesOf().length; size >= 2; size >>= 1) {
    for (let end = placesOf().length; end > 0; end -= size) {
      if (draft.trial.tried > limit) return less;
      const places = placesOf();
      if (draft.without(places.slice(Math.max(0, end - size), end))) less = true;
    }
  }
  return less;
}

/** Leaves out what is not needed; in the end no single step can be left out any more. */
function shorten(draft: Draft): boolean {
  const limit = draft.trial.tried + EFFORT;
  const all = (): number[] => draft.actions.map((_, i) => i);
  let less = leaveOut(draft, all, limit);
  for (const party of new Set(draft.actions.map((action) => partyOf(draft.trial.system, action)))) {
    const own = (): number[] => all().filter((i) => partyOf(draft.trial.system, draft.actions[i] as number) === party);
    if (leaveOut(draft, own, limit)) less = true;
  }
  for (let again = true; again;) {
    again = false;
    for (let i = draft.actions.length - 1; i >= 0 && draft.trial.tried <= limit; i--) {
      // of a run of equal actions it is always the last that goes
      if (i < draft.actions.length && draft.actions[i] !== draft.actions[i + 1] && draft.without([i])) again = true;
    }
    less ||= again;
  }
  return less;
}

/** Where each stretch of one party's steps begins. */
function stretches(parties: readonly string[]): number[] {
  return parties.flatMap((party, i) => (party === parties[i - 1] ? [] : [i]));
}

/**
 * Clears what stands between two stretches of a party: as much as possible moves up in front of the first, the rest down behind
 * the second. True if nothing is left between them.
 */
function clear(draft: Draft, first: number, from: number, to: number, behind: number): boolean {
  let top = first;
  let start = from;
  for (let i = from; i < to; i++) {
    let at = i;
    while (at > top && draft.swap(at)) at--;
    if (at === top) {
      top++;
      start++;
    } else if (at < i) {
      // it came part of the way: back again, in order
      for (; at < i; at++) draft.swap(at + 1);
    }
  }
  let bottom = behind;
  for (let i = to - 1; i >= start; i--) {
    let at = i;
    while (at + 1 < bottom && draft.swap(at + 1)) at++;
    if (at + 1 !== bottom) return false;
    bottom--;
  }
  return true;
}

/** Fewest switches from party to party, as far as joining two stretches at a time finds them. */
function group(draft: Draft): void {
  const { system } = draft.trial;
  const limit = draft.trial.tried + EFFORT;
  const parties = (): string[] => draft.actions.map((action) => partyOf(system, action));
  // a step that breaks the property stays the last
  const end = (): number => draft.actions.length - (draft.kind === 'step' ? 1 : 0);
  for (let again = true; again;) {
    again = false;
    const names = parties();
    const starts = stretches(names);
    joining: for (let a = 0; a < starts.length; a++) {
      const b = starts.findIndex((start, n) => n > a && names[start] === names[starts[a] as number]);
      if (b < 0 || draft.trial.tried > limit) continue;
      const saved = draft.save();
      const behind = Math.min(starts[b + 1] ?? names.length, end());
      if (clear(draft, starts[a] as number, starts[a + 1] as number, starts[b] as number, behind)) {
        if (stretches(parties()).length < starts.length) {
          again = true;
          break joining;
        }
      }
      draft.restore(saved);
    }
  }
}

/**
 * The way without steps that its failure does not need, each party's steps together; never more visible steps than before. A way
 * that breaks no property, or not the one it says, stays as it is. The same for the same way, on any machine.
 */
export async function minimise<W extends Way>(system: System, way: W): Promise<W> {
  if (way.property === undefined) return way;
  const trial = await Trial.begin(system, way.property);
  const start = trial.machine.image();
  const { applied, broken } = trial.follow(way.path);
  if (broken === undefined) return way;
  const draft = new Draft(trial, start, applied, broken);
  for (let round = 0; round < ROUNDS; round++) {
    const less = shorten(draft);
    if (!less && round > 0) break;
    group(draft);
  }
  return { ...way, path: draft.actions };
}
