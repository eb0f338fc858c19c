/** Workloads that come with the program, each for any machine. They are scenario files like any other. */
import { parseScenario, type Scenario } from '../scenario/index.js';

/** A machine by its name: how many CPUs, and what remaps its interrupts. */
export interface MachineKind {
  readonly cpus: number;
  readonly iommu?: 'vtd' | 'amd';
  /** messages of PCI devices are posted (hardware.md E.5) */
  readonly postedMsi?: boolean;
}

/** `8`, `64-vtd`, `8-amd`, `8-posted`; undefined: it is none. */
export function machineNamed(name: string): MachineKind | undefined {
  const [, digits, how] = /^([1-9]\d{0,3})(?:-(vtd|amd|posted))?$/.exec(name) ?? [];
  if (digits === undefined) return undefined;
  const cpus = Number(digits);
  if (how === 'posted') return { cpus, iommu: 'vtd', postedMsi: true };
  return how === 'vtd' || how === 'amd' ? { cpus, iommu: how } : { cpus };
}

export interface Workload {
  readonly name: string;
  readonly about: string;
  /** the lines of the file that say what happens */
  readonly happens: (cpus: number) => readonly string[];
}

/** Queues of the network card. */
const queuesOf = (cpus: number): number => Math.min(cpus, 32);

const FIRST_IRQ = 40;
/** Disks with plain MSI, whose registers are written one after the other. */
const DISKS = [32, 33];
const XHCI = 30;

/** One by one: exponential gaps with this mean. */
const oneByOne = (us: number): string => `{poisson: {us: ${us}}}`;

/** On and off, as many events a second: bursts of 4 to 12, a microsecond from one event to the next. */
const inBursts = (us: number): string => `{bursty: {events: {min: 4, max: 12}, gap: {us: 1}, pause: {us: ${8 * us - 8}}}}`;

function devices(cpus: number, gaps: (us: number) => string): string[] {
  const queues = Array.from({ length: queuesOf(cpus) }, (_, q) => `{irq: ${FIRST_IRQ + q}, cpu: ${q % cpus}}`);
  return [
    'devices:',
    `  - {name: nic, kind: free, message: {type: msix}, interArrival: ${gaps(50)}, handlerCycles: {lognormal: {median: 3000, p99: 15000}}, irqs: [${queues.join(', ')}]}`,
    ...DISKS.map(
      (irq, d) => `  - {name: disk${d}, kind: free, interArrival: ${gaps(10)}, irqs: [{irq: ${irq}, cpu: ${(2 * d + 1) % cpus}}]}`,
    ),
    `  - {name: xhci, kind: handshake, interArrival: ${gaps(20)}, irqs: [{irq: ${XHCI}, cpu: ${cpus - 1}}]}`,
  ];
}

export const workloads: readonly Workload[] = [
  {
    name: 'steady',
    about: 'events one by one, at random, and a storm of random moves',
    happens: (cpus) => [...devices(cpus, oneByOne), 'policies:', '  - storm: {perSecond: 10000}'],
  },
  {
    name: 'bursty',
    about: 'events in bursts, and a balancer that looks every millisecond',
    happens: (cpus) => [...devices(cpus, inBursts), 'policies:', '  - balancer: {everyUs: 1000}'],
  },
  {
    name: 'hotplug',
    about: 'events one by one, some moves, and CPUs that go offline and come back all the time',
    happens: (cpus) => [
      ...devices(cpus, oneByOne),
      'policies:',
      '  - storm: {perSecond: 2000}',
      `  - hotplugStorm: {everyUs: 1000, keep: ${Math.ceil(cpus / 2)}}`,
    ],
  },
];

/** The workload on a machine. Throws a `RangeError`, with what would be right, where such a machine cannot be. */
export function instantiate({ name, about, happens }: Workload, kind: MachineKind): Scenario {
  const { cpus, iommu, postedMsi } = kind;
  if (cpus < 2) throw new RangeError(`workload ${name} moves interrupts from CPU to CPU; use a machine of 2 CPUs at least`);
  const remapping = iommu === undefined ? '' : `, iommu: {type: ${iommu}${postedMsi === true ? ', postedMsi: true' : ''}}`;
  const text = [
    'version: 1',
    `name: ${name}`,
    `about: ${JSON.stringify(about)}`,
    `machine: {cpus: ${cpus}${remapping}}`,
    'universe: {vectors: 16}',
    ...happens(cpus),
    'run: {seconds: 0.1}',
    '',
  ].join('\n');
  const parsed = parseScenario(text, name);
  if ('errors' in parsed) throw new RangeError(`workload ${name} on ${cpus} CPUs: ${parsed.errors[0]?.message ?? 'it cannot be'}`);
  return parsed.scenario;
}
