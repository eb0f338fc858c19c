/** Guest-physical memory: bytes from address 0. What lies behind its end is nobody's. */
import { guestBase, guestBytes } from './layout';

/** True if `bytes` bytes from this address are memory. */
@inline export function isGuest(address: u64, bytes: u32): bool {
  return address + bytes <= <u64>guestBytes && address <= <u64>guestBytes;
}

/** The little-endian value at an address; 1, 2, 4 or else 8 bytes. All ones where no memory is. */
export function readGuest(address: u64, bytes: u32): u64 {
  const n: u32 = bytes == 1 || bytes == 2 || bytes == 4 ? bytes : 8;
  if (!isGuest(address, n)) return ~(<u64>0);
  const at = guestBase + <usize>address;
  return n == 1 ? <u64>load<u8>(at) : n == 2 ? <u64>load<u16>(at) : n == 4 ? <u64>load<u32>(at) : load<u64>(at);
}

/** Nothing is written where no memory is. */
export function writeGuest(address: u64, bytes: u32, value: u64): void {
  const n: u32 = bytes == 1 || bytes == 2 || bytes == 4 ? bytes : 8;
  if (!isGuest(address, n)) return;
  const at = guestBase + <usize>address;
  if (n == 1) store<u8>(at, <u8>value);
  else if (n == 2) store<u16>(at, <u16>value);
  else if (n == 4) store<u32>(at, <u32>value);
  else store<u64>(at, value);
}
