/** What strategies are compared by: one number a run. */
import { quantile, type GaugeReading } from '../machine/index.js';
import type { RunFigures } from '../campaign/index.js';
import type { Unit } from './text.js';

export interface Metric {
  /** as the JSON calls it */
  readonly id: string;
  /** as a table calls it */
  readonly name: string;
  /** what exactly is measured */
  readonly about: string;
  readonly unit: Unit;
  readonly group: 'risk' | 'latency' | 'cost';
  /** undefined: the run says nothing of it */
  readonly of: (run: RunFigures) => number | undefined;
}

const per = (amount: number | undefined, n: number | undefined): number | undefined =>
  amount === undefined || n === undefined || n === 0 ? undefined : amount / n;

/** CPU time of operations, waits for remapping units included. */
function operating({ measured }: RunFigures): number | undefined {
  const spent = measured?.meters?.spent;
  return spent && spent.operation + spent.flush;
}

type Gauge = 'keptVectors' | 'allocatedVectors' | 'stopped';

/** What was read of a variable that was in its range at some time. */
function gauge({ measured }: RunFigures, name: Gauge): GaugeReading | undefined {
  const reading = measured?.meters?.gauges[name];
  return reading === undefined || reading.begun === 0 ? undefined : reading;
}

export const metrics: readonly Metric[] = [
  { id: 'lost', name: 'lost', about: 'events that nothing carried any more', unit: 'events', group: 'risk', of: ({ lost }) => lost },
  { id: 'strays', name: 'stray', about: 'vectors that found an empty slot', unit: 'events', group: 'risk', of: ({ strays }) => strays },
  {
    id: 'duplicates',
    name: 'duplicate',
    about:
      'share of handler entries without an event owed; a device that raises again before its handler has run causes some on any kernel',
    unit: 'share',
    group: 'risk',
    of: (run) => per(run.measured?.duplicates, run.handled),
  },
  {
    id: 'faults',
    name: 'faults',
    about: 'requests that a remapping unit refused',
    unit: 'events',
    group: 'risk',
    of: ({ measured }) => measured?.faults,
  },
  ...(
    [
      ['p50', 'latency 50 %', 0.5],
      ['p99', 'latency 99 %', 0.99],
      ['p999', 'latency 99.9 %', 0.999],
      ['max', 'latency most', 1],
    ] as const
  ).map(([id, name, share]): Metric => ({
    id,
    name,
    about: `raise to handler entry: ${share === 1 ? 'the longest of a run' : `what ${share * 100} % of the events of a run do not exceed`}, of those that were handled; at most 6 % too long`,
    unit: 'time',
    group: 'latency',
    of: ({ latencies }) => (latencies.length === 0 ? undefined : quantile(latencies, share)),
  })),
  {
    id: 'cpuPerMove',
    name: 'CPU per move',
    about: 'CPU time of operations and of what cleans up behind them, waits for remapping units included, by moves that took effect',
    unit: 'time',
    group: 'cost',
    of: (run) => per(operating(run), run.moves),
  },
  {
    id: 'ipisPerMove',
    name: 'IPIs per move',
    about: 'IPIs of the run, by moves that took effect',
    unit: 'count',
    group: 'cost',
    of: (run) => per(run.ipis, run.moves),
  },
  {
    id: 'flushesPerMove',
    name: 'flushes per move',
    about: 'invalidations of remapping entries, by moves that took effect',
    unit: 'count',
    group: 'cost',
    of: (run) => (run.measured?.flushes === 0 ? undefined : per(run.measured?.flushes, run.moves)),
  },
  {
    id: 'flushWait',
    name: 'wait per flush',
    about: 'CPU time to queue an invalidation and to wait for it',
    unit: 'time',
    group: 'cost',
    of: (run) => per(run.measured?.meters?.spent.flush, run.measured?.flushes),
  },
  {
    id: 'kept',
    name: 'vector kept',
    about: 'time that the vector from before a move stays allocated, mean',
    unit: 'time',
    group: 'cost',
    of: (run) => per(gauge(run, 'keptVectors')?.cycles, gauge(run, 'keptVectors')?.begun),
  },
  {
    id: 'keptLongest',
    name: 'vector kept, most',
    about: 'time that the vector from before a move stays allocated, the longest',
    unit: 'time',
    group: 'cost',
    of: (run) => gauge(run, 'keptVectors')?.longest,
  },
  {
    id: 'peakVectors',
    name: 'peak vectors',
    about: 'vectors allocated on all CPUs together, the most at any time',
    unit: 'count',
    group: 'cost',
    of: (run) => gauge(run, 'allocatedVectors')?.peak,
  },
  {
    id: 'migration',
    name: 'CPU in migration',
    about: 'share of the time of all CPUs that operations and what cleans up behind them take; a CPU that spins is busy',
    unit: 'share',
    group: 'cost',
    of: (run) => per(operating(run), run.cycles * (run.measured?.cpus ?? 0)),
  },
  {
    id: 'stopped',
    name: 'stop_machine',
    about: 'share of the time during which all CPUs have interrupts off for an operation',
    unit: 'share',
    group: 'cost',
    of: (run) => per(gauge(run, 'stopped')?.cycles, run.cycles),
  },
  {
    id: 'stoppedLongest',
    name: 'stop_machine, most',
    about: 'the longest time that all CPUs have interrupts off for an operation',
    unit: 'time',
    group: 'cost',
    of: (run) => gauge(run, 'stopped')?.longest,
  },
];
