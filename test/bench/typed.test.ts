/** The bench compares like with like: the core and the same algorithms in TypeScript return the same, operation by operation. */
import { expect, test } from 'vitest';
import { arbitration } from '../../bench/lapic.js';
import { remapFigures } from '../../bench/remap.js';

const once = { quick: true, rounds: 1, milliseconds: 0 };

test.each([
  ['arbitration of Local APICs', arbitration],
  ['interrupt remapping', remapFigures],
] as const)('%s', async (_, figures) => {
  const { rows } = await figures(once);
  expect(rows.length).toBeGreaterThan(3);
  for (const { values } of rows) expect(values).toEqual([expect.any(Number), expect.any(Number), expect.any(Number)]);
});
