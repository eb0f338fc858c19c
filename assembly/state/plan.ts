/**
 * Which bits an image holds: a list of bit ranges, computed once per machine from its size, its universe and its program.
 * What lies outside of the universe is `fixed` (design 3), what can be derived is left out.
 */
import { InsnFlag, LapicReg, MmioReg, MsiReg, Op, PidWord, VarClass, VarFlag, VarWord } from './abi/instructions';
import { Assumption, FunctionKind, FunctionSetup, Settings, SourceSetup } from './abi/tables';
import { Cpu, Fn, Glob, MsixEntry, Pin, Src } from './abi/fields';
import { Amd, AmdControl } from './abi/amd';
import { Iommu } from './abi/iommu';
import { Lapic, LapicSetup } from './abi/lapic';
import {
  amdAt,
  assumes,
  codeAt,
  cpuAt,
  functionAt,
  functionSetup,
  iommuAt,
  isAmd,
  lapicAt,
  lapicSetup,
  msixAt,
  slotAt,
  sourceSetup,
  srcAt,
  pinAt,
} from './access';
import {
  LEVELS,
  checkStart,
  functionBase,
  globBase,
  guestBase,
  isOfDescriptors,
  nCpus,
  nFunctions,
  lineBase,
  nInstructions,
  nIoapics,
  nIommus,
  nPins,
  nLines,
  nMessages,
  nOperations,
  nOrigins,
  nSources,
  nTimers,
  nVariables,
  opBase,
  reserve,
  settingsBase,
  timerBase,
  varBase,
  vectorHi,
  vectorLo,
} from './layout';

/**
 * A planned word: an aligned u64 of the state. u32 address, u32 position of its bits in the image, u32 first run, u8 runs,
 * u8 planned bits. Its bits stand side by side in the image.
 */
export const WORD: usize = 16;
export let wordBase: usize = 0;
export let nWords: u32 = 0;
/** A run of planned bits in a word: u8 shift, u8 length. */
export let runBase: usize = 0;
/** u16 first, u16 number of planned words with bits in each u64 of an image. */
export let overlapBase: usize = 0;
/** Bits of the fixed part of an image, and the u64s it takes. */
export let fixedBits: u32 = 0;
export let fixedWords: u32 = 0;
/** u64 for each word of the check class: its planned bits. */
let maskBase: usize = 0;

/** Planned words of CPUs come first, then those of functions, sources, operations and the probe, then variables. */
export let cpuWords: u32 = 0;
export let otherWords: u32 = 0;

/** Bits of a message's marks. */
export let markBits: u32 = 0;

/** Adds `bits` bits at byte address `at`, starting at bit `shift`, to the plan. */
function plan(at: usize, shift: u32, bits: u32): void {
  let bit = <u32>((at - checkStart) << 3) + shift;
  for (const end = bit + bits; bit < end;) {
    const from = bit & 63;
    const n = min(end - bit, 64 - from);
    const mask = maskBase + ((<usize>(bit >> 6)) << 3);
    store<u64>(mask, load<u64>(mask) | ((~(<u64>0) >> (64 - n)) << from));
    bit += n;
  }
}

/** The ranges of the universe's vectors and of the system vectors in a set of 256 bits. */
function planVectors(words: usize): void {
  for (let v: u32 = vectorLo; v < vectorHi;) {
    const n = min(vectorHi - v, 32 - (v & 31));
    plan(words + ((<usize>(v >> 5)) << 2), v & 31, n);
    v += n;
  }
  for (let v: u32 = 0; v < 256; v++) {
    if (v >= vectorLo && v < vectorHi) continue;
    if ((load<u32>(settingsBase + ((<usize>(Settings.systemVectors + (v >> 5))) << 2)) >> (v & 31)) & 1)
      plan(words + ((<usize>(v >> 5)) << 2), v & 31, 1);
  }
}

/** Of each row PIR by the vectors of the universe, and the control word with NDST; behind these nobody may have anything (hardware.md E.1). */
function planDescriptors(at: usize): void {
  for (let i: u32 = 0; i < load<u32>(at, VarWord.dim0 * 4); i++) {
    const row = <usize>load<u32>(at, VarWord.address * 4) + <usize>(i * PidWord.count * 4);
    planVectors(row);
    plan(row + PidWord.control * 4, 0, 64);
  }
}

function planVariable(slot: u32): void {
  const at = slotAt(slot);
  if (isOfDescriptors(at)) {
    planDescriptors(at);
    return;
  }
  const flags = load<u32>(at, VarWord.flags * 4);
  const bytes = load<u32>(at, VarWord.bytes * 4);
  const bits = load<u32>(at, VarWord.bits * 4);
  const dim1 = load<u32>(at, VarWord.dim1 * 4);
  const byVector = (flags & VarFlag.byVector) != 0;
  const first = byVector ? vectorLo : 0;
  const end = byVector ? vectorHi : dim1;
  for (let i: u32 = 0; i < load<u32>(at, VarWord.dim0 * 4); i++) {
    for (let j = first; j < end; j++) {
      const element = <usize>load<u32>(at, VarWord.address * 4) + <usize>(i * dim1 + j) * bytes;
      if (flags & VarFlag.vectorMask) planVectors(element);
      else plan(element, 0, bits);
    }
  }
}

/** True if the program has the instruction `op` on a register at lo <= offset < hi, and not only where a check passes over it. */
function uses(op: u32, lo: u32, hi: u32): bool {
  for (let pc: u32 = 0; pc < nInstructions; pc++) {
    const offset = load<u32>(codeAt(pc), 4);
    if (load<u32>(codeAt(pc), 12) & InsnFlag.untold) continue;
    if ((load<u32>(codeAt(pc)) & 0xff) == op && offset >= lo && offset < hi) return true;
  }
  return false;
}

/** LAPIC registers that decide nothing unless a program uses them: part of an image only then. */
function planRareRegisters(): void {
  const logical = uses(Op.lapicWrite, LapicReg.ldr, LapicReg.dfr + 1);
  const errors = uses(Op.lapicRead, LapicReg.esr, LapicReg.esr + 1);
  const triggers = nIoapics != 0 || uses(Op.lapicRead, 0x180, 0x200);
  const local = uses(Op.lapicWrite, 0x2f0, 0x400);
  for (let c: u32 = 0; c < nCpus; c++) {
    const cpu = cpuAt(c);
    if (logical) plan(cpu + Cpu.ldr, 0, 32);
    if (logical) plan(cpu + Cpu.dfr, 0, 32);
    if (errors) plan(cpu + Cpu.esrPending, 0, 16);
    if (local) plan(lapicAt(c) + Lapic.lvt, 0, 8 * (Lapic.sendLow - Lapic.lvt));
    if (triggers) planVectors(cpu + Cpu.tmr);
  }
}

/** True if the program writes register `reg` (`MmioReg`) of some device. */
function writes(reg: u32): bool {
  return uses(Op.mmioWrite, reg, reg + 1);
}

/** Pins of IOAPIC i that a source is on: their entry, the levels of their lines, what is latched or on its way. */
function planPins(i: u32): void {
  for (let s: u32 = 0; s < nSources; s++) {
    const where = sourceSetup(s, SourceSetup.message);
    if (functionSetup(sourceSetup(s, SourceSetup.device), FunctionSetup.kind) != FunctionKind.pins || where >> 8 != i) continue;
    const pin = pinAt(i, min(where & 0xff, nPins - 1));
    plan(pin + Pin.low, 0, 17);
    plan(pin + Pin.high, 16, 16);
    plan(pin + Pin.levels, 0, 32);
    plan(pin + Pin.drivers, 0, 32);
    plan(pin + Pin.flags, 0, 3);
  }
}

/** Registers of function f that it has and software can change. Bus mastering and power are out of a program's reach. */
function planFunction(f: u32): void {
  const at = functionAt(f);
  const kind = functionSetup(f, FunctionSetup.kind);
  if (kind == FunctionKind.pins) return;
  if (kind != FunctionKind.pci) {
    if (writes(MmioReg.addrLo)) plan(at + Fn.addrLo, 0, 32);
    if (writes(MmioReg.addrHi)) plan(at + Fn.addrHi, 0, 32);
    if (writes(MmioReg.data)) plan(at + Fn.data, 0, 16);
    if (writes(MmioReg.control)) plan(at + Fn.mask, 0, 1);
    return;
  }
  const messages = functionSetup(f, FunctionSetup.msiVectors);
  if (messages != 0) {
    plan(at + Fn.msiControl, 0, 1);
    if (messages > 1) plan(at + Fn.msiControl, 4, 3);
    plan(at + Fn.data, 0, 16);
    plan(at + Fn.addrLo, 0, 32);
    if (functionSetup(f, FunctionSetup.msiAddress64)) plan(at + Fn.addrHi, 0, 32);
    if (functionSetup(f, FunctionSetup.msiMaskable) && uses(Op.cfgWrite, MsiReg.mask, MsiReg.mask + 1)) plan(at + Fn.mask, 0, messages);
  }
  if (functionSetup(f, FunctionSetup.msixVectors) == 0) return;
  if (uses(Op.cfgWrite, MsiReg.msixControl, MsiReg.msixControl + 1)) plan(at + Fn.msixControl, 14, 2);
  let written: u32 = 0;
  for (let reg: u32 = 0; reg <= <u32>MmioReg.control; reg++) {
    if (writes(reg)) written |= 1 << reg;
  }
  for (let n: u32 = 0; n < functionSetup(f, FunctionSetup.msixVectors); n++) {
    const entry = msixAt(f, n);
    for (let reg: u32 = 0; written >> reg != 0; reg++) {
      if ((written >> reg) & 1) plan(entry + ((<usize>reg) << 2), 0, reg == MmioReg.control ? 1 : 32);
    }
    if (functionSetup(f, FunctionSetup.entryCache) == 0) continue;
    plan(entry + MsixEntry.latchedLo, 0, 96);
    plan(entry + MsixEntry.open, 0, 1);
  }
}

/** What a unit's status says; of AMD also which of it has been told, where anything is. */
function planUnit(u: u32): void {
  if (!isAmd(u)) {
    plan(iommuAt(u) + Iommu.fsts, 0, 8);
    return;
  }
  plan(amdAt(u) + Amd.status, 0, 11);
  if (load<u32>(amdAt(u), Amd.control) & (AmdControl.comWaitIntEn | AmdControl.gaIntEn)) plan(amdAt(u) + Amd.told, 0, 11);
}

/**
 * Bytes that a remapping unit may add to a message; that its queue may take: a byte with its descriptors, put and seen, and 12 each;
 * and the log of guests: a byte with its entries, and 6 each.
 */
const REMAP_BYTES: u32 = 2 + 2 + 8 + 4;
const QUEUE_BYTES: u32 = 1 + 15 * 12 + 1 + 15 * 6;

/** Bytes that no image of this machine exceeds. */
function mostBytes(): usize {
  const contexts = nCpus * LEVELS * (3 + 8 * 2 + 8 * 4);
  const messages = nOrigins + nMessages * (2 + 4 + 4 + 8 + REMAP_BYTES) + nIommus * QUEUE_BYTES;
  return ((<usize>fixedWords) << 3) + <usize>(contexts + messages) + 16;
}

/** Runs of the bits of a mask, to `at`; returns their number. */
function writeRuns(mask: u64, at: usize): u32 {
  let n: u32 = 0;
  for (let left = mask; left != 0; n++) {
    const shift = <u32>ctz(left);
    const length = <u32>ctz(~(left >> shift));
    store<u8>(at + ((<usize>n) << 1), shift);
    store<u8>(at + ((<usize>n) << 1), length, 1);
    if (shift + length == 64) left = 0;
    else left &= ~(<u64>0) << (shift + length);
  }
  return n;
}

/** Turns the masks into planned words, runs and overlaps; returns the first byte behind, 0: out of memory. */
function compile(words: u32): usize {
  wordBase = maskBase + ((<usize>words) << 3);
  runBase = wordBase + <usize>words * WORD;
  // a word has 32 runs at most
  overlapBase = runBase + <usize>words * 64;
  const end = overlapBase + ((<usize>words) << 2);
  if (!reserve(end)) return 0;
  memory.fill(overlapBase, 0, end - overlapBase);
  nWords = 0;
  cpuWords = 0;
  otherWords = 0;
  fixedBits = 0;
  let runs: u32 = 0;
  for (let w: u32 = 0; w < words; w++) {
    const mask = load<u64>(maskBase + ((<usize>w) << 3));
    if (mask == 0) continue;
    const at = wordBase + <usize>nWords * WORD;
    const n = writeRuns(mask, runBase + ((<usize>runs) << 1));
    const bits = <u32>popcnt(mask);
    store<u32>(at, <u32>checkStart + (w << 3));
    store<u32>(at, fixedBits, 4);
    store<u32>(at, runs, 8);
    store<u8>(at, n, 12);
    store<u8>(at, bits, 13);
    for (let i = fixedBits >> 6; i <= (fixedBits + bits - 1) >> 6; i++) {
      const overlap = overlapBase + ((<usize>i) << 2);
      if (load<u16>(overlap, 2) == 0) store<u16>(overlap, nWords);
      store<u16>(overlap, nWords + 1 - <u32>load<u16>(overlap), 2);
    }
    runs += n;
    fixedBits += bits;
    nWords++;
    if (checkStart + ((<usize>w) << 3) < functionBase) cpuWords = nWords;
    if (checkStart + ((<usize>w) << 3) < varBase) otherWords = nWords;
  }
  fixedWords = (fixedBits + 63) >> 6;
  return end;
}

/**
 * Computes the plan; its tables take memory from `at`. Returns the first byte behind them, or 0: out of memory, or an image
 * could be larger than `most` bytes.
 */
export function planImage(at: usize, most: usize): usize {
  maskBase = (at + 15) & ~15;
  const words = <u32>((guestBase - checkStart) >> 3);
  // overlaps count planned words in 16 bits: a machine too large for a check
  if (words > 0xffff || !reserve(maskBase + ((<usize>words) << 3))) return 0;
  memory.fill(maskBase, 0, (<usize>words) << 3);
  markBits = nCpus * LEVELS;
  for (let c: u32 = 0; c < nCpus; c++) {
    const cpu = cpuAt(c);
    planVectors(cpu + Cpu.irr);
    planVectors(cpu + Cpu.isr);
    plan(cpu + Cpu.tpr, 0, 8);
    plan(cpu + Cpu.svr, 0, lapicSetup(LapicSetup.eoiBroadcastSuppress) ? 13 : 9);
    plan(cpu + Cpu.run, 0, 2);
    plan(cpu + Cpu.flags, 0, 2);
    plan(cpu + Cpu.active, 0, LEVELS);
    plan(cpu + Cpu.task, 0, 1);
  }
  for (let f: u32 = 0; f < nFunctions; f++) planFunction(f);
  for (let i: u32 = 0; i < nIoapics; i++) planPins(i);
  for (let s: u32 = 0; s < nSources; s++) {
    const src = srcAt(s);
    plan(src + Src.owed, 0, 1);
    plan(src + Src.condition, 0, 1);
    plan(src + Src.left, 0, 4);
    if (assumes(Assumption.sampleAtOnce)) continue;
    plan(src + Src.held, 0, 1);
    // only an entry of MSI-X has more
    plan(src + Src.heldData, 0, functionSetup(sourceSetup(s, SourceSetup.device), FunctionSetup.msixVectors) ? 32 : 16);
    plan(src + Src.heldAddr, 0, 32);
  }
  for (let o: u32 = 0; o < nOperations; o++) plan(opBase + o, 0, 2);
  // its queue has variable length; everything else of a unit stays as it is
  for (let u: u32 = 0; u < nIommus; u++) planUnit(u);
  plan(lineBase, 0, nLines * 128);
  plan(globBase + Glob.probe, 0, 2);
  plan(globBase + Glob.probeLeft, 0, 3);
  plan(globBase + Glob.probeSource, 0, 8);
  for (let t: u32 = 0; t < nCpus * nTimers; t++) plan(timerBase + t, 0, 1);
  for (let i: u32 = 0; i < nVariables; i++) {
    if (load<u32>(slotAt(i), VarWord.storage * 4) == VarClass.check) planVariable(i);
  }
  planRareRegisters();
  const end = compile(words);
  return mostBytes() > most ? 0 : end;
}
