/**
 * The whole path with the full Linux model, events recorded as counts only: raise, sample, transit, accept, acknowledge, flow
 * handler, driver's handler, EOI. What an interrupt costs by CPUs and by devices.
 */
import { assembleSystem, formatDiagnostic, parseScenario, type Scenario } from '../src/scenario/index.js';
import type { ProgramMachine } from '../src/machine/index.js';
import { costs, spent, type Effort } from './cost.js';
import type { Table } from './report.js';

/** Simulated cycles of a call. */
const SLICE = 1_000_000;
/** CPU time of each machine before anything is measured, milliseconds: the engine's upper tiers take a while to compile, on threads of their own. */
const WARM = 150;

export interface Traffic {
  readonly cpus: number;
  readonly devices: number;
  /** behind VT-d; otherwise only where there are CPUs that no message of 8 bits reaches */
  readonly remapped?: boolean;
}

/** Beyond it a message has no room for the APIC id (hardware.md C.3). */
const MOST_UNREMAPPED = 255;

/** The n-th vector of a CPU: from 0x30 to 0x3f there are those of the old interrupt controllers. */
const vectorOf = (n: number): number => (n < 15 ? 0x21 : 0x31) + n;

/** Busy devices, in turn on each CPU, and nothing moves. Throws `RangeError` with one sentence where no scenario is so large. */
export function traffic({ cpus, devices, remapped = cpus > MOST_UNREMAPPED }: Traffic): Scenario {
  const perCpu = Math.ceil(devices / cpus);
  // so that each CPU is as busy, whatever the number of devices
  const gaps = [9000, 12000, 15000].map((cycles) => cycles * perCpu);
  const each = Array.from(
    { length: devices },
    (_, i) =>
      `  - {name: d${i}, kind: free, interArrival: {cycles: [${gaps.join(', ')}]}, irqs: [{irq: ${i + 1}, cpu: ${i % cpus}, vector: ${vectorOf(Math.floor(i / cpus))}}]}`,
  );
  const text = [
    'version: 1',
    `name: traffic-${cpus}-${devices}`,
    `machine: {cpus: ${cpus}${remapped ? ', iommu: vtd' : ''}}`,
    `universe: {vectors: ${Math.max(4, perCpu)}}`,
    'devices:',
    ...each,
    'run: {seconds: 1}',
    '',
  ].join('\n');
  const parsed = parseScenario(text, 'bench');
  if ('errors' in parsed) throw new RangeError(parsed.errors.map(formatDiagnostic)[0]);
  return parsed.scenario;
}

async function trafficMachine(size: Traffic): Promise<ProgramMachine> {
  return assembleSystem(traffic(size)).machine({ timed: true, record: 0, ring: 0 });
}

interface Case {
  readonly name: string;
  readonly size: Traffic;
}

const plural = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

/** A table of what an interrupt costs; cases that no scenario can hold are noted. */
async function table(title: string, cases: readonly Case[], effort: Effort): Promise<Table> {
  const machines: { readonly name: string; readonly machine: ProgramMachine }[] = [];
  const notes: string[] = [];
  for (const { name, size } of cases) {
    try {
      machines.push({ name, machine: await trafficMachine(size) });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      notes.push(`skipped: ${name}: ${error.message}`);
    }
  }
  for (const { machine } of machines) for (const began = spent(); spent() - began < WARM;) machine.run(SLICE);
  const served = machines.map(({ machine }) => ({ machine, calls: 0, before: machine.counter('served') }));
  const ns = costs(
    served.map((each) => () => {
      each.calls++;
      each.machine.run(SLICE);
    }),
    effort,
  ).map((cost, i) => {
    const { machine, before, calls } = served[i]!;
    return cost / ((machine.counter('served') - before) / calls);
  });
  const first = ns[0] ?? 1;
  return {
    title,
    columns: [
      { name: 'interrupt', unit: 'ns' },
      { name: 'interrupts', unit: '/s' },
      { name: 'beside the first', unit: 'ratio' },
    ],
    rows: machines.map(({ name }, i) => ({ name, values: [ns[i], 1e9 / (ns[i] ?? 0), (ns[i] ?? 0) / first] })),
    notes,
  };
}

/** Tables, as they are measured. */
export async function* endToEndFigures(effort: Effort): AsyncGenerator<Table> {
  const cpus = effort.quick ? [8, 1, 64] : [8, 1, 64, 255, 256, 4096];
  yield table(
    'whole path by CPUs, a device on each',
    [
      ...cpus.map((n) => ({ name: `${plural(n, 'CPU')}${n > MOST_UNREMAPPED ? ', VT-d' : ''}`, size: { cpus: n, devices: n } })),
      { name: '8 CPUs, VT-d', size: { cpus: 8, devices: 8, remapped: true } },
    ],
    effort,
  );
  const devices = effort.quick ? [8, 64] : [8, 16, 32, 64, 512];
  yield table(
    'whole path by devices, 8 CPUs as busy with each',
    devices.map((n) => ({ name: plural(n, 'device'), size: { cpus: 8, devices: n } })),
    effort,
  );
}
