/** Posting of an interrupt (hardware.md E.1, E.2): one atomic read-modify-write of the descriptor. */
import { PidControl, PidWord } from '../../state/abi/instructions';
import { Diag } from '../../state/abi/lapic';
import { timed } from '../../state/access';
import { touchVariables } from '../../state/touched';
import { inUniverse } from '../../lapic/accept';
import { countDiag } from '../../record/counters';
import { setOutside } from '../../record/violations';

export enum Posting {
  reserved = 0,
  /** the vector is pending; nobody is notified */
  silent = 1,
  notify = 2,
}

const CONTROL: usize = PidWord.control * 4;
/** Bits 271:258 and 287:280, and what VT-d wants to be 0 behind the control word. */
const RESERVED: u64 = 0xff00fffc;

/** Whom to notify after `Posting.notify`, as of the instant of posting. */
export let notificationVector: u32 = 0;
export let notificationDestination: u32 = 0;

function hasReservedBits(at: usize, control: u64): bool {
  return (control & RESERVED) != 0 || (load<u64>(at, CONTROL + 8) | load<u64>(at, CONTROL + 16) | load<u64>(at, CONTROL + 24)) != 0;
}

/** The word of the descriptor's PIR that has the bit of a vector. */
@inline export function pirOf(at: usize, vector: u32): usize {
  return at + ((<usize>(vector >> 5)) << 2);
}

/** Sets bit `vector` of the descriptor that stands at `at`. */
export function post(at: usize, vector: u32, urgent: bool, eime: bool): Posting {
  const control = load<u64>(at, CONTROL);
  if (hasReservedBits(at, control)) return Posting.reserved;
  if (!timed() && !inUniverse(vector)) setOutside(true);
  const word = pirOf(at, vector);
  const requests = load<u32>(word);
  const bit = (<u32>1) << (vector & 31);
  if (requests & bit) countDiag(Diag.pirMerge);
  touchVariables(word);
  store<u32>(word, requests | bit);
  if ((control & PidControl.on) != 0 || ((control & PidControl.sn) != 0 && !urgent)) return Posting.silent;
  touchVariables(at + CONTROL);
  store<u64>(at, control | PidControl.on, CONTROL);
  notificationVector = (<u32>(control >> PidControl.nvShift)) & 0xff;
  notificationDestination = eime ? <u32>(control >> 32) : (<u32>(control >> 40)) & 0xff;
  return Posting.notify;
}
