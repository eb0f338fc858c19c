// A step of a build: build/NAME.step says what it has read and written. That goes before the step begins and comes back at its end, with
// what was there to read at the beginning: what changes meanwhile, or is interrupted, is built again.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * All files of these folders, and these files.
 * @param {readonly string[]} paths
 * @returns {string[]}
 */
const filesOf = (paths) =>
  paths.flatMap((path) => {
    if (!existsSync(path)) return [];
    if (!statSync(path).isDirectory()) return path;
    return filesOf(
      readdirSync(path)
        .toSorted()
        .map((name) => join(path, name)),
    );
  });

/** @param {readonly string[]} paths */
function hashOf(paths) {
  const hash = createHash('sha256');
  for (const file of filesOf(paths)) {
    const bytes = readFileSync(file);
    hash.update(`${file} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}

/**
 * `work` makes `writes` of `reads`, folders or files in `root`; nothing is done if both are as they were after the last time.
 * @param {string} root
 * @param {string} name
 * @param {{ readonly reads: readonly string[], readonly writes: readonly string[] }} files
 * @param {() => Promise<void>} work
 */
export async function step(root, name, { reads, writes }, work) {
  const within = (/** @type {readonly string[]} */ paths) => paths.map((path) => join(root, path));
  const record = join(root, 'build', `${name}.step`);
  const read = hashOf(within(reads));
  const state = () => `${read} ${hashOf(within(writes))}\n`;
  if (existsSync(record) && readFileSync(record, 'utf8') === state()) return;
  mkdirSync(join(root, 'build'), { recursive: true });
  rmSync(record, { force: true });
  await work();
  writeFileSync(record, state());
}
