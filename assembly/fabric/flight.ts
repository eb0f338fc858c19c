/**
 * Messages in flight. Per origin (a function's or an IOAPIC's posted writes, a CPU's IPIs and EOIs) one list in order of
 * emission; requesters that are no device share some.
 *
 * Ordering (hardware.md C.6): posted writes of one function reach the root complex in order; behind it, those for the same
 * LAPIC stay in order, others do not; between origins there is none (G7), and between IPIs none is assumed.
 *
 * In a timed run a message has an arrival time, and a number in the order of all that were sent, by which completions know what they
 * wait for; in a check any step may come next, and completions and mdelays mark that.
 */
import { Actor, Counter } from '../state/abi/outcomes';
import { Assumption, Settings, Timing } from '../state/abi/tables';
import { Msg, MsgKind, Origin } from '../state/abi/fields';
import { Remap, RemapFlag } from '../state/abi/iommu';
import { assumes, countLaunch, messagesUsed, msgAt, now, originAt, remapAt, setting, timed } from '../state/access';
import { MSG_TIMED_SIZE, msgFree, msgTimedBase, nCpus, nIommus, nMessages, nOrigins, nSources } from '../state/layout';
import { touchMessages } from '../state/touched';
import { latency, streamOfOrigin } from '../clock/random';
import { arm, disarm, dueOf, PHASE_MESSAGE } from '../clock/wheel';
import { count } from '../record/counters';
import { tagsOfMessage, tagClear } from '../record/tags';

/** `Msg.stage`: where a message is. */
export enum Stage {
  beforeRoot = 0,
  /** or it does not pass the root complex at all */
  beyondRoot = 1,
  /** a remapping unit looks its entry up; it updates a posted-interrupt descriptor */
  inUnit = 2,
  posting = 3,
}

// msgFree: u16 first free message + 1, u16 number in flight

/** Links all messages into the free list, lowest first. */
export function clearFlight(): void {
  touchMessages();
  for (let m: u32 = 0; m < nMessages; m++) {
    memory.fill(msgAt(m), 0, Msg.size);
    store<u16>(msgAt(m), m + 1 < nMessages ? m + 2 : 0, Msg.next);
  }
  store<u16>(msgFree, nMessages ? 1 : 0);
  store<u16>(msgFree, 0, 2);
  for (let o: u32 = 0; o < nOrigins; o++) store<u32>(originAt(o), 0);
  if (nIommus) memory.fill(remapAt(0), 0, <usize>nMessages * Remap.size);
}


@inline export function inFlight(): u32 {
  return load<u16>(msgFree, 2);
}


@inline export function hasRoom(): bool {
  return load<u16>(msgFree) != 0;
}


@inline export function messageNode(m: u32): u32 {
  return nCpus + 2 * nSources + m;
}


@inline function arrivalAt(m: u32): usize {
  return msgTimedBase + <usize>m * MSG_TIMED_SIZE;
}

/** Its number among all that were ever sent (timed). */
@inline function numberOf(m: u32): u64 {
  return load<u64>(arrivalAt(m), 8);
}

/** Part of the address that selects the LAPIC: two messages with equal ones stay in order. */
@inline function sameDestination(a: usize, b: usize): bool {
  return load<u32>(a, Msg.address) == load<u32>(b, Msg.address);
}

/** Part of an origin within which posted writes stay in order. */
@inline function sameRequester(a: usize, b: usize): bool {
  return load<u16>(a, Msg.requester) == load<u16>(b, Msg.requester);
}

/** Posted writes of functions pass the root complex; those of CPUs, IPIs and EOIs do not. */
@inline function isPosted(at: usize): bool {
  const kind = <u32>load<u8>(at, Msg.kind);
  return kind == MsgKind.msi || kind == MsgKind.write;
}

/** Appends a message to its origin's list; `hasRoom` must hold. Returns its index. */
export function launch(kind: u32, origin: u32, source: u32, address: u32, data: u32): u32 {
  touchMessages();
  const m = <u32>load<u16>(msgFree) - 1;
  const at = msgAt(m);
  store<u16>(msgFree, load<u16>(at, Msg.next));
  store<u16>(msgFree, load<u16>(msgFree, 2) + 1, 2);
  store<u8>(at, kind, Msg.kind);
  store<u8>(at, isPosted(at) ? 0 : 1, Msg.stage);
  store<u16>(at, origin, Msg.origin);
  store<u16>(at, 0, Msg.next);
  store<u16>(at, source, Msg.source);
  store<u32>(at, address, Msg.address);
  store<u32>(at, data, Msg.data);
  store<u64>(at, 0, Msg.marks);
  if (timed()) store<u64>(arrivalAt(m), countLaunch(m), 8);
  const list = originAt(origin);
  const tail = load<u16>(list, Origin.tail);
  if (tail) store<u16>(msgAt(tail - 1), m + 1, Msg.next);
  else store<u16>(list, m + 1, Origin.head);
  store<u16>(list, m + 1, Origin.tail);
  count(Counter.messages);
  return m;
}

/** Draws the latencies of a message just launched and arms its arrival (timed); an IPI leaves `extra` cycles later. */
export function schedule(m: u32, extra: u32 = 0): void {
  const at = msgAt(m);
  const origin = <u32>load<u16>(at, Msg.origin);
  const stream = streamOfOrigin(origin);
  const kind = <u32>load<u8>(at, Msg.kind);
  if (!isPosted(at)) {
    const due = now() + extra + latency(kind == MsgKind.ipi ? Timing.ipiFabric : Timing.eoiBroadcast, stream);
    store<u64>(arrivalAt(m), due);
    arm(messageNode(m), due, PHASE_MESSAGE);
    return;
  }
  const write = kind == MsgKind.write;
  const way = write ? Timing.dmaWrite : load<u16>(at, Msg.pin) ? Timing.ioapicToRoot : Timing.deviceToRoot;
  let root = now() + latency(way, stream);
  // memory is where the root complex is
  let arrival = write ? root : root + latency(Timing.rootToLapic, stream);
  for (let i = <u32>load<u16>(originAt(origin), Origin.head); i != m + 1; i = load<u16>(msgAt(i - 1), Msg.next)) {
    const other = msgAt(i - 1);
    if (!sameRequester(other, at) || load<u8>(other, Msg.relaxed) | load<u8>(at, Msg.relaxed)) continue;
    if (load<u8>(other, Msg.stage) == 0) root = max(root, dueOf(messageNode(i - 1)));
    if (!write && sameDestination(other, at)) arrival = max(arrival, load<u64>(arrivalAt(i - 1)));
  }
  arrival = max(arrival, root);
  store<u64>(arrivalAt(m), arrival);
  arm(messageNode(m), root, PHASE_MESSAGE);
}

/** The message has reached the root complex; timed: its arrival at the LAPIC is armed. */
export function reachRoot(m: u32): void {
  touchMessages();
  store<u8>(msgAt(m), 1, Msg.stage);
  if (timed()) arm(messageNode(m), load<u64>(arrivalAt(m)), PHASE_MESSAGE);
}

/**
 * The message stays in its remapping unit for so many cycles, and until those that its requester has sent before have left
 * (timed). What it announces cannot be seen earlier (hardware.md C.6 G2).
 */
export function hold(m: u32, stage: Stage, cycles: u32): void {
  const at = msgAt(m);
  touchMessages();
  if (!timed()) {
    store<u8>(at, stage, Msg.stage);
    return;
  }
  let due = now() + cycles;
  for (let i = <u32>load<u16>(originAt(load<u16>(at, Msg.origin)), Origin.head); i != m + 1; i = load<u16>(msgAt(i - 1), Msg.next)) {
    const other = msgAt(i - 1);
    if (sameRequester(other, at) && <u32>load<u8>(other, Msg.stage) > <u32>Stage.beyondRoot) due = max(due, dueOf(messageNode(i - 1)));
  }
  store<u8>(at, stage, Msg.stage);
  store<u64>(arrivalAt(m), max(due, load<u64>(arrivalAt(m))));
  arm(messageNode(m), due, PHASE_MESSAGE);
}

/** Where a message that has passed a remapping unit goes. */
function destinationOf(m: u32): u32 {
  const at = remapAt(m);
  if (load<u16>(at, Remap.flags) & (RemapFlag.remapped | RemapFlag.doorbell)) return load<u32>(at, Remap.destination);
  return (load<u32>(msgAt(m), Msg.address) >> 12) & 0xff;
}

/** What a check keeps of a message that a unit has looked up: what it is now, in the place of what it was. */
function become(m: u32): void {
  const at = remapAt(m);
  store<u32>(msgAt(m), load<u32>(at, Remap.destination), Msg.address);
  store<u32>(msgAt(m), load<u32>(at, Remap.data), Msg.data);
}

function forget(m: u32): void {
  const at = remapAt(m);
  store<u64>(at, 0, Remap.pda);
  if (load<u16>(at, Remap.flags) & (RemapFlag.remapped | RemapFlag.doorbell)) become(m);
}

/** The message leaves its remapping unit for a LAPIC, behind those of its requester for the same one. */
export function leaveUnit(m: u32): void {
  const at = msgAt(m);
  if (!timed()) {
    forget(m);
    reachRoot(m);
    return;
  }
  const origin = <u32>load<u16>(at, Msg.origin);
  let arrival = now() + latency(Timing.rootToLapic, streamOfOrigin(origin));
  for (let i = <u32>load<u16>(originAt(origin), Origin.head); i != m + 1; i = load<u16>(msgAt(i - 1), Msg.next)) {
    if (!sameRequester(msgAt(i - 1), at) || load<u8>(msgAt(i - 1), Msg.stage) != Stage.beyondRoot) continue;
    if (destinationOf(i - 1) == destinationOf(m)) arrival = max(arrival, load<u64>(arrivalAt(i - 1)));
  }
  store<u64>(arrivalAt(m), arrival);
  reachRoot(m);
}

/** Takes a message out of its list and frees it. What it carried must have been moved on, or is gone. */
export function land(m: u32): void {
  touchMessages();
  const at = msgAt(m);
  const list = originAt(load<u16>(at, Msg.origin));
  let prev: u32 = 0;
  let i = <u32>load<u16>(list, Origin.head);
  while (i != m + 1) {
    prev = i;
    i = load<u16>(msgAt(i - 1), Msg.next);
  }
  const next = load<u16>(at, Msg.next);
  if (prev) store<u16>(msgAt(prev - 1), next, Msg.next);
  else store<u16>(list, next, Origin.head);
  if (next == 0) store<u16>(list, prev, Origin.tail);
  if (timed()) disarm(messageNode(m));
  tagClear(tagsOfMessage(m));
  memory.fill(at, 0, Msg.size);
  if (nIommus) memory.fill(remapAt(m), 0, Remap.size);
  store<u16>(at, load<u16>(msgFree), Msg.next);
  store<u16>(msgFree, m + 1);
  store<u16>(msgFree, load<u16>(msgFree, 2) - 1, 2);
}

/** Message number `rank` of an origin's list, or -1. */
export function messageOf(origin: u32, rank: u32): i32 {
  let i = <u32>load<u16>(originAt(origin), Origin.head);
  for (let r: u32 = 0; i != 0; r++) {
    if (r == rank) return <i32>i - 1;
    i = load<u16>(msgAt(i - 1), Msg.next);
  }
  return -1;
}

/** True while an EOI of this sender is on its way. */
export function sendsEoi(origin: u32): bool {
  for (let i = <u32>load<u16>(originAt(origin), Origin.head); i != 0; i = load<u16>(msgAt(i - 1), Msg.next)) {
    if (load<u8>(msgAt(i - 1), Msg.kind) == MsgKind.eoi) return true;
  }
  return false;
}

/**
 * True if one more message of a source may fly, or of a pin (each its number + 1, or 0): where raises are unbounded a source has no more
 * in flight than this, so that it never takes the room of others.
 */
export function maySend(origin: u32, source: u32, pin: u32): bool {
  const most = setting(Settings.flying);
  if (most == 0) return true;
  let n: u32 = 0;
  for (let i = <u32>load<u16>(originAt(origin), Origin.head); i != 0; i = load<u16>(msgAt(i - 1), Msg.next)) {
    if (load<u16>(msgAt(i - 1), Msg.source) == source && load<u16>(msgAt(i - 1), Msg.pin) == pin) n++;
  }
  return n < most;
}

/** A write on its way to a function: none passes another. */
@inline export function isAccess(m: u32): bool {
  return load<u8>(msgAt(m), Msg.kind) == MsgKind.table;
}

/** True if message m may move on: none before it in its list holds it back. */
export function isMovable(m: u32): bool {
  const at = msgAt(m);
  if (isAccess(m)) return load<u16>(originAt(load<u16>(at, Msg.origin)), Origin.head) == m + 1;
  if (!isPosted(at)) return true;
  const first = load<u8>(at, Msg.stage) != Stage.beyondRoot;
  for (let i = <u32>load<u16>(originAt(load<u16>(at, Msg.origin)), Origin.head); i != m + 1; i = load<u16>(msgAt(i - 1), Msg.next)) {
    if (!sameRequester(msgAt(i - 1), at)) continue;
    if (first ? load<u8>(msgAt(i - 1), Msg.stage) != Stage.beyondRoot : sameDestination(msgAt(i - 1), at)) return false;
  }
  return true;
}

/** Appends an action (Actor.message, origin, rank) for every message that may move on; returns the new end of the list. */
export function movableMessages(out: usize): usize {
  let end = out;
  for (let o: u32 = 0; o < nOrigins; o++) {
    let rank: u32 = 0;
    for (let i = <u32>load<u16>(originAt(o), Origin.head); i != 0; i = load<u16>(msgAt(i - 1), Msg.next), rank++) {
      if (!isMovable(i - 1)) continue;
      store<u16>(end, (Actor.message << 12) | (o << 4) | rank);
      end += 2;
    }
  }
  return end;
}

// --- what a completion and an mdelay wait for

/** Marks the messages of an origin (or of all: origin = nOrigins) that are in flight now, for the context's wait. */
export function markMessages(origin: u32, bit: u64): void {
  touchMessages();
  for (let m: u32 = 0; m < nMessages; m++) {
    const at = msgAt(m);
    if (load<u8>(at, Msg.kind) == MsgKind.free) continue;
    if (origin != nOrigins && load<u16>(at, Msg.origin) != origin) continue;
    store<u64>(at, load<u64>(at, Msg.marks) | bit, Msg.marks);
  }
}

export function unmarkMessages(bit: u64): void {
  touchMessages();
  for (let m: u32 = 0; m < nMessages; m++) {
    const at = msgAt(m);
    store<u64>(at, load<u64>(at, Msg.marks) & ~bit, Msg.marks);
  }
}

/** True while a marked message is on its way: to the IRR, or only to the root complex. */
export function marked(bit: u64, onlyToRoot: bool): bool {
  for (let m: u32 = 0; m < nMessages; m++) {
    const at = msgAt(m);
    if (load<u64>(at, Msg.marks) & bit && !(onlyToRoot && load<u8>(at, Msg.stage) == 1)) return true;
  }
  return false;
}

/** True if a message that is to be pushed is not yet as far as the assumptions say. */
@inline function isBehind(m: u32): bool {
  return assumes(Assumption.pushToIrr) || load<u8>(msgAt(m), Msg.stage) != Stage.beyondRoot;
}

/**
 * Cycle at which the last of the messages of an origin up to this number moves on, when to look again: what a remapping unit makes of one
 * is not known before (timed). 0: all are pushed as far as the assumptions say.
 */
export function pushedAt(origin: u32, number: u64): u64 {
  if (!assumes(Assumption.pushToRoot) || origin >= nOrigins) return 0;
  let at: u64 = 0;
  for (let i = <u32>load<u16>(originAt(origin), Origin.head); i != 0; i = load<u16>(msgAt(i - 1), Msg.next)) {
    if (numberOf(i - 1) > number) break;
    if (isBehind(i - 1))
      at = max(at, assumes(Assumption.pushToIrr) ? max(load<u64>(arrivalAt(i - 1)), dueOf(messageNode(i - 1))) : dueOf(messageNode(i - 1)));
  }
  return at;
}

/** A completion starts behind what this requester has sent so far, relaxed data apart (hardware.md C.6 G3, G5). */
export function markSent(origin: u32, requester: u32): void {
  for (let i = <u32>load<u16>(originAt(origin), Origin.head); i != 0; i = load<u16>(msgAt(i - 1), Msg.next)) {
    const at = msgAt(i - 1);
    store<u64>(at, load<u16>(at, Msg.requester) == requester && !load<u8>(at, Msg.relaxed) ? 1 : 0, Msg.marks);
  }
}

/**
 * Cycle at which the last of what is so marked of this origin moves on, when to ask again: what a remapping unit makes of a message
 * is not known before. 0: all is pushed as far as the assumptions say.
 */
export function sentPushedAt(origin: u32): u64 {
  if (!assumes(Assumption.pushToRoot)) return 0;
  let at: u64 = 0;
  for (let i = <u32>load<u16>(originAt(origin), Origin.head); i != 0; i = load<u16>(msgAt(i - 1), Msg.next)) {
    if (load<u64>(msgAt(i - 1), Msg.marks) != 0 && isBehind(i - 1)) at = max(at, dueOf(messageNode(i - 1)));
  }
  return at;
}
