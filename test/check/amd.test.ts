/** AMD-Vi units in a check (hardware.md F): what each step of a move is for, each shown by leaving it out. */
import { describe, expect, test } from 'vitest';
import {
  assembleWith,
  drawDiagram,
  explain,
  minimise,
  search,
  Walk,
  type KernelModel,
  type SearchResult,
  type System,
} from '../../src/index.js';
import { amdKernel, type AmdBehaviours } from '../engine/amdKernel.js';
import { guestKernel, type GuestBehaviours } from '../engine/guestKernel.js';
import { Dice } from '../engine/systems.js';
import { scenarioOf } from './help.js';

/** Ten lines: an irq moves to another CPU, by its entry in its device's table. */
const tenLines = (iommu: string, settings: string, devices: string): string => `\
version: 1
name: amd-move
machine: {cpus: 2, iommu: ${iommu}}
universe: {vectors: 4}
${settings}
devices:
${devices}
operations:
  - move: {irq: 24, to: [0]}
`;

const one = '  - {name: nic, raises: 1, irqs: [{irq: 24, cpu: 1}]}';
/** Both devices send the same data (T59). */
const two = '  - {name: disk, raises: 0, irqs: [{irq: 23, cpu: 0}]}\n  - {name: nic, raises: 1, irqs: [{irq: 24, cpu: 1}]}';

/** One vCPU, whose interrupts a unit posts. */
const guest = (options: string, raises: number, operations: string): string => `\
version: 1
name: amd-guest
machine: {cpus: 2, iommu: {type: amd, guest: true${options}}}
universe: {vectors: 1}
devices:
  - {name: nic, kind: free, raises: ${raises}, irqs: [{irq: 24, cpu: 0}]}
${operations}
`;

const systemOf = (text: string, model: KernelModel): System => assembleWith(scenarioOf(text), model);

function named({ verdict, reason, failures }: SearchResult): string {
  if (verdict !== 'failed') return reason ?? verdict;
  return failures
    .map(({ property }) => property)
    .toSorted()
    .join();
}

/** Without reduction, and with all of it. */
const verdicts = (text: string, model: KernelModel): Promise<string[]> =>
  Promise.all(
    ([0, 2] as const).map(async (reduction) => named(await search(systemOf(text, model), { memory: 2 ** 30, states: 200_000, reduction }))),
  );

describe('in a scenario of ten lines', () => {
  const nothing = 'assumptions: {}';
  const halves = 'assumptions: {irteFetch: halves}';
  const stale = 'noLoss,noStray';
  test.each<[string, AmdBehaviours, string, string, string, string]>([
    ['the right sequence', {}, 'amd', nothing, one, 'safe'],
    ['T59 two devices that send the same data, each with its table', {}, 'amd', nothing, two, 'safe'],
    ['an entry of 32 bits in one store', { update: 'narrow' }, '{type: amd, ga: false}', nothing, one, 'safe'],
    ['T48 the halves apart, destination first', { update: 'low-first' }, 'amd', nothing, one, stale],
    ['T48 the halves apart, vector first', { update: 'high-first' }, 'amd', nothing, one, stale],
    ['T48 not valid while the halves change', { update: 'toggle' }, 'amd', nothing, one, 'noFault,noLoss'],
    ['T48 one store, and a unit that reads the halves apart', {}, 'amd', halves, one, stale],
    ['32 bits have no halves', { update: 'narrow' }, '{type: amd, ga: false}', halves, one, 'safe'],
    ['T43 no invalidation', { flush: 'none' }, 'amd', nothing, one, stale],
    ['no invalidation, of entries that are not cached', { flush: 'none' }, '{type: amd, irtCacheDis: true}', nothing, one, stale],
    ['T60 an invalidation for another device', { flush: 'other' }, 'amd', nothing, two, stale],
    ['INVALIDATE_ALL', { flush: 'all' }, 'amd', nothing, two, 'safe'],
    ['T44 no wait', { wait: 'none' }, 'amd', nothing, one, stale],
    ['T44 a wait in front of the invalidation, which it does not cover', { wait: 'before' }, 'amd', nothing, one, stale],
    ['a wait with an interrupt', { wait: 'interrupt' }, 'amd', nothing, one, 'safe'],
    ['T45 an old vector that is given up early', { free: 'early' }, 'amd', nothing, one, stale],
    ['no drain', {}, 'amd', 'assumptions: {iecDrain: none}', one, stale],
    ['a drain out of the root complex only', {}, 'amd', 'assumptions: {iecDrain: root-complex}', one, stale],
    ['another table for the device', { update: 'table' }, 'amd', nothing, one, 'safe'],
    [
      'another table, and its entry of the device table is not invalidated',
      { update: 'table', flush: 'entries' },
      'amd',
      nothing,
      one,
      stale,
    ],
    ['another table, and the entries of the old one are not invalidated', { update: 'table', flush: 'device' }, 'amd', nothing, one, stale],
    ['two units, each with a device', {}, '{type: amd, units: [{devices: [disk]}, {}]}', nothing, two, 'safe'],
  ])('%s: the verdict with and without reduction', async (_, behaviours, iommu, settings, devices, verdict) => {
    const text = tenLines(iommu, settings, devices);
    expect(text.split('\n').length).toBeLessThanOrEqual(12);
    expect(await verdicts(text, amdKernel(behaviours))).toEqual([verdict, verdict]);
  });
});

describe('a guest, in ten lines (F.3.3, F.4)', () => {
  const runs = 'operations:\n  - move: {irq: 24, to: [1]}';
  const activates = 'operations:\n  - disable: 24';

  test.each<[string, GuestBehaviours, string, number, string, string]>([
    ['a vCPU that has halted is woken by the log', {}, '', 2, '', 'safe'],
    ['one that runs hears the doorbell', {}, '', 2, runs, 'safe'],
    ['it looks at its vAPIC before its entry says that it has halted', { halt: 'look-first' }, '', 2, '', 'noLoss'],
    ['its entry does not ask for the log', { halt: 'silent' }, '', 2, '', 'noLoss'],
    ['it looks at its vAPIC before its entry says that it runs', { start: 'look-first' }, '', 1, runs, 'progress'],
    ['the doorbell rings elsewhere', { start: 'elsewhere' }, '', 1, runs, 'progress'],
    ['the bit that asks for the log changes with IsRun, and nothing is invalidated', { start: 'without-log' }, '', 2, '', 'noLoss'],
    ['the status is cleared behind the last look at the log', { log: 'clear-last' }, '', 2, '', 'noLoss'],
    ['a log that has overflowed goes on when that is cleared, and whoever was forgotten is woken', {}, ', guestLog: 1', 3, '', 'safe'],
    ['... and nobody else is woken', { log: 'overflow-forgotten' }, ', guestLog: 1', 3, '', 'noLoss'],
    ['a log that has overflowed stands', { log: 'overflow-stays' }, ', guestLog: 1', 3, '', 'noLoss'],
    ['an entry becomes the guest’s in one store', {}, '', 2, activates, 'safe'],
    ['T48 an entry becomes the guest’s in halves: a request is posted elsewhere', { activate: 'low-first' }, '', 2, activates, 'noLoss'],
    ['a page where no memory is', { page: 'nowhere' }, '', 1, '', 'noFault,noLoss'],
  ])('%s: the verdict with and without reduction', async (_, behaviours, options, raises, operations, verdict) => {
    const text = guest(options, raises, operations);
    expect(text.split('\n').length).toBeLessThanOrEqual(12);
    expect(await verdicts(text, guestKernel(behaviours))).toEqual([verdict, verdict]);
  });
});

describe('a counterexample', () => {
  const drawn = async (system: System, property: string): Promise<string> => {
    const { failures } = await search(system, { memory: 2 ** 30, states: 200_000 });
    const failure = failures.find((each) => each.property === property);
    if (failure === undefined) throw new Error(`${property} holds`);
    return drawDiagram(await explain(system, await minimise(system, failure)), 400);
  };
  const nothing = 'assumptions: {}';

  test('names events as kernels do', async () => {
    const text = await drawn(systemOf(tenLines('amd', nothing, one), amdKernel({ update: 'toggle' })), 'noFault');
    expect(text).toMatch(/samples its message: entry 0/);
    expect(text).toMatch(/nic, entry 0: blocked, IO_PAGE_FAULT/);
  });

  test('tells entries of devices, and what is cached of them', async () => {
    const text = await drawn(systemOf(tenLines('amd', nothing, two), amdKernel({ flush: 'other' })), 'noStray');
    expect(text).toMatch(/drops all entries of requester 0xa that it has cached/);
    expect(text).toMatch(/nic, entry 0 \(cached\): CPU 1, vector 0x24/);
    expect(text).toMatch(/disk entry 0: CPU 0, vector 0x21/);
    expect(text).toMatch(/nic entry 0: CPU 0, vector 0x23; IOMMU has cached CPU 1, vector 0x24/);
  });

  test('tells the doorbell of a guest', async () => {
    const text = await drawn(systemOf(guest('', 2, ''), guestKernel({ halt: 'look-first' })), 'noLoss');
    expect(text).toMatch(/nic, entry 0: of a guest, vector 0x31/);
    expect(text).toMatch(/sets vector 0x31 in the vAPIC page, and rings the doorbell/);
    expect(text).toMatch(/LOST: at rest the event of nic is owed/);
  });

  test('can be walked: the unit’s own interrupt, and what it has cached, have names', async () => {
    const seen = new Set<string>();
    for (const [s, times] of [
      [systemOf(guest('', 2, ''), guestKernel({})), 60],
      [systemOf(tenLines('amd', nothing, one), amdKernel({ update: 'table' })), 120],
    ] as const) {
      const walk = await Walk.begin(s);
      const dice = new Dice(5);
      for (let n = 0; n < times; n++) {
        const choices = walk.choices();
        for (const { name, text } of choices) seen.add(`${name}: ${text}`);
        if (choices.length === 0) break;
        walk.take(dice.of(choices).action);
      }
    }
    const all = [...seen].join('\n');
    expect(all).toMatch(/iommu0\.m0: IOMMU -> CPU 0 vector 0x10 reaches the LAPIC/);
    expect(all).toMatch(/nic\.m0: nic -> vAPIC page vector 0x31 reaches the vAPIC page/);
    expect(all).toMatch(/iommu0\.drop0: IOMMU 0 drops the device table entry of nic from its cache, which memory has no more/);
    expect(all).toMatch(/iommu0\.drop1: IOMMU 0 drops entry 0 of nic from its cache, which memory has no more/);
  });
});
