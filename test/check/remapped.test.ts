/** Remapping units in a check: what forgetting an invalidation does, and that search, images and reductions know units. */
import { describe, expect, test } from 'vitest';
import { Actor } from '../../src/core/index.js';
import { search as searchSystem, type System } from '../../src/index.js';
import { Dice, randomSystem, system } from '../engine/systems.js';
import { systemFrom } from './help.js';
import { asBruteForce, footprintsOf, imagesGoOn, reducedAlike } from './units.js';

/** Ten lines: an irq moves to another CPU, by its entry in the remapping table. */
const tenLines = (settings: string, devices: string): string => `\
version: 1
name: remapped-move
${settings}
machine: {cpus: 2, iommu: vtd}
universe: {vectors: 2}
devices:
${devices}
operations:
  - move: {irq: 24, to: [0]}
`;

const one = '  - {name: nic, raises: 2, irqs: [{irq: 24, cpu: 1}]}';
/** The irq that moves has entry 1, behind that of another device. */
const second = '  - {name: disk, raises: 0, irqs: [{irq: 23, cpu: 0}]}\n  - {name: nic, raises: 1, irqs: [{irq: 24, cpu: 1}]}';

describe('in a scenario of ten lines (hardware.md D.4, linux.md 2.6)', () => {
  const verdicts = async (text: string): Promise<string[]> =>
    Promise.all(
      ([0, 1, 2] as const).map(async (reduction) => {
        const { verdict, failures } = await searchSystem(systemFrom(text), { memory: 2 ** 30, states: 100_000, reduction });
        return verdict === 'failed'
          ? failures
              .map(({ property }) => property)
              .toSorted()
              .join()
          : verdict;
      }),
    );

  test.each([
    ['the right sequence', 'behaviours: {}', one, 'safe'],
    ['the right sequence for the second entry', 'behaviours: {}', second, 'safe'],
    ['a missing invalidation', 'behaviours: {iecFlush: none}', one, 'noLoss,noStray'],
    ['an invalidation that is not waited for', 'behaviours: {iecWait: none}', one, 'noLoss,noStray'],
    ['an index mask that leaves the entry out', 'behaviours: {iecIndex: first}', second, 'noLoss,noStray'],
    ['no drain', 'assumptions: {iecDrain: none}', one, 'noLoss,noStray'],
    ['a drain out of the root complex only', 'assumptions: {iecDrain: root-complex}', one, 'noLoss,noStray'],
    ['an entry that is read in halves, of which one changes', 'assumptions: {irteFetch: halves}', one, 'safe'],
  ])('%s: the verdict at all levels of the reduction', async (_, settings, devices, verdict) => {
    const text = tenLines(settings, devices);
    expect(text.split('\n').length).toBeLessThanOrEqual(12);
    expect(await verdicts(text)).toEqual([verdict, verdict, verdict]);
  });

  test('the CPU that the interrupt leaves may go offline behind the move', async () => {
    expect(await verdicts(`${tenLines('behaviours: {}', one)}  - offline: 1\n`)).toEqual(['safe', 'safe', 'safe']);
  });

  test('a unit that caches entries that are not present changes nothing where none is made', async () => {
    const text = tenLines('behaviours: {}', one).replace('iommu: vtd', 'iommu: {type: vtd, cachingMode: true}');
    expect(await verdicts(text)).toEqual(['safe', 'safe', 'safe']);
  });

  test('two units, each with a device: an invalidation goes to the unit of the device', async () => {
    const text = tenLines('behaviours: {}', second).replace('iommu: vtd', 'iommu: {type: vtd, units: [{devices: [disk]}, {}]}');
    expect(await verdicts(text)).toEqual(['safe', 'safe', 'safe']);
  });

  test('an image has at most 450 bytes with 3 CPUs, 2 devices and a unit (design 3)', async () => {
    const text = `\
version: 1
name: three
machine: {cpus: 3, iommu: vtd}
universe: {vectors: 4}
devices:
  - {name: a, raises: 1, irqs: [{irq: 24, cpu: 1}]}
  - {name: b, raises: 1, irqs: [{irq: 25, cpu: 2}]}
operations:
  - offline: 2
`;
    const { coverage } = await searchSystem(systemFrom(text), { memory: 2 ** 30, states: 100_000 });
    expect(coverage.largestImage).toBeGreaterThan(100);
    expect(coverage.largestImage).toBeLessThanOrEqual(450);
  });
});

describe('random remapped scenarios', () => {
  const random = (dice: Dice, small: boolean, hotplug: boolean): System => randomSystem(dice, { hotplug, small, remapped: 'vtd' });

  test.each([0, 1] as const)('level %i: states, transitions, states at rest and lengths are those of brute force', async (reduction) => {
    const dice = new Dice(71);
    expect(await asBruteForce(() => random(dice, true, false), reduction, 16)).toBeGreaterThan(2);
  });

  test('both levels of the reduction give the verdict of the full search', async () => {
    const dice = new Dice(72);
    expect(await reducedAlike((i) => random(dice, true, i % 3 === 0), 10)).toBe(10);
  });

  test('a state and its image go on alike', async () => {
    const dice = new Dice(73);
    expect(await imagesGoOn((i) => random(dice, false, i % 2 === 0), dice, 20)).toBeGreaterThan(500);
  });

  test('every step reads and writes nothing but what it declares, and those without conflict commute', async () => {
    const { problems, seen, pairs } = await footprintsOf((dice, i) => random(dice, false, i % 2 === 0), 7400, 28);
    expect(problems).toEqual([]);
    expect(seen.get(Actor.queue)).toBeGreaterThan(10);
    expect(seen.get(Actor.drop)).toBeGreaterThan(10);
    expect(pairs).toBeGreaterThan(50);
  }, 60_000);
});

test('a kernel without a scenario of its own model keeps its devices unmapped', () => {
  expect(system('version: 1\nname: a\nmachine: {cpus: 1}\ndevices: [{name: n, irqs: [{irq: 1}]}]').built.irtes).toBeUndefined();
});
