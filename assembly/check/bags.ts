/**
 * Bags of records, in chunks: the states still to be expanded, and what is on its way to another worker. Records come out in
 * no particular order; nothing depends on it.
 *
 * A chunk: u32 next chunk, u32 end of its records, then records from byte 8 on, each a multiple of 8 bytes long.
 */
import { Bag } from '../state/abi/tables';
import { CHUNK, freeChunk, takeChunk } from './arena';

const MAX_WORKERS: u32 = 64;
// per bag: u32 full chunks (linked), u32 number of them, u32 chunk that is written (0: none)
const bags: usize = memory.data(12 * (4 + 64));
/** Where the chunk that is being read goes on; 0: none is. */
let reading: usize = 0;
let readAt: u32 = 0;
/** Chunks that hold records, in all bags. */
export let chunksUsed: u32 = 0;


@inline function bagAt(bag: u32): usize {
  return bags + <usize>bag * 12;
}

export function clearBags(): void {
  memory.fill(bags, 0, 12 * (Bag.outbox + MAX_WORKERS));
  reading = 0;
  chunksUsed = 0;
}

export function chunksInUse(): u32 {
  return chunksUsed;
}

function close(at: usize): void {
  const chunk = load<u32>(at, 8);
  if (chunk == 0) return;
  store<u32>(chunk, load<u32>(at));
  store<u32>(at, chunk);
  store<u32>(at, load<u32>(at, 4) + 1, 4);
  store<u32>(at, 0, 8);
}

/** Room for a record of so many bytes, which the caller fills; 0: out of memory. */
export function bagRoom(bag: u32, bytes: u32): usize {
  const at = bagAt(bag);
  let chunk = <usize>load<u32>(at, 8);
  if (chunk != 0 && load<u32>(chunk, 4) + bytes > <u32>CHUNK) {
    close(at);
    chunk = 0;
  }
  if (chunk == 0) {
    chunk = takeChunk();
    if (chunk == 0) return 0;
    chunksUsed++;
    store<u32>(chunk, 0);
    store<u32>(chunk, 8, 4);
    store<u32>(at, <u32>chunk, 8);
  }
  const end = load<u32>(chunk, 4);
  store<u32>(chunk, end + bytes, 4);
  return chunk + end;
}

/** Takes a chunk out of a bag, full ones first; 0: it is empty. The caller frees it by `dropChunk`. */
export function takeFrom(bag: u32): usize {
  const at = bagAt(bag);
  if (load<u32>(at, 4) == 0) close(at);
  const chunk = <usize>load<u32>(at);
  if (chunk == 0) return 0;
  store<u32>(at, load<u32>(chunk));
  store<u32>(at, load<u32>(at, 4) - 1, 4);
  return chunk;
}

/** Full chunks of a bag. */
export function fullChunks(bag: u32): u32 {
  return load<u32>(bagAt(bag), 4);
}

export function isEmpty(bag: u32): bool {
  return load<u32>(bagAt(bag)) == 0 && load<u32>(bagAt(bag), 8) == 0;
}

export function dropChunk(chunk: usize): void {
  freeChunk(chunk);
  chunksUsed--;
}

/** A chunk that the caller has filled becomes part of a bag; 0: out of memory. For chunks that were written to disk. */
export function newChunk(bag: u32): usize {
  const chunk = takeChunk();
  if (chunk == 0) return 0;
  chunksUsed++;
  const at = bagAt(bag);
  store<u32>(chunk, load<u32>(at));
  store<u32>(chunk, 8, 4);
  store<u32>(at, <u32>chunk);
  store<u32>(at, load<u32>(at, 4) + 1, 4);
  return chunk;
}

/** What was in `from` is in `Bag.now`, which was empty. */
export function becomeNow(from: u32): void {
  memory.copy(bagAt(Bag.now), bagAt(from), 12);
  memory.fill(bagAt(from), 0, 12);
}

/** The next record of `Bag.now`, or 0: it has none in memory. It stays valid until the next call. */
export function nextRecord(): usize {
  while (true) {
    if (reading == 0) {
      reading = takeFrom(Bag.now);
      readAt = 8;
      if (reading == 0) return 0;
    }
    if (readAt < load<u32>(reading, 4)) return reading + readAt;
    dropChunk(reading);
    reading = 0;
  }
}

/** The record that `nextRecord` gave has been dealt with. */
export function pastRecord(bytes: u32): void {
  readAt += bytes;
}

/** Puts the rest of the chunk that is being read back into its bag, for a checkpoint. */
export function stopReading(): void {
  if (reading == 0) return;
  const end = load<u32>(reading, 4);
  memory.copy(reading + 8, reading + readAt, end - readAt);
  store<u32>(reading, 8 + end - readAt, 4);
  const at = bagAt(Bag.now);
  store<u32>(reading, load<u32>(at));
  store<u32>(at, <u32>reading);
  store<u32>(at, load<u32>(at, 4) + 1, 4);
  reading = 0;
}
