/** Virtual CPUs to which devices post, in the Linux model (linux.md 2.6; hardware.md E.3, E.4; races.md 7). */
import { describe, expect, test } from 'vitest';
import { explain, search } from '../../../src/check/index.js';
import { jsonSchema, parseScenario, stringifyScenario } from '../../../src/scenario/index.js';
import { LIMITS, scenarioOf, systemFrom, verdictOf, type Options } from '../../check/help.js';
import { Walk } from './walk.js';

interface Text {
  readonly operations: string;
  readonly irqs?: string;
  readonly message?: string;
  readonly beside?: string;
  readonly cpus?: number | string;
  readonly vcpus?: string;
  readonly vectors?: number;
  readonly raises?: number;
  readonly iommu?: string;
  readonly more?: string;
}

const POSTED = '{type: vtd, postedMsi: true}';

/** A device that is posted to vCPU 0, which runs on CPU 1. */
function text({ operations, irqs = '{irq: 24, cpu: 0, vcpu: 0}', message = '{type: msi}', ...rest }: Text): string {
  const { beside = '', cpus = 2, vcpus = '1', vectors = 2, raises = 2, iommu = 'vtd', more = '' } = rest;
  return `version: 1
name: vcpus
machine: {cpus: ${cpus}, iommu: ${iommu}, vcpus: ${vcpus}}
universe: {vectors: ${vectors}}
devices: [{name: nic, message: ${message}, raises: ${raises}, irqs: [${irqs}]}${beside}]
operations: [${operations}]
${more}`;
}

const doing = {
  preempt: '{preempt: 0}',
  load: '{load: {vcpu: 0, cpu: 0}}',
  wake: '{block: 0}, {wake: 0}',
  blockTwice: '{block: 0}, {wake: 0}, {block: 0}',
  blockedLoad: '{block: 0}, {load: {vcpu: 0, cpu: 0}}',
  move: '{move: {irq: 24, to: [1]}}',
  repost: '{unpost: 24}, {post: {irq: 24, vcpu: 0}}',
  offline: '{offline: 1}',
  blockedOffline: '{block: 0}, {offline: 1}',
} as const;

describe('by version', () => {
  const lost = ['noLoss'];
  test.each<readonly [keyof typeof doing, number, readonly (string | readonly string[])[]]>([
    // pi-clear-sn-without-on: what was posted to a vCPU that had lost its CPU is seen by nobody, until 5.0
    ['preempt', 2, [lost, 'safe', 'safe', 'safe']],
    ['load', 1, [lost, 'safe', 'safe', 'safe']],
    ['wake', 1, ['safe', 'safe', 'safe', 'safe']],
    ['blockTwice', 1, ['safe', 'safe', 'safe', 'safe']],
    // a vCPU on the list of one CPU, whose notifications go to another, until 5.5
    ['blockedLoad', 2, [lost, lost, 'safe', 'safe']],
    ['move', 1, ['safe', 'safe', 'safe', 'safe']],
    ['repost', 1, ['safe', 'safe', 'safe', 'safe']],
    ['offline', 1, [lost, 'safe', 'safe', 'safe']],
    // not in any list of races: nobody tells the descriptor of a blocked vCPU that its CPU is gone
    ['blockedOffline', 1, [lost, lost, lost, lost]],
  ])('%s with %i raises on 4.19, 5.4, 5.5 and 7.0: %j', async (what, raises, expected) => {
    const found = [];
    for (const model of ['4.19', '5.4', '5.5', '7.0']) found.push(await verdictOf(text({ operations: doing[what], raises }), { model }));
    expect(found).toEqual(expected);
  });

  const [step, wild] = [['inStep'], ['inStep', 'noFault', 'noLoss']];
  test.each<readonly [keyof typeof doing, readonly (string | readonly string[])[]]>([
    ['move', [step, step, 'safe', 'safe']],
    ['repost', [wild, wild, 'safe', 'safe']],
  ])('%s of a posted MSI on 6.10, 6.12, 6.12.117 and 6.15: %j', async (what, expected) => {
    const found = [];
    for (const model of ['6.10', '6.12', '6.12.117', '6.15'])
      found.push(await verdictOf(text({ operations: doing[what], iommu: POSTED, raises: 1 }), { model }));
    expect(found).toEqual(expected);
  });
});

describe('what it is beside', () => {
  const also = (irq: string, raises = 1): string => `, {name: other, message: {type: msix}, raises: ${raises}, irqs: [${irq}]}`;
  const verdict = (given: Text, options: Options = {}) => verdictOf(text(given), { model: '7.0', ...options });

  test('an interrupt of the host ends guest mode; a notification that comes then is for the next entry', async () => {
    const given = { operations: '', beside: also('{irq: 25, cpu: 1}'), raises: 1 };
    expect(await verdict(given)).toBe('safe');
    expect(await verdict(given, { set: { vmEntry: 'blind' } })).toEqual(['noLoss']);
  });

  test.each<readonly [string, Text]>([
    ['another device of the same vCPU', { operations: '{block: 0}', beside: also('{irq: 25, cpu: 0, vcpu: 0}'), raises: 1 }],
    ['MSI-X', { operations: '{block: 0}', message: '{type: msix}' }],
    [
      'several MSI, one of them posted',
      { operations: '{preempt: 0}', message: '{type: msi, vectors: 2}', irqs: '{irq: 24, cpu: 0}, {irq: 25, cpu: 0, vcpu: 0}', raises: 1 },
    ],
    ['a thread', { operations: '{unpost: 24}', irqs: '{irq: 24, cpu: 1, vcpu: 0, threaded: true}', raises: 1 }],
    ['posted MSI', { operations: '{block: 0}', iommu: POSTED, beside: also('{irq: 25, cpu: 1}'), raises: 1 }],
    [
      'another vCPU, to which it goes',
      { operations: '{block: 1}, {post: {irq: 24, vcpu: 1}}', cpus: 3, vcpus: '2', irqs: '{irq: 24, cpu: 0, vcpu: 0}', raises: 1 },
    ],
    [
      'a move at the same time',
      { operations: '{move: {irq: 24, to: [1]}}, {post: {irq: 24, vcpu: 0}}', irqs: '{irq: 24, cpu: 0}', more: 'parallel: true\n' },
    ],
    ['a CPU that comes back', { operations: '{offline: 1}, {load: {vcpu: 0, cpu: 0}}', raises: 1 }],
  ])('%s', async (_, given) => expect(await verdict(given)).toBe('safe'));
});

test('an entry goes to the descriptor of the vCPU, whole, and comes back with the vector and CPU that the host has', async () => {
  const walk = await Walk.begin(
    text({ operations: '{post: {irq: 24, vcpu: 0}}, {move: {irq: 24, to: [1]}}, {unpost: 24}', irqs: '{irq: 24, cpu: 0}' }),
    {
      model: '7.0',
    },
  );
  const entry = (): number[] => [0, 1, 2, 3].map((word) => walk.variable('irte', 0, word));
  const [, , source] = entry();
  expect(entry()).toEqual([0x210009, 0, source, 0]);
  const posted = [0x218001, walk.variable('pi_desc_address', 0, 1), source, walk.variable('pi_desc_address', 0, 3)];
  walk.operation(0);
  expect(entry()).toEqual(posted);
  walk.raise('nic');
  expect([walk.count('serve'), walk.variable('pi_desc', 0, 1), walk.variable('pi_desc', 0, 8) & 1, walk.variable('virr', 0)]).toEqual([
    1, 0, 0, 0,
  ]);
  // the host has moved it; nothing of that is in the entry
  walk.operation(1);
  expect(entry()).toEqual(posted);
  walk.operation(2);
  expect(entry()).toEqual([0x210009, 0x100, source, 0]);
});

test('fields of the descriptor where the vCPU runs, has lost its CPU, is blocked, and runs on another (E.4)', async () => {
  const walk = await Walk.begin(text({ operations: '{block: 0}, {load: {vcpu: 0, cpu: 0}}, {wake: 0}' }), { model: '7.0' });
  const fields = (): readonly unknown[] => {
    const control = walk.variable('pi_desc', 0, 8);
    return [
      (control >>> 16) & 0xff,
      (control >>> 1) & 1,
      walk.variable('pi_desc', 0, 9) >>> 8,
      walk.variable('guest', 0),
      walk.variable('guest', 1),
    ];
  };
  expect(fields()).toEqual([0xf2, 0, 1, 0, 1]);
  walk.operation(0);
  expect([fields(), walk.variable('wakeup_vcpus_on_cpu', 1, 0)]).toEqual([[0xf1, 0, 1, 0, 0], 1]);
  walk.operation(1);
  expect([fields(), walk.variable('wakeup_vcpus_on_cpu', 1, 0), walk.variable('wakeup_vcpus_on_cpu', 0, 0)]).toEqual([
    [0xf1, 0, 0, 0, 0],
    0,
    1,
  ]);
  walk.operation(2);
  expect(fields()).toEqual([0xf2, 0, 0, 1, 0]);
});

test('a counterexample says what is in the descriptor, and where the vCPU is', async () => {
  const system = systemFrom('vcpu-block', { model: '5.4' });
  const { failures } = await search(system, LIMITS);
  const [failure] = failures;
  if (failure === undefined) throw new Error('it does not fail');
  expect((await explain(system, failure)).state).toEqual(
    expect.arrayContaining([
      'entry 0: posted to pi_desc[vCPU 0], vector 0x21',
      'pi_desc[vCPU 0]: PIR 0x21, ON, NV 0xf1, NDST CPU 0',
      'vCPU 0: blocked, on the list of CPU 1',
    ]),
  );
});

describe('in a file', () => {
  const given = text({
    operations: '{post: {irq: 24, vcpu: 0}}, {unpost: 24}, {load: {vcpu: 0, cpu: 0}}, {preempt: 0}, {block: 0}, {wake: 0}',
    irqs: '{irq: 24}',
  });

  test('it is written back, and read again', () => {
    const scenario = scenarioOf(given);
    expect(scenario.machine.vcpus).toEqual([1]);
    expect(stringifyScenario(scenario)).toContain('vcpus: 1,');
    expect(scenarioOf(stringifyScenario(scenario))).toEqual(scenario);
    const other = scenarioOf(text({ operations: '', vcpus: '[0]' }));
    expect([other.machine.vcpus, other.devices[0]?.irqs[0]?.vcpu]).toEqual([[0], 0]);
    expect(stringifyScenario(other)).toContain('vcpus: [0]');
    expect(scenarioOf(stringifyScenario(other))).toEqual(other);
  });

  test('the JSON Schema has it', () => {
    const { properties } = jsonSchema() as { properties: Record<string, { properties?: object; items?: { properties: object } }> };
    expect(Object.keys(properties['machine']?.properties ?? {})).toContain('vcpus');
    expect(Object.keys(properties['operations']?.items?.properties ?? {})).toEqual(
      expect.arrayContaining(['post', 'unpost', 'load', 'wake']),
    );
  });

  test.each<readonly [string, Text, readonly string[]]>([
    [
      'no unit',
      { operations: '', irqs: '{irq: 24}', iommu: 'amd' },
      ['3:39: no unit posts to these vCPUs; write iommu: vtd or {type: amd, guest: true}, or leave out vcpus'],
    ],
    ['too many', { operations: '', vcpus: '3' }, ['3:39: 3 vCPUs need a CPU each, and CPUs 0 and 1 are online; write fewer']],
    ['no CPU', { operations: '', vcpus: '[2]' }, ['3:40: CPU 2 does not exist; the machine has CPUs 0 and 1']],
    ['one twice', { operations: '', vcpus: '[1, 1]' }, ['3:43: CPU 1 stands in this list twice; write it once']],
    [
      'a word',
      { operations: '', vcpus: 'two' },
      ['3:39: expected a number of vCPUs or a list of CPUs, got the text "two"; for example 1, or [1]: vCPU 0 runs on CPU 1'],
    ],
    ['no vCPU', { operations: '{block: 1}' }, ['6:22: vCPU 1 does not exist; the machine has vCPU 0']],
    ['an irq to none', { operations: '', irqs: '{irq: 24, vcpu: 1}' }, ['5:79: vCPU 1 does not exist; the machine has vCPU 0']],
    [
      'managed',
      { operations: '', irqs: '{irq: 24, vcpu: 0, managed: true}' },
      ['5:79: irq 24 is managed, and such are not posted to a vCPU; leave out managed'],
    ],
    [
      'a pin',
      { operations: '{post: {irq: 24, vcpu: 0}}', irqs: '{irq: 24}', message: '{type: ioapic}' },
      ['6:27: irq 24 is of type ioapic, and only messages of PCI devices are posted to a vCPU: msi or msix'],
    ],
    [
      'not requested',
      { operations: '', irqs: '{irq: 24, vcpu: 0, requested: false}' },
      ['5:79: an irq that nobody has requested is posted to no vCPU; leave out one of the two'],
    ],
    [
      'more than the guest has vectors',
      { operations: '', irqs: '{irq: 24, vcpu: 0}, {irq: 25, vcpu: 0, cpu: 1}', message: '{type: msix}', vectors: 1 },
      ['3:39: 2 irqs are posted, each with a vector of the guest, of which there are 1; raise universe vectors'],
    ],
    ['posted already', { operations: '{post: {irq: 24, vcpu: 0}}' }, ['6:27: irq 24 is posted to vCPU 0 already; leave this out']],
    ['not posted', { operations: '{unpost: 24}, {unpost: 24}' }, ['6:37: irq 24 is not posted then; post it before, or leave this out']],
    ['freed while it is posted', { operations: '{free: 24}' }, ['6:21: irq 24 is posted to vCPU 0 then; unpost it before']],
    [
      'posted while it is disabled',
      { operations: '{unpost: 24}, {disable: 24}, {post: {irq: 24, vcpu: 0}}' },
      ['6:56: irq 24 is disabled then; enable it before'],
    ],
    [
      'loaded on a CPU that is not there',
      { operations: '{load: {vcpu: 0, cpu: 7}}' },
      ['6:36: CPU 7 does not exist; the machine has CPUs 0 and 1'],
    ],
    [
      'two on one CPU',
      { operations: '{load: {vcpu: 0, cpu: 1}}', cpus: 3, vcpus: '2' },
      ['6:36: CPU 1 has vCPU 1 then; load that one elsewhere before'],
    ],
    [
      'no CPU for the host',
      { operations: '{offline: 1}, {wake: 0}' },
      ['6:35: every CPU that is left has a vCPU then, and this needs one without; give the machine another CPU'],
    ],
    [
      'a move that is asked for where a vCPU runs',
      { operations: '{move: {irq: 24, to: [1], on: 1}}' },
      ['6:44: CPU 1 has vCPU 0 then; write another, or leave out on'],
    ],
    [
      'no CPU for the host, in parallel',
      { operations: '{wake: 0}', vcpus: '2', more: 'parallel: true\n' },
      ['6:21: every CPU that is left has a vCPU then, and this needs one without; give the machine another CPU'],
    ],
    ['suspend', { operations: '{suspend: true}' }, ['6:24: a machine with vCPUs is not suspended; leave out one of the two']],
    [
      'a load in parallel',
      { operations: '{load: {vcpu: 0, cpu: 0}}', more: 'parallel: true\n' },
      ['6:36: nothing can go on in parallel with a load or an offline where there are vCPUs; leave out parallel'],
    ],
    [
      'a free in parallel',
      { operations: '{free: 24}', more: 'parallel: true\n' },
      ['6:21: irq 24 may be posted to a vCPU when this begins; leave out parallel'],
    ],
  ])('%s', (_, wrong, sentences) => {
    const parsed = parseScenario(text(wrong), 'f.yaml');
    expect('errors' in parsed && parsed.errors.map(({ line, column, message }) => `${line}:${column}: ${message}`)).toEqual(sentences);
  });
});
