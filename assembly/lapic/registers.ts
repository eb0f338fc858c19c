/**
 * Registers of a LAPIC by their offsets (assembly/lapic/map.ts): what a read shows and a write does (hardware.md A.2, A.9,
 * A.10, A.12). What a guest should not do has its architectural outcome: bits that are not writable stay, an offset that is
 * no register sets ESR bit 7.
 */
import { LapicReg } from '../state/abi/instructions';
import { Counter, Event } from '../state/abi/outcomes';
import { Cpu, Glob } from '../state/abi/fields';
import { ApicMode, Lapic, LapicSetup, Lvt } from '../state/abi/lapic';
import { apicIdOf, cpuAt, lapicAt, lapicSetup, timed } from '../state/access';
import { globBase, nIoapics } from '../state/layout';
import { count } from '../record/counters';
import { record } from '../record/ring';
import { ILLEGAL_ADDRESS, logError } from './accept';
import { askBroadcast } from './effects';
import { readIcr, selfIpi, writeIcr } from './icr';
import { maskAll, pinsEoi, readLvt, writeLvt } from './lvt';
import { isReserved, isWritable, lvtOf, SELF_IPI, SUPPRESS, writableBits } from './map';
import { arbitrationPriority, bitIn, retire, updatePpr } from './priority';
import { changeTimerMode, currentCount, writeDivide, writeInitialCount } from './timer';


@inline function inX2apic(c: u32): bool {
  return load<u8>(cpuAt(c), Cpu.mode) == ApicMode.x2apic;
}

/** EOI: a level-triggered vector is told to the IOAPICs, unless SVR says that software does that (A.12). */
function writeEoi(c: u32): void {
  const at = cpuAt(c);
  const v = retire(at);
  if (v == 0) count(Counter.eoiWithoutIsr);
  record(Event.eoi, c, v, 0);
  // in a check without IOAPICs nobody listens, and images have no TMR
  if (v == 0 || (nIoapics == 0 && !timed()) || !bitIn(at + Cpu.tmr, v)) return;
  pinsEoi(c, v);
  if ((load<u16>(at, Cpu.svr) & SUPPRESS) == 0) askBroadcast(v);
}

function writeSvr(c: u32, value: u32): void {
  store<u16>(cpuAt(c), value & writableBits(LapicReg.svr), Cpu.svr);
  if ((value & 0x100) == 0) maskAll(c);
}

/** What has been collected is shown, collecting begins anew (A.10). */
function writeEsr(c: u32): void {
  const at = cpuAt(c);
  store<u8>(at, load<u8>(at, Cpu.esrPending), Cpu.esr);
  store<u8>(at, 0, Cpu.esrPending);
  store<u8>(at, 0, Cpu.errorTold);
}

/** Software gives a LAPIC another xAPIC id, where the model lets it. */
function writeId(c: u32, value: u32): void {
  if (lapicSetup(LapicSetup.allowXapicIdWrite) == 0 || inX2apic(c)) return;
  store<u8>(cpuAt(c), value >> 24, Cpu.xapicId);
  store<u8>(globBase, 1, Glob.renamed);
}

function writeLvtRegister(c: u32, r: u32, value: u32): void {
  const lvt = lvtOf(r);
  if (lvt < 0) return;
  const before = readLvt(c, lvt);
  writeLvt(c, lvt, value, writableBits(r));
  if (lvt == Lvt.timer) changeTimerMode(c, before);
}

/** Writes a register that is there and not read-only. `value`: of the memory-mapped form; ICR high: the 32 bits of x2APIC mode. */
export function writeRegister(c: u32, r: u32, value: u32): void {
  const at = cpuAt(c);
  switch (r) {
    case LapicReg.id:
      writeId(c, value);
      return;
    case LapicReg.tpr:
      store<u8>(at, value, Cpu.tpr);
      updatePpr(at);
      return;
    case LapicReg.eoi:
      writeEoi(c);
      return;
    case LapicReg.ldr:
      if (!inX2apic(c)) store<u32>(at, value & writableBits(r), Cpu.ldr);
      return;
    case LapicReg.dfr:
      store<u32>(at, value | ~writableBits(r), Cpu.dfr);
      return;
    case LapicReg.svr:
      writeSvr(c, value);
      return;
    case LapicReg.esr:
      writeEsr(c);
      return;
    case LapicReg.icr: {
      const high = load<u32>(lapicAt(c), Lapic.icrHigh);
      writeIcr(c, value & writableBits(r), inX2apic(c) ? high : high >> 24);
      return;
    }
    case LapicReg.icrHigh:
      store<u32>(lapicAt(c), inX2apic(c) ? value : value & writableBits(r), Lapic.icrHigh);
      return;
    case LapicReg.initialCount:
      writeInitialCount(c, value);
      return;
    case LapicReg.divide:
      writeDivide(c, value);
      return;
    case SELF_IPI:
      selfIpi(c, value & 0xff);
      return;
    default:
      writeLvtRegister(c, r, value);
  }
}

function readVersion(): u32 {
  return 0x15 | (lapicSetup(LapicSetup.maxLvtIndex) << 16) | (lapicSetup(LapicSetup.eoiBroadcastSuppress) << 24);
}

/** Reads a register that is there; what is only written reads 0. */
export function readRegister(c: u32, r: u32): u32 {
  const at = cpuAt(c);
  // eight words each
  if (r >= <u32>LapicReg.isr && r < <u32>LapicReg.esr) {
    const bank: usize = r < <u32>LapicReg.tmr ? Cpu.isr : r < <u32>LapicReg.irr ? Cpu.tmr : Cpu.irr;
    return load<u32>(at + bank + ((<usize>((r >> 4) & 7)) << 2));
  }
  switch (r) {
    case LapicReg.id:
      return inX2apic(c) ? apicIdOf(c) : (<u32>load<u8>(at, Cpu.xapicId)) << 24;
    case LapicReg.version:
      return readVersion();
    case LapicReg.tpr:
      return load<u8>(at, Cpu.tpr);
    case LapicReg.apr:
      return arbitrationPriority(at);
    case LapicReg.ppr:
      return load<u8>(at, Cpu.ppr);
    case LapicReg.ldr:
      return load<u32>(at, Cpu.ldr);
    case LapicReg.dfr:
      return load<u32>(at, Cpu.dfr);
    case LapicReg.svr:
      return load<u16>(at, Cpu.svr);
    case LapicReg.esr:
      return load<u8>(at, Cpu.esr);
    case LapicReg.icr:
      return readIcr(c);
    case LapicReg.icrHigh:
      return load<u32>(lapicAt(c), Lapic.icrHigh);
    case LapicReg.initialCount:
      return load<u32>(lapicAt(c), Lapic.initialCount);
    case LapicReg.currentCount:
      return currentCount(c);
    case LapicReg.divide:
      return load<u32>(lapicAt(c), Lapic.divide);
    default: {
      const lvt = lvtOf(r);
      return lvt < 0 ? 0 : readLvt(c, lvt);
    }
  }
}

/** Memory-mapped write of 32 bits at an offset in the page; nothing is there behind the last register (A.2.1). */
export function writeLapic(c: u32, offset: u32, value: u32): void {
  const r = offset & ~15;
  if (isReserved(r)) logError(c, ILLEGAL_ADDRESS);
  else if (isWritable(r)) writeRegister(c, r, value);
}

/** Memory-mapped read of 32 bits. */
export function readLapic(c: u32, offset: u32): u32 {
  const r = offset & ~15;
  // a micro-program sees this form in either mode
  if (r == LapicReg.id && inX2apic(c)) return apicIdOf(c) << 24;
  if (!isReserved(r)) return readRegister(c, r);
  logError(c, ILLEGAL_ADDRESS);
  return 0;
}
