/**
 * Physical addresses outside of a CPU's own LAPIC page: windows of IOAPICs, and guest memory. Elsewhere nothing answers: a
 * read is all ones, a write is lost.
 */
import { readGuest, writeGuest } from '../state/guest';
import { offsetIn, readWindow, windowAt } from '../ioapic/registers';
import { writeWindow } from '../fabric/ioapic';

export function readSpace(address: u64, bytes: u32): u64 {
  const i = windowAt(address);
  return i < 0 ? readGuest(address, bytes) : readWindow(i, offsetIn(i, address), bytes);
}

export function writeSpace(address: u64, bytes: u32, value: u64): void {
  const i = windowAt(address);
  if (i < 0) writeGuest(address, bytes, value);
  else writeWindow(i, offsetIn(i, address), bytes, <u32>value);
}
