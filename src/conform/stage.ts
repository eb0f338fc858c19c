/** A machine of the shape of a recorded one, on which a model goes through one operation. */
import type { RecordedOperation } from './operations.js';

/** What a model is to go through: a scenario, and what happens in it in which order. */
export interface Stage {
  /** YAML */
  readonly scenario: string;
  /** the irq that is compared, by index */
  readonly irq: number;
  /** how many irqs of its device, from that one on; left out: it alone */
  readonly irqs?: number;
  /** CPU that makes the accesses that are compared; undefined: whichever does */
  readonly cpu: number | undefined;
  /** one after the other, each to rest */
  readonly rounds: readonly Round[];
  /** which of them is compared */
  readonly round: number;
  /** what of it */
  readonly part: 'all' | 'hardirq' | 'beforeDelay' | 'afterDelay' | 'local' | 'device';
}

/** What begins a round, by index. */
export interface Round {
  readonly operation?: number;
  readonly raises?: readonly number[];
  /** no timer fires */
  readonly early?: true;
}

/** Vectors that a stage uses: the lowest ones, so that an allocator that takes the lowest takes these. */
const LOW = 0x21;

interface Irq {
  readonly name: string;
  readonly irq: number;
  readonly cpu: number;
  readonly vector: number;
  /** its CPU is its whole affinity, by the kernel's choice */
  readonly managed?: boolean;
  /** nobody has it, nor the others of its device */
  readonly free?: { readonly irqs: number };
}

/** How the irqs get to their CPUs. */
interface Setup {
  readonly remapped: boolean;
  /** key `type` of a message, with what belongs to it */
  readonly message: string;
}

const plain: Setup = { remapped: false, message: 'type: msi' };

function messageOf(irq: RecordedOperation['irq']): string {
  if (irq?.chip === 'IO-APIC') return `type: ioapic, trigger: ${irq.trigger}`;
  return irq?.chip === 'PCI-MSIX' ? 'type: msix' : 'type: msi';
}

interface Machine extends Setup {
  readonly cpus: string;
  readonly irqs: readonly Irq[];
  readonly operations: readonly string[];
}

/** The irq behind `i` others of its device. */
function irqText({ irq, cpu, vector, managed, free }: Irq, i: number): string {
  const kept = managed === true ? `, managed: true, affinity: [${cpu}]` : '';
  return `{irq: ${irq + i}, cpu: ${cpu}, vector: 0x${(vector + i).toString(16)}${kept}${free === undefined ? '' : ', requested: false'}}`;
}

function yaml({ cpus, irqs, operations, remapped, message }: Machine): string {
  // on pins of their own, and with kind: level that comes of the trigger
  const pin = (n: number): string => (message.startsWith('type: ioapic') ? `, pin: ${n}` : '');
  const devices = irqs.map((each, n) => {
    const own = Array.from({ length: each.free?.irqs ?? 1 }, (_, i) => irqText(each, i));
    return `  - {name: ${each.name}, message: {${message}${pin(n)}}, raises: 4, irqs: [${own.join(', ')}]}`;
  });
  return [
    'version: 1',
    'name: conform',
    'machine:',
    ...(remapped ? ['  iommu: vtd'] : []),
    '  cpus:',
    cpus,
    `universe: {vectors: ${Math.max(4, ...irqs.map(({ free }) => free?.irqs ?? 1))}}`,
    'devices:',
    ...devices,
    `operations: [${operations.join(', ')}]`,
    '',
  ].join('\n');
}

function cpuList(count: number, offline: readonly number[] = []): string {
  return Array.from({ length: count }, (_, cpu) => `    - {cpu: ${cpu}, apicId: ${cpu}, online: ${!offline.includes(cpu)}}`).join('\n');
}

/** CPUs of the recorded machines. */
const CPUS = 4;
const [OLD, NEW, THIRD] = [1, 2, 3];

/** What a recorded operation says of the shape it needs. */
interface Shape {
  /** the target changes */
  readonly moves: boolean;
  /** to the same vector; undefined: the recording does not tell */
  readonly same: boolean | undefined;
  /** a vector with the new number is pending on the old CPU */
  readonly pending: boolean;
  /** the move before is not cleaned up */
  readonly busy: boolean;
}

function shapeOf({ accesses, context }: RecordedOperation): Shape {
  const target = accesses.find(({ at, parts }) => at === 'vectors' && parts[0] === 'target');
  const [from, to] = (target?.parts ?? []).flatMap((part) => (typeof part !== 'string' && part.kind === 'vector' ? [part.value] : []));
  return {
    moves: target !== undefined || context === 'stop_machine',
    same: target === undefined ? undefined : from === to,
    pending: accesses.some(({ at }) => at === 'icr'),
    busy: accesses.some(({ parts }) => parts[0] === 'refused: busy'),
  };
}

/** The stages on which the operation may have been made: what a recording does not tell may have been either way. */
export function stagesFor(operation: RecordedOperation): readonly Stage[] {
  const { irq } = operation;
  const shape = shapeOf(operation);
  const setup = { remapped: irq?.remapped === true, message: messageOf(irq) };
  switch (operation.kind) {
    case 'move':
      return shape.busy
        ? [{ ...moved(shape, true, setup, [THIRD]), cpu: undefined, rounds: [first, second], round: 1, part: 'all' }]
        : variants(shape).map((same) => ({ ...moved(shape, same, setup), cpu: undefined, rounds: [first], round: 0, part: 'all' }));
    case 'deferred': {
      // with remapping only a move that was refused waits
      if (setup.remapped)
        return variants(shape).map((same) => ({
          ...moved(shape, same, setup, [THIRD]),
          cpu: NEW,
          rounds: [first, second, {}, raise],
          round: 3,
          part: 'hardirq',
        }));
      const both = shape.pending ? { raises: [MOVED + 1, MOVED] } : raise;
      return variants(shape).map((same) => ({ ...moved(shape, same, setup), cpu: OLD, rounds: [first, both], round: 1, part: 'hardirq' }));
    }
    case 'completion':
      return [{ ...moved(moving, true, setup), cpu: NEW, rounds: [first, raise, raise], round: 2, part: 'hardirq' }];
    case 'cleanup':
      return [{ ...moved(moving, true, setup), cpu: OLD, rounds: [first, raise, raise], round: 2, part: 'all' }];
    case 'evacuation':
      return variants(shape).map((same) => ({ ...dying(same, setup), part: 'beforeDelay' }));
    case 'managedShutdown':
      return [{ ...dying(true, setup, true), part: 'beforeDelay' }];
    case 'startUp':
      return [{ ...dying(true, setup, true), rounds: [first, second], round: 1, part: 'device' }];
    case 'scan':
      return [{ ...dying(true, setup), part: 'afterDelay' }];
    case 'lapicOff':
      return [{ ...dying(true, setup), part: 'local' }];
    case 'wakeUp':
      return [{ ...coming(), cpu: 0, part: 'all' }];
    case 'lapicOn':
      return [{ ...coming(), cpu: OLD, part: 'all' }];
    case 'allocate':
      return [
        { ...living(['teardown: moved', 'allocate: moved'], setup, irqsIn(operation, 'address')), rounds: [first, second], round: 1 },
      ];
    case 'request':
      return [living(['request: 40'], setup, 1)];
    case 'free':
      return [living(['free: 40'], setup)];
    case 'teardown':
      return [living(['teardown: moved'], setup, irqsIn(operation, 'control = masked'))];
  }
}

const first: Round = { operation: 0, early: true };
const second: Round = { operation: 1, early: true };
const raise: Round = { raises: [1] };
const moving: Shape = { moves: true, same: undefined, pending: false, busy: false };

function variants({ same }: Shape): readonly boolean[] {
  return same === undefined ? [true, false] : [same];
}

/** One that stands before the irq that is compared, so that its number is not 0. */
const beside: Irq = { name: 'beside', irq: 39, cpu: 0, vector: LOW };
const MOVED = 1;

type Set = Pick<Stage, 'scenario' | 'irq'>;

/** An irq that is asked to leave `OLD`, and `then` its next CPU. Its vector is free on the last of them, or another irq has it there. */
function moved({ moves, pending }: Shape, same: boolean, setup: Setup, then: readonly number[] = []): Set {
  const operations = [moves || then.length > 0 ? NEW : OLD, ...then].map((to) => `{move: {irq: 40, to: [${to}]}}`);
  // one with the vector that the irq is going to have waits on the old CPU, as its priority is lower
  const waiting = pending ? [{ name: 'waiting', irq: 41, cpu: OLD, vector: LOW }] : [];
  const vector = pending ? LOW + 1 : LOW;
  const taken = same || pending ? [] : [{ name: 'taken', irq: 42, cpu: then.at(-1) ?? NEW, vector: LOW }];
  const irqs = [beside, { name: 'moved', irq: 40, cpu: OLD, vector }, ...waiting, ...taken];
  return { scenario: yaml({ cpus: cpuList(CPUS), irqs, operations, ...setup }), irq: MOVED };
}

/** An irq is on a CPU that goes offline; if it is managed, the CPU comes back. */
function dying(same: boolean, setup: Setup, managed = false): Omit<Stage, 'part'> {
  const taken = same ? [] : [2, 3].map((cpu) => ({ name: `taken${cpu}`, irq: 42 + cpu, cpu, vector: LOW }));
  // the new CPU is the one with the most vectors free
  const irqs = [beside, { name: 'moved', irq: 40, cpu: OLD, vector: LOW, managed }, ...taken];
  const operations = [`{offline: ${OLD}}`, ...(managed ? [`{online: ${OLD}}`] : [])];
  return {
    scenario: yaml({ cpus: cpuList(CPUS), irqs, operations, ...setup }),
    irq: MOVED,
    cpu: OLD,
    rounds: [first],
    round: 0,
  };
}

/** How many irqs an operation on a device is about, by what it does to each. */
function irqsIn({ accesses }: RecordedOperation, once: string): number {
  return Math.max(1, accesses.filter(({ parts: [text] }) => String(text).startsWith(once)).length);
}

/** A driver gets its irqs or gives them back; `free`: nobody has them, and how many there are. */
function living(operations: readonly string[], setup: Setup, free?: number): Stage {
  const irqs = [beside, { name: 'moved', irq: 40, cpu: OLD, vector: LOW, ...(free === undefined ? {} : { free: { irqs: free } }) }];
  return {
    scenario: yaml({ cpus: cpuList(CPUS), irqs, operations: operations.map((each) => `{${each}}`), ...setup }),
    irq: MOVED,
    irqs: free ?? 1,
    cpu: undefined,
    rounds: [first],
    round: 0,
    part: 'all',
  };
}

/** A CPU comes up. */
function coming(): Omit<Stage, 'part' | 'cpu'> {
  const operations = [`{online: ${OLD}}`];
  return { scenario: yaml({ cpus: cpuList(CPUS, [OLD]), irqs: [beside], operations, ...plain }), irq: 0, rounds: [first], round: 0 };
}
