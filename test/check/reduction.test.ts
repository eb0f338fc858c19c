/**
 * Both levels of the reduction say what the full search says: level 1 with the same lengths, level 2 with the same failing
 * properties (design 4). Over what is built in, random scenarios and random kernels.
 */
import { describe, expect, test } from 'vitest';
import { search as searchSystem, type SearchResult } from '../../src/index.js';
import type { ProgramMachine } from '../../src/machine/index.js';
import { randomKernel } from '../engine/kernels.js';
import { Dice, machineOf, randomSystem } from '../engine/systems.js';
import { compare, names } from './reduced.js';
import { LIMITS, small, systemFrom, type Options } from './help.js';

const found = ({ failures }: SearchResult): [string, number][] => failures.map((f): [string, number] => [f.property, f.length]).toSorted();

describe('what is built in', () => {
  const models = ['5.5', '5.6', '5.8', '5.9'];
  const variants: readonly (readonly [string, Options])[] = [
    ...['xhci-hotplug', 'xhci-torn-offline', 'torn-move', 'move-hotplug'].flatMap((name) =>
      models.map((model): [string, Options] => [name, { model }]),
    ),
    ['xhci-hotplug', { set: { retrigger: 'none' } }],
    ['xhci-hotplug', { set: { slotMark: 'none' } }],
    ['xhci-hotplug', { set: { irrScan: 'none' } }],
    ['xhci-hotplug', { set: { settleDelay: 'none' } }],
    ['xhci-hotplug', { set: { settleDelay: 'none' }, assume: { push: 'root-complex' } }],
    ['xhci-hotplug', { assume: { recognition: 'free' } }],
    ['xhci-hotplug', { assume: { sampling: 'then-delay' } }],
    ['xhci-hotplug', { assume: { push: 'none', delivery: 'unbounded' } }],
    ['xhci-hotplug', { assume: { softDisabled: 'holds' } }],
    ['xhci-torn-offline', { assume: { delivery: 'unbounded' } }],
    ['xhci-torn-offline', { assume: { push: 'root-complex' } }],
    ['xhci-torn-offline', { set: { msiUpdate: 'direct' } }],
    ['xhci-torn-offline', { set: { moveMark: 'none' } }],
    ['torn-move', { set: { msiUpdate: 'direct' } }],
    ['torn-move', { set: { completeMove: 'dead' } }],
    ['torn-move', { assume: { push: 'root-complex' } }],
    [small({ devices: [{ cpu: 1, raises: 1 }], operations: ['offline: 1', 'online: 1'] }), { model: '5.6' }],
  ];

  test('the same verdict, properties, lengths and coverage of the program, with fewer states', async () => {
    for (const [scenario, options] of variants) {
      const [full, first, second] = await Promise.all(
        ([0, 1, 2] as const).map((reduction) => searchSystem(systemFrom(scenario, options), { ...LIMITS, reduction })),
      );
      if (!full || !first || !second) throw new Error('no result');
      const what = [scenario, options];
      expect([what, first.verdict, first.reason, found(first), first.vacuity.notExecuted]).toEqual([
        what,
        full.verdict,
        full.reason,
        found(full),
        full.vacuity.notExecuted,
      ]);
      expect([what, second.verdict, second.reason, found(second).map(([name]) => name), second.vacuity.notExecuted]).toEqual([
        what,
        full.verdict,
        full.reason,
        found(full).map(([name]) => name),
        full.vacuity.notExecuted,
      ]);
      expect([first.reduction.level, second.reduction.level]).toEqual([1, 2]);
      expect(first.coverage.states).toBeLessThan(full.coverage.states * 0.75);
      expect(second.coverage.states).toBeLessThan(first.coverage.states);
    }
  });

  test('a way that is found is told in all its steps', async () => {
    for (const [scenario, options] of [
      ['xhci-hotplug', { model: '5.6' }],
      ['move-hotplug', {}],
      ['torn-move', { model: '5.5' }],
    ] as const) {
      const system = systemFrom(scenario, options);
      for (const reduction of [1, 2] as const) {
        const { failures } = await searchSystem(system, { ...LIMITS, reduction });
        expect(failures.length).toBeGreaterThan(0);
        for (const { property, path, length } of failures) {
          const machine = await system.machine({ timed: false, record: 0 });
          let visible = 0;
          let broken: readonly string[] = [];
          for (const action of path) {
            expect(machine.enabled()).toContain(action);
            const step = machine.apply(action);
            visible += step.visible ? 1 : 0;
            broken = step.broken;
          }
          machine.enabled();
          const atRest = machine.quiet === 'rest' ? machine.brokenAtRest() : machine.quiet === 'deadlock' ? ['progress'] : [];
          expect([...broken, ...atRest]).toContain(property);
          expect(visible).toBe(length);
        }
      }
    }
  });
});

describe('random programs', () => {
  test('100 kernels of a few lines: at least 50 of them fail something', async () => {
    let [compared, wrong] = [0, 0];
    const kinds = new Set<string>();
    const sum = [0, 0, 0];
    for (let seed = 0; compared < 100; seed++) {
      const kernel = await randomKernel(new Dice(seed), seed % 3 === 0);
      if (!kernel) continue;
      const result = await compare(() => kernel.again(), 2500, `kernel ${seed}`);
      if (!result) continue;
      compared++;
      if (names(result.full).length > 0) wrong++;
      for (const name of names(result.full)) kinds.add(name);
      result.states.forEach((n, i) => (sum[i] = (sum[i] ?? 0) + n));
    }
    expect(wrong).toBeGreaterThan(50);
    expect([...kinds].toSorted()).toEqual(expect.arrayContaining(['noDuplicate', 'noLeak', 'noLoss', 'noStray', 'progress']));
    const [full = 0, first = 0, second = 0] = sum;
    expect(first).toBeLessThan(full * 0.7);
    expect(second).toBeLessThan(first * 0.8);
  });

  test('100 scenarios', async () => {
    let [compared, wrong] = [0, 0];
    for (let seed = 0; compared < 100; seed++) {
      const system = randomSystem(new Dice(seed), { hotplug: true, assumptions: true, small: true });
      const make = (): Promise<ProgramMachine> => machineOf(system, false, { record: 0, ring: 0 });
      const result = await compare(make, 3000, `scenario ${seed}`);
      if (!result) continue;
      compared++;
      if (names(result.full).length > 0) wrong++;
    }
    expect(wrong).toBeGreaterThan(2);
  });
});

test('level 2 that is cut short says that its ways need not be shortest', async () => {
  const system = systemFrom('xhci-hotplug', { model: '5.6' });
  const whole = await searchSystem(system, { ...LIMITS, reduction: 2 });
  expect([whole.shortest, found(whole)]).toEqual([true, [['noLoss', 13]]]);
  let most = 0;
  // the second search, which looks for the shortest, is stopped when it begins
  const progress = ({ states }: { readonly states: number }): boolean => {
    const again = states < most;
    most = Math.max(most, states);
    return again;
  };
  const cut = await searchSystem(system, { ...LIMITS, reduction: 2, progress });
  expect([cut.verdict, cut.shortest, cut.failures.map(({ property }) => property)]).toEqual(['failed', false, ['noLoss']]);
  expect(cut.failures[0]?.length).toBeGreaterThanOrEqual(13);
});
