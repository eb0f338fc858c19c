/** One run of a cell: counts, latencies and costs, whatever goes wrong in it. */
import type { GaugeReading, Latencies, MeterReading } from '../machine/index.js';
import type { System } from '../scenario/index.js';

/** Cycles of a simulated second (hardware.md G.1). */
export const CYCLES_PER_SECOND = 3_000_000_000;
/** Cycles a call into the module runs. */
const SLICE = 300_000_000;

/** What a run has come to. Plain data. */
export interface Measurement {
  readonly seed: number;
  /** simulated */
  readonly cycles: number;
  /** CPUs of the machine */
  readonly cpus: number;
  /** raised by the devices, handler entries */
  readonly sent: number;
  readonly handled: number;
  /** events that nothing carried any more */
  readonly lost: number;
  /** vectors that found an empty slot */
  readonly strays: number;
  /** handlers entered without an event owed */
  readonly duplicates: number;
  /** requests that remapping units refused */
  readonly faults: number;
  readonly moves: number;
  readonly ipis: number;
  /** invalidations that remapping units executed */
  readonly flushes: number;
  /** raise to handler, cycles */
  readonly latencies: Latencies;
  /** CPU cycles by what they were spent on; left out: the model does not say */
  readonly spent?: MeterReading['spent'];
  /** vectors from before a move, those that are allocated, interrupts off everywhere; left out: the model does not say */
  readonly keptVectors?: GaugeReading;
  readonly allocatedVectors?: GaugeReading;
  readonly stopped?: GaugeReading;
  /** 64-bit digest over the stream of events */
  readonly digest: string;
}

/** Runs it, whatever fails. */
export async function measure(system: System, seed: number, seconds: number): Promise<Measurement> {
  const machine = await system.machine({ timed: true, record: 1, seed, ring: 0, measure: true });
  for (let left = Math.round(seconds * CYCLES_PER_SECOND); left > 0; left -= SLICE) machine.run(Math.min(left, SLICE));
  const meters = machine.meters();
  const { keptVectors, allocatedVectors, stopped } = meters?.gauges ?? {};
  return {
    seed,
    cycles: Number(machine.now),
    cpus: machine.setup.apicIds.length,
    sent: machine.counter('raises'),
    handled: machine.counter('served'),
    lost: machine.counter('lost'),
    strays: machine.counter('strays'),
    duplicates: machine.counter('duplicates'),
    faults: machine.counter('faults'),
    moves: machine.note('moved'),
    ipis: machine.counter('ipis'),
    flushes: machine.counter('invalidations'),
    latencies: machine.latencies(),
    ...(meters && { spent: meters.spent }),
    ...(keptVectors && { keptVectors }),
    ...(allocatedVectors && { allocatedVectors }),
    ...(stopped && { stopped }),
    digest: machine.eventDigest(),
  };
}
