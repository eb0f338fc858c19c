/** Comparisons: pairs of runs, when they end, and what is said of them. */
import { describe, expect, test } from 'vitest';
import { RunError, runSystem, type RunFigures, type RunJob } from '../../src/campaign/index.js';
import {
  compare,
  comparisonDocument,
  ownThread,
  subjectsOf,
  type Plan,
  type Runner,
  type StrategyResult,
} from '../../src/compare/index.js';
import { assembleSystem, type System } from '../../src/scenario/index.js';
import { given } from '../check/help.js';
import { storm } from './storm.js';

const plan: Plan = {
  strategies: [
    { name: 'linux-5.5', model: 'linux-5.5' },
    { name: 'two steps', model: 'linux-5.5', behaviours: { msiUpdate: 'twoStep' } },
    { name: 'the same', model: 'linux-5.5', behaviours: { settleDelay: 'none' } },
  ],
  settings: [{ workload: 'storm', machine: undefined, scenario: storm }],
  seed: 1,
  repeats: 16,
  precision: 0.05,
  alpha: 0.05,
};

const verdictOf = ({ verdicts }: StrategyResult, metric: string) => given(verdicts.find((each) => each.metric === metric));

describe('an MSI that is torn under a storm of moves', async () => {
  const comparison = await compare(plan, ownThread(subjectsOf(plan)));
  const [baseline, mended, same] = given(comparison.settings[0]).strategies.map(given) as [StrategyResult, StrategyResult, StrategyResult];

  test('strays are shown to be fewer if it is written in two steps, and moves to cost more', () => {
    expect(given(baseline.summaries.get('strays')).runsWith).toBe(16);
    expect(given(mended.summaries.get('strays')).total).toBe(0);
    expect(verdictOf(mended, 'strays')).toMatchObject({ shown: 'less', difference: -1 });
    expect(verdictOf(mended, 'cpuPerMove').shown).toBe('more');
    expect(verdictOf(mended, 'cpuPerMove').low).toBeGreaterThan(0);
  });

  test('what makes no difference is equal in all runs', () => {
    expect(same.runs.map(({ latencies }) => latencies)).toEqual(baseline.runs.map(({ latencies }) => latencies));
    expect(new Set(same.verdicts.map(({ shown }) => shown))).toEqual(new Set(['same']));
    expect(same.verdicts.every(({ difference }) => difference === 0)).toBe(true);
  });

  const torn = assembleSystem(storm, { model: 'linux-5.5' });

  test('a run goes on behind its first failure', async () => {
    const ended = await runSystem(torn, { seed: 1 });
    expect(ended.failed).toEqual(['noStray']);
    expect(given(baseline.runs[0])).toMatchObject({ failed: [], cycles: 9_000_000 });
    expect(given(baseline.runs[0]).strays).toBeGreaterThan(1);
  });

  test('what devices do is the same for all: the same seeds, the same arrivals', async () => {
    expect(baseline.runs.map(({ seed }) => seed)).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
    const arrivals = async (system: System, seed: number): Promise<bigint[]> => {
      const at = await system.machine({ timed: true, record: 1, seed, measure: true });
      at.run(600_000);
      return at.events().flatMap(({ kind, time }) => (kind === 'raise' ? [time] : []));
    };
    const first = await arrivals(torn, 5);
    expect(first.length).toBeGreaterThan(40);
    expect(await arrivals(assembleSystem(storm, { model: 'linux-7.0' }), 5)).toEqual(first);
    expect(await arrivals(torn, 6)).not.toEqual(first);
  });

  test('as JSON: no number is infinite, and each run has its numbers', () => {
    const { settings } = JSON.parse(JSON.stringify(comparisonDocument(comparison))) as ReturnType<typeof comparisonDocument>;
    const [first] = given(settings[0]).strategies;
    expect(given(first).runs).toHaveLength(16);
    expect(given(first).runs[0]).toMatchObject({ seed: 1, moves: given(baseline.runs[0]).moves, lost: 0 });
    expect(given(given(first).latencyCurve[0])[0]).toBe(0.5);
    expect(JSON.stringify(settings)).not.toContain('null');
  });
});

/** Runs without a machine: `latency` says what the latency of a run is. */
function pretend(latency: (job: RunJob) => number): Runner & { readonly jobs: RunJob[] } {
  const jobs: RunJob[] = [];
  const figures = (job: RunJob): RunFigures => ({
    ...({
      failed: [],
      where: '',
      cycles: 3e6,
      sent: 1,
      handled: 1,
      lost: 0,
      owed: 0,
      strays: 0,
      dropped: 0,
      ipis: 0,
      microOps: 0,
    } as const),
    ...({ moves: 0, retriggers: 0, swallowed: 0, foreign: 0, leaked: 0, joined: 0, digest: '' } as const),
    injected: { total: 0, done: 0, running: 0, queued: 0, refused: 0 },
    seed: job.seed,
    latencies: [[latency(job), 1]],
  });
  return {
    jobs,
    async run(wanted, got, stopped) {
      for (const job of wanted) {
        jobs.push(job);
        if (got([figures(job)], [job]) === true || stopped()) return;
      }
    },
  };
}

const two: Plan = { ...plan, strategies: plan.strategies.slice(0, 2), repeats: 1000 };
/** As good as random. */
const noise = (seed: number): number => Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1) >>> 22;

describe('when it ends', () => {
  test('a difference that hardly varies: as soon as all intervals are small', async () => {
    const { settings } = await compare(
      two,
      pretend(({ subject, seed }) => 10_000 + noise(seed) + 500 * subject),
    );
    const [result] = settings;
    expect(given(result).strategies[1]?.verdicts.find(({ metric }) => metric === 'p50')).toMatchObject({ shown: 'more', difference: 500 });
    // what never happens takes longest to be known not to
    expect(given(result).ended).toBe('precise');
    expect(given(result).strategies.map(({ runs }) => runs.length)).toEqual([256, 256]);
  });

  test('noise: no difference is shown, and it stops at --repeats', async () => {
    const { settings } = await compare(
      { ...two, repeats: 100, precision: 0.001 },
      pretend(({ subject, seed }) => 1000 + noise(seed * 2 + subject)),
    );
    expect(given(settings[0])).toMatchObject({ ended: 'repeats', looks: 4 });
    expect(given(settings[0]?.strategies[1]?.verdicts.find(({ metric }) => metric === 'p50')).shown).toBe('none');
    expect(settings[0]?.strategies.map(({ runs }) => runs.length)).toEqual([100, 100]);
  });

  test('the budget: as many whole pairs as there are', async () => {
    const runner = pretend(({ seed }) => noise(seed));
    const { settings } = await compare(two, runner, { stop: () => (runner.jobs.length >= 11 ? 'budget' : undefined) });
    expect(given(settings[0])).toMatchObject({ ended: 'budget', looks: 1 });
    expect(settings[0]?.strategies.map(({ runs }) => runs.length)).toEqual([5, 5]);
    // too few to say anything
    expect(settings[0]?.strategies[1]?.verdicts.every(({ shown }) => shown === 'same')).toBe(true);
  });

  test('a strategy that cannot be run there is told, and the others go on', async () => {
    const able = pretend(({ seed }) => noise(seed));
    const runner: Runner = {
      run: (jobs, got, stopped) => {
        const first = [...jobs].find(({ subject }) => subject === 1);
        if (first !== undefined) throw new RunError(first, new Error('it has no such chip'));
        return able.run(jobs, got, stopped);
      },
    };
    const { settings } = await compare({ ...plan, repeats: 4 }, runner);
    expect(settings[0]?.strategies.map(({ refused, runs }) => [refused, runs.length])).toEqual([
      [undefined, 4],
      ['it has no such chip', 0],
      [undefined, 4],
    ]);
  });
});
