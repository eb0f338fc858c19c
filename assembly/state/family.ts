/**
 * Images of a parent and its children: what a step leaves as it was is neither packed nor put back again. The host sees
 * nothing of this; it packs and unpacks whole states (image.ts).
 */
import { Ctx, Msg } from './abi/fields';
import { copyWords } from './access';
import {
  beginRest,
  copyPart,
  gather,
  packCpu,
  packMessages,
  place,
  placed,
  scatter,
  seal,
  startOf,
  unpack,
  unpackRest,
  wordAt,
} from './image';
import { LEVELS, ctxBase, msgBase, msgFree, nCpus, nMessages, originBase, varBase } from './layout';
import { cpuWords, fixedWords, nWords, otherWords, overlapBase } from './plan';
import { clearTouched, touchedCpus, touchedMessages, touchedVariables } from './touched';

/** The fixed part of the parent's image; the values of its planned words; its contexts and messages; its image as a whole. */
let parentImage: usize = 0;
let parentWords: usize = 0;
let parentRest: usize = 0;
let parentAt: usize = 0;
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

/**
 * As `unpack`, from where the state was left by `packChild`: only words that differ from the parent before are touched.
 * Derived fields are left to the caller, who then calls `keepParent`.
 */
export function adopt(at: usize): void {
  parentAt = at;
  if (!adopted) {
    unpack(at);
    for (let i: u32 = 0; i < nWords; i++) keepWord(i);
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
        keepWord(i);
      }
    }
    unpackRest(at);
  }
  copyWords(parentImage, at, (<usize>fixedWords) << 3);
}


@inline function keepWord(i: u32): void {
  store<u64>(parentWords + ((<usize>i) << 3), load<u64>(load<u32>(wordAt(i))));
}

/** Behind `adopt`, once derived fields are computed: what the children are compared with. The image must stay where it is. */
export function keepParent(): void {
  for (let i: u32 = 0; i < cpuWords; i++) keepWord(i);
  memory.copy(parentRest, ctxBase, varBase - ctxBase);
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
    else copyPart(parentAt + startOf(c), parentAt + startOf(c + 1));
  }
  if (touchedMessages) packMessages();
  else copyPart(parentAt + startOf(nCpus), parentAt + startOf(nCpus + 1));
  const length = seal(at);
  for (let i: u32 = 0; i < otherWords; i++) packWord(i, at);
  if (touchedVariables) {
    for (let i = otherWords; i < nWords; i++) packWord(i, at);
  }
  turnBack();
  clearTouched();
  return length;
}

/** Contexts and messages of the parent. */
function turnBack(): void {
  const contexts = <usize>LEVELS * Ctx.size;
  for (let left = touchedCpus; left != 0; left &= left - 1) {
    const offset = <usize>ctz(left) * contexts;
    copyWords(ctxBase + offset, parentRest + offset, contexts);
  }
  if (!touchedMessages) return;
  // messages are taken from the free list in order: none behind those in flight, then or now, has changed
  const parent = <u32>load<u16>(parentRest + (msgFree - ctxBase), 2);
  const used = min(max(parent, <u32>load<u16>(msgFree, 2)) + 1, nMessages);
  copyWords(originBase, parentRest + (originBase - ctxBase), msgBase - originBase + <usize>used * Msg.size);
}
