/**
 * Which states in the bags may have been found in a better or another way since they were put there: only those have to be looked
 * up when it is their turn. A bit for each, by its fingerprint; some share one, which costs no more than a look.
 */
const BYTES: usize = 1 << 15;
/** For the states of `Bag.now`, `Bag.then` and `Bag.later`. */
const maps: usize = memory.data(3 << 15, 16);

/** By `Bag`: `all`: nothing is known of them. */
export function forget(all: bool): void {
  memory.fill(maps, all ? 0xff : 0, 3 * BYTES);
}


@inline function byteOf(bag: u32, fingerprint: u64): usize {
  return maps + <usize>bag * BYTES + <usize>((fingerprint >> 40) & (BYTES - 1));
}


@inline function bitOf(fingerprint: u64): u32 {
  return 1 << ((<u32>(fingerprint >> 57)) & 7);
}

export function amend(bag: u32, fingerprint: u64): void {
  const at = byteOf(bag, fingerprint);
  store<u8>(at, load<u8>(at) | bitOf(fingerprint));
}


@inline export function isAmended(bag: u32, fingerprint: u64): bool {
  return (load<u8>(byteOf(bag, fingerprint)) & bitOf(fingerprint)) != 0;
}

/** The states of a bag become those of `Bag.now`. */
export function turn(bag: u32): void {
  memory.copy(maps, maps + <usize>bag * BYTES, BYTES);
  memory.fill(maps + <usize>bag * BYTES, 0, BYTES);
}
