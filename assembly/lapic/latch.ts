/** What reaches the core past IRR, ISR and PPR: NMI, SMI, ExtINT (hardware.md A.5, A.6.2, A.8.4). */
import { Event } from '../state/abi/outcomes';
import { Cpu, RunState } from '../state/abi/fields';
import { CpuEvent, Latched } from '../state/abi/lapic';
import { cpuAt } from '../state/access';
import { countCpuEvent } from '../record/counters';
import { record } from '../record/ring';

/** Delivery modes (A.6). */
export const FIXED: u32 = 0;
export const LOWEST: u32 = 1;
export const SMI: u32 = 2;
export const NMI: u32 = 4;
export const INIT: u32 = 5;
export const STARTUP: u32 = 6;
export const EXT_INT: u32 = 7;

/** One of those three arrives; one of a kind is latched. False: a core that waits for SIPI drops NMIs, and only them. */
export function latch(c: u32, mode: u32, v: u32): bool {
  const at = cpuAt(c);
  if (mode == NMI && load<u8>(at, Cpu.run) == RunState.waitForSipi) return false;
  const bit: u32 = mode == NMI ? Latched.nmi : mode == SMI ? Latched.smi : Latched.extInt;
  store<u8>(at, load<u8>(at, Cpu.latched) | bit, Cpu.latched);
  countCpuEvent(c, mode == NMI ? CpuEvent.nmi : mode == SMI ? CpuEvent.smi : CpuEvent.extInt);
  record(Event.latch, c, v, mode);
  return true;
}

/** True if `bit` was latched; it is not any more. */
export function unlatch(c: u32, bit: u32): bool {
  const at = cpuAt(c);
  const latched = <u32>load<u8>(at, Cpu.latched);
  store<u8>(at, latched & ~bit, Cpu.latched);
  return (latched & bit) != 0;
}
