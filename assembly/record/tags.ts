/**
 * Who still carries an event (hardware.md J, oracle bookkeeping; record class only).
 *
 * A carrier (message in flight, IRR bit, interrupt context, pending flag of the kernel) holds a set of interrupt
 * sources. A handler entry pays for every earlier event of its source, so it is enough to know *that* a carrier holds
 * something of a source: an event is lost when its source is owed and the last carrier is gone. A merge is a union, so
 * coalescing is no loss. Sets are lists of nodes from a pool: node i at tagBase, {source u32, next u32}, 0 = none.
 */
import { NONE } from '../state/abi/instructions';
import { Counter, Event, Property } from '../state/abi/outcomes';
import { Settings, Told } from '../state/abi/tables';
import { Src } from '../state/abi/fields';
import {
  LEVELS,
  nHolds,
  nTags,
  recordStateBase,
  tagBase,
  tagHeadCtx,
  tagHeadIrr,
  tagHeadMsg,
  tagHeadSeen,
  tagHeadVar,
  TAG_SIZE,
} from '../state/layout';
import { setting, srcAt, toldAt } from '../state/access';
import { sourceChanged } from '../state/changed';
import { delist, enlist } from './carriers';
import { count } from './counters';
import { record } from './ring';
import { violate } from './violations';

// recordStateBase: +16 u32 free list, +20 u32 nodes ever used

@inline export function tagsOn(): bool {
  return nTags != 0 && setting(Settings.record) != 0;
}


@inline export function tagsOfMessage(m: u32): usize {
  return tagHeadMsg + ((<usize>m) << 2);
}


@inline export function tagsOfIrr(c: u32, v: u32): usize {
  return tagHeadIrr + ((((<usize>c) << 8) + v) << 2);
}


@inline export function tagsOfContext(c: u32, level: u32): usize {
  return tagHeadCtx + ((<usize>(c * LEVELS + level)) << 2);
}
/** What the context's last read of an IRR bit saw: an IPI it sends stands for that. */
@inline export function tagsSeen(c: u32, level: u32): usize {
  return tagHeadSeen + ((<usize>(c * LEVELS + level)) << 2);
}


@inline export function tagsOfVariable(s: u32): usize {
  return tagHeadVar + ((<usize>s) << 2);
}


@inline function sourceOf(node: u32): u32 {
  return load<u32>(tagBase + <usize>node * TAG_SIZE);
}


@inline function nextOf(node: u32): u32 {
  return load<u32>(tagBase + <usize>node * TAG_SIZE, 4);
}

/** True if the set has something of source s. */
export function holds(head: usize, s: u32): bool {
  for (let n = load<u32>(head); n != 0; n = nextOf(n)) {
    if (sourceOf(n) == s) return true;
  }
  return false;
}

/** The source that the set has something of, the one put in last; NONE: it is empty. */
export function firstOf(head: usize): u32 {
  const n = load<u32>(head);
  return n == 0 ? NONE : sourceOf(n);
}

/** True if the set has something of two sources or more. */
export function isMixed(head: usize): bool {
  const n = load<u32>(head);
  return n != 0 && nextOf(n) != 0;
}

/** All that the set has something of have changed. */
export function tagsChanged(head: usize): void {
  for (let n = load<u32>(head); n != 0; n = nextOf(n)) sourceChanged(sourceOf(n));
}

function newNode(): u32 {
  const free = load<u32>(recordStateBase, 16);
  if (free != 0) {
    store<u32>(recordStateBase, nextOf(free), 16);
    return free;
  }
  const used = load<u32>(recordStateBase, 20);
  if (used >= nTags) {
    count(Counter.tagOverflow);
    return 0;
  }
  store<u32>(recordStateBase, used + 1, 20);
  return used + 1;
}

function release(node: u32): void {
  const s = sourceOf(node);
  if (nHolds != 0) delist(node, s);
  store<u32>(tagBase + <usize>node * TAG_SIZE, load<u32>(recordStateBase, 16), 4);
  store<u32>(recordStateBase, node, 16);
  const at = toldAt(s) + Told.carriers;
  const left = load<u32>(at) - 1;
  store<u32>(at, left);
  if (left == 0) loseIfOwed(s);
}

function loseIfOwed(s: u32): void {
  const at = srcAt(s);
  // what has been raised and not yet sent is carried by the device itself
  if (!load<u8>(at, Src.owed) || load<u8>(at, Src.condition) || load<u8>(at, Src.held)) return;
  count(Counter.lost);
  record(Event.lost, s, 0, 0);
  violate(Property.noLoss);
}

export function tagAdd(head: usize, s: u32): void {
  if (!tagsOn() || holds(head, s)) return;
  const node = newNode();
  if (node == 0) return;
  const at = tagBase + <usize>node * TAG_SIZE;
  store<u32>(at, s);
  store<u32>(at, load<u32>(head), 4);
  store<u32>(head, node);
  if (nHolds != 0) enlist(node, s, head);
  const carriers = toldAt(s) + Told.carriers;
  store<u32>(carriers, load<u32>(carriers) + 1);
}

export function tagCopy(to: usize, from: usize): void {
  if (!tagsOn()) return;
  for (let n = load<u32>(from); n != 0; n = nextOf(n)) tagAdd(to, sourceOf(n));
}

/** Empties a set; a source whose last carrier this was and that is owed is lost here. */
export function tagClear(head: usize): void {
  if (!tagsOn()) return;
  let n = load<u32>(head);
  store<u32>(head, 0);
  while (n != 0) {
    const next = nextOf(n);
    release(n);
    n = next;
  }
}

export function tagMove(to: usize, from: usize): void {
  if (!tagsOn() || load<u32>(from) == 0) return;
  tagCopy(to, from);
  tagClear(from);
}

/** What was to become a carrier came to nothing: the source is lost unless something else carries it. */
export function tagOrphan(s: u32): void {
  if (!tagsOn() || load<u32>(toldAt(s), Told.carriers) != 0) return;
  loseIfOwed(s);
}
