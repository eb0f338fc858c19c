// Builds what has changed: a step whose inputs and outputs are, byte by byte, those of the last time has nothing to do.
//
//   node scripts/build.js [wasm | host]
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { step } from './step.js';

const root = fileURLToPath(new URL('../', import.meta.url));

/**
 * A program of the project's own packages, or of Node.
 * @param {string} name
 * @param {readonly string[]} given
 * @returns {Promise<void>}
 */
function run(name, ...given) {
  const program = name === 'node' ? process.execPath : join(root, 'node_modules', '.bin', name);
  // elsewhere what is in .bin is a script of the shell
  const shell = process.platform === 'win32' && name !== 'node';
  return new Promise((done, fail) => {
    const child = spawn(program, given, { cwd: root, stdio: 'inherit', shell });
    child.on('error', fail);
    child.on('exit', (code) => (code === 0 ? done() : fail(new Error(`${name} ${given.join(' ')} has failed`))));
  });
}

/** What decides which tools build: the versions that are wanted, and those that are installed. */
const tools = ['package.json', 'package-lock.json', 'node_modules/.package-lock.json', 'scripts/build.js', 'scripts/step.js'];

const modules = ['irqlab', 'timed'].map((name) => `build/${name}.wasm`);
const compiled = ['dist/src', 'dist/bench', 'dist/assembly'];

const wasm = () =>
  step(
    root,
    'wasm',
    { reads: [...tools, 'assembly', 'asconfig.json', 'scripts/inline.js'], writes: ['build/asc.wasm', ...modules] },
    async () => {
      await run('asc', '--config', 'asconfig.json', '--target', 'release');
      await run('node', 'scripts/inline.js');
    },
  );

const compile = () =>
  step(
    root,
    'compile',
    { reads: [...tools, 'src', 'bench', 'assembly/state/abi', 'tsconfig.json', 'scripts/declarations.js'], writes: compiled },
    async () => {
      // what was made of sources that are gone
      for (const folder of compiled) rmSync(join(root, folder), { recursive: true, force: true });
      await run('tsc', '-p', 'tsconfig.json');
      await run('node', 'scripts/declarations.js');
    },
  );

const bundle = () =>
  step(
    root,
    'bundle',
    { reads: [...tools, ...compiled, ...modules, 'scripts/bundle.js', 'scripts/doors.js'], writes: ['dist/bin', 'dist/build'] },
    async () => run('node', 'scripts/bundle.js'),
  );

const [only] = process.argv.slice(2);
try {
  if (only === 'wasm') await wasm();
  else {
    const first = await Promise.allSettled(only === 'host' ? [compile()] : [compile(), wasm()]);
    for (const result of first) if (result.status === 'rejected') throw result.reason;
    await bundle();
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
