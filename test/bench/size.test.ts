/** What who embeds a machine takes along is small. */
import { expect, test } from 'vitest';
import { bundleSize, moduleSize } from '../../bench/package.js';

test('the module and the bundle of irqlab/machine are below 100,000 bytes, gzipped', () => {
  const [module, bundle] = [moduleSize('irqlab/machine'), bundleSize('irqlab/machine')];
  expect(bundle.gzipped).toBeGreaterThan(10_000);
  expect(module.gzipped + bundle.gzipped).toBeLessThan(100_000);
});
