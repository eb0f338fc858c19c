/**
 * The event queue: a timing wheel of eight levels by 256 slots over cycles, with occupancy bitmaps. Idle cycles cost
 * nothing: the clock jumps to the next occupied slot.
 *
 * A node belongs to one actor (a CPU's next micro-op, a message's arrival, a source's next raise ...) and is linked into
 * one doubly linked list. Level 0 has a list per slot and phase: events of one cycle run by phase, then first come first
 * served. Cascading moves whole lists in order, so first come stays first.
 */
import { NODE_SIZE, LIST_SIZE, PHASES, WHEEL_LEVELS, listBase, nodeBase, nowBase, occupancyBase } from '../state/layout';

/** Phases of a cycle: what arrives is seen by the CPU in the same cycle, what a device does next comes last. */
export const PHASE_MESSAGE: u32 = 0;
export const PHASE_CPU: u32 = 1;
export const PHASE_DEVICE: u32 = 2;
export const PHASE_OPERATION: u32 = 3;

// node: due u64, next u32 + 1, prev u32 + 1, list u32 + 1 (0 = not armed), phase u32
const NEXT: usize = 8;
const PREV: usize = 12;
const LIST: usize = 16;
const PHASE: usize = 20;

const LEVEL1: u32 = 256 * PHASES;


@inline function nodeAt(n: u32): usize {
  return nodeBase + <usize>n * NODE_SIZE;
}


@inline function listAt(l: u32): usize {
  return listBase + <usize>l * LIST_SIZE;
}


@inline function occupancy(level: u32, slot: u32): usize {
  return occupancyBase + ((<usize>level) << 5) + (((<usize>slot) >> 6) << 3);
}

/** u32: bit of each level that has an occupied slot, so that empty levels are not looked at. */
@inline function levelsAt(): usize {
  return occupancyBase + ((<usize>WHEEL_LEVELS) << 5);
}


@inline function setOccupied(level: u32, slot: u32): void {
  const at = occupancy(level, slot);
  store<u64>(at, load<u64>(at) | ((<u64>1) << (slot & 63)));
  store<u32>(levelsAt(), load<u32>(levelsAt()) | (1 << level));
}

function clearOccupied(level: u32, slot: u32): void {
  const at = occupancy(level, slot);
  const left = load<u64>(at) & ~((<u64>1) << (slot & 63));
  store<u64>(at, left);
  const words = occupancy(level, 0);
  if ((left | load<u64>(words) | load<u64>(words, 8) | load<u64>(words, 16) | load<u64>(words, 24)) != 0) return;
  store<u32>(levelsAt(), load<u32>(levelsAt()) & ~(1 << level));
}

/** First occupied slot >= from of a level, or 256. */
function firstOccupied(level: u32, from: u32): u32 {
  if (from > 255) return 256;
  let at = occupancy(level, from);
  const end = occupancyBase + ((<usize>(level + 1)) << 5);
  let bits = load<u64>(at) & (~(<u64>0) << (from & 63));
  while (bits == 0) {
    at += 8;
    if (at == end) return 256;
    bits = load<u64>(at);
  }
  return (((<u32>(at - occupancyBase)) & 31) << 3) + <u32>ctz(bits);
}

function append(n: u32, list: u32): void {
  const at = nodeAt(n);
  const head = listAt(list);
  const tail = load<u32>(head, 4);
  store<u32>(at, 0, NEXT);
  store<u32>(at, tail, PREV);
  store<u32>(at, list + 1, LIST);
  if (tail == 0) store<u32>(head, n + 1);
  else store<u32>(nodeAt(tail - 1), n + 1, NEXT);
  store<u32>(head, n + 1, 4);
}

function place(n: u32): void {
  const at = nodeAt(n);
  const due = load<u64>(at);
  const apart = due ^ load<u64>(nowBase);
  const level = apart == 0 ? 0 : (63 - <u32>clz(apart)) >> 3;
  const slot = (<u32>(due >> (level << 3))) & 255;
  append(n, level == 0 ? slot * PHASES + load<u32>(at, PHASE) : LEVEL1 + (level - 1) * 256 + slot);
  setOccupied(level, slot);
}


@inline export function armed(n: u32): bool {
  return load<u32>(nodeAt(n), LIST) != 0;
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
  store<u32>(at, 0, LIST);
  if (load<u32>(head) != 0) return;
  if (list - 1 < LEVEL1) {
    const slot = (list - 1) / PHASES;
    for (let p: u32 = 0; p < PHASES; p++) {
      if (load<u32>(listAt(slot * PHASES + p))) return;
    }
    clearOccupied(0, slot);
  } else {
    const i = list - 1 - LEVEL1;
    clearOccupied((i >> 8) + 1, i & 255);
  }
}

/** (Re)arms a node for cycle `due`; a cycle that has passed means this one. */
export function arm(n: u32, due: u64, phase: u32): void {
  disarm(n);
  const at = nodeAt(n);
  store<u64>(at, max(due, load<u64>(nowBase)));
  store<u32>(at, phase, PHASE);
  place(n);
}

function cascade(list: u32): void {
  const head = listAt(list);
  let n = load<u32>(head);
  store<u64>(head, 0);
  while (n != 0) {
    const next = load<u32>(nodeAt(n - 1), NEXT);
    place(n - 1);
    n = next;
  }
}

/** Moves the clock; nothing may be due before `t`. */
function moveTo(t: u64): void {
  const apart = t ^ load<u64>(nowBase);
  store<u64>(nowBase, t);
  for (let level: u32 = apart == 0 ? 0 : (63 - <u32>clz(apart)) >> 3; level > 0; level--) {
    const slot = (<u32>(t >> (level << 3))) & 255;
    if (load<u64>(occupancy(level, slot)) & ((<u64>1) << (slot & 63))) {
      clearOccupied(level, slot);
      cascade(LEVEL1 + (level - 1) * 256 + slot);
    }
  }
}

/** Earliest cycle at which the clock has to stop: an event or a list to cascade; u64.MAX if none. */
function nextStop(): u64 {
  const t = load<u64>(nowBase);
  for (let levels = load<u32>(levelsAt()); levels != 0; levels &= levels - 1) {
    const level = <u32>ctz(levels);
    const shift = level << 3;
    // what was in the slot of this cycle at a higher level has come down
    const s = firstOccupied(level, ((<u32>(t >> shift)) & 255) + (level == 0 ? 0 : 1));
    if (s < 256) return (((t >> shift) & ~(<u64>255)) | s) << shift;
  }
  return u64.MAX_VALUE;
}

/**
 * The next node that is due at or before `limit`, taken out of the queue, with the clock at its cycle; -1 and the clock at
 * `limit` if there is none.
 */
export function nextDue(limit: u64): i32 {
  while (true) {
    const stop = nextStop();
    if (stop > limit) {
      if (limit > load<u64>(nowBase)) moveTo(limit);
      return -1;
    }
    if (stop != load<u64>(nowBase)) moveTo(stop);
    const slot = (<u32>stop) & 255;
    for (let p: u32 = 0; p < PHASES; p++) {
      const n = load<u32>(listAt(slot * PHASES + p));
      if (n != 0) {
        disarm(n - 1);
        return <i32>n - 1;
      }
    }
  }
}
