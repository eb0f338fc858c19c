/**
 * PCI functions in time: the host's accesses on their way to a function, and its messages on their way out (hardware.md C.4,
 * C.6). Accesses to one function are a list of messages in flight in the order in which they were made: a posted write passes
 * no posted write, what is not posted passes nothing.
 */
import { MmioReg } from '../state/abi/instructions';
import { MOST_ENTRIES, PENDING_BITS } from '../state/abi/pci';
import { Counter, Drop, Event } from '../state/abi/outcomes';
import { Diag } from '../state/abi/lapic';
import { FunctionSetup, Timing } from '../state/abi/tables';
import { Msg, MsgKind, Origin } from '../state/abi/fields';
import { functionSetup, msgAt, now, originAt, timed } from '../state/access';
import { IOMMU_NODES, nAccessed, nFunctions, nIoapics, nIommus, nMessages, nOrigins, nPins } from '../state/layout';
import { lowWord } from '../state/wide';
import { loadConfig, storeConfig } from '../pci/config';
import { decodesMemory, isMaster, reset, setAsleep } from '../pci/function';
import { loadTable, storeTable } from '../pci/table';
import * as vectors from '../pci/vectors';
import { latency, streamOfOrigin } from '../clock/random';
import { PHASE_DEVICE, PHASE_MESSAGE, arm, armed, dueOf } from '../clock/wheel';
import { count, countDiag } from '../record/counters';
import { record } from '../record/ring';
import { dmaWrite, originOfRequester } from './dma';
import { reviewSources } from './emit';
import { hasRoom, inFlight, land, launch, markSent, messageNode, sentPushedAt } from './flight';
import { firstPinNode } from './ioapic';

/** Cycles until a function that found the pool full looks again. */
const RETRY: u32 = 1000;

/** List of the accesses on their way to function f; there must be lists for accesses. */
@inline export function originOfAccesses(f: u32): u32 {
  return nOrigins - nAccessed + f;
}


@inline export function firstFunctionNode(): u32 {
  return firstPinNode() + nIoapics * nPins + nIommus * IOMMU_NODES;
}

// --- messages

function lose(f: u32, n: u32, why: u32): void {
  count(Counter.dropped);
  record(Event.drop, f, n, why);
}

/** Sends message v if it is pending and nothing holds it back. */
function trySend(f: u32, v: u32): void {
  if (!vectors.isPending(f, v) || !vectors.isOpen(f, v)) return;
  if (!isMaster(f)) {
    if (vectors.keepsUnsent(f)) return;
    vectors.setPending(f, v, false);
    lose(f, v, Drop.silenced);
    return;
  }
  if (!hasRoom()) {
    arm(firstFunctionNode() + f, now() + RETRY, PHASE_DEVICE);
    return;
  }
  vectors.sampleMessage(f, v);
  record(Event.sample, f, vectors.sampledLo, vectors.sampledData);
  dmaWrite(functionSetup(f, FunctionSetup.requester), vectors.sampledLo, vectors.sampledHi, vectors.sampledData, 0);
  vectors.setPending(f, v, false);
}

/** After whatever may have unmasked a message (E7), the function (E13), or let it send again (E11). */
function review(f: u32): void {
  const n = vectors.messagesOf(f);
  for (let v: u32 = 0; v < n; v++) trySend(f, v);
}

export function functionTick(f: u32): void {
  review(f);
}

/** True while a function waits for room in the pool. */
export function functionsBusy(): bool {
  for (let f: u32 = 0; f < nFunctions; f++) {
    if (armed(firstFunctionNode() + f)) return true;
  }
  return false;
}

/** Event n of function f: it samples and sends at once, keeps a pending bit, or loses it. */
export function raiseVector(f: u32, n: u32): void {
  if (f >= nFunctions || !timed()) return;
  count(Counter.raises);
  record(Event.raise, f, n, 0);
  const v = vectors.messageFor(f, n);
  if (v < 0) {
    lose(f, n, Drop.disabledDevice);
    return;
  }
  vectors.setPending(f, v, true);
  trySend(f, v);
}

/** Software has served event n meanwhile: nothing is left to be sent (E8). */
export function withdrawVector(f: u32, n: u32): void {
  if (f >= nFunctions) return;
  const v = vectors.messageFor(f, n);
  if (v >= 0) vectors.setPending(f, v, false);
}

/** D3 or D0, at once. */
export function setPower(f: u32, asleep: u32): void {
  if (f >= nFunctions) return;
  setAsleep(f, asleep != 0);
  review(f);
}

/** E12. What has been sent still arrives, and so do accesses that are on their way. */
export function resetFunction(f: u32): void {
  if (f < nFunctions) reset(f);
}

// --- accesses on their way

/** Cycle at which an access that is made now arrives, behind those that it must not pass. */
function arrivalOf(f: u32, way: u32, posted: bool): u64 {
  let due = now() + latency(way, streamOfOrigin(originOfAccesses(f)));
  for (let i = <u32>load<u16>(originAt(originOfAccesses(f)), Origin.head); i != 0; i = load<u16>(msgAt(i - 1), Msg.next)) {
    if (posted && load<u8>(msgAt(i - 1), Msg.kind) == MsgKind.config) continue;
    due = max(due, dueOf(messageNode(i - 1)));
  }
  return due;
}

function request(kind: u32, f: u32, offset: u32, width: u32, value: u32, due: u64): void {
  arm(messageNode(launch(kind, originOfAccesses(f), width, offset, value)), due, PHASE_MESSAGE);
}

function canRequest(f: u32, n: u32): bool {
  return timed() && f < nAccessed && inFlight() + n <= nMessages;
}

/**
 * A config write of 1, 2 or 4 bytes is on its way. One that crosses a dword is two, the second of which starts when the first has
 * completed (E2). 0: the pool of messages is full, nothing is written.
 */
export function configWrite(f: u32, offset: u32, width: u32, value: u32): u32 {
  const first = min(width, 4 - (offset & 3));
  if (!canRequest(f, first < width ? 2 : 1)) return 0;
  const due = arrivalOf(f, Timing.cfgApply, false);
  request(MsgKind.config, f, offset, first, value, due);
  if (first < width) {
    const completed = due + latency(Timing.cfgWrite, streamOfOrigin(originOfAccesses(f)));
    request(MsgKind.config, f, offset + first, width - first, value >> (first << 3), completed);
  }
  return 1;
}

/** True for what C.2 defines: 4 or 8 bytes, aligned. */
function isDefined(offset: u32, width: u32): bool {
  if ((width == 4 || width == 8) && (offset & (width - 1)) == 0) return true;
  countDiag(Diag.msixUndefined);
  return false;
}

/**
 * A write to the MSI-X table is on its way; one of 8 bytes lands as two of 4, the upper a cycle later (E2). Of another width or
 * alignment it is lost. 0: the pool of messages is full.
 */
export function msixWrite(f: u32, offset: u32, width: u32, lo: u32, hi: u32): u32 {
  if (!canRequest(f, width == 8 ? 2 : 1)) return 0;
  if (!isDefined(offset, width)) return 1;
  const due = arrivalOf(f, Timing.mmioArrive, true);
  request(MsgKind.table, f, offset, 4, lo, due);
  if (width == 8) request(MsgKind.table, f, offset + 4, 4, hi, due + 1);
  return 1;
}

/** Message m is an access and reaches its function; its place in the pool is free for what it brings about. */
export function landRequest(m: u32): void {
  const at = msgAt(m);
  const f = <u32>load<u16>(at, Msg.origin) - originOfAccesses(0);
  const config = load<u8>(at, Msg.kind) == MsgKind.config;
  const offset = load<u32>(at, Msg.address);
  const width = <u32>load<u16>(at, Msg.source);
  const value = load<u32>(at, Msg.data);
  land(m);
  record(config ? Event.cfg : Event.table, f, offset, value);
  if (config) storeConfig(f, offset, width, value);
  else if (decodesMemory(f)) storeTable(f, offset, value);
  review(f);
  reviewSources(f);
}

// --- accesses of programs, to a register of entry n of the table (`MmioReg`)

/** True if function f has registers in memory space: others ignore writes and read all ones. */
export function hasMemory(f: u32): bool {
  return f < nAccessed && functionSetup(f, FunctionSetup.msixVectors) != 0;
}

/** A posted write is on its way; there must be room in the pool. */
export function postWrite(f: u32, n: u32, reg: u32, value: u32): void {
  if (!hasMemory(f) || reg > <u32>MmioReg.control || n >= MOST_ENTRIES) return;
  const offset = (n << 4) | (reg << 2);
  const m = launch(MsgKind.table, originOfAccesses(f), 0, offset, value);
  record(Event.access, f, offset, value);
  if (timed()) arm(messageNode(m), arrivalOf(f, Timing.mmioArrive, true), PHASE_MESSAGE);
}

/** True if no write is on its way to function f: what is not posted passes none (C.6). */
export function isReached(f: u32): bool {
  return f >= nAccessed || load<u16>(originAt(originOfAccesses(f)), Origin.head) == 0;
}

/** Cycle at which the last of what is on its way to function f is there (timed). */
export function reachedAt(f: u32): u64 {
  let due = now();
  for (let i = <u32>load<u16>(originAt(originOfAccesses(f)), Origin.head); i != 0; i = load<u16>(msgAt(i - 1), Msg.next)) {
    due = max(due, dueOf(messageNode(i - 1)));
  }
  return due;
}

/** What the register holds now; all that is on its way must have arrived. */
export function readMemory(f: u32, n: u32, reg: u32): u32 {
  if (!hasMemory(f) || n >= MOST_ENTRIES) return 0xffffffff;
  return loadTable(f, reg == MmioReg.pending ? PENDING_BITS + (n << 2) : (n << 4) | (reg << 2));
}

// --- reads

/** Cycle (low word) at which a read that starts now reaches the function, behind all writes before it. */
export function readArrival(f: u32, table: u32): u32 {
  return lowWord(f < nFunctions ? arrivalOf(f, table ? Timing.mmioArrive : Timing.cfgApply, false) : now());
}

/** What config space holds now; 1, 2 or 4 bytes. */
export function configRead(f: u32, offset: u32, width: u32): u32 {
  if (f >= nFunctions) return 0xffffffff;
  const first = min(width, 4 - (offset & 3));
  const low = loadConfig(f, offset, first);
  return first == width ? low : low | (loadConfig(f, offset + first, width - first) << (first << 3));
}

/** What the table or the pending bits hold now, low word. All ones where nothing answers. */
export function msixRead(f: u32, offset: u32, width: u32): u32 {
  if (f >= nFunctions || !isDefined(offset, width) || !decodesMemory(f)) return lowWord(~(<u64>0));
  const hi: u64 = width == 8 ? loadTable(f, offset + 4) : 0;
  return lowWord((<u64>loadTable(f, offset)) | (hi << 32));
}

/**
 * The read has its value, and its completion starts behind what the function has sent so far (C.6 G3). Cycle (low word) at which
 * it would be back if it had to push nothing.
 */
export function readCompletion(f: u32, table: u32): u32 {
  if (f >= nFunctions) return lowWord(now());
  const requester = functionSetup(f, FunctionSetup.requester);
  markSent(originOfRequester(requester), requester);
  const stream = streamOfOrigin(originOfAccesses(f));
  const whole = latency(table ? Timing.mmioRead : Timing.cfgRead, stream);
  const there = latency(table ? Timing.mmioArrive : Timing.cfgApply, stream);
  return lowWord(now() + (whole > there ? whole - there : 0));
}

/** Cycle (low word) at which to ask again whether all that the completion pushes is as far as the assumptions say; 0: it is. */
export function readPushed(f: u32): u32 {
  return lowWord(f < nFunctions ? sentPushedAt(originOfRequester(functionSetup(f, FunctionSetup.requester))) : 0);
}
