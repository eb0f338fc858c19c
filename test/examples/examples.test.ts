/** The example at register level, and a compiled scenario, run in Node and in a browser, and come to the same. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { bundled } from '../../bench/package.js';
import { bundle } from '../../examples/build.js';
import { compileScenario, findScenario, timedRun } from '../../src/index.js';
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

/** What a page under https://irqlab.test/ says in elements by their ids, as soon as the last has something to say; and what it has requested. */
async function shown(
  files: (path: string) => Buffer,
  ids: readonly string[],
): Promise<{ texts: string[]; errors: string[]; requested: string[] }> {
  const browser = await openBrowser();
  try {
    const context = await browser.newContext();
    const requested: string[] = [];
    const errors: string[] = [];
    const types: Record<string, string> = { html: 'text/html', js: 'text/javascript', json: 'application/json', wasm: 'application/wasm' };
    await context.route('**/*', async (route) => {
      const { origin, pathname } = new URL(route.request().url());
      requested.push(origin + pathname);
      if (origin !== 'https://irqlab.test') return route.abort();
      return route.fulfill({ body: files(pathname), contentType: types[pathname.split('.').at(-1)!] ?? 'text/plain' });
    });
    const page = await context.newPage();
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => errors.push(message.text()));
    await page.goto('https://irqlab.test/index.html');
    await page.locator(`#${ids.at(-1)}`, { hasText: /^[0-9a-f]{16}$/ }).waitFor();
    const texts = await Promise.all(ids.map(async (id) => (await page.textContent(`#${id}`)) ?? ''));
    return { texts, errors, requested: requested.map((url) => url.replace('https://irqlab.test/', '')).toSorted() };
  } finally {
    await browser.close();
  }
}

describe.skipIf(lacking !== undefined)(`in a browser${lacking === undefined ? '' : ` (skipped: ${lacking})`}`, () => {
  test('a worker comes to the same lines and digest, and nothing but the bundle is requested', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'irqlab-example-'));
    try {
      await bundle(folder);
      const { texts, errors, requested } = await shown((path) => readFileSync(folder + path), ['lines', 'digest']);
      expect(errors).toEqual([]);
      const [lines = '', digest] = texts;
      expect({ lines: lines.split('\n'), digest }).toEqual(await inNode());
      expect(requested).toEqual(['index.html', 'page.js', 'worker.js']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('a compiled scenario comes to the same events, and all that the page takes is below 100,000 bytes, gzipped', async () => {
    const { scenario } = findScenario('xhci-hotplug') ?? {};
    if (scenario === undefined) throw new Error('xhci-hotplug is a built-in scenario');
    const program = `import { openScenario } from 'irqlab/run';
      const compiled = await (await fetch('/xhci-hotplug.json')).json();
      const { digest } = await openScenario(compiled, new URL('/timed.wasm', location.href)).run();
      document.getElementById('digest').textContent = digest;`;
    const files: Readonly<Record<string, Uint8Array | string>> = {
      '/index.html': '<!doctype html><title>irqlab</title><p id="digest"></p><script type="module" src="page.js"></script>',
      '/page.js': bundled(program),
      '/timed.wasm': readFileSync(`${root}build/timed.wasm`),
      '/xhci-hotplug.json': JSON.stringify(await compileScenario(scenario)),
    };
    const { texts, errors, requested } = await shown((path) => Buffer.from(files[path] ?? ''), ['digest']);
    expect(errors).toEqual([]);
    expect(texts).toEqual([(await timedRun(scenario)).digest]);
    expect(requested).toEqual(Object.keys(files).map((path) => path.slice(1)));
    const bytes = Object.values(files).map((file) => gzipSync(file, { level: 9 }).length);
    expect(bytes.reduce((sum, each) => sum + each)).toBeLessThan(100_000);
  });
});
