/** Many devices and irqs in a few lines: counts, sockets, units of sockets, all vectors of devices. */
import { describe, expect, test } from 'vitest';
import { jsonSchema, stringifyScenario, type Scenario } from '../../src/scenario/index.js';
import { mistakes, scenario } from './help.js';

const head = 'version: 1\nname: a\n';
const nics = (machine: string, device: string, rest = ''): string => `${head}machine: ${machine}\ndevices:\n  - ${device}\n${rest}`;

const irqsOf = ({ devices }: Scenario) => devices.flatMap(({ irqs }) => irqs);

describe('count', () => {
  test('of devices and of irqs: names and numbers go on, each irq begins at the next CPU on the lowest vector that is free', () => {
    const short = scenario(nics('{cpus: 4}', '{name: nic, count: 3, kind: free, message: {type: msix}, irqs: {count: 2, first: 40}}'));
    const long = scenario(`${head}machine: {cpus: 4}\ndevices:
  - {name: nic.0, kind: free, message: {type: msix}, irqs: [{irq: 40, cpu: 0, vector: 0x21}, {irq: 41, cpu: 1, vector: 0x21}]}
  - {name: nic.1, kind: free, message: {type: msix}, irqs: [{irq: 42, cpu: 2, vector: 0x21}, {irq: 43, cpu: 3, vector: 0x21}]}
  - {name: nic.2, kind: free, message: {type: msix}, irqs: [{irq: 44, cpu: 0, vector: 0x22}, {irq: 45, cpu: 1, vector: 0x22}]}\n`);
    expect(short).toEqual(long);
  });

  test('irqs are numbered behind all before, and flags are those of each', () => {
    const text = `${head}machine: {cpus: 2}\ndevices:
  - {name: disk, irqs: [{irq: 30}]}
  - {name: nic, message: {type: msix}, irqs: {count: 2, affinity: cpu, managed: true, requested: false}}
  - {name: hba, message: {type: msix}, irqs: {count: 1, affinity: [1], threaded: true}}\n`;
    expect(irqsOf(scenario(text)).slice(1)).toEqual([
      { irq: 31, cpu: 0, vector: 0x22, affinity: [0], managed: true, requested: false },
      { irq: 32, cpu: 1, vector: 0x21, affinity: [1], managed: true, requested: false },
      { irq: 33, cpu: 1, vector: 0x22, affinity: [1], threaded: true },
    ]);
  });

  test('irqs begin at CPUs that are online', () => {
    const cpus = '{cpus: [{cpu: 0}, {cpu: 1, online: false}, {cpu: 2}]}';
    expect(irqsOf(scenario(nics(cpus, '{name: nic, message: {type: msix}, irqs: {count: 4}}'))).map(({ cpu }) => cpu)).toEqual([
      0, 2, 0, 2,
    ]);
  });
});

describe('sockets', () => {
  const sockets = '{cpus: 8, sockets: 2, iommu: {type: vtd, entries: 64, units: per-socket}}';

  test('CPUs and devices are split evenly, in order; a unit has the devices of its socket', () => {
    const { machine, devices } = scenario(
      nics(sockets, '{name: nic, count: 4, message: {type: msix}, irqs: {count: 2, affinity: socket}}'),
    );
    expect(machine).toMatchObject({ sockets: 2, iommu: { type: 'vtd', entries: 64, units: [{ socket: 0 }, { socket: 1 }] } });
    expect(devices.map(({ socket }) => socket)).toEqual([0, 0, 1, 1]);
    expect(devices.map(({ irqs }) => irqs.map(({ cpu }) => cpu))).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
      [6, 7],
    ]);
    expect(devices[3]?.irqs[0]?.affinity).toEqual([4, 5, 6, 7]);
  });

  test('a device may say its socket', () => {
    const { devices } = scenario(
      nics(sockets, '{name: nic, count: 2, socket: 1, message: {type: msix}, irqs: {count: 1, affinity: socket}}'),
    );
    expect(devices.map(({ socket, irqs }) => [socket, irqs[0]?.cpu])).toEqual([
      [1, 4],
      [1, 5],
    ]);
  });
});

describe('vectors', () => {
  test('all: without those of the ISA and of int 0x80', () => {
    const { universe, devices } = scenario(
      nics('{cpus: 1}', '{name: nic, message: {type: msix}, irqs: {count: 185}}', 'universe: {vectors: all}\n'),
    );
    const vectors = devices[0]?.irqs.map(({ vector }) => vector);
    expect(universe).toEqual({ vectors: 185 });
    expect([vectors?.[0], vectors?.[14], vectors?.[15], vectors?.[79], vectors?.[184]]).toEqual([0x21, 0x2f, 0x40, 0x81, 0xea]);
  });
});

describe('there and back', () => {
  const again = (one: Scenario): Scenario => scenario(stringifyScenario(one));

  test.each([
    ['{cpus: 4}', '{name: nic, count: 3, message: {type: msix}, irqs: {count: 2, first: 40}}'],
    [
      '{cpus: 4, sockets: 2, iommu: {type: amd, units: per-socket}}',
      '{name: n, count: 3, message: {type: msix}, irqs: {count: 2, affinity: socket}}',
    ],
    ['{cpus: 2}', '{name: nic, count: 2, message: {type: msix}, irqs: {count: 1, affinity: cpu, threaded: true}}'],
    ['{cpus: 4, sockets: 4}', '{name: nic, count: 2, socket: 3, irqs: {count: 1, affinity: [1, 2]}}'],
  ])('%s, %s', (machine, device) => {
    const one = scenario(nics(machine, device, 'universe: {vectors: 20}\n'));
    expect(stringifyScenario(one)).toContain('count: ');
    expect(again(one)).toEqual(one);
  });

  test('what a count cannot say is written out', () => {
    const one = scenario(nics('{cpus: 4}', '{name: nic, count: 3, message: {type: msix}, irqs: {count: 1}}', 'universe: {vectors: 4}\n'));
    const [first, second, third] = one.devices;
    const moved = { ...one, devices: [first, { ...second, irqs: second?.irqs.map((irq) => ({ ...irq, cpu: 3 })) }, third] } as Scenario;
    expect(stringifyScenario(moved)).not.toContain('count: ');
    expect(again(moved)).toEqual(moved);
  });
});

test.each([
  [
    '300 CPUs without remapping',
    nics('{cpus: 300}', '{name: nic, irqs: [{irq: 24}]}'),
    [
      '3:17: a message to APIC id 255 needs interrupt remapping with destinations of 32 bits; write machine iommu: vtd or amd, or 255 CPUs at most',
    ],
  ],
  [
    'an id beyond 8 bits behind units with short entries',
    nics('{cpus: [{cpu: 0, apicId: 300}], iommu: {type: amd, xt: false}}', '{name: nic, irqs: [{irq: 24}]}'),
    ['3:35: a message to APIC id 300 needs interrupt remapping with destinations of 32 bits; leave out ga: false and xt: false'],
  ],
  [
    'a list of irqs for several devices',
    nics('{cpus: 2}', '{name: nic, count: 2, irqs: [{irq: 24, cpu: 0}]}'),
    [
      '5:33: each device of a count has irqs of its own; write how many, for example irqs: {count: 1}',
      '5:40: irq 24 stands here a second time; every irq has a number of its own',
    ],
  ],
  [
    'irqs that stand elsewhere',
    nics('{cpus: 2}', '{name: disk, irqs: [{irq: 25}]}\n  - {name: nic, count: 2, irqs: {count: 1, first: 24}}'),
    ['6:33: irq 25 stands here a second time; every irq has a number of its own'],
  ],
  [
    'too many irqs',
    nics('{cpus: 2}', '{name: nic, count: 4096, message: {type: msix}, irqs: {count: 9}}', 'universe: {vectors: all}\n'),
    [
      '5:59: more than 32768 irqs; write 32768 at most',
      '5:59: no vector of the universe is free on CPU 0 for irq 394; raise universe vectors',
    ],
  ],
  [
    'too few entries',
    nics('{cpus: 2, iommu: {type: vtd, entries: 2}}', '{name: nic, message: {type: msix}, irqs: {count: 3}}'),
    ['3:48: 3 irqs need an entry each, and here are 2; write entries: 4'],
  ],
  [
    'entries that are no power of two',
    nics('{cpus: 2, iommu: {type: vtd, entries: 6}}', '{name: nic, irqs: [{irq: 24}]}'),
    ['3:48: a table has a power of two of entries, not 6; write 65536 for example'],
  ],
  [
    'sockets that are not there',
    nics('{cpus: 2, sockets: 3, iommu: {type: vtd, units: [{socket: 3}, {}]}}', '{name: nic, socket: 4, irqs: [{irq: 24}]}'),
    [
      '3:29: 3 sockets need a CPU each, and there are 2; write 2 at most',
      '3:68: socket 3 does not exist; the machine has sockets 0 to 2',
      '5:25: socket 4 does not exist; the machine has sockets 0 to 2',
    ],
  ],
  [
    'several devices on one pin',
    nics('{cpus: 2}', '{name: nic, count: 2, message: {type: ioapic, pin: 4}, irqs: {count: 1}}'),
    ['5:36: there is one device of type ioapic at its place; leave out count, or write type: msi or msix'],
  ],
])('%s', (_, text, expected) => {
  expect(mistakes(text)).toEqual(expected);
});

test('the published schema has the short forms', () => {
  const { properties } = jsonSchema() as { properties: Record<string, { items: { properties: Record<string, { anyOf: unknown[] }> } }> };
  expect(properties['devices']?.items.properties['irqs']?.anyOf[1]).toMatchObject({ required: ['count'] });
});
