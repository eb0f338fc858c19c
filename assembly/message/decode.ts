/** Compatibility-format interrupt messages (hardware.md C.3). Pure: a message in, fields out; effects are elsewhere. */

/** True if a DWORD write to this address is an interrupt request (C.3.3). */
@inline export function inInterruptRange(addrLo: u32, addrHi: u32): bool {
  return addrHi == 0 && addrLo >> 20 == 0xfee;
}


@inline export function destinationOf(address: u32): u32 {
  return (address >> 12) & 0xff;
}


@inline export function isLogical(address: u32): bool {
  return (address & 4) != 0;
}


@inline export function hasRedirectionHint(address: u32): bool {
  return (address & 8) != 0;
}


@inline export function vectorOf(data: u32): u32 {
  return data & 0xff;
}


@inline export function deliveryModeOf(data: u32): u32 {
  return (data >> 8) & 7;
}


@inline export function isLevel(data: u32): bool {
  return (data & 0x8000) != 0;
}
