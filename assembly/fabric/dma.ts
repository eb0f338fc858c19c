/** Writes of requesters that are no device. */

export function dmaWrite(requester: u32, lo: u32, hi: u32, data: u32): u32 {
  return 0;
}
