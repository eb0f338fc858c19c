/** The file of a campaign: good up to its last whole line wherever it was cut, the same bytes in the end, and made one of several. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  assembleSystem,
  FileError,
  findScenario,
  mergeCampaigns,
  timedRun,
  type Overrides,
  type RunFigures,
  type Scenario,
  type Seeds,
} from '../../src/index.js';
import { countsOf, figuresOf as figuresOfRun } from '../../src/campaign/figures.js';
import { fingerprintOf } from '../../src/campaign/fingerprint.js';
import { headLine, runFrom, runLine, type Head } from '../../src/campaign/records.js';
import { Results } from '../../src/campaign/results.js';
import { seedAt, seedCount } from '../../src/campaign/seeds.js';
import { Tally } from '../../src/campaign/tally.js';
import { scenarioOf } from '../check/help.js';

const folder = mkdtempSync(join(tmpdir(), 'irqlab-test-'));
afterAll(() => rmSync(folder, { recursive: true }));
let made = 0;

/** A new file with this text. */
function fileOf(text: string): string {
  const file = join(folder, `${++made}.jsonl`);
  writeFileSync(file, text);
  return file;
}

function headOf(seeds: Seeds, more: Partial<Head> = {}): Head {
  const { first, last, shard = { number: 1, of: 1 } } = seeds;
  return {
    irqlab: 'campaign',
    version: 1,
    scenario: 'mine',
    model: 'linux-5.9',
    run: 'irqlab run --scenario mine.yaml',
    fingerprint: 'f00d',
    seeds: { first, last, shard },
    ...more,
  };
}

/** Every third seed fails, in two ways. */
function figuresOf(seed: number): RunFigures {
  return {
    seed,
    failed: seed % 3 === 0 ? ['noLoss', 'noStuckIsr'] : [],
    where: seed % 6 === 0 ? 'nic' : '',
    ...countsOf((which) => seed * 10 + which.length),
    injected: { total: 2 * seed, done: seed, running: 1, queued: seed - 1, refused: 3 },
    cycles: 1000 * seed,
    digest: seed.toString(16).padStart(16, '0'),
    latencies: [
      [15, seed],
      [103, 1],
    ],
  };
}

function all(seeds: Seeds): RunFigures[] {
  return Array.from({ length: seedCount(seeds) }, (_, place) => figuresOf(seedAt(seeds, place)));
}

/** The file of a campaign that nobody disturbed. */
function textOf(seeds: Seeds, more: Partial<Head> = {}): string {
  return headLine(headOf(seeds, more)) + all(seeds).map(runLine).join('');
}

const six: Seeds = { first: 4, last: 9 };

describe('a file', () => {
  test('a run as a line is the same run', () => {
    for (const figures of all(six)) expect(runFrom(runLine(figures))).toEqual(figures);
    expect(runLine(figuresOf(9))).toContain('"seed":9,"failed":["no-loss","no-stuck-isr"],');
  });

  test('a line has what joined and what was injected, as the run tells it', async () => {
    const run = await timedRun(
      scenarioOf(`version: 1
name: throttled
machine: {cpus: 2}
devices: [{name: nic, kind: free, message: {type: msix}, interArrival: {us: [3]}, moderation: {us: 20}, irqs: [{irq: 24, cpu: 0}]}]
events: [{at: {us: 10}, offline: 1}, {at: {us: 900000}, online: 1}]
`),
      {},
      { seconds: 0.01 },
    );
    expect(run.injected).toEqual({ total: 2, done: 1, running: 0, queued: 1, refused: 0 });
    expect(run.joined).toBeGreaterThan(100);
    expect(runFrom(runLine(figuresOfRun(run)))).toMatchObject({ joined: run.joined, injected: run.injected });
  });

  test('cut at any byte: what is whole is known, and in the end it is the same', () => {
    const text = textOf(six);
    const newlines = [...text.matchAll(/\n/g)].map(({ index }) => index);
    for (let cut = 0; cut <= text.length; cut += newlines.some((at) => Math.abs(at - cut) < 3) ? 1 : 11) {
      const file = fileOf(text.slice(0, cut));
      const known: number[] = [];
      const results = new Results(file, headOf(six), ({ seed }) => known.push(seed));
      const whole = Math.max(0, newlines.filter((at) => at < cut).length - 1);
      expect(known).toEqual([4, 5, 6, 7, 8, 9].slice(0, whole));
      for (const figures of all(six).slice(results.done)) results.add([figures]);
      results.close();
      expect(readFileSync(file, 'utf8')).toBe(text);
    }
  });

  test('what was left of something longer is gone when it is complete', () => {
    const file = fileOf(`${textOf(six)}x`.replace(/.{40}\nx$/, 'y'.repeat(4000)));
    const results = new Results(file, headOf(six), () => undefined);
    results.add(all(six).slice(results.done));
    results.close();
    expect(readFileSync(file, 'utf8')).toBe(textOf(six));
  });

  test('of two who write it the one behind stops, and nothing is lost', () => {
    const file = fileOf('');
    const one = new Results(file, headOf(six), () => undefined);
    const other = new Results(file, headOf(six), () => undefined);
    one.add(all(six).slice(0, 2));
    expect(() => other.add(all(six).slice(0, 1))).toThrow(
      new FileError(`another process is writing ${file}; this one has stopped, and the other goes on`),
    );
    other.close();
    one.add(all(six).slice(2));
    one.close();
    expect(readFileSync(file, 'utf8')).toBe(textOf(six));
  });

  test.each([
    ['{"version":1}\n', 'is no file of a campaign; name another file'],
    ['no newline', 'is no file of a campaign; name another file'],
    [textOf(six, { model: 'linux-5.6', fingerprint: 'x' }), 'has results of mine on linux-5.6 rather than linux-5.9; name another file'],
    [textOf(six, { fingerprint: 'x' }), 'in another version of the file, of the model, or of irqlab; name another file'],
    [textOf({ first: 4, last: 10 }), 'has results of seeds 4..10 rather than seeds 4..9; name another file'],
    [textOf({ ...six, shard: { number: 1, of: 2 } }), 'has results of shard 1/2 of seeds 4..9 rather than seeds 4..9; name another file'],
    [textOf(six).replace(/.*"seed":6.*\n/, ''), 'line 4 has seed 7 in place of 6; name another file'],
    [textOf(six) + runLine(figuresOf(9)), 'line 8 has seed 9 in place of 10; name another file'],
    [textOf(six).replace(/.*"seed":6.*/, String.fromCodePoint(0).repeat(50)), 'line 4 cannot be read; remove it and what follows'],
  ])('of something else is refused, and stays as it is: %#', (text, sentence) => {
    const file = fileOf(text);
    expect(() => new Results(file, headOf(six), () => undefined)).toThrow(sentence);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });
});

test('the fingerprint is of all that decides what a seed comes to, and of nothing else', async () => {
  const { scenario } = findScenario('torn-move')!;
  const of = (overrides: Overrides = {}, changed: Partial<Scenario> = {}, limits = {}): Promise<string> =>
    fingerprintOf(assembleSystem({ ...scenario, ...changed }, overrides), limits);
  const one = await of();
  expect(one).toMatch(/^[0-9a-f]{16}$/);
  expect(await of({}, { about: 'x', run: { ...scenario.run, seed: 77 } })).toBe(one);
  const { devices } = scenario;
  const others = [
    of({ behaviours: { msiUpdate: 'direct' } }),
    of({ assumptions: { push: 'none' } }),
    of({}, { devices: devices.map((device) => ({ ...device, handlerCycles: Number(device.handlerCycles) + 1 })) }),
    of({}, { devices: devices.map((device) => ({ ...device, name: `${device.name}2` })) }),
    of({}, { policies: [{ roundRobin: { everyUs: 1000 } }] }),
    of({}, {}, { seconds: 2 }),
    of({}, {}, { deadline: 2 }),
  ];
  expect(new Set([one, ...(await Promise.all(others))]).size).toBe(8);
});

test('shards share the seeds', () => {
  for (const of of [1, 2, 3, 7]) {
    const shards = Array.from({ length: of }, (_, i) => all({ ...six, shard: { number: i + 1, of } }).map(({ seed }) => seed));
    expect(shards.flat().toSorted((a, b) => a - b)).toEqual([4, 5, 6, 7, 8, 9]);
  }
});

describe('merge', () => {
  const shards = [1, 2, 3].map((number) => textOf({ ...six, shard: { number, of: 3 } }));

  test('of all shards, in any order and with some twice, is what one machine would have written', async () => {
    const [a = '', b = '', c = ''] = shards.map(fileOf);
    const out = fileOf('old');
    const merged = await mergeCampaigns([c, a, b, a], out);
    expect(readFileSync(out, 'utf8')).toBe(textOf(six));
    const tally = new Tally();
    for (const figures of all(six)) tally.add(figures);
    expect(merged).toMatchObject({ of: 6, missing: [], unfinished: [], ...tally.all });
    expect(merged.kinds).toEqual([
      { failed: ['noLoss', 'noStuckIsr'], where: 'nic', runs: 1, seed: 6 },
      { failed: ['noLoss', 'noStuckIsr'], where: '', runs: 1, seed: 9 },
    ]);
    // 4 to 9 events of up to 15 cycles, and six of up to 103
    expect(merged.latency).toEqual({ count: 45, p50: 15, p99: 103, p999: 103, max: 103 });
    expect(merged.worst).toMatchObject({ count: 6, p50: 103 });
    // seeds 4 to 9
    expect(merged.counts.joined).toBe(390 + 6 * 'joined'.length);
    expect(merged.injected).toEqual({ total: 78, done: 39, running: 6, queued: 33, refused: 18 });
    // of other ranges too
    await mergeCampaigns([fileOf(textOf({ first: 7, last: 9 })), fileOf(textOf({ first: 4, last: 6 }))], out);
    expect(readFileSync(out, 'utf8')).toBe(textOf(six));
  });

  test('of a file of before: what it does not say counts as none', async () => {
    const old = textOf(six).replaceAll(/"joined":\d+,"injected":\{.*?\},/g, '');
    const { counts, injected } = await mergeCampaigns([fileOf(old)]);
    expect(old).not.toMatch(/joined|injected/);
    expect([counts.joined, injected.total, injected.refused]).toEqual([0, 0, 0]);
    expect(counts.sent).toBe(390 + 6 * 'sent'.length);
  });

  test('says what is missing, and what a file lacks', async () => {
    const [a = '', , c = ''] = shards;
    const cut = fileOf(c.slice(0, -20));
    const merged = await mergeCampaigns([fileOf(a), cut]);
    const missing = [
      [5, 5],
      [8, 9],
    ];
    const unfinished = [{ file: cut, seeds: { ...six, shard: { number: 3, of: 3 } }, runs: 1, of: 2 }];
    expect(merged).toMatchObject({ runs: 3, of: 6, missing, unfinished });
  });

  test.each([
    [textOf(six, { fingerprint: 'x', scenario: 'yours' }), 'has results of yours rather than mine'],
    [textOf(six).replace('"sent":44', '"sent":45'), 'seed 4 came to something else in '],
    [`${textOf(six)}${runLine(figuresOf(5))}`, 'line 8 has seed 5 behind seed 9'],
    ['', 'is no file of a campaign; name one that irqlab campaign wrote'],
  ])('refuses what does not belong together, and writes nothing: %#', async (text, sentence) => {
    const out = fileOf('old');
    await expect(mergeCampaigns([fileOf(textOf(six)), fileOf(text)], out)).rejects.toThrow(sentence);
    expect(readFileSync(out, 'utf8')).toBe('old');
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});
