/** The event log (hardware.md F.6). */
import { Amd, AmdControl, AmdEvent, AmdStatus } from '../../state/abi/amd';
import { amdAt } from '../../state/access';
import { writeGuest } from '../../state/guest';
import { controls } from './control';
import { baseOf, bytesOf, within } from './ring';
import { has, raise } from './status';

const BYTES: u32 = 16;

/**
 * Appends an event, unless the log is off or has overflowed; without room it overflows, and stands until software clears that.
 * `low`: the first two dwords but for the code.
 */
export function logEvent(u: u32, code: AmdEvent, low: u64, address: u64): void {
  if (!controls(u, AmdControl.eventLogEn) || has(u, AmdStatus.eventOverflow)) return;
  const unit = amdAt(u);
  const register = load<u64>(unit, Amd.eventBase);
  const bytes = bytesOf(register, BYTES);
  const tail = within(load<u32>(unit, Amd.eventTail), bytes);
  const next = within(tail + BYTES, bytes);
  if (next == within(load<u32>(unit, Amd.eventHead), bytes)) {
    raise(u, AmdStatus.eventOverflow);
    return;
  }
  writeGuest(baseOf(register) + tail, 8, low | ((<u64>code) << 60));
  writeGuest(baseOf(register) + tail + 8, 8, address);
  store<u32>(unit, next, Amd.eventTail);
  raise(u, AmdStatus.eventLogInt);
}

/** An event about a request of a device: `flags` are `AmdEventFlag`s. */
export function logRequest(u: u32, code: AmdEvent, device: u32, domain: u32, flags: u32, address: u64): void {
  logEvent(u, code, (<u64>device) | ((<u64>(domain | (flags << 16))) << 32), address);
}
