import { beforeAll, describe, expect, test } from 'vitest';
import { Account } from '../../src/core/index.js';
import { assembleSystem, parseScenario, type System } from '../../src/scenario/index.js';
import type { EventRecord, MachineSetup, Meters, ProgramMachine } from '../../src/machine/index.js';
import { timingIds } from '../../src/machine/index.js';
import { Dice, machineOf } from '../engine/systems.js';

const counted = [
  'raises',
  'served',
  'duplicates',
  'messages',
  'accepts',
  'merged',
  'acknowledged',
  'ipis',
  'microOps',
  'lost',
  'strays',
  'events',
  'ticks',
] as const;

/** All that a run decides and counts; `whole`: the state too, which says what is looked at next. */
function outcome(machine: ProgramMachine, whole: boolean): Record<string, unknown> {
  return {
    now: machine.now,
    events: machine.eventDigest(),
    counters: counted.map((name) => `${name} ${machine.counter(name)}`),
    latency: machine.latency(),
    loads: Array.from({ length: machine.setup.apicIds.length + machine.setup.sources.length }, (_, n) =>
      n < machine.setup.apicIds.length ? machine.loadOfCpu(n) : machine.loadOfSource(n - machine.setup.apicIds.length),
    ),
    ...(whole && { state: machine.digest() }),
    meters: machine.meters(),
  };
}

/** What tells most of it, for each cut. */
function soFar(machine: ProgramMachine): string {
  return [machine.now, machine.eventDigest(), machine.counter('microOps'), machine.counter('ticks')].join(' ');
}

const kinds = ['free', 'handshake'] as const;
const messages = ['{type: msi}', '{type: msi, maskable: true}', '{type: msix}'] as const;
const pins = ['{type: ioapic, pin: 4}', '{type: ioapic, pin: 9, trigger: level}'] as const;

/**
 * Busy machines of 2 to 5 CPUs, of which some go and come while interrupts move: handlers get in each other's way. `moving`: much, on
 * several CPUs at a time; `lossy`: and irqs are freed and requested again, by kernels that lose events then.
 */
function crowd(dice: Dice, kind: 'calm' | 'moving' | 'lossy' = 'calm'): string {
  const restless = kind !== 'calm';
  const cpus = 2 + dice.below(4);
  const irqs = Array.from({ length: 2 + dice.below(5) }, (_, i) => 24 + i);
  const any = (n: number): number[] => Array.from({ length: n }, () => dice.below(cpus));
  const gap = 1500 + dice.below(4000);
  const pin = dice.below(2) === 0 ? irqs[0] : undefined;
  const message = (irq: number): string => (kind === 'lossy' ? messages[2] : dice.of(irq === pin ? pins : messages));
  const threaded = (): string => (dice.below(4) === 0 ? ', threaded: true' : '');
  const device = (irq: number): string =>
    `  - {name: d${irq}, kind: ${dice.of(kinds)}, message: ${message(irq)}, handlerCycles: ${dice.below(3000)}, interArrival: {cycles: [${gap}, ${gap + dice.below(3000)}]}, irqs: [{irq: ${irq}, affinity: [${[...new Set([0, ...any(2)])]}]${threaded()}}]}`;
  const gone = 1 + dice.below(cpus - 1);
  const move = (): string => `  - move: {irq: ${dice.of(irqs)}, to: [${restless ? dice.below(cpus) : 0}]}`;
  const remapped = kind === 'lossy' ? '' : dice.of(['', ', iommu: vtd', ', iommu: {type: amd}']);
  const models =
    kind === 'lossy' ? ['linux-4.19', 'linux-5.4', 'linux-5.9'] : ['linux-5.4', 'linux-5.9', 'linux-6.1', 'linux-6.12', 'linux-7.0'];
  return [
    'version: 1',
    'name: crowd',
    `model: ${dice.of(models)}`,
    `machine: {cpus: ${cpus}${remapped}}`,
    ...(restless ? ['parallel: true'] : []),
    'universe: {vectors: 16}',
    'devices:',
    ...irqs.map(device),
    'operations:',
    ...Array.from({ length: restless ? 20 : 2 }, move),
    ...(kind === 'lossy'
      ? irqs.flatMap((irq) => [`  - free: ${irq}`, `  - request: ${irq}`, move()])
      : [`  - offline: ${gone}`, move(), `  - online: ${gone}`]),
    'run: {seconds: 1, repeat: true}',
    '',
  ].join('\n');
}

/** Nothing is measured; or what the model says; or all variables, and each instruction's time is that of an interrupt, or of anything. */
function metersOf(system: System, dice: Dice): { readonly meters?: Meters } {
  const { meters } = system.setup({ timed: true, record: 1, measure: true });
  const how = dice.below(4);
  if (meters === undefined || how === 0) return {};
  if (how === 1) return { meters };
  const accounts = meters.accounts.map(() => (how === 2 ? Account.interrupt : dice.below(Account.count)));
  const gauges = Object.fromEntries(system.built.variables.map(({ name }, slot) => [name, { slot }]));
  return { meters: { accounts, gauges } };
}

/** The same machine thrice; the last one records each micro-op, and so nothing in it is ever ahead of the clock. */
async function machines(text: string, dice: Dice, more: Partial<MachineSetup> = {}): Promise<readonly ProgramMachine[]> {
  const parsed = parseScenario(text, 'crowd');
  if ('errors' in parsed) throw new Error(`${parsed.errors[0]?.message} in\n${text}`);
  const system = assembleSystem(parsed.scenario);
  // where everything takes as long, much happens in the same cycle
  const even = dice.below(2) === 0;
  const hundred = { min: 100, default: 100, max: 100 };
  const timing = even ? Object.fromEntries(timingIds.map((id) => [id, hundred])) : {};
  const changes = { seed: dice.below(2 ** 31), jitter: !even, timing, properties: [], ring: 0, ...metersOf(system, dice), ...more };
  return Promise.all([1, 1, 2].map((record) => machineOf(system, true, { ...changes, record: record as 1 | 2 })));
}

/** Steps of random length; half of them end as soon as nothing is on its way, in the middle of what handlers do. */
function step(machine: ProgramMachine, cycles: number, settles: boolean): void {
  const { runCycles, settle } = machine.core.exports;
  if (settles) settle(cycles, 0);
  else runCycles(cycles, 0);
}

test.each([
  ['', 'calm', 11, 0],
  [', and what is lost is lost at the same cycle', 'lossy', 4711, 20],
] as const)(
  'handlers that run ahead of the clock, and go back, are not told from those that do not, however a run is cut%s',
  async (_, kind, seed, least) => {
    const dice = new Dice(seed);
    const cycles = 1_500_000;
    let served = 0;
    let lost = 0;
    for (let i = 0; i < 24; i++) {
      const text = crowd(dice, kind);
      const [whole, cut, seen] = await machines(text, dice);
      if (!whole || !cut || !seen) throw new Error('three machines');
      whole.core.exports.runCycles(cycles, 0);
      while (Number(cut.now) < cycles) {
        const n = Math.min(cycles - Number(cut.now), 1 + dice.below(dice.of([30, 3000, 100_000])));
        const settles = dice.below(2) === 0;
        for (const machine of [cut, seen]) step(machine, n, settles);
        expect({ text, soFar: soFar(cut) }).toEqual({ text, soFar: soFar(seen) });
      }
      expect({ text, ...outcome(cut, true) }).toEqual({ text, ...outcome(whole, true) });
      expect({ text, ...outcome(seen, false) }).toEqual({ text, ...outcome(whole, false) });
      served += whole.counter('served');
      lost += whole.counter('lost');
    }
    expect(served).toBeGreaterThan(1000);
    expect(lost).toBeGreaterThanOrEqual(least);
  },
);

/** Two busy irqs move between two CPUs, each by interrupts of the CPU that it leaves. */
const between = `
version: 1
name: between
model: linux-5.9
machine: {cpus: 2}
parallel: true
universe: {vectors: 16}
devices:
${[24, 25].map((irq) => `  - {name: d${irq}, kind: free, message: {type: msix}, handlerCycles: 1200, interArrival: {cycles: [2000, ${irq === 24 ? 2900 : 2000}]}, irqs: [{irq: ${irq}, affinity: [0]}]}`).join('\n')}
operations: [${[1, 0, 1, 0, 0].flatMap((to) => [24, 25].map((irq) => `{move: {irq: ${irq}, to: [${to}]}}`)).join(', ')}]
run: {seconds: 1, repeat: true}
`;

test('what another CPU has stored behind a handler that goes back is not taken back with it', async () => {
  const parsed = parseScenario(between, 'between');
  if ('errors' in parsed) throw new Error(parsed.errors[0]?.message);
  const system = assembleSystem(parsed.scenario);
  const machine = (record: 1 | 2): Promise<ProgramMachine> => machineOf(system, true, { seed: 3, properties: [], ring: 0, record });
  const cycles = 1_000_000;
  const seen = await machine(2);
  step(seen, cycles, false);
  const different: number[] = [];
  // a handler that was ahead stands where the piece ends: what it has used before is free for others
  for (let piece = 1000; piece < 5000; piece += 81) {
    const cut = await machine(1);
    while (Number(cut.now) < cycles) step(cut, Math.min(piece, cycles - Number(cut.now)), false);
    if (soFar(cut) !== soFar(seen)) different.push(piece);
  }
  expect(different).toEqual([]);
});

/** What is kept of events up to that cycle: handlers are entered at their time then. */
function told(machine: ProgramMachine, cycles: number): EventRecord[] {
  const records: EventRecord[] = [];
  while (machine.now < cycles) {
    machine.run(cycles - Number(machine.now));
    records.push(...machine.events());
  }
  return records;
}

/** Records of one source and cycle in the order in which they came: what was looked at first makes no difference. */
function inOrder(records: readonly EventRecord[]): string[] {
  const sourceOf = ({ kind, a }: EventRecord): number => (kind === 'hold' ? a & 0xffff : a);
  return records
    .toSorted((x, y) => Number(x.time - y.time) || sourceOf(x) - sourceOf(y))
    .map(({ time, kind, a, b, c }) => `${time} ${kind} ${a} ${b} ${c}`);
}

test('what holds up each event is the same', async () => {
  const dice = new Dice(12);
  let records = 0;
  for (let i = 0; i < 24; i++) {
    const text = crowd(dice, 'moving');
    const [whole, cut, seen] = await machines(text, dice, { ring: 1 << 14, holds: true, kinds: ['raise', 'hold', 'serve', 'lost'] });
    if (!whole || !cut || !seen) throw new Error('three machines');
    const all = told(whole, 1_000_000);
    const some: EventRecord[] = [];
    while (cut.now < 1_000_000)
      some.push(...told(cut, Math.min(1_000_000, Number(cut.now) + 1 + dice.below(dice.of([30, 3000, 100_000])))));
    expect({ text, all: inOrder(all) }).toEqual({ text, all: inOrder(told(seen, 1_000_000)) });
    expect({ text, some: inOrder(some) }).toEqual({ text, some: inOrder(all) });
    records += all.length;
  }
  expect(records).toBeGreaterThan(10_000);
});

/** Two sources of one CPU, and all but recognition takes as long: the second raises once, at that cycle; at another an irq moves, by a task of that CPU. */
const around = (second: number, move: number): string => `
version: 1
name: around
model: linux-6.12
machine: {cpus: 2}
universe: {vectors: 8}
devices:
  - {name: a, kind: free, handlerCycles: 500, interArrival: {cycles: [20000]}, irqs: [{irq: 24, cpu: 0}]}
  - {name: b, kind: free, handlerCycles: 500, interArrival: {replay: {cycles: [${second}]}}, irqs: [{irq: 25, cpu: 0}]}
events: [{at: {cycles: ${move}}, move: {irq: 25, to: [1], on: 0}}]
timing: {${timingIds.map((id) => `${id}: ${id === 'core.recognise' ? '{min: 50, default: 100, max: 150}' : 100}`).join(', ')}}
run: {seconds: 1}
`;

async function machineAround(second: number, move: number, record: 1 | 2): Promise<ProgramMachine> {
  const parsed = parseScenario(around(second, move), 'around');
  if ('errors' in parsed) throw new Error(parsed.errors[0]?.message);
  return assembleSystem(parsed.scenario).machine({ timed: true, record, ring: record === 2 ? 1 << 14 : 0 });
}

describe('what comes for a CPU about when its handler ends', () => {
  const never = 1_000_000;
  let end = 0;
  let way = 0;
  let served = 0;

  beforeAll(async () => {
    const machine = await machineAround(never, never, 2);
    machine.run(30_000);
    const events = machine.events();
    const at = (wanted: EventRecord['kind']): number => Number(events.findLast(({ kind }) => kind === wanted)?.time);
    end = at('step');
    way = at('accept') - at('raise');
    served = at('serve');
  });

  test("it ends with a step that is not the driver's", () => {
    expect(end).toBeGreaterThan(served + 500);
  });

  test.each([-2, -1, 0, 1, 2])('a message and a task, %i cycles behind', async (by) => {
    for (const [second, move] of [
      [end - way + by, never],
      [never, end + by],
    ] as const) {
      const [quick, seen] = await Promise.all([machineAround(second, move, 1), machineAround(second, move, 2)]);
      quick.run(60_000);
      while (seen.now < 60_000n) {
        seen.run(60_000 - Number(seen.now));
        seen.forget();
      }
      expect(outcome(quick, false)).toEqual(outcome(seen, false));
      expect(quick.counter('served') + quick.injected.ended).toBe(3);
    }
  });
});
