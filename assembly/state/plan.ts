/**
 * Which bits an image holds: a list of bit ranges, computed once per machine from its size, its universe and its program.
 * What lies outside of the universe is `fixed` (design 3), what can be derived is left out.
 */
import { LapicReg, Op, VarClass, VarFlag, VarWord } from './abi/instructions';
import { Assumption, Settings } from './abi/tables';
import { Cpu, Dev, Glob, Src } from './abi/fields';
import { assumes, codeAt, cpuAt, devAt, slotAt, srcAt } from './access';
import {
  LEVELS,
  globBase,
  nCpus,
  nDevices,
  nInstructions,
  nMessages,
  nOperations,
  nOrigins,
  nSources,
  nVariables,
  opBase,
  reserve,
  settingsBase,
  vectorHi,
  vectorLo,
} from './layout';

// plan entry: u32 address of a word, u8 shift, u8 bits
export const ENTRY: usize = 8;
export let planBase: usize = 0;
export let planEnd: usize = 0;
let planLimit: usize = 0;
let planFull: bool = false;

/** Bits of a program counter, of a message's marks, of a number of messages. */
export let pcBits: u32 = 0;
export let markBits: u32 = 0;
export let countBits: u32 = 0;


@inline function bitsFor(values: u32): u32 {
  return values <= 1 ? 1 : 32 - clz(values - 1);
}

/** True if the range continues the last entry in its word, which then holds both. */
function extended(word: u32, start: u32, bits: u32): bool {
  if (planEnd == planBase) return false;
  const last = planEnd - ENTRY;
  const end = <u32>load<u8>(last, 4) + load<u8>(last, 5);
  if (load<u32>(last) != word || end != start) return false;
  store<u8>(last, load<u8>(last, 5) + bits, 5);
  return true;
}

/** Adds `bits` bits at byte address `at`, starting at bit `shift`, to the plan; splits at word borders. */
function plan(at: usize, shift: u32, bits: u32): void {
  let address = at;
  let from = shift;
  let left = bits;
  while (left != 0) {
    address += (<usize>(from >> 5)) << 2;
    from &= 31;
    // a word must be aligned to its own bits only: the entry holds the aligned word
    const offset = (<u32>(address & 3)) << 3;
    const word = address & ~3;
    const start = offset + from;
    const n = min(left, 32 - (start & 31));
    if (extended(<u32>word + ((start >> 5) << 2), start & 31, n)) {
      from += n;
      left -= n;
      continue;
    }
    const entry = planEnd;
    if (entry + ENTRY > planLimit) {
      planFull = true;
      return;
    }
    store<u32>(entry, <u32>word + ((start >> 5) << 2));
    store<u8>(entry, start & 31, 4);
    store<u8>(entry, n, 5);
    planEnd += ENTRY;
    from += n;
    left -= n;
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

function planVariable(slot: u32): void {
  const at = slotAt(slot);
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

/** True if the program has the instruction `op` on a LAPIC register at lo <= offset < hi. */
function usesLapic(op: u32, lo: u32, hi: u32): bool {
  for (let pc: u32 = 0; pc < nInstructions; pc++) {
    const offset = load<u32>(codeAt(pc), 4);
    if ((load<u32>(codeAt(pc)) & 0xff) == op && offset >= lo && offset < hi) return true;
  }
  return false;
}

/** LAPIC registers that decide nothing unless a program uses them: part of an image only then. */
function planRareRegisters(): void {
  const logical = usesLapic(Op.lapicWrite, LapicReg.ldr, LapicReg.dfr + 1);
  const errors = usesLapic(Op.lapicRead, LapicReg.esr, LapicReg.esr + 1);
  const triggers = usesLapic(Op.lapicRead, 0x180, 0x200);
  for (let c: u32 = 0; c < nCpus; c++) {
    const cpu = cpuAt(c);
    if (logical) plan(cpu + Cpu.ldr, 0, 32);
    if (logical) plan(cpu + Cpu.dfr, 0, 32);
    if (errors) plan(cpu + Cpu.esrPending, 0, 16);
    if (triggers) planVectors(cpu + Cpu.tmr);
  }
}

/** Bytes that no image of this machine exceeds. */
function mostBytes(): usize {
  const contexts = nCpus * LEVELS * (8 + 9 * pcBits + 8 * 32);
  const messages = nOrigins * countBits + nMessages * (1 + 8 + 32 + 16 + markBits);
  return <usize>((plannedBits() + contexts + messages) >> 3) + 16;
}

/**
 * Computes the plan; the table takes memory from `at`. Returns the first byte behind it, or 0: out of memory, or an image
 * could be larger than `most` bytes.
 */
export function planImage(at: usize, capacity: usize, most: usize): usize {
  planFull = false;
  planBase = at;
  planEnd = at;
  planLimit = at + capacity;
  if (!reserve(planLimit)) return 0;
  pcBits = bitsFor(nInstructions + 1);
  markBits = nCpus * LEVELS;
  countBits = bitsFor(nMessages + 1);
  for (let c: u32 = 0; c < nCpus; c++) {
    const cpu = cpuAt(c);
    planVectors(cpu + Cpu.irr);
    planVectors(cpu + Cpu.isr);
    plan(cpu + Cpu.tpr, 0, 8);
    plan(cpu + Cpu.svr, 0, 9);
    plan(cpu + Cpu.run, 0, 2);
    plan(cpu + Cpu.flags, 0, 2);
    plan(cpu + Cpu.active, 0, LEVELS);
    plan(cpu + Cpu.task, 0, 1);
  }
  for (let d: u32 = 0; d < nDevices; d++) {
    const dev = devAt(d);
    plan(dev + Dev.control, 0, 16);
    plan(dev + Dev.data, 0, 16);
    plan(dev + Dev.addrLo, 0, 32);
    plan(dev + Dev.addrHi, 0, 32);
  }
  for (let s: u32 = 0; s < nSources; s++) {
    const src = srcAt(s);
    plan(src + Src.owed, 0, 1);
    plan(src + Src.condition, 0, 1);
    plan(src + Src.left, 0, 4);
    if (assumes(Assumption.sampleAtOnce)) continue;
    plan(src + Src.held, 0, 1);
    plan(src + Src.heldData, 0, 16);
    plan(src + Src.heldAddr, 0, 32);
  }
  for (let o: u32 = 0; o < nOperations; o++) plan(opBase + o, 0, 2);
  plan(globBase + Glob.probe, 0, 2);
  plan(globBase + Glob.probeLeft, 0, 3);
  plan(globBase + Glob.probeSource, 0, 8);
  for (let i: u32 = 0; i < nVariables; i++) {
    if (load<u32>(slotAt(i), VarWord.storage * 4) == VarClass.check) planVariable(i);
  }
  planRareRegisters();
  if (planFull || mostBytes() > most) return 0;
  return planEnd;
}

/** Bits of the fixed part of an image: for the bench and for the bound on image size. */
export function plannedBits(): u32 {
  let bits: u32 = 0;
  for (let e = planBase; e < planEnd; e += ENTRY) bits += load<u8>(e, 5);
  return bits;
}
