/** Hunts on a few programs: what they find by themselves, in whatever order the answers come, and behind a resume. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseToken, replayToken, systemOf } from '../../src/check/index.js';
import { confirmation } from '../../src/hunt/confirm.js';
import { examine, failuresOf, isSame } from '../../src/hunt/examine.js';
import { examineAll, headOf, Hunt } from '../../src/hunt/hunt.js';
import { items, type Only } from '../../src/hunt/items.js';
import { Keeper, keptHunt, KeptError } from '../../src/hunt/keep.js';
import { makesSense } from '../../src/hunt/operations.js';
import { scenarioOf, type Program } from '../../src/hunt/program.js';
import { remarkOn } from '../../src/hunt/remarks.js';
import { judgement, otherPrograms, reported, shownOf, versionsText } from '../../src/hunt/report.js';
import { tell } from '../../src/hunt/tell.js';
import { linux, type KernelModel } from '../../src/kernel/model/index.js';
import { assembleSystem, parseScenario, type Operation } from '../../src/scenario/index.js';
import { limits, modelsOf, msi, smallHunt } from './help.js';

const folder = mkdtempSync(join(tmpdir(), 'irqlab-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const msiAlone = { platform: 'plain', kind: 'msi', cpus: 2, start: 1, surroundings: 'alone' } as const;

/** Everything that a hunt would tell. */
const found = ({ findings: { all, tally } }: Hunt): unknown => ({ all, tally });

describe('by itself it finds', () => {
  test('the torn message of Linux 5.5, which 5.6 does not have, and the LAPIC of both that is disabled early, which 5.9 does not', async () => {
    const { hunt } = await smallHunt({ versions: ['5.5', '5.6', '5.9'] });
    const kernels = Object.fromEntries(
      hunt.findings.all.map(({ name, examples }) => [name, examples.flatMap(({ models }) => models).toSorted()]),
    );
    expect(kernels['no-stray-pci-write-msi-msg-msi-address']).toEqual([0]);
    expect(kernels['no-loss-take-cpu-down-apic-soft-disable']).toEqual([0, 1]);
    const early = hunt.findings.all.find(({ name }) => name === 'no-loss-take-cpu-down-apic-soft-disable');
    expect(early?.cause.step).toMatch(/^apic_soft_disable/);
    expect(early?.examples[0]?.item.program.operations).toEqual([{ offline: 1 }]);
  });

  test.each([
    ['5.6', ['__send_cleanup_vector']],
    ['6.7', ['__vector_schedule_cleanup']],
    ['6.10', []],
  ])('on %s the vector that leaks where a CPU goes offline with an unfinished move: in %j', async (version, routines) => {
    const program: Program = { ...msiAlone, operations: [{ move: { irq: 24, to: [0] } }, { offline: 1 }] };
    expect([...items(2, msi)].some((item) => JSON.stringify(item.program) === JSON.stringify(program))).toBe(true);
    const [outcome] = await examine(program, {}, modelsOf(version), limits);
    const leaks = outcome?.found.filter(({ cause }) => cause.property === 'noLeak').map(({ cause }) => cause.routine);
    expect(leaks).toEqual(routines);
  });
});

const block: Operation = { block: 0 };

describe('where a guest has the device, it finds by itself', () => {
  const guest: Only = { platforms: ['vcpu'], kinds: ['msi'] };
  test('that 4.19 forgets what was posted to a vCPU that lost its CPU, in three ways, and 5.4 does not', async () => {
    const { hunt } = await smallHunt({ versions: ['4.19', '5.4'], only: guest });
    expect(hunt.findings.all.map(({ name, cause, examples }) => [name, cause.step, examples.flatMap(({ models }) => models)])).toEqual([
      ['no-loss-vcpu-offline', undefined, [0]],
      ['no-loss-vcpu-load', undefined, [0]],
      ['no-loss-vcpu-preempt', undefined, [0]],
    ]);
  });

  test.each<readonly [string, string, readonly Operation[], readonly string[], readonly (readonly string[])[]]>([
    [
      'a blocked vCPU that is loaded on another CPU, until 5.5',
      'vcpu',
      [block, { load: { vcpu: 0, cpu: 0 } }],
      ['5.4', '7.0'],
      [['noLoss'], []],
    ],
    ['a blocked vCPU whose CPU goes offline', 'vcpu', [block, { offline: 1 }], ['7.0'], [['noLoss']]],
    // races of AVIC: the entry says that the vCPU does not run, until its thread gets a CPU once more; then GALogIntr is cached
    [
      'a vCPU that runs, to which AMD-Vi units post, until 6.16',
      'amd-vcpu',
      [{ post: { irq: 24, vcpu: 0 } }],
      ['6.15', '6.17'],
      [['noLoss'], []],
    ],
    ['a vCPU that blocks, to which AMD-Vi units post, from 6.17 on', 'amd-vcpu', [block], ['6.15', '6.17'], [[], ['noLoss']]],
  ])('%s', async (_, platform, operations, versions, expected) => {
    const program = [...items(2, { ...guest, platforms: [platform] })].find(
      (item) => item.program.start === 1 && JSON.stringify(item.program.operations) === JSON.stringify(operations),
    )?.program;
    if (program === undefined) throw new Error('it is not tried');
    const outcomes = await examine(program, {}, modelsOf(...versions), limits);
    const failing = versions.map((__, m) =>
      outcomes.flatMap(({ models, found: all }) => (models.includes(m) ? all.map(({ cause }) => cause.property) : [])),
    );
    expect(failing).toEqual(expected);
  });

  test('and says how to see it on a real system, and how to come back to where it begins', () => {
    const { machine, commands, events, sign } = confirmation(
      { platform: 'vcpu', kind: 'msix', cpus: 2, start: 0, surroundings: 'alone', operations: [block, { unpost: 24 }, { offline: 1 }] },
      'noLoss',
    );
    expect(machine).toContain('a KVM guest of one vCPU has the device by vfio-pci');
    expect(commands).toEqual([
      'echo 0 > /proc/irq/IRQ/smp_affinity_list',
      'taskset -pc 1 VCPU',
      'while :; do',
      expect.stringContaining('HLT'),
      expect.stringContaining('mask the vector'),
      '  echo 0 > /sys/devices/system/cpu/cpu1/online',
      '  echo 1 > /sys/devices/system/cpu/cpu1/online',
      expect.stringContaining('unmask the vector'),
      '  taskset -pc 1 VCPU',
      '  echo 0 > /proc/irq/IRQ/smp_affinity_list',
      'done',
    ]);
    expect(events).toContain('kvm:kvm_pi_irte_update');
    expect(sign).toContain('PIN and PIW');
  });
});

test('answers that come in another order make the same findings', async () => {
  const models = modelsOf('5.5');
  const inTurn = await smallHunt({ versions: ['5.5'] });
  const mixed = new Hunt(1, msi, [], () => undefined);
  const all = [...mixed.batches()].map((batch, number) => ({ batch, number }));
  expect(all.length).toBeGreaterThan(1);
  for (const { batch, number } of all.toReversed()) mixed.take(number, batch, await examineAll(batch, models, limits));
  expect(found(mixed)).toEqual(found(inTurn.hunt));
});

test('a hunt that was killed within a line goes on behind the last whole one, and ends as if nothing had happened', async () => {
  const whole = await smallHunt({ versions: ['5.5'] });
  const file = join(folder, 'killed.jsonl');
  const head = headOf(modelsOf('5.5'), ['linux-5.5'], msi, limits);
  const some = await smallHunt({ versions: ['5.5'], batches: 1 });
  const keeper = new Keeper(file, head);
  for (const stretch of some.kept) keeper.add(stretch);
  writeFileSync(file, `${readFileSync(file, 'utf8')}{"to":16,"searches":8,"sta`);
  const before = keptHunt(file);
  expect(before).toEqual({ head, stretches: some.kept });
  const again = new Keeper(file, head);
  const rest = await smallHunt({ versions: ['5.5'], before: before.stretches });
  for (const stretch of rest.kept.slice(before.stretches.length)) again.add(stretch);
  expect(found(rest.hunt)).toEqual(found(whole.hunt));
  expect(keptHunt(file).stretches).toEqual(whole.kept);
});

test('a file of something else, or with a broken line in the middle, is refused', () => {
  const file = join(folder, 'other.jsonl');
  writeFileSync(file, '{"irqlab":"other"}\n');
  expect(() => keptHunt(file)).toThrow(KeptError);
  const head = headOf(modelsOf('5.5'), ['linux-5.5'], msi, limits);
  writeFileSync(file, `${JSON.stringify(head)}\n{"to":\n{"to":8,"searches":8,"states":1,"told":[]}\n`);
  expect(() => keptHunt(file)).toThrow(/line 2 cannot be read/);
  // the same of another kernel is another hunt
  expect(headOf(modelsOf('5.6'), ['linux-5.6'], msi, limits).digest).not.toBe(head.digest);
});

test('what is told: a program from which nothing can be left out, a token that replays, the versions that have it', async () => {
  const models = modelsOf('5.6');
  const { hunt } = await smallHunt({ versions: ['5.6'] });
  const finding = hunt.findings.all.find(({ name }) => name === 'no-loss-take-cpu-down-apic-soft-disable');
  const shown = finding && shownOf(finding);
  if (finding === undefined || shown === undefined) throw new Error('not found');
  // as a larger program would be told
  const larger: Program = { ...shown.program, cpus: 3, operations: [{ disable: 24 }, { enable: 24 }, { offline: 1 }] };
  expect(makesSense(larger, larger.operations)).toBe(true);
  const told = await tell({ ...shown, program: larger, given: { push: 'none' } }, models, modelsOf('5.5', '5.6', '5.9'), limits);
  expect([told.program, told.given]).toEqual([shown.program, {}]);
  expect(told.endings).toEqual({ 'linux-5.5': 'fails', 'linux-5.6': 'fails', 'linux-5.9': 'holds' });

  const token = parseToken(told.token);
  const { replay, exact, skipped } = await replayToken(token, systemOf(token));
  expect({ exact, skipped, broken: replay.broken() }).toEqual({ exact: true, skipped: [], broken: ['noLoss'] });
  expect(told.diagram).toContain('LOST here');

  const report = reported(finding, told, ['linux-5.6']);
  expect(versionsText(report.versions)).toBe('5.5 to 5.6 X, 5.9 .');
  const parsed = parseScenario(report.yaml, 'test');
  if (!('scenario' in parsed)) throw new Error('the scenario is no file');
  const { failures } = await failuresOf(assembleSystem(parsed.scenario, {}), limits);
  expect(failures.some(({ cause }) => isSame(cause, finding.cause))).toBe(true);
  expect(report.confirm.commands).toContain('  echo 0 > /sys/devices/system/cpu/cpu1/online');
  expect(judgement(report)).toBe('not judged');

  // 5.9 fails at the same step, but with another program
  const [first] = finding.examples;
  if (first === undefined) throw new Error('no example');
  const other = { ...first, item: { ...first.item, program: { ...first.item.program, kind: 'msix' } }, models: [1] };
  const two = reported({ ...finding, examples: [first, other] }, told, ['linux-5.6', 'linux-5.9']);
  expect(versionsText(two.versions)).toBe('5.5 to 5.6 X, 5.9 x');
  expect(otherPrograms(two.versions)).toEqual(['5.9: An MSI-X entry, without interrupt remapping, starts at CPU 1 of 2. offline CPU 1']);
  expect(otherPrograms(report.versions)).toEqual([]);
});

describe('what is said of a cause is what its kernels do:', () => {
  const failing = async (program: Program, model: KernelModel): Promise<string[]> =>
    (await examine(program, {}, [model], limits)).flatMap(({ found: all }) => all.map(({ cause }) => cause.property));

  test('5.8 has moves that never end, by what it compares', async () => {
    expect(remarkOn('progress-message-move-move')?.judgement).toBe('kernel');
    const program: Program = { ...msiAlone, operations: [{ move: { irq: 24, to: [0] } }, { move: { irq: 24, to: [1] } }] };
    expect(await failing(program, modelsOf('5.8')[0] as KernelModel)).toContain('progress');
    expect(await failing(program, linux('5.8', { behaviours: { completeMove: 'any' } }))).not.toContain('progress');
  });

  test('with what AMD-Vi units have cached of it invalidated, a blocked vCPU is woken', async () => {
    expect(remarkOn('no-loss-avic-block')?.judgement).toBe('environment');
    const program: Program = { ...msiAlone, platform: 'amd-vcpu', operations: [block] };
    expect(await failing(program, modelsOf('7.0')[0] as KernelModel)).toEqual(['noLoss']);
    expect(await failing(program, linux('7.0', { behaviours: { gaUpdate: 'flushed' } }))).toEqual([]);
  });

  test('nobody has a comparator of the HPET moved', () => {
    const all = [...items(1, { platforms: ['plain'], kinds: ['hpet'] })].flatMap(({ program }) => program.operations);
    expect(all).toContainEqual({ offline: 1 });
    expect(all.filter((each) => 'move' in each)).toEqual([]);
  });
});

test('a device that waits for its handler fails nothing that one fails not that does not wait', async () => {
  for (const { program, given } of items(1, { platforms: ['plain'], kinds: ['msi', 'edge-pin'] })) {
    const failing = async (handshake: boolean): Promise<Set<string>> => {
      const system = assembleSystem(scenarioOf(program, given, 'linux-5.5', handshake), { model: modelsOf('5.5')[0] });
      return new Set((await failuresOf(system, limits)).failures.map(({ property }) => property));
    };
    const [free, waiting] = [await failing(false), await failing(true)];
    expect([...waiting].filter((each) => !free.has(each))).toEqual([]);
  }
});
