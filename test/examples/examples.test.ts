/** The example at register level runs in Node and in a browser's worker, and comes to the same state. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { bundle } from '../../examples/build.js';
import { lacking, openBrowser } from './browser.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

async function inNode(): Promise<{ lines: string[]; digest: string }> {
  const { stdout } = await promisify(execFile)(process.execPath, ['examples/node.js'], { cwd: root });
  const lines = stdout.trimEnd().split('\n');
  return { lines, digest: lines.pop() ?? '' };
}

test('in Node the interrupt moves with its line asserted, and both CPUs serve it', async () => {
  const { lines, digest } = await inNode();
  expect(lines.map((line) => line.trimStart().replace(/^\d+ +/, ''))).toEqual([
    'CPU 1 is running, from 0x8000',
    'CPU 0 takes 0x51, RTE 0xc051',
    'the other device still pulls: CPU 1 takes 0x51',
    'at rest: RTE 0x8051, in service [[],[]]',
    'accepted by CPU 0: 0x51',
    'accepted by CPU 1: 0x51',
  ]);
  expect(digest).toMatch(/^[0-9a-f]{16}$/);
});

describe.skipIf(lacking !== undefined)(`in a browser${lacking === undefined ? '' : ` (skipped: ${lacking})`}`, () => {
  test('a worker comes to the same lines and digest, and nothing but the bundle is requested', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'irqlab-example-'));
    const browser = await openBrowser();
    try {
      await bundle(folder);
      const context = await browser.newContext();
      const requested: string[] = [];
      const types: Record<string, string> = { html: 'text/html', js: 'text/javascript' };
      await context.route('**/*', async (route) => {
        const { origin, pathname } = new URL(route.request().url());
        requested.push(origin + pathname);
        if (origin !== 'https://irqlab.test') return route.abort();
        return route.fulfill({ body: readFileSync(folder + pathname), contentType: types[pathname.split('.').at(-1)!] ?? 'text/plain' });
      });
      const page = await context.newPage();
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(error.message));
      page.on('console', (message) => errors.push(message.text()));
      await page.goto('https://irqlab.test/index.html');
      await page.locator('#digest', { hasText: /^[0-9a-f]{16}$/ }).waitFor();
      const text = async (id: string): Promise<string> => (await page.textContent(id)) ?? '';
      expect(errors).toEqual([]);
      const lines = (await text('#lines')).split('\n');
      expect({ lines, digest: await text('#digest') }).toEqual(await inNode());
      expect(requested.toSorted()).toEqual(['index.html', 'page.js', 'worker.js'].map((name) => `https://irqlab.test/${name}`));
    } finally {
      await browser.close();
      rmSync(folder, { recursive: true });
    }
  });
});
