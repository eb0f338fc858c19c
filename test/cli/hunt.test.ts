/** `irqlab hunt` as its users run it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { HuntReport } from '../../src/hunt/index.js';
import { interrupted, irqlab } from './help.js';

const folder = mkdtempSync(join(tmpdir(), 'irqlab-test-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

type Document = HuntReport & { readonly kept: string | null };
const pins = ['--platform', 'plain', '--kind', 'managed-msix'];

describe.concurrent('irqlab hunt', () => {
  test('finds, tells, and writes scenarios and pages; every token replays, every scenario fails as it says', async () => {
    const outputs = ['--save', at('found'), '--html', at('found.html'), '--page', at('found.md')];
    const { code, stdout, stderr } = await irqlab([
      'hunt',
      '--model',
      'linux-5.6',
      ...pins,
      '--size',
      '1',
      '--format',
      'json',
      '--workers',
      '2',
      ...outputs,
    ]);
    expect([code, stderr]).toEqual([1, '']);
    const { complete, tally, findings, kept } = JSON.parse(stdout) as Document;
    expect({ complete, items: tally.items, kept }).toEqual({ complete: true, items: 4, kept: null });
    expect(findings.map(({ name }) => name)).toEqual(['no-stray-common-interrupt-vector-irq-of']);
    for (const { name, property, model, token, steps } of findings) {
      const replayed = await irqlab(['replay', token, '--format', 'json']);
      expect(replayed.code).toBe(1);
      expect(replayed.stdout).toMatch(new RegExp(`"broken": \\[\\s*"${property}"`));
      const checked = await irqlab(['check', '--scenario', join(at('found'), `${name}.yaml`), '--format', 'json']);
      expect(JSON.parse(checked.stdout)).toMatchObject({ model, verdict: 'failed', failures: [{ property, steps }] });
    }
    expect(readdirSync(at('found'))).toEqual(findings.map(({ name }) => `${name}.yaml`));
    const page = readFileSync(at('found.md'), 'utf8');
    expect(page).toMatch(/^\| finding \| needs given up \| 4\.19 \| .* \| 7\.0 \|$/m);
    const html = readFileSync(at('found.html'), 'utf8');
    for (const { name, token } of findings) {
      expect(page).toContain(`| [${name}](#${name}) |`);
      expect(page).toContain(token);
      expect(html).toContain(`<h2 id="${name}">`);
    }
    // nothing is loaded from elsewhere
    expect(html).not.toMatch(/\b(src|href)="(?!#)/);
  });

  test('keeps what it has on Ctrl-C, ends with 130, and goes on from there', async () => {
    const file = at('kept.jsonl');
    const done = (): number => {
      const last = readFileSync(file, { encoding: 'utf8', flag: 'a+' }).trim().split('\n').at(-1) ?? '';
      return last.startsWith('{"to"') ? (JSON.parse(last) as { readonly to: number }).to : 0;
    };
    const args = ['hunt', '--model', 'linux-5.9', ...pins, '--workers', '1', '--resume', file];
    const ran = await interrupted(args, () => done() > 0);
    expect(ran.code).toBe(130);
    expect(ran.stdout).toContain(`irqlab hunt --resume ${file}`);
    const before = done();
    const rest = await irqlab(['hunt', '--resume', file, '--budget', '1s', '--format', 'json']);
    const { models, tally, complete, kept } = JSON.parse(rest.stdout) as Document;
    expect({ models, complete, kept }).toEqual({ models: ['linux-5.9'], complete: false, kept: file });
    expect(tally.items).toBeGreaterThanOrEqual(before);
    expect(tally.items).toBe(done());
  });

  test.each([
    [['--budget', '5'], '"5" is no time; write e.g. 90s, 5m or 12h'],
    [['--kind', 'usb'], 'there is no kind "usb"; there are msi, masked-msi,'],
    [['--platform', 'arm'], 'there is no platform "arm"; there are plain, vtd,'],
    [['--workers', '0'], '"0" is no number of workers; write 1 to 16'],
    [['--size', '0'], '"0" is too few; write 1 or more'],
    [['--model', 'linux-1.0'], 'there is no model linux-1.0'],
    [['--resume', 'package.json'], 'package.json is no file of a hunt; name one that irqlab hunt wrote, or a new one'],
    [['--size', '1', ...pins, '--resume', '/nowhere/x'], 'the hunt cannot be kept in /nowhere/x (ENOENT); name a file that can be written'],
    // before any search: there is no budget that would end it in time
    [['--html', '/nowhere/x.html'], '/nowhere/x.html cannot be written (ENOENT); name a file in a directory that is there'],
    [['--page', 'src'], 'src cannot be written (EISDIR); name a file in a directory that is there'],
    [['--save', 'package.json'], 'package.json cannot be made a directory; name one that is there, or a new one'],
  ])('%j: one sentence, exit 2', async (more, sentence) => {
    const { code, stdout, stderr } = await irqlab(['hunt', ...more]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});
