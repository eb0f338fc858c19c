/** The weakest assumptions under which a scenario is safe: as few searches as tell all, and the same as all of them. */
import { describe, expect, test } from 'vitest';
import { Dice } from '../../../bench/random/dice.js';
import { findBorder, isAbove, type Answer, type Point } from '../../../src/check/questions/lattice.js';
import { search, weakestAssumptions } from '../../../src/check/index.js';
import { assumptionValues, type Assumptions } from '../../../src/machine/index.js';
import { LIMITS, small, systemFrom, type Options } from '../help.js';

function allPoints(depths: Point): Point[] {
  return depths.reduce<Point[]>(
    (points, depth) => points.flatMap((point) => Array.from({ length: depth + 1 }, (_, level) => [...point, level])),
    [[]],
  );
}

/** No two of them are comparable. */
const isAntichain = (points: readonly Point[]): boolean => points.every((a, i) => points.every((b, j) => i === j || !isAbove(a, b)));

describe('findBorder', () => {
  test.each([1, 2, 3, 4])('%i: is that of all answers, and asks at few points', async (seed) => {
    const dice = new Dice(seed);
    for (let round = 0; round < 100; round++) {
      const depths = Array.from({ length: 1 + dice.below(4) }, () => 1 + dice.below(2));
      const points = allPoints(depths);
      const failing = Array.from({ length: dice.below(4) }, () => dice.of(points));
      const holdsAt = (point: Point): boolean => !failing.some((each) => isAbove(each, point));
      let asked = 0;
      const ask = (point: Point): Promise<Answer> => {
        asked += 1;
        return Promise.resolve(holdsAt(point));
      };
      const border = await findBorder(depths, ask);
      for (const point of points) {
        expect(border.holds.some((each) => isAbove(point, each))).toBe(holdsAt(point));
        expect(border.fails.some((each) => isAbove(each, point))).toBe(!holdsAt(point));
      }
      expect([isAntichain(border.holds), isAntichain(border.fails), border.unknown]).toEqual([true, true, []]);
      expect([border.asked, asked <= points.length]).toEqual([asked, true]);
    }
  });

  test('where everything holds it asks along one way down', async () =>
    expect(await findBorder([1, 2, 1, 1], () => Promise.resolve(true))).toEqual({
      holds: [[1, 2, 1, 1]],
      fails: [],
      unknown: [],
      asked: 6,
    }));

  test('what nobody knows is neither, and those below it are not asked', async () => {
    const asked: Point[] = [];
    const ask = (point: Point): Promise<Answer> => {
      asked.push(point);
      return Promise.resolve(point[0] === 1 ? undefined : true);
    };
    expect(await findBorder([2, 1], ask)).toMatchObject({ holds: [[0, 1]], fails: [], unknown: [[1, 0]] });
    expect(asked.some(([first = 0]) => first > 1)).toBe(false);
  });

  test('stops', async () => {
    let left = 2;
    const border = await findBorder([1, 1, 1], () => Promise.resolve(left-- > 0 ? true : 'stop'));
    expect(border).toEqual({ holds: [[1, 0, 0]], fails: [], unknown: [], asked: 2 });
  });
});

const OFFLINE = small({ devices: [{ cpu: 1, raises: 1 }], operations: ['offline: 1'] });

async function weakestOf(text: string, options: Options = {}) {
  return weakestAssumptions(systemFrom(text, options), async (setting) => {
    const { verdict } = await search(systemFrom(text, { ...options, assume: { ...options.assume, ...setting } }), {
      ...LIMITS,
      reduction: 1,
      first: true,
    });
    return { verdict, stopped: false };
  });
}

describe('weakestAssumptions', () => {
  // linux.md 2.8: what comes behind the scan of the IRR is lost; a write to the device pushes what it has sent, or the mdelay waits for it
  test('an offline on 5.9 needs a device that sends what it samples at once, and a message that does not fly too long', async () => {
    const { safe, failing, undecided } = await weakestOf(OFFLINE);
    const rest = { sampling: 'at-once', recognition: 'free', softDisabled: 'either' };
    expect(safe).toEqual([
      { ...rest, push: 'none', delivery: 'within-mdelay' },
      { ...rest, push: 'irr', delivery: 'unbounded' },
    ]);
    expect(failing.map(({ givenUp }) => givenUp)).toEqual([{ sampling: 'then-delay' }, { push: 'root-complex', delivery: 'unbounded' }]);
    expect(undecided).toEqual([]);
  });

  test('what fails under those in force has nothing to give up', async () => {
    const { safe, failing, searches } = await weakestOf(OFFLINE, { model: '5.8' });
    expect([safe, failing.map(({ givenUp }) => givenUp), searches]).toEqual([[], [{}], 1]);
  });

  test('what is given up already is not varied', async () => {
    const { safe } = await weakestOf(OFFLINE, { assume: { push: 'root-complex', recognition: 'free' } });
    expect(safe).toEqual([{ sampling: 'at-once', push: 'none', delivery: 'within-mdelay', softDisabled: 'either' }]);
  });

  test('says what a search under each set says', async () => {
    const { safe } = await weakestOf(OFFLINE);
    const names = ['sampling', 'push', 'delivery', 'recognition', 'softDisabled'] as const;
    const sets = names.reduce<Partial<Assumptions>[]>(
      (all, name) => all.flatMap((set) => assumptionValues[name].map((value) => ({ ...set, [name]: value }))),
      [{}],
    );
    let failed = 0;
    for (const assume of sets) {
      const { verdict } = await search(systemFrom(OFFLINE, { assume }), { ...LIMITS, reduction: 1, first: true });
      const isSafe = safe.some((set) =>
        names.every((name) => {
          const values: readonly string[] = assumptionValues[name];
          return set[name] === 'either' || values.indexOf(assume[name] ?? '') <= values.indexOf(set[name] ?? '');
        }),
      );
      if (verdict === 'failed') failed += 1;
      expect([assume, verdict]).toEqual([assume, isSafe ? 'safe' : 'failed']);
    }
    expect(failed).toBeGreaterThan(0);
    expect(failed).toBeLessThan(sets.length);
  });
});
