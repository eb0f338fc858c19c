// The command line and its threads, and the library as Node loads it, as few files: a start that reads them takes half of the time of
// one that reads four hundred. Programs for browsers are bundled from dist/src, of which they can leave out what they do not use.
// What the sources name beside themselves is beside the bundles as well: threads in the folder of the commands, the library that
// models of the user's own import one folder above, the module and package.json where they are.
import { build } from 'esbuild';
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const commands = `${root}dist/src/cli`;
const out = `${root}dist/bin`;

const threads = readdirSync(commands).filter((name) => name.endsWith('Thread.js'));
const inFolder = ['main.js', 'own.js', 'model.js', ...threads].map((name) => [`cli/${basename(name, '.js')}`, `${commands}/${name}`]);

rmSync(out, { recursive: true, force: true });
await build({
  entryPoints: Object.fromEntries([
    ...inFolder,
    ['cli/worker', `${root}dist/src/check/team/worker.js`],
    // irqlab/machine; from here the way to its module is that of dist/src/machine
    ['cli/machine', `${root}dist/src/machine/library.js`],
    ['cli/runner', `${root}dist/src/campaign/runner.js`],
    ['index', `${root}dist/src/index.js`],
  ]),
  outdir: out,
  chunkNames: 'cli/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  // it starts threads with files of its own
  external: ['piscina'],
  target: 'node20.19',
  minifyWhitespace: true,
  banner: { js: "import{createRequire as require_}from'node:module';const require=require_(import.meta.url);" },
  logLevel: 'warning',
});
// what runs in the page of a comparison, and is put into it as text
await build({
  entryPoints: { comparisonScript: `${root}dist/src/web/comparison/main.js` },
  outdir: `${out}/cli`,
  bundle: true,
  format: 'iife',
  target: 'es2023',
  minifyWhitespace: true,
  charset: 'utf8',
  logLevel: 'warning',
});
const inside = ['commander', 'picocolors', 'yaml', 'zod'];
const licences = inside.map((name) => `${name}\n\n${readFileSync(`${root}node_modules/${name}/LICENSE`, 'utf8').trim()}\n`);
writeFileSync(`${out}/LICENSES`, licences.join('\n'));
// npx runs it as it lies here
chmodSync(`${out}/cli/main.js`, 0o755);
