/**
 * The entry cache of a check (design 4): an entry may be fetched or dropped at any time. What is cached and equal to memory behaves as
 * if it were not there, since whoever needs it may fetch it; so a *line* is only what differs. When a table entry changes,
 * what it was becomes a line, for some request may have fetched it before; that none has is what dropping it at once says.
 */
import { Gcmd, Iommu, IommuSetup } from '../../state/abi/iommu';
import { iommuAt, iommuSetup, lineAt } from '../../state/access';
import { guestAddressOf, readGuest } from '../../state/guest';
import { nIommus, nIrtes } from '../../state/layout';
import * as irte from './irte';

/** Bit 63 of the high half, reserved in every entry that may be cached. */
const THERE: u64 = 1 << 63;


@inline export function isLine(u: u32, index: u32): bool {
  return index < nIrtes && (load<u64>(lineAt(u, index), 8) & THERE) != 0;
}

/** The high half of a line. */
@inline export function highOf(line: usize): u64 {
  return load<u64>(line, 8) & ~THERE;
}

export function keepLine(u: u32, index: u32, low: u64, high: u64): void {
  if (index >= nIrtes) return;
  store<u64>(lineAt(u, index), low);
  store<u64>(lineAt(u, index), high | THERE, 8);
}

export function dropLine(u: u32, index: u32): void {
  if (index >= nIrtes) return;
  store<u64>(lineAt(u, index), 0);
  store<u64>(lineAt(u, index), 0, 8);
}

/** Those of the aligned group of 2^mask entries that `index` is in. */
export function dropLines(u: u32, index: u32, mask: u32): void {
  for (let i: u32 = 0; i < nIrtes; i++) {
    if ((i ^ index) >> min(mask, 31) == 0) dropLine(u, i);
  }
}

// --- a table entry changes

/** Number of the table entry that stands at guest address `address`, or a number beyond all. */
function indexAt(u: u32, address: u32): u32 {
  const unit = iommuAt(u);
  if ((load<u32>(unit, Iommu.gsts) & (<u32>Gcmd.ire)) == 0) return u32.MAX_VALUE;
  return (address - ((<u32>load<u64>(unit, Iommu.activeIrta)) & ~0xfff)) >> 4;
}

/** What may be cached (hardware.md D.4): a usable entry, and in caching mode one that is not present. */
export function mayCache(u: u32, low: u64, high: u64): bool {
  if (!irte.isPresent(low)) return iommuSetup(u, IommuSetup.cm) != 0;
  return irte.isValid(low, high, iommuSetup(u, IommuSetup.pi) != 0, (load<u64>(iommuAt(u), Iommu.activeIrta) & 0x800) != 0);
}

/** Before a store to a variable that units see, at `at`. */
export function beforeStore(at: usize): void {
  const address = guestAddressOf(at) & ~15;
  for (let u: u32 = 0; u < nIommus; u++) {
    const index = indexAt(u, address);
    if (index >= nIrtes || isLine(u, index)) continue;
    const low = readGuest(address, 8);
    const high = readGuest(address + 8, 8);
    if (mayCache(u, low, high)) keepLine(u, index, low, high);
  }
}

/** Behind it: a line that says what memory says again is none. */
export function afterStore(at: usize): void {
  const address = guestAddressOf(at) & ~15;
  for (let u: u32 = 0; u < nIommus; u++) {
    const index = indexAt(u, address);
    if (index >= nIrtes || !isLine(u, index)) continue;
    if (load<u64>(lineAt(u, index)) == readGuest(address, 8) && highOf(lineAt(u, index)) == readGuest(address + 8, 8)) dropLine(u, index);
  }
}
