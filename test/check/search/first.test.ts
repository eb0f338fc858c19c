import { expect, test } from 'vitest';
import { search } from '../../../src/index.js';
import { LIMITS, systemFrom } from '../help.js';

test('a search for the first failure ends early, with the way that the whole search finds', async () => {
  const system = systemFrom('xhci-hotplug', { model: '5.6' });
  const whole = await search(system, LIMITS);
  const first = await search(system, { ...LIMITS, first: true });
  expect(first.verdict).toBe('failed');
  expect(first.failures).toEqual(whole.failures);
  expect(first.coverage.states).toBeLessThan(whole.coverage.states);
  expect(first.reason).toBe('it ended with the first failure');
});

test('where nothing fails it searches everything', async () => {
  const { verdict, coverage } = await search(systemFrom('xhci-hotplug'), { ...LIMITS, first: true });
  const { states, transitions } = (await search(systemFrom('xhci-hotplug'), LIMITS)).coverage;
  expect(verdict).toBe('safe');
  expect(coverage).toMatchObject({ states, transitions });
});
