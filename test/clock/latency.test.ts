import { expect, test } from 'vitest';
import { msi, run, toy } from '../engine/toy.js';

test('a machine: the way of each message takes a time within [min, max] of its segments (G.2)', async () => {
  const { machine } = await toy(() => ({}), { sources: [{ gaps: [20_000], raises: 1000 }], timed: true, jitter: true });
  const events = run(machine, 5_000_000);
  const times = (kind: string): bigint[] => events.filter((e) => e.kind === kind).map((e) => e.time);
  const between = (from: string, to: string): number[] => times(to).map((t, i) => Number(t - (times(from)[i] ?? 0n)));
  const bounds = (values: number[]): [number, number] => [Math.min(...values), Math.max(...values)];
  const within = (from: string, to: string, min: number, max: number): void => {
    const [least, most] = bounds(between(from, to));
    expect(least).toBeGreaterThanOrEqual(min);
    expect(most).toBeLessThanOrEqual(max);
    // and the range is used
    expect(most - least).toBeGreaterThan((max - min) / 2);
  };
  expect(times('acknowledge').length).toBeGreaterThan(200);
  within('raise', 'sample', 1, 300);
  within('sample', 'root', 300, 2000);
  within('root', 'accept', 150, 900);
  within('accept', 'acknowledge', 100, 1200);
});

test('what one device and one CPU draw does not shift the others', async () => {
  const times = async (gap: number): Promise<string[]> => {
    const { machine } = await toy(() => ({}), {
      cpus: 2,
      sources: [
        { gaps: [5000, 8000, 20_000], raises: 200 },
        { gaps: [gap, gap + 1], raises: 2000 },
      ],
      timed: true,
      jitter: true,
      messages: 64,
    });
    machine.setDevice(1, msi(1, 0x31));
    const events = run(machine, 300_000);
    expect(events.some((e) => e.kind === 'acknowledge' && e.a === 1)).toBe(true);
    const own = events.filter((e) => (['raise', 'sample', 'root', 'accept', 'acknowledge'].includes(e.kind) ? e.a === 0 : false));
    return own.map((e) => `${e.time} ${e.kind}`);
  };
  const few = await times(50_000);
  expect(few.length).toBeGreaterThan(50);
  expect(await times(900)).toEqual(few);
});
