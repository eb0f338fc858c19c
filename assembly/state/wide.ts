/** Results of 64 bits cross the boundary as two words. */

/** High word of the last one. */
export let high: u32 = 0;

/** Keeps the high word; returns the low one. */
export function lowWord(value: u64): u32 {
  high = <u32>(value >> 32);
  return <u32>value;
}
