/** Compatibility-format interrupt messages (hardware.md C.3). A message in, fields out; effects are elsewhere. */
import { Settings } from '../state/abi/tables';
import { setting } from '../state/access';

/** True if a DWORD write to this address is an interrupt request (C.3.3). */
@inline export function inInterruptRange(addrLo: u32, addrHi: u32): bool {
  return addrHi == 0 && addrLo >> 20 == 0xfee;
}

/** Bits 14:8 are in address bits 11:5 where the platform says so; a set format bit would make them something else (C.3.1). */
@inline export function destinationOf(address: u32): u32 {
  const low = (address >> 12) & 0xff;
  return setting(Settings.virtExtDestId) != 0 && (address & 0x10) == 0 ? low | (((address >> 5) & 0x7f) << 8) : low;
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
