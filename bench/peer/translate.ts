/**
 * Translates the module to C and to JavaScript, by the tools that are there. What was made stays in build/peers, by the digest
 * of the module, until that changes.
 */
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** The project's folder, whether this file is run as it is or from dist. */
const project = existsSync(new URL('native.c', import.meta.url)) ? new URL('../../', import.meta.url) : new URL('../../../', import.meta.url);
const root = (path: string): string => fileURLToPath(new URL(path, project));

/** What asc uses beyond the first WebAssembly (scripts/inline.js). */
const FEATURES = ['mutable-globals', 'bulk-memory', 'bulk-memory-opt', 'sign-ext', 'nontrapping-float-to-int'];

export interface Translations {
  /** the driver with the module as C in it */
  readonly native: string | undefined;
  /** an ES module that exports what the module exports */
  readonly javascript: string | undefined;
  /** for each that is not there a sentence */
  readonly missing: readonly string[];
  /** of temporary files, which `remove` removes */
  readonly folder: string;
  remove(): void;
}

function lacks(tool: string): boolean {
  return spawnSync(tool, ['--version']).status !== 0;
}

/** Made once for a module: `make` writes the file that it is given. */
async function once(path: string, make: (path: string) => Promise<void>): Promise<string> {
  if (existsSync(path)) return path;
  const unfinished = `${path}.${process.pid}`;
  await make(unfinished);
  renameSync(unfinished, path);
  return path;
}

async function toC(wasm: string, folder: string, optimise: readonly string[]): Promise<string> {
  const driver = root('bench/peer/native.c');
  const flags = [...optimise, '-march=native', '-w'];
  const name = createHash('sha256').update(readFileSync(driver)).update(flags.join()).digest('hex').slice(0, 8);
  return once(join(folder, `native-${name}`), async (program) => {
    const sources = mkdtempSync(join(tmpdir(), 'irqlab-c-'));
    try {
      await run('wasm2c', [wasm, '--module-name', 'irqlab', '-o', join(sources, 'irqlab.c')]);
      await run('gcc', [...flags, '-I', sources, driver, join(sources, 'irqlab.c'), '-o', program, '-lwasm-rt-impl', '-lm']);
    } finally {
      rmSync(sources, { recursive: true });
    }
  });
}

async function toJavaScript(wasm: string, folder: string): Promise<string> {
  const tool = root('node_modules/binaryen/bin/wasm2js');
  return once(join(folder, 'irqlab.mjs'), async (script) => {
    await run(process.execPath, [tool, '-O3', ...FEATURES.map((feature) => `--enable-${feature}`), wasm, '-o', script]);
  });
}

/** Both at once; half a minute each where they are not there yet. `optimise`: what gcc is told. */
export async function translate(optimise: readonly string[] = ['-O3']): Promise<Translations> {
  const wasm = root('build/timed.wasm');
  const digest = createHash('sha256').update(readFileSync(wasm)).digest('hex').slice(0, 16);
  const peers = root('build/peers');
  const folder = join(peers, digest);
  if (!existsSync(folder)) rmSync(peers, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const missing: string[] = [];
  const tried = async (what: string, tools: readonly string[], make: () => Promise<string>): Promise<string | undefined> => {
    const absent = tools.filter(lacks);
    if (absent.length > 0) {
      missing.push(`${what}: ${absent.join(' and ')} not found`);
      return undefined;
    }
    try {
      return await make();
    } catch (error) {
      const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n').slice(1);
      missing.push(`${what}: ${first}`);
      return undefined;
    }
  };
  const [native, javascript] = await Promise.all([
    tried('native', ['wasm2c', 'gcc'], () => toC(wasm, folder, optimise)),
    tried('JavaScript', [], () => toJavaScript(wasm, folder)),
  ]);
  const temporary = mkdtempSync(join(tmpdir(), 'irqlab-peers-'));
  return { native, javascript, missing, folder: temporary, remove: () => rmSync(temporary, { recursive: true, force: true }) };
}
