/**
 * The event queue: a timing wheel over cycles of one level by 4096 slots, which most of what CPUs and messages do falls into, and seven by
 * 256, with occupancy bitmaps. Idle cycles cost nothing: the clock jumps to the next occupied slot.
 *
 * A node belongs to one actor (a CPU's next micro-op, a message's arrival, a source's next raise ...) and is linked into
 * one doubly linked list. Those of level 0, a cycle each, are in order: events of one cycle run by phase, those of CPUs then by number,
 * others first come first served. Cascading moves whole lists in order, so first come stays first.
 *
 * CPUs go by number so that it makes no difference when they are armed: one that runs ahead of the clock is armed early.
 */
import {
  FIRST_BITS,
  FIRST_SLOTS,
  FIRST_WORDS,
  LIST_SIZE,
  NODE_SIZE,
  listBase,
  nodeBase,
  nNodes,
  nowBase,
  occupancyBase,
} from '../state/layout';
import { mix } from '../state/hash';

/** Phases of a cycle: what arrives is seen by the CPU in the same cycle, what a device does next comes last. */
export const PHASE_MESSAGE: u32 = 0;
export const PHASE_CPU: u32 = 1;
export const PHASE_DEVICE: u32 = 2;
export const PHASE_OPERATION: u32 = 3;

// node: due u64, next u32 + 1, prev u32 + 1 (both 0 while it is not armed), list u32 + 1 (0 = not armed), phase u32
const NEXT: usize = 8;
const PREV: usize = 12;
const LIST: usize = 16;
const PHASE: usize = 20;

/** Lists: those of level 0, and from here on those of the others. */
const LEVEL1: u32 = FIRST_SLOTS;
const LAST_SLOT: u64 = FIRST_SLOTS - 1;


@inline function nodeAt(n: u32): usize {
  return nodeBase + <usize>n * NODE_SIZE;
}


@inline function listAt(l: u32): usize {
  return listBase + <usize>l * LIST_SIZE;
}

/** Of a span of cycles: the level whose slots are told apart by its highest bit. */
@inline function levelOf(apart: u64): u32 {
  return apart < <u64>FIRST_SLOTS ? 0 : (71 - FIRST_BITS - <u32>clz(apart)) >> 3;
}

/** Bits of a cycle below those that number the slots of a level from 1 on. */
@inline function shiftOf(level: u32): u32 {
  return (level << 3) + FIRST_BITS - 8;
}

/** u64: bit of each word of level 0 that is not 0; u32: of each other level that has an occupied slot. Empty ones are not looked at. */
@inline function wordsAt(): usize {
  return occupancyBase;
}


@inline function levelsAt(): usize {
  return occupancyBase + 8;
}


@inline function firstWord(word: u32): usize {
  return occupancyBase + 16 + ((<usize>word) << 3);
}

/** Of a level from 1 on. */
@inline function occupancy(level: u32, slot: u32): usize {
  return occupancyBase + 16 + ((<usize>FIRST_WORDS) << 3) + ((<usize>(level - 1)) << 5) + (((<usize>slot) >> 6) << 3);
}


@inline function bitOf(slot: u32): u64 {
  return (<u64>1) << (slot & 63);
}


@inline function setFirst(slot: u32): void {
  const at = firstWord(slot >> 6);
  store<u64>(at, load<u64>(at) | bitOf(slot));
  store<u64>(wordsAt(), load<u64>(wordsAt()) | ((<u64>1) << (slot >> 6)));
}

/** The list of this slot of level 0 has become empty. */
@inline function clearFirst(slot: u32): void {
  const at = firstWord(slot >> 6);
  const left = load<u64>(at) & ~bitOf(slot);
  store<u64>(at, left);
  store<u64>(wordsAt(), load<u64>(wordsAt()) & ~((<u64>(left == 0 ? 1 : 0)) << (slot >> 6)));
}

function setOccupied(level: u32, slot: u32): void {
  const at = occupancy(level, slot);
  store<u64>(at, load<u64>(at) | bitOf(slot));
  store<u32>(levelsAt(), load<u32>(levelsAt()) | (1 << level));
}

function clearOccupied(level: u32, slot: u32): void {
  const at = occupancy(level, slot);
  const left = load<u64>(at) & ~bitOf(slot);
  store<u64>(at, left);
  const words = occupancy(level, 0);
  if ((left | load<u64>(words) | load<u64>(words, 8) | load<u64>(words, 16) | load<u64>(words, 24)) != 0) return;
  store<u32>(levelsAt(), load<u32>(levelsAt()) & ~(1 << level));
}

/** First occupied slot >= from of a level from 1 on, or 256. */
function firstOccupied(level: u32, from: u32): u32 {
  if (from > 255) return 256;
  let at = occupancy(level, from);
  const start = occupancy(level, 0);
  let bits = load<u64>(at) & (~(<u64>0) << (from & 63));
  while (bits == 0) {
    at += 8;
    if (at == start + 32) return 256;
    bits = load<u64>(at);
  }
  return ((<u32>(at - start)) << 3) + <u32>ctz(bits);
}

/** Between two neighbours in a list, each a node + 1, or 0: its end. */
@inline function link(n: u32, at: usize, list: u32, prev: u32, next: u32): void {
  const head = listAt(list);
  store<u32>(at, next, NEXT);
  store<u32>(at, prev, PREV);
  store<u32>(at, list + 1, LIST);
  if (prev == 0) store<u32>(head, n + 1);
  else store<u32>(nodeAt(prev - 1), n + 1, NEXT);
  if (next == 0) store<u32>(head, n + 1, 4);
  else store<u32>(nodeAt(next - 1), n + 1, PREV);
}

/** True if node `other` of the same cycle comes behind node n. */
@inline function isBehind(other: u32, n: u32, phase: u32): bool {
  const its = load<u32>(nodeAt(other), PHASE);
  return its > phase || (its == phase && phase == PHASE_CPU && other > n);
}

/** Into a list of level 0 that is not empty. */
function insert(n: u32, at: usize, list: u32, phase: u32): void {
  let prev = load<u32>(listAt(list), 4);
  let next: u32 = 0;
  while (prev != 0 && isBehind(prev - 1, n, phase)) {
    next = prev;
    prev = load<u32>(nodeAt(prev - 1), PREV);
  }
  link(n, at, list, prev, next);
}

/** Into a level from 1 on. */
function placeFar(n: u32, at: usize, due: u64, level: u32): void {
  const slot = (<u32>(due >> shiftOf(level))) & 255;
  const list = LEVEL1 + (level - 1) * 256 + slot;
  link(n, at, list, load<u32>(listAt(list), 4), 0);
  setOccupied(level, slot);
}

function place(n: u32, at: usize, due: u64, phase: u32): void {
  const level = levelOf(due ^ load<u64>(nowBase));
  if (level != 0) {
    placeFar(n, at, due, level);
    return;
  }
  const slot = <u32>(due & LAST_SLOT);
  if (load<u32>(listAt(slot)) != 0) {
    insert(n, at, slot, phase);
    return;
  }
  store<u64>(at, 0, NEXT);
  store<u32>(at, slot + 1, LIST);
  store<u64>(listAt(slot), (<u64>(n + 1)) | ((<u64>(n + 1)) << 32));
  setFirst(slot);
}


@inline export function armed(n: u32): bool {
  return load<u32>(nodeAt(n), LIST) != 0;
}

/** The node whose turn it is, or was last; -1: none yet. */
let happening: i32 = -1;

/** True if it is not yet the turn of node n, a CPU's, that would have come at cycle `due`, which is not before this one. */
export function isToCome(n: u32, due: u64): bool {
  if (due != load<u64>(nowBase) || happening < 0) return true;
  const phase = phaseOf(happening);
  return phase < PHASE_CPU || (phase == PHASE_CPU && n > <u32>happening);
}

/** The phase that the node was armed for last. */
export function phaseOf(n: u32): u32 {
  return load<u32>(nodeAt(n), PHASE);
}

export function dueOf(n: u32): u64 {
  return load<u64>(nodeAt(n));
}

/** Takes a node out of the queue, if it is in it. */
export function disarm(n: u32): void {
  const at = nodeAt(n);
  const list = load<u32>(at, LIST);
  if (list == 0) return;
  const next = load<u32>(at, NEXT);
  const prev = load<u32>(at, PREV);
  const head = listAt(list - 1);
  if (prev == 0) store<u32>(head, next);
  else store<u32>(nodeAt(prev - 1), next, NEXT);
  if (next == 0) store<u32>(head, prev, 4);
  else store<u32>(nodeAt(next - 1), prev, PREV);
  store<u64>(at, 0, NEXT);
  store<u32>(at, 0, LIST);
  if (load<u32>(head) != 0) return;
  if (list - 1 < LEVEL1) {
    clearFirst(list - 1);
    return;
  }
  const i = list - 1 - LEVEL1;
  clearOccupied((i >> 8) + 1, i & 255);
}

/** (Re)arms a node for cycle `due`; a cycle that has passed means this one. */
export function arm(n: u32, due: u64, phase: u32): void {
  const at = nodeAt(n);
  if (load<u32>(at, LIST) != 0) disarm(n);
  const when = max(due, load<u64>(nowBase));
  store<u64>(at, when);
  store<u32>(at, phase, PHASE);
  place(n, at, when, phase);
}

function cascade(list: u32): void {
  const head = listAt(list);
  let n = load<u32>(head);
  store<u64>(head, 0);
  while (n != 0) {
    const at = nodeAt(n - 1);
    const next = load<u32>(at, NEXT);
    place(n - 1, at, load<u64>(at), load<u32>(at, PHASE));
    n = next;
  }
}

/** Moves the clock; nothing may be due before `t`. */
function moveTo(t: u64): void {
  const apart = t ^ load<u64>(nowBase);
  store<u64>(nowBase, t);
  for (let level = levelOf(apart); level > 0; level--) {
    const slot = (<u32>(t >> shiftOf(level))) & 255;
    if (load<u64>(occupancy(level, slot)) & bitOf(slot)) {
      clearOccupied(level, slot);
      cascade(LEVEL1 + (level - 1) * 256 + slot);
    }
  }
}

/** As `nextStop`, where level 0 has nothing more. */
function nextFar(t: u64): u64 {
  for (let levels = load<u32>(levelsAt()); levels != 0; levels &= levels - 1) {
    const level = <u32>ctz(levels);
    const shift = shiftOf(level);
    // what was in the slot of this cycle has come down
    const s = firstOccupied(level, ((<u32>(t >> shift)) & 255) + 1);
    if (s < 256) return (((t >> shift) & ~(<u64>255)) | s) << shift;
  }
  return u64.MAX_VALUE;
}

/** Of level 0, which has an occupied slot: the first one's cycle. Nothing is left of the cycles before this one. */
@inline function firstNear(words: u64): u64 {
  const w = <u32>ctz(words);
  return (load<u64>(nowBase) & ~LAST_SLOT) | (<u64>(w << 6)) | ctz(load<u64>(firstWord(w)));
}

/** Earliest cycle at which the clock has to stop: an event or a list to cascade; u64.MAX if none. */
@inline function nextStop(): u64 {
  const words = load<u64>(wordsAt());
  return words == 0 ? nextFar(load<u64>(nowBase)) : firstNear(words);
}

/** The first node of a slot of level 0 that is occupied, taken out of the queue. */
@inline function takeFirst(slot: u32): i32 {
  const head = listAt(slot);
  const n = load<u32>(head);
  const at = nodeAt(n - 1);
  const next = load<u32>(at, NEXT);
  store<u64>(at, 0, NEXT);
  store<u32>(at, 0, LIST);
  if (next != 0) {
    store<u32>(head, next);
    store<u32>(nodeAt(next - 1), 0, PREV);
  } else {
    store<u64>(head, 0);
    clearFirst(slot);
  }
  return <i32>n - 1;
}

/** Where level 0 is empty: moves the clock to the next slot of another that has something, and brings that down. False: to `limit`. */
function bringDown(limit: u64): bool {
  while (load<u64>(wordsAt()) == 0) {
    const stop = nextFar(load<u64>(nowBase));
    if (stop > limit) {
      if (limit > load<u64>(nowBase)) moveTo(limit);
      return false;
    }
    moveTo(stop);
  }
  return true;
}

/**
 * The next node that is due at or before `limit`, taken out of the queue, with the clock at its cycle; -1 and the clock at
 * `limit` if there is none.
 */
export function nextDue(limit: u64): i32 {
  if (load<u64>(wordsAt()) == 0 && !bringDown(limit)) return -1;
  const stop = firstNear(load<u64>(wordsAt()));
  if (stop > limit) {
    // in the same slot of all other levels
    if (limit > load<u64>(nowBase)) store<u64>(nowBase, limit);
    return -1;
  }
  store<u64>(nowBase, stop);
  happening = takeFirst(<u32>(stop & LAST_SLOT));
  return happening;
}

/** Digest of who is due when: lists say the same, in an order that depends on when somebody was armed. */
export function digestOfQueue(seed: u64): u64 {
  let h = seed;
  for (let n: u32 = 0; n < nNodes; n++) {
    const at = nodeAt(n);
    if (load<u32>(at, LIST) == 0) continue;
    h = mix(mix(h, ((<u64>n) << 2) | load<u32>(at, PHASE)), load<u64>(at));
  }
  return h;
}
