/**
 * Physical addresses outside of a CPU's own LAPIC page: windows of IOAPICs and remapping units, and guest memory. Elsewhere nothing answers: a
 * read is all ones, a write is lost.
 */
import { isGuest, readGuest, writeGuest } from '../state/guest';
import { offsetIn, readWindow, windowAt } from '../ioapic/registers';
import { offsetIn as offsetInUnit, readUnit, unitAt } from '../iommu/unit';
import { writeWindow } from '../fabric/ioapic';
import { writeRegisters } from '../fabric/iommu';

export function readSpace(address: u64, bytes: u32): u64 {
  const i = windowAt(address);
  if (i >= 0) return readWindow(i, offsetIn(i, address), bytes);
  const u = unitAt(address);
  return u < 0 ? readGuest(address, bytes) : readUnit(u, offsetInUnit(u, address), bytes);
}

/** True if these bytes are memory that a CPU may cache. */
export function isMemory(address: u64, bytes: u32): bool {
  return isGuest(address, bytes) && windowAt(address) < 0 && unitAt(address) < 0;
}

export function writeSpace(address: u64, bytes: u32, value: u64): void {
  const i = windowAt(address);
  const u = i < 0 ? unitAt(address) : -1;
  if (i >= 0) writeWindow(i, offsetIn(i, address), bytes, <u32>value);
  else if (u >= 0) writeRegisters(u, offsetInUnit(u, address), bytes, value);
  else writeGuest(address, bytes, value);
}
