/** Strategies side by side: the same seeds for all of them, until enough is known, or the budget ends. */
import { RunError, type RunFigures, type RunJob, type RunSubject } from '../campaign/index.js';
import type { Scenario } from '../scenario/index.js';
import { judge, summarise, type Summary, type Verdict } from './judge.js';
import { metrics } from './metrics.js';
import { alphaOfLook, firstLook } from './statistics.js';

/** A way of moving interrupts. */
export interface Strategy {
  /** as reports call it */
  readonly name: string;
  /** a kernel model by its name, or by the file that exports it */
  readonly model: string;
  /** behaviours of it that are to be otherwise */
  readonly behaviours?: Readonly<Record<string, string>>;
}

/** A workload on a machine. */
export interface Setting {
  readonly workload: string;
  /** undefined: the one that the scenario has itself */
  readonly machine: string | undefined;
  readonly scenario: Scenario;
}

export interface Plan {
  /** the first is what the others are compared with */
  readonly strategies: readonly Strategy[];
  readonly settings: readonly Setting[];
  /** of the first run; the others follow */
  readonly seed: number;
  /** runs of each strategy in each setting at most */
  readonly repeats: number;
  /** simulated seconds of a run; left out: what the scenario says */
  readonly seconds?: number | undefined;
  /** an interval is small that is no wider to either side than this share of the baseline's value */
  readonly precision: number;
  /** how probable it may be that anything is shown in the whole report that is not so */
  readonly alpha: number;
}

/** Who runs the jobs, in their order: a `RunPool` of `subjectsOf` the plan. Ends early when `stopped` says so. */
export interface Runner {
  run(
    jobs: Iterable<RunJob>,
    got: (figures: readonly RunFigures[], jobs: readonly RunJob[]) => boolean | void,
    stopped: () => boolean,
  ): Promise<void>;
}

export interface CompareOptions {
  /** asked now and then: why the comparison is to end with what it has; undefined: it goes on */
  readonly stop?: () => 'budget' | 'interrupted' | undefined;
  readonly progress?: (done: number, planned: number) => void;
}

export interface StrategyResult {
  readonly strategy: string;
  /** in the order of their seeds, as many as of every other strategy */
  readonly runs: readonly RunFigures[];
  /** by metric; one that no run says anything of is left out */
  readonly summaries: ReadonlyMap<string, Summary>;
  /** against the baseline, in the order of the metrics; none of the baseline itself */
  readonly verdicts: readonly Verdict[];
  /** why it was not run here; left out: it was */
  readonly refused?: string;
}

export interface SettingResult {
  readonly setting: Setting;
  /** `precise`: all intervals are small; the others say what ended it before */
  readonly ended: 'precise' | 'repeats' | 'budget' | 'interrupted';
  /** looks at the intervals */
  readonly looks: number;
  /** in the order of the plan; none: no seed was run with all of them */
  readonly strategies: readonly StrategyResult[];
}

export interface Comparison {
  readonly plan: Plan;
  /** metric, strategy and setting: how many intervals share `alpha` */
  readonly intervals: number;
  readonly settings: readonly SettingResult[];
}

/** What is run, setting by setting, and in each strategy by strategy. */
export function subjectsOf({ strategies, settings, seconds }: Plan): RunSubject[] {
  return settings.flatMap(({ scenario }) =>
    strategies.map(({ model, behaviours }) => ({
      scenario,
      overrides: { model, behaviours },
      limits: { measure: true, seconds },
    })),
  );
}

/** The runs of a setting, by strategy and seed. */
class Gathered {
  readonly setting: Setting;
  readonly plan: Plan;
  readonly runs: RunFigures[][];
  readonly refused: (string | undefined)[];
  ended: SettingResult['ended'] | undefined;
  looks = 0;
  result: readonly StrategyResult[] = [];
  #seen = 0;

  constructor(setting: Setting, plan: Plan) {
    this.setting = setting;
    this.plan = plan;
    this.runs = plan.strategies.map(() => []);
    this.refused = plan.strategies.map(() => undefined);
  }

  /** Seeds that all strategies have run with. */
  get complete(): number {
    return Math.min(...this.runs.filter((_, s) => this.refused[s] === undefined).map((runs) => runs.length));
  }

  look(alpha: number): void {
    const { strategies, precision } = this.plan;
    const n = this.complete;
    if (!Number.isFinite(n) || n === this.#seen) return;
    this.#seen = n;
    this.looks++;
    const use = { alpha: alphaOfLook(alpha, this.looks), precision };
    const cut = this.runs.map((runs, s) => (this.refused[s] === undefined ? runs.slice(0, n) : []));
    this.result = strategies.map(({ name }, s): StrategyResult => {
      const runs = cut[s] ?? [];
      const refused = this.refused[s];
      const summaries = metrics.map((metric) => [metric.id, summarise(metric, runs)] as const);
      return {
        strategy: name,
        runs,
        summaries: new Map(summaries.flatMap(([id, summary]) => (summary === undefined ? [] : [[id, summary] as const]))),
        verdicts: s === 0 ? [] : metrics.flatMap((metric) => judge(metric, cut[0] ?? [], runs, use) ?? []),
        ...(refused !== undefined && { refused }),
      };
    });
  }

  get precise(): boolean {
    return this.result.every(({ verdicts }) => verdicts.every(({ precise }) => precise));
  }
}

/** Runs the plan. Runs are handed out by seed, so that whenever it ends as many pairs as possible are whole. */
export async function compare(plan: Plan, runner: Runner, { stop = () => undefined, progress }: CompareOptions = {}): Promise<Comparison> {
  const { strategies, settings, repeats, seed } = plan;
  const intervals = metrics.length * (strategies.length - 1) * settings.length;
  const alpha = plan.alpha / Math.max(1, intervals);
  const all = settings.map((setting) => new Gathered(setting, plan));
  const place = ({ subject }: RunJob): readonly [Gathered | undefined, number] => [
    all[Math.floor(subject / strategies.length)],
    subject % strategies.length,
  ];
  let done = 0;
  for (let from = 0, to = Math.min(firstLook(alpha), repeats); from < repeats; from = to, to = Math.min(2 * to, repeats)) {
    const open = all.filter(({ ended }) => ended === undefined);
    if (open.length === 0) break;
    const subjects = all.flatMap((gathered, g) =>
      strategies.flatMap((_, s) => (open.includes(gathered) ? [g * strategies.length + s] : [])),
    );
    const jobs = Array.from({ length: to - from }, (_, i) =>
      subjects.map((subject): RunJob => ({ subject, seed: seed + from + i })),
    ).flat();
    const planned = done + jobs.length;
    await runAll(runner, jobs, {
      stopped: () => stop() !== undefined,
      refuse: (job, why) => {
        const [gathered, s] = place(job);
        if (gathered) gathered.refused[s] = why;
      },
      got: (figures, job) => {
        const [gathered, s] = place(job);
        gathered?.runs[s]?.push(figures);
        progress?.(++done, planned);
      },
    });
    const stopped = stop();
    for (const gathered of open) {
      gathered.look(alpha);
      if (stopped !== undefined) gathered.ended = stopped;
      else if (gathered.precise) gathered.ended = 'precise';
      else if (to === repeats) gathered.ended = 'repeats';
    }
  }
  return {
    plan,
    intervals,
    settings: all.map(({ setting, ended, looks, result }) => ({ setting, ended: ended ?? 'repeats', looks, strategies: result })),
  };
}

interface Receiver {
  readonly stopped: () => boolean;
  readonly got: (figures: RunFigures, job: RunJob) => void;
  readonly refuse: (job: RunJob, why: string) => void;
}

/** Runs all jobs but those of subjects that cannot be run: what one of them says ends that subject, not the comparison. */
async function runAll(runner: Runner, jobs: readonly RunJob[], { stopped, got, refuse }: Receiver): Promise<void> {
  const refused = new Set<number>();
  const finished = new Set<RunJob>();
  while (!stopped()) {
    const left = jobs.filter((job) => !finished.has(job) && !refused.has(job.subject));
    if (left.length === 0) return;
    try {
      await runner.run(
        left,
        (figures, batch) => {
          batch.forEach((job, i) => {
            const of = figures[i];
            if (of === undefined) return;
            finished.add(job);
            got(of, job);
          });
        },
        stopped,
      );
    } catch (error) {
      if (!(error instanceof RunError)) throw error;
      refused.add(error.job.subject);
      refuse(error.job, error.message);
    }
  }
}
