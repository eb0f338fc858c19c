/** What the frontier of a search keeps on disk: pieces of up to a chunk, by bag, in one temporary file. Node only. */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bag } from '../../core/index.js';

/** Most bytes of a piece: a chunk of the core. */
const PIECE = 1 << 18;

interface Piece {
  readonly place: number;
  readonly bytes: number;
}

export class Spill {
  readonly #in: string;
  #open: { readonly folder: string; readonly file: number } | undefined;
  readonly #pieces = new Map<Bag, Piece[]>();
  readonly #free: number[] = [];
  #places = 0;

  constructor(folder = tmpdir()) {
    this.#in = folder;
  }

  /** The file, made when it is needed first; where the system lets it, it has no name from then on, and goes with the process. */
  get #file(): number {
    if (this.#open === undefined) {
      const folder = mkdtempSync(join(this.#in, 'irqlab-'));
      this.#open = { folder, file: openSync(join(folder, 'frontier'), 'w+') };
      this.#remove();
    }
    return this.#open.file;
  }

  #remove(): void {
    try {
      if (this.#open !== undefined) rmSync(this.#open.folder, { recursive: true, force: true });
    } catch {
      // a system that keeps open files: when it is closed
    }
  }

  /** Bytes that the file has grown to. */
  get bytes(): number {
    return this.#places * PIECE;
  }

  has(bag: Bag): boolean {
    return (this.#pieces.get(bag)?.length ?? 0) > 0;
  }

  put(bag: Bag, records: Uint8Array): void {
    const place = this.#free.pop() ?? this.#places++;
    for (let done = 0; done < records.length;) done += writeSync(this.#file, records, done, records.length - done, place * PIECE + done);
    const pieces = this.#pieces.get(bag) ?? [];
    pieces.push({ place, bytes: records.length });
    this.#pieces.set(bag, pieces);
  }

  take(bag: Bag): Uint8Array | undefined {
    const piece = this.#pieces.get(bag)?.pop();
    if (piece === undefined) return undefined;
    const records = new Uint8Array(piece.bytes);
    for (let done = 0; done < piece.bytes;) {
      const n = readSync(this.#file, records, done, piece.bytes - done, piece.place * PIECE + done);
      if (n === 0) throw new Error('the temporary file of the search has been cut');
      done += n;
    }
    this.#free.push(piece.place);
    return records;
  }

  /** What was in bag `from` is in bag `to`, which was empty. */
  become(to: Bag, from: Bag): void {
    this.#pieces.set(to, this.#pieces.get(from) ?? []);
    this.#pieces.delete(from);
  }

  close(): void {
    if (this.#open === undefined) return;
    closeSync(this.#open.file);
    this.#remove();
    this.#open = undefined;
  }
}
