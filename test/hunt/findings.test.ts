/** How failures become findings. */
import { expect, test } from 'vitest';
import type { Cause } from '../../src/check/index.js';
import type { Outcome } from '../../src/hunt/examine.js';
import { Findings } from '../../src/hunt/findings.js';
import type { Item } from '../../src/hunt/items.js';
import type { Given } from '../../src/hunt/program.js';
import { shownOf } from '../../src/hunt/report.js';
import type { Operation } from '../../src/scenario/index.js';

let index = 0;
const item = (given: Given, kind: string, ...operations: readonly Operation[]): Item => ({
  index: index++,
  size: operations.length,
  given,
  program: { platform: 'plain', kind, cpus: 2, start: 1, surroundings: 'alone', operations },
});
const outcome = (models: readonly number[], ...causes: readonly Cause[]): Outcome => ({
  models,
  states: 1,
  found: causes.map((cause) => ({ cause, length: 3, manner: 'free', handshake: false })),
});

const lost: Cause = { property: 'noLoss', routine: '__pci_write_msi_msg', step: 'address' };
const stuck: Cause = { property: 'progress', routine: undefined, step: undefined };
const [offline, online]: readonly Operation[] = [{ offline: 1 }, { online: 1 }];

test('a larger program with a known cause is counted, and what gives up more is no finding of its own', () => {
  const findings = new Findings();
  findings.add(item({}, 'msi', offline as Operation), [outcome([0], lost)]);
  findings.add(item({}, 'msix', offline as Operation, online as Operation), [outcome([0], lost)]);
  findings.add(item({ push: 'root-complex' }, 'msi', offline as Operation), [outcome([0], lost)]);
  expect(findings.all).toMatchObject([
    { name: 'no-loss-pci-write-msi-msg-address', programs: 3, machines: ['msi', 'msix'], examples: [{ item: { given: {} } }] },
  ]);
  expect(findings.all[0]?.examples).toHaveLength(1);
});

test('a larger program that gives up less takes the place of one that gives up more, on the kernels that it was found on', () => {
  const findings = new Findings();
  const first = item({ push: 'root-complex' }, 'msi', offline as Operation);
  const other = item({ recognition: 'free' }, 'msi', offline as Operation);
  const larger = item({}, 'msi', offline as Operation, online as Operation);
  findings.add(first, [outcome([0, 1], lost)]);
  findings.add(other, [outcome([0], lost)]);
  findings.add(larger, [outcome([0], lost)]);
  expect(findings.all[0]?.examples.map((each) => [each.item, each.models])).toEqual([
    [first, [1]],
    [larger, [0]],
  ]);
  // the one that gives up nothing is told
  expect(findings.all[0] && shownOf(findings.all[0])).toMatchObject({ program: larger.program, given: {}, model: 0 });
});

test('another step, another property, another routine are other findings', () => {
  const findings = new Findings();
  const causes = [
    lost,
    { ...lost, step: 'address: new' },
    { ...lost, step: 'data' },
    { ...lost, property: 'noStray' },
    { ...lost, routine: 'free_irq' },
  ];
  findings.add(item({}, 'msi', offline as Operation), [outcome([0], ...causes)]);
  expect(findings.all.map(({ name }) => name)).toEqual([
    'no-loss-pci-write-msi-msg-address',
    'no-loss-pci-write-msi-msg-address-2',
    'no-loss-pci-write-msi-msg-data',
    'no-stray-pci-write-msi-msg-address',
    'no-loss-free-irq-address',
  ]);
});

test('what no step tells is one finding as long as the operations of the first are in the program, in their order', () => {
  const findings = new Findings();
  findings.add(item({}, 'msi', offline as Operation), [outcome([0], stuck)]);
  findings.add(item({}, 'msi', { disable: 24 }, offline as Operation), [outcome([0], stuck)]);
  findings.add(item({}, 'msi', { disable: 24 }, { enable: 24 }), [outcome([0], stuck)]);
  findings.add(item({}, 'level-pin', offline as Operation), [outcome([0], stuck)]);
  expect(findings.all.map(({ name, programs }) => [name, programs])).toEqual([
    ['progress-message-offline', 2],
    ['progress-message-disable-enable', 1],
    ['progress-pin-offline', 1],
  ]);
});

test('searches that were given up are counted', () => {
  const findings = new Findings();
  findings.add(item({}, 'msi', offline as Operation), [{ ...outcome([0]), undecided: 'the limit of 5 states was reached' }]);
  expect(findings.tally).toMatchObject({ items: 1, undecided: 1 });
  expect(findings.all).toEqual([]);
});
