/** The local vector table: local events and the LINT pins (hardware.md A.8). */
import { Cpu } from '../state/abi/fields';
import { ApicMode, CpuEvent, Diag, Lapic, LapicSetup, Latched, Lvt } from '../state/abi/lapic';
import { cpuAt, lapicAt, lapicSetup } from '../state/access';
import { countCpuEvent, countDiag } from '../record/counters';
import { acceptLocal, logError, MASKED, RECEIVE_ILLEGAL } from './accept';
import { EXT_INT, FIXED, INIT, latch, NMI, SMI, unlatch } from './latch';
import { hasLvt } from './map';
import { init } from './reset';

const ACTIVE_LOW: u32 = 0x2000;
const REMOTE_IRR: u32 = 0x4000;
const LEVEL: u32 = 0x8000;


@inline function entryAt(c: u32, lvt: u32): usize {
  return lapicAt(c) + Lapic.lvt + ((<usize>lvt) << 2);
}


@inline function isPin(lvt: u32): bool {
  return lvt == Lvt.lint0 || lvt == Lvt.lint1;
}


@inline export function readLvt(c: u32, lvt: u32): u32 {
  return load<u32>(entryAt(c, lvt));
}

/** Delivery mode; the timer's and the error's entry have none and are fixed. */
function modeOf(lvt: u32, value: u32): u32 {
  return lvt == Lvt.timer || lvt == Lvt.error ? FIXED : (value >> 8) & 7;
}

/** True for a pin whose level asks for a vector as long as it lasts. */
function isLevelEntry(value: u32): bool {
  return (value & (LEVEL | 0x700)) == LEVEL;
}

/** What the pin says electrically, and what the entry makes of it. */
function isAsserted(c: u32, lvt: u32): bool {
  const high = ((load<u8>(cpuAt(c), Cpu.lint) >> (<u8>(lvt - Lvt.lint0))) & 1) != 0;
  return high != ((readLvt(c, lvt) & ACTIVE_LOW) != 0);
}

/**
 * Stores an entry; `writable` bits of it change. While the LAPIC is disabled by software it is masked whatever was written, a
 * fixed vector below 16 is an error at once, and the level of a pin is looked at anew (A.8.2).
 */
export function writeLvt(c: u32, lvt: u32, value: u32, writable: u32): void {
  const at = entryAt(c, lvt);
  let entry = (load<u32>(at) & ~writable) | (value & writable);
  if ((load<u16>(cpuAt(c), Cpu.svr) & 0x100) == 0) entry |= MASKED;
  if ((entry & LEVEL) == 0) entry &= ~REMOTE_IRR;
  store<u32>(at, entry);
  if (modeOf(lvt, entry) == FIXED && (entry & 0xff) < 16) logError(c, RECEIVE_ILLEGAL);
  if (isPin(lvt)) serveLevel(c, lvt);
}

/** Software disables the LAPIC: every entry is masked, and stays so (A.9.1). */
export function maskAll(c: u32): void {
  for (let lvt: u32 = 0; lvt < <u32>Lvt.count; lvt++) store<u32>(entryAt(c, lvt), readLvt(c, lvt) | MASKED);
}

/** The event of an entry: true if it got anywhere. One that is masked is lost (T26). */
export function deliverLvt(c: u32, lvt: u32): bool {
  const value = readLvt(c, lvt);
  if (value & MASKED || load<u8>(cpuAt(c), Cpu.mode) == ApicMode.disabled) return false;
  const mode = modeOf(lvt, value);
  // the vendor's counters mask themselves with the event (T27)
  if (lvt == Lvt.perfmon && lapicSetup(LapicSetup.vendor) == 0) store<u32>(entryAt(c, lvt), value | MASKED);
  switch (mode) {
    case FIXED:
      return acceptLocal(c, value & 0xff, isPin(lvt) && (value & LEVEL) != 0);
    case SMI:
    case NMI:
      return latch(c, mode, value & 0xff);
    case INIT:
      if (!isPin(lvt)) return false;
      init(c);
      return true;
    default:
      // reserved; ExtINT of a pin is its level
      return false;
  }
}

/** Thermal, performance counter, CMCI. */
export function localEvent(c: u32, lvt: u32): void {
  if (hasLvt(lvt)) deliverLvt(c, lvt);
}

/** A level that nobody serves yet becomes a request; remote IRR holds the next one back until the EOI. */
function serveLevel(c: u32, lvt: u32): void {
  const value = readLvt(c, lvt);
  if (!isLevelEntry(value) || value & REMOTE_IRR || !isAsserted(c, lvt)) return;
  if (deliverLvt(c, lvt)) store<u32>(entryAt(c, lvt), value | REMOTE_IRR);
}

/** EOI of a level-triggered vector: the pins that it was for, again if they are still active (A.8.2). */
export function pinsEoi(c: u32, v: u32): void {
  for (let lvt: u32 = Lvt.lint0; lvt <= <u32>Lvt.lint1; lvt++) {
    const value = readLvt(c, lvt);
    if ((value & REMOTE_IRR) == 0 || (value & 0xff) != v) continue;
    store<u32>(entryAt(c, lvt), value & ~REMOTE_IRR);
    serveLevel(c, lvt);
  }
}

/** Without a LAPIC the pins are the processor's own: INTR, and NMI at a rising edge (A.1.1). */
function setBarePin(c: u32, lvt: u32, rises: bool): void {
  if (!rises) return;
  if (lvt == Lvt.lint1) latch(c, NMI, 0);
  else countCpuEvent(c, CpuEvent.extInt);
}

/** The electrical level of LINT0 or LINT1. */
export function setPin(c: u32, pin: u32, level: bool): void {
  const at = cpuAt(c);
  const lvt = Lvt.lint0 + pin;
  const before = isAsserted(c, lvt);
  const bit = (<u32>1) << pin;
  const levels = <u32>load<u8>(at, Cpu.lint);
  if (((levels & bit) != 0) == level) return;
  store<u8>(at, level ? levels | bit : levels & ~bit, Cpu.lint);
  if (load<u8>(at, Cpu.mode) == ApicMode.disabled) {
    setBarePin(c, lvt, level);
    return;
  }
  const value = readLvt(c, lvt);
  if (before) return;
  if (isLevelEntry(value)) serveLevel(c, lvt);
  else if (((value >> 8) & 7) == EXT_INT) {
    if ((value & MASKED) == 0) countCpuEvent(c, CpuEvent.extInt);
  } else if (value & MASKED) countDiag(Diag.edgeLostMasked);
  else deliverLvt(c, lvt);
}

/** True while a pin asks for the vector of the 8259s. */
function pinsAskExtInt(c: u32): bool {
  if (load<u8>(cpuAt(c), Cpu.mode) == ApicMode.disabled) return (load<u8>(cpuAt(c), Cpu.lint) & 1) != 0;
  for (let lvt: u32 = Lvt.lint0; lvt <= <u32>Lvt.lint1; lvt++) {
    const value = readLvt(c, lvt);
    if ((value & MASKED) == 0 && ((value >> 8) & 7) == EXT_INT && isAsserted(c, lvt)) return true;
  }
  return false;
}

/** The core acknowledges an ExtINT: true if there is one. That of a pin lasts as long as its level (A.8.4). */
export function takeExtInt(c: u32): bool {
  return unlatch(c, Latched.extInt) || pinsAskExtInt(c);
}
