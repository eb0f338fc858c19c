/** `irqlab compare` as a whole, and its page: whole in itself, and safe whatever things are called. */
import { readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { comparisonPage, type ComparisonDocument, type PageData } from '../../src/compare/index.js';
import { stringifyScenario } from '../../src/scenario/index.js';
import { given } from '../check/help.js';
import { files, irqlab } from '../cli/help.js';
import { lacking, openBrowser } from '../examples/browser.js';
import { storm } from './storm.js';

const at = files({
  'storm.yaml': stringifyScenario(storm),
  'own.mjs': "import { linux } from 'irqlab';\nexport const model = linux('5.5', { behaviours: { msiUpdate: 'twoStep' }, name: 'own' });\n",
});

describe('irqlab compare', async () => {
  const file = at('page.html');
  const words = ['--workload', at('storm.yaml'), '--repeats', '2', '--seconds', '0.001', '--workers', '1', '--format', 'json'];
  const { code, stdout, stderr } = await irqlab([
    'compare',
    '--strategy',
    'linux-5.5',
    '--strategy',
    at('own.mjs'),
    ...words,
    '--html',
    file,
  ]);
  const page = readFileSync(file, 'utf8');
  const inlined = (from: string): PageData =>
    JSON.parse(given(/<script type="application\/json" id="data">(.*?)<\/script>/.exec(from)?.[1])) as PageData;
  const data = inlined(page);
  const timeline = given(data.timelines[0]?.[0] ?? undefined);

  test('tells what it has found, as JSON and in the page', () => {
    expect([code, stderr]).toEqual([0, '']);
    const document = JSON.parse(stdout) as ComparisonDocument;
    expect(document).toEqual(data.document);
    expect(document.settings[0]).toMatchObject({ workload: 'storm', pairs: 2, ended: 'repeats' });
    const [old, own] = document.settings[0]?.strategies ?? [];
    expect(old?.metrics['strays']?.total).toBeGreaterThan(0);
    expect(own?.metrics['strays']?.total).toBe(0);
  });

  test('the run that is told is the first of those that were compared', () => {
    const first = data.document.settings[0]?.strategies[0]?.runs[0];
    expect(timeline).toMatchObject({ seed: 1, cycles: 3_000_000 });
    expect([timeline.handled.reduce((a, b) => a + b, 0), timeline.moves.length]).toEqual([first?.handled, first?.moves]);
    expect(timeline.strays.length).toBe((first as unknown as { readonly strays: number }).strays);
  });

  test('the page asks for nothing, and may not', () => {
    expect(page).not.toMatch(/(?:src|href|action)\s*=\s*["']|@import|url\(|<(?:link|img|iframe)/);
    expect(page).toContain("default-src 'none'");
  });

  test('a name ends no script and is no tag', () => {
    const name = '</script><b>';
    const named = { ...data, document: { ...data.document, baseline: name, strategies: [name] } };
    const made = comparisonPage(named, { chartScript: "'</script>'", chartStyle: '', script: '' });
    expect(made.split('</script>')).toHaveLength(4);
    expect(made).not.toContain('<b>');
    expect(inlined(made)).toEqual(named);
  });

  test.skipIf(lacking !== undefined)('the page is drawn by a browser without a network', async () => {
    const browser = await openBrowser();
    onTestFinished(() => browser.close());
    const opened = await browser.newPage();
    const wrong: string[] = [];
    opened.on('pageerror', (error) => wrong.push(error.message));
    opened.on('console', (message) => wrong.push(message.text()));
    opened.on('request', (request) => request.url().startsWith('file:') || wrong.push(request.url()));
    await opened.goto(`file://${file}`);
    expect(wrong).toEqual([]);
    expect(await opened.locator('canvas').count()).toBe(3);
    expect(await opened.locator('#table tr').nth(2).textContent()).toMatch(/^stray/);
    expect(await opened.locator('#told').textContent()).toContain(`${timeline.moves.length} moves`);
  });

  test('a mistake is one sentence', async () => {
    const wrong = await irqlab(['compare', '--strategy', 'linux-5.5+cleanup=never', '--strategy', 'linux-5.9']);
    expect([wrong.code, wrong.stdout]).toEqual([2, '']);
    expect(wrong.stderr).toBe('irqlab: behaviour cleanup cannot be never; it is one of ipi, timer\n');
  });
});
