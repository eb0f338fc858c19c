/**
 * Memory of a search, behind the machine's block: chunks of 1 MiB from a free list, and runs of chunks for the visited
 * set. Nothing here traps: 0 means that the limit is reached, and the search ends as `unknown`.
 */
import { reserve } from '../state/layout';

export const CHUNK: usize = 1 << 20;

let top: usize = 0;
let limit: usize = 0;
/** Linked by the first word of each free chunk. */
let freeChunks: usize = 0;

export function openArena(at: usize, bytes: u64): void {
  top = (at + 0xffff) & ~0xffff;
  const room = <u64>0xfffe0000 - <u64>top;
  limit = top + <usize>min(bytes, room);
  freeChunks = 0;
}

/** Bytes taken from the engine so far, free chunks included. */
export function arenaTop(): usize {
  return top;
}

export function takeRun(bytes: usize): usize {
  const size = (bytes + CHUNK - 1) & ~(CHUNK - 1);
  if (size > limit - top || !reserve(top + size)) return 0;
  const at = top;
  top += size;
  memory.fill(at, 0, size);
  return at;
}

export function takeChunk(): usize {
  if (freeChunks == 0) return takeRun(CHUNK);
  const at = freeChunks;
  freeChunks = load<usize>(at);
  return at;
}

export function freeRun(at: usize, bytes: usize): void {
  for (let p = at; p < at + bytes; p += CHUNK) {
    store<usize>(p, freeChunks);
    freeChunks = p;
  }
}
