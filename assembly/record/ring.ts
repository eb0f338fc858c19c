/**
 * The event ring: records of fixed size that the host drains once per batch, and a digest of the events, which is kept whether or not
 * anybody drains: a sum, over all events, of what happened at which cycle. So it makes no difference in which order they are recorded.
 */
import { Counter, Event } from '../state/abi/outcomes';
import { Settings } from '../state/abi/tables';
import { Rec } from '../state/abi/fields';
import { now, setting } from '../state/access';
import { nRing, nSources, recordStateBase, ringBase } from '../state/layout';
import { avalanche, mix } from '../state/hash';
import { count, countMore } from './counters';

// recordStateBase: u64 digest, u32 head (next to write), u32 used

@inline export function digestOfEvents(): u64 {
  return load<u64>(recordStateBase);
}


@inline export function ringUsed(): u32 {
  return load<u32>(recordStateBase, 12);
}

/** True when the ring could overflow within the next events: the timed run stops and lets the host drain it. */
export function ringNearlyFull(): bool {
  return nRing != 0 && ringUsed() + 256 + nSources > nRing;
}

/** Index of the oldest record. */
export function ringTail(): u32 {
  const head = load<u32>(recordStateBase, 8);
  const used = ringUsed();
  return head >= used ? head - used : head + nRing - used;
}

export function ringClear(): void {
  store<u32>(recordStateBase, 0, 12);
}

/** True if the ring keeps events of this kind. */
@inline export function keeps(kind: u32): bool {
  return nRing != 0 && ((setting(<u32>Settings.unkept + (kind >> 5)) >> (kind & 31)) & 1) == 0;
}

function push(kind: u32, a: u32, b: u32, c: u32): void {
  if (!keeps(kind)) return;
  const head = load<u32>(recordStateBase, 8);
  const at = ringBase + <usize>head * Rec.size;
  store<u64>(at, now());
  store<u32>(at, kind, Rec.kind);
  store<u32>(at, a, Rec.a);
  store<u32>(at, b, Rec.b);
  store<u32>(at, c, Rec.c);
  store<u32>(recordStateBase, head + 1 == nRing ? 0 : head + 1, 8);
  if (ringUsed() < nRing) store<u32>(recordStateBase, ringUsed() + 1, 12);
}

/** One event of the interrupt's way. Off while a search runs: it records nothing. */
@inline export function record(kind: u32, a: u32, b: u32, c: u32): void {
  if (setting(Settings.record) != 0) recordEvent(kind, a, b, c);
}


@inline function digestOf(time: u64, kind: u32, a: u32, b: u32, c: u32): u64 {
  return avalanche(mix(time ^ ((<u64>kind) << 56), ((<u64>a) | ((<u64>b) << 32)) ^ rotl<u64>(<u64>c, 24)));
}

function recordEvent(kind: u32, a: u32, b: u32, c: u32): void {
  count(Counter.events);
  store<u64>(recordStateBase, digestOfEvents() + digestOf(now(), kind, a, b, c));
  push(kind, a, b, c);
}

/** One that happens at a later cycle, of a kind that the ring does not keep. */
export function recordAhead(time: u64, kind: u32, a: u32, b: u32, c: u32): void {
  if (setting(Settings.record) == 0) return;
  count(Counter.events);
  store<u64>(recordStateBase, digestOfEvents() + digestOf(time, kind, a, b, c));
}

/** What `recordAhead` has recorded does not happen. */
export function recordBack(time: u64, kind: u32, a: u32, b: u32, c: u32): void {
  if (setting(Settings.record) == 0) return;
  countMore(Counter.events, -1);
  store<u64>(recordStateBase, digestOfEvents() - digestOf(time, kind, a, b, c));
}

/** What explains the others; not in the digest. */
export function recordAside(kind: u32, a: u32, b: u32, c: u32): void {
  push(kind, a, b, c);
}

/** One micro-op, where the host asked to see them; not in the digest. */
@inline export function recordStep(c: u32, pc: u32, value: u32): void {
  if (setting(Settings.record) == 2) push(Event.step, c, pc, value);
}
