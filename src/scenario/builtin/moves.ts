/**
 * Scenarios for each kind of irq, with and without interrupt remapping: what is done to it is the same for all, so they are made of a
 * few parts. Each is a file like any other.
 */

/** A kind of irq: what its device is, and what can be done with it. */
interface Kind {
  readonly name: string;
  /** as in `A device with ...` */
  readonly about: string;
  /** of the device */
  readonly message: string;
  /** irqs of the device; the last is the one that moves */
  readonly irqs: number;
  /** a unit never remaps it: on a machine with remapping another device is beside it */
  readonly unmapped?: boolean;
  /** left out: with and without a remapping unit */
  readonly only?: 'plain' | 'remapped';
}

/** A machine: how its messages go. `kinds`, `shapes`: those that are of interest there, left out: all. */
interface Machine {
  /** in front of the names of its scenarios */
  readonly prefix: string;
  readonly iommu?: 'vtd' | 'amd';
  /** as in `moves to another CPU, behind a remapping unit` */
  readonly about: string;
  readonly kinds?: readonly string[];
  readonly shapes?: readonly string[];
}

const machines: readonly Machine[] = [
  { prefix: '', about: '' },
  { prefix: 'remapped-', iommu: 'vtd', about: ', behind a remapping unit' },
  // where an entry and its commands matter, and nothing else
  { prefix: 'amd-', iommu: 'amd', about: ', behind an AMD-Vi unit', kinds: ['msi'], shapes: ['move', 'old-offline', 'new-offline'] },
];

const kinds: readonly Kind[] = [
  { name: 'msi', about: 'a plain MSI', message: '{type: msi}', irqs: 1 },
  { name: 'masked-msi', about: 'an MSI with a mask bit', message: '{type: msi, maskable: true}', irqs: 1 },
  { name: 'multi-msi', about: 'an MSI of two messages', message: '{type: msi, vectors: 2}', irqs: 2, only: 'remapped' },
  { name: 'msix', about: 'an MSI-X entry', message: '{type: msix}', irqs: 1 },
  { name: 'hpet', about: 'a comparator of the HPET', message: '{type: hpet}', irqs: 1 },
  { name: 'dmar', about: 'the fault event of a remapping unit', message: '{type: dmar}', irqs: 1, unmapped: true },
  { name: 'edge-pin', about: 'a pin that is triggered by edges', message: '{type: ioapic, pin: 4}', irqs: 1 },
  { name: 'level-pin', about: 'a level-triggered pin', message: '{type: ioapic, pin: 9, trigger: level}', irqs: 1 },
];

/** Something that is done to an irq, which starts at CPU 1. */
interface Shape {
  readonly name: string;
  readonly about: string;
  readonly cpus: number;
  readonly vectors: number;
  /** a device that has the only vector of CPU 0 */
  readonly crowded?: boolean;
  /** further keys of the irq */
  readonly irq?: string;
  /** `IRQ`: the one that moves */
  readonly operations: readonly string[];
  /** kinds that it makes sense for */
  readonly only?: readonly string[];
}

const MOVE = 'move: {irq: IRQ, to: [0]}';

const shapes: readonly Shape[] = [
  { name: 'move', about: 'moves to another CPU', cpus: 2, vectors: 2, operations: [MOVE] },
  { name: 'move-back', about: 'moves to another CPU and back', cpus: 2, vectors: 2, operations: [MOVE, 'move: {irq: IRQ, to: [1]}'] },
  { name: 'two-moves', about: 'moves twice in a row', cpus: 3, vectors: 2, operations: [MOVE, 'move: {irq: IRQ, to: [2]}'] },
  { name: 'old-offline', about: 'moves, and the CPU it leaves goes offline', cpus: 2, vectors: 2, operations: [MOVE, 'offline: 1'] },
  { name: 'new-offline', about: 'moves, and the CPU it goes to goes offline', cpus: 2, vectors: 2, operations: [MOVE, 'offline: 0'] },
  {
    name: 'no-vector',
    about: 'is to move to a CPU that has no vector left',
    cpus: 2,
    vectors: 1,
    crowded: true,
    operations: [MOVE],
  },
  {
    name: 'managed',
    about: 'is managed, loses its only CPU and gets it back',
    cpus: 2,
    vectors: 2,
    irq: ', affinity: [1], managed: true',
    operations: ['offline: 1', 'online: 1'],
    only: ['msix'],
  },
  {
    name: 'threaded-move',
    about: 'is handled by a thread, and moves to another CPU',
    cpus: 2,
    vectors: 2,
    irq: ', threaded: true',
    operations: [MOVE],
    only: ['level-pin'],
  },
  {
    name: 'freed',
    about: 'is freed by its driver, and requested again',
    cpus: 2,
    vectors: 2,
    operations: ['free: 24', 'request: 24'],
    only: ['level-pin'],
  },
  // not requested again: nothing would say that the driver wakes its device by a write behind those of its entry
  { name: 'free', about: 'is freed while its device sends', cpus: 2, vectors: 2, operations: ['free: 24'], only: ['msix'] },
];

function text(kind: Kind, shape: Shape, { prefix, iommu, about }: Machine): string {
  const beside = iommu !== undefined && kind.unmapped === true && shape.crowded !== true;
  const where = iommu !== undefined && kind.unmapped ? ', on a machine with remapping' : about;
  const irqs = Array.from({ length: kind.irqs }, (_, i) => `{irq: ${24 + i}, cpu: 1${shape.irq ?? ''}}`);
  return [
    'version: 1',
    `name: ${prefix}${kind.name}-${shape.name}`,
    `about: ${kind.about[0]?.toUpperCase() ?? ''}${kind.about.slice(1)} ${shape.about}${where}.`,
    `machine: {cpus: ${shape.cpus}${iommu === undefined ? '' : `, iommu: ${iommu}`}}`,
    `universe: {vectors: ${shape.vectors * kind.irqs + (beside ? 1 : 0)}}`,
    'devices:',
    `  - {name: nic, message: ${kind.message}, raises: 2, irqs: [${irqs.join(', ')}]}`,
    ...(shape.crowded === true || beside ? ['  - {name: disk, raises: 0, irqs: [{irq: 40, cpu: 0, affinity: [0]}]}'] : []),
    ...(shape.crowded === true && kind.irqs > 1 ? ['  - {name: disk2, raises: 0, irqs: [{irq: 41, cpu: 0, affinity: [0]}]}'] : []),
    'operations:',
    ...shape.operations.map((operation) => `  - ${operation.replace('IRQ', `${23 + kind.irqs}`)}`),
    '',
  ].join('\n');
}

/** Name to text of the file. */
export const moves: readonly (readonly [name: string, text: string])[] = machines.flatMap((machine) =>
  kinds
    .filter(({ only }) => only === undefined || (only === 'remapped') === (machine.iommu !== undefined))
    .filter(({ name }) => machine.kinds?.includes(name) ?? true)
    .flatMap((kind) =>
      shapes
        .filter(({ only }) => only === undefined || only.includes(kind.name))
        .filter(({ name }) => machine.shapes?.includes(name) ?? true)
        .map((shape) => [`${machine.prefix}${kind.name}-${shape.name}`, text(kind, shape, machine)] as const),
    ),
);
