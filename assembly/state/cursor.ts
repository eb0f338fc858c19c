/** Where an image is written or read next: its part of variable length, whole bytes, little end first. */

export let cursor: usize = 0;


@inline export function moveTo(at: usize): void {
  cursor = at;
}


@inline export function advance(bytes: usize): void {
  cursor += bytes;
}


@inline export function put(value: u32, bytes: usize): void {
  store<u32>(cursor, value);
  cursor += bytes;
}


@inline export function get(bytes: usize): u32 {
  const value = load<u32>(cursor);
  cursor += bytes;
  return bytes == 4 ? value : value & (((<u32>1) << ((<u32>bytes) << 3)) - 1);
}
