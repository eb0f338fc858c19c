/**
 * A redirection entry (hardware.md B.2): what its bits say, and the message it makes. Pure. One formula makes the messages
 * of all formats, compatibility and remappable.
 */
import { Pin } from '../state/abi/fields';

export const DELIVERY_STATUS: u32 = 1 << 12;
export const ACTIVE_LOW: u32 = 1 << 13;
export const REMOTE_IRR: u32 = 1 << 14;
export const LEVEL: u32 = 1 << 15;
export const MASKED: u32 = 1 << 16;
/** Bits 16:0; what is above is reserved and reads 0, as bits 15:0 of the high half are. */
export const LOW_BITS: u32 = 0x1ffff;
export const HIGH_BITS: u32 = 0xffff0000;

const EXTINT: u32 = 7;


@inline export function vectorOf(at: usize): u32 {
  return load<u8>(at, Pin.low);
}


@inline export function isMasked(at: usize): bool {
  return (load<u32>(at, Pin.low) & MASKED) != 0;
}

/** Level-triggered: ExtINT is edge only, whatever bit 15 says (B.3). */
@inline export function isLevel(at: usize): bool {
  const low = load<u32>(at, Pin.low);
  return (low & LEVEL) != 0 && ((low >> 8) & 7) != EXTINT;
}


@inline export function remoteIrr(at: usize): bool {
  return (load<u32>(at, Pin.low) & REMOTE_IRR) != 0;
}


@inline export function addressOf(at: usize): u32 {
  return 0xfee00000 | ((load<u32>(at, Pin.high) >> 16) << 4) | (((load<u32>(at, Pin.low) >> 11) & 1) << 2);
}

/** Vector, delivery mode, trigger mode, and the level bit of a level-triggered message. */
@inline export function dataOf(at: usize): u32 {
  return (load<u32>(at, Pin.low) & 0x7ff) | (isLevel(at) ? 0xc000 : 0);
}
