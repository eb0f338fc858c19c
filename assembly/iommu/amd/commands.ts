/**
 * The command buffer (hardware.md F.5): commands are checked when they are fetched and executed in order, one after the other, so
 * that a wait has only to wait for draining, and its flush bit for nothing more.
 */
import { Amd, AmdCommand, AmdControl, AmdEvent, AmdStatus } from '../../state/abi/amd';
import { Iommu, QueueState, Remap, RemapFlag } from '../../state/abi/iommu';
import { amdAt, iommuAt, messagesUsed, remapAt } from '../../state/access';
import { isGuest, readGuest, writeGuest } from '../../state/guest';
import { touchMessages } from '../../state/touched';
import { dropAll, dropDevice, dropTable } from './cache';
import { controls } from './control';
import { logEvent } from './log';
import { baseOf, bytesOf, within } from './ring';
import { has, raise } from './status';

const BYTES: u32 = 16;
/** Bits of a wait: store, interrupt. */
const STORE: u64 = 1;
const INTERRUPT: u64 = 2;
/** Bits that are 0: of a wait, of an invalidation for a device, of one for all. */
const RESERVED_WAIT: u64 = 0x0ff0000000000000;
const RESERVED_DEVICE: u64 = 0x0fffffffffff0000;
const RESERVED_ALL: u64 = 0x0fffffffffffffff;


@inline function opOf(low: u64): u32 {
  return <u32>(low >> 60);
}

/** Bytes of the buffer. */
@inline function size(u: u32): u32 {
  return bytesOf(load<u64>(amdAt(u), Amd.commandBase), BYTES);
}


@inline function headOf(u: u32): u32 {
  return within(load<u32>(amdAt(u), Amd.commandHead), size(u));
}

/** True if there is something to fetch, and no error forbids it. */
export function hasWork(u: u32): bool {
  if (!controls(u, AmdControl.cmdBufEn) || !has(u, AmdStatus.cmdBufRun)) return false;
  return headOf(u) != within(load<u32>(amdAt(u), Amd.commandTail), size(u));
}

/** True if the command at the head is a wait. `hasWork` must hold. */
export function isWait(u: u32): bool {
  return opOf(readGuest(baseOf(load<u64>(amdAt(u), Amd.commandBase)) + headOf(u), 8)) == AmdCommand.completionWait;
}

/** Whether the wait at the head raises an interrupt. */
export function interruptsAtHead(u: u32): bool {
  return (readGuest(baseOf(load<u64>(amdAt(u), Amd.commandBase)) + headOf(u), 8) & INTERRUPT) != 0;
}

/** Where the wait that stands so many bytes behind the head stores, 0: it does not. */
export function storeBehind(u: u32, offset: u32): u64 {
  const low = readGuest(baseOf(load<u64>(amdAt(u), Amd.commandBase)) + headOf(u) + offset, 8);
  return low & STORE ? storeAddress(low) : 0;
}

/** Why the last command could not be executed: the code of its event, 0: it could. */
export let error: u32 = 0;

/** Processing stops with the head at the command, until software turns the buffer off and on. */
function fail(u: u32, why: AmdEvent, at: u64): QueueState {
  error = why;
  const unit = amdAt(u);
  store<u32>(unit, load<u32>(unit, Amd.status) & ~(<u32>AmdStatus.cmdBufRun), Amd.status);
  logEvent(u, why, 0, at);
  return QueueState.idle;
}


@inline function storeAddress(low: u64): u64 {
  return low & 0xffffffffffff8;
}

function isLegal(low: u64, high: u64): bool {
  switch (opOf(low)) {
    case AmdCommand.completionWait:
      return (low & RESERVED_WAIT) == 0;
    case AmdCommand.invalidateDevtabEntry:
    case AmdCommand.invalidateInterruptTable:
      return (low & RESERVED_DEVICE) == 0 && high == 0;
    case AmdCommand.invalidateAll:
      return (low & RESERVED_ALL) == 0 && high == 0;
    case AmdCommand.invalidateIommuPages:
    case AmdCommand.invalidateIotlbPages:
      return true;
    default:
      return false;
  }
}

/** Fetches the command at the head, which moves on if it is good; returns what to do with it. `hasWork` must hold. */
export function fetch(u: u32): QueueState {
  error = 0;
  const head = headOf(u);
  const from = baseOf(load<u64>(amdAt(u), Amd.commandBase)) + head;
  if (!isGuest(from, BYTES)) return fail(u, AmdEvent.commandHardware, from);
  const low = readGuest(from, 8);
  const high = readGuest(from + 8, 8);
  if (!isLegal(low, high)) return fail(u, AmdEvent.illegalCommand, from);
  const waits = opOf(low) == AmdCommand.completionWait;
  if (waits && low & STORE && !isGuest(storeAddress(low), 8)) return fail(u, AmdEvent.commandHardware, from);
  store<u32>(amdAt(u), within(head + BYTES, size(u)), Amd.commandHead);
  store<u64>(iommuAt(u), low, Iommu.descriptor);
  store<u64>(iommuAt(u), high, Iommu.statusAddress);
  return waits ? QueueState.draining : QueueState.executing;
}

/** Requests of the device (-1: of all) that have used what is invalidated, are to be drained by the next wait (D.4.3). */
function markStale(u: u32, device: i32, used: u32): void {
  touchMessages();
  for (let m: u32 = 0; m < messagesUsed(); m++) {
    const at = remapAt(m);
    const flags = <u32>load<u16>(at, Remap.flags);
    if (<u32>load<u8>(at, Remap.unit) != u + 1 || (flags & used) == 0) continue;
    if (device < 0 || <u32>load<u16>(at, Remap.requester) == <u32>device) store<u16>(at, flags | RemapFlag.stale, Remap.flags);
  }
}

/** What has used a remapping entry; what has used a device table entry. */
const ENTRY: u32 = RemapFlag.remapped | RemapFlag.posted | RemapFlag.missed;
const ANY: u32 = ENTRY | RemapFlag.passed;

/** What the last `execute` has invalidated: a command, 0: it was one without effect here; and its device. */
export let done: u32 = 0;
export let device: u32 = 0;

/** Executes the command that was fetched last and is no wait. */
export function execute(u: u32): void {
  const low = load<u64>(iommuAt(u), Iommu.descriptor);
  done = opOf(low);
  device = (<u32>low) & 0xffff;
  switch (done) {
    case AmdCommand.invalidateDevtabEntry:
      dropDevice(u, device);
      markStale(u, device, ANY);
      break;
    case AmdCommand.invalidateInterruptTable:
      dropTable(u, device);
      markStale(u, device, ENTRY);
      break;
    case AmdCommand.invalidateAll:
      dropAll(u);
      markStale(u, -1, ANY);
      break;
    default:
      done = 0;
  }
}

/** Where the wait that was fetched last stores, 0: it does not. */
export function storesAt(u: u32): u64 {
  const low = load<u64>(iommuAt(u), Iommu.descriptor);
  return low & STORE ? storeAddress(low) : 0;
}

/** Ends the wait that was fetched last. */
export function completeWait(u: u32): void {
  const unit = iommuAt(u);
  const low = load<u64>(unit, Iommu.descriptor);
  if (low & STORE) writeGuest(storeAddress(low), 8, load<u64>(unit, Iommu.statusAddress));
  if (low & INTERRUPT) raise(u, AmdStatus.comWaitInt);
}
