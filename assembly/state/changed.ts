/**
 * What has changed since it was looked at last, for who says what holds up each event (assembly/run/holds.ts): CPUs, sources, and the
 * sources that stand in front of a variable which was written. Where nobody asks nothing is noted.
 */
import { changedBase, HOLD_SIZE, holdBase, nHolds, WAITED_LISTS, waitedBase } from './layout';

// Lists of numbers + 1. A CPU or source that is in none has 0 in the place of the next one, the last of a list END.
const END: u32 = 0xffffffff;

// record of a source (assembly/run/holds.ts): at 16 u32 next that has changed, u32 block of 16 bytes that it waits for, u32 next that waits
const CHANGED: usize = 16;
const BLOCK: usize = 20;
const WAITING: usize = 24;

/** u32: the first source that has changed, and the first CPU. */
@inline function firstSource(): usize {
  return changedBase;
}


@inline function firstCpu(): usize {
  return changedBase + 4;
}


@inline function linkOfSource(s: u32): usize {
  return holdBase + <usize>s * HOLD_SIZE + CHANGED;
}


@inline function linkOfCpu(c: u32): usize {
  return changedBase + 8 + ((<usize>c) << 2);
}

function push(first: usize, link: usize, n: u32): void {
  if (load<u32>(link) != 0) return;
  const next = load<u32>(first);
  store<u32>(link, next == 0 ? END : next);
  store<u32>(first, n + 1);
}

/** Takes an element out of a list that was taken as a whole; returns the next one + 1, 0: there is none. */
function unlink(link: usize): u32 {
  const next = load<u32>(link);
  store<u32>(link, 0);
  return next == END ? 0 : next;
}

function take(first: usize): u32 {
  const n = load<u32>(first);
  store<u32>(first, 0);
  return n;
}


@inline export function cpuChanged(c: u32): void {
  if (nHolds != 0) push(firstCpu(), linkOfCpu(c), c);
}


@inline export function sourceChanged(s: u32): void {
  if (nHolds != 0) push(firstSource(), linkOfSource(s), s);
}

/** The first that has changed, + 1, 0: none has. The list is empty then, and `nextCpu` gives those that it had. */
export function takeCpus(): u32 {
  return take(firstCpu());
}

/** The one behind CPU c, + 1; c may change again from now on. */
export function nextCpu(c: u32): u32 {
  return unlink(linkOfCpu(c));
}

export function takeSources(): u32 {
  return take(firstSource());
}

export function nextSource(s: u32): u32 {
  return unlink(linkOfSource(s));
}

// --- variables, by blocks of 16 bytes: none stands in two, and no access writes to two

/** Sources that wait for a block of this list, the last one first. */
@inline function waitedList(block: u32): usize {
  return waitedBase + ((<usize>(block & (WAITED_LISTS - 1))) << 2);
}


@inline function waitingAt(s: u32): usize {
  return holdBase + <usize>s * HOLD_SIZE;
}

/** From now on source s changes when the variable at this address is written; 0: when none is. */
export function waitsFor(s: u32, address: usize): void {
  const at = waitingAt(s);
  const was = load<u32>(at, BLOCK);
  const block = (<u32>address) >> 4;
  if (was == block) return;
  if (was != 0) {
    let link = waitedList(was);
    while (load<u32>(link) != s + 1) link = waitingAt(load<u32>(link) - 1) + WAITING;
    store<u32>(link, load<u32>(at, WAITING));
  }
  store<u32>(at, block, BLOCK);
  if (block == 0) return;
  store<u32>(at, load<u32>(waitedList(block)), WAITING);
  store<u32>(waitedList(block), s + 1);
}

function tellWaiting(block: u32): void {
  for (let i = load<u32>(waitedList(block)); i != 0; i = load<u32>(waitingAt(i - 1), WAITING)) {
    if (load<u32>(waitingAt(i - 1), BLOCK) == block) sourceChanged(i - 1);
  }
}

/** True if a source changes when the variable at this address is written. */
@inline export function isWatched(at: usize): bool {
  return nHolds != 0 && isAwaited((<u32>at) >> 4);
}

function isAwaited(block: u32): bool {
  for (let i = load<u32>(waitedList(block)); i != 0; i = load<u32>(waitingAt(i - 1), WAITING)) {
    if (load<u32>(waitingAt(i - 1), BLOCK) == block) return true;
  }
  return false;
}


@inline export function variableChanged(at: usize): void {
  if (nHolds != 0) tellWaiting((<u32>at) >> 4);
}
