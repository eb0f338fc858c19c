/** What many runs came to, added up one at a time. */
import { percentiles, type Bucket, type Percentiles } from '../machine/index.js';
import { addInjected, noneInjected, type InjectedCounts } from './driver.js';
import { COUNTED, countsOf, type Counts, type RunFigures } from './figures.js';

/** Runs that failed alike. */
export interface FailureKind {
  /** properties that failed, `noLoss` and so on */
  readonly failed: readonly string[];
  /** what of the machine that concerns; '' where nothing is to be said */
  readonly where: string;
  /** how many runs */
  readonly runs: number;
  /** the smallest seed */
  readonly seed: number;
}

/** What the runs of a campaign came to. */
export interface Tallied {
  /** runs */
  readonly runs: number;
  /** those that failed */
  readonly failed: number;
  /** in the order of the first of each */
  readonly kinds: readonly FailureKind[];
  /** simulated */
  readonly cycles: number;
  /** sums over the runs */
  readonly counts: Counts;
  readonly injected: InjectedCounts;
  /** events behind the deadline */
  readonly late: number;
  /** raise to handler entry, cycles, over the events of all runs */
  readonly latency: Percentiles;
  /** the largest of each run: over the runs */
  readonly worst: Percentiles;
}

function add(buckets: Map<number, number>, [cycles, count]: Bucket): void {
  buckets.set(cycles, (buckets.get(cycles) ?? 0) + count);
}

function percentilesOf(buckets: ReadonlyMap<number, number>): Percentiles {
  return percentiles([...buckets].toSorted(([a], [b]) => a - b));
}

export class Tally {
  #runs = 0;
  #failed = 0;
  #cycles = 0;
  #late = 0;
  #injected = noneInjected;
  readonly #kinds = new Map<string, FailureKind>();
  readonly #counts = { ...countsOf(() => 0) } as Record<keyof Counts, number>;
  readonly #latencies = new Map<number, number>();
  readonly #worst = new Map<number, number>();

  get runs(): number {
    return this.#runs;
  }

  get failed(): number {
    return this.#failed;
  }

  /** In ascending order of seeds. */
  add(figures: RunFigures): void {
    const { seed, failed, where, injected, cycles, late = 0, latencies } = figures;
    this.#runs++;
    this.#cycles += cycles;
    this.#late += late;
    this.#injected = addInjected(this.#injected, injected);
    for (const which of COUNTED) this.#counts[which] += figures[which];
    for (const bucket of latencies) add(this.#latencies, bucket);
    const [most = 0] = latencies.at(-1) ?? [];
    add(this.#worst, [most, 1]);
    if (failed.length === 0) return;
    this.#failed++;
    const key = JSON.stringify([failed, where]);
    const known = this.#kinds.get(key) ?? { failed, where, runs: 0, seed };
    this.#kinds.set(key, { ...known, runs: known.runs + 1 });
  }

  get all(): Tallied {
    return {
      runs: this.#runs,
      failed: this.#failed,
      kinds: [...this.#kinds.values()],
      cycles: this.#cycles,
      counts: { ...this.#counts },
      injected: this.#injected,
      late: this.#late,
      latency: percentilesOf(this.#latencies),
      worst: percentilesOf(this.#worst),
    };
  }
}
