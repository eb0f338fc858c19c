/** Acceptance of vectors by one LAPIC (hardware.md A.3, A.6.2, A.9.1), and the errors it detects (A.10). */
import { Counter, Drop, Event } from '../state/abi/outcomes';
import { Settings } from '../state/abi/tables';
import { Cpu } from '../state/abi/fields';
import { Lapic, Lvt } from '../state/abi/lapic';
import { cpuAt, lapicAt, timed } from '../state/access';
import { cpuChanged } from '../state/changed';
import { settingsBase, vectorHi, vectorLo } from '../state/layout';
import { count } from '../record/counters';
import { record } from '../record/ring';
import { setOutside } from '../record/violations';
import { tagMove, tagsOfIrr } from '../record/tags';
import { ask, LOOK } from './effects';
import { setIrr } from './priority';

/** Bits of ESR. */
export const REDIRECTABLE_IPI: u32 = 0x10;
export const SEND_ILLEGAL: u32 = 0x20;
export const RECEIVE_ILLEGAL: u32 = 0x40;
export const ILLEGAL_ADDRESS: u32 = 0x80;

/** Mask bit of an LVT. */
export const MASKED: u32 = 0x10000;

/** The set of tags of what no device has raised. */
export const NO_TAGS: usize = memory.data(4);

/** True if an image has a bit for this vector: in the universe, or a system vector in use. */
@inline export function inUniverse(v: u32): bool {
  if (v >= vectorLo && v < vectorHi) return true;
  return ((load<u32>(settingsBase + ((<usize>(Settings.systemVectors + (v >> 5))) << 2)) >> (v & 31)) & 1) != 0;
}

/**
 * A fixed interrupt arrives at CPU c. `tags`: set of what it carries, moved into the IRR bit. False if it was dropped.
 * Level-triggered ones set TMR (only acceptance changes TMR, A.3).
 */
export function acceptFixed(c: u32, v: u32, level: bool, tags: usize): bool {
  const at = cpuAt(c);
  if ((load<u16>(at, Cpu.svr) & 0x100) == 0) {
    count(Counter.dropped);
    record(Event.drop, c, v, Drop.softwareDisabled);
    return false;
  }
  if (v < 16) {
    logError(c, RECEIVE_ILLEGAL);
    count(Counter.illegalVector);
    record(Event.drop, c, v, Drop.illegalVector);
    return false;
  }
  if (!timed() && !inUniverse(v)) setOutside(true);
  cpuChanged(c);
  const merged = setIrr(at, v);
  const tmr = at + Cpu.tmr + ((<usize>(v >> 5)) << 2);
  const bit = 1 << (v & 31);
  store<u32>(tmr, level ? load<u32>(tmr) | bit : load<u32>(tmr) & ~bit);
  count(Counter.accepts);
  if (merged) count(Counter.merged);
  record(Event.accept, c, v, merged ? 1 : 0);
  tagMove(tagsOfIrr(c, v), tags);
  return true;
}

/** Accepts a vector that no message has brought. */
export function acceptLocal(c: u32, v: u32, level: bool): bool {
  const accepted = acceptFixed(c, v, level, NO_TAGS);
  if (accepted) ask(LOOK);
  return accepted;
}

/**
 * Collects errors; one that is new fires the LVT error entry unless that is masked, and none fires again before ESR is written
 * (A.10).
 */
export function logError(c: u32, bits: u32): void {
  const at = cpuAt(c);
  const before = <u32>load<u8>(at, Cpu.esrPending);
  store<u8>(at, before | bits, Cpu.esrPending);
  if ((bits & ~before) == 0 || load<u8>(at, Cpu.errorTold)) return;
  const lvt = load<u32>(lapicAt(c) + Lapic.lvt + Lvt.error * 4);
  if (lvt & MASKED) return;
  store<u8>(at, 1, Cpu.errorTold);
  acceptLocal(c, lvt & 0xff, false);
}
