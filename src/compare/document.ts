/** A comparison as one JSON document, for programs and for the page. */
import { metrics } from './metrics.js';
import { CYCLES_PER_SECOND } from './text.js';
import type { Comparison, SettingResult, StrategyResult } from './compare.js';
import type { Bucket } from '../machine/index.js';

/** Points of a latency curve: shares from a half to one event of all. */
const curveShares: readonly number[] = [
  0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9998, 0.9999, 0.99995, 0.99998, 0.99999,
];

/** readonly Bucket[] of several runs as one. */
function pooled(all: readonly (readonly Bucket[])[]): readonly Bucket[] {
  const counts = new Map<number, number>();
  for (const latencies of all) for (const [cycles, n] of latencies) counts.set(cycles, (counts.get(cycles) ?? 0) + n);
  return [...counts].toSorted(([a], [b]) => a - b);
}

/** `[share, cycles]`, as far as there are events that lie beyond. */
function curve(latencies: readonly Bucket[]): (readonly [share: number, cycles: number])[] {
  const total = latencies.reduce((sum, [, n]) => sum + n, 0);
  const points: (readonly [number, number])[] = [];
  let [i, below] = [0, 0];
  for (const share of curveShares) {
    if (total * (1 - share) < 1) break;
    while (i < latencies.length - 1 && below + (latencies[i]?.[1] ?? 0) < share * total) below += latencies[i++]?.[1] ?? 0;
    points.push([share, latencies[i]?.[0] ?? 0]);
  }
  return points;
}

/** No number in JSON is infinite. */
const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function strategyDocument({ strategy, runs, summaries, verdicts, refused }: StrategyResult) {
  return {
    strategy,
    ...(refused !== undefined && { refused }),
    metrics: Object.fromEntries(summaries),
    differences: verdicts.map(({ low, high, ...rest }) => ({ ...rest, low: finite(low), high: finite(high) })),
    latencyCurve: curve(pooled(runs.map(({ latencies }) => latencies))),
    runs: runs.map((run) => ({
      seed: run.seed,
      digest: run.digest,
      sent: run.sent,
      handled: run.handled,
      moves: run.moves,
      ...Object.fromEntries(metrics.flatMap(({ id, of }) => [[id, of(run)] as const].filter(([, value]) => value !== undefined))),
    })),
  };
}

function settingDocument({ setting, ended, looks, strategies }: SettingResult) {
  const [first] = strategies;
  return {
    workload: setting.workload,
    ...(setting.machine !== undefined && { machine: setting.machine }),
    cpus: setting.scenario.machine.cpus.length,
    about: setting.scenario.about ?? '',
    ended,
    looks,
    pairs: first?.runs.length ?? 0,
    strategies: strategies.map(strategyDocument),
  };
}

export type ComparisonDocument = ReturnType<typeof comparisonDocument>;

export function comparisonDocument({ plan, intervals, settings }: Comparison) {
  return {
    command: 'compare',
    baseline: plan.strategies[0]?.name ?? '',
    strategies: plan.strategies.map(({ name }) => name),
    seed: plan.seed,
    ...(plan.seconds !== undefined && { seconds: plan.seconds }),
    repeats: plan.repeats,
    precision: plan.precision,
    alpha: plan.alpha,
    intervals,
    cyclesPerSecond: CYCLES_PER_SECOND,
    metrics: metrics.map(({ id, name, about, unit, group }) => ({ id, name, about, unit, group })),
    settings: settings.map(settingDocument),
  };
}
