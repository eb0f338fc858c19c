/** A kernel model touches hardware in the order in which the real kernel was recorded to do it (design 5). */
import { describe, expect, test } from 'vitest';
import { conform, excuses, type Compared } from '../../src/conform/index.js';
import { findModel } from '../../src/kernel/model/index.js';
import { recorded, recordingOf } from './folders.js';

const compare = async (name: string, model: string, behaviours = {}): Promise<readonly Compared[]> =>
  (await conform(recordingOf(name), findModel(model, behaviours))).compared;

const known = new Map<string, Promise<readonly Compared[]>>();
/** With the model of the recorded version, once. */
const comparedWithOwn = (name: string): Promise<readonly Compared[]> => {
  const comparison = known.get(name) ?? compare(name, recordedModel);
  known.set(name, comparison);
  return comparison;
};

const recordedModel = 'linux-6.12.117';
const shown = (each: Compared): string =>
  `${each.kind} ${each.chip}: ${each.recorded.map(({ text }) => text).join('; ')} <> ${each.model.map(({ text }) => text).join('; ')}`;
const failed = (all: readonly Compared[]): string[] => all.filter(({ result }) => result === 'failed').map(shown);

describe('the model of the recorded version', () => {
  test.each(Object.values(recorded))('does what %s shows', async (name) => {
    expect(failed(await comparedWithOwn(name))).toEqual([]);
  });

  test('is compared in what it is said to be', async () => {
    const all = (await Promise.all(Object.values(recorded).map(comparedWithOwn))).flat();
    const count = (result: Compared['result']): number => all.filter((each) => each.result === result).length;
    expect({ compared: all.length, equal: count('equal') }).toEqual({ compared: 113, equal: 113 });
  });

  test('needs every excuse that there is', async () => {
    const all = (await Promise.all(Object.values(recorded).map(comparedWithOwn))).flat();
    const used = new Set(all.flatMap((each) => each.excuses));
    const names = excuses.map(({ name }) => name);
    expect(names.filter((name) => !used.has(name))).toEqual([]);
    expect([...used].filter((name) => !names.includes(name))).toEqual([]);
  });
});

describe('another model is told from the recorded one', () => {
  test('by the two steps of its message update, and its cleanup by IPI (linux.md 2.5, 2.7)', async () => {
    const found = failed(await compare(recorded.msiMoves, 'linux-5.9'));
    expect(found.some((each) => each.startsWith('deferred PCI-MSI') && each.includes('LAPIC   reads IRR'))).toBe(true);
    expect(found.some((each) => each.startsWith('completion') && each.includes('ICR     vector A to CPU b'))).toBe(true);
  });

  test('by a LAPIC that goes off before the irqs leave (linux.md 2.8)', async () => {
    const found = failed(await compare(recorded.hotplug, recordedModel, { lapicDisable: 'early' }));
    expect(found.map((each) => each.split(' ')[0])).toEqual(expect.arrayContaining(['evacuation', 'lapicOff']));
  });

  test('by a dying CPU that does not look at its IRR (linux.md 2.8)', async () => {
    const found = failed(await compare(recorded.hotplug, recordedModel, { irrScan: 'none' }));
    expect(found.map((each) => each.split(' ')[0])).toEqual(['scan']);
  });

  test('by table writes that nothing flushes (linux.md 2.5)', async () => {
    const found = failed(await compare(recorded.moves, recordedModel, { msiReadBack: 'none' }));
    expect(found.length).toBeGreaterThan(3);
    expect(found.every((each) => /^(?:deferred|allocate|request|free|teardown) PCI-MSIX/.test(each))).toBe(true);
  });

  test('by a message that is written once where it was written twice (linux.md 2.5)', async () => {
    const found = failed(await compare(recorded.moves, recordedModel, { msiUpdate: 'direct' }));
    expect(found.length).toBeGreaterThan(1);
    expect(found.every((each) => each.startsWith('deferred PCI-MSIX') && each.includes('vector B'))).toBe(true);
  });

  test.each([{ iecFlush: 'none' }, { iecIndex: 'first' }])(
    'by a move that does not invalidate what units have cached: %o (linux.md 2.6)',
    async (behaviours) => {
      const found = failed(await compare(recorded.irMoves, recordedModel, behaviours));
      expect(new Set(found.map((each) => each.split(' ')[0]))).toEqual(
        new Set(['move', 'deferred', 'allocate', 'request', 'free', 'teardown']),
      );
    },
  );

  test('by an irq that is started before it is on its CPU, and a driver that is not waited for (linux.md 2.11)', async () => {
    const found = failed(await compare(recorded.irMoves, recordedModel, { startupAffinity: 'afterUnmask' }));
    expect(found.map((each) => each.split(' ')[0])).toEqual(['request']);
  });

  test('by a vector that is never given back (linux.md 2.7)', async () => {
    const found = failed(await compare(recorded.msiMoves, recordedModel, { completeMove: 'dead' }));
    expect(found.map((each) => each.split(' ')[0])).toEqual(expect.arrayContaining(['completion', 'cleanup']));
  });
});
