// The command line and its threads, and the library as Node loads it, as few files: a start that reads them takes half of the time of
// one that reads four hundred. Programs for browsers are bundled from dist/src, of which they can leave out what they do not use.
// What the sources name beside themselves is beside the bundles as well: threads in the folder of the commands, the library that
// models of the user's own import one folder above, the module and package.json where they are.
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { doorsOf } from './doors.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const src = `${root}dist/src`;
const out = `${root}dist/bin`;

const threads = readdirSync(`${src}/cli`).filter((name) => name.endsWith('Thread.js'));
const inFolder = ['main.js', 'own.js', 'model.js', ...threads].map((name) => [`cli/${basename(name, '.js')}`, `${src}/cli/${name}`]);
const library = `${src}/index.js`;
const machine = `${src}/machine/library.js`;
const runs = `${src}/campaign/library.js`;
/** What modules need that are imported on the way, and rooms too: these must find it there (test/library.test.ts). */
const onTheWay = [`${src}/check/engine/errors.js`];
const { plugin, entries } = doorsOf(src);

mkdirSync(`${root}dist/build`, { recursive: true });
for (const name of ['irqlab.wasm', 'timed.wasm']) copyFileSync(`${root}build/${name}`, `${root}dist/build/${name}`);

rmSync(out, { recursive: true, force: true });
const bundle = await rolldown({
  input: {
    ...Object.fromEntries(inFolder),
    'cli/worker': `${src}/check/team/worker.js`,
    'cli/runner': `${src}/campaign/runner.js`,
    // irqlab/machine; from here the way to its module is that of dist/src/machine
    'cli/machine': machine,
    // irqlab/run
    'cli/runs': runs,
    index: library,
    ...Object.fromEntries(Object.entries(entries).map(([name, file]) => [`cli/${name}`, file])),
  },
  plugins: [plugin],
  platform: 'node',
  // it starts threads with files of its own
  external: ['piscina'],
});
await bundle.write({
  dir: out,
  entryFileNames: '[name].js',
  chunkFileNames: 'cli/[name]-[hash].js',
  // names stay, for stacks of errors
  minify: { compress: false, mangle: false, codegen: true },
  codeSplitting: {
    // what a start reads is one file each, with all that they need: a file takes as long to find as to read
    groups: [
      { name: 'registers', test: (id) => id === machine, priority: 5 },
      { name: 'running', test: (id) => id === `${src}/scenario/scenarioMachine.js`, priority: 4 },
      { name: 'runs', test: (id) => id === runs, priority: 3 },
      { name: 'library', test: (id) => id === library || onTheWay.includes(id), priority: 2 },
      { name: 'texts', test: /node_modules\/(yaml|zod)\//, priority: 1 },
    ],
  },
});
// what runs in the page of a comparison, and is put into it as text
const page = await rolldown({ input: { comparisonScript: `${src}/web/comparison/main.js` } });
await page.write({ dir: `${out}/cli`, format: 'iife', minify: { compress: false, mangle: false, codegen: true } });

const inside = ['commander', 'picocolors', 'yaml', 'zod'];
const licences = inside.map((name) => `${name}\n\n${readFileSync(`${root}node_modules/${name}/LICENSE`, 'utf8').trim()}\n`);
writeFileSync(`${out}/LICENSES`, licences.join('\n'));
// npx runs it as it lies here
chmodSync(`${out}/cli/main.js`, 0o755);
