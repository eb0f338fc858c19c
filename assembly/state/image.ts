/**
 * The packed canonical image of the check fields: `unpack(pack(s))` behaves as `s`, and two states that behave alike for
 * reasons of bookkeeping only (dead registers, free messages, finished contexts, derived fields) have equal images.
 *
 * A fixed part by plan; then each context in use (program counter, frames, live registers in their declared widths); then
 * each origin's messages in order. Images are padded to 8 bytes.
 */
import { Ctx, Msg, MsgKind, Origin } from './abi/fields';
import { ctxAt, isActive, msgAt, originAt } from './access';
import { LEVELS, ctxBase, liveBase, msgFree, nCpus, nDevices, nMessages, nOrigins, varBase } from './layout';
import { WORD, countBits, fixedWords, markBits, nWords, overlapBase, pcBits, runBase, wordBase } from './plan';

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

// --- the fixed part, word by word

@inline function wordAt(i: u32): usize {
  return wordBase + <usize>i * WORD;
}

/** The planned bits of a word's value, side by side. */
function gather(word: usize, value: u64): u64 {
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
function scatter(word: usize, value: u64, bits: u64): u64 {
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
function place(word: usize, bits: u64, at: usize): void {
  const position = load<u32>(word, 4);
  const n = <u32>load<u8>(word, 13);
  const to = at + ((<usize>(position >> 6)) << 3);
  const from = position & 63;
  const mask = ~(<u64>0) >> (64 - n);
  store<u64>(to, (load<u64>(to) & ~(mask << from)) | (bits << from));
  if (from + n <= 64) return;
  store<u64>(to, (load<u64>(to, 8) & ~(mask >> (64 - from))) | (bits >> (64 - from)), 8);
}


@inline function placed(word: usize, at: usize): u64 {
  const position = load<u32>(word, 4);
  const n = <u32>load<u8>(word, 13);
  const to = at + ((<usize>(position >> 6)) << 3);
  const from = position & 63;
  let bits = load<u64>(to) >> from;
  if (from + n > 64) bits |= load<u64>(to, 8) << (64 - from);
  return bits & (~(<u64>0) >> (64 - n));
}

// --- the part of variable length

/** Packs contexts and messages behind the fixed part; returns the length of the whole image. */
function packRest(at: usize): u32 {
  cursor = at + ((<usize>fixedWords) << 3);
  acc = 0;
  fill = 0;
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

function unpackRest(at: usize): void {
  cursor = at + ((<usize>fixedWords) << 3);
  acc = 0;
  fill = 0;
  memory.fill(ctxBase, 0, <usize>nCpus * LEVELS * Ctx.size);
  for (let c: u32 = 0; c < nCpus; c++) {
    for (let level: u32 = 0; level < LEVELS; level++) {
      if (isActive(c, level)) unpackContext(ctxAt(c, level));
    }
  }
  unpackMessages();
}

/** Packs the state to `at`; returns the length in bytes, a multiple of 8. */
export function pack(at: usize): u32 {
  memory.fill(at, 0, (<usize>fixedWords) << 3);
  for (let i: u32 = 0; i < nWords; i++) {
    const word = wordAt(i);
    place(word, gather(word, load<u64>(load<u32>(word))), at);
  }
  return packRest(at);
}

/** Sets the state from an image. Derived fields of the CPUs are left to the caller (`deriveCpu`). */
export function unpack(at: usize): void {
  for (let i: u32 = 0; i < nWords; i++) {
    const word = wordAt(i);
    const address = <usize>load<u32>(word);
    store<u64>(address, scatter(word, load<u64>(address), placed(word, at)));
  }
  unpackRest(at);
}

// --- a parent and its children: what a step leaves as it was is neither packed nor put back again

/** The fixed part of the parent's image; the values of its planned words; its contexts and messages. */
let parentImage: usize = 0;
let parentWords: usize = 0;
let parentRest: usize = 0;
/** False until a parent has been adopted. */
let adopted: bool = false;

/** Bytes that `openFamily` needs. */
export function familyBytes(): usize {
  return ((<usize>fixedWords + nWords) << 3) + (varBase - ctxBase);
}

export function openFamily(at: usize): void {
  parentImage = at;
  parentWords = parentImage + ((<usize>fixedWords) << 3);
  parentRest = parentWords + ((<usize>nWords) << 3);
  adopted = false;
}

/** As `unpack`, from where the state was left by `packChild`: only words that differ from the parent before are touched. */
export function adopt(at: usize): void {
  if (!adopted) {
    unpack(at);
    adopted = true;
  } else {
    for (let k: u32 = 0; k < fixedWords; k++) {
      const offset = (<usize>k) << 3;
      if (load<u64>(parentImage + offset) == load<u64>(at + offset)) continue;
      const overlap = overlapBase + ((<usize>k) << 2);
      const end = <u32>load<u16>(overlap) + load<u16>(overlap, 2);
      for (let i = <u32>load<u16>(overlap); i < end; i++) {
        const word = wordAt(i);
        const address = <usize>load<u32>(word);
        store<u64>(address, scatter(word, load<u64>(address), placed(word, at)));
      }
    }
    unpackRest(at);
  }
  memory.copy(parentImage, at, (<usize>fixedWords) << 3);
}

/** Behind `adopt`, once derived fields are computed: what the children are compared with. */
export function keepParent(): void {
  for (let i: u32 = 0; i < nWords; i++) store<u64>(parentWords + ((<usize>i) << 3), load<u64>(load<u32>(wordAt(i))));
  memory.copy(parentRest, ctxBase, varBase - ctxBase);
}

/** Packs the state, a child of the adopted one, and turns it back into its parent. */
export function packChild(at: usize): u32 {
  memory.copy(at, parentImage, (<usize>fixedWords) << 3);
  const length = packRest(at);
  for (let i: u32 = 0; i < nWords; i++) {
    const word = wordAt(i);
    const address = <usize>load<u32>(word);
    const value = load<u64>(address);
    const was = load<u64>(parentWords + ((<usize>i) << 3));
    if (value == was) continue;
    place(word, gather(word, value), at);
    store<u64>(address, was);
  }
  memory.copy(ctxBase, parentRest, varBase - ctxBase);
  return length;
}
