/** Folders of recordings, as they lie on disk. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { folderFiles, readFolder, readRecording, RecordingError, type Recording } from '../conform/index.js';
import { InputError } from './output.js';

function isRecording(folder: string): boolean {
  return existsSync(join(folder, folderFiles.merged));
}

/** The folder, if it is a recording; else the recordings in it. Throws `InputError`. */
export function recordingsIn(folder: string): string[] {
  const needs = `a recording has ${folderFiles.merged} and ${folderFiles.irqs}`;
  if (!existsSync(folder)) throw new InputError([{ file: folder, line: 1, column: 1, message: `this folder does not exist; ${needs}` }]);
  if (!statSync(folder).isDirectory()) throw new InputError([{ file: folder, line: 1, column: 1, message: `this is no folder; ${needs}` }]);
  const within = readdirSync(folder)
    .toSorted()
    .map((name) => join(folder, name))
    .filter(isRecording);
  return isRecording(folder) || within.length === 0 ? [folder] : within;
}

/** Those that the repository keeps; none where the program is installed without it. */
export function ownRecordings(): string[] {
  const folder = relative('', fileURLToPath(new URL('../../../test/conformance/linux', import.meta.url)));
  return existsSync(folder) ? recordingsIn(folder) : [];
}

/** The files of a folder that are read. */
function filesIn(folder: string): Map<string, string> {
  return new Map(
    Object.values(folderFiles).flatMap((name) => {
      const file = join(folder, name);
      return existsSync(file) ? [[name, readFileSync(file, 'utf8')] as const] : [];
    }),
  );
}

/** Reads a recording. Throws `InputError`. */
export function recordingAt(folder: string): Recording {
  try {
    return readRecording(readFolder(filesIn(folder), folder.replace(/\/+$/, '')));
  } catch (error) {
    if (error instanceof RecordingError) throw new InputError(error.diagnostics);
    throw error;
  }
}
