/** Remapping units in a check: what forgetting an invalidation does, and that search, images and reductions know units. */
import { beforeAll, describe, expect, test } from 'vitest';
import { Actor } from '../../src/core/index.js';
import { search as searchSystem } from '../../src/index.js';
import { Instrumented } from '../engine/instrumented.js';
import { footprintAt, namesOf, resourceMap } from '../engine/resources.js';
import { Dice, machineOf, randomSystem, system } from '../engine/systems.js';
import { search } from '../engine/toy.js';
import { bruteForce } from './brute.js';
import { systemFrom } from './help.js';
import { compare } from './reduced.js';

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
  test.each([0, 1] as const)('level %i: states, transitions, states at rest and lengths are those of brute force', async (reduction) => {
    const dice = new Dice(71);
    let failed = 0;
    for (let compared = 0; compared < 16;) {
      const s = randomSystem(dice, { hotplug: false, small: true, remapped: true });
      const machine = await machineOf(s, false, { record: 0, ring: 0 });
      const { status, states, transitions, rest, failures } = await search(machine, reduction, 20_000);
      if (status !== 'done') continue;
      const lengths = Object.fromEntries(Object.entries(failures).map(([name, { length }]) => [name, length]));
      expect({ states, transitions, rest, failures: lengths }).toEqual(await bruteForce(s, reduction === 1));
      if (Object.keys(lengths).length > 0) failed++;
      compared++;
    }
    expect(failed).toBeGreaterThan(2);
  });

  test('both levels of the reduction give the verdict of the full search', async () => {
    const dice = new Dice(72);
    let compared = 0;
    for (let i = 0; compared < 10; i++) {
      const s = randomSystem(dice, { hotplug: i % 3 === 0, small: true, remapped: true });
      if (await compare(() => machineOf(s, false, { record: 0, ring: 0 }), 20_000, JSON.stringify(s.scenario.behaviours))) compared++;
    }
    expect(compared).toBe(10);
  });

  test('a state and its image go on alike', async () => {
    const dice = new Dice(73);
    for (let i = 0; i < 20; i++) {
      const s = randomSystem(dice, { hotplug: i % 2 === 0, remapped: true });
      const [original, other] = [await machineOf(s, false, { record: 0, ring: 0 }), await machineOf(s, false, { record: 0, ring: 0 })];
      for (let n = 0; n < 300; n++) {
        other.setImage(original.image());
        const actions = original.enabled();
        expect(other.enabled()).toEqual(actions);
        if (actions.length === 0) break;
        const action = dice.of(actions);
        expect(other.apply(action)).toEqual(original.apply(action));
        expect(Buffer.compare(other.image(), original.image())).toBe(0);
      }
    }
  });
});

describe('footprints', () => {
  let instrumented: Instrumented;
  beforeAll(async () => {
    instrumented = await Instrumented.build();
  }, 60_000);

  test('every step reads and writes nothing but what it declares, and those without conflict commute', async () => {
    const problems = new Set<string>();
    const seen = new Map<number, number>();
    let pairs = 0;
    for (let seed = 0; seed < 24; seed++) {
      const dice = new Dice(7400 + seed);
      const s = randomSystem(dice, { hotplug: seed % 2 === 0, remapped: true });
      const machine = await instrumented.used(() => machineOf(s, false, { record: 0, ring: 0 }));
      machine.image();
      machine.core.exports.openReduction();
      const resource = resourceMap(machine);
      for (let n = 0; n < 120; n++) {
        const enabled = machine.enabled();
        if (enabled.length === 0) break;
        const block = machine.snapshot();
        if (n % 6 === 0 || enabled.some((a) => a >>> 12 === Actor.queue || a >>> 12 === Actor.drop)) {
          for (const a of enabled) {
            const declared = footprintAt(machine, machine.core.exports.declaredBy(a));
            const touches = instrumented.during(() => machine.core.exports.tryAlone(a));
            machine.restore(block);
            let [reads, writes] = [0n, 0n];
            for (const { address, bytes, write } of touches) {
              for (let i = 0; i < bytes; i++) {
                if (write) writes |= resource(address + i);
                else reads |= resource(address + i);
              }
            }
            const [unread, unwritten] = [reads & ~(declared.reads | declared.writes), writes & ~declared.writes];
            if (unread | unwritten) problems.add(`${Actor[a >>> 12]} reads ${namesOf(unread)}, writes ${namesOf(unwritten)}`);
            seen.set(a >>> 12, (seen.get(a >>> 12) ?? 0) + 1);
          }
          for (const [i, a] of enabled.entries()) {
            for (const b of enabled.slice(i + 1)) {
              const units = [a, b].filter((each) => each >>> 12 === Actor.queue || each >>> 12 === Actor.drop).length;
              if (units === 0 || [a, b].some((each) => each >>> 12 === Actor.probe) || machine.core.exports.areDependent(a, b)) continue;
              const order = (first: number, then: number): Buffer => {
                machine.apply(first);
                machine.apply(then);
                const image = Buffer.from(machine.image());
                machine.restore(block);
                return image;
              };
              if (order(a, b).compare(order(b, a)) !== 0) problems.add(`${Actor[a >>> 12]} and ${Actor[b >>> 12]} do not commute`);
              pairs++;
            }
          }
        }
        // operations are rare among the actions, and what happens is theirs
        const begins = enabled.filter((a) => a >>> 12 === Actor.operation);
        machine.apply(dice.of(begins.length > 0 && dice.below(4) === 0 ? begins : enabled));
      }
    }
    expect([...problems]).toEqual([]);
    expect(seen.get(Actor.queue)).toBeGreaterThan(10);
    expect(seen.get(Actor.drop)).toBeGreaterThan(10);
    expect(pairs).toBeGreaterThan(50);
  });
});

test('a kernel without a scenario of its own model keeps its devices unmapped', () => {
  expect(system('version: 1\nname: a\nmachine: {cpus: 1}\ndevices: [{name: n, irqs: [{irq: 1}]}]').built.irtes).toBeUndefined();
});
