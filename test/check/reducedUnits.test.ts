/**
 * Level 2 of the reduction on machines with remapping units, pins and posting: what those may ever do, and that the answer of the full
 * search is kept (design 4). Programs of a hunt, on kernels of all ages, and hosts of a guest behind an AMD unit, right and wrong.
 */
import { expect, test } from 'vitest';
import { sequences } from '../../src/hunt/operations.js';
import { scenarioOf as scenarioOfProgram } from '../../src/hunt/program.js';
import { kinds, platforms, surroundings } from '../../src/hunt/universe.js';
import { assembleWith, linux, type System } from '../../src/index.js';
import { systemOn } from '../../src/check/index.js';
import { guestKernel } from '../engine/guestKernel.js';
import { Dice, machineOf } from '../engine/systems.js';
import { scenarioOf } from './help.js';
import { compare, names } from './reduced.js';
import { choiceHolds, outsideFutures, walk } from './walks.js';

/** Machines that are walked over; that are searched; states after which a search is given up. */
const [FUTURES, SEARCHES, MOST] = [8, 6, 8000];

/** Some assumptions about units are given up. */
const given = (dice: Dice) => ({
  iecDrain: dice.of(['irr', 'irr', 'root-complex', 'none'] as const),
  irteFetch: dice.of(['whole', 'halves'] as const),
  recognition: dice.of(['prompt', 'prompt', 'free'] as const),
});

/** A program of a hunt on a kernel of any age; undefined where that cannot drive the machine, or nothing can be done to it. */
function randomProgram(dice: Dice): System | undefined {
  const setting = {
    platform: dice.of(platforms.slice(1)).name,
    kind: dice.of(kinds).name,
    cpus: 2,
    start: dice.below(2),
    surroundings: dice.of(surroundings).name,
  };
  const all = sequences(setting, 1 + dice.below(2));
  // there is no vector to be reserved in a crowd
  if (all.length === 0 || (setting.kind === 'managed-msix' && setting.surroundings === 'crowd')) return undefined;
  const scenario = scenarioOfProgram({ ...setting, operations: dice.of(all) }, given(dice), 'linux-6.17', dice.below(3) === 0);
  const on = systemOn(scenario, linux(dice.of(['4.19', '5.17', '6.1', '6.12', '6.17', '7.0'])));
  return 'verdict' in on ? undefined : on.system;
}

function randomGuest(dice: Dice): System {
  const kernel = guestKernel({
    halt: dice.of(['right', 'look-first', 'silent'] as const),
    start: dice.of(['right', 'look-first', 'elsewhere'] as const),
    log: dice.of(['right', 'clear-last', 'overflow-forgotten'] as const),
  });
  const lines = [
    'version: 1',
    'name: guest',
    `machine: {cpus: 2, iommu: {type: amd, guest: true, guestLog: ${dice.of([1, 15])}}}`,
    'universe: {vectors: 1}',
    'devices:',
    '  - {name: nic, raises: 2, irqs: [{irq: 24, cpu: 0}]}',
    `operations: [${dice.of(['', 'move: {irq: 24, to: [1]}', 'disable: 24'])}]`,
  ];
  const scenario = scenarioOf(lines.join('\n'));
  return assembleWith({ ...scenario, assumptions: { ...scenario.assumptions, ...given(dice) } }, kernel);
}

/** Systems by random numbers, so many of them. */
function* systems(dice: Dice, times: number): Generator<System> {
  for (let n = 0; n < times;) {
    const system = dice.below(4) === 0 ? randomGuest(dice) : randomProgram(dice);
    if (system === undefined) continue;
    n++;
    yield system;
  }
}

test('what units, pins and messages do while members stand still is inside of their futures, and commutes with what is chosen', async () => {
  const problems = new Set<string>();
  let [steps, pairs] = [0, 0];
  const dice = new Dice(9100);
  for (const system of systems(dice, FUTURES)) {
    const machine = await machineOf(system, false, { record: 0, ring: 0 });
    machine.image();
    machine.core.exports.openReduction();
    for (let n = 0; n < 3; n++) {
      const start = machine.snapshot();
      walk(machine, dice, 150, () => {
        const found = outsideFutures(machine, dice);
        found.problems.forEach((each) => problems.add(`${system.scenario.name}: ${each}`));
        steps += found.steps;
        const choice = choiceHolds(machine, dice);
        choice.problems.forEach((each) => problems.add(`${system.scenario.name}: ${each}`));
        pairs += choice.pairs;
      });
      machine.restore(start);
    }
  }
  expect([...problems]).toEqual([]);
  expect(steps).toBeGreaterThan(1000);
  expect(pairs).toBeGreaterThan(150);
});

test('both levels of the reduction give the verdict of the full search, level 2 with fewer states', async () => {
  const dice = new Dice(9200);
  const sum = [0, 0, 0];
  let [compared, wrong] = [0, 0];
  for (const system of systems(dice, Infinity)) {
    if (compared === SEARCHES) break;
    const result = await compare(() => machineOf(system, false, { record: 0, ring: 0 }), MOST, system.scenario.name);
    if (!result) continue;
    compared++;
    if (names(result.full).length > 0) wrong++;
    result.states.forEach((n, i) => (sum[i] = (sum[i] ?? 0) + n));
  }
  expect(compared).toBe(SEARCHES);
  expect(wrong).toBeGreaterThan(0);
  const [, first = 0, second = 0] = sum;
  expect(second).toBeLessThan(first);
});
