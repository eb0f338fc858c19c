/** `irqlab races`: no race is left out, and each row is what it was: its properties, the length of its counterexample, its repair. */
import { beforeAll, describe, expect, test } from 'vitest';
import { races, type RaceResult } from '../../src/races/index.js';
import { findScenario } from '../../src/scenario/index.js';
import { irqlab, tooLong } from '../cli/help.js';

/** What was found in Linux on bare metal over the years, by the names under which it is known here. */
const entries = [
  // messages, vectors, hotplug
  'msi-torn-nonmaskable',
  'msi-quirk-never-armed',
  'lapic-soft-disable-early',
  'vector-leak-cpu-offline',
  'cleanup-ipi-to-timer',
  'orig-ax-cleanup-dead',
  'matrix-empty-mask-up',
  'vector-cleanup-races-2016',
  'vector-hotplug-setup-race',
  'matrix-dormant-vectors',
  'vector-release-unplug',
  'vector-setup-race',
  'free-irq-in-flight',
  'edge-migration-livelock',
  'startup-affinity-unsafe',
  'msi-write-not-flushed',
  'msix-update-while-unmasked',
  'msix-stale-unmasked',
  'msi-write-dropped-low-power',
  'managed-hotplug-depth',
  'unplug-enospc',
  // IOAPIC
  'ioapic-remote-irr-migrate',
  'ioapic-forwarded-ipi-tmr',
  'ioapic-oneshot-unmask',
  'ioapic-edge-lost-while-masked',
  'ioapic-rte-halves',
  'lowest-priority-logical',
  // VT-d
  'vtd-irte-two-halves',
  'vtd-iec-omitted-or-late',
  'vtd-qi-abort-ordering',
  'vtd-posted-msi-no-move',
  'vtd-posted-msi-retrigger-no-eoi',
  'vtd-no-drain-erratum',
  'dmar-fault-irte-not-present',
  // AMD-Vi and AVIC
  'amd-irte-valid-toggle',
  'amd-update-ga-nonatomic',
  'avic-erratum-1235',
  'avic-galog-isrun',
  'apicv-inhibit-lazy-eoi',
  // interrupts posted to a vCPU
  'pi-clear-sn-without-on',
  'pi-pre-block-order',
];

/** What fails in the kernel with the race, all of it, and the visible steps of the shortest counterexample to what the race is about. */
const expected: readonly (readonly [id: string, properties: string, steps: number])[] = [
  ['msi-torn-nonmaskable', 'no-loss', 15],
  ['msi-torn-nonmaskable/move', 'no-stray', 15],
  ['msi-quirk-never-armed', 'no-stray', 15],
  ['msi-quirk-never-armed/two-steps', 'no-stray', 14],
  ['startup-affinity-unsafe', 'no-loss no-stray', 14],
  ['msi-write-not-flushed', 'no-loss no-stray', 15],
  ['msix-update-while-unmasked', 'no-leak no-loss no-stray', 14],
  ['msi-write-dropped-low-power', 'in-step no-loss no-stray', 21],
  ['lapic-soft-disable-early', 'no-loss', 13],
  ['lapic-soft-disable-early/remapped', 'no-loss', 12],
  ['vector-leak-cpu-offline', 'no-leak', 46],
  ['vector-leak-cpu-offline/remapped', 'no-leak', 39],
  ['cleanup-ipi-to-timer', 'no-leak', 37],
  ['orig-ax-cleanup-dead', 'no-leak progress', 34],
  ['matrix-empty-mask-up', 'moves-between-cpus', 2],
  ['vector-cleanup-races-2016/a', 'no-leak', 51],
  ['vector-cleanup-races-2016/b', 'no-loss no-stray', 21],
  ['vector-cleanup-races-2016/c', 'no-leak no-loss no-stray', 19],
  ['vector-cleanup-races-2016/d', 'no-leak', 24],
  ['vector-cleanup-races-2016/rearm', 'progress', 51],
  ['vector-hotplug-setup-race', 'no-slot-of-a-freed-irq', 20],
  ['matrix-dormant-vectors', 'one-irq-a-vector', 16],
  ['matrix-dormant-vectors/request', 'no-loss no-stray', 17],
  ['vector-release-unplug', 'no-leak', 37],
  ['vector-setup-race', 'no-loss no-stray', 38],
  ['free-irq-in-flight', 'no-stray', 12],
  ['free-irq-in-flight/msix', 'no-stray', 12],
  ['edge-migration-livelock', 'handler-ends', 24],
  ['managed-hotplug-depth', 'stays-disabled', 44],
  ['unplug-enospc', 'no-loss', 7],
  ['ioapic-remote-irr-migrate', 'no-leak no-loss no-stuck-line', 14],
  ['ioapic-remote-irr-migrate/travelling', 'no-leak no-loss no-stuck-line', 15],
  ['ioapic-forwarded-ipi-tmr', 'no-loss no-stuck-line', 26],
  ['ioapic-forwarded-ipi-tmr/no-eoi-register', 'no-loss no-stuck-line', 26],
  ['ioapic-oneshot-unmask', 'oneshot-masked', 17],
  ['ioapic-edge-lost-while-masked', 'no-loss', 10],
  ['ioapic-rte-halves', 'no-stray', 13],
  ['vtd-irte-two-halves', 'no-fault no-loss', 6],
  ['vtd-iec-omitted-or-late/omitted', 'no-loss no-stray', 16],
  ['vtd-iec-omitted-or-late/late', 'no-loss no-stray', 17],
  ['vtd-iec-omitted-or-late/first-index', 'no-loss no-stray', 19],
  ['vtd-qi-abort-ordering', 'no-loss no-stray', 30],
  ['vtd-posted-msi-no-move', 'progress', 58],
  ['vtd-posted-msi-retrigger-no-eoi', 'no-stuck-isr', 24],
  ['vtd-no-drain-erratum', 'no-loss no-stray', 19],
  ['dmar-fault-irte-not-present', 'no-fault', 9],
  ['amd-irte-valid-toggle', 'no-fault no-loss', 5],
  ['avic-galog-isrun', 'in-step no-loss', 21],
  ['vtd-irte-two-halves/vcpu', 'no-fault no-loss', 5],
  ['pi-clear-sn-without-on', 'no-loss', 10],
  ['pi-pre-block-order', 'no-loss', 10],
  ['pi-pre-block-order/on', 'no-loss', 10],
];

/** Repairs that do not hold: findings. */
const findings: Readonly<Record<string, readonly [properties: string, steps: number]>> = {
  'msi-quirk-never-armed': ['no-stray', 15],
  'matrix-dormant-vectors/request': ['no-loss no-stray', 23],
};

/** What no model shows yet. */
const open = [
  'msix-stale-unmasked',
  'msi-write-dropped-low-power/xhci',
  'vector-hotplug-setup-race/descriptors',
  'lowest-priority-logical',
  'vtd-iec-omitted-or-late/error',
  'amd-update-ga-nonatomic',
  'avic-erratum-1235',
  'apicv-inhibit-lazy-eoi',
];

/** Threads search at once, and each search is short: most of this is the program's own time. */
const SLOWEST = 120_000;

let rows: readonly RaceResult[] = [];
let code: number | null = null;

beforeAll(async () => {
  const ran = await irqlab(['races', '--format', 'json']);
  code = ran.code;
  rows = (JSON.parse(ran.stdout) as { readonly rows: readonly RaceResult[] }).rows;
}, SLOWEST);

const rowOf = (id: string): RaceResult | undefined => rows.find((row) => row.id === id);

describe('the rows', () => {
  test('are all races, in order, each once', () => {
    expect([...new Set(races.map(({ id }) => id.replace(/\/.*/, '')))].toSorted()).toEqual(entries.toSorted());
    expect(rows.map(({ id }) => id)).toEqual(races.map(({ id }) => id));
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  });

  test('are checked, but for these, which say why not', () => {
    expect(rows.filter(({ ok }) => ok !== null).map(({ id }) => id)).toEqual(expected.map(([id]) => id));
    const unchecked = rows.filter(({ ok }) => ok === null);
    expect(unchecked.map(({ id }) => id)).toEqual(open);
    for (const { scenario, bad, fixed, reason } of unchecked)
      expect([scenario, bad.model, bad.verdict, fixed, reason]).toEqual([null, null, 'unknown', null, expect.stringMatching(/.{20}/)]);
  });

  test('are files that a user can open', () => {
    const names = rows.flatMap(({ scenario, bad, fixed }) => [scenario, bad.scenario, fixed?.scenario]).filter((each) => each != null);
    expect(names.length).toBeGreaterThan(100);
    expect(names.filter((name) => findScenario(name)?.text.includes(`name: ${name}\n`) !== true)).toEqual([]);
  });

  test.each(expected)('%s fails %s in %i steps', (id, properties, steps) => {
    const { bad, ok } = rowOf(id) as RaceResult;
    expect([bad.verdict, bad.properties.join(' '), bad.steps, bad.reason]).toEqual(['failed', properties, steps, undefined]);
    expect(ok).toBe(!(id in findings));
  });

  test('are safe when repaired, but for the findings, which say what they are', () => {
    const failing = rows.filter(({ fixed }) => fixed !== null && fixed.verdict !== 'safe');
    expect(Object.fromEntries(failing.map(({ id, fixed }) => [id, [fixed?.properties.join(' '), fixed?.steps]]))).toEqual(findings);
    for (const { reason } of failing) expect(reason).toMatch(/^finding: /);
    expect(code).toBe(1);
  });
});

describe('as text', () => {
  test('a finding is a failure, with the commands that repeat it', async () => {
    const { code: exit, stdout, stderr } = await irqlab(['races', 'msi-quirk-never-armed', 'lowest-priority-logical']);
    expect([exit, stderr, tooLong(stdout)]).toEqual([1, '', []]);
    expect(stdout).toMatch(/^3 races: 1 ok, 1 FAIL, 1 open \(/);
    expect(stdout).toMatch(/^FAIL {2}msi-quirk-never-armed\n {6}linux-5\.17: no-stray in 15 steps; linux-6\.7: no-stray in 15 steps$/m);
    expect(stdout).toMatch(/^ {6}irqlab check --scenario torn-move --model linux-6\.7$/m);
    expect(stdout).toMatch(/^ {6}irqlab check --scenario torn-move \\\n {8}--model linux-7\.0 --set msiUpdate=twoStep$/m);
    expect(stdout).toMatch(/^open {2}lowest-priority-logical\n {6}before 4\.15 /m);
  });

  test('rows that are as they should be end with 0', async () => {
    const { code: exit, stdout } = await irqlab(['races', 'vtd-no-drain-erratum', 'lowest-priority-logical']);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^ok {4}vtd-no-drain-erratum$/m);
    expect(stdout).toMatch(/^ {6}remapped-msi-no-drain and msi-move, /m);
  });

  test('a name that is none is a mistake', async () => {
    const { code: exit, stderr } = await irqlab(['races', 'vector-leak-cpu-ofline']);
    expect([exit, stderr]).toEqual([2, 'irqlab: there is no race "vector-leak-cpu-ofline"; did you mean vector-leak-cpu-offline?\n']);
  });
});
