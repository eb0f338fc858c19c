/** The search of the core against the slow one, over random scenarios: what a step leaves behind must not reach its siblings. */
import { expect, test } from 'vitest';
import { machineOf, randomSystem, Dice } from '../engine/systems.js';
import { search } from '../engine/toy.js';
import { randomKernel } from '../engine/kernels.js';
import { bruteForce, exploreAll } from './brute.js';

test.each([0, 1] as const)(
  '30 random scenarios of up to 6,000 states, level %i: the same states, transitions, states at rest and lengths',
  async (reduction) => {
    const dice = new Dice(11);
    let compared = 0;
    let failed = 0;
    let taken = 0;
    for (let i = 0; compared < 30; i++) {
      const system = randomSystem(dice, { hotplug: i % 2 === 0, assumptions: true });
      const machine = await machineOf(system, false, { record: 0, ring: 0 });
      const { status, states, transitions, executed, rest, failures } = await search(machine, reduction, 6000);
      if (status !== 'done') continue;
      const lengths = Object.fromEntries(Object.entries(failures).map(([name, { length }]) => [name, length]));
      expect({ states, transitions, rest, failures: lengths }).toEqual(await bruteForce(system, reduction === 1));
      taken += executed / transitions;
      compared++;
      if (Object.keys(lengths).length > 0) failed++;
    }
    expect(failed).toBeGreaterThan(2);
    // some of the steps sleep
    expect(taken / compared).toBeLessThan(reduction === 0 ? 0.8 : 0.95);
  },
);

test.each([0, 1] as const)(
  '200 kernels of a few lines, level %i: the same states, transitions, states at rest and lengths',
  async (reduction) => {
    let compared = 0;
    let taken = 0;
    for (let seed = 0; compared < 200; seed++) {
      const kernel = await randomKernel(new Dice(seed), seed % 3 === 0);
      if (!kernel) continue;
      const { status, states, transitions, executed, rest, failures } = await search(await kernel.again(), reduction, 2500);
      if (status !== 'done') continue;
      const lengths = Object.fromEntries(Object.entries(failures).map(([name, { length }]) => [name, length]));
      expect({ seed, states, transitions, rest, failures: lengths }).toEqual({
        seed,
        ...exploreAll(await kernel.again(), reduction === 1),
      });
      taken += executed / transitions;
      compared++;
    }
    expect(taken / compared).toBeLessThan(0.9);
  },
);
