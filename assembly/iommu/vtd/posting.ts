/** Posting of an interrupt (hardware.md E.1, E.2): one atomic read-modify-write of the descriptor. */
import { Diag } from '../../state/abi/lapic';
import { isGuest, readGuest, writeGuest } from '../../state/guest';
import { countDiag } from '../../record/counters';

export enum Posting {
  unreadable = 0,
  reserved = 1,
  /** the vector is pending; nobody is notified */
  silent = 2,
  notify = 3,
}

const ON: u64 = 1;
const SN: u64 = 2;
/** Bits 271:258 and 287:280, and what VT-d wants to be 0 behind the control word. */
const RESERVED: u64 = 0xff00fffc;

/** Whom to notify after `Posting.notify`, as of the instant of posting. */
export let notificationVector: u32 = 0;
export let notificationDestination: u32 = 0;

function hasReservedBits(at: u64, control: u64): bool {
  return (control & RESERVED) != 0 || (readGuest(at + 40, 8) | readGuest(at + 48, 8) | readGuest(at + 56, 8)) != 0;
}

/** Sets bit `vector` of the descriptor at `at`. */
export function post(at: u64, vector: u32, urgent: bool, eime: bool): Posting {
  if (!isGuest(at, 64)) return Posting.unreadable;
  const control = readGuest(at + 32, 8);
  if (hasReservedBits(at, control)) return Posting.reserved;
  const word = at + ((<u64>(vector >> 5)) << 2);
  const requests = <u32>readGuest(word, 4);
  const bit = (<u32>1) << (vector & 31);
  if (requests & bit) countDiag(Diag.pirMerge);
  writeGuest(word, 4, requests | bit);
  if ((control & ON) != 0 || ((control & SN) != 0 && !urgent)) return Posting.silent;
  writeGuest(at + 32, 8, control | ON);
  notificationVector = (<u32>(control >> 16)) & 0xff;
  notificationDestination = eime ? <u32>(control >> 32) : (<u32>(control >> 40)) & 0xff;
  return Posting.notify;
}
