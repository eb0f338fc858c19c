import { expect, test } from 'vitest';
import { Alone } from '../../../src/check/engine/explorer.js';
import { Paths, type LookUp } from '../../../src/check/engine/paths.js';
import { systemFrom } from '../help.js';

test('states that answer to a parent’s description by chance are told from it by replay', async () => {
  const system = systemFrom('xhci-hotplug', { model: '5.6' });
  const fresh = () => system.machine({ timed: false, record: 0 });
  const explorer = new Alone(await fresh(), { memory: 2 ** 28, wide: false, spill: undefined, resumed: false, reduction: 1 });
  await explorer.run({ states: Infinity, first: false, depth: Infinity, look: () => false });
  const [failure] = explorer.findings().failures;
  if (failure === undefined) throw new Error('nothing failed');
  const truth = await new Paths(await fresh(), explorer.lookUp, 1).to(failure);
  expect(truth.length).toBeGreaterThan(30);
  // each state is accompanied by others of the same round, with the same parent, that no step leads to
  let misled = 0;
  const doubtful: LookUp = async (prefix) => {
    const slots = await explorer.lookUp(prefix);
    misled++;
    return slots.flatMap((slot) => [0, 1, 2].map((i) => ({ ...slot, fingerprint: slot.fingerprint ^ BigInt(i + 1) })).concat(slot));
  };
  expect(await new Paths(await fresh(), doubtful, 1).to(failure)).toEqual(truth);
  expect(misled).toBeGreaterThan(30);
});
