/** Machines that no check takes: thousands of CPUs behind units of many sockets, with the Linux model. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { assembleSystem, memoryOf, stringifyScenario, type MemoryUse, type ProgramMachine, type System } from '../../src/index.js';
import type { EventRecord } from '../../src/machine/index.js';
import { scenario } from '../scenario/help.js';

const TIMED = { timed: true, record: 1, ring: 0 } as const;

const large = (cpus: string, device: string, rest = ''): string => `version: 1
name: large
machine: {cpus: ${cpus}, iommu: vtd}
devices:
  - {name: nic, message: {type: msix}, interArrival: {us: [40]}, ${device}}
${rest}`;

const systemOf = (text: string, model = 'linux-6.12'): System => assembleSystem(scenario(text), { model });

const US = 3000;

/** Runs, and says how it ended. */
async function run(system: System, us: number, ring = 0): Promise<{ machine: ProgramMachine; events: EventRecord[]; broken: string[] }> {
  const machine = await system.machine({ ...TIMED, ring });
  const events: EventRecord[] = [];
  const end = machine.now + BigInt(us * US);
  while (true) {
    const { status, broken } = machine.run(Number(end - machine.now));
    events.push(...machine.events());
    if (status !== 'ringFull') return { machine, events, broken };
  }
}

const of = (events: readonly EventRecord[], kind: EventRecord['kind']): EventRecord[] => events.filter((event) => event.kind === kind);

describe('4096 CPUs, 32,768 irqs, 65,536 remapping entries, 32 units', () => {
  let system: System;
  let machine: ProgramMachine;
  let seconds: number;

  beforeAll(async () => {
    const before = process.cpuUsage();
    const text = readFileSync('examples/datacentre-4096.yaml', 'utf8');
    system = assembleSystem(scenario(text));
    machine = await system.machine(TIMED);
    seconds = process.cpuUsage(before).user / 1e6;
  });

  test('is there in some seconds, whatever else the computer does', () => {
    // what looks at all CPUs for each irq takes minutes
    expect(seconds).toBeLessThan(6);
    expect(machine.setup).toMatchObject({ apicIds: { length: 4096 }, sources: { length: 32_768 }, iommus: { length: 32 } });
    expect(stringifyScenario(system.scenario).length).toBeLessThan(1500);
    expect(machine.setup.functions.reduce((n, { msix }) => n + (msix?.vectors ?? 0), 0)).toBe(32_768);
  });

  test('each irq is where the kernel believes it is, by the entry of the table', () => {
    for (const source of [0, 2040, 2048, 32_767]) expect(system.built.disagreement(machine, source)).toBeUndefined();
    const last = system.scenario.devices.at(-1)?.irqs.at(-1);
    expect(last).toMatchObject({ irq: 32_791, cpu: 4095 });
    expect(machine.tableEntry(31, 32_767)).toEqual([0x9 | ((last?.vector ?? 0) << 16), 4095, expect.any(Number), 0]);
  });
});

describe('4096 CPUs', () => {
  const text = large(
    '4096',
    'count: 4, irqs: {count: 2, first: 24, affinity: [0, 254, 255, 256, 2048, 4094, 4095]}',
    `operations: [{offline: 4095}, {move: {irq: 26, to: [511]}}, {online: 4095}]
universe: {vectors: 16}
timing: {core.wake: 100}
`,
  );

  test('a CPU goes offline and comes back, an irq moves: each is handled where it is meant to be, and nothing is lost', async () => {
    const { machine, events, broken } = await run(systemOf(text), 3000, 1 << 14);
    const lost = machine.counter('lost') + machine.counter('dropped') + machine.counter('noTarget');
    expect({ broken, lost, strays: machine.counter('strays') }).toEqual({ broken: [], lost: 0, strays: 0 });
    const [offline, move, online] = of(events, 'opEnd').map(({ time }) => time);
    const between = (from: bigint | undefined, to: bigint | undefined): Record<number, number[]> => {
      const served = of(events, 'serve').filter(({ time }) => time >= (from ?? 0n) && time < (to ?? machine.now));
      const where = served.map(({ a, c }): [number, number] => [a, c]);
      return Object.fromEntries([0, 2, 6].map((source) => [source, [...new Set(where.flatMap(([s, c]) => (s === source ? [c] : [])))]]));
    };
    // irqs 24, 26 and 30 begin at CPUs 0, 255 and 4095, whose irq any CPU of its affinity may get
    const begun = 150_000n;
    expect(between(0n, begun)).toEqual({ 0: [0], 2: [255], 6: [4095] });
    const after = between(online, undefined);
    expect(after).toMatchObject({ 0: [0], 2: [511] });
    expect([0, 254, 255, 256, 2048, 4094]).toContain(after[6]?.[0]);
    expect([offline, move, online].map((time) => typeof time)).toEqual(['bigint', 'bigint', 'bigint']);
  });
});

test.each([
  ['16 CPUs, as many irqs as a check takes', '16', 'count: 254, irqs: {count: 1}'],
  ['few CPUs, more irqs', '4', 'count: 700, irqs: {count: 1}'],
])('%s: what the model promises of each state does not stand in the way of a run', async (_, cpus, device) => {
  const { machine } = await run(systemOf(large(cpus, device, 'universe: {vectors: 185}\n')), 120, 1 << 14);
  expect(machine.counter('served')).toBeGreaterThan(50);
});

describe('APIC ids beyond eight bits', () => {
  const cpus =
    '[{cpu: 0, apicId: 7}, {cpu: 1, apicId: 254}, {cpu: 2, apicId: 255}, {cpu: 3, apicId: 256}, {cpu: 4, apicId: 511}, {cpu: 5, apicId: 65534}]';

  test.each(['vtd', 'amd', '{type: vtd, postedMsi: true}'])('behind %s: each irq is accepted by its CPU and no other', async (iommu) => {
    const text = large(cpus, 'count: 1, irqs: {count: 6, affinity: cpu}', 'universe: {vectors: 4}\n').replace(
      'iommu: vtd',
      `iommu: ${iommu}`,
    );
    const { machine, events, broken } = await run(systemOf(text), 200, 1 << 12);
    expect({ broken, dropped: machine.counter('dropped') + machine.counter('noTarget') }).toEqual({ broken: [], dropped: 0 });
    const served = of(events, 'serve').map(({ a, c }) => `${a} at ${c}`);
    expect([...new Set(served)].toSorted()).toEqual(['0 at 0', '1 at 1', '2 at 2', '3 at 3', '4 at 4', '5 at 5']);
  });
});

describe('completions of timed runs', () => {
  /** The irq of a busy device is masked and unmasked in its config space; a unit holds each message for long. */
  const text = `version: 1
name: completions
machine: {cpus: 20, iommu: vtd}
devices: [{name: nic, kind: free, message: {maskable: true}, interArrival: {us: [3, 4, 5]}, irqs: [{irq: 24, cpu: 18}]}]
operations: [{free: 24}, {request: 24}]
run: {repeat: true}
timing: {ir.miss: 90000, ir.hit: 90000, cfg.write: 60000, cfg.apply_offset: 1000}
`;

  test('push what the device has sent before, however long a unit takes', async () => {
    const { events } = await run(systemOf(text), 4000, 1 << 14);
    let inFlight = 0;
    let pushed = 0;
    /** messages that had been sent when the access took effect, and have not arrived */
    let before = 0;
    const left: number[] = [];
    for (const { kind, c } of events) {
      if (kind === 'sample') inFlight += 1;
      // what is re-triggered comes while nothing of the device flies
      if (kind === 'accept' && inFlight > 0) {
        inFlight -= 1;
        if (before > 0) pushed += 1;
        before = Math.max(0, before - 1);
      }
      if (kind === 'cfg') before = inFlight;
      if (kind === 'complete' && c === 0) left.push(before);
    }
    expect(pushed).toBeGreaterThan(0);
    expect(left.filter((n) => n > 0)).toEqual([]);
  });
});

describe('memory', () => {
  const of4 = (cpus: number, devices: number): Promise<MemoryUse> =>
    memoryOf(systemOf(large(String(cpus), `count: ${devices}, irqs: {count: 4}`, 'universe: {vectors: 64}\n')), TIMED);

  test('is that of the machine', async () => {
    const system = systemOf(large('300', 'count: 20, irqs: {count: 4}'));
    const { core } = (await system.machine(TIMED)) as unknown as { core: { exports: { blockStart(): number; blockStop(): number } } };
    expect((await memoryOf(system, TIMED)).bytes).toBe(core.exports.blockStop() - core.exports.blockStart());
  });

  test('grows with what there is: so much for each CPU, so much for each irq', async () => {
    const [base, cpus, irqs] = [await of4(128, 16), await of4(256, 16), await of4(128, 32)];
    expect((cpus.bytes - base.bytes) / 128 / base.perCpu).toBeCloseTo(1, 1);
    expect((irqs.bytes - base.bytes) / 64 / base.perIrq).toBeCloseTo(1, 1);
    // masks over CPUs: a bit for each irq
    expect(irqs.perCpu - base.perCpu).toBeCloseTo((2 * 64) / 8, -1);
    expect(base.perCpu).toBeLessThan(4096);
  });
});
