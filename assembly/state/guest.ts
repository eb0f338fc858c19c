/**
 * Guest-physical memory: bytes from address 0, and a window on the variables of a program (`VARIABLE_WINDOW`). Elsewhere there is
 * none.
 */
import { VARIABLE_WINDOW } from './abi/instructions';
import { guestBase, guestBytes, varBase } from './layout';
import { touchVariables } from './touched';

/** Where these bytes stand in the state, 0: no memory. */
export function placeOf(address: u64, bytes: u32): usize {
  if (address + bytes <= <u64>guestBytes && address <= <u64>guestBytes) return guestBase + <usize>address;
  const offset = address - VARIABLE_WINDOW;
  const size = <u64>(guestBase - varBase);
  return offset <= size && offset + bytes <= size ? varBase + <usize>offset : 0;
}

/** True if `bytes` bytes from this address are memory. */
@inline export function isGuest(address: u64, bytes: u32): bool {
  return placeOf(address, bytes) != 0;
}

/** The address at which units see what stands at `at`, a place among a program's variables. */
@inline export function guestAddressOf(at: usize): u32 {
  return VARIABLE_WINDOW + <u32>(at - varBase);
}

/** The place of a guest address among a program's variables, 0: it is none of them. */
export function variableAt(address: u64): usize {
  const at = placeOf(address, 1);
  return at >= varBase && at < guestBase ? at : 0;
}

/** The little-endian value at an address; 1, 2, 4 or else 8 bytes. All ones where no memory is. */
export function readGuest(address: u64, bytes: u32): u64 {
  const n: u32 = bytes == 1 || bytes == 2 || bytes == 4 ? bytes : 8;
  const at = placeOf(address, n);
  if (at == 0) return ~(<u64>0);
  return n == 1 ? <u64>load<u8>(at) : n == 2 ? <u64>load<u16>(at) : n == 4 ? <u64>load<u32>(at) : load<u64>(at);
}

/** Nothing is written where no memory is. */
export function writeGuest(address: u64, bytes: u32, value: u64): void {
  const n: u32 = bytes == 1 || bytes == 2 || bytes == 4 ? bytes : 8;
  const at = placeOf(address, n);
  if (at == 0) return;
  touchVariables(at);
  if (n == 1) store<u8>(at, <u8>value);
  else if (n == 2) store<u16>(at, <u16>value);
  else if (n == 4) store<u32>(at, <u32>value);
  else store<u64>(at, value);
}
