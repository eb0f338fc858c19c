/** Guest-physical memory: bytes from address 0. What lies behind its end is nobody's. */
import { guestBase, guestBytes } from './layout';

/** True if `bytes` bytes from this address are memory. */
@inline export function isGuest(address: u64, bytes: u32): bool {
  return address + bytes <= <u64>guestBytes && address <= <u64>guestBytes;
}

/** The little-endian value at an address; `bytes` 1, 2, 4 or 8. All ones where no memory is. */
export function readGuest(address: u64, bytes: u32): u64 {
  if (!isGuest(address, bytes)) return ~(<u64>0);
  const at = guestBase + <usize>address;
  return bytes == 1 ? <u64>load<u8>(at) : bytes == 2 ? <u64>load<u16>(at) : bytes == 4 ? <u64>load<u32>(at) : load<u64>(at);
}

/** False, and nothing written, where no memory is. */
export function writeGuest(address: u64, bytes: u32, value: u64): bool {
  if (!isGuest(address, bytes)) return false;
  const at = guestBase + <usize>address;
  if (bytes == 1) store<u8>(at, <u8>value);
  else if (bytes == 2) store<u16>(at, <u16>value);
  else if (bytes == 4) store<u32>(at, <u32>value);
  else store<u64>(at, value);
  return true;
}
