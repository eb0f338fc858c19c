/** The device table and the remapping tables as memory has them (hardware.md F.2, F.3), and what of an entry may be used. */
import { Amd } from '../../state/abi/amd';
import { amdAt } from '../../state/access';
import { isGuest, readGuest } from '../../state/guest';
import { hasGuests, hasWideEntries } from './control';
import * as dte from './device';
import * as irte from './irte';
import { baseOf } from './ring';

/** Device table entries have 32 bytes; those in a page of the table. */
export const DEVICE_BYTES: u64 = 32;
const DEVICES_IN_PAGE: u32 = 128;
/** The largest table has 2^11 entries. */
export const MOST_LENGTH: u32 = 11;

/** Of the last `readDevice`; of the last `readEntry`. */
export let map: u64 = 0;
export let rest: u64 = 0;
export let low: u64 = 0;
export let high: u64 = 0;


@inline export function deviceAddress(u: u32, device: u32): u64 {
  return baseOf(load<u64>(amdAt(u), Amd.deviceTable)) + <u64>device * DEVICE_BYTES;
}


@inline export function isInTable(u: u32, device: u32): bool {
  return device < (((<u32>load<u64>(amdAt(u), Amd.deviceTable)) & 0x1ff) + 1) * DEVICES_IN_PAGE;
}

/** False: it cannot be read, and counts as all zeros. */
export function readDevice(u: u32, device: u32): bool {
  const at = deviceAddress(u, device);
  const there = isGuest(at, <u32>DEVICE_BYTES);
  rest = there ? dte.restOf(readGuest(at, 8), readGuest(at + 8, 8)) : 0;
  map = there ? readGuest(at + 16, 8) : 0;
  return there;
}

/** Requests are remapped by the table of a device with this entry; its length is legal. */
@inline export function hasTable(map: u64, rest: u64): bool {
  return dte.isMapped(map, rest) && dte.controlOf(map) == 2 && dte.lengthOf(map) <= MOST_LENGTH;
}


@inline export function bytesOfEntry(u: u32): u32 {
  return hasWideEntries(u) ? 16 : 4;
}


@inline export function entryAddress(u: u32, map: u64, index: u32): u64 {
  return dte.rootOf(map) + <u64>(index * bytesOfEntry(u));
}

/** False: it cannot be read, and counts as all zeros. */
export function readEntry(u: u32, at: u64): bool {
  const wide = hasWideEntries(u);
  const there = isGuest(at, bytesOfEntry(u));
  low = there ? readGuest(at, wide ? 8 : 4) : 0;
  high = there && wide ? readGuest(at + 8, 8) : 0;
  return there;
}

/** False for what may not be programmed so. */
@inline export function isUsable(u: u32, low: u64): bool {
  return irte.isGuests(low) ? hasWideEntries(u) && hasGuests(u) : irte.modeOf(low) <= 1;
}
