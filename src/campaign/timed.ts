/** A timed, seeded run of a scenario until its bound or the first failure. */
import type { Bucket, MeterReading, Percentiles, ProgramMachine } from '../machine/index.js';
import { Driver, roomFor, type InjectedCounts } from './driver.js';
import type { DeadlineReport } from './deadline.js';
import { concerning, Lateness } from './lateness.js';
import { telling, whereOf } from './where.js';
import { assembleSystem, type Overrides, type Scenario, type System } from '../scenario/index.js';
import type { PolicySource } from '../workload/index.js';

/** Cycles of a simulated second (hardware.md G.1). */
const CYCLES_PER_SECOND = 3_000_000_000;
/** Cycles a call into the module runs: short enough for progress and Ctrl-C, long enough for the engine's upper tier. */
const SLICE = 300_000_000;

/** Records of the ring, where somebody reads them all; and where only the last ones are of use. */
const RING = 1 << 14;
const LAST = 1 << 11;

export interface RunLimits {
  readonly seed?: number | undefined;
  /** simulated; default: what the scenario says */
  readonly seconds?: number | undefined;
  /** cycles within which the handler of each event has to run; an event that takes longer is late, and the run has failed */
  readonly deadline?: number | undefined;
  /** what moves irqs and plugs CPUs while the machine runs, besides the policies of the scenario; asked every simulated millisecond */
  readonly policies?: readonly PolicySource[] | undefined;
  /** what operations cost is measured, and nothing that fails ends the run */
  readonly measure?: boolean | undefined;
  /** called between slices with the simulated seconds so far; true stops the run */
  readonly progress?: (seconds: number) => boolean | Promise<boolean>;
}

export interface RunResult {
  readonly system: System;
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

/** Runs a scenario. Throws `ModelError` if its model or a behaviour does not exist. */
export async function timedRun(scenario: Scenario, overrides: Overrides = {}, limits: RunLimits = {}): Promise<RunResult> {
  return runSystem(assembleSystem(scenario, overrides), limits);
}

/** The same with a system that is assembled: for many seeds of one. */
export async function runSystem(system: System, limits: RunLimits = {}): Promise<RunResult> {
  const { scenario } = system;
  const seed = limits.seed ?? scenario.run.seed;
  const lateness = limits.deadline === undefined ? undefined : new Lateness(system, limits.deadline);
  const holds = lateness !== undefined;
  const measure = limits.measure === true;
  // what goes on behind failures tells of none
  const ring = measure && !holds ? 0 : (holds ? RING : LAST) + system.names.sources.length;
  const kinds = holds ? concerning : telling;
  const machine = await system.machine({ timed: true, record: 1, seed, ring, kinds, holds, measure, ...roomFor(limits.policies) });
  const driver = new Driver(machine, scenario.policies, limits.policies, seed);
  const run = (cycles: number): ReturnType<typeof machine.run> => {
    const end = machine.now + BigInt(cycles);
    let batch = machine.now;
    while (true) {
      if (machine.now === batch && batch < end) batch += BigInt(driver.next(Number(end - batch)));
      const ran = machine.run(Number(batch - machine.now));
      // without a deadline nobody reads the records but of a failure, and of that the last ones
      if (lateness !== undefined) machine.eachRecord(lateness.take);
      if (ran.status === 'failed' || (ran.status === 'more' && machine.now === end)) return ran;
      if (ran.status === 'ringFull' && lateness === undefined) machine.forget();
    }
  };
  const bound = Math.round((limits.seconds ?? scenario.run.seconds) * CYCLES_PER_SECOND);
  let verdict: RunResult['verdict'] = 'passed';
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
  const deadline = lateness?.end(Number(machine.now));
  if (deadline !== undefined && deadline.late.count > 0) {
    if (verdict === 'passed') verdict = 'failed';
    failed = [...failed, 'deadline'];
  }
  return {
    system,
    seed,
    verdict,
    failed,
    where: verdict === 'failed' ? whereOf(system, lateness?.last ?? machine.events(), deadline?.late.held[0]?.by) : '',
    cycles: machine.now,
    seconds: Number(machine.now) / CYCLES_PER_SECOND,
    sent: machine.counter('raises'),
    handled: machine.counter('served'),
    lost,
    // a run ends at the first loss, so that what was lost is owed still
    owed: Math.max(0, system.names.sources.filter((_, s) => machine.owed(s)).length - lost),
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
