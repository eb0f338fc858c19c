/** Operations that are injected into a run: by hand, by `events`, by policies. */
import { describe, expect, test } from 'vitest';
import {
  assembleSystem,
  ModelError,
  search,
  timedRun,
  type RunView,
  type Scenario,
  type ScenarioMachine,
  type System,
} from '../../src/index.js';
import { LIMITS, scenarioOf } from '../check/help.js';

const base = (rest: string, cpus = 3, model = 'linux-7.0'): Scenario =>
  scenarioOf(`version: 1
name: injected
model: ${model}
machine: {cpus: ${cpus}}
universe: {vectors: 8}
devices:
  - {name: nic, kind: free, message: {type: msix}, interArrival: {poisson: {us: 30}}, irqs: [{irq: 24, cpu: 0}, {irq: 25, cpu: 1}]}
  - {name: disk, message: {type: msix}, interArrival: {us: [40]}, irqs: [{irq: 30, cpu: 1}]}
run: {seconds: 0.02}
${rest}`);

/** Assembled once each. */
const systems = new Map<string, System>();

function machineOf(scenario: Scenario): Promise<ScenarioMachine> {
  const key = JSON.stringify(scenario);
  const system = systems.get(key) ?? assembleSystem(scenario);
  systems.set(key, system);
  return system.machine({ timed: true, record: 1, ring: 1 << 14 });
}

const us = (n: number): number => n * 3000;
/** To a cycle. */
function runTo(machine: ScenarioMachine, cycle: number): void {
  while (machine.now < cycle) {
    machine.run(cycle - Number(machine.now));
    machine.events();
  }
}

describe('injection', () => {
  const events = `events:
  - {at: {us: 100}, move: {irq: 24, to: [2]}}
  - {at: {us: 300}, offline: 1}
  - {at: {us: 301}, move: {irq: 25, to: [0], on: 2}}
  - {at: {us: 4000}, online: 1}
`;

  test('the same from the library, beforehand or now, as in events: equal digest', async () => {
    const digest = async (scenario: Scenario, inject: (machine: ScenarioMachine) => void): Promise<string> => {
      const machine = await machineOf(scenario);
      inject(machine);
      runTo(machine, us(5000));
      expect(machine.injected).toEqual({ total: 4, begun: 4, ended: 4 });
      return machine.eventDigest();
    };
    const listed = await digest(base(events), () => undefined);
    const before = await digest(base(''), (machine) => {
      // the order of the calls is not that of the times
      machine.offline(1, { us: 300 });
      machine.online(1, { cycles: us(4000) });
      machine.setAffinity(24, [2], { us: 100 });
      machine.inject({ move: { irq: 25, to: [0], on: 2 } }, { us: 301 });
    });
    const now = await digest(base(''), (machine) => {
      runTo(machine, us(100));
      machine.setAffinity(24, [2]);
      runTo(machine, us(300));
      machine.offline(1);
      runTo(machine, us(301));
      machine.inject({ move: { irq: 25, to: [0], on: 2 } });
      runTo(machine, us(4000));
      machine.online(1);
    });
    expect([before, now]).toEqual([listed, listed]);
    expect(await digest(base(events.replace('us: 100', 'us: 101')), () => undefined)).not.toBe(listed);
    const { injected } = await timedRun(base(events));
    expect(injected).toEqual({ total: 4, done: 4, running: 0, queued: 0, refused: 0 });
  });

  test('does what it says', async () => {
    const machine = await machineOf(base(events));
    runTo(machine, us(290));
    expect(machine.view().irqs.map(({ cpu }) => cpu)).toEqual([2, 1, 1]);
    runTo(machine, us(3900));
    expect(machine.view().online).toEqual([0, 2]);
    expect(machine.view().irqs[1]?.cpu).toBe(0);
    runTo(machine, us(5000));
    expect(machine.view().online).toEqual([0, 1, 2]);
  });

  test('sees the sockets of a machine as nodes', async () => {
    const machine = await machineOf(
      scenarioOf(`version: 1
name: nodes
machine: {cpus: 4, sockets: 2}
devices: [{name: a, irqs: [{irq: 24}]}, {name: b, socket: 1, irqs: [{irq: 25}]}]
`),
    );
    expect(machine.view().cpus.map(({ node }) => node)).toEqual([0, 0, 1, 1]);
    expect(machine.view().irqs.map(({ node }) => node)).toEqual([0, 1]);
  });

  test('a snapshot holds what waits and what is under way', async () => {
    const machine = await machineOf(base(events));
    // in the middle of the offline: one is under way, one waits
    runTo(machine, us(700));
    expect(machine.injected).toEqual({ total: 4, begun: 3, ended: 2 });
    expect(machine.pending()).toHaveLength(2);
    const snapshot = machine.snapshot();
    const end = (): readonly unknown[] => {
      runTo(machine, us(10_000));
      return [machine.injected, machine.eventDigest(), machine.digest(), machine.view().online];
    };
    const first = end();
    machine.restore(snapshot);
    expect(machine.pending()).toHaveLength(2);
    expect(end()).toEqual(first);
    // in another machine too
    const other = await machineOf(base(events));
    other.restore(snapshot);
    runTo(other, us(10_000));
    expect(other.digest()).toBe(machine.digest());
  });

  test('one behind the other: those that plug CPUs, and those of one irq', async () => {
    // with CPUs enough that others would have time for the second
    const machine = await machineOf(base('', 5));
    const begins: string[] = [];
    machine.offline(1);
    machine.offline(2);
    machine.online(2);
    for (const cpu of [2, 0, 2]) machine.setAffinity(30, [cpu], { us: 10_000 });
    for (let i = 0; i < 40; i++) {
      machine.run(us(500));
      for (const { kind, a } of machine.events()) if (kind === 'opBegin' || kind === 'opEnd') begins.push(`${kind} ${a}`);
    }
    expect(begins).toEqual([0, 1, 2, 3, 4, 5].flatMap((n) => [`opBegin ${n}`, `opEnd ${n}`]));
    expect(machine.view().online).toEqual([0, 2, 3, 4]);
  });

  test('by the CPU that it names, if that has time', async () => {
    const machine = await machineOf(base('', 5));
    machine.inject({ move: { irq: 30, to: [2], on: 3 } });
    machine.inject({ move: { irq: 24, to: [2], on: 3 } });
    machine.inject({ move: { irq: 25, to: [2] } });
    machine.run(100);
    expect([0, 1, 2, 3, 4].filter((c) => machine.instruction(c) !== undefined)).toEqual([0, 3, 4]);
  });

  test.each([
    ['no such CPU', (m: ScenarioMachine) => m.offline(7), 'CPU 7 does not exist; the machine has CPUs 0, 1 and 2'],
    ['no such target', (m: ScenarioMachine) => m.setAffinity(24, [0, 9]), 'CPU 9 does not exist; the machine has CPUs 0, 1 and 2'],
    ['no such irq', (m: ScenarioMachine) => m.setAffinity(9, [0]), 'irq 9 does not exist; the devices have irq 24, 25 and 30'],
    ['nowhere', (m: ScenarioMachine) => m.setAffinity(24, []), 'an irq needs a CPU to go to; name one'],
    ['a CPU that is there', (m: ScenarioMachine) => m.online(1), 'CPU 1 is online already; take it offline before, or leave this out'],
    [
      'the last CPU',
      (m: ScenarioMachine) => {
        for (const cpu of [0, 1, 2]) m.offline(cpu);
      },
      'CPU 2 is the only one online and cannot go offline; bring another online before',
    ],
    [
      'to CPUs that will be away',
      (m: ScenarioMachine) => {
        m.offline(1);
        m.setAffinity(24, [1], { us: 9000 });
      },
      'no CPU of this list is online then; add one of CPUs 0 and 2',
    ],
    [
      'the past',
      (m: ScenarioMachine) => {
        m.run(3000);
        m.offline(1, { us: 0 });
      },
      'cycle 0 has passed; it is cycle 3000 now',
    ],
    [
      'too many',
      (m: ScenarioMachine) => {
        for (let i = 0; i < 65; i++) m.setAffinity(24, [1]);
      },
      '64 operations wait already, and no more have room; let the machine run first',
    ],
  ])('%s: one sentence', async (_, mistake, sentence) => {
    const machine = await machineOf(base(''));
    expect(() => mistake(machine)).toThrow(new RangeError(sentence));
  });

  test('an irq that no driver has', async () => {
    const machine = await machineOf(
      scenarioOf(`version: 1
name: free
machine: {cpus: 2}
devices: [{name: nic, irqs: [{irq: 24, requested: false}]}]
`),
    );
    expect(() => machine.setAffinity(24, [1])).toThrow('irq 24 is not requested: no driver has it, and nothing moves it');
  });

  test('a check refuses what has a time', async () => {
    await expect(search(assembleSystem(base(events)), LIMITS)).rejects.toThrow(ModelError);
    await expect(search(assembleSystem(base('policies: [{storm: {perSecond: 9}}]\n')), LIMITS)).rejects.toThrow('policies go on');
  });

  test('beside the operations of the scenario: both take their turns', async () => {
    const mixed = base(`operations: [{offline: 2}, {online: 2}]
events: [{at: {us: 1}, offline: 1}, {at: {us: 2}, move: {irq: 24, to: [2]}}, {at: {us: 3}, online: 1}]
`).run;
    const { injected, verdict } = await timedRun({
      ...base('operations: [{offline: 2}, {online: 2}]\nevents: [{at: {us: 1}, offline: 1}, {at: {us: 3}, online: 1}]\n'),
      run: { ...mixed, repeat: true },
    });
    expect([injected.done, verdict]).toEqual([2, 'passed']);
  });
});

describe('policies', () => {
  test('a storm of moves: safe on 7.0 with MSI-X, all of them done', async () => {
    const run = await timedRun(base('policies: [{storm: {perSecond: 10000}}]\n'), {}, { seconds: 0.1 });
    expect(run).toMatchObject({ verdict: 'passed', lost: 0, strays: 0, injected: { running: 0, queued: 0, refused: 0 } });
    expect(run.injected.done).toBeGreaterThan(900);
    expect(run.injected.done).toBeLessThan(1100);
    expect(run.moves).toBeGreaterThan(50);
  });

  test('linux-5.5 tears a plain MSI in a storm within some milliseconds; 5.9 does not', async () => {
    const plain = scenarioOf(`version: 1
name: torn
machine: {cpus: 4}
devices:
  - {name: nic, kind: free, interArrival: {poisson: {us: 20}}, irqs: [{irq: 24, cpu: 0}]}
  - {name: disk, interArrival: {us: [20]}, irqs: [{irq: 30, cpu: 2}]}
policies: [{storm: {perSecond: 10000}}]
run: {seconds: 0.1}
`);
    const torn = await timedRun(plain, { model: 'linux-5.5' });
    expect(torn.verdict).toBe('failed');
    expect(torn.seconds).toBeLessThan(0.05);
    expect(await timedRun(plain, { model: 'linux-5.9' })).toMatchObject({ verdict: 'passed', lost: 0, strays: 0 });
  });

  test('a hotplug storm goes on for a thousand CPUs that go and come, and keeps as many as it says', async () => {
    const quiet = scenarioOf(`version: 1
name: plug
model: linux-7.0
machine: {cpus: 4}
devices: [{name: nic, message: {type: msix}, interArrival: {us: [900]}, irqs: [{irq: 24, cpu: 0}]}]
policies: [{hotplugStorm: {everyUs: 100, keep: 2}}, {storm: {perSecond: 500}}]
run: {seconds: 1.5}
`);
    const least: number[] = [];
    const watch = ({ online }: RunView): [] => {
      least.push(online.length);
      return [];
    };
    const run = await timedRun(quiet, {}, { policies: [watch] });
    expect(run).toMatchObject({ verdict: 'passed', lost: 0, injected: { refused: 0 } });
    expect(run.injected.done).toBeGreaterThan(1400);
    // nothing is stuck: what waits is of the last millisecond or two
    expect(run.injected.running + run.injected.queued).toBeLessThan(5);
    expect(least.length).toBe(1500);
    expect(new Set(least)).toEqual(new Set([2, 3, 4]));
  });

  test('a policy that draws more leaves the arrivals of devices as they are', async () => {
    const raises = async (policies: string): Promise<readonly string[]> => {
      const sparse = scenarioOf(`version: 1
name: streams
model: linux-7.0
machine: {cpus: 3}
devices: [{name: nic, kind: free, message: {type: msix}, interArrival: {poisson: {us: 200}}, irqs: [{irq: 24, cpu: 0}, {irq: 25, cpu: 1}]}]
${policies}`);
      const all: string[] = [];
      const machine = await machineOf(sparse);
      for (let b = 0; b < 50; b++) {
        // by hand: what policies would do
        if (policies !== '') for (const irq of [24, 25]) machine.setAffinity(irq, [(b + irq) % 3]);
        machine.run(us(1000));
        for (const { kind, time, a } of machine.events()) if (kind === 'raise') all.push(`${time} ${a}`);
      }
      return all;
    };
    const none = await raises('');
    expect(none.length).toBeGreaterThan(400);
    expect(await raises('policies: [{storm: {perSecond: 1}}]\n')).toEqual(none);
  });

  test('seeds decide everything, and another seed is another run', async () => {
    const scenario = base('policies: [{storm: {perSecond: 20000}}, {hotplugStorm: {everyUs: 2000, keep: 1}}]\n');
    const digest = async (seed: number): Promise<string> => (await timedRun(scenario, {}, { seed })).digest;
    const first = await digest(1);
    expect(await digest(1)).toBe(first);
    expect(await digest(2)).not.toBe(first);
    // a deadline looks on, and changes nothing
    expect((await timedRun(scenario, {}, { seed: 1, deadline: 1e9 })).digest).toBe(first);
  });

  test('round robin visits every CPU with every irq', async () => {
    const seen = new Set<string>();
    const watch = ({ irqs }: RunView): [] => {
      for (const { irq, cpu } of irqs) seen.add(`${irq}:${cpu}`);
      return [];
    };
    await timedRun(base('policies: [{roundRobin: {everyUs: 1000, irqs: [24, 25]}}]\n'), {}, { policies: [watch], seconds: 0.03 });
    expect([...seen].toSorted()).toEqual(['24:0', '24:1', '24:2', '25:0', '25:1', '25:2', '30:1']);
  });

  test('the balancer takes busy irqs apart, and leaves them where they are then', async () => {
    const packed = scenarioOf(`version: 1
name: packed
model: linux-7.0
machine: {cpus: 3}
devices: [{name: nic, kind: free, message: {type: msix}, interArrival: {us: [20]}, irqs: [{irq: 24, cpu: 0}, {irq: 25, cpu: 0}, {irq: 26, cpu: 0}]}]
policies: [{balancer: {everyUs: 2000}}]
run: {seconds: 0.05}
`);
    const places: string[] = [];
    const watch = ({ irqs }: RunView): [] => {
      places.push(irqs.map(({ cpu }) => cpu).join(' '));
      return [];
    };
    await timedRun(packed, {}, { policies: [watch] });
    expect(places[0]).toBe('0 0 0');
    expect(new Set(places.at(-1)?.split(' ')).size).toBe(3);
    expect(new Set(places.slice(-20)).size).toBe(1);
  });

  test('a callback is a policy: asked every millisecond, it sees the machine and says what is to be done', async () => {
    const asked: number[] = [];
    const follow = ({ time, until, irqs, cpus }: RunView) => {
      asked.push(time);
      expect(until - time).toBe(3_000_000);
      expect(cpus.reduce((sum, { handled }) => sum + handled, 0)).toBe(irqs.reduce((sum, { handled }) => sum + handled, 0));
      return time === us(3000) ? [{ at: { cycles: time + 100 }, move: { irq: 24, to: [2] } }] : [];
    };
    const run = await timedRun(base(''), {}, { policies: [follow] });
    expect(asked).toEqual(Array.from({ length: 20 }, (_, i) => us(i * 1000)));
    expect(run.injected).toMatchObject({ total: 1, done: 1 });
    const lost = (): [{ at: { us: number }; offline: number }] => [{ at: { us: 50_000 }, offline: 9 }];
    await expect(timedRun(base(''), {}, { policies: [lost] })).rejects.toThrow('CPU 9 does not exist');
  });
});
