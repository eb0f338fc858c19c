/**
 * Remapping units in time: commands, the invalidation queue (AMD: the command buffer) and event messages (hardware.md D.1.1, D.4,
 * D.7.3, F.5, F.6, G.2). Whatever may have changed what a unit has to do is followed by `reviewUnit`.
 */
import { Counter, Drop, Event, Property } from '../state/abi/outcomes';
import { Assumption, Timing } from '../state/abi/tables';
import { Msg, MsgKind } from '../state/abi/fields';
import { CommandState, Iommu, QueueState, Remap, RemapFlag } from '../state/abi/iommu';
import { assumes, iommuAt, isAmd, messagesUsed, msgAt, now, remapAt, timed } from '../state/access';
import { variableAt } from '../state/guest';
import { IOMMU_NODES, nCpus, nDevices, nInstructions, nIoapics, nIommus, nPins } from '../state/layout';
import { lowWord } from '../state/wide';
import * as amdCommands from '../iommu/amd/commands';
import { OF_GUESTS, tell, untold } from '../iommu/amd/status';
import * as commands from '../iommu/vtd/commands';
import { MASKED, PENDING } from '../iommu/vtd/fault';
import * as queue from '../iommu/vtd/queue';
import { isExtended } from '../iommu/vtd/translate';
import { readUnit, writeUnit } from '../iommu/unit';
import * as own from '../iommu/amd/own';
import { inInterruptRange } from '../message/decode';
import { kickWaiters } from '../clock/kick';
import { latency, streamOfOrigin } from '../clock/random';
import { PHASE_DEVICE, arm, armed } from '../clock/wheel';
import { count } from '../record/counters';
import { record } from '../record/ring';
import { violate } from '../record/violations';
import { Stage, hasRoom, land, launch, leaveUnit } from './flight';
import { firstPinNode, tellPin } from './ioapic';

/** Cycles until an event message that found the pool full is tried again. */
const RETRY: u32 = 1000;
const TRIGGER_MODE: u32 = 0x8000;

/** Of `Event.invalidate`: c is a command of an AMD unit, b its device. */
const OF_DEVICE: u32 = 1 << 31;

enum Node {
  command = 0,
  queue = 1,
  events = 2,
}


@inline export function originOfUnit(u: u32): u32 {
  return nDevices + nCpus + nIoapics + u;
}


@inline export function firstUnitNode(): u32 {
  return firstPinNode() + nIoapics * nPins;
}


@inline function nodeOf(u: u32, which: Node): u32 {
  return firstUnitNode() + u * IOMMU_NODES + which;
}

function armAfter(u: u32, which: Node, timing: u32): void {
  arm(nodeOf(u, which), now() + latency(timing, streamOfOrigin(originOfUnit(u))), PHASE_DEVICE);
}

// --- draining

/** True if a wait for message m is one to its IRR, or out of the unit, by the assumptions. */
function isDrained(m: u32): bool {
  if (assumes(Assumption.noDrain)) return true;
  return assumes(Assumption.drainToRoot) && load<u8>(msgAt(m), Msg.stage) == Stage.beyondRoot;
}

/** True while a request of unit u with this flag is to be drained. */
export function draining(u: u32, flag: RemapFlag): bool {
  for (let m: u32 = 0; m < messagesUsed(); m++) {
    const at = remapAt(m);
    if (<u32>load<u8>(at, Remap.unit) == u + 1 && (<u32>load<u16>(at, Remap.flags)) & flag && !isDrained(m)) return true;
  }
  return false;
}

// --- commands

function reviewCommand(u: u32): void {
  const state = <u32>load<u8>(iommuAt(u), Iommu.commandState);
  if (state == CommandState.asked && !armed(nodeOf(u, Node.command))) armAfter(u, Node.command, Timing.gcmd);
  if (state != CommandState.waiting || draining(u, RemapFlag.awaited) || commands.waitsForQueue(u)) return;
  commands.finish(u);
}

// --- the queue; an AMD unit's is its command buffer

@inline function queueState(u: u32): u32 {
  return load<u8>(iommuAt(u), Iommu.queueState);
}


@inline function setQueueState(u: u32, state: QueueState): void {
  store<u8>(iommuAt(u), state, Iommu.queueState);
}

/** What was fetched last is no wait. */
export function execute(u: u32): void {
  if (isAmd(u)) {
    amdCommands.execute(u);
    if (amdCommands.done != 0) {
      count(Counter.invalidations);
      record(Event.invalidate, u, amdCommands.device, OF_DEVICE | amdCommands.done);
    }
    return;
  }
  queue.execute(u);
  if (queue.count >= 0) {
    count(Counter.invalidations);
    record(Event.invalidate, u, queue.first, queue.count);
  }
}

export function completeWait(u: u32): void {
  const unit = iommuAt(u);
  const amd = isAmd(u);
  if (amd) amdCommands.completeWait(u);
  else queue.completeWait(u);
  const status = amd ? amdCommands.storesAt(u) : load<u64>(unit, Iommu.statusAddress);
  record(Event.wait, u, <u32>status, amd ? load<u32>(unit, Iommu.statusAddress) : load<u32>(unit, Iommu.descriptor + 4));
  const variable = variableAt(status);
  if (variable != 0) kickWaiters(variable);
}


@inline export function hasWork(u: u32): bool {
  return isAmd(u) ? amdCommands.hasWork(u) : queue.hasWork(u);
}

/** A command that cannot be executed is an event of an AMD unit, to a program a fault. */
export function fetch(u: u32): QueueState {
  if (!isAmd(u)) return queue.fetch(u);
  const state = amdCommands.fetch(u);
  if (amdCommands.error == 0 || nInstructions == 0) return state;
  count(Counter.faults);
  record(Event.fault, u, amdCommands.error << 16, 0);
  violate(Property.noFault);
  return state;
}

/** Goes on with the next descriptor, which is there already. */
function fetchNext(u: u32): void {
  const state = hasWork(u) ? fetch(u) : QueueState.idle;
  setQueueState(u, state);
  if (state == QueueState.executing) armAfter(u, Node.queue, Timing.queueInvalidate);
}

function reviewQueue(u: u32): void {
  if (queueState(u) == QueueState.idle && hasWork(u)) {
    setQueueState(u, QueueState.fetching);
    armAfter(u, Node.queue, Timing.queueFetch);
  }
  if (queueState(u) != QueueState.draining || draining(u, RemapFlag.stale)) return;
  setQueueState(u, QueueState.writing);
  armAfter(u, Node.queue, Timing.queueWrite);
}

function queueTick(u: u32): void {
  switch (queueState(u)) {
    case QueueState.executing:
      execute(u);
      break;
    case QueueState.writing:
      completeWait(u);
      break;
  }
  fetchNext(u);
}

// --- event messages

/** A unit's own messages are neither remapped nor posted; they are edges. There must be room. */
function sendOwn(u: u32, address: u32, destination: u32, data: u32, flags: u32): void {
  const m = launch(MsgKind.msi, originOfUnit(u), 0, address, data);
  const at = remapAt(m);
  store<u32>(at, destination, Remap.destination);
  store<u32>(at, (data & 0x7ff) | 0x4000, Remap.data);
  store<u16>(at, RemapFlag.remapped | flags, Remap.flags);
  leaveUnit(m);
}

/** One by address and data as of an MSI; `high`: what the upper half of the address adds to an extended destination. */
function sendEvent(u: u32, address: u32, high: u32, data: u32): void {
  if (!inInterruptRange(address, 0)) {
    count(Counter.wildWrites);
    record(Event.drop, 0, 0, Drop.wildWrite);
    return;
  }
  const logical = address & 4 ? RemapFlag.logical : 0;
  const redirect = address & 8 ? RemapFlag.redirect : 0;
  sendOwn(u, address, ((address >> 12) & 0xff) | high, data, logical | redirect);
}

/** False: the pool is full, and what was to be sent is tried again. */
function hasRoomFor(u: u32): bool {
  if (hasRoom()) return true;
  arm(nodeOf(u, Node.events), now() + RETRY, PHASE_DEVICE);
  return false;
}

/** Sends the event whose control register stands at `control`, data and address behind it, if it is pending and not masked. */
function reviewEvent(u: u32, control: usize): void {
  if ((load<u32>(control) & (PENDING | MASKED)) != PENDING) return;
  if (!hasRoomFor(u)) return;
  store<u32>(control, load<u32>(control) & ~PENDING);
  // with EIME the destination has 32 bits (D.3.4)
  sendEvent(u, load<u32>(control, 8), isExtended(u) ? load<u32>(control, 12) & 0xffffff00 : 0, load<u32>(control, 4));
}

/** One message for all that is due of the log of guests, or of the rest (F.1, F.5, F.6). */
function reviewStatus(u: u32, which: u32): void {
  const due = untold(u) & which;
  if (due == 0 || !hasRoomFor(u)) return;
  tell(u, due);
  if (own.describe(u, which == OF_GUESTS)) sendOwn(u, own.address, own.destination, own.data, own.isLogical ? RemapFlag.logical : 0);
  else sendEvent(u, own.address, 0, own.data);
}

/** Those of an AMD unit that are due. */
export function reviewInterrupts(u: u32): void {
  reviewStatus(u, ~OF_GUESTS);
  reviewStatus(u, OF_GUESTS);
}

// --- all of it

export function reviewUnit(u: u32): void {
  if (!timed()) return;
  if (isAmd(u)) {
    reviewQueue(u);
    reviewInterrupts(u);
    return;
  }
  // what it enables is looked at next
  reviewCommand(u);
  reviewQueue(u);
  reviewEvent(u, iommuAt(u) + Iommu.fectl);
  reviewEvent(u, iommuAt(u) + Iommu.iectl);
}

/** What a check keeps of a request that is to be posted: where and what, in the place of what it asked for, but for its trigger mode. */
export function becomePosted(m: u32, where: u32): void {
  const at = msgAt(m);
  store<u32>(at, where, Msg.address);
  store<u32>(at, (load<u32>(at, Msg.data) & TRIGGER_MODE) | load<u32>(remapAt(m), Remap.data), Msg.data);
}

/** A blocked request vanishes: an edge is over for its pin, a level asks again. */
export function vanish(m: u32, u: u32): void {
  tellPin(m, (load<u32>(msgAt(m), Msg.data) & TRIGGER_MODE) == 0);
  land(m);
  reviewUnit(u);
}

/** After messages have come to their end: those that wait for that. */
export function reviewUnits(): void {
  for (let u: u32 = 0; u < nIommus; u++) {
    if (queueState(u) == QueueState.draining || commands.isWaiting(u)) reviewUnit(u);
  }
}

/** Node number `number` behind the first of the units is due. */
export function unitTick(number: u32): void {
  const u = number / IOMMU_NODES;
  const which = number % IOMMU_NODES;
  if (which == Node.command) commands.begin(u);
  if (which == Node.queue) queueTick(u);
  reviewUnit(u);
}

/** True while a unit executes commands, descriptors, or waits for what is in flight. */
export function unitsBusy(): bool {
  for (let u: u32 = 0; u < nIommus; u++) {
    if (queueState(u) != QueueState.idle || load<u8>(iommuAt(u), Iommu.commandState) != CommandState.none) return true;
    if (armed(nodeOf(u, Node.events))) return true;
  }
  return false;
}

// --- register level

/** Low word of a read of 4 or 8 bytes of the registers of unit u. */
export function iommuRead(u: u32, offset: u32, bytes: u32): u32 {
  return lowWord(readUnit(u, offset, bytes));
}

export function writeRegisters(u: u32, offset: u32, bytes: u32, value: u64): void {
  if (writeUnit(u, offset, bytes, value)) reviewUnit(u);
}

export function iommuWrite(u: u32, offset: u32, bytes: u32, lo: u32, hi: u32): void {
  writeRegisters(u, offset, bytes, (<u64>lo) | ((<u64>hi) << 32));
}
