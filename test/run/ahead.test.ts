import { expect, test } from 'vitest';
import { Status } from '../../src/core/index.js';
import type { System } from '../../src/scenario/index.js';
import type { ProgramMachine, MachineSetup } from '../../src/machine/index.js';
import { Dice, machineOf, randomSystem } from '../engine/systems.js';

/** All that a run decides, and what it counted. */
function outcome(machine: ProgramMachine): Record<string, unknown> {
  const counters = (
    [
      'raises',
      'served',
      'messages',
      'accepts',
      'merged',
      'dropped',
      'acknowledged',
      'ipis',
      'microOps',
      'lost',
      'strays',
      'events',
      'ticks',
    ] as const
  ).map((name) => `${name} ${machine.counter(name)}`);
  return { now: machine.now, state: machine.digest(), events: machine.eventDigest(), counters };
}

/** A random seed, traffic and latencies for a system; no property stops the run, no ring. */
function variation(dice: Dice, system: System, most: number): Partial<MachineSetup> {
  const { sources } = system.setup({ timed: true, record: 1 });
  return {
    seed: dice.below(2 ** 31),
    jitter: dice.of([true, true, false]),
    messages: dice.of([1, 2, 8, 64]),
    repeat: dice.of([true, false]),
    properties: [],
    ring: 0,
    sources: sources.map((s) => ({
      ...s,
      raises: dice.of([5, Infinity]),
      gaps: Array.from({ length: 1 + dice.below(4) }, () => 1 + dice.below(most)),
    })),
    timing: { 'core.wake': { min: 20, default: 100, max: 500 }, 'msi.moderation': dice.of([30, 3000]) },
  };
}

const HORIZON = 20_000;

test('stepping one cycle at a time equals running ahead, in 1,000 random machines (design 3)', async () => {
  const dice = new Dice(1);
  let events = 0;
  for (let i = 0; i < 40; i++) {
    const system = randomSystem(dice, { hotplug: dice.below(3) === 0, assumptions: true });
    for (let j = 0; j < 25; j++) {
      const changes = variation(dice, system, 3000);
      const [ahead, stepped] = [await machineOf(system, true, changes), await machineOf(system, true, changes)];
      ahead.run(HORIZON);
      const { runCycles } = stepped.core.exports;
      for (let cycle = 0; cycle < HORIZON; cycle++) runCycles(1, 0);
      expect(outcome(stepped)).toEqual(outcome(ahead));
      events += ahead.counter('events');
    }
  }
  // not about idle machines
  expect(events / 1000).toBeGreaterThan(50);
});

test('so do steps of random length, over CPUs going offline and online', async () => {
  const dice = new Dice(2);
  let ended = 0;
  for (let i = 0; i < 60; i++) {
    const system = randomSystem(dice, { hotplug: true, assumptions: true });
    const changes = variation(dice, system, 300_000);
    const [ahead, stepped] = [await machineOf(system, true, changes), await machineOf(system, true, changes)];
    const horizon = 20_000_000;
    expect(ahead.core.exports.runCycles(horizon, 0)).toBe(Status.more);
    for (let left = horizon; left > 0;) {
      const n = Math.min(left, dice.of([1, 100, 10_000, 1_000_000]) * (1 + dice.below(3)));
      stepped.core.exports.runCycles(n, 0);
      left -= n;
    }
    expect(outcome(stepped)).toEqual(outcome(ahead));
    ended += system.built.operations.filter((_, o) => ahead.ended(o)).length;
  }
  expect(ended).toBeGreaterThan(60);
});

test('draining the ring, or having none, changes nothing', async () => {
  const dice = new Dice(3);
  for (let i = 0; i < 10; i++) {
    const system = randomSystem(dice, { hotplug: true });
    const changes = variation(dice, system, 3000);
    const [without, drained] = [await machineOf(system, true, changes), await machineOf(system, true, { ...changes, ring: 512 })];
    without.run(3_000_000);
    while (drained.now < 3_000_000n) {
      drained.run(Number(3_000_000n - drained.now));
      drained.events();
    }
    expect(drained.eventDigest()).toBe(without.eventDigest());
    expect(drained.counter('events')).toBe(without.counter('events'));
  }
});
