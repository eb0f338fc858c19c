/**
 * Files of lines that are only ever added to: whatever ends the program, they are good up to the last whole line. Node only.
 *
 * A line is written at its place, not at the end of the file, so that what was left of a torn one is overwritten. Two who write the same
 * lines at the same places do no harm; the one who is behind sees it and stops.
 */
import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { FileError } from './errors.js';

export interface Line {
  readonly text: string;
  /** bytes of the file up to here, the end of the line included */
  readonly end: number;
}

const CHUNK = 1 << 20;
const NEWLINE = 10;

/** The lines of a file that end; what is behind the last of them is not one. */
export function* linesOf(file: string): Generator<Line, void> {
  const descriptor = openSync(file, 'r');
  try {
    const chunk = Buffer.alloc(CHUNK);
    let begun = Buffer.alloc(0);
    let end = 0;
    for (let read = readSync(descriptor, chunk); read > 0; read = readSync(descriptor, chunk)) {
      let from = 0;
      for (let at = chunk.indexOf(NEWLINE); at >= 0 && at < read; at = chunk.indexOf(NEWLINE, from)) {
        const line = Buffer.concat([begun, chunk.subarray(from, at)]);
        begun = Buffer.alloc(0);
        from = at + 1;
        end += line.length + 1;
        yield { text: line.toString('utf8'), end };
      }
      begun = Buffer.concat([begun, chunk.subarray(from, read)]);
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Milliseconds after which what was written is on the disk at the latest: a machine that loses its power loses no more. */
const SAFE = 1000;

export class LineWriter {
  readonly #file: string;
  readonly #descriptor: number;
  #end: number;
  /** size of the file when it was last looked at */
  #size: number;
  #safe = performance.now();

  /** Goes on behind the first `end` bytes. */
  constructor(file: string, end: number) {
    this.#file = file;
    this.#descriptor = openSync(file, 'r+');
    this.#end = end;
    this.#size = fstatSync(this.#descriptor).size;
  }

  /** Adds whole lines. Throws `FileError`, and as the file system does. */
  add(lines: string): void {
    if (fstatSync(this.#descriptor).size > this.#size)
      throw new FileError(`another process is writing ${this.#file}; this one has stopped, and the other goes on`);
    const bytes = Buffer.from(lines);
    for (let done = 0; done < bytes.length;) done += writeSync(this.#descriptor, bytes, done, bytes.length - done, this.#end + done);
    this.#end += bytes.length;
    this.#size = Math.max(this.#size, this.#end);
    if (performance.now() - this.#safe > SAFE) this.#toDisk();
  }

  #toDisk(): void {
    fdatasyncSync(this.#descriptor);
    this.#safe = performance.now();
  }

  /** `complete`: nothing belongs behind what is written. */
  close(complete: boolean): void {
    try {
      if (complete && this.#size > this.#end) ftruncateSync(this.#descriptor, this.#end);
      this.#toDisk();
    } finally {
      closeSync(this.#descriptor);
    }
  }
}
