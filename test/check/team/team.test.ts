/**
 * A search gives the same report for any number of workers, in any amount of memory, and however often it was interrupted and
 * gone on with. Threads load compiled files, so these tests import what the build made.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assembleSystem, findScenario, parseScenario, search, type System } from '../../../dist/src/index.js';
import type { SearchLimits, SearchResult } from '../../../dist/src/index.js';

const LIMITS: SearchLimits = { memory: 2 ** 30, states: Infinity, reduction: 0 };

/** Three CPUs, two devices, one offline: long enough for a team, with failures. */
const text = `
version: 1
name: long
machine: {cpus: 3}
universe: {vectors: 2}
devices:
  - {name: a, raises: 2, irqs: [{irq: 24, cpu: 2}]}
  - {name: b, raises: 1, irqs: [{irq: 25, cpu: 1}]}
operations:
  - offline: 2
`;

function long(model: string): System {
  const parsed = parseScenario(text, 'long.yaml');
  if ('errors' in parsed) throw new Error(parsed.errors.map((e) => e.message).join('\n'));
  return assembleSystem(parsed.scenario, { model });
}

function builtin(name: string, model: string): System {
  const found = findScenario(name);
  if (found === undefined) throw new Error(name);
  return assembleSystem(found.scenario, { model });
}

/** Everything a report rests on; not what it took. */
function reportOf(result: SearchResult): Omit<SearchResult, 'effort'> {
  return { ...result, effort: undefined } as Omit<SearchResult, 'effort'>;
}

let folder = '';
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'irqlab-test-'))));
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(['linux-5.6', 'linux-5.9'])('a long search on %s', (model) => {
  const system = long(model);
  let alone: SearchResult;
  beforeAll(async () => (alone = await search(system, { ...LIMITS, workers: 1 })));

  test('is long enough for a team', () => {
    expect(alone.coverage.states).toBeGreaterThan(300_000);
    expect(alone.verdict).toBe(model === 'linux-5.9' ? 'safe' : 'failed');
  });

  // it begins alone; threads that a busy machine starts late find nothing left to do
  test.each([2, 3])('up to %i workers give the same report', async (workers) => {
    expect(reportOf(await search(system, { ...LIMITS, workers }))).toEqual(reportOf(alone));
  });

  test.each([2, 3])('so do %i workers, of which none is alone, that go on with what one has begun', async (workers) => {
    const file = join(folder, `${model}-${workers}.checkpoint`);
    expect((await search(system, { ...LIMITS, workers: 1, states: 60_000, save: file })).kept).toBe(file);
    const together = await search(system, { ...LIMITS, workers, resume: file });
    expect(together.effort.workers).toBe(workers);
    expect(reportOf(together)).toEqual(reportOf(alone));
  });

  test('fingerprints of 128 bits give the same report', async () => {
    const wide = await search(system, { ...LIMITS, workers: 2, fingerprint: 128 });
    expect(wide.coverage).toEqual(alone.coverage);
    expect(wide.failures.map((f) => [f.property, f.length])).toEqual(alone.failures.map((f) => [f.property, f.length]));
  });

  test('with a frontier that does not fit into its memory too', async () => {
    const tight = await search(system, { ...LIMITS, memory: 14 * 2 ** 20, workers: 1 });
    expect(tight.effort.disk).toBeGreaterThan(0);
    expect(reportOf(tight)).toEqual(reportOf(alone));
  });

  test('interrupted and gone on with five times, by one worker and by two, it ends the same', async () => {
    const file = join(folder, `${model}.checkpoint`);
    let sittings = 0;
    let result: SearchResult | undefined;
    while (result === undefined || result.reason === 'interrupted') {
      // a team is looked at from time to time, and goes on meanwhile: it is told at once
      const enough = (result?.coverage.states ?? 0) + (sittings % 2 === 0 ? 40_000 : 1);
      result = await search(system, {
        ...LIMITS,
        workers: sittings % 2 === 0 ? 1 : 2,
        resume: existsSync(file) ? file : undefined,
        save: file,
        progress: (c) => sittings < 5 && c.states >= enough,
      });
      sittings++;
    }
    expect(sittings).toBe(6);
    expect(reportOf(result)).toEqual(reportOf(alone));
  });
});

describe('checkpoints', () => {
  const file = (): string => join(folder, 'some.checkpoint');

  async function interrupted(system: System): Promise<SearchResult> {
    return search(system, { ...LIMITS, save: file(), progress: () => true });
  }

  test('an interrupted search says so and keeps what it has', async () => {
    const { verdict, reason, coverage } = await interrupted(long('linux-5.9'));
    expect([verdict, reason]).toEqual(['unknown', 'interrupted']);
    expect(coverage.states).toBeGreaterThan(0);
    expect(existsSync(`${file()}.part`)).toBe(false);
  });

  test('of another scenario, model or kind are refused in a sentence', async () => {
    await interrupted(long('linux-5.9'));
    const resume = file();
    await expect(search(long('linux-5.6'), { ...LIMITS, resume })).rejects.toThrow('another scenario or model');
    await expect(search(builtin('xhci-hotplug', 'linux-5.9'), { ...LIMITS, resume })).rejects.toThrow('another scenario or model');
    await expect(search(long('linux-5.9'), { ...LIMITS, resume, fingerprint: 128 })).rejects.toThrow('64 bits');
  });

  test('that were cut, or are none, are refused in a sentence', async () => {
    await interrupted(long('linux-5.9'));
    const resume = file();
    const size = readFileSync(resume).length;
    truncateSync(resume, size - 9);
    await expect(search(long('linux-5.9'), { ...LIMITS, resume })).rejects.toThrow('has been cut');
    writeFileSync(resume, 'no such thing\n');
    await expect(search(long('linux-5.9'), { ...LIMITS, resume })).rejects.toThrow('no checkpoint');
    writeFileSync(resume, '');
    await expect(search(long('linux-5.9'), { ...LIMITS, resume })).rejects.toThrow('no checkpoint');
  });
});

test('a team that runs out of memory says so, with what it covered', async () => {
  const { verdict, reason, coverage } = await search(long('linux-5.9'), { ...LIMITS, memory: 2 ** 22, workers: 2 });
  expect([verdict, reason]).toEqual(['unknown', 'the memory limit was reached']);
  expect(coverage.states).toBeGreaterThan(10_000);
});
