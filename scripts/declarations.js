// tsc leaves `u32` in the declarations of the files that both compilers read, but does not emit the ambient file that explains it. Each
// declaration gets the aliases it uses as its own, which the empty export keeps from being exported; a global declaration would leak into the
// programs of those who use the package.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const at = (/** @type {string} */ path) => fileURLToPath(new URL(path, root));

const aliases = [...readFileSync(at('src/core/assemblyscript.d.ts'), 'utf8').matchAll(/^declare type (\w+) = (\w+);$/gm)];
const folder = 'dist/assembly/state/abi';
for (const path of readdirSync(at(folder)).flatMap((name) => (name.endsWith('.d.ts') ? [`${folder}/${name}`] : []))) {
  const text = readFileSync(at(path), 'utf8');
  const used = aliases.filter(([, name]) => new RegExp(`\\b: ${name}\\b`).test(text));
  if (used.length > 0)
    writeFileSync(at(path), `${used.map(([, name, type]) => `type ${name} = ${type};`).join('\n')}\n${text}export {};\n`);
}
