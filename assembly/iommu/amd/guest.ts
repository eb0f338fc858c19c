/** Interrupts of guests (hardware.md F.3.3): the IRR of a vAPIC's page, and the log for those who do not run. */
import { Amd, AmdControl, AmdStatus } from '../../state/abi/amd';
import { Diag } from '../../state/abi/lapic';
import { amdAt } from '../../state/access';
import { isGuest, readGuest, writeGuest } from '../../state/guest';
import { countDiag } from '../../record/counters';
import { controls } from './control';
import { baseOf, bytesOf, within } from './ring';
import { has, raise } from './status';

const BYTES: u32 = 8;
/** Of an entry: the guest does not run. */
const NOT_RUNNING: u64 = (<u64>1) << 60;
/** Where the IRR begins in the page, and what it has of it: eight words, 16 bytes apart. */
const IRR: u64 = 0x200;

/** Sets bit `vector` of the IRR in the page; false: there is none. */
export function post(page: u64, vector: u32): bool {
  if (!isGuest(page, 4096)) return false;
  const word = page + IRR + ((<u64>(vector >> 5)) << 4);
  const bit = (<u32>1) << (vector & 31);
  const irr = <u32>readGuest(word, 4);
  if (irr & bit) countDiag(Diag.pirMerge);
  writeGuest(word, 4, irr | bit);
  return true;
}

/** Appends that the guest with this tag does not run; without room the log overflows, and stands until software clears that. */
export function logGuest(u: u32, tag: u32, device: u32): void {
  if (!controls(u, AmdControl.gaLogEn) || has(u, AmdStatus.gaLogOverflow)) return;
  const unit = amdAt(u);
  const register = load<u64>(unit, Amd.gaBase);
  const bytes = bytesOf(register, BYTES);
  const tail = within(load<u32>(unit, Amd.gaTail), bytes);
  const next = within(tail + BYTES, bytes);
  if (next == within(load<u32>(unit, Amd.gaHead), bytes)) {
    raise(u, AmdStatus.gaLogOverflow);
    return;
  }
  writeGuest(baseOf(register) + tail, 8, (<u64>tag) | ((<u64>device) << 32) | NOT_RUNNING);
  store<u32>(unit, next, Amd.gaTail);
  raise(u, AmdStatus.gaLogInt);
}
