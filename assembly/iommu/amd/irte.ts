/**
 * Remapping entries of 32 and 128 bits (hardware.md F.3.1, F.3.2): what their bits say. Pure. The low 16 bits of both but the
 * destination mean the same. Reserved bits do not count.
 */

@inline export function isRemapped(low: u64): bool {
  return (low & 1) != 0;
}

/** SupIOPF: faults that concern this entry are not logged. */
@inline export function hidesFaults(low: u64): bool {
  return (low & 2) != 0;
}


@inline export function isGuests(low: u64): bool {
  return (low & 0x80) != 0;
}


@inline export function isLogical(low: u64): bool {
  return (low & 0x40) != 0;
}

/** 0 fixed, 1 arbitrated; others are reserved. */
@inline export function modeOf(low: u64): u32 {
  return ((<u32>low) >> 2) & 7;
}


@inline export function vectorOf(low: u64, high: u64, wide: bool): u32 {
  return (wide ? <u32>high : (<u32>low) >> 16) & 0xff;
}

/** Of an entry of 128 bits all 32 count if destinations have so many. */
@inline export function destinationOf(low: u64, high: u64, extended: bool): u32 {
  const all = (((<u32>low) >> 8) & 0xffffff) | ((<u32>(high >> 56)) << 24);
  return extended ? all : all & 0xff;
}

// --- of a guest

/** GALogIntr, IsRun. */
@inline export function logs(low: u64): bool {
  return (low & 4) != 0;
}


@inline export function isRunning(low: u64): bool {
  return (low & 0x40) != 0;
}


@inline export function tagOf(low: u64): u32 {
  return <u32>(low >> 32);
}

/** The page where the guest's vAPIC has its registers. */
@inline export function pageOf(high: u64): u64 {
  return high & 0xffffffffff000;
}

// --- what is cached of it (F.4): of a guest's not IsRun, destination and tag

/** Bits that are cached of a guest's entry. */
export const GUEST_LOW: u64 = 0xbf;
export const GUEST_HIGH: u64 = 0xffffffffff0ff;
/** Bits of another that mean something. */
const HOST_LOW: u64 = 0xffffffff;
const HOST_HIGH: u64 = 0xff000000000000ff;


@inline export function cachedLow(low: u64): u64 {
  return low & (isGuests(low) ? GUEST_LOW : HOST_LOW);
}


@inline export function cachedHigh(low: u64, high: u64): u64 {
  return high & (isGuests(low) ? GUEST_HIGH : HOST_HIGH);
}
