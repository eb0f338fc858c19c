/** The search against a slow one; its limits; and what it says about scenarios in which nothing happens. */
import { describe, expect, test } from 'vitest';
import { loadModule, ScenarioMachine, search, type SearchResult, type System } from '../../../src/index.js';
import { bruteForce } from '../brute.js';
import { given, LIMITS, searchOf, small, systemFrom, verdictOf, type Options } from '../help.js';

/** xhci-hotplug with one event: small enough for any method. */
const oneRaise = small({ cpus: [0, 3], devices: [{ irq: 122, cpu: 3, vector: 0x21, raises: 1 }], operations: ['offline: 3'] });

function found(result: SearchResult): Record<string, number> {
  return Object.fromEntries(result.failures.map((f) => [f.property, f.length]));
}

describe('against brute force', () => {
  test('5.6 xhci-hotplug: 13 visible steps to the loss, and there is no shorter way', async () => {
    const result = await searchOf('xhci-hotplug', { model: '5.6' });
    expect(found(result)).toEqual({ noLoss: 13 });
    expect((await bruteForce(systemFrom('xhci-hotplug', { model: '5.6' }))).failures).toEqual({ noLoss: 13 });
  });

  const free = small({ devices: [{ cpu: 0, vector: 0x22, kind: 'free', raises: 2 }], operations: ['move: {irq: 24, to: [1]}'] });
  const torn = small({
    devices: [
      { cpu: 1, vector: 0x21, raises: 1 },
      { cpu: 0, vector: 0x21, raises: 0 },
    ],
    operations: ['offline: 1'],
  });
  const leak = small({ devices: [{ cpu: 1, raises: 1 }], operations: ['move: {irq: 24, to: [0]}', 'offline: 1'] });
  const replug = small({ devices: [{ cpu: 1, raises: 1 }], operations: ['offline: 1', 'online: 1'] });
  const cases: readonly (readonly [string, string, Options])[] = [
    ['a loss', oneRaise, { model: '5.6' }],
    ['safe', oneRaise, {}],
    ['two properties fail', oneRaise, { set: { irrScan: 'none' } }],
    ['messages that nothing pushes, samples kept back', oneRaise, { assume: { push: 'none', sampling: 'then-delay' } }],
    ['a CPU that may go on before it takes a vector', oneRaise, { assume: { recognition: 'free', delivery: 'unbounded' } }],
    ['a free device and a move', free, { model: '5.5' }],
    ['two steps without push', torn, { assume: { push: 'none' } }],
    ['a leak, found by the probe', leak, {}],
    ['online again', replug, { model: '5.6' }],
  ];

  test.each(cases)('%s: same states, transitions, states at rest, failures and lengths', async (_, scenario, options) => {
    const result = await searchOf(scenario, options);
    const brute = await bruteForce(systemFrom(scenario, options));
    const { states, transitions, rest } = result.coverage;
    expect({ states, transitions, rest, failures: found(result) }).toEqual(brute);
  });
});

describe('limits', () => {
  test('states: unknown, with the limit in the reason', async () => {
    const { verdict, reason, coverage } = await search(systemFrom('move-hotplug'), { ...LIMITS, states: 1000 });
    expect([verdict, reason]).toEqual(['unknown', 'the limit of 1000 states was reached']);
    expect(coverage.states).toBeGreaterThanOrEqual(1000);
  });

  test.each([0, 1, 2 ** 16, 2 ** 20])('%i bytes of memory: unknown, with a reason', async (memory) => {
    const { verdict, reason, effort } = await search(systemFrom('move-hotplug'), { memory, states: Infinity });
    expect([verdict, reason]).toEqual(['unknown', 'the memory limit was reached']);
    expect(effort.memory).toBeLessThan(2 ** 23);
  });

  test('a failure that was found before the limit stays a failure, and the reason says that there may be more', async () => {
    const all = await searchOf('move-hotplug', { model: '5.6' });
    const some = await search(systemFrom('move-hotplug', { model: '5.6' }), { ...LIMITS, states: 30_000 });
    expect([all.verdict, found(all), all.reason]).toEqual(['failed', { noLoss: 13, noLeak: 45 }, undefined]);
    expect([some.verdict, found(some), some.reason]).toEqual(['failed', { noLoss: 13 }, 'the limit of 30000 states was reached']);
  });

  test('progress is told between batches, and may stop the search', async () => {
    const seen: number[] = [];
    const { verdict, reason } = await search(systemFrom('move-hotplug'), {
      ...LIMITS,
      progress: (c) => {
        seen.push(c.states);
        return seen.length === 2;
      },
    });
    expect([verdict, reason, seen.length]).toEqual(['unknown', 'interrupted', 2]);
    expect(given(seen[1])).toBeGreaterThan(given(seen[0]));
  });
});

describe('vacuous', () => {
  test('an operation that cannot begin, as its task is for a CPU that is offline', async () => {
    const system = systemFrom(small({ offline: [1], devices: [{ cpu: 0, raises: 1, affinity: [0] }], operations: ['online: 1'] }));
    const elsewhere: System = {
      ...system,
      machine: async (mode) => {
        const setup = system.setup(mode);
        const made = (await ScenarioMachine.instantiate(
          { ...setup, operations: setup.operations.map((o) => ({ ...o, cpu: 1 })) },
          await loadModule(),
        )) as ScenarioMachine;
        system.built.boot(made);
        made.start();
        return made;
      },
    };
    expect((await search(system, LIMITS)).verdict).toBe('safe');
    const { verdict, reason } = await search(elsewhere, LIMITS);
    expect([verdict, reason]).toEqual(['unknown', 'vacuous: online CPU 1 never ended on any path']);
  });

  test('a device that is to raise nothing is no reason for doubt beside one that does', async () => {
    const devices = [
      { cpu: 0, raises: 1 },
      { cpu: 1, raises: 0 },
    ];
    const { verdict, vacuity } = await searchOf(small({ devices }));
    expect([verdict, vacuity.neverHandled]).toEqual(['safe', []]);
  });

  test('a scenario in which no device raises', async () => {
    const scenario = small({ devices: [{ cpu: 1, raises: 0 }], operations: ['offline: 1'] });
    expect(await verdictOf(scenario)).toMatch(/^vacuous/);
  });
});

describe('determinism', () => {
  test.each([
    ['xhci-hotplug', { model: '5.6' }],
    ['move-hotplug', {}],
  ])('%s: two searches give one result, paths included', async (scenario, options) => {
    expect(await searchOf(scenario, options)).toEqual(await searchOf(scenario, options));
  });

  test('looking on decides nothing', async () => {
    const watched = await search(systemFrom('move-hotplug'), { ...LIMITS, progress: () => false });
    expect(watched).toEqual(await searchOf('move-hotplug'));
  });
});
