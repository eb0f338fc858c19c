/**
 * The packed canonical image of the check fields: `unpack(pack(s))` behaves as `s`, and two states that behave alike for
 * reasons of bookkeeping only (dead registers, free messages, finished contexts, derived fields) have equal images.
 *
 * A fixed part by plan, a list of bit ranges computed once per machine; then each context in use (program counter, frames,
 * live registers in their declared widths); then each origin's messages in order. Images are padded to 8 bytes.
 */
import { Assumption, LapicReg, Op, Settings, VarClass, VarFlag, VarWord } from './abi';
import { Cpu, Ctx, Dev, Glob, Msg, MsgKind, Origin, Src } from './fields';
import { assumes, codeAt, cpuAt, ctxAt, devAt, isActive, msgAt, originAt, setting, slotAt, srcAt } from './access';
import {
  LEVELS,
  ctxBase,
  globBase,
  liveBase,
  msgFree,
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
const ENTRY: usize = 8;
let planBase: usize = 0;
let planEnd: usize = 0;
let planLimit: usize = 0;
let planFull: bool = false;

let pcBits: u32 = 0;
let markBits: u32 = 0;
let countBits: u32 = 0;

// the bit stream
let acc: u64 = 0;
let fill: u32 = 0;
let cursor: usize = 0;


@inline function put(value: u32, bits: u32): void {
  acc |= (<u64>value) << fill;
  fill += bits;
  if (fill >= 32) {
    store<u32>(cursor, <u32>acc);
    cursor += 4;
    acc >>= 32;
    fill -= 32;
  }
}


@inline function get(bits: u32): u32 {
  if (fill < bits) {
    acc |= (<u64>load<u32>(cursor)) << fill;
    cursor += 4;
    fill += 32;
  }
  const value = <u32>(acc & (((<u64>1) << bits) - 1));
  acc >>= bits;
  fill -= bits;
  return value;
}


@inline function bitsFor(values: u32): u32 {
  return values <= 1 ? 1 : 32 - clz(values - 1);
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


@inline function livenessAt(pc: u32): u64 {
  return load<u64>(liveBase + ((<usize>pc) << 3));
}

/**
 * Live bits of each register of a context: those of its own frame and, for each frame below, those at its return. An access
 * that has taken effect stands between its instruction and the next.
 */
function liveOf(ctx: usize, pc: u32, phase: u32, depth: u32): u64 {
  let live = livenessAt(phase ? pc + 1 : pc);
  // frames use disjoint registers, so widths can be joined bit by bit
  for (let f: u32 = 0; f < depth; f++) live |= livenessAt(load<u16>(ctx + Ctx.ret + ((<usize>f) << 1)));
  return live;
}

/** Set, and kept, when a live register held more than its width: the image would not be the state. */
export let truncated: bool = false;

function packContext(ctx: usize): void {
  const pc = <u32>load<u16>(ctx, Ctx.pc);
  const phase = <u32>load<u8>(ctx, Ctx.phase);
  const depth = <u32>load<u8>(ctx, Ctx.depth);
  put(pc, pcBits);
  put(phase, 1);
  put(depth, 4);
  put(load<u8>(ctx, Ctx.held), 3);
  for (let f: u32 = 0; f < depth; f++) put(load<u16>(ctx + Ctx.ret + ((<usize>f) << 1)), pcBits);
  let live = liveOf(ctx, pc, phase, depth);
  for (let r: usize = 0; live != 0; r++, live >>= 8) {
    const bits = (<u32>live) & 0xff;
    if (bits == 0) continue;
    const value = load<u32>(ctx + Ctx.regs + (r << 2));
    if (bits < 32 && value >> bits != 0) truncated = true;
    put(bits < 32 ? value & ((1 << bits) - 1) : value, bits);
  }
}

function unpackContext(ctx: usize): void {
  const pc = get(pcBits);
  const phase = get(1);
  const depth = get(4);
  store<u16>(ctx, pc, Ctx.pc);
  store<u8>(ctx, phase, Ctx.phase);
  store<u8>(ctx, depth, Ctx.depth);
  store<u8>(ctx, get(3), Ctx.held);
  for (let f: u32 = 0; f < depth; f++) store<u16>(ctx + Ctx.ret + ((<usize>f) << 1), get(pcBits));
  let live = liveOf(ctx, pc, phase, depth);
  for (let r: usize = 0; live != 0; r++, live >>= 8) {
    const bits = (<u32>live) & 0xff;
    if (bits != 0) store<u32>(ctx + Ctx.regs + (r << 2), get(bits));
  }
}

function packMessages(): void {
  for (let o: u32 = 0; o < nOrigins; o++) {
    const head = <u32>load<u16>(originAt(o), Origin.head);
    let n: u32 = 0;
    for (let i = head; i != 0; i = load<u16>(msgAt(i - 1), Msg.next)) n++;
    put(n, countBits);
    for (let i = head; i != 0; i = load<u16>(msgAt(i - 1), Msg.next)) {
      const at = msgAt(i - 1);
      put(load<u8>(at, Msg.stage), 1);
      put(load<u16>(at, Msg.source), 8);
      put(load<u32>(at, Msg.address), 32);
      put(load<u32>(at, Msg.data) & 0xffff, 16);
      const marks = load<u64>(at, Msg.marks);
      put(<u32>marks, min(markBits, 32));
      if (markBits > 32) put(<u32>(marks >> 32), markBits - 32);
    }
  }
}

function unpackMessages(): void {
  let m: u32 = 0;
  for (let o: u32 = 0; o < nOrigins; o++) {
    const list = originAt(o);
    const n = get(countBits);
    store<u16>(list, n ? m + 1 : 0, Origin.head);
    for (let k: u32 = 0; k < n; k++, m++) {
      const at = msgAt(m);
      store<u8>(at, o < nDevices ? MsgKind.msi : MsgKind.ipi, Msg.kind);
      store<u8>(at, get(1), Msg.stage);
      store<u16>(at, o, Msg.origin);
      store<u16>(at, k + 1 < n ? m + 2 : 0, Msg.next);
      store<u16>(at, get(8), Msg.source);
      store<u32>(at, get(32), Msg.address);
      store<u32>(at, get(16), Msg.data);
      let marks = <u64>get(min(markBits, 32));
      if (markBits > 32) marks |= (<u64>get(markBits - 32)) << 32;
      store<u64>(at, marks, Msg.marks);
    }
    store<u16>(list, n ? m : 0, Origin.tail);
  }
  store<u16>(msgFree, m < nMessages ? m + 1 : 0);
  store<u16>(msgFree, m, 2);
  for (; m < nMessages; m++) {
    memory.fill(msgAt(m), 0, Msg.size);
    store<u16>(msgAt(m), m + 1 < nMessages ? m + 2 : 0, Msg.next);
  }
}

/** Packs the state to `at`; returns the length in bytes, a multiple of 8. */
export function pack(at: usize): u32 {
  cursor = at;
  acc = 0;
  fill = 0;
  for (let e = planBase; e < planEnd; e += ENTRY) {
    const bits = <u32>load<u8>(e, 5);
    const word = load<u32>(<usize>load<u32>(e)) >> load<u8>(e, 4);
    put(bits < 32 ? word & ((1 << bits) - 1) : word, bits);
  }
  for (let c: u32 = 0; c < nCpus; c++) {
    for (let level: u32 = 0; level < LEVELS; level++) {
      if (isActive(c, level)) packContext(ctxAt(c, level));
    }
  }
  packMessages();
  store<u64>(cursor, acc);
  cursor += 8;
  const length = <u32>(cursor - at);
  const padded = (length + 7) & ~7;
  // the unused rest of the last words
  if (padded != length) store<u32>(cursor, 0);
  return padded;
}

/** Sets the state from an image. Derived fields of the CPUs are left to the caller (`deriveCpu`). */
export function unpack(at: usize): void {
  cursor = at;
  acc = 0;
  fill = 0;
  for (let e = planBase; e < planEnd; e += ENTRY) {
    const bits = <u32>load<u8>(e, 5);
    const shift = <u32>load<u8>(e, 4);
    const mask = (bits < 32 ? (1 << bits) - 1 : 0xffffffff) << shift;
    const address = <usize>load<u32>(e);
    store<u32>(address, (load<u32>(address) & ~mask) | (get(bits) << shift));
  }
  memory.fill(ctxBase, 0, <usize>nCpus * LEVELS * Ctx.size);
  for (let c: u32 = 0; c < nCpus; c++) {
    for (let level: u32 = 0; level < LEVELS; level++) {
      if (isActive(c, level)) unpackContext(ctxAt(c, level));
    }
  }
  unpackMessages();
}

/** Bits of the fixed part of an image: for the bench and for the bound on image size. */
export function plannedBits(): u32 {
  let bits: u32 = 0;
  for (let e = planBase; e < planEnd; e += ENTRY) bits += load<u8>(e, 5);
  return bits;
}
