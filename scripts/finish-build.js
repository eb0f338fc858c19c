// What remains after both compilers have run: makes dist/ complete on its own, so that it can be packed or copied as it is.
import { chmodSync, copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = new URL('../', import.meta.url);
const at = (/** @type {string} */ path) => fileURLToPath(new URL(path, root));

// npx runs it as it lies here
chmodSync(at('dist/src/cli/main.js'), 0o755);
mkdirSync(at('dist/build'), { recursive: true });
for (const name of ['irqlab.wasm', 'timed.wasm']) copyFileSync(at(`build/${name}`), at(`dist/build/${name}`));

// tsc leaves `u32` in the declarations of the shared files but does not emit the ambient file that explains it. Each declaration
// gets the aliases it uses as its own, which the empty export keeps from being exported; a global declaration would leak into the
// programs of those who use the package.
const aliases = [...readFileSync(at('src/core/assemblyscript.d.ts'), 'utf8').matchAll(/^declare type (\w+) = (\w+);$/gm)];
const folder = 'dist/assembly/state/abi';
for (const path of readdirSync(at(folder)).flatMap((name) => (name.endsWith('.d.ts') ? [`${folder}/${name}`] : []))) {
  const text = readFileSync(at(path), 'utf8');
  const used = aliases.filter(([, name]) => new RegExp(`\\b: ${name}\\b`).test(text));
  if (used.length > 0)
    writeFileSync(at(path), `${used.map(([, name, type]) => `type ${name} = ${type};`).join('\n')}\n${text}export {};\n`);
}

// What Node loads as the package: to find, read and compile four hundred small files takes four times as long. In one folder, where
// `new URL('worker.js', import.meta.url)` and the way to the modules are what they are in the sources. Bundlers get the small files,
// of which they can leave out what is not used.
const bundle = at('dist/src/bundle');
rmSync(bundle, { recursive: true, force: true });
await build({
  entryPoints: { index: at('dist/src/index.js'), machine: at('dist/src/machine/library.js'), worker: at('dist/src/check/team/worker.js') },
  outdir: bundle,
  entryNames: '[name]',
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  minifySyntax: true,
  minifyWhitespace: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  external: ['node:*'],
  logLevel: 'warning',
});
const inside = ['yaml', 'zod'];
const licences = inside.map((name) => `${name}\n\n${readFileSync(at(`node_modules/${name}/LICENSE`), 'utf8').trim()}\n`);
writeFileSync(`${bundle}/LICENSES`, licences.join('\n'));
