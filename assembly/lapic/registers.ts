/**
 * LAPIC registers that the path needs (hardware.md A.2, A.9, A.10, A.12) and INIT (A.11). Values that a guest should not
 * write have their architectural outcome: reserved bits are dropped, reserved offsets set ESR bit 7. Other registers read 0.
 */
import { LapicReg, Level, Mover } from '../state/abi/instructions';
import { Counter, Event, Property } from '../state/abi/outcomes';
import { Cpu, CpuFlag, Ctx, RunState } from '../state/abi/fields';
import { apicIdOf, clearContext, cpuAt, ctxAt, interruptsOn, setFlag } from '../state/access';
import { LEVELS, moverBase } from '../state/layout';
import { count } from '../record/counters';
import { record } from '../record/ring';
import { setCutShort, violate } from '../record/violations';
import { tagClear, tagsOfContext, tagsOfIrr, tagsOn, tagsSeen } from '../record/tags';
import { retire, updatePpr } from './priority';

/** EOI (A.12). Level-triggered vectors would broadcast to the IOAPICs: none exists in this machine. */
export function writeEoi(c: u32): void {
  const v = retire(cpuAt(c));
  if (v == 0) count(Counter.eoiWithoutIsr);
  record(Event.eoi, c, v, 0);
}

/** Offsets that no register has: an access sets ESR bit 7 (A.2, A.10). Read-only and write-only registers are none of them. */
function isReserved(reg: u32): bool {
  if (reg >= 0x400) return false;
  const r = reg >> 4;
  return r < 2 || (r >= 4 && r < 8) || (r >= 0x29 && r < 0x2f) || (r >= 0x3a && r < 0x3e) || r == 0x3f;
}

function logIllegalAddress(at: usize, reg: u32): void {
  if (isReserved(reg)) store<u8>(at, load<u8>(at, Cpu.esrPending) | 0x80, Cpu.esrPending);
}

/** A fixed IPI with a vector below 16 was asked for: ESR bit 5 (A.10). */
export function logSendIllegal(c: u32): void {
  const at = cpuAt(c);
  store<u8>(at, load<u8>(at, Cpu.esrPending) | 0x20, Cpu.esrPending);
  count(Counter.illegalVector);
}

export function writeLapic(c: u32, reg: u32, value: u32): void {
  const at = cpuAt(c);
  switch (reg) {
    case LapicReg.eoi:
      writeEoi(c);
      return;
    case LapicReg.tpr:
      store<u8>(at, value, Cpu.tpr);
      updatePpr(at);
      return;
    case LapicReg.svr:
      store<u16>(at, value & 0x1ff, Cpu.svr);
      return;
    case LapicReg.ldr:
      store<u32>(at, value & 0xff000000, Cpu.ldr);
      return;
    case LapicReg.dfr:
      store<u32>(at, value | 0x0fffffff, Cpu.dfr);
      return;
    case LapicReg.esr:
      store<u8>(at, load<u8>(at, Cpu.esrPending), Cpu.esr);
      store<u8>(at, 0, Cpu.esrPending);
      return;
    default:
      logIllegalAddress(at, reg);
  }
}

export function readLapic(c: u32, reg: u32): u32 {
  const at = cpuAt(c);
  switch (reg) {
    case LapicReg.id:
      return apicIdOf(c) << 24;
    case LapicReg.tpr:
      return load<u8>(at, Cpu.tpr);
    case LapicReg.ppr:
      return load<u8>(at, Cpu.ppr);
    case LapicReg.svr:
      return load<u16>(at, Cpu.svr);
    case LapicReg.ldr:
      return load<u32>(at, Cpu.ldr);
    case LapicReg.dfr:
      return load<u32>(at, Cpu.dfr);
    case LapicReg.esr:
      return load<u8>(at, Cpu.esr);
  }
  // ISR, TMR, IRR: eight words each, 16 bytes apart
  if (reg >= 0x100 && reg < 0x280 && (reg & 15) == 0) {
    const word = (<usize>((reg >> 4) & 7)) << 2;
    const bank: usize = reg < 0x180 ? Cpu.isr : reg < 0x200 ? Cpu.tmr : Cpu.irr;
    return load<u32>(at + bank + word);
  }
  logIllegalAddress(at, reg);
  return 0;
}

/** LAPIC registers as after reset or INIT (A.11), except what INIT keeps. */
export function resetLapic(c: u32): void {
  const at = cpuAt(c);
  if (tagsOn()) {
    for (let v: u32 = 16; v < 256; v++) tagClear(tagsOfIrr(c, v));
  }
  memory.fill(at, 0, Cpu.tpr + 1);
  store<u16>(at, 0xff, Cpu.svr);
  store<u32>(at, 0, Cpu.ldr);
  store<u32>(at, 0xffffffff, Cpu.dfr);
  store<u8>(at, 0, Cpu.esrPending);
  store<u8>(at, 0, Cpu.esr);
  store<u8>(at, 0, Cpu.irrWords);
  store<u8>(at, 0, Cpu.isrWords);
}

/** True if the CPU has executed nothing ahead of time that others could find later: see assembly/check/join.ts. */
function isTraceless(c: u32): bool {
  if (interruptsOn(c) || <u32>load<u8>(cpuAt(c), Cpu.active) != 1 << Level.thread) return false;
  return (load<u8>(moverBase + load<u16>(ctxAt(c, Level.thread), Ctx.pc)) & Mover.traceless) != 0;
}

/** INIT: pending and in-service vectors are gone, the core waits for SIPI. */
export function init(c: u32): void {
  const at = cpuAt(c);
  record(Event.init, c, 0, 0);
  if (load<u8>(at, Cpu.run) == RunState.running && !isTraceless(c)) setCutShort(true);
  if (load<u8>(at, Cpu.isrWords)) violate(Property.noStuckIsr);
  resetLapic(c);
  for (let level: u32 = 0; level < LEVELS; level++) {
    clearContext(c, level);
    tagClear(tagsOfContext(c, level));
    tagClear(tagsSeen(c, level));
  }
  setFlag(c, CpuFlag.interruptsOn | CpuFlag.shadow, false);
  store<u8>(at, 0, Cpu.task);
  store<u8>(at, RunState.waitForSipi, Cpu.run);
}
