/** However a run is cut, gone back to and recorded, it is the same (docs/workloads.md): `npm run fuzz:runs` says so of many more. */
import { expect, test } from 'vitest';
import { sameRun } from '../../bench/random/sameRun.js';

test('random runs with load, moves and hotplug', async () => {
  const sum = { served: 0, injected: 0 };
  // the last of them is one in which something that another CPU had stored was once taken back
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8, 171]) {
    const { failure, served, injected } = await sameRun(seed);
    expect(failure).toBeUndefined();
    sum.served += served;
    sum.injected += injected;
  }
  expect(sum.served).toBeGreaterThan(2000);
  expect(sum.injected).toBeGreaterThan(20);
});
