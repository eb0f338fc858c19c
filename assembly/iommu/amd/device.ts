/**
 * Interrupt fields of device table entries (hardware.md F.2): what their bits say. Pure. The third quarter of an entry is `map`, what
 * counts of the first two is put together in `rest`.
 */

/** Bits of `rest`: domain 15:0 and SE, SA as they stand in the second quarter; an event of the device was logged; V. */
const SE: u64 = (<u64>1) << 33;
const SA: u64 = (<u64>1) << 34;
const REPORTED: u64 = (<u64>1) << 62;
const VALID: u64 = (<u64>1) << 63;

/** Of the first two quarters of an entry. */
@inline export function restOf(first: u64, second: u64): u64 {
  return (second & (0xffff | SE | SA)) | (first << 63);
}

/** V and IV: requests are governed by this entry; otherwise they go on as they are. */
@inline export function isMapped(map: u64, rest: u64): bool {
  return (rest & VALID) != 0 && (map & 1) != 0;
}

/** Length of the table: log2 of its entries. */
@inline export function lengthOf(map: u64): u32 {
  return ((<u32>map) >> 1) & 15;
}


@inline export function rootOf(map: u64): u64 {
  return map & 0xfffffffffffc0;
}

/** IntCtl: 0 abort, 1 forward, 2 remap, 3 reserved. */
@inline export function controlOf(map: u64): u32 {
  return (<u32>(map >> 60)) & 3;
}


@inline export function domainOf(rest: u64): u32 {
  return (<u32>rest) & 0xffff;
}

/** True if an IO_PAGE_FAULT of the device is not logged: IG, SA, or SE once one has been. */
export function hidesFaults(map: u64, rest: u64): bool {
  return (map & 32) != 0 || (rest & SA) != 0 || (rest & (SE | REPORTED)) == (SE | REPORTED);
}


@inline export function reported(rest: u64): u64 {
  return rest | REPORTED;
}

/** What of it decides where a request goes: all but what is only for events. */
@inline export function cachedMap(map: u64): u64 {
  return map & ~(<u64>32);
}


@inline export function cachedRest(rest: u64): u64 {
  return rest & VALID;
}

/** True if a message with another delivery mode than fixed and arbitrated may pass: NMI, INIT, ExtINT, which must not be logical. */
export function passes(map: u64, mode: u32, logical: bool): bool {
  switch (mode) {
    case 4:
      return (map & ((<u64>1) << 58)) != 0;
    case 5:
      return (map & ((<u64>1) << 56)) != 0;
    case 7:
      return !logical && (map & ((<u64>1) << 57)) != 0;
    default:
      return false;
  }
}
