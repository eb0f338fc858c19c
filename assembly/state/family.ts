/**
 * Images of a parent and its children: what a step leaves as it was is neither packed nor put back again, and what the next
 * parent has in common with the last one is not unpacked again. The host sees nothing of this; it packs and unpacks whole
 * states (image.ts).
 */
import { Cpu, Ctx, Msg } from './abi/fields';
import { Remap } from './abi/iommu';
import { copyWords, cpuAt } from './access';
import {
  beginRest,
  bitsIn,
  copyPart,
  gather,
  packCpu,
  packMessages,
  place,
  placed,
  restAt,
  scatter,
  seal,
  skipRest,
  unpack,
  unpackCpu,
  unpackMessages,
  wordAt,
} from './image';
import { LEVELS, cpuBase, ctxBase, msgBase, msgFree, nCpus, nIommus, nMessages, originBase, remapBase, varBase } from './layout';
import { packQueues, unpackQueues } from './queues';
import { cpuWords, fixedWords, nWords, otherWords, overlapBase } from './plan';
import { clearTouched, touchedCpus, touchedMessages, touchedQueues, touchedVariables } from './touched';

/** The parent's image; the values of its planned words; its contexts and messages. */
let parentImage: usize = 0;
let parentWords: usize = 0;
let parentRest: usize = 0;
/** False until a parent has been adopted. */
let adopted: bool = false;

/** More CPUs than an image can name in its marks (16) are never searched. */
export const MOST_CPUS: u32 = 32;
/** Offsets in the parent's image: where each CPU's contexts begin, behind the last one messages, then queues; and where they end. */
const starts: usize = memory.data(4 * 35);
/** Contexts in use of each CPU of the parent. */
const actives: usize = memory.data(32);

/** Bytes that `openFamily` needs, for images of at most `image` bytes. */
export function familyBytes(image: u32): usize {
  return ((<usize>nWords) << 3) + (varBase - ctxBase) + image + 16;
}

export function openFamily(at: usize): void {
  parentWords = at;
  parentRest = parentWords + ((<usize>nWords) << 3);
  parentImage = parentRest + (varBase - ctxBase);
  adopted = false;
}


@inline function startOf(c: u32): usize {
  return load<u32>(starts + ((<usize>c) << 2));
}


@inline function keepWord(i: u32): void {
  store<u64>(parentWords + ((<usize>i) << 3), load<u64>(load<u32>(wordAt(i))));
}

/**
 * As `unpack`, from where the state was left by `packChild`: only what differs from the parent before is touched. Returns
 * the CPUs (bit by index) whose derived fields the caller has to compute, and then calls `keepParent`.
 */
export function adopt(at: usize, bytes: u32): u32 {
  const known = adopted;
  adopted = true;
  let cpus: u32 = 0;
  if (!known) {
    unpack(at);
    for (let i: u32 = 0; i < nWords; i++) keepWord(i);
    cpus = u32.MAX_VALUE;
  } else {
    for (let k: u32 = 0; k < fixedWords; k++) {
      const offset = (<usize>k) << 3;
      const differing = load<u64>(parentImage + offset) ^ load<u64>(at + offset);
      if (differing == 0) continue;
      const overlap = overlapBase + ((<usize>k) << 2);
      const end = <u32>load<u16>(overlap) + load<u16>(overlap, 2);
      for (let i = <u32>load<u16>(overlap); i < end; i++) {
        const word = wordAt(i);
        if ((differing & bitsIn(word, k)) == 0) continue;
        const address = <usize>load<u32>(word);
        store<u64>(address, scatter(word, load<u64>(address), placed(word, at)));
        keepWord(i);
        if (i < cpuWords) cpus |= (<u32>1) << ((<u32>(address - cpuBase) / <u32>Cpu.size) & 31);
      }
    }
  }
  adoptRest(at, known);
  copyWords(parentImage, at, bytes);
  return cpus;
}

/** The contexts and messages of the parent. */
function adoptRest(at: usize, known: bool): void {
  beginRest(at);
  let from = startOf(0);
  for (let c: u32 = 0; c < nCpus; c++) {
    const begin = restAt();
    const end = startOf(c + 1);
    const active = load<u8>(cpuAt(c), Cpu.active);
    if (known && active == load<u8>(actives + c) && sameBytes(begin, parentImage + from, end - from)) {
      skipRest(end - from);
    } else {
      unpackCpu(c);
      store<u8>(actives + c, active);
      const offset = <usize>c * LEVELS * Ctx.size;
      copyWords(parentRest + offset, ctxBase + offset, LEVELS * Ctx.size);
    }
    store<u32>(starts + ((<usize>c) << 2), <u32>(begin - at));
    from = end;
  }
  const begin = restAt();
  const end = startOf(nCpus + 1);
  if (known && sameBytes(begin, parentImage + from, end - from)) {
    skipRest(end - from);
  } else {
    const used = known ? <u32>load<u16>(msgFree, 2) : nMessages;
    unpackMessages(used);
    const messages = max(used, <u32>load<u16>(msgFree, 2));
    copyMessages(parentRest, ctxBase, messages);
  }
  store<u32>(starts + ((<usize>nCpus) << 2), <u32>(begin - at));
  store<u32>(starts + ((<usize>nCpus) << 2), <u32>(restAt() - at), 4);
  if (nIommus) unpackQueues();
  store<u32>(starts + ((<usize>nCpus) << 2), <u32>(restAt() - at), 8);
}

/** Up to seven bytes behind both may be looked at. */
function sameBytes(a: usize, b: usize, bytes: usize): bool {
  let i: usize = 0;
  for (; i + 8 <= bytes; i += 8) {
    if (load<u64>(a + i) != load<u64>(b + i)) return false;
  }
  const left = (<u64>(bytes - i)) << 3;
  return left == 0 || (load<u64>(a + i) ^ load<u64>(b + i)) << (64 - left) == 0;
}

/** Behind `adopt`, once derived fields are computed: what the children are compared with. */
export function keepParent(cpus: u32): void {
  if (cpus != 0) {
    for (let i: u32 = 0; i < cpuWords; i++) keepWord(i);
  }
  clearTouched();
}

/** Packs a word that differs from the parent's, and turns it back. */
@inline function packWord(i: u32, at: usize): void {
  const word = wordAt(i);
  const address = <usize>load<u32>(word);
  const value = load<u64>(address);
  const was = load<u64>(parentWords + ((<usize>i) << 3));
  if (value == was) return;
  place(word, gather(word, value), at);
  store<u64>(address, was);
}

/** Packs the state, a child of the adopted one, and turns it back into its parent. */
export function packChild(at: usize): u32 {
  copyWords(at, parentImage, (<usize>fixedWords) << 3);
  beginRest(at);
  for (let c: u32 = 0; c < nCpus; c++) {
    if ((touchedCpus >> c) & 1) packCpu(c);
    else copyPart(parentImage + startOf(c), parentImage + startOf(c + 1));
  }
  if (touchedMessages) packMessages();
  else copyPart(parentImage + startOf(nCpus), parentImage + startOf(nCpus + 1));
  if (touchedQueues) packQueues();
  else copyPart(parentImage + startOf(nCpus + 1), parentImage + startOf(nCpus + 2));
  const length = seal(at);
  for (let i: u32 = 0; i < otherWords; i++) packWord(i, at);
  if (touchedVariables) {
    for (let i = otherWords; i < nWords; i++) packWord(i, at);
  }
  turnBack();
  clearTouched();
  return length;
}

/** Contexts, messages and queues of the parent. */
function turnBack(): void {
  if (touchedQueues) {
    beginRest(parentImage);
    skipRest(startOf(nCpus + 1) - startOf(0));
    unpackQueues();
  }
  const contexts = <usize>LEVELS * Ctx.size;
  for (let left = touchedCpus; left != 0; left &= left - 1) {
    const offset = <usize>ctz(left) * contexts;
    copyWords(ctxBase + offset, parentRest + offset, contexts);
  }
  if (!touchedMessages) return;
  // messages are taken from the free list in order: none behind those in flight, then or now, has changed
  const parent = <u32>load<u16>(parentRest + (msgFree - ctxBase), 2);
  const used = min(max(parent, <u32>load<u16>(msgFree, 2)) + 1, nMessages);
  copyMessages(ctxBase, parentRest, used);
}

/** Origins and the first `n` messages, between places that both begin with contexts. */
function copyMessages(to: usize, from: usize, n: u32): void {
  const origins = originBase - ctxBase;
  copyWords(to + origins, from + origins, msgBase - originBase + <usize>n * Msg.size);
  const remaps = remapBase - ctxBase;
  if (nIommus) copyWords(to + remaps, from + remaps, <usize>n * Remap.size);
}
