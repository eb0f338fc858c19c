/**
 * What a pin does (hardware.md B.3). Nothing here takes time: a pin *wants* to send or does not, and who keeps the time
 * (assembly/fabric/ioapic.ts) asks again after whatever may have changed that.
 *
 * The electrical level of each source is kept. A line is active high while any source drives it high, active low while any
 * that drives it drives it low: the wired OR of those who assert it, in both polarities (B.3.1).
 */
import { Pin, PinFlag } from '../state/abi/fields';
import { Assumption } from '../state/abi/tables';
import { assumes } from '../state/access';
import {
  ACTIVE_LOW,
  DELIVERY_STATUS,
  HIGH_BITS,
  LOW_BITS,
  REMOTE_IRR,
  addressOf,
  dataOf,
  isLevel,
  isMasked,
  remoteIrr,
  vectorOf,
} from './rte';


@inline function flagsOf(at: usize): u32 {
  return load<u8>(at, Pin.flags);
}

function setFlags(at: usize, set: u32, clear: u32): void {
  store<u8>(at, (flagsOf(at) | set) & ~clear, Pin.flags);
}

export function isActive(at: usize): bool {
  const levels = load<u32>(at, Pin.levels);
  if ((load<u32>(at, Pin.low) & ACTIVE_LOW) == 0) return levels != 0;
  return (load<u32>(at, Pin.drivers) & ~levels) != 0;
}

/** True while the pin has something to send: a latched edge, or an active level nobody services. */
export function wants(at: usize): bool {
  if (isMasked(at) || flagsOf(at) & PinFlag.sent) return false;
  return isLevel(at) ? !remoteIrr(at) && isActive(at) : (flagsOf(at) & PinFlag.latched) != 0;
}

/** True if no LAPIC took the last message: the next is sent after the retry interval, not at once. */
@inline export function isRefused(at: usize): bool {
  return (flagsOf(at) & PinFlag.refused) != 0;
}

/** Ends that; true if it was so. */
export function forgive(at: usize): bool {
  const refused = isRefused(at);
  setFlags(at, 0, PinFlag.refused);
  return refused;
}

/** What became of an edge. */
export enum Edge {
  none = 0,
  latched = 1,
  /** the one before has not been accepted yet: they are one (B.3) */
  merged = 2,
  /** masked: lost (B.3, T29), unless the chipset keeps it by assumption */
  lost = 3,
}

/** Source number `source` (0-31) drives the line to an electrical level. */
export function drive(at: usize, source: u32, high: bool): Edge {
  const bit = (<u32>1) << (source & 31);
  const before = isActive(at);
  const levels = load<u32>(at, Pin.levels);
  store<u32>(at, high ? levels | bit : levels & ~bit, Pin.levels);
  store<u32>(at, load<u32>(at, Pin.drivers) | bit, Pin.drivers);
  if (!isActive(at)) {
    // the next assertion of a level is a new request
    if (isLevel(at)) setFlags(at, 0, PinFlag.refused);
    return Edge.none;
  }
  if (before || isLevel(at)) return Edge.none;
  if (isMasked(at) && !assumes(Assumption.edgeLatched)) return Edge.lost;
  if (flagsOf(at) & PinFlag.latched) return Edge.merged;
  setFlags(at, PinFlag.latched, PinFlag.refused);
  return Edge.latched;
}

/** The message has left. */
export function depart(at: usize): void {
  setFlags(at, PinFlag.sent, PinFlag.refused);
}

/**
 * The message with this address and data has come to its end. An edge is over once it is accepted. A level is then in
 * service (remote IRR), but only if the entry is still the one the message was made from, mask bit aside: an entry that was
 * rewritten meanwhile has sent nothing yet, and an EOI of the old vector would never match it.
 */
export function arrive(at: usize, accepted: bool, address: u32, data: u32): void {
  setFlags(at, accepted ? 0 : PinFlag.refused, PinFlag.sent);
  if (!accepted) return;
  if (!isLevel(at)) setFlags(at, 0, PinFlag.latched);
  else if (address == addressOf(at) && data == dataOf(at)) store<u32>(at, load<u32>(at, Pin.low) | REMOTE_IRR, Pin.low);
}

/** EOI of vector v: true if it ends the service of this level-triggered entry (T31: the vector decides, not the pin). */
export function retire(at: usize, v: u32): bool {
  if (!isLevel(at) || vectorOf(at) != v || !remoteIrr(at)) return false;
  store<u32>(at, load<u32>(at, Pin.low) & ~REMOTE_IRR, Pin.low);
  return true;
}

/** The low half as software reads it: delivery status is 1 from the request until a LAPIC has accepted it. */
export function readLow(at: usize): u32 {
  const pending = (flagsOf(at) & PinFlag.sent) != 0 || wants(at);
  return load<u32>(at, Pin.low) | (pending ? DELIVERY_STATUS : 0);
}

/**
 * Delivery status and remote IRR are read-only; an entry that is edge-triggered has no remote IRR, which is how Linux and
 * Xen end the service of a level where there is no EOI register (B.3). True if the line is stuck from now on unless
 * software helps: in service under a vector that is not its own any more (T32).
 */
export function writeLow(at: usize, value: u32): bool {
  const before = load<u32>(at, Pin.low);
  store<u32>(at, (value & LOW_BITS & ~(DELIVERY_STATUS | REMOTE_IRR)) | (before & REMOTE_IRR), Pin.low);
  if (isLevel(at)) {
    setFlags(at, 0, PinFlag.latched);
    return remoteIrr(at) && (before & 0xff) != (value & 0xff);
  }
  store<u32>(at, load<u32>(at, Pin.low) & ~REMOTE_IRR, Pin.low);
  return false;
}

export function writeHigh(at: usize, value: u32): void {
  store<u32>(at, value & HIGH_BITS, Pin.high);
}
