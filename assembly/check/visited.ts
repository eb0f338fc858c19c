/**
 * The visited set: open addressing over 64-bit fingerprints of images, 16 bytes a slot: fingerprint u64, node + 1 u32.
 * Two states with one fingerprint would count as one: chance about n^2 / 2^65, printed with a verdict.
 */
import { CHUNK, freeRun, takeRun } from './arena';

const SLOT: usize = 16;
let base: usize = 0;
let mask: u32 = 0;
let used: u32 = 0;

export function openVisited(): bool {
  mask = (1 << 16) - 1;
  used = 0;
  base = takeRun((<usize>mask + 1) * SLOT);
  return base != 0;
}


@inline function find(table: usize, m: u32, fingerprint: u64): usize {
  let i = (<u32>fingerprint) & m;
  while (true) {
    const at = table + <usize>i * SLOT;
    if (load<u32>(at, 8) == 0 || load<u64>(at) == fingerprint) return at;
    i = (i + 1) & m;
  }
}

function grow(): bool {
  const bytes = (<usize>mask + 1) * SLOT;
  if (bytes >= 1 << 31) return false;
  const table = takeRun(bytes * 2);
  if (table == 0) return false;
  const m = mask * 2 + 1;
  for (let p = base; p < base + bytes; p += SLOT) {
    if (load<u32>(p, 8) == 0) continue;
    const at = find(table, m, load<u64>(p));
    store<u64>(at, load<u64>(p));
    store<u32>(at, load<u32>(p, 8), 8);
  }
  freeRun(base, bytes & ~(CHUNK - 1));
  base = table;
  mask = m;
  return true;
}

/** Slot of a fingerprint: its node + 1, or 0 if it is new, see `slotNode`. 0 as an address: out of memory. */
export function slotFor(fingerprint: u64): usize {
  if (used * 5 > mask * 3 && !grow()) return 0;
  return find(base, mask, fingerprint);
}


@inline export function slotNode(slot: usize): u32 {
  return load<u32>(slot, 8);
}


@inline export function fillSlot(slot: usize, fingerprint: u64, node: u32): void {
  store<u64>(slot, fingerprint);
  store<u32>(slot, node + 1, 8);
  used++;
}
