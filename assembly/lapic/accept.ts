/** Acceptance of a message by one LAPIC (hardware.md A.3, A.6.2, A.9.1, A.10). */
import { Counter, Drop, Event } from '../state/abi/outcomes';
import { Settings } from '../state/abi/tables';
import { Cpu } from '../state/abi/fields';
import { cpuAt, setting, timed } from '../state/access';
import { settingsBase, vectorHi, vectorLo } from '../state/layout';
import { count } from '../record/counters';
import { record } from '../record/ring';
import { setOutside } from '../record/violations';
import { tagMove, tagsOfIrr } from '../record/tags';
import { setIrr } from './priority';

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
    store<u8>(at, load<u8>(at, Cpu.esrPending) | 0x40, Cpu.esrPending);
    count(Counter.illegalVector);
    record(Event.drop, c, v, Drop.illegalVector);
    return false;
  }
  if (!timed() && !inUniverse(v)) setOutside(true);
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
