/** IA32_APIC_BASE: where the registers are, and the mode of the LAPIC (hardware.md A.1). */
import { Cpu } from '../state/abi/fields';
import { ApicMode, Lapic, LapicSetup } from '../state/abi/lapic';
import { apicIdOf, cpuAt, lapicAt, lapicSetup } from '../state/access';
import { BSP, clusterOf, EN, EXTD, resetLapic, setMode } from './reset';

/** Bits 7:0 and 9. */
const RESERVED: u64 = 0x2ff;


@inline export function readBase(c: u32): u64 {
  return load<u64>(lapicAt(c), Lapic.base);
}

/** The mode that EN and EXTD say, -1 for the combination that is none. */
function modeOf(value: u64): i32 {
  if (value & EN) return value & EXTD ? ApicMode.x2apic : ApicMode.xapic;
  return value & EXTD ? -1 : ApicMode.disabled;
}

/** x2APIC mode is entered from xAPIC mode and left for none: the two others change freely (A.1.1). */
function mayChange(from: u32, to: i32): bool {
  if (to < 0) return false;
  if (from == ApicMode.disabled) return to != ApicMode.x2apic;
  return from != ApicMode.x2apic || to != ApicMode.xapic;
}

/** Disabling loses all registers but the ids; x2APIC mode has the id that the hardware gave, and derives LDR from it. */
function changeMode(c: u32, to: u32): void {
  const at = cpuAt(c);
  setMode(c, to);
  if (to == ApicMode.disabled) resetLapic(c);
  if (to != ApicMode.x2apic) return;
  store<u8>(at, apicIdOf(c), Cpu.xapicId);
  store<u32>(at, clusterOf(apicIdOf(c)), Cpu.ldr);
  store<u32>(lapicAt(c), 0, Lapic.icrHigh);
}

/** Writes it; false, and nothing written, for #GP. The BSP bit is read-only. */
export function writeBase(c: u32, value: u64): bool {
  if (value & RESERVED || value >> lapicSetup(LapicSetup.maxPhyAddr) != 0) return false;
  if (value & EXTD && lapicSetup(LapicSetup.x2apic) == 0) return false;
  const from = <u32>load<u8>(cpuAt(c), Cpu.mode);
  const to = modeOf(value);
  if (!mayChange(from, to)) return false;
  store<u64>(lapicAt(c), (value & ~BSP) | (readBase(c) & BSP), Lapic.base);
  if (<u32>to != from) changeMode(c, to);
  return true;
}
