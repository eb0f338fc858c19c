/** Posted MSI in the Linux model (linux.md 2.6, hardware.md E.5): moves and offlines by version, and what each step is for. */
import { describe, expect, test } from 'vitest';
import { search, standardOf, verdictEffect, verdictsOf } from '../../../src/check/index.js';
import { ne, SELF, type Descriptors, type OwnBody } from '../../../src/kernel/index.js';
import { linux, UnsupportedError } from '../../../src/kernel/model/index.js';
import { assembleWith, jsonSchema, parseScenario, stringifyScenario } from '../../../src/scenario/index.js';
import { LIMITS, scenarioOf, systemFrom, verdictOf, type Options } from '../../check/help.js';
import { Walk } from './walk.js';

interface Text {
  readonly operations: string;
  readonly message?: string;
  readonly irqs?: string;
  readonly beside?: string;
  readonly cpus?: number | string;
  readonly vectors?: number;
  readonly raises?: number;
  /** how its messages go; default posted */
  readonly iommu?: string;
}

const POSTED = '{type: vtd, postedMsi: true}';
const MOVE = '{move: {irq: 24, to: [0]}}';
const BACK = '{move: {irq: 24, to: [1]}}';

/** A device with an irq on CPU 1. */
function text({ operations, message = '{type: msi}', irqs = '{irq: 24, cpu: 1}', beside = '', ...more }: Text): string {
  const { cpus = 2, vectors = 2, raises = 2, iommu = POSTED } = more;
  return `version: 1
name: posted
machine: {cpus: ${cpus}, iommu: ${iommu}}
universe: {vectors: ${vectors}}
devices: [{name: nic, message: ${message}, raises: ${raises}, irqs: [${irqs}]}${beside}]
operations: [${operations}]
`;
}

const doing = {
  move: MOVE,
  moveBack: `${MOVE}, ${BACK}`,
  oldOffline: `${MOVE}, {offline: 1}`,
  newOffline: `${MOVE}, {offline: 0}`,
  enable: '{disable: 24}, {enable: 24}',
  freed: '{free: 24}, {request: 24}',
} as const;

describe('by version', () => {
  // races.md vtd-posted-msi-no-move: a move that waits is never done before 6.15; vtd-posted-msi-retrigger-no-eoi: a vector that was
  // sent again stays in service before 6.19
  const [moves, eoi] = [['progress'], ['noStuckIsr']];
  test.each<readonly [keyof typeof doing, readonly (string | readonly string[])[]]>([
    ['move', ['safe', 'safe', 'safe', 'safe']],
    ['moveBack', [moves, 'safe', 'safe', 'safe']],
    ['oldOffline', ['safe', 'safe', 'safe', 'safe']],
    ['newOffline', [eoi, eoi, 'safe', 'safe']],
    ['enable', [eoi, eoi, 'safe', 'safe']],
    ['freed', [eoi, eoi, 'safe', 'safe']],
  ])('%s on 6.10, 6.15, 6.19 and 7.0: %j', async (what, expected) => {
    const found = [];
    for (const model of ['6.10', '6.15', '6.19', '7.0']) found.push(await verdictOf(text({ operations: doing[what] }), { model }));
    expect(found).toEqual(expected);
  });

  test('before 6.10 they are refused, in one sentence', () => {
    const make = (): unknown => systemFrom(text({ operations: MOVE }), { model: '6.7' });
    expect(make).toThrow(UnsupportedError);
    expect(make).toThrow(/^Linux 6\.7 does not post MSI; take 6\.10 or later, or leave out postedMsi$/);
  });
});

test('a table of verdicts says so of those kernels, and goes on; a change of one shows nothing there', async () => {
  const scenario = scenarioOf('posted-msi-offline');
  const limits = { memory: LIMITS.memory, states: LIMITS.states, look: () => Promise.resolve(false) };
  const found = await verdictsOf(scenario, [linux('5.9'), linux('6.15')], limits);
  expect(found).toMatchObject([
    { verdict: 'unknown', failed: [], reason: expect.stringContaining('does not post MSI') as unknown },
    { verdict: 'failed', failed: ['noStuckIsr'] },
  ]);
  const standard = await standardOf(scenario, linux('5.9'), limits);
  expect(standard.verdict).toEqual(found[0]);
  const changed = linux('5.9', { behaviours: { irrScan: 'none' } });
  expect(await verdictEffect([standard], changed, limits)).toEqual({ change: undefined, touched: 0, undecided: 0, failing: 0 });
});

describe('what it is beside', () => {
  const also = (message: string): string => `, {name: other, message: ${message}, raises: 1, irqs: [{irq: 30, cpu: 1}]}`;
  test.each<readonly [string, Text]>([
    ['MSI-X', { operations: MOVE, message: '{type: msix}' }],
    [
      'several MSI',
      {
        operations: '{move: {irq: 25, to: [0]}}',
        message: '{type: msi, vectors: 2}',
        irqs: '{irq: 24, cpu: 1}, {irq: 25, cpu: 1}',
        vectors: 4,
        raises: 1,
      },
    ],
    [
      'a managed irq',
      { operations: '{offline: 1}, {online: 1}', message: '{type: msix}', irqs: '{irq: 24, cpu: 1, affinity: [1], managed: true}' },
    ],
    ['a thread', { operations: MOVE, irqs: '{irq: 24, cpu: 1, threaded: true}' }],
    ['two devices, of which one notification tells', { operations: MOVE, beside: also('{type: msix}'), vectors: 4, raises: 1 }],
    ['a comparator, which is remapped', { operations: '{move: {irq: 30, to: [0]}}', beside: also('{type: hpet}'), vectors: 3, raises: 1 }],
    [
      'a level-triggered pin, which is remapped',
      { operations: MOVE, beside: also('{type: ioapic, pin: 9, trigger: level}'), vectors: 3, raises: 1 },
    ],
    ['suspend', { operations: '{suspend: true}' }],
  ])('%s', async (_, given) => expect(await verdictOf(text(given), { model: '7.0' })).toBe('safe'));
});

describe('what each step is for', () => {
  const failing = (operations: string, options: Options = {}) => verdictOf(text({ operations }), { model: '6.19', ...options });

  test('a scan of the dying CPU that looks at the IRR only loses what is in PIR', async () =>
    expect(await failing('{offline: 1}', { set: { pendingPosted: 'unseen' } })).toEqual(['noLoss', 'noStray']));

  test('so does a cleanup, where a notification may be late', async () => {
    const assume = { iecDrain: 'root-complex' } as const;
    expect(await failing(MOVE, { assume })).toBe('safe');
    expect(await failing(MOVE, { assume, set: { pendingPosted: 'unseen' } })).toEqual(['noLoss', 'noStray']);
    // an entry in remapped format has nothing that could be looked at
    expect(await verdictOf(text({ operations: MOVE, iommu: 'vtd' }), { model: '6.19', assume })).toEqual(['noLoss', 'noStray']);
  });

  test('an entry is stored whole: units that fetch halves find half of either address', async () => {
    const assume = { irteFetch: 'halves' } as const;
    expect(await failing(MOVE, { assume })).toEqual(['noFault', 'noLoss']);
    expect(await verdictOf(text({ operations: MOVE, iommu: 'vtd' }), { model: '6.19', assume })).toBe('safe');
  });

  test('a CPU that comes up for the first time says where it is notified', async () => {
    const cpus = '[{cpu: 0, online: false}, {cpu: 1}]';
    expect(await verdictOf(text({ operations: `{online: 0}, ${MOVE}`, cpus }), { model: '7.0' })).toBe('safe');
  });

  test('an invalidation follows it', async () => expect(await failing(MOVE, { set: { iecFlush: 'none' } })).not.toBe('safe'));

  /** The handler with its steps in this order; its only irq is the first. */
  const handler =
    (steps: readonly ('harvest' | 'clear')[]): OwnBody =>
    (b, _, kernel) => {
      const pid = kernel.variable<'u32'>('posted_msi_pi_desc') as unknown as Descriptors<'cpu'>;
      for (const step of steps)
        if (step === 'clear') b.clearOn(pid, SELF);
        else
          b.if(ne(b.exchange(pid, [SELF, 1], 0), 0), () =>
            b.call(kernel.routine('handle_edge_irq'), { irq: b.let('irq', 0), vector: b.let('vector', 0x21) }),
          );
      b.lapicWrite('eoi', 0);
      b.iret();
    };
  test.each([
    ['harvest, clear, harvest', 'safe'],
    ['clear, harvest', 'safe'],
    ['harvest, clear', 'noLoss'],
  ])('the handler of the notification: %s is %s', async (steps, expected) => {
    const body = handler(steps.split(', ') as ('harvest' | 'clear')[]);
    const system = assembleWith(
      scenarioOf(text({ operations: MOVE })),
      linux('6.15', { replace: { sysvec_posted_msi_notification: body } }),
    );
    const { verdict, failures } = await search(system, LIMITS);
    expect(verdict === 'failed' ? failures.map(({ property }) => property).join() : verdict).toBe(expected);
  });
});

test('a move stores the address of the descriptor of the new CPU, and its device is left alone', async () => {
  const walk = await Walk.begin(text({ operations: MOVE }), { model: '7.0' });
  const entry = (): number[] => [0, 1, 2, 3].map((word) => walk.variable('irte', 0, word));
  const message = walk.message(0);
  const before = entry();
  walk.operation(0);
  const after = entry();
  expect([before[0], after[0]]).toEqual([0x218001, 0x218001]);
  expect(after[2]).toBe(before[2]);
  expect([after[1], after[3]]).toEqual([walk.variable('posted_msi_address', 0, 1), walk.variable('posted_msi_address', 0, 3)]);
  expect([before[1], before[3]]).toEqual([walk.variable('posted_msi_address', 1, 1), walk.variable('posted_msi_address', 1, 3)]);
  expect(walk.message(0)).toEqual(message);
  walk.raise('nic');
  // PIR, ON and what the handler keeps are as before
  expect(walk.count('serve')).toBe(1);
  expect([walk.variable('posted_msi_pi_desc', 0, 1), walk.variable('posted_msi_pi_desc', 0, 8) & 1]).toEqual([0, 0]);
  expect([walk.variable('pir_copy', 0), walk.variable('posted_msi_round', 0), walk.variable('posted_msi_handler_active', 0)]).toEqual([
    0, 0, 0,
  ]);
});

describe('in a file', () => {
  test('it is written back, and read again', () => {
    const scenario = scenarioOf(text({ operations: MOVE }));
    expect(scenario.machine.iommu).toEqual({ type: 'vtd', cachingMode: false, postedMsi: true, units: [{}] });
    expect(stringifyScenario(scenario)).toContain('iommu: {type: vtd, postedMsi: true}');
    expect(scenarioOf(stringifyScenario(scenario))).toEqual(scenario);
    const not = scenarioOf(text({ operations: MOVE, iommu: '{type: vtd, postedMsi: false}' }));
    expect(stringifyScenario(not)).toContain('iommu: vtd');
    expect(scenarioOf(stringifyScenario(not))).toEqual(not);
  });

  test('the JSON Schema has it', () =>
    expect(jsonSchema()).toMatchObject({
      properties: { machine: { properties: { iommu: { anyOf: [{ properties: { postedMsi: { type: 'boolean' } } }, {}] } } } },
    }));

  test.each([
    ['{type: vtd, postedMsi: 1}', '3:50: expected true or false, got the number 1; use true or false'],
    ['{type: vtd, postedMSI: true}', '3:39: unknown key "postedMSI"; did you mean "postedMsi"?'],
    ['vtx', '3:27: unknown type of IOMMU "vtx"; write one of vtd or amd'],
  ])('%s: %s', (iommu, sentence) => {
    const parsed = parseScenario(text({ operations: MOVE, iommu }), 'f.yaml');
    expect('errors' in parsed && parsed.errors.map(({ line, column, message }) => `${line}:${column}: ${message}`)).toEqual([sentence]);
  });
});

/** Not in any list of races: what a CPU that comes up writes of its descriptor leaves ON as it was (linux.md 2.9). */
test.each(['6.19', '7.0'])(
  '%s: a notification that INIT drops is the last: ON stays set, and the irq that comes back is mute',
  async (model) => {
    expect(await verdictOf('posted-msi-online', { model })).toEqual(['noLoss']);
    expect(await verdictOf('posted-msi-online', { model, assume: { softDisabled: 'dispatches' } })).toBe('safe');
  },
);
