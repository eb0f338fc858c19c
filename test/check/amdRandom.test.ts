/** Random small scenarios with AMD-Vi units, right and wrong: search, images and reductions know them (hardware.md F). */
import { describe, expect, test } from 'vitest';
import { Actor } from '../../src/core/index.js';
import { assembleWith, type System } from '../../src/index.js';
import { amdKernel, type AmdBehaviours } from '../engine/amdKernel.js';
import { guestKernel, type GuestBehaviours } from '../engine/guestKernel.js';
import { Dice } from '../engine/systems.js';
import { scenarioOf } from './help.js';
import { asBruteForce, footprintsOf, imagesGoOn, reducedAlike } from './units.js';

function randomBehaviours(dice: Dice): AmdBehaviours {
  const update = dice.of(['whole', 'low-first', 'high-first', 'toggle', 'narrow', 'table', 'table'] as const);
  return {
    update,
    flush: dice.of(['entries', 'both', 'both', 'device', 'other', 'all', 'none'] as const),
    wait: dice.of(['behind', 'behind', 'before', 'interrupt', 'none'] as const),
    free: dice.of(['last', 'last', 'early'] as const),
  };
}

function randomGuest(dice: Dice): System {
  const behaviours: GuestBehaviours = {
    halt: dice.of(['right', 'right', 'look-first', 'silent'] as const),
    start: dice.of(['right', 'right', 'look-first', 'elsewhere', 'without-log'] as const),
    log: dice.of(['right', 'right', 'clear-last', 'overflow-forgotten', 'overflow-stays'] as const),
    activate: dice.of(['whole', 'low-first'] as const),
    ...(dice.below(8) === 0 && { page: 'nowhere' as const }),
  };
  const text = [
    'version: 1',
    'name: random',
    `machine: {cpus: 2, iommu: {type: amd, guest: true, guestLog: ${dice.of([1, 2, 15])}}}`,
    'universe: {vectors: 1}',
    'devices:',
    `  - {name: nic, kind: ${dice.of(['free', 'handshake'])}, raises: ${1 + dice.below(2)}, irqs: [{irq: 24, cpu: 0}]}`,
    dice.of(['operations: []', 'operations: [{move: {irq: 24, to: [1]}}]', 'operations: [{disable: 24}]']),
    `assumptions: {iecDrain: ${dice.of(['irr', 'none'])}, irteFetch: ${dice.of(['whole', 'halves'])}}`,
  ];
  return assembleWith(scenarioOf(text.join('\n')), guestKernel(behaviours));
}

function random(dice: Dice, small: boolean): System {
  if (dice.below(3) === 0) return randomGuest(dice);
  const behaviours = randomBehaviours(dice);
  const devices = small ? 1 + dice.below(2) : 2;
  const irqs = Array.from({ length: devices }, (_, i) => 24 + i);
  const text = [
    'version: 1',
    'name: random',
    `machine: {cpus: 2, iommu: {type: amd, ga: ${behaviours.update !== 'narrow'}, irtCacheDis: ${dice.below(5) === 0}}}`,
    'universe: {vectors: 4}',
    'devices:',
    ...irqs.map((irq) => {
      const [raises, kind] = [small && devices > 1 ? dice.below(2) : 1 + dice.below(2), dice.of(['handshake', 'free'])];
      return `  - {name: d${irq}, kind: ${kind}, raises: ${raises}, irqs: [{irq: ${irq}, cpu: ${dice.below(2)}}]}`;
    }),
    'operations:',
    ...Array.from({ length: 1 + dice.below(2) }, () => `  - move: {irq: ${dice.of(irqs)}, to: [${dice.below(2)}]}`),
    `assumptions: {iecDrain: ${dice.of(['irr', 'irr', 'root-complex', 'none'])}, irteFetch: ${dice.of(['whole', 'halves'])}}`,
  ];
  return assembleWith(scenarioOf(text.join('\n')), amdKernel(behaviours));
}

describe('random scenarios with AMD-Vi', () => {
  test.each([0, 1] as const)('level %i: states, transitions, states at rest and lengths are those of brute force', async (reduction) => {
    const dice = new Dice(81);
    expect(await asBruteForce(() => random(dice, true), reduction, 12)).toBeGreaterThan(3);
  });

  test('both levels of the reduction give the verdict of the full search', async () => {
    const dice = new Dice(82);
    expect(await reducedAlike(() => random(dice, true), 10)).toBe(10);
  });

  test('a state and its image go on alike', async () => {
    const dice = new Dice(83);
    expect(await imagesGoOn(() => random(dice, false), dice, 12)).toBeGreaterThan(500);
  });

  test('every step reads and writes nothing but what it declares, and those without conflict commute', async () => {
    const { problems, seen, pairs } = await footprintsOf((dice) => random(dice, false), 8400, 20);
    expect(problems).toEqual([]);
    expect(seen.get(Actor.queue)).toBeGreaterThan(10);
    expect(seen.get(Actor.drop)).toBeGreaterThan(10);
    expect(pairs).toBeGreaterThan(30);
    // a command drops the device entries of a requester that has none
    expect((await footprintsOf((dice) => random(dice, false), 208_405, 1)).problems).toEqual([]);
  }, 60_000);
});
