/** Files that commands write: what keeps one from being written is the user's to mend, in one sentence. */
import { appendFileSync, existsSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { InputError } from './output.js';

function orTold(file: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw new InputError(`${file} cannot be written (${code}); name a file in a directory that is there`);
  }
}

/** Writes a file. Throws `InputError`. */
export function writeText(file: string, text: string): void {
  orTold(file, () => writeFileSync(file, text));
}

/** Says that a file cannot be written before hours have gone into it; what it holds stays, and nothing comes of it. Throws `InputError`. */
export function expectWritable(file: string): void {
  const isNew = !existsSync(file);
  orTold(file, () => appendFileSync(file, ''));
  // a link that was there stays
  if (isNew) rmSync(realpathSync(file));
}
