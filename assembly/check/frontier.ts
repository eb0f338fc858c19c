/** Two first-in-first-out queues of images, this level's and the next one's, in recycled chunks. Entry: u32 node, u32 bytes, image. */
import { CHUNK, freeRun, takeChunk } from './arena';

// per queue: first chunk, read cursor, last chunk, write cursor. A chunk's first word links the next; 8 bytes of header.
const queues: usize = memory.data(2 * 16);
const HEADER: u32 = 8;
const SIZE: u32 = <u32>CHUNK;


@inline function queue(q: u32): usize {
  return queues + ((<usize>q) << 4);
}

export function clearFrontier(): void {
  memory.fill(queues, 0, 32);
}

/** Room for an image of at most `bytes`; 0: out of memory. */
export function frontierPush(q: u32, node: u32, image: usize, bytes: u32): bool {
  const at = queue(q);
  let write = load<u32>(at, 12);
  if (write == 0 || write + 8 + bytes > SIZE) {
    const chunk = takeChunk();
    if (chunk == 0) return false;
    store<u32>(chunk, 0);
    const last = load<u32>(at, 8);
    if (last) {
      store<u32>(last, <u32>chunk);
      // end mark of the chunk that is full
      if (write + 8 <= SIZE) store<u32>(last + write, 0, 4);
    } else {
      store<u32>(at, <u32>chunk);
      store<u32>(at, HEADER, 4);
    }
    store<u32>(at, <u32>chunk, 8);
    write = HEADER;
  }
  const entry = <usize>load<u32>(at, 8) + write;
  store<u32>(entry, node);
  store<u32>(entry, bytes, 4);
  memory.copy(entry + 8, image, bytes);
  store<u32>(at, write + 8 + bytes, 12);
  return true;
}

export let poppedNode: u32 = 0;

/** Copies the oldest image of the queue to `image` and sets `poppedNode`; false if it is empty. */
export function frontierPop(q: u32, image: usize): bool {
  const at = queue(q);
  let chunk = load<u32>(at);
  if (chunk == 0) return false;
  let read = load<u32>(at, 4);
  const isLast = chunk == load<u32>(at, 8);
  if (isLast && read >= load<u32>(at, 12)) {
    freeRun(chunk, CHUNK);
    memory.fill(at, 0, 16);
    return false;
  }
  if (!isLast && (read + 8 > SIZE || load<u32>(chunk + read, 4) == 0)) {
    const next = load<u32>(chunk);
    freeRun(chunk, CHUNK);
    chunk = next;
    read = HEADER;
    store<u32>(at, chunk);
    store<u32>(at, read, 4);
    return frontierPop(q, image);
  }
  const entry = <usize>chunk + read;
  poppedNode = load<u32>(entry);
  const bytes = load<u32>(entry, 4);
  memory.copy(image, entry + 8, bytes);
  store<u32>(at, read + 8 + bytes, 4);
  return true;
}
