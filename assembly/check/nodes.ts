/** One record per state found: how it was reached. 16 bytes: parent u32, action u16, unused u16, level u32 (visible steps from the start), unused. */
import { takeChunk } from './arena';

const PER_CHUNK_BITS: u32 = 16;
const MAX_CHUNKS: u32 = 4096;
const directory: usize = memory.data(4 * 4096);

export let nNodes: u32 = 0;

export function clearNodes(): void {
  nNodes = 0;
}


@inline function nodeAt(n: u32): usize {
  return <usize>load<u32>(directory + (((<usize>n) >> PER_CHUNK_BITS) << 2)) + (((<usize>n) & 0xffff) << 4);
}

/** Index of a new node, or -1: out of memory. */
export function addNode(parent: u32, action: u32, level: u32): i32 {
  const n = nNodes;
  if ((n & 0xffff) == 0) {
    const chunk = n >> PER_CHUNK_BITS < MAX_CHUNKS ? takeChunk() : 0;
    if (chunk == 0) return -1;
    store<u32>(directory + (((<usize>n) >> PER_CHUNK_BITS) << 2), <u32>chunk);
  }
  nNodes = n + 1;
  setNode(n, parent, action, level);
  return n;
}

export function setNode(n: u32, parent: u32, action: u32, level: u32): void {
  const at = nodeAt(n);
  store<u32>(at, parent);
  store<u32>(at, action, 4);
  store<u32>(at, level, 8);
}


@inline export function parentOf(n: u32): u32 {
  return load<u32>(nodeAt(n));
}


@inline export function actionOf(n: u32): u32 {
  return load<u32>(nodeAt(n), 4);
}


@inline export function levelOf(n: u32): u32 {
  return load<u32>(nodeAt(n), 8);
}
