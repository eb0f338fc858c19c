/** Strategies side by side: the same seeds for all of them, until enough is known, or the budget ends. */
import type { Overrides, Scenario } from '../scenario/index.js';
import { judge, summarise, type Summary, type Verdict } from './judge.js';
import type { Measurement } from './measure.js';
import { metrics } from './metrics.js';
import type { RunJob, Runner } from './runner.js';
import { alphaOfLook, firstLook } from './statistics.js';

/** A way of moving interrupts. */
export interface Strategy {
  /** as reports call it */
  readonly name: string;
  readonly overrides: Overrides;
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

export interface CompareOptions {
  /** asked between runs: true ends the comparison with what it has */
  readonly stop?: () => false | 'budget' | 'interrupted';
  readonly progress?: (done: number, planned: number) => void;
}

export interface StrategyResult {
  readonly strategy: string;
  /** in the order of their seeds, as many as of every other strategy */
  readonly runs: readonly Measurement[];
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
  /** in the order of the plan */
  readonly strategies: readonly StrategyResult[];
}

export interface Comparison {
  readonly plan: Plan;
  /** metric, strategy and setting: how many intervals share `alpha` */
  readonly intervals: number;
  readonly settings: readonly SettingResult[];
}

/** The runs of a setting, by strategy and seed. */
class Gathered {
  readonly runs: (Measurement | undefined)[][];
  readonly refused: (string | undefined)[];
  ended: SettingResult['ended'] | undefined;
  looks = 0;
  #seen = 0;
  result: readonly StrategyResult[] = [];

  constructor(readonly setting: Setting, readonly plan: Plan) {
    this.runs = plan.strategies.map(() => []);
    this.refused = plan.strategies.map(() => undefined);
  }

  /** Seeds that all strategies have run with. */
  get complete(): number {
    const ran = this.runs.filter((_, s) => this.refused[s] === undefined);
    const missing = (runs: readonly unknown[]): number => {
      const at = runs.findIndex((run) => run === undefined);
      return at < 0 ? runs.length : at;
    };
    return Math.min(...ran.map(missing));
  }

  look(alpha: number): void {
    const { strategies, precision } = this.plan;
    const n = this.complete;
    if (!Number.isFinite(n) || n === this.#seen) return;
    this.#seen = n;
    this.looks++;
    const use = alphaOfLook(alpha, this.looks);
    const cut = this.runs.map((runs) => runs.slice(0, n).flatMap((run) => run ?? []));
    this.result = strategies.map(({ name }, s): StrategyResult => {
      const refused = this.refused[s];
      const runs = refused === undefined ? (cut[s] ?? []) : [];
      const summaries = metrics.map((metric) => [metric.id, summarise(metric, runs)] as const);
      return {
        strategy: name,
        runs,
        summaries: new Map(summaries.flatMap(([id, summary]) => (summary === undefined ? [] : [[id, summary] as const]))),
        verdicts: s === 0 ? [] : metrics.flatMap((metric) => judge(metric, cut[0] ?? [], runs, { alpha: use, precision }) ?? []),
        ...(refused !== undefined && { refused }),
      };
    });
  }

  get precise(): boolean {
    return this.result.every(({ verdicts }) => verdicts.every(({ precise }) => precise));
  }
}

/** Runs the plan. Runs are handed out by seed, so that whenever it ends as many pairs as possible are whole. */
export async function compare(plan: Plan, runner: Runner, { stop = () => false, progress }: CompareOptions = {}): Promise<Comparison> {
  const intervals = metrics.length * (plan.strategies.length - 1) * plan.settings.length;
  const alpha = plan.alpha / Math.max(1, intervals);
  const all = plan.settings.map((setting) => new Gathered(setting, plan));
  let stopped: ReturnType<typeof stop> = false;
  let done = 0;
  for (let from = 0, to = Math.min(firstLook(alpha), plan.repeats); from < plan.repeats; from = to, to = Math.min(2 * to, plan.repeats)) {
    const open = all.filter(({ ended }) => ended === undefined);
    if (open.length === 0 || stopped) break;
    const jobs = jobsOf(plan, open, from, to);
    const planned = done + (to - from) * open.length * plan.strategies.length;
    const lane = async (): Promise<void> => {
      for (let job = jobs.next(); job.done !== true; job = jobs.next()) {
        const { gathered, strategy, at, run } = job.value;
        if (gathered.refused[strategy] === undefined) {
          const outcome = await runner.run(run);
          if ('refused' in outcome) gathered.refused[strategy] = outcome.refused;
          else (gathered.runs[strategy] ??= [])[at] = outcome;
        }
        progress?.(++done, planned);
        stopped ||= stop();
        if (stopped) return;
      }
    };
    await Promise.all(Array.from({ length: runner.lanes }, lane));
    for (const gathered of open) {
      gathered.look(alpha);
      if (stopped) gathered.ended = stopped;
      else if (to === plan.repeats) gathered.ended = 'repeats';
      if (gathered.precise && gathered.complete >= to) gathered.ended = 'precise';
    }
  }
  return {
    plan,
    intervals,
    settings: all.map(({ setting, ended, looks, result }) => ({ setting, ended: ended ?? 'repeats', looks, strategies: result })),
  };
}

interface Task {
  readonly gathered: Gathered;
  readonly strategy: number;
  readonly at: number;
  readonly run: RunJob;
}

function* jobsOf(plan: Plan, open: readonly Gathered[], from: number, to: number): Generator<Task, undefined> {
  for (let at = from; at < to; at++) {
    for (const gathered of open) {
      const { scenario } = gathered.setting;
      for (const [strategy, { overrides }] of plan.strategies.entries()) {
        const run = { scenario, overrides, seed: plan.seed + at, seconds: plan.seconds ?? scenario.run.seconds };
        yield { gathered, strategy, at, run };
      }
    }
  }
  return undefined;
}
