/** Each race that an explanation points to: its command names a built-in scenario, and a check of it fails. */
import { expect, test } from 'vitest';
import { races } from '../../src/explain/index.js';
import { assembleSystem, findScenario, search } from '../../src/index.js';

const expected: Readonly<Record<string, string>> = {
  'remapped-msix-free --model linux-5.9': 'noFault',
  'msix-free --model linux-4.19': 'noStray',
  'torn-move --model linux-5.5': 'noStray',
  'xhci-torn-offline --set msiUpdate=direct': 'noLoss',
  'remapped-msi-move --set iecFlush=none': 'noLoss',
  'remapped-msi-move --assume iecDrain=none': 'noLoss',
  'xhci-hotplug --model linux-5.6': 'noLoss',
  'amd-msi-move --model linux-5.8': 'noFault',
  'amd-two-movers --model linux-6.1': 'noStray',
  'move-hotplug --model linux-5.9': 'noLeak',
  'msi-no-vector': 'progress',
};

test('are these', () => {
  expect(races.map(({ command }) => command.replace('irqlab check --scenario ', '')).toSorted()).toEqual(Object.keys(expected).toSorted());
});

test.each(races.map(({ command }) => command))('%s fails as it says', async (command) => {
  const [, name = '', flag, value = ''] = /^irqlab check --scenario (\S+)(?: --(model|set|assume) (\S+))?$/.exec(command) ?? [];
  const setting = Object.fromEntries([value.split('=')]);
  const overrides = { model: { model: value }, set: { behaviours: setting }, assume: { assumptions: setting } }[flag ?? ''] ?? {};
  const { scenario } = findScenario(name)!;
  const { verdict, failures } = await search(assembleSystem(scenario, overrides), { memory: 2 ** 30, states: 200_000 });
  expect([verdict, failures.map(({ property }) => property)]).toEqual([
    'failed',
    expect.arrayContaining([expected[command.replace('irqlab check --scenario ', '')]]),
  ]);
});
