/** Linux behind AMD-Vi units (linux.md 2.6, hardware.md F; races.md amd-irte-valid-toggle): each way to move, by version, and what its steps are for. */
import { describe, expect, test } from 'vitest';
import {
  assembleSystem,
  drawDiagram,
  drawSvg,
  explain,
  findScenario,
  minimise,
  parseScenario,
  search,
  stringifyScenario,
  type System,
} from '../../../src/index.js';
import { imagesGoOn, reducedAlike } from '../../check/units.js';
import { Dice, randomSystem } from '../../engine/systems.js';
import { given, LIMITS, scenarioOf, systemFrom, verdictOf, type Options } from '../../check/help.js';
import { Walk } from './walk.js';

interface Text {
  readonly iommu?: string;
  readonly message?: string;
  readonly irqs?: string;
  readonly operations?: string;
  readonly raises?: number;
  readonly more?: string;
  readonly beside?: string;
}

const MOVE = 'move: {irq: 24, to: [0]}';

/** Ten lines: an irq of a device moves to another CPU, by its entry in the device's table. */
function text({ iommu = 'amd', message = '{type: msi}', irqs = '{irq: 24, cpu: 1}', operations = MOVE, ...rest }: Text = {}): string {
  const { raises = 1, more = 'parallel: false', beside } = rest;
  return `version: 1
name: amd-move
machine: {cpus: 2, iommu: ${iommu}}
universe: {vectors: 4}
devices:
  - {name: nic, message: ${message}, raises: ${raises}, irqs: [${irqs}]}${beside === undefined ? '' : `\n  - ${beside}`}
operations:
  - ${operations}
${more}
`;
}

/** Verdicts of one text by version, as one line. */
async function byVersion(source: string, models: readonly string[], options: Options = {}): Promise<Record<string, unknown>> {
  const found = await Promise.all(models.map(async (model) => [model, await verdictOf(source, { ...options, model })] as const));
  return Object.fromEntries(found);
}

const torn = ['noFault', 'noLoss'];
const stale = ['noLoss', 'noStray'];
const NARROW = '{type: amd, ga: false}';

describe('a move', () => {
  test('of an entry of 128 bits: torn up to 5.8, by one store from 5.9 on', async () => {
    expect(text().trimEnd().split('\n').length).toBe(9);
    expect(await byVersion(text(), ['4.19', '5.8', '5.9', '6.6', '7.0'])).toEqual({
      '4.19': torn,
      '5.8': torn,
      '5.9': 'safe',
      '6.6': 'safe',
      '7.0': 'safe',
    });
  });

  test('of one of 32 bits is one store on every version', async () =>
    expect(await byVersion(text({ iommu: NARROW }), ['4.19', '5.8', '7.0'])).toEqual({ '4.19': 'safe', '5.8': 'safe', '7.0': 'safe' }));

  test('the store alone makes it: 5.8 with that of 5.9, 5.9 with those of 5.8', async () => {
    expect(await verdictOf(text(), { model: '5.8', set: { amdIrteUpdate: 'atomic' } })).toBe('safe');
    expect(await verdictOf(text(), { model: '5.9', set: { amdIrteUpdate: 'validToggle' } })).toEqual(torn);
  });

  // on CPU 0 the vector is another one
  const beside = '{name: disk, raises: 0, irqs: [{irq: 25, cpu: 0}]}';
  test.each<[string, Text, Options, unknown]>([
    ['without an invalidation', {}, { set: { iecFlush: 'none' } }, stale],
    ['without a wait', {}, { set: { iecWait: 'none' } }, stale],
    ['with a wait that does not cover its invalidation', {}, { set: { iecWait: 'before' } }, stale],
    ['with such a wait, on 7.0', {}, { model: '7.0', set: { iecWait: 'before' } }, stale],
    ['with one that drains nothing', {}, { assume: { iecDrain: 'none' } }, stale],
    ['behind a unit that reads halves', { beside }, { assume: { irteFetch: 'halves' } }, stale],
    ['of 32 bits behind such a unit', { beside, iommu: NARROW }, { assume: { irteFetch: 'halves' } }, 'safe'],
    ['behind a unit that caches no entries, on 6.1', { iommu: '{type: amd, irtCacheDis: true}' }, { model: '6.1' }, 'safe'],
    // no command, no wait: what has passed the unit is drained by nobody
    ['behind such a unit, on 6.6', { iommu: '{type: amd, irtCacheDis: true}' }, { model: '6.6' }, stale],
  ])('%s: %s', async (_, parts, options, expected) => expect(await verdictOf(text(parts), options)).toEqual(expected));

  test.each<[string, Text]>([
    ['MSI-X', { message: '{type: msix}', irqs: '{irq: 23, cpu: 1}, {irq: 24, cpu: 1}' }],
    ['several MSI', { message: '{type: msi, vectors: 2}', irqs: '{irq: 23, cpu: 1}, {irq: 24, cpu: 1}' }],
    ['a comparator of the HPET', { message: '{type: hpet}' }],
    ['a pin by edges', { message: '{type: ioapic, pin: 3}' }],
    ['a pin by levels', { message: '{type: ioapic, pin: 5, trigger: level}' }],
    ['pins and MSI', { message: '{type: ioapic, pin: 3}', beside: '{name: disk, raises: 0, irqs: [{irq: 25, cpu: 0}]}' }],
    ['two units', { iommu: '{type: amd, units: [{devices: [disk]}, {}]}', beside: '{name: disk, raises: 0, irqs: [{irq: 25, cpu: 0}]}' }],
  ])('of %s: torn on 5.8, safe on 7.0', async (_, parts) => {
    // a level that is refused comes again
    const lost = parts.message?.includes('level') ? ['noFault'] : torn;
    expect(await byVersion(text(parts), ['5.8', '7.0'])).toEqual({ '5.8': lost, '7.0': 'safe' });
  });
});

describe('two CPUs that move irqs: need_sync is read without the lock up to 6.4', () => {
  const movers = given(findScenario('amd-two-movers')).text;

  test('another CPU’s wait is not complete when this one goes on', async () =>
    expect(await byVersion(movers, ['6.1', '6.6'])).toEqual({ '6.1': stale, '6.6': 'safe' }));

  test('so it is where the number of a wait is taken before the lock', async () => {
    const options = { model: '7.0', set: { amdCompletionWait: 'overtaken' } };
    expect(await verdictOf(movers, options)).toEqual(stale);
    expect(await verdictOf(text(), options)).toBe('safe');
  });

  test('but a unit of its own has a flag of its own', async () => {
    const two = movers.replace('iommu: amd', 'iommu: {type: amd, units: [{devices: [disk]}, {}]}');
    expect(await verdictOf(two, { model: '6.1' })).toBe('safe');
  });

  test('nor does one CPU overtake itself', async () =>
    expect(await verdictOf(movers.replace(', on: 1}', ', on: 0}'), { model: '6.1' })).toBe('safe'));
});

/** Routine and text of each micro-op that stores to the entry, puts a command, waits or locks, in their order. */
function accesses(walk: Walk): string[] {
  const { system, steps } = walk.replay;
  const texts = steps
    .flatMap(({ events }) => events)
    .flatMap((e) => {
      const label = e.kind === 'step' ? system.built.labels[(system.built.program.code[e.b * 4 + 3] ?? 0) >>> 8] : undefined;
      const told = label && /^remapping entry|^command|COMPLETION|need_sync|lock i(rq_table|ommu)/.test(label.text);
      return told ? [label.text.replace(/\[.*/, '').replace(/:.*/, (rest) => (/^: (valid|COMP|INV|16)/.test(rest) ? rest : ''))] : [];
    });
  return texts.filter((each, i) => each !== texts[i - 1]);
}

describe('the order of a move', () => {
  const toggle = ['valid = 0', undefined, undefined, 'valid = 1'];
  const stores = (...names: (string | undefined)[]): string[] =>
    names.map((name, i) => (name === undefined ? `remapping entry, ${i === 1 ? 'upper' : 'lower'} half` : `remapping entry: ${name}`));
  const inTable = (of: readonly string[]): string[] => ['lock irq_table_lock', ...of, 'unlock irq_table_lock'];
  const invalidation = 'command: INVALIDATE_INTERRUPT_TABLE';
  const wait = 'command: COMPLETION_WAIT';
  const waits = 'waits until COMPLETION_WAIT has stored';
  const apart = [
    'lock iommu_lock',
    invalidation,
    'need_sync = 1',
    'unlock iommu_lock',
    'need_sync',
    'lock iommu_lock',
    wait,
    'need_sync = 0',
    waits,
    'unlock iommu_lock',
  ];
  const together = ['lock iommu_lock', invalidation, wait];
  test.each<[string, string, readonly string[]]>([
    ['4.19', 'amd', [...inTable(stores(...toggle)), ...apart]],
    ['4.19', NARROW, [...inTable(['remapping entry']), ...apart]],
    ['5.9', 'amd', [...inTable(stores('16 bytes at once')), ...apart]],
    ['6.6', 'amd', [...inTable(stores('16 bytes at once')), ...together, waits, 'unlock iommu_lock']],
    ['7.0', 'amd', [...inTable(stores('16 bytes at once')), ...together, 'unlock iommu_lock', waits]],
  ])('%s, %s', async (model, iommu, expected) => {
    const walk = await Walk.begin(text({ iommu }), { model });
    walk.operation(0);
    expect(accesses(walk)).toEqual(expected);
  });
});

describe('what else is done to an irq goes through its entry', () => {
  const entry = (walk: Walk): number[] => [0, 2].map((word) => walk.variable('irte', 0, word));
  const VALID = 1;

  test('a move: destination and vector, and its device is left alone', async () => {
    const walk = await Walk.begin(text({ irqs: '{irq: 24, cpu: 1, vector: 0x23}' }), { model: '5.9' });
    const message = walk.message(0);
    expect(entry(walk)).toEqual([VALID | (1 << 8), 0x23]);
    walk.operation(0);
    expect(entry(walk)).toEqual([VALID, 0x21]);
    expect(walk.message(0)).toEqual(message);
    walk.raise('nic');
    expect(walk.count('serve')).toBe(1);
  });

  test.each([
    ['free', '4.19', 'amd', VALID | (1 << 8)],
    ['free', '5.9', 'amd', 1 << 8],
    ['free', '7.0', NARROW, (1 << 8) | (0x21 << 16)],
  ])('%s on %s, %s: the last store of valid = 1 leaves it valid', async (kind, model, iommu, low) => {
    const walk = await Walk.begin(text({ iommu, operations: `${kind}: 24` }), { model });
    walk.operation(0);
    expect(walk.variable('irte', 0, 0)).toBe(low);
  });

  test('given back it is cleared, allocated and requested again it is valid', async () => {
    const operations = ['free: 24', 'teardown: nic', 'allocate: nic', 'request: 24'].join('\n  - ');
    const walk = await Walk.begin(text({ operations, message: '{type: msix}' }), { model: '7.0' });
    const seen = [0, 1, 2, 3].map((n) => {
      walk.operation(n);
      return entry(walk)[0];
    });
    // no more than reserved: the first CPU, and a vector that nobody takes for its own
    expect(seen).toEqual([1 << 8, 0, VALID, VALID]);
    walk.raise('nic');
    expect(walk.count('serve')).toBe(1);
  });

  test.each(['offline: 1', 'suspend: true'])('%s', async (operations) => {
    expect(await byVersion(text({ operations }), ['5.9', '7.0'])).toEqual({ '5.9': 'safe', '7.0': 'safe' });
    expect(await verdictOf(text({ operations: 'offline: 1' }), { model: '4.19' })).toEqual(torn);
  });
});

describe('random scenarios', () => {
  const random = (dice: Dice, small: boolean, hotplug: boolean): System => randomSystem(dice, { hotplug, small, remapped: 'amd' });

  test('both levels of the reduction give the verdict of the full search', async () => {
    const dice = new Dice(75);
    expect(await reducedAlike((i) => random(dice, true, i % 3 === 0), 5)).toBe(5);
  });

  test('a state and its image go on alike', async () => {
    const dice = new Dice(76);
    expect(await imagesGoOn((i) => random(dice, false, i % 2 === 0), dice, 6)).toBeGreaterThan(100);
  });
});

describe('what is told', () => {
  const told = async (model: string, property: string): Promise<readonly [diagram: string, svg: string]> => {
    const system = systemFrom(text(), { model });
    const failure = given((await search(system, LIMITS)).failures.find((each) => each.property === property));
    const explanation = await explain(system, await minimise(system, failure));
    return [drawDiagram(explanation, 400), drawSvg(explanation)];
  };

  test('of a torn entry: its stores, the event as kernels print it, what is left of it', async () => {
    const [diagram, svg] = await told('5.8', 'noFault');
    expect(diagram).toMatch(/modify_irte_ga: remapping entry: valid = 0/);
    expect(diagram).toMatch(/nic, entry 0: blocked, IO_PAGE_FAULT/);
    expect(diagram).toMatch(/nic entry 0: not valid; CPU 1, vector 0x21/);
    for (const part of ['IOMMU', 'nic, entry 0: blocked,', 'IO_PAGE_FAULT', 'remapping entry', 'not valid; CPU 1, vector 0x21'])
      expect(svg).toContain(`>${part}<`);
    // what is refused does not go on
    expect(svg).toContain('cross fail-edge');
  });
});

describe('a file', () => {
  const mistakes = (source: string): string[] => {
    const parsed = parseScenario(source, 'f.yaml');
    return 'errors' in parsed ? parsed.errors.map(({ line, column, message }) => `${line}:${column}: ${message}`) : [];
  };
  test('without a VT-d unit has no fault event of one', () => {
    const sentence =
      'type: dmar is the fault event of a VT-d unit, and the units here are AMD’s; write iommu: vtd, or leave out this device';
    for (const iommu of ['amd', '{type: amd, ga: false}'])
      expect(mistakes(text({ iommu, message: '{type: dmar}' }))).toEqual([`6:26: ${sentence}`]);
    expect(mistakes(text({ iommu: 'vtd', message: '{type: dmar}' }))).toEqual([]);
  });

  test.each([
    ['move: {irq: 24, to: [0], on: 7}', 'parallel: false', '8:34: CPU 7 does not exist; the machine has CPUs 0 and 1'],
    ['move: {irq: 24, to: [0], on: zero}', 'parallel: false', '8:34: expected a whole number, got the text "zero"'],
    [
      'offline: 1\n  - move: {irq: 24, to: [0], on: 1}',
      'parallel: false',
      '9:34: CPU 1 is offline when the move begins; write one of CPU 0',
    ],
    [
      'offline: 1\n  - move: {irq: 24, to: [0], on: 1}',
      'parallel: true',
      '9:34: CPU 1 may be offline when the move begins; write one of CPU 0',
    ],
  ])('%s, %s', (operations, more, sentence) => expect(mistakes(text({ operations, more })).join()).toContain(sentence));

  test('says on which CPU a move is asked for, and is written back', () => {
    const scenario = scenarioOf(given(findScenario('amd-two-movers')).text);
    expect(scenario.operations[1]).toEqual({ move: { irq: 25, to: [0], on: 1 } });
    expect(scenarioOf(stringifyScenario(scenario))).toEqual(scenario);
  });

  test('may have 512 irqs on a device, as units have entries for it', () => {
    const irqs = (n: number): string => Array.from({ length: n }, (_, i) => `{irq: ${24 + i}, cpu: ${i % 64}}`).join(', ');
    const many = (n: number): string =>
      text({ message: '{type: msix}', irqs: irqs(n) })
        .replace('cpus: 2', 'cpus: 64')
        .replace('vectors: 4', 'vectors: 16');
    const assembled = (n: number) => () => assembleSystem(scenarioOf(many(n)), { model: 'linux-7.0' });
    expect(assembled(512)).not.toThrow();
    expect(assembled(513)).toThrow(
      'a device behind an AMD-Vi unit has 512 remapping entries, and nic has more irqs; give some of them to another device',
    );
  });
});
