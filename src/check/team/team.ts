/** A team of workers that share one search: each owns the states whose fingerprints fall to it (design 4). Node only. */
import { Worker } from 'node:worker_threads';
import { Status } from '../../core/index.js';
import type { ProgramMachine } from '../../machine/index.js';
import { CheckpointWriter, type CheckpointHead } from '../engine/checkpoint.js';
import {
  joinActivities,
  joinFailures,
  joinShares,
  type Explorer,
  type Findings,
  type LookUp,
  type Reduction,
  type Share,
  type Slot,
  type Watch,
} from '../engine/index.js';
import { reportOf, teamMemory, Word } from './post.js';
import { Report, reportedNumber, type Question, type WorkerEnd, type WorkerTask } from './task.js';

/** More would spend their memory on rings. */
export const MOST_WORKERS = 16;

export interface TeamOptions {
  readonly workers: number;
  /** bytes for all together */
  readonly memory: number;
  readonly wide: boolean;
  readonly reduction: Reduction;
  /** a checkpoint to go on from */
  readonly resume: string | undefined;
}

/** How often the thread that watches looks, in milliseconds. */
const LOOK = 50;

export class Team implements Explorer {
  readonly workers: number;
  readonly #threads: Worker[];
  readonly #control: Int32Array;
  readonly #ends: Promise<WorkerEnd>[];
  readonly #task: Omit<WorkerTask, 'worker' | 'states' | 'first' | 'depth'>;
  #ended: readonly WorkerEnd[] = [];
  #questions = 0;

  /** `machine`: in the state in which the search begins. */
  constructor(machine: ProgramMachine, module: WebAssembly.Module, options: TeamOptions) {
    const { workers, memory, wide, reduction, resume } = options;
    this.workers = workers;
    const team = teamMemory(workers);
    this.#control = new Int32Array(team.control);
    const rings = team.rings.reduce((n, ring) => n + ring.byteLength, 0);
    const share = Math.max(2 ** 20, (memory - rings) / workers);
    this.#task = { module, setup: machine.setup, block: machine.snapshot(), workers, memory: share, wide, reduction, resume, team };
    this.#threads = [];
    this.#ends = [];
  }

  /** Starts the threads; they wait for `run`, with the same limits. */
  start({ states, first, depth }: Watch): void {
    for (let worker = 0; worker < this.workers; worker++) this.#start({ ...this.#task, worker, states, first, depth });
  }

  /** True if the threads have nothing to do any more before they can search. */
  get isReady(): boolean {
    return Atomics.load(this.#control, Word.ready) === this.workers;
  }

  async run(watch: Watch): Promise<Status> {
    const { look } = watch;
    if (this.#threads.length === 0) this.start(watch);
    Atomics.store(this.#control, Word.go, 1);
    Atomics.notify(this.#control, Word.go);
    const all = Promise.all(this.#ends);
    const watching = setInterval(() => {
      void this.#look(look);
    }, LOOK);
    try {
      this.#ended = await all;
    } catch (error) {
      // the others wait for the one that is gone
      await this.dismiss();
      throw error;
    } finally {
      clearInterval(watching);
    }
    return this.#ended[0]?.status ?? Status.more;
  }

  #start(task: WorkerTask): void {
    const thread = new Worker(new URL('worker.js', import.meta.url), { workerData: task, stdin: false });
    this.#threads.push(thread);
    const end = new Promise<WorkerEnd>((resolve, reject) => {
      thread.once('message', resolve);
      thread.once('error', reject);
      thread.once('exit', (code) => reject(new Error(`a worker of the search ended with code ${code}`)));
    });
    // until somebody waits for it
    end.catch(() => undefined);
    this.#ends.push(end);
  }

  async #look(look: Watch['look']): Promise<void> {
    if (await look(this.#covered())) Atomics.store(this.#control, Word.stop, 1);
  }

  /** What the workers have shown so far. */
  #covered(): Share {
    const sum = (word: number): number => this.#threads.reduce((n, _, worker) => n + reportedNumber(this.#control, worker, word), 0);
    const none: Share = joinShares([]);
    const depth = Math.max(0, ...this.#threads.map((_, worker) => reportOf(this.#control, worker, Report.depth)));
    return { ...none, states: sum(Report.states), transitions: sum(Report.transitions), depth };
  }

  get fault(): readonly [number, number] {
    return this.#ended.find((end) => end.fault[0] !== 0)?.fault ?? [0, 0];
  }

  get disk(): number {
    return this.#ended.reduce((n, end) => n + end.disk, 0);
  }

  get at(): { level: number; round: number } {
    return { level: this.#ended[0]?.level ?? 0, round: this.#ended[0]?.round ?? 0 };
  }

  findings(): Findings {
    const all = this.#ended.map((end) => end.findings);
    return {
      share: joinShares(all.map(({ share }) => share)),
      failures: joinFailures(all.flatMap(({ failures }) => failures)),
      activity: all.map(({ activity }) => activity).reduce(joinActivities),
    };
  }

  #ask(worker: number, question: { ask: 'lookUp'; prefix: number } | { ask: 'save'; path: string }): Promise<readonly Slot[]> {
    const thread = this.#threads[worker];
    const number = ++this.#questions;
    return new Promise((resolve) => {
      const listen = (message: { number: number; answer: readonly Slot[] }): void => {
        if (message.number !== number) return;
        thread?.off('message', listen);
        resolve(message.answer);
      };
      thread?.on('message', listen);
      thread?.postMessage({ number, ...question } satisfies Question);
    });
  }

  readonly lookUp: LookUp = async (prefix) =>
    (await Promise.all(this.#threads.map((_, worker) => this.#ask(worker, { ask: 'lookUp', prefix })))).flat();

  async save(path: string, head: Omit<CheckpointHead, 'format'>): Promise<void> {
    new CheckpointWriter(path, head).close();
    for (let worker = 0; worker < this.workers; worker++) await this.#ask(worker, { ask: 'save', path });
    new CheckpointWriter(path).finish();
  }

  /** Nobody needs it: the threads end wherever they are. */
  async dismiss(): Promise<void> {
    await Promise.all([...this.#threads.map((thread) => thread.terminate()), ...this.#ends.map((end) => end.catch(() => undefined))]);
  }

  async close(): Promise<void> {
    for (const thread of this.#threads) {
      thread.removeAllListeners('exit');
      const gone = new Promise((resolve) => thread.once('exit', resolve));
      thread.postMessage({ number: 0, ask: 'close' } satisfies Question);
      await gone;
    }
  }
}
