import { expect, test } from 'vitest';
import { Dice } from '../../../bench/random/dice.js';
import { playOutcomes } from '../../../bench/random/outcomes.js';

test('5,000 requests against random tables and commands: each ends as F.2, F.3 and F.6 say, and every way to end comes up', async () => {
  const counts = await playOutcomes(new Dice(31), 5000);
  const ways = ['unchanged', 'remapped', 'doorbell', 'log', 'bit', 'event 1', 'event 2', 'event 2 (hidden)', 'event 4'];
  expect(ways.filter((way) => (counts.get(way) ?? 0) < 20)).toEqual([]);
});
