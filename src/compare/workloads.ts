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

/** Numbers that look random and are the same on every machine. */
function* numbers(): Generator<number, never> {
  for (let x = 1; ;) {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
    yield x >>> 8;
  }
}

/** Gaps between events that come one by one: the middle of each of 32 parts of an exponential distribution, cycles. */
function oneByOne(mean: number): string {
  const parts = Array.from({ length: 32 }, (_, i) => Math.round(-Math.log(1 - (i + 0.5) / 32) * mean));
  return `{cycles: [${parts.join(', ')}]}`;
}

/** Bursts of eight, a microsecond from one event to the next, and quiet between them. */
function inBursts(mean: number): string {
  return `{cycles: [${[...Array.from({ length: 7 }, () => 3000), 8 * mean - 7 * 3000].join(', ')}]}`;
}

/** Queues of the network card. */
const queuesOf = (cpus: number): number => Math.min(cpus, 32);

const FIRST_IRQ = 40;
/** Disks with plain MSI, whose registers are written one after the other. */
const DISKS = [32, 33];
const XHCI = 30;

function devices(cpus: number, gaps: (mean: number) => string): string[] {
  const queues = Array.from({ length: queuesOf(cpus) }, (_, q) => `{irq: ${FIRST_IRQ + q}, cpu: ${q % cpus}}`);
  return [
    'devices:',
    `  - {name: nic, kind: free, message: {type: msix}, interArrival: ${gaps(150_000)}, irqs: [${queues.join(', ')}]}`,
    ...DISKS.map(
      (irq, d) => `  - {name: disk${d}, kind: free, interArrival: ${gaps(30_000)}, irqs: [{irq: ${irq}, cpu: ${(2 * d + 1) % cpus}}]}`,
    ),
    `  - {name: xhci, kind: handshake, interArrival: ${gaps(60_000)}, irqs: [{irq: ${XHCI}, cpu: ${cpus - 1}}]}`,
  ];
}

const irqsOf = (cpus: number): number[] => [XHCI, ...DISKS, ...Array.from({ length: queuesOf(cpus) }, (_, q) => FIRST_IRQ + q)];

export const workloads: readonly Workload[] = [
  {
    name: 'steady',
    about: 'steady traffic, and one interrupt after the other is moved to another CPU',
    happens: (cpus) => {
      const random = numbers();
      const irqs = irqsOf(cpus);
      const moves = Array.from({ length: 96 }, () => {
        const irq = irqs[random.next().value % irqs.length] ?? XHCI;
        return `  - move: {irq: ${irq}, to: [${random.next().value % cpus}]}\n  - pause: {us: ${20 + (random.next().value % 160)}}`;
      });
      return [...devices(cpus, oneByOne), 'operations:', ...moves];
    },
  },
  {
    name: 'bursty',
    about: 'traffic in bursts, and a balancer that moves several interrupts every millisecond',
    happens: (cpus) => {
      const random = numbers();
      const irqs = irqsOf(cpus);
      const rounds = Array.from({ length: 24 }, () => {
        const moves = Array.from({ length: 4 }, () => {
          const irq = irqs[random.next().value % irqs.length] ?? XHCI;
          return `  - move: {irq: ${irq}, to: [${random.next().value % cpus}]}`;
        });
        return [...moves, '  - pause: {us: 1000}'].join('\n');
      });
      return [...devices(cpus, inBursts), 'operations:', ...rounds];
    },
  },
  {
    name: 'hotplug',
    about: 'steady traffic while CPUs go offline and come back',
    happens: (cpus) => {
      const random = numbers();
      const irqs = irqsOf(cpus);
      // CPU 0 stays, and no more than 16 go: a round has to come to its end
      const leaving = Array.from({ length: Math.min(cpus - 1, 16) }, (_, i) => cpus - 1 - i);
      const rounds = leaving.map((cpu) => {
        const irq = irqs[random.next().value % irqs.length] ?? XHCI;
        return `  - move: {irq: ${irq}, to: [${cpu}]}\n  - pause: {us: 150}\n  - offline: ${cpu}\n  - pause: {us: 300}\n  - online: ${cpu}\n  - pause: {us: 300}`;
      });
      return [...devices(cpus, oneByOne), 'operations:', ...rounds];
    },
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
    'run: {repeat: true, seconds: 0.1}',
    '',
  ].join('\n');
  const parsed = parseScenario(text, name);
  if ('errors' in parsed) throw new RangeError(`workload ${name} on ${cpus} CPUs: ${parsed.errors[0]?.message ?? 'it cannot be'}`);
  return parsed.scenario;
}
