/** Linux and the kinds of message: MSI-X, MSI with mask bits, several messages; written, masked, reserved (linux.md 2.5, 2.11). */
import { describe, expect, test } from 'vitest';
import { assembleSystem, modelNames } from '../../../src/index.js';
import { scenarioOf, verdictOf, type Options } from '../../check/help.js';
import { Walk } from './walk.js';

const [SHUTDOWN, STARTED] = [0, 1];

interface Text {
  readonly message?: string;
  readonly irqs?: string;
  readonly operations: string;
  readonly machine?: string;
  readonly raises?: number;
}

/** A device with one irq on CPU 1, at a vector that changes when it moves. */
function text({ message = '{type: msix}', irqs = '{irq: 40, cpu: 1, vector: 0x22}', operations, machine = '', raises = 2 }: Text): string {
  return `version: 1
name: device
machine: {cpus: 2${machine}}
universe: {vectors: 2}
devices: [{name: nvme, message: ${message}, raises: ${raises}, irqs: [${irqs}]}]
operations: [${operations}]
`;
}

const offline = text({ operations: 'offline: 1' });
const maskable = '{type: msi, maskable: true}';
const life = text({ operations: '{request: 40}, {free: 40}', irqs: '{irq: 40, cpu: 1, vector: 0x22, requested: false}', raises: 1 });

/** What is done to a device in memory space, in order. */
function written(walk: Walk): string[] {
  const { system, steps } = walk.replay;
  const texts = steps
    .flatMap(({ events }) => events)
    .flatMap((e) => {
      const label = e.kind === 'step' ? system.built.labels[(system.built.program.code[e.b * 4 + 3] ?? 0) >>> 8] : undefined;
      return label && /entry|table|event/.test(label.text) ? [label.text] : [];
    });
  return texts.filter((each, i) => each !== texts[i - 1]);
}

describe('moves', () => {
  test.each<[string, string, Options, unknown]>([
    ['5.9 moves an entry of MSI-X', text({ operations: 'move: {irq: 40, to: [0]}' }), {}, 'safe'],
    // races.md msi-write-not-flushed: the entry's writes are posted, and nobody waits for them
    ['5.9, offline: the entry is not written yet when the IRR is scanned', offline, {}, ['noLoss', 'noStray']],
    ['5.9, offline, with msiReadBack=read', offline, { set: { msiReadBack: 'read' } }, 'safe'],
    ['5.14, offline', offline, { model: '5.14' }, 'safe'],
    ['6.12.117, offline: in two steps, which it does not need', offline, { model: '6.12.117' }, 'safe'],
    [
      '5.9 with msiUpdate=direct, offline, with mask bits: what would be torn is masked',
      text({ message: maskable, operations: 'offline: 1' }),
      { model: '5.9', set: { msiUpdate: 'direct' } },
      'safe',
    ],
    ['6.12.117, offline, with mask bits', text({ message: maskable, operations: 'offline: 1' }), { model: '6.12.117' }, 'safe'],
    [
      '6.12.117, remapped, moved at once',
      text({ operations: 'move: {irq: 40, to: [0]}', machine: ', iommu: vtd', raises: 1 }),
      { model: '6.12.117' },
      'safe',
    ],
  ])('%s', async (_, scenario, options, expected) => {
    expect(await verdictOf(scenario, options)).toEqual(expected);
  });

  async function table(model: string): Promise<string[]> {
    const walk = await Walk.begin(text({ operations: 'move: {irq: 40, to: [0]}' }), { model });
    walk.operation(0);
    walk.raise('nvme');
    return written(walk);
  }

  test('6.12.117: mask, read back, twice the entry and read back, unmask (recorded)', async () => {
    const entry = ['entry address', 'entry address, upper half', 'entry data', 'reads the entry back'];
    expect(await table('6.12.117')).toEqual([
      'masks the entry',
      'reads the table: the mask has arrived',
      ...entry,
      ...entry,
      'unmasks the entry',
    ]);
  });

  test('5.9: mask, the entry, unmask; nothing is read', async () => {
    expect(await table('5.9')).toEqual([
      'masks the entry',
      'entry address',
      'entry address, upper half',
      'entry data',
      'unmasks the entry',
    ]);
  });
});

describe('reservation', () => {
  test('an irq that nobody has has no vector: 0xef at the first CPU; requested it has one, freed none again', async () => {
    const walk = await Walk.begin(life, { model: '6.12.117' });
    expect([walk.target(0), walk.mask('alloc_map', 1), walk.variable('irq_started', 0)]).toEqual([[0, 0xef], [], SHUTDOWN]);
    walk.operation(0);
    expect([walk.target(0), walk.mask('alloc_map', 0), walk.variable('irq_started', 0)]).toEqual([[0, 0x21], [0x21], STARTED]);
    expect(walk.replay.machine.messageOf(0)).toMatchObject({ addrLo: 0xfee00000, data: 0x4021, masked: false });
    walk.operation(1);
    expect([walk.target(0), walk.mask('alloc_map', 0)]).toEqual([[0, 0xef], []]);
    expect(walk.replay.machine.messageOf(0)).toMatchObject({ addrLo: 0, data: 0, masked: true });
  });

  test.each<[string, Options, unknown]>([
    // races.md free-irq-in-flight
    ['4.19: what comes late is a stray', { model: '4.19' }, ['noStray']],
    ['5.9: it is swallowed', {}, 'safe'],
    ['7.0', { model: '7.0' }, 'safe'],
  ])('request and free, %s', async (_, options, expected) => {
    expect(await verdictOf(life, options)).toEqual(expected);
  });

  const remapped = life.replace('cpus: 2', 'cpus: 2, iommu: vtd');
  test.each<[string, Options, unknown]>([
    // races.md dmar-fault-irte-not-present: what was sent before the mask arrived finds its entry gone
    ['5.9: a late message finds no entry', {}, ['noFault']],
    ['5.14: reading the mask back has pushed it', { model: '5.14' }, 'safe'],
  ])('request and free, remapped, %s', async (_, options, expected) => {
    expect(await verdictOf(remapped, options)).toEqual(expected);
  });
});

describe('several messages', () => {
  const irqs = '{irq: 40, cpu: 1, vector: 0x22}, {irq: 41, cpu: 0, vector: 0x22}';

  test('remapped, each has its own entry and moves alone', async () => {
    const several = text({ message: '{type: msi}', irqs, operations: 'move: {irq: 41, to: [1]}', machine: ', iommu: vtd', raises: 1 });
    const walk = await Walk.begin(several);
    walk.operation(0);
    expect([walk.target(0), walk.target(1)]).toEqual([
      [1, 0x22],
      [1, 0x21],
    ]);
    expect(await verdictOf(several)).toBe('safe');
  });

  test.each<readonly [string, number, readonly string[]]>([
    ['the first: zeros are written to the registers of all', 40, ['inStep', 'noLoss', 'noWildWrite']],
    ['another: they are left as they are, and what has been sent finds no entry', 41, ['noFault']],
  ])('remapped, one is freed, %s', async (_, irq, expected) => {
    const freed = text({ message: '{type: msi}', irqs, operations: `free: ${irq}`, machine: ', iommu: vtd', raises: 1 });
    for (const model of ['4.19', '7.0']) expect(await verdictOf(freed, { model })).toEqual(expected);
  });

  test('without remapping Linux gives no device several', () => {
    const scenario = scenarioOf(text({ message: '{type: msi}', irqs, operations: '' }));
    expect(() => assembleSystem(scenario)).toThrow('Linux gives a device several MSI only with interrupt remapping');
  });
});

describe('the chipset (2.10)', () => {
  const of = (type: string, operations: string): string => text({ message: `{type: ${type}}`, operations, raises: 1 });
  const move = 'move: {irq: 40, to: [0]}';

  test('a comparator of an HPET is moved at once, data first; a fault event waits for its next interrupt, masked', async () => {
    const hpet = await Walk.begin(of('hpet', move));
    hpet.operation(0);
    expect(hpet.target(0)).toEqual([0, 0x21]);
    expect(written(hpet)).toEqual(['event data', 'event address']);
    const dmar = await Walk.begin(of('dmar', move));
    dmar.operation(0);
    expect(dmar.target(0)).toEqual([1, 0x22]);
    dmar.raise('nvme');
    expect(dmar.target(0)).toEqual([0, 0x21]);
    expect(written(dmar)).toEqual(['masks the event', 'event data', 'event address', 'event address, upper half', 'unmasks the event']);
  });

  // hardware.md D.2: a unit never remaps its own event; a comparator is a source like any other (D.3.3)
  const remapped = (type: string, operations: string): string =>
    of(type, operations)
      .replace('cpus: 2', 'cpus: 2, iommu: vtd')
      .replace('}]}]\n', '}]}, {name: disk, raises: 0, irqs: [{irq: 41, cpu: 0, vector: 0x22}]}]\n');

  test('with remapping a comparator is moved by its entry, which carries its source id', async () => {
    const hpet = await Walk.begin(remapped('hpet', move));
    const message = hpet.replay.machine.messageOf(0);
    expect(message).toMatchObject({ addrLo: 0xfee00018, data: 0 });
    hpet.operation(0);
    const entry = ['remapping entry: new vector and destination', 'queue tail: invalidate the entry, and a wait behind it'];
    expect([hpet.target(0), written(hpet), hpet.replay.machine.messageOf(0)]).toEqual([[0, 0x21], entry, message]);
    expect([0, 1, 2].map((word) => hpet.variable('irte', 0, word))).toEqual([0x210009, 0, 0x40008]);
    hpet.raise('nvme');
    expect([hpet.count('remap'), hpet.count('accept', ({ a, b }) => a === 0 && b === 0x21)]).toEqual([1, 1]);
  });

  test('with remapping a fault event has the message of a LAPIC, and waits for its next interrupt all the same', async () => {
    const dmar = await Walk.begin(remapped('dmar', move));
    expect(dmar.replay.machine.messageOf(0)).toMatchObject({ addrLo: 0xfee01000, data: 0x4022 });
    dmar.operation(0);
    expect(dmar.target(0)).toEqual([1, 0x22]);
    dmar.raise('nvme');
    expect([dmar.target(0), dmar.replay.machine.messageOf(0)]).toMatchObject([[0, 0x21], { addrLo: 0xfee00000, data: 0x4021 }]);
    expect(written(dmar)).toEqual(['masks the event', 'event data', 'event address', 'event address, upper half', 'unmasks the event']);
    // no request of the event came to the unit
    expect(dmar.count('remap')).toBe(0);
  });

  test.each([
    // without remapping it may lose and leak, for nothing pushes its message; a unit drains
    ['hpet', move, 'safe'],
    ['hpet', 'offline: 1', 'safe'],
    ['dmar', move, 'safe'],
    ['dmar', 'offline: 1', 'safe'],
  ])('%s, %s, with remapping', async (type, operation, expected) => {
    expect(await verdictOf(remapped(type, operation))).toEqual(expected);
  });

  test.each([
    // between data and address: the old CPU, the new vector
    ['hpet', move, ['noLeak', 'noLoss', 'noStray']],
    ['dmar', move, 'safe'],
    ['dmar', 'offline: 1', 'safe'],
  ])('%s, %s', async (type, operation, expected) => {
    expect(await verdictOf(of(type, operation))).toEqual(expected);
  });
});

describe('everything in one machine', () => {
  const devices = [
    '{name: hpet, kind: free, message: {type: hpet}, irqs: [{irq: 40, cpu: 1}]}',
    '{name: dmar0, kind: free, message: {type: dmar}, irqs: [{irq: 44, cpu: 1}]}',
    '{name: nic, irqs: [{irq: 41, cpu: 1}]}',
    '{name: hba, message: {type: msi, maskable: true}, irqs: [{irq: 45, cpu: 1}]}',
    '{name: nvme, message: {type: msix}, irqs: [{irq: 42, cpu: 1, affinity: [1], managed: true}, {irq: 43, cpu: 2, requested: false}]}',
  ];
  const operations = '{move: {irq: 41, to: [0]}}, {disable: 41}, {offline: 1}, {enable: 41}, {request: 43}, {free: 43}, {suspend: true}';
  const whole = (machine: string, from: number): string =>
    `version: 1
name: everything
machine: {cpus: 3${machine}}
universe: {vectors: 6}
devices: [${devices.slice(from).join(', ')}]
operations: [${operations}]
`;

  test.each(modelNames)('%s assembles, without and with remapping', (model) => {
    expect(() => assembleSystem(scenarioOf(whole('', 0)), { model })).not.toThrow();
    expect(() => assembleSystem(scenarioOf(whole(', iommu: vtd', 0)), { model })).not.toThrow();
  });
});
