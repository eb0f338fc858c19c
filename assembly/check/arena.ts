/**
 * Memory of a search, behind the machine's block: scratch, then chunks, then the visited set, which grows at the end. When
 * the chunks need more room, the visited set moves up. Nothing here traps: 0 means that the limit is reached.
 */
import { reserve } from '../state/layout';

export const CHUNK: usize = 1 << 18;

let limit: usize = 0;
let chunkBase: usize = 0;
let chunkEnd: usize = 0;
/** Free chunks, linked by their first words. */
let freeChunks: usize = 0;
/** The visited set: where it begins, and its size. */
export let tableAt: usize = 0;
let tableBytes: usize = 0;

/** `bytes`: what the search may use, scratch included. */
export function openArena(at: usize, bytes: u64): void {
  chunkBase = (at + 0xffff) & ~0xffff;
  limit = <usize>min(<u64>at + bytes, <u64>0xfffe0000);
  chunkEnd = chunkBase;
  freeChunks = 0;
  tableAt = chunkBase;
  tableBytes = 0;
}

/** First byte that the search does not use. */
export function arenaTop(): usize {
  return tableAt + tableBytes;
}

/** True if everything up to `end` is within the limit, and there. */
function allow(end: usize): bool {
  return end <= limit && reserve(end);
}

/** Gives the visited set `bytes` bytes where it stands; what is new holds zeros or garbage. */
export function resizeTable(bytes: usize): bool {
  if (bytes > limit - tableAt || !allow(tableAt + bytes)) return false;
  tableBytes = bytes;
  return true;
}

function moveTable(): bool {
  const room = chunkEnd - chunkBase;
  for (let step = max(CHUNK * 4, (room >> 2) & ~(CHUNK - 1)); step >= CHUNK; step = (step >> 1) & ~(CHUNK - 1)) {
    if (step > limit - arenaTop() || !allow(arenaTop() + step)) continue;
    memory.copy(tableAt + step, tableAt, tableBytes);
    tableAt += step;
    return true;
  }
  return false;
}

/** A chunk with anything in it, or 0: out of memory. */
export function takeChunk(): usize {
  if (freeChunks != 0) {
    const at = freeChunks;
    freeChunks = load<usize>(at);
    return at;
  }
  if (tableAt - chunkEnd < CHUNK && !moveTable()) return 0;
  const at = chunkEnd;
  chunkEnd += CHUNK;
  return at;
}

export function freeChunk(at: usize): void {
  store<usize>(at, freeChunks);
  freeChunks = at;
}
