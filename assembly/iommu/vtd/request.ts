/** Requests in the remappable format (hardware.md C.3, D.3 steps 1 and 2). Pure. */

@inline export function isRemappable(address: u32): bool {
  return (address & 0x10) != 0;
}


@inline function hasSubhandle(address: u32): bool {
  return (address & 8) != 0;
}


@inline export function handleOf(address: u32): u32 {
  return (((address >> 2) & 1) << 15) | ((address >> 5) & 0x7fff);
}

/** A subhandle has 16 bits; without one the data does not count. */
@inline export function hasReservedBits(address: u32, data: u32): bool {
  return hasSubhandle(address) && data >> 16 != 0;
}

/** 17 bits: the sum does not wrap (T50). */
@inline export function indexOf(address: u32, data: u32): u32 {
  return handleOf(address) + (hasSubhandle(address) ? data & 0xffff : 0);
}
