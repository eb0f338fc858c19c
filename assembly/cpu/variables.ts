/**
 * Variables of the kernel model: elements, masks of any width, lists. The core knows slots, not names. An index out of
 * range is a fault of the model, reported with its instruction, and reads as 0.
 */
import { NONE, PidWord, VarFlag, VarWord } from '../state/abi/instructions';
import { Fault } from '../state/abi/outcomes';
import { slotAt, timed } from '../state/access';
import { blockEnd, isOfDescriptors, nVariables, varBase, vectorHi, vectorLo } from '../state/layout';
import { touchVariables } from '../state/touched';
import { inUniverse } from '../lapic/accept';
import { afterStore, beforeStore } from '../iommu/lines';
import { raiseFault, setOutside } from '../record/violations';

/** A word of a variable's record; 0 for a slot that does not exist, which `element` reports. */
@inline export function word(slot: u32, which: u32): u32 {
  return slot < nVariables ? load<u32>(slotAt(slot) + ((<usize>which) << 2)) : 0;
}


@inline export function flagsOf(slot: u32): u32 {
  return word(slot, VarWord.flags);
}

/** Address of slot[i][j], or 0 and a fault. */
export function element(slot: u32, i: u32, j: u32, pc: u32): usize {
  if (slot >= nVariables) {
    raiseFault(Fault.index, pc);
    return 0;
  }
  const at = slotAt(slot);
  const dim1 = load<u32>(at, VarWord.dim1 * 4);
  if (i >= load<u32>(at, VarWord.dim0 * 4) || j >= dim1) {
    raiseFault(Fault.index, pc);
    return 0;
  }
  return <usize>load<u32>(at, VarWord.address * 4) + <usize>((i * dim1 + j) * load<u32>(at, VarWord.bytes * 4));
}

/** Value at an address that `element` returned. */
@inline export function loadElement(slot: u32, at: usize): u32 {
  if (at == 0) return 0;
  const bytes = word(slot, VarWord.bytes);
  return bytes == 1 ? <u32>load<u8>(at) : bytes == 2 ? <u32>load<u16>(at) : load<u32>(at);
}

/** What a word of a descriptor holds must be in the image, if there is one: of PIR the universe's vectors, nothing that is reserved. */
function needsDescriptor(slot: u32, at: usize, value: u32): void {
  if (timed() || value == 0) return;
  const word = ((<u32>(at - <usize>load<u32>(slotAt(slot), VarWord.address * 4))) >> 2) & (PidWord.count - 1);
  if (word > <u32>PidWord.ndst) setOutside(true);
  for (let bits = word < <u32>PidWord.control ? value : 0; bits; bits &= bits - 1) {
    if (!inUniverse((word << 5) + ctz(bits))) setOutside(true);
  }
}

/** Stores a value; one that an image could not hold is a fault. */
export function storeElement(slot: u32, at: usize, value: u32, pc: u32): void {
  if (at == 0) return;
  const bits = word(slot, VarWord.bits);
  if (bits < 32 && value >> bits != 0) {
    raiseFault(Fault.index, pc);
    return;
  }
  touchVariables(at);
  const bytes = word(slot, VarWord.bytes);
  const seen = (flagsOf(slot) & VarFlag.dma) != 0;
  if (seen) beforeStore(at);
  if (bytes == 1) store<u8>(at, value);
  else if (bytes == 2) store<u16>(at, value);
  else store<u32>(at, value);
  if (!seen) return;
  afterStore(at);
  if (isOfDescriptors(slotAt(slot))) needsDescriptor(slot, at, value);
}

// --- masks: words of 32 bits; `bits` of a mask variable is its width, a reference is the address of its first word

@inline export function maskWords(slot: u32): u32 {
  return word(slot, VarWord.bytes) >> 2;
}

/** The words a mask operation looks at: those of its narrower operand. */
@inline export function bothWords(a: u32, slot2: u32): u32 {
  return slot2 == NONE ? a : min(a, maskWords(slot2));
}


@inline function both(at: usize, at2: usize, w: u32): u32 {
  const bits = load<u32>(at + ((<usize>w) << 2));
  return at2 ? bits & load<u32>(at2 + ((<usize>w) << 2)) : bits;
}

export function maskFirst(at: usize, at2: usize, words: u32): u32 {
  for (let w: u32 = 0; w < words; w++) {
    const bits = both(at, at2, w);
    if (bits) return (w << 5) + ctz(bits);
  }
  return NONE;
}

export function maskCount(at: usize, at2: usize, words: u32): u32 {
  let n: u32 = 0;
  for (let w: u32 = 0; w < words; w++) n += popcnt(both(at, at2, w));
  return n;
}

/** Bit with the largest (or smallest) key; the first wins on ties. */
export function maskBest(at: usize, at2: usize, words: u32, keys: u32, most: bool, pc: u32): u32 {
  let best: u32 = NONE;
  let bestKey: u32 = 0;
  for (let w: u32 = 0; w < words; w++) {
    for (let bits = both(at, at2, w); bits; bits &= bits - 1) {
      const i = (w << 5) + ctz(bits);
      const key = loadElement(keys, element(keys, i, 0, pc));
      if (best != NONE && (most ? key <= bestKey : key >= bestKey)) continue;
      best = i;
      bestKey = key;
    }
  }
  return best;
}

/** Lowest vector of the universe whose bit is clear. */
export function maskFirstFree(at: usize): u32 {
  for (let v = vectorLo; v < vectorHi; v++) {
    if (((load<u32>(at + ((<usize>(v >> 5)) << 2)) >> (v & 31)) & 1) == 0) return v;
  }
  return NONE;
}

/** Bits that a mask may hold: what its domain has; of vectors all 256. */
export function maskWidth(slot: u32): u32 {
  return (flagsOf(slot) & VarFlag.vectorMask) != 0 ? maskWords(slot) << 5 : word(slot, VarWord.bits);
}

/** References point into the variables of the state; anything else is a fault. `words`: how far the access may reach. */
export function checkedReference(ref: u32, words: u32, pc: u32): usize {
  if (<usize>ref >= varBase && <usize>ref < blockEnd && blockEnd - <usize>ref >= (<usize>words) << 2) return ref;
  raiseFault(Fault.index, pc);
  return 0;
}

/** Lowest j >= from with slot[i][j] != empty; over vectors, those of the universe. */
export function scan(slot: u32, i: u32, from: u32, empty: u32, pc: u32): u32 {
  const byVector = (flagsOf(slot) & VarFlag.byVector) != 0;
  const end = byVector ? vectorHi : word(slot, VarWord.dim1);
  for (let j = byVector ? max(from, vectorLo) : from; j < end; j++) {
    if (loadElement(slot, element(slot, i, j, pc)) != empty) return j;
  }
  return NONE;
}

// --- lists: heads[i] and next[node] hold node + 1, 0 = end

/** Address of the link that was changed besides the node's own, or 0. */
export function listPush(heads: u32, nexts: u32, i: u32, node: u32, pc: u32): usize {
  const head = element(heads, i, 0, pc);
  const next = element(nexts, node, 0, pc);
  if (head == 0 || next == 0) return 0;
  storeElement(nexts, next, loadElement(heads, head), pc);
  storeElement(heads, head, node + 1, pc);
  return head;
}

/** As `listPush`; 0 as well if the node is not in the list. */
export function listRemove(heads: u32, nexts: u32, i: u32, node: u32, pc: u32): usize {
  let slot = heads;
  let link = element(heads, i, 0, pc);
  for (let steps: u32 = 0; link != 0 && steps <= 0xffff; steps++) {
    const at = loadElement(slot, link);
    if (at == 0) return 0;
    const next = element(nexts, at - 1, 0, pc);
    if (next == 0) return 0;
    if (at == node + 1) {
      storeElement(slot, link, loadElement(nexts, next), pc);
      storeElement(nexts, next, 0, pc);
      return link;
    }
    slot = nexts;
    link = next;
  }
  return 0;
}
