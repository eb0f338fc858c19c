/**
 * The MSI-X table and its pending bit array (hardware.md C.2). Writes land a dword at a time (E2). A function may latch an
 * entry when neither it nor the function is masked any more, and then knows nothing of later writes (E5).
 */
import { MOST_ENTRIES, PENDING_BITS } from '../state/abi/pci';
import { FunctionSetup } from '../state/abi/tables';
import { MsixEntry } from '../state/abi/fields';
import { functionSetup, msixAt } from '../state/access';
import { isEntryOpen, isEntryPending } from './vectors';

/** Looks whether entry n is unmasked now; if it was not before, the function latches it. */
function refresh(f: u32, n: u32): void {
  if (!functionSetup(f, FunctionSetup.entryCache)) return;
  const at = msixAt(f, n);
  const open = isEntryOpen(f, n);
  if (open && !load<u8>(at, MsixEntry.open)) {
    store<u32>(at, load<u32>(at, MsixEntry.addrLo), MsixEntry.latchedLo);
    store<u32>(at, load<u32>(at, MsixEntry.addrHi), MsixEntry.latchedHi);
    store<u32>(at, load<u32>(at, MsixEntry.data), MsixEntry.latchedData);
  }
  store<u8>(at, open ? 1 : 0, MsixEntry.open);
}

export function refreshAll(f: u32): void {
  for (let n: u32 = 0; n < functionSetup(f, FunctionSetup.msixVectors); n++) refresh(f, n);
}

/** Pending bits 32 * word and up. */
function pendingWord(f: u32, word: u32): u32 {
  const vectors = functionSetup(f, FunctionSetup.msixVectors);
  let bits: u32 = 0;
  for (let b: u32 = 0; b < 32; b++) {
    const n = (word << 5) + b;
    if (n < vectors && isEntryPending(f, n)) bits |= 1 << b;
  }
  return bits;
}

/** An aligned dword of the table or the pending bits; 0 behind them. */
export function loadTable(f: u32, offset: u32): u32 {
  const n = offset >> 4;
  if (n < functionSetup(f, FunctionSetup.msixVectors)) return load<u32>(msixAt(f, n) + (offset & 12));
  return offset - PENDING_BITS < MOST_ENTRIES / 8 ? pendingWord(f, (offset - PENDING_BITS) >> 2) : 0;
}

/** A write of an aligned dword takes effect. Pending bits cannot be written (C.2). */
export function storeTable(f: u32, offset: u32, value: u32): void {
  const n = offset >> 4;
  if (n >= functionSetup(f, FunctionSetup.msixVectors)) return;
  const register = offset & 12;
  const writable: u32 = register == MsixEntry.addrLo ? ~3 : register == MsixEntry.control ? 1 : ~0;
  store<u32>(msixAt(f, n) + register, value & writable);
  refresh(f, n);
}
