/** The interrupt command register (hardware.md A.6): what of a write is an IPI. Who gets it is the fabric's business. */
import { Counter, Drop, Event } from '../state/abi/outcomes';
import { Cpu } from '../state/abi/fields';
import { ApicMode, Diag, Lapic, LapicSetup } from '../state/abi/lapic';
import { cpuAt, lapicAt, lapicSetup } from '../state/access';
import { count, countDiag } from '../record/counters';
import { record } from '../record/ring';
import { acceptLocal, logError, RECEIVE_ILLEGAL, REDIRECTABLE_IPI, SEND_ILLEGAL } from './accept';
import { ask, SEND } from './effects';
import { EXT_INT, FIXED, INIT, LOWEST } from './latch';

/** Shorthands, bits 19:18. */
export const NO_SHORTHAND: u32 = 0;
const SELF: u32 = 1;
const ALL: u32 = 2;
export const OTHERS: u32 = 3;

const LOGICAL: u32 = 0x800;
const BUSY: u32 = 0x1000;
const ASSERT: u32 = 0x4000;
const LEVEL: u32 = 0x8000;


@inline export function shorthandOf(low: u32): u32 {
  return (low >> 18) & 3;
}

/** Delivery status reads 1 while the IPI waits for the fabric; x2APIC mode has none. */
export function readIcr(c: u32): u32 {
  const at = lapicAt(c);
  const busy = load<u8>(at, Lapic.sending) && load<u8>(cpuAt(c), Cpu.mode) == ApicMode.xapic;
  return load<u32>(at, Lapic.icrLow) | (busy ? BUSY : 0);
}

/** Cells of A.6.1 that are not valid, and what has no meaning as an IPI. */
function isInvalid(c: u32, low: u32, destination: u32): bool {
  const mode = (low >> 8) & 7;
  const shorthand = shorthandOf(low);
  if (mode == 3 || mode == EXT_INT) return true;
  if (mode != FIXED && (shorthand == SELF || shorthand == ALL)) return true;
  const everybody: u32 = load<u8>(cpuAt(c), Cpu.mode) == ApicMode.x2apic ? 0xffffffff : 0xff;
  return mode == LOWEST && shorthand == NO_SHORTHAND && (low & LOGICAL) == 0 && destination == everybody;
}

/** The vector is illegal: logged here, and for a self IPI as received too; not put on the fabric (A.10). */
function refuseVector(c: u32, v: u32, toSelf: bool): void {
  logError(c, toSelf ? SEND_ILLEGAL | RECEIVE_ILLEGAL : SEND_ILLEGAL);
  count(Counter.illegalVector);
  record(Event.drop, c, v, Drop.illegalVector);
}

/** A fixed IPI with a vector below 16 was asked for (A.10). */
export function refuseIpi(c: u32, v: u32): void {
  refuseVector(c, v, false);
}

/** A self IPI does not leave the LAPIC: it is in the IRR when the write is done (A.6.3). */
export function selfIpi(c: u32, v: u32): void {
  if (v < 16) refuseVector(c, v, true);
  else acceptLocal(c, v, false);
}

/**
 * Makes an IPI of a command, for the fabric to take (`SEND`), or does what else it asks for. INIT level de-assert is nothing
 * on any CPU of today (A.6.1).
 */
export function command(c: u32, low: u32, destination: u32): void {
  const mode = (low >> 8) & 7;
  const v = low & 0xff;
  if (mode == INIT && (low & (ASSERT | LEVEL)) == LEVEL) return;
  if (isInvalid(c, low, destination)) {
    countDiag(Diag.icrInvalid);
    return;
  }
  if (mode == LOWEST && lapicSetup(LapicSetup.lowPriIpi) == 0) {
    logError(c, REDIRECTABLE_IPI);
    return;
  }
  if (shorthandOf(low) == SELF) {
    selfIpi(c, v);
    return;
  }
  if (mode <= LOWEST && v < 16) {
    refuseIpi(c, v);
    return;
  }
  const at = lapicAt(c);
  store<u32>(at, low, Lapic.sendLow);
  store<u32>(at, destination, Lapic.sendDestination);
  store<u16>(at, 0, Lapic.sendNext);
  store<u8>(at, 1, Lapic.sending);
  ask(SEND);
}

/**
 * ICR is written: the low half in xAPIC mode, all of it in x2APIC mode. While the IPI before it waits for the fabric, one is
 * kept behind that, and a third dropped.
 */
export function writeIcr(c: u32, low: u32, destination: u32): void {
  const at = lapicAt(c);
  store<u32>(at, low, Lapic.icrLow);
  if (!load<u8>(at, Lapic.sending)) {
    command(c, low, destination);
    return;
  }
  countDiag(Diag.icrOverrun);
  if (load<u8>(at, Lapic.queued)) {
    countDiag(Diag.icrDropped);
    return;
  }
  store<u8>(at, 1, Lapic.queued);
  store<u32>(at, low, Lapic.queuedLow);
  store<u32>(at, destination, Lapic.queuedDestination);
}

/** The IPI has been taken by the fabric: the command behind it, if there is one, is next. */
export function endSending(c: u32): void {
  const at = lapicAt(c);
  store<u8>(at, 0, Lapic.sending);
  if (!load<u8>(at, Lapic.queued)) return;
  store<u8>(at, 0, Lapic.queued);
  command(c, load<u32>(at, Lapic.queuedLow), load<u32>(at, Lapic.queuedDestination));
}
