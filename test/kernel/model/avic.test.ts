/** Guests whose interrupts AMD-Vi units post, in the Linux model (hardware.md F.3.3, F.4; linux.md 2.6; races.md 6). */
import { describe, expect, test } from 'vitest';
import { parseScenario } from '../../../src/scenario/index.js';
import { verdictOf, type Options } from '../../check/help.js';
import { Walk } from './walk.js';

interface Text {
  readonly operations: string;
  readonly irqs?: string;
  readonly iommu?: string;
  readonly vcpus?: number;
  readonly cpus?: number;
  readonly beside?: string;
}

/** A device that is posted to vCPU 0, which runs on CPU 1. */
function text({ operations, irqs = '{irq: 24, cpu: 0, vcpu: 0}', iommu = '', vcpus = 1, cpus = 2, beside = '' }: Text): string {
  return `version: 1
name: avic
machine: {cpus: ${cpus}, iommu: {type: amd, guest: true${iommu}}, vcpus: ${vcpus}}
universe: {vectors: 2}
devices: [{name: nic, raises: 1, irqs: [${irqs}]}${beside}]
operations: [${operations}]
`;
}

const verdict = (given: Text, options: Options) => verdictOf(text(given), options);

describe('by version', () => {
  const host = '{irq: 24, cpu: 0}';
  const lost = ['noLoss'];
  test.each<readonly [string, Text, readonly (string | readonly string[])[]]>([
    ['a vCPU that runs hears the doorbell', { operations: '' }, ['safe', 'safe', 'safe']],
    ['it loses its CPU for a while', { operations: '{preempt: 0}' }, ['safe', 'safe', 'safe']],
    ['it goes to another CPU', { operations: '{load: {vcpu: 0, cpu: 0}}' }, ['safe', 'safe', 'safe']],
    // GALogIntr is set with IsRun from 6.17 on, and what a unit has of it is not invalidated
    ['it blocks', { operations: '{block: 0}' }, ['safe', 'safe', lost]],
    ['it blocks, behind a unit that caches nothing', { operations: '{block: 0}', iommu: ', irtCacheDis: true' }, ['safe', 'safe', lost]],
    ['it blocks, and is woken by something else', { operations: '{block: 0}, {wake: 0}' }, ['safe', 'safe', lost]],
    // avic-galog-isrun: the entry says that the vCPU does not run, and the log wakes one that does
    ['posted while it runs', { operations: '{post: {irq: 24, vcpu: 0}}', irqs: host }, [['inStep', 'noFault', 'noLoss'], lost, 'safe']],
    [
      'posted while it is blocked',
      { operations: '{block: 0}, {post: {irq: 24, vcpu: 0}}', irqs: host },
      [['noFault', 'noLoss'], 'safe', 'safe'],
    ],
    ['its CPU goes offline', { operations: '{offline: 1}' }, ['safe', 'safe', 'safe']],
    ['the host moves it', { operations: '{move: {irq: 24, to: [1]}}' }, ['safe', 'safe', 'safe']],
  ])('%s, on 4.19, 6.6 and 7.0', async (_, given, expected) => {
    const found = [];
    for (const model of ['4.19', '6.6', '7.0']) found.push(await verdict(given, { model }));
    expect(found).toEqual(expected);
  });
});

test.each<readonly [string, Text]>([
  ['it blocks', { operations: '{block: 0}' }],
  ['... and is loaded elsewhere while it sleeps', { operations: '{block: 0}, {load: {vcpu: 0, cpu: 0}}' }],
  [
    '... beside a device of the host on its CPU',
    { operations: '{block: 0}', beside: ', {name: other, raises: 1, irqs: [{irq: 25, cpu: 1}]}' },
  ],
])('with what units have cached invalidated, 7.0 wakes it: %s', async (_, given) => {
  expect(await verdict(given, { model: '7.0', set: { gaUpdate: 'flushed' } })).toBe('safe');
});

test('an entry says where the vCPU runs, and is the host’s again (F.3.2)', async () => {
  const operations = '{post: {irq: 24, vcpu: 0}}, {preempt: 0}, {block: 0}, {load: {vcpu: 0, cpu: 0}}, {wake: 0}, {unpost: 24}';
  const walk = await Walk.begin(text({ operations, irqs: '{irq: 24, cpu: 0}' }), { model: '7.0' });
  const entry = (): number[] => [0, 1, 2, 3].map((word) => walk.variable('irte', 0, word));
  const upper = (walk.variable('avic_backing_page') | 0x21) >>> 0;
  expect(entry()).toEqual([0x1, 0, 0x21, 0]);
  // guest mode, IsRun, CPU 1
  walk.operation(0);
  expect(entry()).toEqual([0x1c1, 1, upper, 0]);
  walk.raise('nic');
  expect([walk.count('serve'), walk.variable('avic_irr', 0)]).toEqual([1, 0]);
  // it has its CPU again
  walk.operation(1);
  expect(entry()).toEqual([0x1c1, 1, upper, 0]);
  // it does not run, and asks for the log
  walk.operation(2);
  expect(entry()).toEqual([0x185, 1, upper, 0]);
  walk.operation(3);
  expect(entry()).toEqual([0x185, 1, upper, 0]);
  walk.operation(4);
  expect(entry()).toEqual([0xc1, 1, upper, 0]);
  walk.operation(5);
  expect(entry()).toEqual([0x1, 0, 0x21, 0]);
});

test.each<readonly [string, Text, string]>([
  ['two vCPUs', { operations: '', vcpus: 2 }, '3:60: AMD’s units post to one vCPU at most here; write vcpus: 1'],
  [
    'an offline of the CPU that has the log',
    { operations: '{offline: 0}', cpus: 3 },
    '6:24: CPU 0 has the interrupts of AMD’s units, and stays online; take another CPU offline, or write iommu: vtd',
  ],
])('%s', (_, given, sentence) => {
  const parsed = parseScenario(text(given), 'f.yaml');
  expect('errors' in parsed && parsed.errors.map(({ line, column, message }) => `${line}:${column}: ${message}`)).toEqual([sentence]);
});
