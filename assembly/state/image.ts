/**
 * The packed canonical image of the check fields: `unpack(pack(s))` behaves as `s`, and two states that behave alike for
 * reasons of bookkeeping only (dead registers, free messages, finished contexts, derived fields) have equal images.
 *
 * A fixed part by plan, bit by bit; then each context in use (program counter, frames, live registers in as many bytes as
 * their declared widths take); then each origin's messages in order; then what is in the queues of remapping units. Images are
 * padded to 8 bytes.
 */
import { Cpu, Ctx, Msg, MsgKind, Origin } from './abi/fields';
import { FunctionSetup } from './abi/tables';
import { Remap, RemapFlag } from './abi/iommu';
import { cpuAt, ctxAt, functionSetup, isAmd, msgAt, originAt, remapAt, requesterOf } from './access';
import { advance, cursor, get, moveTo, put } from './cursor';
import { LEVELS, liveBase, msgFree, nAccessed, nCpus, nDevices, nIoapics, nIommus, nMessages, nOrigins } from './layout';
import { packQueues, unpackQueues } from './queues';
import { WORD, fixedWords, markBits, nWords, runBase, wordBase } from './plan';


@inline function bytesFor(bits: u32): usize {
  return (bits + 7) >> 3;
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
  put(pc | (phase << 16) | (depth << 17) | ((<u32>load<u8>(ctx, Ctx.held)) << 21), 3);
  for (let f: u32 = 0; f < depth; f++) put(load<u16>(ctx + Ctx.ret + ((<usize>f) << 1)), 2);
  for (let live = liveOf(ctx, pc, phase, depth); live != 0;) {
    const lane = (<u32>ctz(live)) >> 3;
    const bits = (<u32>(live >> (lane << 3))) & 0xff;
    live &= ~((<u64>0xff) << (lane << 3));
    const value = load<u32>(ctx + Ctx.regs + ((<usize>lane) << 2));
    if (bits < 32 && value >> bits != 0) truncated = true;
    put(value, bytesFor(bits));
  }
}

function unpackContext(ctx: usize): void {
  const head = get(3);
  const pc = head & 0xffff;
  const phase = (head >> 16) & 1;
  const depth = (head >> 17) & 15;
  store<u16>(ctx, pc, Ctx.pc);
  store<u8>(ctx, phase, Ctx.phase);
  store<u8>(ctx, depth, Ctx.depth);
  store<u8>(ctx, head >> 21, Ctx.held);
  for (let f: u32 = 0; f < depth; f++) store<u16>(ctx + Ctx.ret + ((<usize>f) << 1), get(2));
  for (let live = liveOf(ctx, pc, phase, depth); live != 0;) {
    const lane = (<u32>ctz(live)) >> 3;
    const bits = (<u32>(live >> (lane << 3))) & 0xff;
    live &= ~((<u64>0xff) << (lane << 3));
    store<u32>(ctx + Ctx.regs + ((<usize>lane) << 2), get(bytesFor(bits)));
  }
}

/** What a unit has made of message m: unit and flags, then the entry, then what it has fetched of it. */
function packRemap(m: u32): void {
  const at = remapAt(m);
  const unit = <u32>load<u8>(at, Remap.unit);
  const flags = <u32>load<u16>(at, Remap.flags);
  put((unit << FLAG_BITS) | flags, 2);
  if (unit == 0) return;
  put(load<u16>(at, Remap.index), 2);
  if ((flags & (RemapFlag.missed | RemapFlag.posted)) == 0) return;
  put(load<u32>(at, Remap.pda), 4);
  put(load<u32>(at, Remap.pda + 4), 4);
  if (flags & RemapFlag.missed && isAmd(unit - 1)) put(load<u32>(at, Remap.destination), 4);
}

/** Of a message in the list of origin `o`. */
function unpackRemap(m: u32, o: u32): void {
  const at = remapAt(m);
  memory.fill(at, 0, Remap.size);
  const head = get(2);
  if (head == 0) return;
  const unit = head >> FLAG_BITS;
  const flags = head & ((1 << FLAG_BITS) - 1);
  store<u8>(at, unit, Remap.unit);
  store<u16>(at, flags, Remap.flags);
  if (flags & (RemapFlag.remapped | RemapFlag.posted | RemapFlag.doorbell)) {
    store<u32>(at, load<u32>(msgAt(m), Msg.address), Remap.destination);
    store<u32>(at, load<u32>(msgAt(m), Msg.data), Remap.data);
  }
  // what a unit itself sends
  if (unit == 0) return;
  store<u16>(at, get(2), Remap.index);
  const amd = isAmd(unit - 1);
  if (amd) store<u16>(at, requesterOf(o), Remap.requester);
  // a request that VT-d is to post has its vector where its data was
  else if (flags & RemapFlag.posted) store<u32>(at, load<u8>(msgAt(m), Msg.data), Remap.data);
  if ((flags & (RemapFlag.missed | RemapFlag.posted)) == 0) return;
  store<u32>(at, get(4), Remap.pda);
  store<u32>(at, get(4), Remap.pda + 4);
  if (flags & RemapFlag.missed && amd) store<u32>(at, get(4), Remap.destination);
}

/** Bits of all `RemapFlag`s. */
const FLAG_BITS: u32 = 11;

/** The origin is an IOAPIC. */
@inline function isOfPins(o: u32): bool {
  return o - nDevices - nCpus < nIoapics;
}

/** The origin is a remapping unit. */
@inline function isOfUnit(o: u32): bool {
  return o - nDevices - nCpus - nIoapics < nIommus;
}

/** Bit of an EOI among what CPUs have sent. */
const EOI: u32 = 0x2000;

/** A message's source, of an IOAPIC's the pin. */
function sourceIn(at: usize, o: u32): u32 {
  if (isOfPins(o)) return load<u16>(at, Msg.pin);
  return (<u32>load<u16>(at, Msg.source)) | (load<u8>(at, Msg.kind) == MsgKind.eoi ? EOI : 0);
}

function kindIn(o: u32, head: u32): u32 {
  if (o < nDevices || isOfPins(o) || isOfUnit(o)) return MsgKind.msi;
  return head & EOI ? MsgKind.eoi : MsgKind.ipi;
}

/** The origin is a list of accesses on their way to a function. */
@inline function isOfAccesses(o: u32): bool {
  return o >= nOrigins - nAccessed;
}

/** The data of a message has 16 bits, of one from an MSI-X table 32. */
@inline function dataBytes(o: u32): usize {
  return o < nDevices && functionSetup(o, FunctionSetup.msixVectors) != 0 ? 4 : 2;
}

/**
 * An origin: a byte with the number of its messages; a message: source and stage, data, address, marks, what a unit made of it. Of
 * a write to an MSI-X table: offset, value, marks.
 */
export function packMessages(): void {
  const markBytes = bytesFor(markBits);
  for (let o: u32 = 0; o < nOrigins; o++) {
    const count = cursor;
    put(0, 1);
    let n: u32 = 0;
    for (let i = <u32>load<u16>(originAt(o), Origin.head); i != 0; n++) {
      const at = msgAt(i - 1);
      if (isOfAccesses(o)) {
        put(load<u32>(at, Msg.address), 2);
        put(load<u32>(at, Msg.data), 4);
      } else {
        const stage = <u32>load<u8>(at, Msg.stage);
        put(sourceIn(at, o) | ((stage & 1) << 15) | ((stage >> 1) << 14), 2);
        put(load<u32>(at, Msg.data), dataBytes(o));
        put(load<u32>(at, Msg.address), 4);
      }
      store<u64>(cursor, load<u64>(at, Msg.marks));
      advance(markBytes);
      if (nIommus) packRemap(i - 1);
      i = load<u16>(at, Msg.next);
    }
    store<u8>(count, n);
  }
}

/** `used`: messages behind this one are free, and in order. */
export function unpackMessages(used: u32): void {
  const markBytes = bytesFor(markBits);
  const marks = markBytes == 8 ? ~(<u64>0) : ((<u64>1) << (markBytes << 3)) - 1;
  let m: u32 = 0;
  for (let o: u32 = 0; o < nOrigins; o++) {
    const list = originAt(o);
    const n = get(1);
    store<u16>(list, n ? m + 1 : 0, Origin.head);
    for (let k: u32 = 0; k < n; k++, m++) {
      const at = msgAt(m);
      const head = get(2);
      store<u16>(at, o, Msg.origin);
      store<u16>(at, k + 1 < n ? m + 2 : 0, Msg.next);
      if (isOfAccesses(o)) {
        store<u8>(at, MsgKind.table, Msg.kind);
        store<u8>(at, 1, Msg.stage);
        store<u16>(at, 0, Msg.source);
        store<u32>(at, head, Msg.address);
        store<u32>(at, get(4), Msg.data);
      } else {
        store<u8>(at, kindIn(o, head), Msg.kind);
        store<u8>(at, (head >> 15) | ((head >> 13) & 2), Msg.stage);
        store<u16>(at, isOfPins(o) ? 0 : head & 0x1fff, Msg.source);
        if (nIoapics) store<u16>(at, isOfPins(o) ? head & 0x1fff : 0, Msg.pin);
        store<u32>(at, get(dataBytes(o)), Msg.data);
        store<u32>(at, get(4), Msg.address);
      }
      store<u64>(at, load<u64>(cursor) & marks, Msg.marks);
      advance(markBytes);
      if (nIommus) unpackRemap(m, o);
    }
    store<u16>(list, n ? m : 0, Origin.tail);
  }
  store<u16>(msgFree, m < nMessages ? m + 1 : 0);
  store<u16>(msgFree, m, 2);
  for (const end = min(used, nMessages); m < end; m++) {
    const at = msgAt(m);
    if (load<u8>(at, Msg.kind) != MsgKind.free) memory.fill(at, 0, Msg.size);
    if (nIommus) memory.fill(remapAt(m), 0, Remap.size);
    store<u16>(at, m + 1 < nMessages ? m + 2 : 0, Msg.next);
  }
}

// --- the fixed part, word by word

@inline export function wordAt(i: u32): usize {
  return wordBase + <usize>i * WORD;
}

/** The planned bits of a word's value, side by side. */
export function gather(word: usize, value: u64): u64 {
  const runs = <u32>load<u8>(word, 12);
  let run = runBase + ((<usize>load<u32>(word, 8)) << 1);
  let out: u64 = 0;
  let at: u32 = 0;
  for (let i: u32 = 0; i < runs; i++, run += 2) {
    const length = <u32>load<u8>(run, 1);
    out |= ((value >> load<u8>(run)) & (~(<u64>0) >> (64 - length))) << at;
    at += length;
  }
  return out;
}

/** The value of a word with its planned bits set as `gather` gave them. */
export function scatter(word: usize, value: u64, bits: u64): u64 {
  const runs = <u32>load<u8>(word, 12);
  let run = runBase + ((<usize>load<u32>(word, 8)) << 1);
  let out = value;
  let left = bits;
  for (let i: u32 = 0; i < runs; i++, run += 2) {
    const length = <u32>load<u8>(run, 1);
    const shift = <u64>load<u8>(run);
    const mask = ~(<u64>0) >> (64 - length);
    out = (out & ~(mask << shift)) | ((left & mask) << shift);
    left = length == 64 ? 0 : left >> length;
  }
  return out;
}

/** Writes a word's planned bits into the fixed part of the image at `at`. */
export function place(word: usize, bits: u64, at: usize): void {
  const position = load<u32>(word, 4);
  const n = <u32>load<u8>(word, 13);
  const to = at + ((<usize>(position >> 6)) << 3);
  const from = position & 63;
  const mask = ~(<u64>0) >> (64 - n);
  store<u64>(to, (load<u64>(to) & ~(mask << from)) | (bits << from));
  if (from + n <= 64) return;
  store<u64>(to, (load<u64>(to, 8) & ~(mask >> (64 - from))) | (bits >> (64 - from)), 8);
}

/** Which bits of u64 number k of the image are the word's. */
@inline export function bitsIn(word: usize, k: u32): u64 {
  const from = <i32>load<u32>(word, 4) - <i32>(k << 6);
  const mask = ~(<u64>0) >> (64 - <u32>load<u8>(word, 13));
  return from < 0 ? mask >> -from : mask << from;
}


@inline export function placed(word: usize, at: usize): u64 {
  const position = load<u32>(word, 4);
  const n = <u32>load<u8>(word, 13);
  const to = at + ((<usize>(position >> 6)) << 3);
  const from = position & 63;
  let bits = load<u64>(to) >> from;
  if (from + n > 64) bits |= load<u64>(to, 8) << (64 - from);
  return bits & (~(<u64>0) >> (64 - n));
}

// --- the part of variable length

/** What is packed or unpacked next stands behind the fixed part of the image at `at`. */
export function beginRest(at: usize): void {
  moveTo(at + ((<usize>fixedWords) << 3));
}


@inline export function restAt(): usize {
  return cursor;
}


@inline export function skipRest(bytes: usize): void {
  advance(bytes);
}

/** Copies [from, to); up to seven bytes behind are garbage until they are written. */
@inline export function copyPart(from: usize, to: usize): void {
  for (let p = from; p < to; p += 8) store<u64>(cursor + (p - from), load<u64>(p));
  advance(to - from);
}

export function packCpu(c: u32): void {
  const active = <u32>load<u8>(cpuAt(c), Cpu.active);
  for (let level: u32 = 0; active >> level != 0; level++) {
    if ((active >> level) & 1) packContext(ctxAt(c, level));
  }
}

/** Ends an image; returns its length. */
export function seal(at: usize): u32 {
  // the unused rest of the last word
  store<u64>(cursor, 0);
  return (<u32>(cursor - at) + 7) & ~7;
}

export function unpackCpu(c: u32): void {
  memory.fill(ctxAt(c, 0), 0, LEVELS * Ctx.size);
  const active = <u32>load<u8>(cpuAt(c), Cpu.active);
  for (let level: u32 = 0; active >> level != 0; level++) {
    if ((active >> level) & 1) unpackContext(ctxAt(c, level));
  }
}

/** Packs the state to `at`; returns the length in bytes, a multiple of 8. */
export function pack(at: usize): u32 {
  memory.fill(at, 0, (<usize>fixedWords) << 3);
  for (let i: u32 = 0; i < nWords; i++) {
    const word = wordAt(i);
    place(word, gather(word, load<u64>(load<u32>(word))), at);
  }
  beginRest(at);
  for (let c: u32 = 0; c < nCpus; c++) packCpu(c);
  packMessages();
  packQueues();
  return seal(at);
}

/** Sets the state from an image. Derived fields of the CPUs are left to the caller (`deriveCpu`). */
export function unpack(at: usize): void {
  for (let i: u32 = 0; i < nWords; i++) {
    const word = wordAt(i);
    const address = <usize>load<u32>(word);
    store<u64>(address, scatter(word, load<u64>(address), placed(word, at)));
  }
  beginRest(at);
  for (let c: u32 = 0; c < nCpus; c++) unpackCpu(c);
  unpackMessages(nMessages);
  unpackQueues();
}
