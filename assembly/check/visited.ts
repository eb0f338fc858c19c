/**
 * The visited set: open addressing over 64-bit fingerprints of images, 16 bytes a slot:
 *
 *   u64 fingerprint
 *   u64 info: level 12 bits | round 12 | steps that sleep 16, inverted (sleep.ts) | first 24 bits of the parent's fingerprint
 *
 * and a second u64 of fingerprint where 128 bits are asked for. Level: visible steps from the start; round: steps within
 * the level. Of the ways that a state is reached by at its smallest level and round, it keeps the smallest parent and all that
 * any of them puts to sleep; so it does not matter in which order, or by which worker, they were found. A parent always has a
 * smaller level, or an earlier round of the same.
 *
 * Fingerprints stand in ascending order with gaps: the home of one is proportional to it. So the set grows where it stands, by
 * a quarter at a time: at most 24 bytes a state. Two states with one fingerprint would count as one:
 * chance about n^2 / 2^65, printed with a verdict.
 */
import { resizeTable, tableAt } from './arena';

/** Slots behind the last home. */
const SLACK: u32 = 4096;
const FIRST_SLOTS: u32 = 1 << 14;

let slots: u32 = 0;
let most: u32 = 0;
/** States in the set. */
export let visitedStates: u32 = 0;
let wide: bool = false;
let stride: usize = 16;


@inline export function levelIn(info: u64): u32 {
  return <u32>(info >> 52);
}


@inline export function infoOf(level: u32, round: u32, parent: u64, asleep: u32): u64 {
  return ((<u64>level) << 52) | ((<u64>round) << 40) | ((<u64>(~asleep & 0xffff)) << 24) | (parent >> 40);
}


@inline export function asleepIn(info: u64): u32 {
  return ~(<u32>(info >> 24)) & 0xffff;
}

/** What is kept of two ways to one state. */
@inline export function better(a: u64, b: u64): u64 {
  if (a >> 40 != b >> 40) return min(a, b);
  return (a & b & ~(<u64>0xffffff)) | min(a & 0xffffff, b & 0xffffff);
}

export function openVisited(is128: bool): bool {
  wide = is128;
  stride = is128 ? 24 : 16;
  visitedStates = 0;
  slots = 0;
  return grow();
}

export function visitedBytes(): usize {
  return <usize>(slots + SLACK) * stride;
}

export function slotBytes(): u32 {
  return <u32>stride;
}


@inline function home(fingerprint: u64): usize {
  return tableAt + <usize>(((fingerprint >> 32) * <u64>slots) >> 32) * stride;
}


@inline function keyAt(slot: usize): u64 {
  return load<u64>(slot);
}


@inline function infoAt(slot: usize): u64 {
  return load<u64>(slot, 8);
}


@inline function moveSlot(to: usize, from: usize): void {
  store<u64>(to, load<u64>(from));
  store<u64>(to, load<u64>(from, 8), 8);
  if (wide) store<u64>(to, load<u64>(from, 16), 16);
}


@inline function clear(from: usize, to: usize): void {
  for (let slot = from; slot < to; slot += stride) store<u64>(slot, 0, 8);
}

/** Makes room, a quarter more. */
function grow(): bool {
  return resize(slots == 0 ? FIRST_SLOTS : slots + (slots >> 2));
}

/**
 * Makes room for so many states at once. States that come in ascending order need it: in a set that is much too small for all
 * of them, they would stand in one long row.
 */
export function expectStates(n: u32): bool {
  const wanted = n + (n >> 2);
  return wanted <= slots || resize(wanted);
}

function resize(more: u32): bool {
  const old = slots;
  if (more >= 1 << 28) return false;
  const oldBytes: usize = old == 0 ? 0 : <usize>(old + SLACK) * stride;
  const bytes = <usize>(more + SLACK) * stride;
  if (!resizeTable(bytes)) return false;
  slots = more;
  most = more - (more >> 3) - (more >> 5);
  memory.fill(tableAt + oldBytes, 0, bytes - oldBytes);
  return spread(tableAt + oldBytes);
}

/** Slots of one row that are moved through a buffer. */
const BUFFERED: usize = 4096 * 24;
const buffer: usize = memory.data(4096 * 24, 16);

/**
 * Moves all states up to their new homes, the last ones first. A row of slots without a gap keeps clear of the others: what
 * stands in front of a gap has homes there too, and with more slots it comes to stand further in front. Row by row, each state
 * goes to its home or behind the one before, mostly into room that is free; only near the start, where a row hardly moves,
 * it is in its own way. False: there are so many at the very end that they do not fit behind their homes, or in one row.
 */
function spread(end: usize): bool {
  const last = tableAt + visitedBytes() - stride;
  for (let read = end; read != tableAt;) {
    read -= stride;
    if (infoAt(read) == 0) continue;
    const behind = read + stride;
    while (read != tableAt && infoAt(read - stride) != 0) read -= stride;
    const bytes = behind - read;
    let from = read;
    if (home(keyAt(read)) < behind) {
      if (bytes > BUFFERED) return false;
      memory.copy(buffer, read, bytes);
      clear(read, behind);
      from = buffer;
    }
    let next = tableAt;
    for (let at: usize = 0; at < bytes; at += stride) {
      const to = max(next, home(keyAt(from + at)));
      if (to >= last) return false;
      moveSlot(to, from + at);
      next = to + stride;
    }
    if (from == read) clear(read, behind);
  }
  return true;
}

/** Reads what `enter` will look at first, so that the misses of a batch overlap. */
@inline export function touch(fingerprint: u64): u64 {
  return infoAt(home(fingerprint));
}

/** What became of a state that was entered. */
export enum Entered {
  known = 0,
  isNew = 1,
  /** known, at this level and round, in other ways */
  amended = 2,
  /** known, but at a later level: it belongs to this one */
  earlier = 3,
  /** out of memory */
  full = 4,
}

/** Enters a state reached with `info`. */
export function enter(fingerprint: u64, second: u64, info: u64): u32 {
  if (visitedStates >= most && !grow()) return Entered.full;
  let slot = home(fingerprint);
  for (; infoAt(slot) != 0 && keyAt(slot) <= fingerprint; slot += stride) {
    if (keyAt(slot) != fingerprint || (wide && load<u64>(slot, 16) != second)) continue;
    const old = infoAt(slot);
    const now = better(old, info);
    if (now == old) return Entered.known;
    store<u64>(slot, now, 8);
    return levelIn(info) < levelIn(old) ? Entered.earlier : Entered.amended;
  }
  if (infoAt(slot) != 0) {
    let end = slot + stride;
    while (infoAt(end) != 0) end += stride;
    memory.copy(slot + stride, slot, end - slot);
  }
  store<u64>(slot, fingerprint);
  store<u64>(slot, info, 8);
  if (wide) store<u64>(slot, second, 16);
  visitedStates++;
  // the last slot stays empty: every search for a gap ends there
  const last = tableAt + visitedBytes() - stride;
  return infoAt(last) == 0 || grow() ? Entered.isNew : Entered.full;
}

/** What is kept of a state; 0: it is not in the set. */
export function infoIn(fingerprint: u64, second: u64): u64 {
  for (let slot = home(fingerprint); infoAt(slot) != 0 && keyAt(slot) <= fingerprint; slot += stride) {
    if (keyAt(slot) == fingerprint && (!wide || load<u64>(slot, 16) == second)) return infoAt(slot);
  }
  return 0;
}

/** First slot behind `slot` (0: the first of all) whose fingerprint begins with these 24 bits; 0: there is none. */
export function slotWith(prefix: u32, slot: usize): usize {
  const first = (<u64>prefix) << 40;
  const end = home(first | 0xffffffffff);
  for (let at = slot == 0 ? home(first) : slot + stride; at <= end || infoAt(at) != 0; at += stride) {
    if (infoAt(at) == 0 || keyAt(at) < first) continue;
    return keyAt(at) >> 40 == prefix ? at : 0;
  }
  return 0;
}

let copiedTo: u32 = 0;

/** Copies states from slot number `from` on to `to`, `bytes` at most; returns the number copied. For a checkpoint. */
export function copyStates(from: u32, to: usize, bytes: u32): u32 {
  let at = to;
  let slot = from;
  for (; slot < slots + SLACK && at + stride <= to + bytes; slot++) {
    const source = tableAt + <usize>slot * stride;
    if (infoAt(source) == 0) continue;
    moveSlot(at, source);
    at += stride;
  }
  copiedTo = slot;
  return <u32>(at - to) / <u32>stride;
}

/** Slot number that `copyStates` goes on from; the number of all slots at the end. */
export function copiedUpTo(): u32 {
  return copiedTo;
}

export function allSlots(): u32 {
  return slots + SLACK;
}
