// What remains after both compilers have run: makes dist/ complete on its own, so that it can be packed or copied as it is.
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const at = (/** @type {string} */ path) => fileURLToPath(new URL(path, root));

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
