/**
 * A CPU's view of its LAPIC (hardware.md A.1, A.2, A.4.5): the page at its IA32_APIC_BASE, MSRs, CR8, and the interrupt
 * acknowledge of a core that the host executes. A CPU that does not exist has nothing, and reads as none.
 */
import { LapicReg } from '../state/abi/instructions';
import { Counter, Event } from '../state/abi/outcomes';
import { Cpu } from '../state/abi/fields';
import { ApicMode, Diag, LapicSetup, Latched, Lvt } from '../state/abi/lapic';
import { Assumption } from '../state/abi/tables';
import { assumes, cpuAt, lapicSetup, now } from '../state/access';
import { nCpus } from '../state/layout';
import { lowWord } from '../state/wide';
import { carryOut } from '../fabric/effects';
import { readBase, writeBase } from '../lapic/base';
import { unlatch } from '../lapic/latch';
import * as lvt from '../lapic/lvt';
import { isMsrReadable, isMsrWritable } from '../lapic/map';
import { acknowledgeVector, requests, updatePpr } from '../lapic/priority';
import { readLapic, readRegister, writeLapic, writeRegister } from '../lapic/registers';
import { reset } from '../lapic/reset';
import { readDeadline, writeDeadline } from '../lapic/timer';
import { count, countDiag } from '../record/counters';
import { record } from '../record/ring';
import { tagClear, tagsOfIrr } from '../record/tags';
import { isMemory, readSpace, writeSpace } from './space';
import { drainStores, forward, hasStores, putStore } from './stores';

const NOTHING: u64 = 0xffffffffffffffff;

// --- the page

/** True if the address is in the LAPIC's page, whether or not that is decoded in its mode. */
function inPage(c: u32, address: u64): bool {
  return c < nCpus && ((address ^ readBase(c)) & 0xffffffffff000) == 0;
}

/** True if the page is decoded; otherwise a hole (A.1.1). */
function isDecoded(c: u32): bool {
  if (load<u8>(cpuAt(c), Cpu.mode) == ApicMode.xapic) return true;
  countDiag(Diag.mmioHole);
  return false;
}

/** A read by width and alignment (A.2.1): one that spans two dwords reads all ones; only the first of four dwords is there. */
function readPage(c: u32, offset: u32, width: u32): u64 {
  if (!isDecoded(c)) return NOTHING;
  if ((offset & 3) + width > 4) {
    countDiag(Diag.lapicUnaligned);
    return NOTHING;
  }
  if (offset & 12) {
    countDiag(Diag.lapicUnaligned);
    return 0;
  }
  const value = readLapic(c, offset) >> ((offset & 3) << 3);
  carryOut(c);
  return value;
}

function writePage(c: u32, offset: u32, width: u32, value: u32): void {
  if (!isDecoded(c)) return;
  if (width != 4 || offset & 15) {
    countDiag(Diag.lapicUnaligned);
    return;
  }
  writeLapic(c, offset, value);
  carryOut(c);
}

/** The low `width` bytes. */
function narrow(value: u64, width: u32): u64 {
  return width >= 8 ? value : value & (((<u64>1) << (width << 3)) - 1);
}

/** A load sees the CPU's own stores, though nobody else does yet. */
function loadMemory(c: u32, address: u64, width: u32): u64 {
  const value = readSpace(address, width);
  return hasStores() && c < nCpus && isMemory(address, width) ? forward(c, address, width, value) : value;
}

/** Whether a store of 1, 2, 4 or 8 bytes may wait in the CPU's buffer. */
function isBuffered(c: u32, address: u64, width: u32): bool {
  return hasStores() && c < nCpus && (width == 1 || width == 2 || width == 4 || width == 8) && isMemory(address, width);
}

/** Low word of a read of 1, 2, 4 or 8 bytes. */
export function mmioRead(c: u32, lo: u32, hi: u32, width: u32): u32 {
  const address = (<u64>lo) | ((<u64>hi) << 32);
  return lowWord(narrow(inPage(c, address) ? readPage(c, lo & 0xfff, width) : loadMemory(c, address, width), width));
}

export function mmioWrite(c: u32, lo: u32, hi: u32, width: u32, valueLo: u32, valueHi: u32): void {
  const address = (<u64>lo) | ((<u64>hi) << 32);
  const value = (<u64>valueLo) | ((<u64>valueHi) << 32);
  if (isBuffered(c, address, width)) {
    putStore(c, address, width, value);
    return;
  }
  // all else is uncacheable: what the CPU has stored before is visible first (A.2.3)
  drainStores(c);
  if (inPage(c, address)) writePage(c, lo & 0xfff, width, valueLo);
  else writeSpace(address, width, value);
}

// --- model-specific registers

const TSC: u32 = 0x10;
const APIC_BASE: u32 = 0x1b;
const TSC_DEADLINE: u32 = 0x6e0;
const X2APIC: u32 = 0x800;

let refused: u32 = 0;

/** 1 if the last access to an MSR or to CR8 was #GP. */
export function gp(): u32 {
  return refused;
}

function fault(): u64 {
  refused = 1;
  return 0;
}

/** Offset of the register that is an MSR of x2APIC mode, or -1; the LAPIC must be in that mode (A.2.2, rule 1). */
function registerOf(c: u32, msr: u32): i32 {
  if (msr < X2APIC || msr > 0x8ff || load<u8>(cpuAt(c), Cpu.mode) != ApicMode.x2apic) return -1;
  return <i32>((msr - X2APIC) << 4);
}

function readX2apic(c: u32, msr: u32): u64 {
  const r = registerOf(c, msr);
  if (r < 0 || !isMsrReadable(r)) return fault();
  const high = r == LapicReg.icr ? (<u64>readRegister(c, LapicReg.icrHigh)) << 32 : 0;
  return high | readRegister(c, r);
}

function readMsr(c: u32, msr: u32): u64 {
  if (c >= nCpus) return fault();
  switch (msr) {
    case TSC:
      return now();
    case APIC_BASE:
      return readBase(c);
    case TSC_DEADLINE:
      return lapicSetup(LapicSetup.tscDeadline) ? readDeadline(c) : fault();
    default:
      return readX2apic(c, msr);
  }
}

/** Low word; 0 after #GP. */
export function msrRead(c: u32, msr: u32): u32 {
  refused = 0;
  return lowWord(readMsr(c, msr));
}

function writeX2apic(c: u32, msr: u32, lo: u32, hi: u32): void {
  const r = registerOf(c, msr);
  if (r < 0 || !isMsrWritable(r, lo, hi)) {
    fault();
    return;
  }
  if (r == LapicReg.icr) writeRegister(c, LapicReg.icrHigh, hi);
  writeRegister(c, r, lo);
}

/** Writes to x2APIC registers and to the deadline do not wait for earlier stores (A.2.3), but IPIs do if it is assumed; all others serialise. */
function waitsForStores(msr: u32): bool {
  if (msr == TSC_DEADLINE) return false;
  if (msr < X2APIC || msr > 0x8ff) return true;
  return msr == X2APIC + (LapicReg.icr >> 4) && assumes(Assumption.ipiWaitsForStores);
}

/** MFENCE;LFENCE: what CPU c has stored before is visible before anything that it does next. */
export function fence(c: u32): void {
  drainStores(c);
}

/** Returns `gp`. An access that is #GP has no effect at all. */
export function msrWrite(c: u32, msr: u32, lo: u32, hi: u32): u32 {
  refused = 0;
  const value = (<u64>lo) | ((<u64>hi) << 32);
  if (waitsForStores(msr)) drainStores(c);
  if (c >= nCpus) fault();
  else if (msr == APIC_BASE) {
    if (!writeBase(c, value)) fault();
  } else if (msr == TSC_DEADLINE && lapicSetup(LapicSetup.tscDeadline)) writeDeadline(c, value);
  else writeX2apic(c, msr, lo, hi);
  if (refused == 0) carryOut(c);
  return refused;
}

/** CR8 is bits 7:4 of TPR in any mode (A.4.5). */
export function cr8Read(c: u32): u32 {
  refused = 0;
  return c < nCpus ? (<u32>load<u8>(cpuAt(c), Cpu.tpr)) >> 4 : 0;
}

export function cr8Write(c: u32, lo: u32, hi: u32): u32 {
  refused = c >= nCpus || hi != 0 || lo > 15 ? 1 : 0;
  if (refused) return 1;
  store<u8>(cpuAt(c), lo << 4, Cpu.tpr);
  updatePpr(cpuAt(c));
  return 0;
}

// --- what the core takes

/** Vector that the LAPIC asks for, -1: none that PPR allows. */
export function pendingVector(c: u32): i32 {
  return c < nCpus && requests(c) ? <i32>load<u8>(cpuAt(c), Cpu.irrv) : -1;
}

/** IRR -> ISR of that vector, which is chosen now; -1: there is none (A.5). */
export function acknowledgeCpu(c: u32): i32 {
  const v = pendingVector(c);
  if (v < 0) return -1;
  acknowledgeVector(cpuAt(c), v);
  count(Counter.acknowledged);
  record(Event.acknowledge, c, v, 0);
  tagClear(tagsOfIrr(c, v));
  return v;
}

/** INTA of a core that has seen INTR: the spurious vector if the request is gone, with ISR untouched (A.5). */
export function forceAcknowledge(c: u32): i32 {
  if (c >= nCpus) return -1;
  const v = acknowledgeCpu(c);
  if (v >= 0) return v;
  countDiag(Diag.spuriousVector);
  return load<u8>(cpuAt(c), Cpu.svr);
}

/** 1 if an ExtINT was waiting, and is taken: its vector is that of the 8259s (A.8.4). */
export function takeExtInt(c: u32): u32 {
  return c < nCpus && lvt.takeExtInt(c) ? 1 : 0;
}

/** 1 if an NMI was latched, and is taken. */
export function takeNmi(c: u32): u32 {
  return c < nCpus && unlatch(c, Latched.nmi) ? 1 : 0;
}

export function takeSmi(c: u32): u32 {
  return c < nCpus && unlatch(c, Latched.smi) ? 1 : 0;
}

// --- pins

/** Electrical level of LINT0 or LINT1. */
export function lintSet(c: u32, pin: u32, level: u32): void {
  if (c >= nCpus || pin > 1) return;
  lvt.setPin(c, pin, level != 0);
  carryOut(c);
}

/** 0 thermal, 1 performance counter, 2 CMCI. */
export function localEvent(c: u32, which: u32): void {
  if (c >= nCpus || which > 2) return;
  lvt.localEvent(c, which == 0 ? Lvt.thermal : which == 1 ? Lvt.perfmon : Lvt.cmci);
  carryOut(c);
}

export function resetCpu(c: u32): void {
  if (c >= nCpus) return;
  reset(c);
  carryOut(c);
}
