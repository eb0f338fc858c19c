/**
 * Translates the module to C (wabt's wasm2c, gcc) and to JavaScript (binaryen's wasm2js), by the tools that are there. What was made
 * stays in build/peers until what it was made of changes.
 */
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The project's folder, whether this file is run as it is or from dist. */
const project = existsSync(new URL('native.c', import.meta.url))
  ? new URL('../../', import.meta.url)
  : new URL('../../../', import.meta.url);
const root = (path: string): string => fileURLToPath(new URL(path, project));

const DRIVER = root('bench/peer/native.c');
const WASM2JS = root('node_modules/binaryen/bin/wasm2js');
/** What asc uses beyond the first WebAssembly (scripts/inline.js). */
const FEATURES = ['mutable-globals', 'bulk-memory', 'bulk-memory-opt', 'sign-ext', 'nontrapping-float-to-int'];

/**
 * `native` is made of the module as it is, without what only checks use. What asc wrote, before functions were put into each other,
 * gcc and V8 can each do more with: hence `nativeOfAsc`, and only that as JavaScript, where V8 would not optimise functions that large.
 */
const translations = {
  native: { module: 'timed.wasm', what: 'native', tools: ['wasm2c', 'gcc'] },
  nativeOfAsc: { module: 'asc.wasm', what: "native, of asc's output", tools: ['wasm2c', 'gcc'] },
  javascript: { module: 'asc.wasm', what: "JavaScript, of asc's output", tools: [] },
} as const;
export type Translation = keyof typeof translations;

export interface Translations {
  /** a program, or an ES module that exports what the module exports; of those that could be made */
  readonly files: ReadonlyMap<Translation, string>;
  /** a sentence for each that could not */
  readonly missing: readonly string[];
}

/** What is missing here to make a translation, as a user should read it; undefined: nothing. */
export function absent(translation: Translation): string | undefined {
  const tools = translations[translation].tools.filter((tool) => spawnSync(tool, ['--version']).status !== 0);
  return tools.length === 0 ? undefined : `${tools.join(' and ')} not found (Debian packages wabt and gcc)`;
}

async function toC(wasm: string, program: string, flags: readonly string[]): Promise<void> {
  const sources = mkdtempSync(join(tmpdir(), 'irqlab-c-'));
  try {
    await run('wasm2c', [wasm, '--module-name', 'irqlab', '-o', join(sources, 'irqlab.c')]);
    await run('gcc', [...flags, '-I', sources, DRIVER, join(sources, 'irqlab.c'), '-o', program, '-lwasm-rt-impl', '-lm']);
  } finally {
    rmSync(sources, { recursive: true });
  }
}

async function toJavaScript(wasm: string, script: string): Promise<void> {
  await run(process.execPath, [WASM2JS, '-O3', ...FEATURES.map((feature) => `--enable-${feature}`), wasm, '-o', script]);
}

/** All at once; up to half a minute each where they are not there yet. `optimise`: what gcc is told. */
export async function translate(
  optimise: readonly string[] = ['-O3', '-march=native'],
  wanted: readonly Translation[] = ['native', 'nativeOfAsc', 'javascript'],
): Promise<Translations> {
  const flags = [...optimise, '-w'];
  const folder = root('build/peers');
  mkdirSync(folder, { recursive: true });
  const files = new Map<Translation, string>();
  const missing: string[] = [];
  const make = async (translation: Translation): Promise<void> => {
    const { module, what } = translations[translation];
    const lacking = absent(translation);
    if (lacking !== undefined) {
      missing.push(`${what}: ${lacking}`);
      return;
    }
    const wasm = root(`build/${module}`);
    const hash = createHash('sha256').update(readFileSync(wasm));
    const script = translation === 'javascript';
    if (!script) hash.update(readFileSync(DRIVER)).update(flags.join());
    const kind = `${translation}${script ? '' : optimise.join('')}-`;
    const name = `${kind}${hash.digest('hex').slice(0, 16)}${script ? '.mjs' : ''}`;
    const file = join(folder, name);
    if (!existsSync(file)) {
      for (const old of readdirSync(folder)) if (old.startsWith(kind)) rmSync(join(folder, old));
      const unfinished = `${file}.${process.pid}`;
      try {
        await (script ? toJavaScript(wasm, unfinished) : toC(wasm, unfinished, flags));
      } catch (error) {
        // the first line is the command
        const [, why = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
        missing.push(`${what}: ${why}`);
        return;
      }
      renameSync(unfinished, file);
    }
    files.set(translation, file);
  };
  await Promise.all(wanted.map(make));
  return { files, missing };
}
