/** A machine of the shape of a recorded one, on which a model goes through one operation. */
import type { notYet } from './excuses.js';
import type { RecordedOperation } from './recording.js';

/** What a model is to go through: a scenario, and what happens in it in which order. */
export interface Stage {
  /** YAML */
  readonly scenario: string;
  /** CPU that makes the accesses that are compared; undefined: whichever does */
  readonly cpu: number | undefined;
  /** irqs that raise, in turn, each round when the one before has come to rest; by index of their devices */
  readonly rounds: readonly (readonly number[])[];
  /** which round is compared: 0 is the operation itself, 1 the first round of raises */
  readonly round: number;
  /** of the round, what is compared */
  readonly part: 'all' | 'hardirq' | 'beforeDelay' | 'afterDelay' | 'svr';
}

/** Vectors that a stage uses: the lowest ones, so that an allocator that takes the lowest takes these. */
const LOW = 0x21;

interface Irq {
  readonly name: string;
  readonly irq: number;
  readonly cpu: number;
  readonly vector: number;
}

function yaml(cpus: string, irqs: readonly Irq[], operation: string): string {
  const devices = irqs.map(
    ({ name, irq, cpu, vector }) =>
      `  - {name: ${name}, kind: handshake, message: {type: msi, address64: true}, raises: 4, irqs: [{irq: ${irq}, cpu: ${cpu}, vector: 0x${vector.toString(16)}}]}`,
  );
  return [
    'version: 1',
    'name: conform',
    'machine:',
    '  cpus:',
    cpus,
    'universe: {vectors: 4}',
    'devices:',
    ...devices,
    `operations: [${operation}]`,
    '',
  ].join('\n');
}

function cpuList(count: number, offline: readonly number[] = []): string {
  return Array.from({ length: count }, (_, cpu) => `    - {cpu: ${cpu}, apicId: ${cpu}, online: ${!offline.includes(cpu)}}`).join('\n');
}

/** CPUs of the recorded machines. */
const CPUS = 4;
const [OLD, NEW] = [1, 2];

/** What a recorded operation says of the shape it needs. */
interface Shape {
  /** the target changes */
  readonly moves: boolean;
  /** to the same vector; undefined: the recording does not tell */
  readonly same: boolean | undefined;
  /** a vector with the new number is pending on the old CPU */
  readonly pending: boolean;
}

function shapeOf({ accesses, context }: RecordedOperation): Shape {
  const target = accesses.find(({ at, parts }) => at === 'vectors' && parts[0] === 'target');
  const [from, to] = (target?.parts ?? []).flatMap((part) => (typeof part !== 'string' && part.kind === 'vector' ? [part.value] : []));
  return {
    moves: target !== undefined || context === 'stop_machine',
    same: target === undefined ? undefined : from === to,
    pending: accesses.some(({ at }) => at === 'icr'),
  };
}

/**
 * The stages on which the operation may have been made: what a recording does not tell may have been either way. Or why there is
 * none.
 */
export function stagesFor(operation: RecordedOperation): readonly Stage[] | keyof typeof notYet {
  const { irq } = operation;
  if (irq?.remapped === true) return 'remapped';
  if (irq?.chip === 'IO-APIC') return 'ioapic';
  if (operation.kind === 'managedShutdown' || operation.kind === 'startUp') return 'managed';
  if (irq?.chip === 'PCI-MSIX') return 'msix';
  const shape = shapeOf(operation);
  switch (operation.kind) {
    case 'deferred':
      return variants(shape).map((same) => ({ ...moved(shape, same), cpu: OLD, round: 1, part: 'hardirq' }));
    case 'completion':
      return [{ ...moved({ ...shape, moves: true }, true), cpu: NEW, rounds: [[0], [0]], round: 2, part: 'hardirq' }];
    case 'cleanup':
      return [{ ...moved({ ...shape, moves: true }, true), cpu: OLD, rounds: [[0], [0]], round: 2, part: 'all' }];
    case 'evacuation':
      return variants(shape).map((same) => ({ ...dying(same), part: 'beforeDelay' }));
    case 'scan':
      return [{ ...dying(true), part: 'afterDelay' }];
    case 'lapicOff':
      return [{ ...dying(true), part: 'svr' }];
    case 'wakeUp':
      return [{ ...coming(), cpu: 0, part: 'all' }];
    case 'lapicOn':
      return [{ ...coming(), cpu: OLD, part: 'all' }];
    default:
      return 'remapped';
  }
}

function variants({ same }: Shape): readonly boolean[] {
  return same === undefined ? [true, false] : [same];
}

/** An irq that is asked to leave `OLD`. Its vector is free on the new CPU, or another irq has it there. */
function moved({ moves, pending }: Shape, same: boolean): Pick<Stage, 'scenario' | 'rounds'> {
  const operation = `{move: {irq: 40, to: [${moves ? NEW : OLD}]}}`;
  // one with the vector that the irq is going to have waits on the old CPU, as its priority is lower
  const waiting = pending ? [{ name: 'waiting', irq: 41, cpu: OLD, vector: LOW }] : [];
  const vector = pending ? LOW + 1 : LOW;
  const taken = same || pending ? [] : [{ name: 'taken', irq: 42, cpu: NEW, vector: LOW }];
  const irqs = [{ name: 'moved', irq: 40, cpu: OLD, vector }, ...waiting, ...taken];
  return { scenario: yaml(cpuList(CPUS), irqs, operation), rounds: [pending ? [1, 0] : [0]] };
}

/** An irq is on a CPU that goes offline. */
function dying(same: boolean): Omit<Stage, 'part'> {
  const taken = same ? [] : [0, 2, 3].map((cpu) => ({ name: `taken${cpu}`, irq: 42 + cpu, cpu, vector: LOW }));
  const irqs = [{ name: 'moved', irq: 40, cpu: OLD, vector: LOW }, ...taken];
  return { scenario: yaml(cpuList(CPUS), irqs, `{offline: ${OLD}}`), cpu: OLD, rounds: [], round: 0 };
}

/** A CPU comes up. */
function coming(): Omit<Stage, 'part' | 'cpu'> {
  const irqs = [{ name: 'other', irq: 40, cpu: 0, vector: LOW }];
  return { scenario: yaml(cpuList(CPUS, [OLD]), irqs, `{online: ${OLD}}`), rounds: [], round: 0 };
}
