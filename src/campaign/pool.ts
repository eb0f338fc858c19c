/**
 * Runs over worker threads. What each run comes to depends on its subject and its seed alone, and is handed over in the order in which
 * the runs were asked for: nobody can tell how many workers there were. Node only; `openPool` is what the other rooms call.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Piscina } from 'piscina';
import { RunError } from './errors.js';
import type { RunFigures } from './figures.js';
import type { PoolOptions, RunJob, RunSubject } from './subject.js';
import type { PoolTask, Ran, runBatch } from './runner.js';

/** More would spend their time on what each of them assembles for itself. */
const MOST_WORKERS = 16;
/** Milliseconds of work that a worker is given at once: what a hand-over costs is nothing beside it, and nobody waits long for the last. */
const BATCH = 100;
/** Runs of a batch, however short they are. */
const MOST_RUNS = 4096;
/** Share of what is known of a subject that a new batch of it leaves. */
const MEMORY = 0.5;
/** How often the thread that waits looks whether it is to stop, milliseconds. */
const LOOK = 50;

export class RunPool {
  readonly #workers: number;
  readonly #pool: Piscina<readonly RunJob[], Ran[]>;
  /** by subject: milliseconds that a run takes, as far as is known */
  readonly #cost = new Map<number, number>();

  private constructor(pool: Piscina<readonly RunJob[], Ran[]>, workers: number) {
    this.#pool = pool;
    this.#workers = workers;
  }

  /** Threads that begin when there is something to do. */
  static async open(
    subjects: readonly RunSubject[],
    { workers = Math.min(MOST_WORKERS, availableParallelism()), models }: PoolOptions,
  ): Promise<RunPool> {
    const { Piscina: Pool } = await import('piscina');
    const pool = new Pool<readonly RunJob[], Ran[]>({
      filename: fileURLToPath(new URL('runner.js', import.meta.url)),
      name: 'runBatch' satisfies (typeof runBatch)['name'],
      minThreads: 1,
      maxThreads: workers,
      idleTimeout: Infinity,
      workerData: { subjects, models } satisfies PoolTask,
    });
    // one that falls while it has nothing to do is replaced
    pool.on('error', () => undefined);
    return new RunPool(pool, workers);
  }

  /**
   * Runs all jobs in batches, and hands over what they came to, a batch at a time, in the order of the jobs. Ends early when `got` or
   * `stopped` says so; runs at work are then not waited for. Throws `RunError`.
   */
  async run(
    jobs: Iterable<RunJob>,
    got: (figures: readonly RunFigures[], jobs: readonly RunJob[]) => boolean | void,
    stopped: () => boolean = () => false,
  ): Promise<void> {
    const iterator = jobs[Symbol.iterator]();
    const waiting = new Map<number, { readonly figures: readonly RunFigures[]; readonly batch: readonly RunJob[] }>();
    let next = 0;
    let handed = 0;
    let ended = false;
    const lane = async (): Promise<void> => {
      while (!ended) {
        const number = next++;
        const batch = this.#batch(iterator);
        if (batch.length === 0) return;
        const figures = await this.#ran(batch);
        waiting.set(number, { figures, batch });
        for (let ready = waiting.get(handed); ready !== undefined && !ended; ready = waiting.get(handed)) {
          waiting.delete(handed++);
          ended = got(ready.figures, ready.batch) === true || stopped();
        }
      }
    };
    const all = Promise.all(Array.from({ length: this.#workers }, lane));
    let watch: NodeJS.Timeout | undefined;
    const stop = new Promise<void>((resolve) => {
      watch = setInterval(() => (ended ||= stopped()) && resolve(), LOOK);
    });
    try {
      await Promise.race([all, stop]);
    } finally {
      ended = true;
      clearInterval(watch);
      // those at work find nobody who waits for them
      all.catch(() => undefined);
    }
  }

  /** The next jobs, as many as fill a batch. */
  #batch(jobs: Iterator<RunJob>): RunJob[] {
    const batch: RunJob[] = [];
    for (let ms = 0; ms < BATCH && batch.length < MOST_RUNS;) {
      const { value, done } = jobs.next();
      if (done === true) break;
      batch.push(value);
      ms += this.#cost.get(value.subject) ?? BATCH;
    }
    return batch;
  }

  async #ran(batch: readonly RunJob[]): Promise<readonly RunFigures[]> {
    const all = await this.#pool.run(batch).catch(() => this.#oneByOne(batch));
    const sums = new Map<number, { runs: number; ms: number }>();
    all.forEach(({ ms }, i) => {
      const subject = batch[i]?.subject ?? 0;
      const sum = sums.get(subject) ?? { runs: 0, ms: 0 };
      sums.set(subject, { runs: sum.runs + 1, ms: sum.ms + ms });
    });
    for (const [subject, { runs, ms }] of sums)
      this.#cost.set(subject, (this.#cost.get(subject) ?? ms / runs) * MEMORY + (ms / runs) * (1 - MEMORY));
    return all.map(({ figures }) => figures);
  }

  /** What made a worker fall may have been another's fault, as when memory was short. If it falls again the run is known. */
  async #oneByOne(batch: readonly RunJob[]): Promise<Ran[]> {
    const all: Ran[] = [];
    for (const job of batch) {
      const ran = await this.#pool.run([job]).catch((error: unknown): never => {
        throw new RunError(job, error);
      });
      all.push(...ran);
    }
    return all;
  }

  /** Ends the threads, wherever they are. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}
