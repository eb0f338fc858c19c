/**
 * Many seeds over worker threads: killed, interrupted and gone on with, by any number of workers, they come to the same file. Threads load
 * compiled files, so these tests import what the build made.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { campaign, findScenario, RunError, type CampaignOptions, type CampaignResult } from '../../dist/src/index.js';
import { irqlab, tooLong, type Ran } from '../cli/help.js';

const folder = mkdtempSync(join(tmpdir(), 'irqlab-test-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);
const text = (name: string): string => readFileSync(at(name), 'utf8');

/** The loop of the report, in which some seeds keep interrupts off for too long. */
const subject = {
  scenario: findScenario('xhci-loop')!.scenario,
  overrides: { model: 'linux-5.9' },
  limits: { seconds: 0.02, deadline: 1_500_000 },
};
const words = ['campaign', '--model', 'linux-5.9', '--seconds', '0.02', '--deadline', '1500000'];

const run = (options: CampaignOptions): Promise<CampaignResult> => campaign(subject, options);

/** A module that ends its worker on a condition. */
function falling(name: string, condition: string): string {
  const file = at(name);
  writeFileSync(
    file,
    `import { existsSync, writeFileSync } from 'node:fs';
     import { workerData } from 'node:worker_threads';
     export async function modelFrom(name) {
       if (workerData?.subjects !== undefined && ${condition}) process.exit(7);
       return name;
     }`,
  );
  return pathToFileURL(file).href;
}

describe('a campaign', () => {
  const seeds = { first: 1, last: 80 };

  test('that is killed with SIGKILL and interrupted with Ctrl-C comes to the same, byte for byte', async () => {
    // one of its workers falls, and is replaced
    const mark = JSON.stringify(at('fallen'));
    const models = falling('once.mjs', `!existsSync(${mark}) && (writeFileSync(${mark}, ''), true)`);
    const whole = await run({ seeds, workers: 2, models, out: at('whole.jsonl') });
    expect(existsSync(at('fallen'))).toBe(true);
    expect(whole).toMatchObject({ ended: 'complete', runs: 80, made: 80, scenario: 'xhci-loop', model: 'linux-5.9' });
    expect(whole.kinds).toMatchObject([{ failed: ['deadline'], where: 'mostly interrupts off', seed: 3 }]);
    expect(whole.failed).toBe(whole.kinds[0]?.runs);
    expect(whole.latency.count).toBe(whole.counts.handled);

    const reproduce = 'irqlab run --scenario xhci-loop --model linux-5.9 --seconds 0.02 --deadline 1500000 --seed 3';
    const file = at('killed.jsonl');
    const command = [...words, '--seeds', '80', '--workers', '1', '--out', file];
    /** Goes on, and is sent a signal as soon as there are more results; a machine that is busy may be too late with it. */
    const signalled = async (name: NodeJS.Signals, code: number | null): Promise<Ran> => {
      const before = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
      for (;;) {
        const ran = await irqlab(command, {
          signal: { name, when: () => existsSync(file) && statSync(file).size > Math.max(500, before.length) },
        });
        if (ran.code === code) return ran;
        writeFileSync(file, before);
      }
    };
    expect(await signalled('SIGKILL', null)).toMatchObject({ stdout: '', stderr: '' });
    const interrupted = await signalled('SIGINT', 130);
    expect([interrupted.code, interrupted.stderr, tooLong(interrupted.stdout.replace(reproduce, ''))]).toEqual([130, '', []]);
    expect(interrupted.stdout).toMatch(/ {2}unfinished {2}interrupted: [\d,]+ of 80 seeds; the same command goes on\n/);
    expect(text('whole.jsonl').startsWith(text('killed.jsonl'))).toBe(true);
    const lines = text('killed.jsonl').split('\n').length - 2;
    expect(lines).toBeLessThan(80);

    const rest = await irqlab([...command, '--format', 'json']);
    expect([rest.code, rest.stderr]).toEqual([1, '']);
    expect(text('killed.jsonl')).toBe(text('whole.jsonl'));
    const { counts, latency, failed } = whole;
    const made = 80 - lines;
    expect(JSON.parse(rest.stdout)).toMatchObject({ ended: 'complete', made, counts, latency, failed, kinds: [{ reproduce }] });
  });

  test('ends at the first failure if it is to', async () => {
    const options = { seeds: { first: 1, last: 12 }, out: at('first.jsonl') };
    const first = await run({ ...options, workers: 1, stopOnFailure: true });
    expect(first).toMatchObject({ ended: 'failure', runs: 3, failed: 1 });
    expect(await run({ ...options, stopOnFailure: true })).toMatchObject({ ended: 'failure', runs: 3, made: 0 });
  });

  test('a run that ends its worker, and the one that replaces it, is named', async () => {
    const always = falling('always.mjs', 'true');
    const fallen = await run({ seeds: { first: 5, last: 6 }, workers: 1, models: always }).catch((error: unknown) => error);
    expect(fallen).toBeInstanceOf(RunError);
    expect(fallen).toMatchObject({ message: 'worker exited with code: 7', job: { seed: 5 } });
  });
});
