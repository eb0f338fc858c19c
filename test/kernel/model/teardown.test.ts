/** A driver gives back the irqs of its device and allocates them again (linux.md 2.11, Allocate and Teardown). */
import { describe, expect, test } from 'vitest';
import { modelNames } from '../../../src/kernel/model/index.js';
import { assembleSystem, search } from '../../../src/index.js';
import { LIMITS, scenarioOf, systemFrom, verdictOf } from '../../check/help.js';
import { Walk } from './walk.js';

const [SHUTDOWN, STARTED] = [0, 1];
const SLOT_SHUTDOWN = 1;
const again = 'free: 24, teardown: nic, allocate: nic, request: 24';

interface Text {
  readonly message?: string;
  readonly irqs?: string;
  readonly operations?: string;
  readonly machine?: string;
  readonly vectors?: number;
  readonly more?: string;
}

function text({ message = 'msix', irqs, operations = again, machine = '', vectors = 2, more = '' }: Text = {}): string {
  return `version: 1
name: teardown
machine: {cpus: 2${machine}}
universe: {vectors: ${vectors}}
devices:
  - {name: nic, message: {type: ${message}}, raises: 1, irqs: [${irqs ?? '{irq: 24, cpu: 1, vector: 0x22, affinity: [1]}'}]}
${more}operations: [${operations.replaceAll(/(\w+: (?:\w+|\{.*?\}))/g, '{$1}')}]
`;
}

/** The device's side, in order; a read twice: when it takes effect and when it completes. */
function touched(walk: Walk): string[] {
  const { system, steps } = walk.replay;
  const texts = steps
    .flatMap(({ events }) => events)
    .flatMap((e) => (e.kind === 'step' ? (system.built.labels[(system.built.program.code[e.b * 4 + 3] ?? 0) >>> 8]?.text ?? []) : []))
    .filter((each) => /entry|table|MSI|messages|tail/.test(each) && !/vector_irq|cleanup/.test(each));
  return texts.filter((each, i) => each !== texts[i - 1]);
}

describe('MSI-X', () => {
  test('given back it has no vector, not even a reserved one; the device is off', async () => {
    const walk = await Walk.begin(text());
    walk.operation(0);
    expect([walk.target(0), walk.variable('irq_activated', 0)]).toEqual([[0, 0xef], 0]);
    walk.operation(1);
    expect([walk.target(0), walk.mask('alloc_map', 1), walk.variable('vector_irq', 1, 0x22)]).toEqual([[0, 0], [], SLOT_SHUTDOWN]);
    expect([walk.replay.machine.inspect('sends', 0), walk.variable('irq_started', 0)]).toEqual([0, SHUTDOWN]);
    walk.operation(2);
    expect([walk.target(0), walk.replay.machine.inspect('sends', 0)]).toEqual([[0, 0xef], 1]);
    expect(walk.replay.machine.messageOf(0)).toMatchObject({ addrLo: 0xfee00000, data: 0x40ef, masked: true });
    walk.operation(3);
    expect([walk.target(0), walk.variable('irq_started', 0)]).toEqual([[1, 0x21], STARTED]);
    walk.raise('nic');
    expect(walk.replay.machine.owed(0)).toBe(false);
  });

  test('with remapping the entry is cleared a second time; allocated, it is there before anything is requested (recorded)', async () => {
    const walk = await Walk.begin(
      text({ machine: ', iommu: vtd', operations: 'teardown: nic, allocate: nic', irqs: '{irq: 24, cpu: 1, requested: false}' }),
      {
        model: '6.12.117',
      },
    );
    walk.operation(0);
    expect([0, 1, 2, 3].map((word) => walk.variable('irte', 0, word))).toEqual([0, 0, 0, 0]);
    walk.operation(1);
    expect([0, 2].map((word) => walk.variable('irte', 0, word))).toEqual([0xef0009, 0x40008]);
    expect(touched(walk)).toEqual([
      'masks the entry',
      'reads the table: the mask has arrived',
      'reads MSI-X control',
      'MSI-X off',
      'remapping entry: not present, lower half',
      'remapping entry: not present, upper half',
      'queue tail: invalidate the entry, and a wait behind it',
      'reads MSI-X control',
      'MSI-X on, all masked',
      'reads the entry',
      'remapping entry: new vector and destination',
      'remapping entry: who may ask for it',
      'queue tail: invalidate the entry, and a wait behind it',
      'entry address',
      'entry address, upper half',
      'entry data',
      'reads the entry back',
      'masks the entry',
      'reads MSI-X control',
      'MSI-X on',
    ]);
  });

  test('all irqs of a device go together, those of others stay', async () => {
    const irqs = '{irq: 24, cpu: 1, requested: false}, {irq: 25, cpu: 0, requested: false}';
    const more = '  - {name: disk, raises: 1, irqs: [{irq: 40, cpu: 1}]}\n';
    const walk = await Walk.begin(text({ irqs, more, operations: 'teardown: nic, allocate: nic' }));
    const disk = walk.target(2);
    walk.operation(0);
    expect([walk.target(0), walk.target(1), walk.target(2)]).toEqual([[0, 0], [0, 0], disk]);
    walk.operation(1);
    expect([walk.target(0), walk.target(1), walk.target(2)]).toEqual([[0, 0xef], [0, 0xef], disk]);
    walk.raise('disk');
    expect(walk.replay.machine.owed(2)).toBe(false);
  });

  test('a managed irq gives back what was kept for it, on each of its CPUs', async () => {
    const walk = await Walk.begin(text({ irqs: '{irq: 24, cpu: 1, vector: 0x22, affinity: [0, 1], managed: true}' }));
    const kept = (): unknown[] => [0, 1].map((cpu) => [walk.mask('managed_map', cpu), walk.variable('available', cpu)]);
    const before = kept();
    expect(before).toEqual([
      [[0x21], 1],
      [[0x22], 1],
    ]);
    walk.operation(0);
    expect(kept()).toEqual(before);
    walk.operation(1);
    expect([kept(), walk.variable('managed_allocated', 1)]).toEqual([
      [
        [[], 2],
        [[], 2],
      ],
      0,
    ]);
    walk.operation(2);
    expect(kept()).toEqual([
      [[0x21], 1],
      [[0x21], 1],
    ]);
    walk.operation(3);
    expect(walk.target(0)).toEqual([0, 0x21]);
  });
});

describe('plain MSI', () => {
  test('has its vector as soon as it is allocated, and is off while its message is written', async () => {
    const walk = await Walk.begin(text({ message: 'msi' }));
    walk.operation(0);
    expect([walk.target(0), walk.mask('alloc_map', 1)]).toEqual([[1, 0x22], [0x22]]);
    walk.operation(1);
    expect([walk.target(0), walk.mask('alloc_map', 1), walk.replay.machine.msiOf(0).control & 1]).toEqual([[0, 0], [], 0]);
    walk.operation(2);
    expect([walk.target(0), walk.message(0), walk.replay.machine.msiOf(0).control & 1]).toEqual([[1, 0x21], [1, 0x21], 1]);
    expect(walk.variable('vector_irq', 1, 0x22)).toBe(SLOT_SHUTDOWN);
    walk.operation(3);
    walk.raise('nic');
    expect([walk.variable('irq_started', 0), walk.replay.machine.owed(0)]).toEqual([STARTED, false]);
    const message = ['reads MSI control', 'MSI address: new destination', 'MSI data: vector'];
    const written = ['reads MSI control', 'MSI off', ...message, 'reads MSI control', 'MSI on'];
    // when it is freed, when it is given back, allocated, and started
    expect(touched(walk)).toEqual([...message, 'reads MSI control', 'MSI off', ...written, ...message]);
  });

  test('without a vector left nothing is allocated, the device stays off, and a request does nothing', async () => {
    const more = '  - {name: disk, raises: 1, irqs: [{irq: 40, cpu: 0}]}\n';
    const operations = 'teardown: nic, offline: 0, allocate: nic, request: 24';
    const walk = await Walk.begin(text({ message: 'msi', irqs: '{irq: 24, cpu: 1, requested: false}', vectors: 1, more, operations }));
    for (const n of [0, 1, 2, 3]) walk.operation(n);
    expect([walk.target(0), walk.target(1)]).toEqual([
      [0, 0],
      [1, 0x21],
    ]);
    expect([walk.replay.machine.msiOf(0).control & 1, walk.variable('irq_started', 0)]).toEqual([0, SHUTDOWN]);
  });
});

test.each<[string, string, unknown]>([
  // races.md free-irq-in-flight: what comes late finds an empty slot
  ['4.19', 'teardown', ['noStray']],
  ['6.12.117', 'remapped-teardown', 'safe'],
  // races.md vector-setup-race, dmar-fault-irte-not-present
  ['5.9', 'remapped-teardown', ['noFault']],
  ['7.0', 'teardown', 'safe'],
])('%s, %s', async (model, scenario, expected) => {
  expect(await verdictOf(scenario, { model })).toEqual(expected);
});

test('all levels of the reduction find the same failures', async () => {
  const found = async (reduction: 0 | 1 | 2): Promise<string[]> => {
    const { failures } = await search(systemFrom('teardown', { model: '4.19' }), { ...LIMITS, reduction });
    return failures.map(({ property, length }) => (reduction === 2 ? property : `${property} ${length}`)).toSorted();
  };
  const whole = await found(0);
  expect(whole).not.toEqual([]);
  expect(await found(1)).toEqual(whole);
  expect(await found(2)).toEqual(whole.map((each) => each.split(' ')[0]));
});

test.each(modelNames)('%s assembles for devices of both kinds, managed and remapped', (model) => {
  const more = '  - {name: disk, message: {type: msi}, irqs: [{irq: 40, cpu: 1, requested: false}]}\n';
  const irqs = '{irq: 24, cpu: 1, affinity: [1], managed: true, requested: false}';
  const operations = 'teardown: nic, teardown: disk, allocate: nic, allocate: disk';
  for (const machine of ['', ', iommu: vtd'])
    expect(() => assembleSystem(scenarioOf(text({ irqs, more, machine, operations })), { model })).not.toThrow();
});
