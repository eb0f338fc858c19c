/** RESET, INIT, and what a mode change resets (hardware.md A.1.1, A.11). */
import { Level, Mover } from '../state/abi/instructions';
import { Event, Property } from '../state/abi/outcomes';
import { Cpu, CpuFlag, Ctx, Glob, RunState } from '../state/abi/fields';
import { ApicMode, CpuEvent, Lapic, LapicSetup, LapicTimed, Lvt } from '../state/abi/lapic';
import { apicIdOf, clearContext, cpuAt, ctxAt, interruptsOn, lapicAt, lapicSetup, lapicTimedAt, setFlag } from '../state/access';
import { globBase, LEVELS, moverBase } from '../state/layout';
import { countCpuEvent } from '../record/counters';
import { record } from '../record/ring';
import { setCutShort, violate } from '../record/violations';
import { tagClear, tagsOfContext, tagsOfIrr, tagsOn, tagsSeen } from '../record/tags';
import { MASKED } from './accept';
import { ask, TIMER } from './effects';

const BASE: u64 = 0xfee00000;
export const BSP: u64 = 0x100;
export const EXTD: u64 = 0x400;
export const EN: u64 = 0x800;

/** LDR of x2APIC mode: cluster ID[19:4], bit ID[3:0] (A.7.3). */
export function clusterOf(id: u32): u32 {
  return ((id >> 4) << 16) | ((<u32>1) << (id & 15));
}

/** The timer neither counts nor waits for a deadline. */
export function stopTimer(c: u32): void {
  store<u64>(lapicTimedAt(c), 0, LapicTimed.due);
  store<u64>(lapicTimedAt(c), 0, LapicTimed.deadline);
  ask(TIMER);
}

/** Registers as after RESET and INIT, in the mode the LAPIC has; ids and IA32_APIC_BASE stay (A.2, A.11). */
export function resetLapic(c: u32): void {
  const at = cpuAt(c);
  if (tagsOn()) {
    for (let v: u32 = 16; v < 256; v++) tagClear(tagsOfIrr(c, v));
  }
  memory.fill(at, 0, Cpu.tpr + 1);
  store<u16>(at, 0xff, Cpu.svr);
  store<u32>(at, load<u8>(at, Cpu.mode) == ApicMode.x2apic ? clusterOf(apicIdOf(c)) : 0, Cpu.ldr);
  store<u32>(at, 0xffffffff, Cpu.dfr);
  store<u8>(at, 0, Cpu.esrPending);
  store<u8>(at, 0, Cpu.esr);
  store<u8>(at, 0, Cpu.errorTold);
  store<u8>(at, 0, Cpu.irrWords);
  store<u8>(at, 0, Cpu.isrWords);
  resetCold(c);
}

/** Where a CPU waits for room in the pool is no register of its own. */
function resetCold(c: u32): void {
  const at = lapicAt(c);
  memory.fill(at + Lapic.lvt, 0, Lapic.nextSender - Lapic.lvt);
  for (let lvt: u32 = 0; lvt < <u32>Lvt.count; lvt++) store<u32>(at + ((<usize>lvt) << 2), MASKED, Lapic.lvt);
  stopTimer(c);
}

/** Changes the mode, and what is derived from it. */
export function setMode(c: u32, mode: u32): void {
  const at = cpuAt(c);
  const before = load<u8>(at, Cpu.mode);
  const xapics = load<u16>(globBase, Glob.xapics) - (before == ApicMode.xapic ? 1 : 0) + (mode == ApicMode.xapic ? 1 : 0);
  store<u16>(globBase, xapics, Glob.xapics);
  store<u8>(at, mode, Cpu.mode);
}

/** True if the CPU has executed nothing ahead of time that others could find later: see assembly/check/join.ts. */
function isTraceless(c: u32): bool {
  if (interruptsOn(c) || <u32>load<u8>(cpuAt(c), Cpu.active) != 1 << Level.thread) return false;
  return (load<u8>(moverBase + load<u16>(ctxAt(c, Level.thread), Ctx.pc)) & Mover.traceless) != 0;
}

/** The core: at its reset vector, or waiting for SIPI; what it did and what was latched for it is gone. */
function restart(c: u32): void {
  const at = cpuAt(c);
  if (load<u8>(at, Cpu.run) == RunState.running && !isTraceless(c)) setCutShort(true);
  if (load<u8>(at, Cpu.isrWords)) violate(Property.noStuckIsr);
  resetLapic(c);
  for (let level: u32 = 0; level < LEVELS; level++) {
    clearContext(c, level);
    tagClear(tagsOfContext(c, level));
    tagClear(tagsSeen(c, level));
  }
  setFlag(c, CpuFlag.interruptsOn | CpuFlag.shadow, false);
  store<u8>(at, 0, Cpu.latched);
  store<u8>(at, 0, Cpu.task);
  store<u8>(at, firstState(c), Cpu.run);
}

/** The bootstrap CPU starts at the reset vector, all others wait for SIPI. */
function firstState(c: u32): u32 {
  return lapicSetup(LapicSetup.bootstrap) == c ? RunState.running : RunState.waitForSipi;
}

/** INIT: pending and in-service vectors are gone, the core waits for SIPI. */
export function init(c: u32): void {
  record(Event.init, c, 0, 0);
  countCpuEvent(c, CpuEvent.init);
  restart(c);
}

/** The ids and IA32_APIC_BASE as the hardware gives them. */
function identify(c: u32): void {
  store<u8>(cpuAt(c), apicIdOf(c), Cpu.xapicId);
  store<u64>(lapicAt(c), BASE | EN | (lapicSetup(LapicSetup.bootstrap) == c ? BSP : 0), Lapic.base);
}

/** RESET: as INIT, and in xAPIC mode whatever mode it was. */
export function reset(c: u32): void {
  setMode(c, ApicMode.xapic);
  identify(c);
  store<u8>(cpuAt(c), 0, Cpu.sipiVector);
  restart(c);
}

/**
 * Before a machine starts: a CPU that the host has not described (its DFR is never 0) is as after RESET; the others have
 * hot registers as told, and the rest as after RESET. Firmware may leave x2APIC mode on.
 */
export function bootLapic(c: u32): void {
  const at = cpuAt(c);
  identify(c);
  resetCold(c);
  if (load<u32>(at, Cpu.dfr) == 0) {
    resetLapic(c);
    store<u8>(at, firstState(c), Cpu.run);
  }
  if (lapicSetup(LapicSetup.startInX2apic)) {
    setMode(c, ApicMode.x2apic);
    store<u32>(at, clusterOf(apicIdOf(c)), Cpu.ldr);
    store<u64>(lapicAt(c), load<u64>(lapicAt(c), Lapic.base) | EXTD, Lapic.base);
  }
}
