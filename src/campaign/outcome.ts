/** A machine of a scenario that runs until its bound or the first failure, and what it came to. */
import { Driver, type InjectedCounts } from './driver.js';
import type { DeadlineReport } from './deadline.js';
import { whereOf } from './where.js';
import type { Bucket, EventRecord, MeterReading, Percentiles, ProgramMachine, RecordTaker } from '../machine/index.js';
import type { PolicyDescription, ScenarioMachine } from '../scenario/index.js';
import type { PolicySource } from '../workload/index.js';

/** Cycles of a simulated second (hardware.md G.1). */
const CYCLES_PER_SECOND = 3_000_000_000;
/** Cycles a call into the module runs: short enough for progress and Ctrl-C, long enough for the engine's upper tier. */
const SLICE = 300_000_000;

/** How a run is driven. */
export interface DriveLimits {
  /** default: what the scenario says */
  readonly seed?: number | undefined;
  /** simulated; default: what the scenario says */
  readonly seconds?: number | undefined;
  /** what moves irqs and plugs CPUs while the machine runs, besides the policies of the scenario; asked every simulated millisecond */
  readonly policies?: readonly PolicySource[] | undefined;
  /** called between slices with the simulated seconds so far; true stops the run */
  readonly progress?: (seconds: number) => boolean | Promise<boolean>;
}

/** What the run is of. */
export interface Driven {
  /** what the scenario says */
  readonly seed: number;
  /** simulated, likewise */
  readonly seconds: number;
  readonly policies: readonly PolicyDescription[];
  /** how it calls its sources */
  readonly sources: readonly string[];
  /** the machine is of a mode that measures */
  readonly measure: boolean;
}

/** Reads the records of a run as it goes on, and says at its end, at a cycle, which events were late. */
export interface Watch {
  readonly take: RecordTaker;
  /** the last records that are `telling` */
  readonly last: readonly EventRecord[];
  end(now: number): DeadlineReport;
}

/** What a run came to. */
export interface Outcome {
  readonly seed: number;
  /** `interrupted`: stopped by `progress` */
  readonly verdict: 'passed' | 'failed' | 'interrupted';
  /** properties that failed, `noLoss` and so on */
  readonly failed: readonly string[];
  /** what of the machine that concerns: the source that was lost, and what took its event away; '' where nothing is to be said */
  readonly where: string;
  readonly cycles: bigint;
  readonly seconds: number;
  /** raised by the devices */
  readonly sent: number;
  /** handler entries */
  readonly handled: number;
  /** events that nothing carried any more */
  readonly lost: number;
  /** sources whose event was still on its way when the run ended */
  readonly owed: number;
  readonly strays: number;
  /** messages dropped by a LAPIC or without a target */
  readonly dropped: number;
  readonly ipis: number;
  readonly microOps: number;
  readonly moves: number;
  readonly retriggers: number;
  readonly swallowed: number;
  /** handlers entered on a vector that carried only another device's events */
  readonly foreign: number;
  /** events of devices that had one of the same irq to tell already: one message tells them all */
  readonly joined: number;
  /** operations that were injected: by events of the scenario, and by policies */
  readonly injected: InjectedCounts;
  /** vectors given up while still allocated: counted, no failure */
  readonly leaked: number;
  /** raise to handler entry, cycles */
  readonly latency: Percentiles;
  /** the same as a histogram, its buckets that are not empty */
  readonly latencies: readonly Bucket[];
  /** what else was measured, if it was asked for */
  readonly measured?: Measured;
  /** what became of each event, if there is a deadline */
  readonly deadline?: DeadlineReport;
  /** 64-bit digest over the stream of events */
  readonly digest: string;
}

/** What a run with `measure` counts besides. */
export interface Measured {
  /** of the machine */
  readonly cpus: number;
  /** handlers entered without an event owed */
  readonly duplicates: number;
  /** requests that remapping units refused */
  readonly faults: number;
  /** invalidations that remapping units executed */
  readonly flushes: number;
  /** where the time of CPUs went, vectors that were kept or allocated, interrupts that were off; left out: the model does not say */
  readonly meters?: MeterReading;
}

/** Runs a machine that has just been made. Records of the ring that nobody watches are left out. */
export async function drive(machine: ScenarioMachine, driven: Driven, limits: DriveLimits, watch?: Watch): Promise<Outcome> {
  const { measure } = driven;
  const { seed = driven.seed, seconds = driven.seconds } = limits;
  const driver = new Driver(machine, driven.policies, limits.policies, seed);
  const run = (cycles: number): ReturnType<typeof machine.run> => {
    const end = machine.now + BigInt(cycles);
    let batch = machine.now;
    while (true) {
      if (machine.now === batch && batch < end) batch += BigInt(driver.next(Number(end - batch)));
      const ran = machine.run(Number(batch - machine.now));
      // without a deadline nobody reads the records but of a failure, and of that the last ones
      if (watch !== undefined) machine.eachRecord(watch.take);
      if (ran.status === 'failed' || (ran.status === 'more' && machine.now === end)) return ran;
      if (ran.status === 'ringFull' && watch === undefined) machine.forget();
    }
  };
  const bound = Math.round(seconds * CYCLES_PER_SECOND);
  let verdict: Outcome['verdict'] = 'passed';
  let failed: readonly string[] = [];
  for (let left = bound; left > 0; left -= SLICE) {
    const { status, broken } = run(Math.min(left, SLICE));
    if (status === 'failed') {
      verdict = 'failed';
      failed = broken.filter((name) => machine.setup.properties.includes(name));
      break;
    }
    if (!measure && machine.stuckIsr) {
      verdict = 'failed';
      failed = ['noStuckIsr'];
      break;
    }
    if ((await limits.progress?.(Number(machine.now) / CYCLES_PER_SECOND)) === true) {
      verdict = 'interrupted';
      break;
    }
  }
  const lost = machine.counter('lost');
  const deadline = watch?.end(Number(machine.now));
  if (deadline !== undefined && deadline.late.count > 0) {
    if (verdict === 'passed') verdict = 'failed';
    failed = [...failed, 'deadline'];
  }
  return {
    seed,
    verdict,
    failed,
    where: verdict === 'failed' ? whereOf(driven.sources, watch?.last ?? machine.events(), deadline?.late.held[0]?.by) : '',
    cycles: machine.now,
    seconds: Number(machine.now) / CYCLES_PER_SECOND,
    sent: machine.counter('raises'),
    handled: machine.counter('served'),
    lost,
    // a run ends at the first loss, so that what was lost is owed still
    owed: Math.max(0, driven.sources.filter((_, s) => machine.owed(s)).length - lost),
    strays: machine.counter('strays'),
    dropped: machine.counter('dropped') + machine.counter('noTarget'),
    ipis: machine.counter('ipis'),
    microOps: machine.counter('microOps'),
    moves: machine.note('moved'),
    retriggers: machine.note('retrigger'),
    swallowed: machine.note('swallowed'),
    foreign: machine.note('foreign'),
    leaked: machine.note('leaked'),
    joined: machine.counter('joined'),
    injected: driver.counts,
    latency: machine.latency(),
    latencies: machine.latencies(),
    ...(measure && { measured: measuredOn(machine) }),
    ...(deadline !== undefined && { deadline }),
    digest: machine.eventDigest(),
  };
}

function measuredOn(machine: ProgramMachine): Measured {
  const meters = machine.meters();
  return {
    cpus: machine.setup.apicIds.length,
    duplicates: machine.counter('duplicates'),
    faults: machine.counter('faults'),
    flushes: machine.counter('invalidations'),
    ...(meters && { meters }),
  };
}
