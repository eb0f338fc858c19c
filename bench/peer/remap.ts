/**
 * Interrupt remapping as assembly/iommu has it (hardware.md D.3, D.4), in TypeScript on typed arrays: what the bench compares the
 * core with. The same list of operations, the same results.
 */
import { BatchOp, BatchWord } from '../../src/core/index.js';

const NONE = 0xffffffff;
/** Words of an entry: 128 bits. */
const ENTRY = 4;
const POSTED = 0x8000;
const [RESERVED_LOW, RESERVED_XAPIC, RESERVED_HIGH] = [0xff007000, 0xffff00ff, 0xfff00000];
const SOURCE_MASKS = Uint32Array.of(0xffff, 0xfffb, 0xfff9, 0xfff8);

export class RemapPeer {
  readonly #memory: Uint32Array;
  /** first word of the table, and entries */
  readonly #table: number;
  readonly #count: number;
  readonly #ways: number;
  readonly #setMask: number;
  readonly #entries: Uint32Array;
  readonly #indices: Uint32Array;
  readonly #epochs: Uint32Array;
  readonly #stamps: Uint32Array;
  #epoch = 1;
  #stamp = 0;
  /** cached entries that memory had no more */
  stale = 0;
  useAfterFree = 0;

  /** `memory`: words from physical address 0; `table`: address of `count` entries. */
  constructor(memory: Uint32Array, table: number, count: number, cache: { readonly entries: number; readonly ways: number }) {
    this.#memory = memory;
    this.#table = table >>> 2;
    this.#count = count;
    this.#ways = cache.ways;
    this.#setMask = cache.entries / cache.ways - 1;
    this.#entries = new Uint32Array(cache.entries * ENTRY);
    this.#indices = new Uint32Array(cache.entries);
    this.#epochs = new Uint32Array(cache.entries);
    this.#stamps = new Uint32Array(cache.entries);
  }

  /** Executes a list as `batchRun` does. */
  run(words: Uint32Array, n: number): void {
    for (let i = 0, at = 0; i < n; i++, at += BatchWord.words) {
      const a = words[at + BatchWord.a]!;
      const b = words[at + BatchWord.b]!;
      const c = words[at + BatchWord.c]!;
      let result = 0;
      switch (words[at + BatchWord.op]) {
        case BatchOp.translate:
          result = this.#translate(a, b, c);
          break;
        case BatchOp.invalidate:
          if (c !== 0) this.#dropAll();
          else this.#dropGroup(a, b);
          break;
        default:
          break;
      }
      words[at + BatchWord.result] = result;
    }
  }

  #translate(address: number, data: number, requester: number): number {
    if ((address & 0x10) === 0) return NONE;
    const shv = address & 8;
    if (shv !== 0 && data >>> 16 !== 0) return NONE;
    const handle = (((address >>> 2) & 1) << 15) | ((address >>> 5) & 0x7fff);
    const index = shv !== 0 ? handle + (data & 0xffff) : handle;
    if (index >= this.#count) return NONE;
    let entry = this.#cached(index);
    const memory = this.#memory;
    const from = this.#table + index * ENTRY;
    if (entry >= 0) {
      this.#stamps[entry] = ++this.#stamp;
      this.#noteStale(entry * ENTRY, from);
      return this.#conclude(this.#entries, entry * ENTRY, requester);
    }
    if (from + ENTRY > memory.length) return NONE;
    if ((memory[from]! & 1) !== 0 && isValid(memory, from)) {
      entry = this.#victim(index);
      for (let w = 0; w < ENTRY; w++) this.#entries[entry * ENTRY + w] = memory[from + w]!;
      this.#indices[entry] = index;
      this.#epochs[entry] = this.#epoch;
      this.#stamps[entry] = ++this.#stamp;
    }
    return this.#conclude(memory, from, requester);
  }

  #conclude(words: Uint32Array, at: number, requester: number): number {
    const low = words[at]!;
    if ((low & 1) === 0 || !acceptsSource(words[at + 2]!, requester) || !isValid(words, at) || (low & POSTED) !== 0) return NONE;
    const data = ((low >>> 16) & 0xff) | (((low >>> 5) & 7) << 8) | 0x4000 | (((low >>> 4) & 1) << 15);
    const destination = (words[at + 1]! >>> 8) & 0xff;
    return (data | (destination << 16)) >>> 0;
  }

  #noteStale(cached: number, from: number): void {
    const [memory, entries] = [this.#memory, this.#entries];
    let differs = 0;
    for (let w = 0; w < ENTRY; w++) differs |= memory[from + w]! ^ entries[cached + w]!;
    if (differs === 0) return;
    this.stale++;
    if ((memory[from]! & 1) === 0) this.useAfterFree++;
  }

  /** Its place, or -1. */
  #cached(index: number): number {
    const first = (index & this.#setMask) * this.#ways;
    const [indices, epochs, epoch, end] = [this.#indices, this.#epochs, this.#epoch, first + this.#ways];
    for (let e = first; e < end; e++) if (indices[e] === index && epochs[e] === epoch) return e;
    return -1;
  }

  #victim(index: number): number {
    const first = (index & this.#setMask) * this.#ways;
    let oldest = first;
    for (let e = first; e < first + this.#ways; e++) {
      if (this.#epochs[e] !== this.#epoch) return e;
      if ((this.#stamp - this.#stamps[e]!) >>> 0 > (this.#stamp - this.#stamps[oldest]!) >>> 0) oldest = e;
    }
    return oldest;
  }

  #dropAll(): void {
    this.#epoch = (this.#epoch + 1) >>> 0;
    if (this.#epoch !== 0) return;
    this.#epochs.fill(0);
    this.#epoch = 1;
  }

  #dropGroup(index: number, mask: number): void {
    if (mask === 0) {
      const e = this.#cached(index);
      if (e >= 0) this.#epochs[e] = 0;
      return;
    }
    for (let e = 0; e < this.#indices.length; e++) if ((this.#indices[e]! ^ index) >>> mask === 0) this.#epochs[e] = 0;
  }
}

function acceptsSource(source: number, requester: number): boolean {
  const sid = source & 0xffff;
  switch ((source >>> 18) & 3) {
    case 1:
      return ((requester ^ sid) & SOURCE_MASKS[(source >>> 16) & 3]!) === 0;
    case 2:
      return sid >>> 8 <= requester >>> 8 && requester >>> 8 <= (sid & 0xff);
    default:
      return true;
  }
}

/** Remapped format, destinations of 8 bits: what the bench's table has. */
function isValid(words: Uint32Array, at: number): boolean {
  const low = words[at]!;
  const mode = (low >>> 5) & 7;
  return (
    (low & POSTED) === 0 &&
    ((words[at + 2]! >>> 18) & 3) !== 3 &&
    (low & RESERVED_LOW) === 0 &&
    ((words[at + 2]! & RESERVED_HIGH) | words[at + 3]!) === 0 &&
    mode !== 3 &&
    mode !== 6 &&
    (words[at + 1]! & RESERVED_XAPIC) === 0
  );
}
