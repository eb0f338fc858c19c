/** Assumptions that are given up: those that are not tried would change nothing. */
import { describe, expect, test } from 'vitest';
import { search } from '../../src/check/index.js';
import { givenSets, isWithin, mattering, rankOfGiven } from '../../src/hunt/given.js';
import { scenarioOf, type Program } from '../../src/hunt/program.js';
import { linux } from '../../src/kernel/model/index.js';
import { assumptionValues, type Assumptions } from '../../src/machine/index.js';
import { assembleSystem, type Operation } from '../../src/scenario/index.js';

const model = linux('5.9');

const program = (platform: string, kind: string, ...operations: readonly Operation[]): Program => ({
  platform,
  kind,
  cpus: 2,
  start: 1,
  surroundings: 'alone',
  operations,
});

describe('what does not matter to a program', () => {
  const move: Operation = { move: { irq: 24, to: [0] } };
  test.each([
    program('plain', 'msi', move),
    program('plain', 'msix', { free: 24 }),
    program('plain', 'hpet', { offline: 1 }),
    program('plain', 'edge-pin', { disable: 24 }),
    program('plain', 'level-pin', { offline: 1 }),
    program('vtd', 'level-pin', move),
    program('vtd', 'msi', { free: 24 }),
    program('vcpu', 'msi', { block: 0 }),
    program('amd-vcpu', 'msi', { preempt: 0 }),
    program('vcpu', 'msix', { unpost: 24 }, { post: { irq: 24, vcpu: 0 } }),
  ])('changes neither states nor verdict: $platform $kind $operations', async (each) => {
    const result = async (given: Partial<Assumptions>): Promise<unknown> => {
      const system = assembleSystem(scenarioOf(each, given, model.name), { model });
      const { verdict, coverage, failures } = await search(system, { memory: 2 ** 28, states: 1e5 });
      return [verdict, coverage.states, failures];
    };
    const matters = mattering(each);
    const others = (Object.keys(assumptionValues) as (keyof Assumptions)[]).filter((name) => !matters.includes(name));
    expect(others).not.toEqual([]);
    const furthest = Object.fromEntries(others.map((name) => [name, assumptionValues[name].at(-1)])) as Partial<Assumptions>;
    expect(await result(furthest)).toEqual(await result({}));
  });
});

test('sets of one, and of two, by what they ask for', () => {
  const each = program('plain', 'msi', { free: 24 });
  expect(givenSets(each, 0)).toEqual([{}]);
  expect(givenSets(each, 1)).toEqual([{ sampling: 'then-delay' }, { push: 'root-complex' }, { recognition: 'free' }]);
  expect(givenSets(each, 2)).toContainEqual({ push: 'none' });
  expect(givenSets(each, 2)).toContainEqual({ sampling: 'then-delay', push: 'root-complex' });
  expect(givenSets(each, 3)).toEqual([
    { sampling: 'then-delay', push: 'none' },
    { push: 'none', recognition: 'free' },
  ]);
  expect(rankOfGiven({ push: 'none', recognition: 'free' })).toBe(3);
  expect(isWithin({ push: 'root-complex' }, { push: 'none', recognition: 'free' })).toBe(true);
  expect(isWithin({ push: 'none' }, { push: 'root-complex' })).toBe(false);
  expect(isWithin({}, {})).toBe(true);
});
