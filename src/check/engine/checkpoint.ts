/**
 * A search on disk, to be gone on with: a line of JSON, then sections {u32 kind, u32 bytes, bytes}, the last one of kind `end`.
 * Which worker wrote a section does not matter: on reading, each takes what it owns. Node only.
 */
import { closeSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import { Bag } from '../../core/index.js';
import type { Engine, FoundFailure, Reduction, Share } from './engine.js';
import { CheckpointError } from './errors.js';
import type { Activity } from './vacuity.js';

const FORMAT = 'irqlab checkpoint 2';
const Kind = { states: 16, end: 255 } as const;
const BAGS = [Bag.now, Bag.then, Bag.later] as const;

/** What a checkpoint says besides states. */
export interface CheckpointHead {
  readonly format: typeof FORMAT;
  /** whatever the caller needs to make the same system again */
  readonly about: unknown;
  /** of the kernel model, and of the state the search began in */
  readonly model: string;
  readonly start: string;
  /** of a fingerprint */
  readonly bits: 64 | 128;
  readonly reduction: Reduction;
  readonly level: number;
  readonly round: number;
  readonly share: Share;
  readonly failures: readonly FoundFailure[];
  readonly activity: Activity;
}

export class CheckpointWriter {
  readonly #path: string;
  readonly #file: number;

  /** Begins a file with `head`; without it, goes on with one. Throws what the file system throws. */
  constructor(path: string, head?: Omit<CheckpointHead, 'format'>) {
    this.#path = path;
    this.#file = openSync(`${path}.part`, head === undefined ? 'a' : 'w');
    if (head === undefined) return;
    const json = JSON.stringify({ format: FORMAT, ...head }, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
    this.#put(new TextEncoder().encode(`${json}\n`));
  }

  #put(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) done += writeSync(this.#file, bytes, done);
  }

  #section(kind: number, bytes: Uint8Array): void {
    this.#put(new Uint8Array(Uint32Array.of(kind, bytes.length).buffer));
    this.#put(bytes);
  }

  /** All that one engine has; its frontier is empty behind that. */
  write(engine: Engine): void {
    for (const piece of engine.states()) this.#section(Kind.states, piece);
    for (const bag of BAGS) for (const piece of engine.records(bag)) this.#section(bag, piece);
  }

  /** The file gets its name only now, so that one that was cut is never taken for a checkpoint. */
  finish(): void {
    this.#section(Kind.end, new Uint8Array(0));
    closeSync(this.#file);
    renameSync(`${this.#path}.part`, this.#path);
  }

  /** Somebody else goes on with it. */
  close(): void {
    closeSync(this.#file);
  }
}

/** What a file says about the search in it. Throws `CheckpointError`, or what the file system throws. */
export function keptIn(path: string): CheckpointHead {
  const reader = new CheckpointReader(path);
  reader.close();
  return reader.head;
}

export class CheckpointReader {
  readonly head: CheckpointHead;
  readonly #path: string;
  readonly #file: number;
  #at: number;

  /** Throws `CheckpointError`, or what the file system throws. */
  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, 'r');
    const line = this.#line();
    this.#at = line.length + 1;
    this.head = headOf(path, new TextDecoder().decode(line));
  }

  #line(): Uint8Array {
    const parts: number[] = [];
    const buffer = new Uint8Array(1 << 16);
    for (let at = 0; at < 1 << 26;) {
      const n = readSync(this.#file, buffer, 0, buffer.length, at);
      const end = buffer.subarray(0, n).indexOf(10);
      for (const byte of buffer.subarray(0, end < 0 ? n : end)) parts.push(byte);
      if (end >= 0) return Uint8Array.from(parts);
      if (n === 0) break;
      at += n;
    }
    throw new CheckpointError(`${this.#path} is no checkpoint of irqlab check`);
  }

  #read(bytes: number): Uint8Array {
    const out = new Uint8Array(bytes);
    for (let done = 0; done < bytes;) {
      const n = readSync(this.#file, out, done, bytes - done, this.#at);
      if (n === 0) throw new CheckpointError(`${this.#path} has been cut: the search in it cannot go on`);
      done += n;
      this.#at += n;
    }
    return out;
  }

  /** Gives an engine what it owns. False: out of memory. */
  restore(engine: Engine): boolean {
    if (!engine.resumeAt(this.head.level, this.head.round, this.head.share.states)) return false;
    for (;;) {
      const [kind = 0, length = 0] = new Uint32Array(this.#read(8).buffer);
      if (kind === Kind.end) return true;
      // pieces are never larger than a chunk of the core
      if (length > 1 << 18) throw new CheckpointError(`${this.#path} has been changed: the search in it cannot go on`);
      const bytes = this.#read(length);
      const ok = kind === Kind.states ? engine.restoreStates(bytes) : engine.restoreFrontier(kind, bytes);
      if (!ok) return false;
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}

function headOf(path: string, line: string): CheckpointHead {
  let head: unknown;
  try {
    head = JSON.parse(line, (key, value: unknown) => (key === 'fingerprint' && typeof value === 'string' ? BigInt(value) : value));
  } catch {
    head = undefined;
  }
  if (typeof head !== 'object' || head === null || (head as CheckpointHead).format !== FORMAT)
    throw new CheckpointError(`${path} is no checkpoint of this version of irqlab check`);
  return head as CheckpointHead;
}
