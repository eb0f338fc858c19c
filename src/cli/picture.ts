/** Pictures of counterexamples, written to files: `--svg`. */
import { accessSync, constants, statSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { drawSvg, type Explanation } from '../check/index.js';
import { kebab } from '../words.js';
import { InputError, plural } from './output.js';

/** What is drawn. */
export interface Pictured {
  readonly scenario: string;
  readonly model: string;
  /** the property that fails, or undefined: none does */
  readonly property: string | undefined;
  /** visible steps */
  readonly steps: number;
  readonly explanation: Explanation;
}

export const SVG_TEXT = 'also draw it as a picture: a file, with -PROPERTY in its name where several fail; or a directory';

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Why a file cannot be written, in one sentence. */
function unwritable(file: string, error: unknown): InputError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const why = {
    ENOENT: `there is no directory ${dirname(file)}`,
    ENOTDIR: `${dirname(file)} is no directory`,
    EACCES: 'it may not be written',
    EPERM: 'it may not be written',
    EROFS: 'it may not be written',
    ENOSPC: 'the disk is full',
  }[code];
  return new InputError(`no picture can be written to ${file}: ${why ?? code}`);
}

/** Throws `InputError` if no picture could be written there: before a long search, not behind it. */
export function expectPicture(file: string | undefined): void {
  if (file === undefined) return;
  try {
    const directory = isDirectory(file) ? file : dirname(file);
    if (!statSync(directory).isDirectory()) throw new InputError(`no picture can be written to ${file}: ${directory} is no directory`);
    accessSync(directory, constants.W_OK);
  } catch (error) {
    throw error instanceof InputError ? error : unwritable(file, error);
  }
}

function nameFor(file: string, { scenario, property }: Pictured, several: boolean): string {
  const suffix = property === undefined ? '' : `-${kebab(property)}`;
  if (isDirectory(file)) return join(file, `${scenario}${suffix}.svg`);
  const extension = extname(file);
  return several ? `${file.slice(0, file.length - extension.length)}${suffix}${extension}` : file;
}

function titleOf({ scenario, model, property, steps }: Pictured): string {
  const what = property === undefined ? 'no failure' : `${kebab(property)} fails`;
  return `${scenario}, ${model}: ${what}, ${plural(steps, 'visible step')}`;
}

/** Writes the pictures; says on stderr where. */
export function writePictures(file: string | undefined, pictures: readonly Pictured[]): void {
  if (file === undefined) return;
  if (pictures.length === 0) process.stderr.write(`nothing failed: there is no picture in ${file}\n`);
  for (const each of pictures) {
    const path = nameFor(file, each, pictures.length > 1);
    try {
      writeFileSync(path, drawSvg(each.explanation, { title: titleOf(each) }));
    } catch (error) {
      throw unwritable(path, error);
    }
    process.stderr.write(`picture: ${path}\n`);
  }
}
