/**
 * What it costs to take irqlab along: bytes of modules and of bundles, as they are and gzipped, and the time from a fresh process to
 * the first machine that has run.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { buildSync } from 'esbuild';
import { builtinScenarios, compileScenario } from '../src/index.js';
import type { Effort } from './cost.js';
import { median, type Table } from './report.js';

/** The project's folder, whether this file is run as it is or from dist. */
const root = existsSync(new URL('../package.json', import.meta.url)) ? new URL('../', import.meta.url) : new URL('../../', import.meta.url);
const path = (name: string): string => fileURLToPath(new URL(name, root));

/** What a program may import, with the module that it then loads; `names`: those alone, of which a bundler leaves out the rest. */
const entries = {
  'irqlab/machine': { script: 'dist/src/machine/library.js', module: 'dist/build/timed.wasm', start: 'cli/machine.js', names: '*' },
  'irqlab/run': { script: 'dist/src/campaign/library.js', module: 'dist/build/timed.wasm', start: 'cli/runs.js', names: '*' },
  'irqlab: scenarios, timed': {
    script: 'dist/src/index.js',
    module: 'dist/build/timed.wasm',
    start: 'index.js',
    names: '{ assembleSystem, parseScenario }',
  },
  irqlab: { script: 'dist/src/index.js', module: 'dist/build/irqlab.wasm', start: 'index.js', names: '*' },
} as const;
export type Entry = keyof typeof entries;

export interface Size {
  readonly bytes: number;
  readonly gzipped: number;
}

function sizeOf(bytes: Uint8Array): Size {
  return { bytes: bytes.length, gzipped: gzipSync(bytes, { level: 9 }).length };
}

export function moduleSize(entry: Entry): Size {
  return sizeOf(readFileSync(path(entries[entry].module)));
}

/** A program that imports the package, with all that it needs of it, in one minified file, as a page would have it. */
export function bundled(program: string): Uint8Array {
  const { outputFiles } = buildSync({
    stdin: { contents: program, resolveDir: path('') },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    external: ['node:*'],
    logLevel: 'error',
  });
  return outputFiles[0]?.contents ?? new Uint8Array();
}

/** All of an entry. */
export function bundleSize(entry: Entry): Size {
  const { script, names } = entries[entry];
  return sizeOf(bundled(`export ${names} from './${script}'`));
}

/** Names of the files in `dist/bin` that a file there has with it, itself included, before anything of it is called. */
export function filesWith(file: string): Set<string> {
  const found = new Set<string>();
  const add = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    for (const [, next = ''] of readFileSync(path(`dist/bin/${name}`), 'utf8').matchAll(/\b(?:import|from)["'](\.[^"']*)["']/g))
      add(posix.join(posix.dirname(name), next));
  };
  add(file);
  return found;
}

/** What Node reads until the entry can be used. */
export function startSize(entry: Entry): { readonly files: number; readonly bytes: number } {
  const files = [...filesWith(entries[entry].start)];
  return { files: files.length, bytes: files.reduce((sum, name) => sum + statSync(path(`dist/bin/${name}`)).size, 0) };
}

export function sizeFigures(): Table {
  return {
    title: 'sizes',
    columns: [
      { name: 'module', unit: 'bytes' },
      { name: 'bundle', unit: 'bytes' },
      { name: 'module, gzip', unit: 'bytes' },
      { name: 'bundle, gzip', unit: 'bytes' },
      { name: 'together, gzip', unit: 'bytes' },
      { name: 'read at a start', unit: 'bytes' },
    ],
    rows: (Object.keys(entries) as Entry[]).map((entry) => {
      const [module, bundle] = [moduleSize(entry), bundleSize(entry)];
      return {
        name: entry,
        values: [module.bytes, bundle.bytes, module.gzipped, bundle.gzipped, module.gzipped + bundle.gzipped, startSize(entry).bytes],
      };
    }),
    notes: [
      'held to: irqlab/machine and irqlab/run below 100,000 bytes (test/bench/size.test.ts)',
      'run: machine, injection, policies and counts, for scenarios that were compiled with their kernel model before',
      'scenarios, timed: a page with parseScenario and assembleSystem, which has the Linux model, YAML and its validation with it',
      'read at a start: by Node, of the package; held to: 400,000 bytes (test/library.test.ts)',
    ],
  };
}

/** What a fresh process does; it prints the milliseconds of CPU time that it has used. */
const programs: Readonly<Record<string, string>> = {
  'node alone': '',
  'irqlab/machine: create, MSI, acknowledge': `
    const { Machine } = await import('irqlab/machine');
    const machine = await Machine.create({ cpus: 2 });
    machine.cpu(0).writeMmio(0xfee000f0, 0x1ff, 4);
    machine.dmaWrite32({ address: 0xfee00000, data: 0x41 });
    if (!machine.settle() || machine.cpu(0).acknowledge() !== 0x41) throw new Error('no interrupt');`,
  'irqlab: the same': `
    const { Machine } = await import('irqlab');
    const machine = await Machine.create({ cpus: 2 });
    machine.cpu(0).writeMmio(0xfee000f0, 0x1ff, 4);
    machine.dmaWrite32({ address: 0xfee00000, data: 0x41 });
    if (!machine.settle() || machine.cpu(0).acknowledge() !== 0x41) throw new Error('no interrupt');`,
  'irqlab/run: a millisecond of xhci-hotplug, Linux model, compiled': `
    const { readFileSync } = await import('node:fs');
    const { openScenario } = await import('irqlab/run');
    await openScenario(JSON.parse(readFileSync(process.env.COMPILED, 'utf8'))).run({ seconds: 0.001 });`,
  'irqlab: a millisecond of xhci-hotplug, Linux model': `
    const { assembleSystem, findScenario } = await import('irqlab');
    const machine = await assembleSystem(findScenario('xhci-hotplug').scenario).machine({ timed: true, record: 1, ring: 0 });
    machine.run(3_000_000);`,
};

/** `compiled`: file of a scenario that a program runs. */
function processTime(program: string, compiled: string): number {
  const measured = `${program}\nconst { user, system } = process.cpuUsage();\nconsole.log((user + system) / 1000);`;
  const env = { ...process.env, COMPILED: compiled };
  return Number(execFileSync(process.execPath, ['--input-type=module', '--eval', measured], { cwd: path(''), encoding: 'utf8', env }));
}

/** Milliseconds of CPU time in a fresh process, less those of Node itself; in turn. */
export async function coldStartFigures({ quick }: Effort): Promise<Table> {
  const names = Object.keys(programs);
  const samples = names.map(() => [] as number[]);
  const folder = mkdtempSync(join(tmpdir(), 'irqlab-start-'));
  const compiled = join(folder, 'xhci-hotplug.json');
  const { scenario } = builtinScenarios.get('xhci-hotplug') ?? {};
  if (scenario === undefined) throw new Error('xhci-hotplug is a built-in scenario');
  writeFileSync(compiled, JSON.stringify(await compileScenario(scenario)));
  for (let round = 0; round < (quick ? 5 : 15); round++)
    names.forEach((name, i) => samples[i]?.push(processTime(programs[name] ?? '', compiled)));
  rmSync(folder, { recursive: true });
  const [node = 0, ...others] = samples.map(median);
  return {
    title: 'cold start, CPU time beyond that of Node',
    columns: [
      { name: 'until it has run', unit: 'ms' },
      { name: 'beside Node', unit: 'ratio' },
    ],
    rows: names.slice(1).map((name, i) => ({ name, values: [(others[i] ?? 0) - node, ((others[i] ?? 0) - node) / node] })),
    notes: [`Node itself: ${node.toFixed(1)} ms; held to: a first machine of irqlab/machine and irqlab below 50 ms`],
  };
}
