/** The graph of all states, as the core tells it state by state (assembly/check/graph.ts), in flat arrays. */
import { Actor, Bag, Claim, EdgeFlag, Node, SearchOption, Status, UNFINISHED } from '../../core/index.js';
import type { ProgramMachine } from '../../machine/index.js';

const FIRST = 1 << 12;
const KIND = 12;

/** Numbers in an array that grows. */
class Growing<T extends Uint32Array | Uint16Array> {
  readonly #make: (length: number) => T;
  values: T;
  length = 0;

  constructor(make: (length: number) => T) {
    this.#make = make;
    this.values = make(FIRST);
  }

  reserve(length: number): void {
    if (length <= this.values.length) return;
    const more = this.#make(Math.max(length, this.values.length + (this.values.length >>> 1)));
    more.set(this.values);
    this.values = more;
  }

  push(value: number): void {
    this.reserve(this.length + 1);
    this.values[this.length++] = value;
  }

  get bytes(): number {
    return this.values.byteLength;
  }
}

const words = (length: number): Uint32Array => new Uint32Array(length);
const halves = (length: number): Uint16Array => new Uint16Array(length);

/** What is unfinished in a state, each a mask (`Node`). */
const labels = ['owed', 'begun', 'held', 'lagging'] as const;
export type Label = (typeof labels)[number];

/** The claim that a step answers; undefined: nobody has one to it. */
function answered(action: number, flags: number): number | undefined {
  const which = action & 0xfff;
  switch ((action >>> 12) as Actor) {
    case Actor.cpu:
      return (Claim.context << KIND) | (which << 2) | ((flags >>> EdgeFlag.levelShift) & 3);
    case Actor.interrupt:
      return (Claim.vector << KIND) | (which << 8) | (flags >>> EdgeFlag.vectorShift);
    case Actor.timer:
      return (Claim.timer << KIND) | which;
    case Actor.message:
      return (Claim.message << KIND) | which;
    case Actor.sample:
      return (Claim.sample << KIND) | which;
    case Actor.send:
      return (Claim.send << KIND) | which;
    case Actor.pin:
      return (Claim.pin << KIND) | which;
    case Actor.queue:
      return (Claim.queue << KIND) | which;
    default:
      return undefined;
  }
}

/** States by number, 0 the first one; the steps of each that was expanded stand side by side. */
export class StateGraph {
  readonly #first = new Growing(words);
  readonly #count = new Growing(halves);
  readonly #labels = { owed: new Growing(words), begun: new Growing(words), held: new Growing(words), lagging: new Growing(words) };
  readonly #claimSet = new Growing(words);
  readonly #to = new Growing(words);
  readonly #action = new Growing(halves);
  readonly #flags = new Growing(halves);
  readonly #sets = new Map<string, number>();
  readonly #claims: (readonly number[])[] = [];
  /** expanded */
  states = 0;

  get steps(): number {
    return this.#to.length;
  }

  /** Numbers of states are below this; one that was not expanded has no steps. */
  get size(): number {
    return this.#first.length;
  }

  get bytes(): number {
    const all = [this.#first, this.#count, this.#claimSet, this.#to, this.#action, this.#flags, ...Object.values(this.#labels)];
    // and what looking for loops needs, some ten words a state
    return all.reduce((sum, { bytes }) => sum + bytes, 0) + this.size * 40;
  }

  label(state: number, which: Label): number {
    return this.#labels[which].values[state] as number;
  }

  /** Number of the set of claims that a state has, and the claims of a set. */
  claimSet(state: number): number {
    return this.#claimSet.values[state] as number;
  }
  claimsIn(set: number): readonly number[] {
    return this.#claims[set] ?? [];
  }

  /** Steps of a state: from one number of a step up to another. */
  firstStep(state: number): number {
    return this.#first.values[state] as number;
  }
  behindSteps(state: number): number {
    return (this.#first.values[state] as number) + (this.#count.values[state] as number);
  }

  target(step: number): number {
    return this.#to.values[step] as number;
  }
  action(step: number): number {
    return this.#action.values[step] as number;
  }
  isVisible(step: number): boolean {
    return ((this.#flags.values[step] as number) & EdgeFlag.visible) !== 0;
  }
  isRaise(step: number): boolean {
    return this.action(step) >>> 12 === Actor.raise;
  }

  /** Claims that a step answers: at most two. */
  answers(step: number, tell: (claim: number) => void): void {
    const flags = this.#flags.values[step] as number;
    const claim = answered(this.action(step), flags);
    if (claim === undefined) return;
    tell(claim);
    if (this.action(step) >>> 12 === Actor.cpu && (flags & EdgeFlag.lock) !== 0) tell(claim | (Claim.lock << KIND));
  }

  /** Takes in the records of a chunk. */
  add(records: Uint8Array): void {
    const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
    for (let at = 0; at < view.byteLength;) {
      const counts = view.getUint32(at + Node.counts * 4, true);
      const [nClaims, nSteps] = [counts & 0xffff, counts >>> 16];
      const claimsAt = at + Node.words * 4;
      const stepsAt = claimsAt + ((nClaims + 1) & ~1) * 2;
      const behind = stepsAt + nSteps * 8;
      if (view.getUint32(at + Node.id * 4, true) !== UNFINISHED) this.#addState(view, at, nClaims, [claimsAt, stepsAt, behind]);
      at = (behind + 7) & ~7;
    }
  }

  #addState(view: DataView, at: number, nClaims: number, [claimsAt, stepsAt, behind]: readonly [number, number, number]): void {
    const id = view.getUint32(at + Node.id * 4, true);
    for (const column of [this.#first, this.#count, this.#claimSet, ...Object.values(this.#labels)]) {
      column.reserve(id + 1);
      column.length = Math.max(column.length, id + 1);
    }
    this.#first.values[id] = this.#to.length;
    this.#count.values[id] = (behind - stepsAt) / 8;
    for (const label of labels) this.#labels[label].values[id] = view.getUint32(at + Node[label] * 4, true);
    const claims = Array.from({ length: nClaims }, (_, i) => view.getUint16(claimsAt + i * 2, true));
    const key = String.fromCharCode(...claims);
    let set = this.#sets.get(key);
    if (set === undefined) {
      this.#sets.set(key, (set = this.#claims.length));
      this.#claims.push(claims);
    }
    this.#claimSet.values[id] = set;
    for (let step = stepsAt; step < behind; step += 8) {
      this.#to.push(view.getUint32(step, true));
      this.#action.push(view.getUint16(step + 4, true));
      this.#flags.push(view.getUint16(step + 6, true));
    }
    this.states++;
  }
}

export interface GraphLimits {
  /** bytes, for the search and the graph together */
  readonly memory: number;
  readonly states: number;
  readonly reduction: 0 | 1;
  /** true: stop */
  readonly progress?: ((graph: StateGraph) => boolean | Promise<boolean>) | undefined;
}

const BATCH = 2_000;

/** Makes the graph of all states from the one that a machine is in; `Status.done` if it is complete. */
export async function makeGraph(machine: ProgramMachine, limits: GraphLimits): Promise<{ graph: StateGraph; status: Status }> {
  const { core } = machine;
  const { exports } = core;
  const graph = new StateGraph();
  const half = Math.floor(limits.memory / 2);
  exports.openImages();
  const at = exports.imageBuffer();
  for (let word = 0; word < SearchOption.words; word++) core.setU32(at + word * 4, 0);
  core.setU32(at + SearchOption.memoryLo * 4, half);
  core.setU32(at + SearchOption.chunks * 4, 0x7fffffff);
  core.setU32(at + SearchOption.workers * 4, 1);
  core.setU32(at + SearchOption.resumed * 4, 1);
  core.setU32(at + SearchOption.reduction * 4, limits.reduction);
  let status: Status = exports.searchBegin(at);
  if (status === Status.more) status = exports.graphBegin(limits.reduction);
  while (status === Status.more) {
    status = exports.graphRun(Math.max(1, Math.min(BATCH, limits.states - graph.states)));
    while (exports.hasRecords(Bag.outbox) !== 0) {
      const chunk = exports.takeFrom(Bag.outbox);
      graph.add(core.bytes(chunk + 8, core.u32(chunk + 4) - 8));
      exports.dropChunk(chunk);
    }
    if (status !== Status.more) break;
    if (graph.states >= limits.states) status = Status.enough;
    else if (graph.bytes > half) status = Status.memory;
    else if ((await limits.progress?.(graph)) === true) break;
  }
  return { graph, status };
}
