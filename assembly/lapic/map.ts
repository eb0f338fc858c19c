/**
 * The registers of a LAPIC (hardware.md A.2): one row each, from which the memory-mapped form and the MSR form both follow. A
 * register is called by its offset, a multiple of 16.
 */
import { LapicReg } from '../state/abi/instructions';
import { LapicSetup, Lvt } from '../state/abi/lapic';
import { lapicSetup } from '../state/access';
import { lapicMapBase } from '../state/layout';

/** In x2APIC mode only: nothing is there in the page. */
export const SELF_IPI: u32 = 0x3f0;

/** There are none from this offset on (AMD's extended space is not modelled). */
const END: u32 = 0x400;

/** How a register may be reached: read and written by MMIO, read and written as an MSR. */
const XR: u32 = 1;
const XW: u32 = 2;
const MR: u32 = 4;
const MW: u32 = 8;

const RO: u32 = XR | MR;
const RW: u32 = XR | XW | MR | MW;

/** Bits that a write leaves alone silently: delivery status and remote IRR (A.8.1). */
const STATUS: u32 = 0x1000;
const REMOTE: u32 = 0x4000;

const LOCAL: u32 = 0x000107ff;
const PIN: u32 = 0x0001a7ff;

/** Access, writable bits, bits that may be set in a WRMSR without #GP. */
// prettier-ignore
const rows: usize = memory.data<u32>([
  /* 0x000 */ 0, 0, 0,
  /* 0x010 */ 0, 0, 0,
  /* 0x020 ID */ XR | XW | MR, 0xff000000, 0,
  /* 0x030 VERSION */ RO, 0, 0,
  /* 0x040 */ 0, 0, 0,
  /* 0x050 */ 0, 0, 0,
  /* 0x060 */ 0, 0, 0,
  /* 0x070 */ 0, 0, 0,
  /* 0x080 TPR */ RW, 0xff, 0xff,
  /* 0x090 APR */ XR, 0, 0,
  /* 0x0a0 PPR */ RO, 0, 0,
  /* 0x0b0 EOI */ XW | MW, 0, 0,
  /* 0x0c0 RRD */ XR, 0, 0,
  /* 0x0d0 LDR */ XR | XW | MR, 0xff000000, 0,
  /* 0x0e0 DFR */ XR | XW, 0xf0000000, 0,
  /* 0x0f0 SVR */ RW, 0x1ff, 0x1ff,
  /* 0x100 ISR */ RO, 0, 0, RO, 0, 0, RO, 0, 0, RO, 0, 0, RO, 0, 0, RO, 0, 0, RO, 0, 0, RO, 0, 0,
  /* 0x180 TMR */ RO, 0, 0, RO, 0, 0, RO, 0, 0, RO, 0, 0, RO, 0, 0, RO, 0, 0, RO, 0, 0, RO, 0, 0,
  /* 0x200 IRR */ RO, 0, 0, RO, 0, 0, RO, 0, 0, RO, 0, 0, RO, 0, 0, RO, 0, 0, RO, 0, 0, RO, 0, 0,
  /* 0x280 ESR */ RW, 0, 0,
  /* 0x290 */ 0, 0, 0,
  /* 0x2a0 */ 0, 0, 0,
  /* 0x2b0 */ 0, 0, 0,
  /* 0x2c0 */ 0, 0, 0,
  /* 0x2d0 */ 0, 0, 0,
  /* 0x2e0 */ 0, 0, 0,
  /* 0x2f0 CMCI */ RW, LOCAL, LOCAL | STATUS,
  /* 0x300 ICR */ RW, 0x000ccfff, 0x000cdfff,
  /* 0x310 ICR high */ XR | XW, 0xff000000, 0,
  /* 0x320 timer */ RW, 0x000300ff, 0x000300ff | STATUS,
  /* 0x330 thermal */ RW, LOCAL, LOCAL | STATUS,
  /* 0x340 perfmon */ RW, LOCAL, LOCAL | STATUS,
  /* 0x350 LINT0 */ RW, PIN, PIN | STATUS | REMOTE,
  /* 0x360 LINT1 */ RW, PIN, PIN | STATUS | REMOTE,
  /* 0x370 error */ RW, 0x000100ff, 0x000100ff | STATUS,
  /* 0x380 initial count */ RW, 0xffffffff, 0xffffffff,
  /* 0x390 current count */ RO, 0, 0,
  /* 0x3a0 */ 0, 0, 0,
  /* 0x3b0 */ 0, 0, 0,
  /* 0x3c0 */ 0, 0, 0,
  /* 0x3d0 */ 0, 0, 0,
  /* 0x3e0 divide */ RW, 0xb, 0xb,
  /* 0x3f0 self IPI */ MW, 0xff, 0xff,
]);

/** SVR bit 12: no EOI broadcasts (A.9). */
export const SUPPRESS: u32 = 0x1000;
/** LVT timer bit 18: TSC-deadline mode (A.8.3). */
const DEADLINE: u32 = 0x40000;

/** A row: u32 access, writable bits, bits that may be set in a WRMSR. */
const ROW: usize = 12;

/** Entry of the local vector table (`Lvt`) that a register is, or -1. */
export function lvtOf(r: u32): i32 {
  if (r == LapicReg.lvtCmci) return Lvt.cmci;
  return r >= <u32>LapicReg.lvtTimer && r <= <u32>LapicReg.lvtError ? <i32>((r - LapicReg.lvtTimer) >> 4) + Lvt.timer : -1;
}

/** The model has as many entries as the largest LVT index says (A.2). */
export function hasLvt(lvt: u32): bool {
  const most = lapicSetup(LapicSetup.maxLvtIndex);
  if (lvt == Lvt.cmci) return most >= 6;
  if (lvt == Lvt.thermal) return most >= 5;
  return lvt != Lvt.perfmon || most >= 4;
}

/** Rows of this machine: those above, without what the model has not, and with what it may have. */
export function mapRegisters(): void {
  memory.copy(lapicMapBase, rows, ((<usize>END) >> 4) * ROW);
  for (let r: u32 = 0; r < END; r += 16) {
    const lvt = lvtOf(r);
    if (lvt >= 0 && !hasLvt(lvt)) store<u32>(rowAt(r), 0);
  }
  if (lapicSetup(LapicSetup.eoiBroadcastSuppress)) allow(LapicReg.svr, SUPPRESS);
  if (lapicSetup(LapicSetup.tscDeadline)) allow(LapicReg.lvtTimer, DEADLINE);
  if (lapicSetup(LapicSetup.vendor) != 0) store<u32>(rowAt(LapicReg.icr), load<u32>(rowAt(LapicReg.icr), 8) & ~STATUS, 8);
}

function allow(r: u32, bits: u32): void {
  store<u32>(rowAt(r), load<u32>(rowAt(r), 4) | bits, 4);
  store<u32>(rowAt(r), load<u32>(rowAt(r), 8) | bits, 8);
}


@inline function rowAt(r: u32): usize {
  return lapicMapBase + ((<usize>r) >> 4) * ROW;
}

/** `XR` to `MW`; 0: reserved. */
@inline function access(r: u32): u32 {
  return r < END ? load<u32>(rowAt(r)) : 0;
}

/** True if no register is there in the memory-mapped form: an access sets ESR bit 7 (A.10). */
export function isReserved(r: u32): bool {
  return r < END && (access(r) & (XR | XW)) == 0;
}

export function isMsrReadable(r: u32): bool {
  return (access(r) & MR) != 0;
}

/** True if WRMSR of this value does not raise #GP (A.2.2, rules 2, 3 and 5 to 9). */
export function isMsrWritable(r: u32, lo: u32, hi: u32): bool {
  return (access(r) & MW) != 0 && (hi == 0 || r == LapicReg.icr) && (lo & ~load<u32>(rowAt(r), 8)) == 0;
}


@inline export function isWritable(r: u32): bool {
  return (access(r) & XW) != 0;
}

/** Bits of a register that a write changes. */
@inline export function writableBits(r: u32): u32 {
  return load<u32>(rowAt(r), 4);
}
