/** Who searches: one engine alone, or a team of them. What comes out is the same. */
import { Bag, Status } from '../../core/index.js';
import type { ProgramMachine } from '../../machine/index.js';
import type { CheckpointHead } from './checkpoint.js';
import { Engine, type EngineOptions, type FoundFailure, type Share } from './engine.js';
import type { LookUp } from './paths.js';
import { joinFailures, joinShares } from './share.js';
import { activityOf, type Activity } from './vacuity.js';

/** How a search is watched from outside. */
export interface Watch {
  /** ends it at the end of a round with so many states or more */
  readonly states: number;
  /** ends it once the shortest way to some failure is known */
  readonly first: boolean;
  /** ends it behind this level: as if nothing came later */
  readonly depth: number;
  /** looks between batches at what is covered; true stops the search */
  readonly look: (share: Share) => boolean | Promise<boolean>;
}

/** Everything a search has found, in numbers. */
export interface Findings {
  readonly share: Share;
  readonly failures: readonly FoundFailure[];
  readonly activity: Activity;
}

export interface Explorer {
  readonly workers: number;
  /** bytes of temporary files */
  readonly disk: number;
  /** kind and instruction of what a kernel model did wrong (`Status.fault`) */
  readonly fault: readonly [kind: number, instruction: number];
  readonly lookUp: LookUp;
  /** Goes on to the end (`Status.done`), to what it cannot get past, or until it is stopped (`Status.more`). */
  run(watch: Watch): Promise<Status>;
  findings(): Findings;
  /** level and round that are being expanded */
  readonly at: { readonly level: number; readonly round: number };
  /** Writes what is needed to go on; the search is of no use behind that but for `lookUp`. */
  save(path: string, head: Omit<CheckpointHead, 'format'>): Promise<void>;
  close(): Promise<void>;
}

const BATCH = 20_000;

/** What all workers together have at the end of a round. */
export interface RoundEnd {
  /** somebody has states for the next round of the level, for the next level */
  readonly onward: boolean;
  readonly deeper: boolean;
  readonly states: number;
  readonly knowsFirst: boolean;
  /** that has been expanded */
  readonly level: number;
}

/** What comes behind a round: the next one of the level, the first of the next level, or the end. */
export function behindRound(end: RoundEnd, limits: Pick<Watch, 'states' | 'first' | 'depth'>): 'onward' | 'deeper' | Status {
  if (!end.onward && (!end.deeper || end.level >= limits.depth)) return Status.done;
  if (limits.first && end.knowsFirst) return Status.first;
  if (end.states >= limits.states) return Status.enough;
  return end.onward ? 'onward' : 'deeper';
}

/** One engine, in this thread. */
export class Alone implements Explorer {
  readonly workers = 1;
  readonly #engine: Engine;
  readonly #spill: EngineOptions['spill'];

  constructor(machine: ProgramMachine, options: Omit<EngineOptions, 'worker' | 'workers'>) {
    this.#engine = new Engine(machine, { ...options, worker: 0, workers: 1 });
    this.#spill = options.spill;
  }

  get engine(): Engine {
    return this.#engine;
  }

  get disk(): number {
    return this.#spill?.bytes ?? 0;
  }

  get fault(): readonly [number, number] {
    const { exports } = this.#engine.machine.core;
    return [exports.faultKind(), exports.faultAt()];
  }

  readonly lookUp: LookUp = (prefix) => Promise.resolve(this.#engine.lookUp(prefix));

  async run(watch: Watch): Promise<Status> {
    const engine = this.#engine;
    let { status } = engine;
    while (status === Status.more || status === Status.round) {
      status = status === Status.more ? engine.run(BATCH) : this.#next(watch);
      if (status === Status.more && (await watch.look(engine.share()))) return status;
    }
    return status;
  }

  #next(watch: Watch): Status {
    const engine = this.#engine;
    const { level, knowsFirst } = engine;
    const end = { onward: engine.has(Bag.then), deeper: engine.has(Bag.later), states: engine.share().states, knowsFirst, level };
    const next = behindRound(end, watch);
    return typeof next === 'string' ? engine.nextRound(next === 'deeper') : next;
  }

  findings(): Findings {
    return {
      share: joinShares([this.#engine.share()]),
      failures: joinFailures(this.#engine.failures()),
      activity: activityOf(this.#engine.machine),
    };
  }

  get at(): { level: number; round: number } {
    return { level: this.#engine.level, round: this.#engine.round };
  }

  async save(path: string, head: Omit<CheckpointHead, 'format'>): Promise<void> {
    // files are for Node only: a browser never gets here
    const { CheckpointWriter } = await import('./checkpoint.js');
    const writer = new CheckpointWriter(path, head);
    writer.write(this.#engine);
    writer.finish();
  }

  close(): Promise<void> {
    this.#spill?.close();
    return Promise.resolve();
  }
}
