/**
 * Interrupts per second through the whole path: raise, sample, root complex, remapping unit, acceptance, acknowledge, flow handler,
 * driver's handler, EOI, with the full Linux model. Busy devices, one a CPU as far as they go; nothing moves. Events are counted, or counted and
 * digested with the oracle that tells which are lost. CPU time, so that what else runs on the machine does not count.
 */
import { assembleSystem, parseScenario, type Scenario } from '../src/scenario/index.js';
import { median } from './median.js';

const ROUNDS = 5;
/** Interrupts of a sample, about. */
const INTERRUPTS = 200_000;
/** As many devices as a scenario may have. */
const DEVICES = 64;
/** Cycles between two events of a device, on average. */
const GAP = 12_000;

interface Size {
  readonly cpus: number;
  readonly iommu: boolean;
  /** 0: events are counted; 1: they are digested too */
  readonly record: 0 | 1;
}

const sizes: readonly Size[] = [8, 64, 255].flatMap((cpus) => [
  { cpus, iommu: false, record: 0 },
  { cpus, iommu: false, record: 1 },
  { cpus, iommu: true, record: 0 },
]);

function traffic({ cpus, iommu }: Pick<Size, 'cpus' | 'iommu'>): Scenario {
  const n = Math.min(cpus, DEVICES);
  const devices = Array.from(
    { length: n },
    (_, i) =>
      `  - {name: d${i}, kind: free, interArrival: {cycles: [9000, ${GAP}, 15000]}, irqs: [{irq: ${i + 24}, cpu: ${Math.floor((i * cpus) / n)}}]}\n`,
  );
  const machine = `machine: {cpus: ${cpus}${iommu ? ', iommu: vtd' : ''}}`;
  const text = `version: 1\nname: traffic-${cpus}\n${machine}\nuniverse: {vectors: 16}\ndevices:\n${devices.join('')}run: {seconds: 1}\n`;
  const parsed = parseScenario(text, 'bench');
  if ('errors' in parsed) throw new Error(parsed.errors.map((e) => e.message).join('; '));
  return parsed.scenario;
}

/** Runs a sample; returns interrupts per second of CPU time. */
async function open(size: Size): Promise<() => number> {
  const machine = await assembleSystem(traffic(size)).machine({ timed: true, record: size.record, ring: 0 });
  const cycles = Math.round((INTERRUPTS / Math.min(size.cpus, DEVICES)) * GAP);
  return () => {
    const before = machine.counter('served');
    const began = process.cpuUsage();
    machine.run(cycles);
    const { user, system } = process.cpuUsage(began);
    return ((machine.counter('served') - before) * 1e6) / (user + system);
  };
}

/** Prints the rates of all sizes, sampled in turn. */
export async function benchEndToEnd(show: (text: string, value: string) => void): Promise<void> {
  const subjects: { size: Size; run: () => number; samples: number[] }[] = [];
  for (const size of sizes) subjects.push({ size, run: await open(size), samples: [] });
  for (let round = 0; round <= ROUNDS; round++) {
    for (const { run, samples } of subjects) {
      const rate = run();
      // the first round warms the engine up
      if (round > 0) samples.push(rate);
    }
  }
  for (const { size, samples } of subjects) {
    const kind = `${size.iommu ? ', VT-d' : ''}${size.record === 1 ? ', events digested' : ''}`;
    show(`end to end, ${size.cpus} CPUs${kind}`, `${Math.round(median(samples)).toLocaleString('en-US')} interrupts/s`);
  }
}
