// node examples/build.js [FOLDER]: the browser example as static files, default examples/dist
import { copyFile, mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/** @param {string} folder */
export async function bundle(folder) {
  await mkdir(folder, { recursive: true });
  await copyFile(here('browser/index.html'), `${folder}/index.html`);
  await build({
    entryPoints: [here('browser/page.js'), here('browser/worker.js')],
    outdir: folder,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    loader: { '.wasm': 'binary' },
    // what Node alone needs is imported where it is used, and never is in a browser
    external: ['node:*'],
    logLevel: 'warning',
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle(process.argv[2] ?? here('dist'));
