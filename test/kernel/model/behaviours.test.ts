/**
 * What each behaviour is for: a table of witnesses, with those that the known races are, over all behaviours and all their values. Each value is seen to matter on some version;
 * where a change of one alone shows nowhere, a rule says why (src/kernel/model/linux/moot.ts).
 */
import { describe, expect, test } from 'vitest';
import { behaviourDifferences, behavioursOf, findModel, modelNames, type OtherValue } from '../../../src/kernel/model/index.js';
import { isChecked, races } from '../../../src/races/index.js';
import { systemFrom, verdictOf } from '../../check/help.js';

const all = behavioursOf('linux-5.9') ?? {};

/** A device that is posted to vCPU 0, which runs on CPU 1; and what is beside it. */
const posted = (raises: number, operations: string, beside = ''): string => `version: 1
name: vcpus
machine: {cpus: 2, iommu: vtd, vcpus: 1}
universe: {vectors: 2}
devices: [{name: nic, raises: ${raises}, irqs: [{irq: 24, cpu: 0, vcpu: 0}]}${beside}]
operations: [${operations}]
`;
const host = ', {name: disk, raises: 1, irqs: [{irq: 25, cpu: 1}]}';

/** Of kernels that lose what is posted to a vCPU that has lost its CPU (races.md pi-clear-sn-without-on): scenarios in which none does. */
const neverPreempted = {
  'an interrupt of the host': posted(1, '', host),
  'a block': posted(1, '{block: 0}'),
  // its events are the probe's: it sleeps when it is loaded
  'a load while it sleeps': posted(0, '{block: 0}, {load: {vcpu: 0, cpu: 0}}', host),
} as const;
const textOf = (scenario: string): string => (neverPreempted as Readonly<Record<string, string>>)[scenario] ?? scenario;

/** Behaviour, two values of it, a version, and a scenario that tells the two apart there. */
const witnesses: readonly (readonly [behaviour: string, first: string, second: string, version: string, scenario: string])[] = [
  ['msiUpdate', 'direct', 'twoStep', '5.9', 'xhci-torn-offline'],
  ['moveMark', 'mark', 'none', '5.9', 'xhci-torn-offline'],
  ['msiReadBack', 'none', 'read', '5.14', 'remapped-msix-managed'],
  ['completeMove', 'any', 'dead', '5.9', 'dmar-move'],
  ['completeMove', 'compare', 'dead', '5.6', 'torn-move'],
  ['cleanup', 'ipi', 'timer', '5.9', 'remapped-msi-old-offline'],
  ['cleanupOffline', 'leak', 'free', '5.9', 'dmar-old-offline'],
  ['managedPick', 'first', 'least', '6.1', 'managed-spread'],
  ['shutdownMark', 'none', 'mark', '6.1', 'free-in-handler'],
  ['deactivate', 'atShutdown', 'afterWait', '5.9', 'free-in-handler'],
  ['startupAffinity', 'afterUnmask', 'beforeUnmask', '5.9', 'request-offline'],
  ['inactiveMove', 'wait', 'store', '5.9', 'move-freed'],
  ['managedStart', 'forced', 'depth', '6.12', 'managed-disabled'],
  ['levelUnmask', 'always', 'unlessMasked', '5.9', 'level-pin-threaded-move'],
  ['levelWait', 'handler', 'remoteIrr', '5.9', 'level-free-pending'],
  ['edgeInProgress', 'pending', 'wait', '6.15', 'remapped-handler-left'],
  ['emptySlot', 'once', 'recheck', '6.15', 'free-request'],
  ['lapicDisable', 'early', 'late', '5.9', 'offline-late'],
  ['lapicDisable', 'never', 'late', '5.9', 'offline-late'],
  ['lapicDisable', 'never', 'early', '4.19', 'offline-late'],
  ['forceComplete', 'target', 'involved', '5.9', 'dmar-old-offline'],
  ['noVectorLeft', 'stay', 'anywhere', '6.7', 'offline-full'],
  ['forceComplete', 'none', 'involved', '6.10', 'msi-new-offline'],
  ['settleDelay', 'mdelay', 'none', '5.9', 'offline-late'],
  ['irrScan', 'scan', 'none', '5.9', 'offline-late'],
  ['retrigger', 'ipi', 'none', '5.9', 'offline-late'],
  ['slotMark', 'mark', 'none', '5.9', 'offline-late'],
  ['irteUpdate', 'split', 'atomic', '6.19', 'posted-msi-offline'],
  ['iecWait', 'wait', 'before', '5.9', 'remapped-msi-move'],
  ['iecFlush', 'flush', 'none', '7.0', 'amd-msi-move'],
  ['iecWait', 'wait', 'none', '6.6', 'amd-msi-move'],
  ['iecWait', 'wait', 'before', '6.1', 'amd-msi-move'],
  ['amdIrteUpdate', 'validToggle', 'atomic', '5.9', 'amd-msi-move'],
  ['amdCompletionWait', 'needSync', 'locked', '6.1', 'amd-two-movers'],
  ['amdCompletionWait', 'needSync', 'sequence', '7.0', 'amd-two-movers'],
  ['amdCompletionWait', 'locked', 'overtaken', '6.6', 'amd-two-movers'],
  ['amdCompletionWait', 'sequence', 'overtaken', '7.0', 'amd-two-movers'],
  ['irtCacheDis', 'flush', 'none', '6.6', 'amd-uncached-move'],
  ['postedAck', 'nothing', 'move', '6.10', 'posted-msi-move-back'],
  ['postedAck', 'nothing', 'moveEoi', '6.10', 'posted-msi-offline'],
  ['postedAck', 'move', 'moveEoi', '6.15', 'posted-msi-offline'],
  ['pendingPosted', 'unseen', 'seen', '6.10', 'posted-msi-cleanup'],
  ['pendingPosted', 'unseen', 'seen', '6.19', 'posted-msi-offline'],
  ['piLoad', 'snOnly', 'recheck', '4.19', 'vcpu-preempt'],
  ['piLoad', 'snOnly', 'recheck', '7.0', 'vcpu-preempt'],
  ['piLoadBlocked', 'keep', 'move', '5.4', 'vcpu-block'],
  ['piLoadBlocked', 'keep', 'move', '4.19', 'a load while it sleeps'],
  ['piBlock', 'preBlock', 'put', '5.4', 'vcpu-block'],
  ['piUpdate', 'cmpxchg', 'stores', '5.9', 'vcpu-block'],
  ['piUpdate', 'cmpxchg', 'stores', '7.0', 'vcpu-block'],
  ['piUpdate', 'cmpxchg', 'stores', '4.19', 'a block'],
  ['vmEntry', 'sync', 'blind', '4.19', 'an interrupt of the host'],
  ['vmEntry', 'sync', 'blind', '5.9', 'vcpu-preempt'],
  ['vmEntry', 'sync', 'blind', '7.0', 'vcpu-preempt'],
  ['postedVcpuMove', 'skip', 'overwrite', '6.15', 'vcpu-posted-msi'],
  ['unpostEntry', 'current', 'cached', '6.10', 'vcpu-posted-msi'],
  ['unpostEntry', 'current', 'cached', '6.15', 'vcpu-posted-msi'],
  ['gaPost', 'unaware', 'after', '6.6', 'avic-post'],
  ['gaPost', 'unaware', 'whole', '6.1', 'avic-post'],
  ['gaPost', 'after', 'whole', '7.0', 'avic-post'],
  ['gaUpdate', 'stores', 'atomic', '7.0', 'avic-block'],
  ['gaUpdate', 'flushed', 'atomic', '7.0', 'avic-block'],
  ['gaLog', 'always', 'blocked', '7.0', 'avic-block'],
  ['gaLog', 'always', 'blocked', '6.6', 'avic-block'],
  ['gaLogOverflow', 'stays', 'restart', '6.6', 'avic-log'],
];

const sorted = (values: readonly string[]): string => values.toSorted().join(' ');

/** Races whose repair is one behaviour: a test of their own holds that one kernel fails and the other is safe. */
const repairs = races.flatMap((race) => {
  if (!isChecked(race) || race.fixed === null || race.fixed.scenario !== undefined || race.reason?.startsWith('finding')) return [];
  const [first, second] = [race.bad, race.fixed].map(({ model, set }) => findModel(model, set));
  const differences = first && second ? behaviourDifferences(first, second) : [];
  return differences.length === 1 ? differences.map((each) => ({ id: race.id, bad: race.bad, ...each })) : [];
});

/** Behaviour and two values of it that something tells apart. */
const told: readonly (readonly [behaviour: string, first: string, second: string])[] = [
  ...witnesses.map(([name, first, second]) => [name, first, second] as const),
  ...repairs.map(({ name, first, second }) => [name, first?.value ?? '', second?.value ?? ''] as const),
];

/** What a model says of a change of one of its behaviours. */
function otherOf(model: string, behaviour: string, value: string): OtherValue | undefined {
  return findModel(model)
    .behaviours.find(({ name }) => name === behaviour)
    ?.others?.find((each) => each.value === value);
}

describe('every value of every behaviour matters', () => {
  test('has a witness', () => {
    const seen = new Set(told.flatMap(([name, first, second]) => [`${name}=${first}`, `${name}=${second}`]));
    const values = Object.entries(all).flatMap(([name, of]) => of.map((value) => `${name}=${value}`));
    expect(values.filter((each) => !seen.has(each))).toEqual([]);
    expect([...seen].filter((each) => !values.includes(each))).toEqual([]);
  });

  test.each(witnesses)('%s: %s and %s, on %s, in %s', async (name, first, second, model, scenario) => {
    const [one, other] = [
      await verdictOf(textOf(scenario), { model, set: { [name]: first } }),
      await verdictOf(textOf(scenario), { model, set: { [name]: second } }),
    ];
    expect(one).not.toEqual(other);
    // that it would not matter is not said of it
    expect([first, second].map((value) => otherOf(`linux-${model}`, name, value)?.moot)).toEqual([undefined, undefined]);
  });

  // versions.ts has the version since which MSI are posted
  test.each(['postedAck', 'pendingPosted', 'postedVcpuMove', 'unpostEntry'])(
    '%s does not matter where no MSI is posted to a CPU',
    (name) => {
      const reasonsOf = (model: string): unknown =>
        findModel(model)
          .behaviours.find((each) => each.name === name)
          ?.others?.map(({ moot }) => moot);
      const others = all[name] ?? [];
      expect(reasonsOf('linux-6.7')).toEqual(others.slice(1).map(() => 'the kernel posts no MSI to a CPU'));
      expect(reasonsOf('linux-6.10')).toEqual(others.slice(1).map(() => undefined));
      // not even with vCPUs, whose entries are in posted format
      for (const scenario of ['vcpu-post', 'remapped-msi-move', 'offline-late']) {
        const programs = others.map((value) => systemFrom(scenario, { model: '6.7', set: { [name]: value } }).built.fingerprint);
        expect(new Set(programs).size).toBe(1);
      }
    },
  );

  test('that it would not matter is said of no repair of a race', () => {
    expect(repairs.length).toBeGreaterThan(20);
    const moot = repairs.filter(({ bad, name, second }) => otherOf(bad.model, name, second?.value ?? '')?.moot !== undefined);
    expect(moot.map(({ id }) => id)).toEqual([]);
  });

  test('or a rule says of each version why two of them do the same', () => {
    const shown = new Set(told.map(([name, first, second]) => `${name} ${sorted([first, second])}`));
    const rest = Object.entries(all).flatMap(([name, values]) =>
      values.flatMap((first, i) => values.slice(i + 1).map((second) => [name, sorted([first, second])] as const)),
    );
    const silent = rest.filter(([name, pair]) => !shown.has(`${name} ${pair}`));
    expect(silent).toEqual([
      ['msiUpdate', 'direct twoStepReserved'],
      ['completeMove', 'any compare'],
      ['levelMove', 'beforeEoi unflushed'],
      ['iecWait', 'before none'],
      ['amdCompletionWait', 'needSync overtaken'],
      ['amdCompletionWait', 'locked sequence'],
      ['gaUpdate', 'flushed stores'],
    ]);
    for (const [name, pair] of silent)
      for (const model of modelNames) {
        const value = findModel(model).behaviours.find((each) => each.name === name)?.value ?? '';
        if (!pair.split(' ').includes(value)) continue;
        const other = pair.split(' ').find((each) => each !== value) ?? '';
        expect([model, name, other, otherOf(model, name, other)?.moot !== undefined]).toEqual([model, name, other, true]);
      }
  });
});
