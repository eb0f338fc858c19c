/** What who embeds a machine, or runs of a kernel on it, takes along is small. */
import { expect, test } from 'vitest';
import { bundleSize, moduleSize } from '../../bench/package.js';

test.each(['irqlab/machine', 'irqlab/run'] as const)('the module and the bundle of %s are below 100,000 bytes, gzipped', (entry) => {
  const [module, bundle] = [moduleSize(entry), bundleSize(entry)];
  expect(bundle.gzipped).toBeGreaterThan(10_000);
  expect(module.gzipped + bundle.gzipped).toBeLessThan(100_000);
});
