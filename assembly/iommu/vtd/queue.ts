/**
 * The invalidation queue (hardware.md D.4.1, D.4.2, D.4.4): descriptors are checked when they are fetched and executed in
 * order, one after the other, so that a wait has only to wait for draining, and a fence for nothing more. Commands for context,
 * IOTLB and device-TLB caches, which do not exist here, take their time and have no effect; device-TLBs never fail.
 */
import { Iommu, IommuSetup, Gcmd, QueueState, Remap, RemapFlag } from '../../state/abi/iommu';
import { iommuAt, iommuSetup, messagesUsed, remapAt, timed } from '../../state/access';
import { isGuest, readGuest, writeGuest } from '../../state/guest';
import { touchMessages } from '../../state/touched';
import { dropAll, dropGroup } from './cache';
import { IQE, ITE, MASKED, PENDING, setStatus } from './fault';

/** Reasons of a queue error: IQERCD bits 3:0. */
enum QueueError {
  noInformation = 0,
  tail = 1,
  fetch = 2,
  type = 3,
  reserved = 4,
  width = 5,
  tailMisaligned = 6,
}

/** Types of descriptors that are executed here. */
const IEC: u32 = 4;
const WAIT: u32 = 5;

/** Reserved bits of the low half. IEC: 8:5, 26:12, 63:48. Wait: 8, 31:12, and PD, as there are no page requests. */
const RESERVED_IEC: u64 = 0xffff000007fff1e0;
const RESERVED_WAIT: u64 = 0xfffff180;

/** Bits of a wait: interrupt, status write. */
export const INTERRUPT: u64 = 16;
const STATUS: u64 = 32;

/** ICS: a wait with interrupt has completed. */
const IWC: u32 = 1;


@inline function isWide(u: u32): bool {
  return (load<u64>(iommuAt(u), Iommu.iqa) & 0x800) != 0;
}


@inline function typeOf(low: u64): u32 {
  return ((<u32>low) & 15) | (((<u32>(low >> 9)) & 7) << 4);
}

/** True if there is something to fetch, and nothing forbids it. */
export function hasWork(u: u32): bool {
  const at = iommuAt(u);
  if ((load<u32>(at, Iommu.gsts) & (<u32>Gcmd.qie)) == 0 || (load<u32>(at, Iommu.fsts) & (IQE | ITE)) != 0) return false;
  return load<u32>(at, Iommu.iqh) != load<u32>(at, Iommu.iqt);
}

/** True if the descriptor at the head is a wait. `hasWork` must hold. */
export function isWait(u: u32): bool {
  const at = iommuAt(u);
  return typeOf(readGuest((load<u64>(at, Iommu.iqa) & ~(<u64>0xfff)) + load<u32>(at, Iommu.iqh), 8)) == WAIT;
}

/** Where the wait that stands so many bytes behind the head writes its status. */
export function statusBehind(u: u32, offset: u32): u64 {
  const at = iommuAt(u);
  return readGuest((load<u64>(at, Iommu.iqa) & ~(<u64>0xfff)) + load<u32>(at, Iommu.iqh) + offset + 8, 8);
}

function fail(u: u32, error: QueueError): QueueState {
  const at = iommuAt(u);
  if (timed()) store<u64>(at, (load<u64>(at, Iommu.iqercd) & ~(<u64>15)) | error, Iommu.iqercd);
  setStatus(u, IQE);
  return QueueState.idle;
}

/** -1: it may be executed; or the error. */
function check(u: u32, low: u64, high: u64): i32 {
  const type = typeOf(low);
  if (type == IEC) {
    if ((low & RESERVED_IEC) != 0 || high != 0) return QueueError.reserved;
    const mask = (<u32>(low >> 27)) & 31;
    return low & 16 && mask > iommuSetup(u, IommuSetup.mhmv) ? QueueError.reserved : -1;
  }
  if (type == WAIT) {
    if ((low & RESERVED_WAIT) != 0 || (high & 3) != 0) return QueueError.reserved;
    return low & STATUS && !isGuest(high, 4) ? QueueError.noInformation : -1;
  }
  const most: u32 = iommuSetup(u, IommuSetup.wide) ? 9 : 5;
  return type == 0 || type > most ? QueueError.type : -1;
}

/** Fetches the descriptor at IQH, which moves on if it is good; returns what to do with it. `hasWork` must hold. */
export function fetch(u: u32): QueueState {
  const at = iommuAt(u);
  const iqa = load<u64>(at, Iommu.iqa);
  const wide = isWide(u);
  if (wide && iommuSetup(u, IommuSetup.wide) == 0) return fail(u, QueueError.width);
  const bytes = (<u32>4096) << ((<u32>iqa) & 7);
  const tail = load<u32>(at, Iommu.iqt);
  const head = load<u32>(at, Iommu.iqh);
  if (tail >= bytes || head >= bytes) return fail(u, QueueError.tail);
  if (wide && ((tail | head) & 31) != 0) return fail(u, QueueError.tailMisaligned);
  const step: u32 = wide ? 32 : 16;
  const from = (iqa & ~(<u64>0xfff)) + head;
  if (!isGuest(from, step)) return fail(u, QueueError.fetch);
  const low = readGuest(from, 8);
  const high = readGuest(from + 8, 8);
  const error = check(u, low, high);
  if (error >= 0) return fail(u, error);
  const type = typeOf(low);
  if (wide && (type == IEC || type == WAIT) && (readGuest(from + 16, 8) | readGuest(from + 24, 8)) != 0)
    return fail(u, QueueError.reserved);
  store<u32>(at, (head + step) & (bytes - 1), Iommu.iqh);
  store<u64>(at, low, Iommu.descriptor);
  store<u64>(at, high, Iommu.statusAddress);
  return type == WAIT ? QueueState.draining : QueueState.executing;
}

/** Requests on their way that have used one of these entries, or half of one, are to be drained by the next wait. */
function markStale(u: u32, index: u32, mask: u32): void {
  touchMessages();
  for (let m: u32 = 0; m < messagesUsed(); m++) {
    const at = remapAt(m);
    const flags = <u32>load<u16>(at, Remap.flags);
    if (<u32>load<u8>(at, Remap.unit) != u + 1 || (flags & (RemapFlag.remapped | RemapFlag.posted | RemapFlag.missed)) == 0) continue;
    if (((<u32>load<u16>(at, Remap.index)) ^ index) >> mask == 0) store<u16>(at, flags | RemapFlag.stale, Remap.flags);
  }
}

/** Everything that unit u has cached, as of now. */
export function invalidateAll(u: u32): void {
  dropAll(u);
  markStale(u, 0, 16);
}

/** What the last `execute` has invalidated: entries from `first` on, 0: all; -1: the descriptor was another command. */
export let first: u32 = 0;
export let count: i32 = 0;

/** Executes the descriptor that was fetched last and is no wait. */
export function execute(u: u32): void {
  const low = load<u64>(iommuAt(u), Iommu.descriptor);
  first = 0;
  count = -1;
  if (typeOf(low) != IEC) return;
  count = 0;
  if ((low & 16) == 0) {
    invalidateAll(u);
    return;
  }
  const mask = min((<u32>(low >> 27)) & 31, 16);
  const index = (<u32>(low >> 32)) & 0xffff;
  dropGroup(u, index, mask);
  markStale(u, index, mask);
  first = (index >> mask) << mask;
  count = 1 << mask;
}

/** Ends the wait that was fetched last: status, completion. */
export function completeWait(u: u32): void {
  const at = iommuAt(u);
  const low = load<u64>(at, Iommu.descriptor);
  if (low & STATUS) writeGuest(load<u64>(at, Iommu.statusAddress), 4, low >> 32);
  if ((low & INTERRUPT) == 0 || load<u32>(at, Iommu.ics) & IWC) return;
  store<u32>(at, IWC, Iommu.ics);
  store<u32>(at, load<u32>(at, Iommu.iectl) | PENDING, Iommu.iectl);
}

/** Write to ICS: a one clears, and withdraws an event that nobody was told of. */
export function clearCompletion(u: u32, value: u32): void {
  if ((value & IWC) == 0) return;
  const at = iommuAt(u);
  store<u32>(at, 0, Iommu.ics);
  store<u32>(at, load<u32>(at, Iommu.iectl) & MASKED, Iommu.iectl);
}
