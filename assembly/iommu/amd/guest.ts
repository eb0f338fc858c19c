/** Interrupts of guests (hardware.md F.3.3): the IRR of a vAPIC's page, and the log for those who do not run. */
import { Amd, AmdControl, AmdStatus } from '../../state/abi/amd';
import { Settings } from '../../state/abi/tables';
import { Diag } from '../../state/abi/lapic';
import { amdAt, setting, timed } from '../../state/access';
import { isGuest, readGuest, writeGuest } from '../../state/guest';
import { NOT_RUNNING, logBase } from '../../state/queues';
import { touchQueues } from '../../state/touched';
import { countDiag } from '../../record/counters';
import { controls } from './control';
import { bytesOf, within } from './ring';
import { has, raise } from './status';

/** Bytes of an entry of the log. */
const BYTES: u32 = 8;
/** Where the IRR begins in the page, and what it has of it: eight words, 16 bytes apart. */
const IRR: u64 = 0x200;

/** Where the word of the IRR stands that has this vector. */
@inline export function wordOf(page: u64, vector: u32): u64 {
  return page + IRR + ((<u64>(vector >> 5)) << 4);
}

/** Sets bit `vector` of the IRR in the page; false: there is none. */
export function post(page: u64, vector: u32): bool {
  const word = wordOf(page, vector);
  if (!isGuest(word, 4)) return false;
  const bit = (<u32>1) << (vector & 31);
  const irr = <u32>readGuest(word, 4);
  if (irr & bit) countDiag(Diag.pirMerge);
  writeGuest(word, 4, irr | bit);
  return true;
}

// --- the log

@inline function sizeOf(u: u32): u32 {
  return bytesOf(load<u64>(amdAt(u), Amd.gaBase), BYTES);
}


@inline function headOf(u: u32): u32 {
  return within(load<u32>(amdAt(u), Amd.gaHead), sizeOf(u));
}


@inline function tailOf(u: u32): u32 {
  return within(load<u32>(amdAt(u), Amd.gaTail), sizeOf(u));
}

/** No room for another entry; one place stays free. */
function isFull(u: u32, next: u32): bool {
  return timed() ? next == headOf(u) : next > setting(Settings.guestLog) * BYTES;
}

/** Appends that the guest with this tag does not run; without room the log overflows, and stands until software clears that. */
export function logGuest(u: u32, tag: u32, device: u32): void {
  if (!controls(u, AmdControl.gaLogEn) || has(u, AmdStatus.gaLogOverflow)) return;
  const tail = tailOf(u);
  const next = within(tail + BYTES, sizeOf(u));
  if (isFull(u, next)) {
    raise(u, AmdStatus.gaLogOverflow);
    return;
  }
  touchQueues();
  writeGuest(logBase(u) + tail, 4, tag);
  writeGuest(logBase(u) + tail + 4, 4, device | NOT_RUNNING);
  store<u32>(amdAt(u), next, Amd.gaTail);
  raise(u, AmdStatus.gaLogInt);
}

// --- as a program reads it

/** Entries that have not been taken out. */
@inline export function waiting(u: u32): u32 {
  return within(tailOf(u) - headOf(u), sizeOf(u)) / BYTES;
}

/** The oldest of them, 0: there is none. */
@inline export function oldest(u: u32): u64 {
  return waiting(u) == 0 ? 0 : readGuest(logBase(u) + headOf(u), 8);
}

/** The head moves on by one entry, if there is one. In a check the log slides: its head is always at 0. */
export function takeOldest(u: u32): void {
  if (waiting(u) == 0) return;
  touchQueues();
  const at = amdAt(u);
  if (timed()) {
    store<u32>(at, within(headOf(u) + BYTES, sizeOf(u)), Amd.gaHead);
    return;
  }
  const base = logBase(u);
  const end = tailOf(u);
  for (let i: u32 = BYTES; i < end; i += BYTES) writeGuest(base + i - BYTES, 8, readGuest(base + i, 8));
  store<u32>(at, end - BYTES, Amd.gaTail);
}
