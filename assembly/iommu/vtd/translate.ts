/** Classification and remapping of a request (hardware.md D.2, D.3). What comes out stands in the message's `Remap` record. */
import { Diag } from '../../state/abi/lapic';
import { FaultReason, Gcmd, Iec, Iommu, IommuSetup, Remap, RemapFlag } from '../../state/abi/iommu';
import { Assumption } from '../../state/abi/tables';
import { assumes, iommuAt, iommuSetup, timed } from '../../state/access';
import { isGuest, readGuest } from '../../state/guest';
import { countDiag } from '../../record/counters';
import { Translation } from '../translation';
import { cached, keep, use } from './cache';
import * as irte from './irte';
import { highOf, mayCache } from './lines';
import { handleOf, hasReservedBits, indexOf, isRemappable } from './request';

/** Of the last translation: the entry; why it was blocked, and whether that is recorded. */
export let index: u32 = 0;
export let reason: u32 = 0;
export let isRecorded: bool = false;
/** The entry was not in the cache. */
export let missed: bool = false;

let low: u64 = 0;
let high: u64 = 0;

function block(why: FaultReason, hidden: bool): Translation {
  reason = why;
  isRecorded = !hidden;
  return Translation.blocked;
}


@inline function table(u: u32): u64 {
  return load<u64>(iommuAt(u), Iommu.activeIrta);
}

/** Destinations have 32 bits. */
@inline export function isExtended(u: u32): bool {
  return (table(u) & 0x800) != 0;
}


@inline export function remaps(u: u32): bool {
  return (load<u32>(iommuAt(u), Iommu.gsts) & (<u32>Gcmd.ire)) != 0;
}


@inline function isInTable(u: u32, which: u32): bool {
  return which < (<u32>2) << ((<u32>table(u)) & 15);
}


@inline function addressOf(u: u32, which: u32): u64 {
  return (table(u) & ~(<u64>0xfff)) + ((<u64>which) << 4);
}

/** Guest address of the entry that a request in the remappable format asks for. */
export function entryAddress(u: u32, address: u32, data: u32): u64 {
  return addressOf(u, indexOf(address, data));
}

/** True if the request will have to fetch an entry: it takes longer. */
export function mustFetch(u: u32, address: u32, data: u32): bool {
  return isRemappable(address) && cached(u, indexOf(address, data)) == 0;
}

/** The low half of the entry as it is now, for who reads the halves one after the other. */
export function lowHalf(u: u32, address: u32, data: u32): u64 {
  return readGuest(addressOf(u, indexOf(address, data)), 8);
}


@inline function isUsable(u: u32): bool {
  return irte.isValid(low, high, iommuSetup(u, IommuSetup.pi) != 0, isExtended(u));
}

/** Counts what only a cache can do: use an entry that memory has no more. */
function noteStale(u: u32): void {
  const at = addressOf(u, index);
  const now = readGuest(at, 8);
  if (now == low && readGuest(at + 8, 8) == high) return;
  countDiag(Diag.staleIrteUsed);
  if (!irte.isPresent(now)) countDiag(Diag.useAfterFreeIrte);
}

function read(at: u64): bool {
  if (!isGuest(at, 16)) return false;
  low = readGuest(at, 8);
  high = readGuest(at + 8, 8);
  return true;
}

/** The other entries of the same 64 bytes come with it (`iec.prefetch`). */
function prefetch(u: u32): void {
  for (let i: u32 = 1; i < 4; i++) {
    const other = index ^ i;
    if (isInTable(u, other) && cached(u, other) == 0 && read(addressOf(u, other)) && mayCache(u, low, high)) keep(u, other, low, high);
  }
}

/** Reads the entry, both halves at this instant; of a record that has been missed before, maybe its low half then (D.5). */
function fetch(u: u32, record: usize): bool {
  missed = true;
  if (iommuSetup(u, IommuSetup.prefetch) && timed()) prefetch(u);
  if (!read(addressOf(u, index))) return false;
  // a check keeps only what differs from memory
  let keeps = timed();
  if (assumes(Assumption.irteHalves) && load<u16>(record, Remap.flags) & RemapFlag.missed) {
    const early = load<u64>(record, Remap.pda);
    if (early != low) {
      countDiag(Diag.tornIrteSampled);
      keeps = true;
    }
    low = early;
  }
  // what was invalidated while it was being fetched is used, but not kept
  if (load<u16>(record, Remap.flags) & RemapFlag.stale) keeps = false;
  if (keeps && mayCache(u, low, high)) keep(u, index, low, high);
  return true;
}

function lookUp(u: u32, record: usize): bool {
  missed = false;
  const at = use(u, index);
  if (at == 0) return fetch(u, record);
  low = load<u64>(at, Iec.low);
  high = timed() ? load<u64>(at, Iec.high) : highOf(at);
  noteStale(u);
  return true;
}

function conclude(u: u32, record: usize): Translation {
  store<u16>(record, index, Remap.index);
  // commands and waits may wait for it
  const awaited = (<u32>load<u16>(record, Remap.flags)) & (RemapFlag.awaited | RemapFlag.stale);
  if (irte.isPosted(low)) {
    const urgent = irte.isUrgent(low) ? RemapFlag.urgent : 0;
    const hidden = irte.hidesFaults(low) ? RemapFlag.hidden : 0;
    store<u32>(record, irte.vectorOf(low), Remap.data);
    store<u64>(record, irte.descriptorOf(low, high), Remap.pda);
    store<u16>(record, awaited | RemapFlag.posted | urgent | hidden, Remap.flags);
    return Translation.posted;
  }
  store<u32>(record, irte.destinationOf(low, isExtended(u)), Remap.destination);
  store<u32>(record, irte.dataOf(low), Remap.data);
  const logical = irte.isLogical(low) ? RemapFlag.logical : 0;
  const redirect = irte.hasRedirectionHint(low) ? RemapFlag.redirect : 0;
  store<u16>(record, awaited | RemapFlag.remapped | logical | redirect, Remap.flags);
  return Translation.remapped;
}

/** The request of `requester` at this instant; `record` is that of its message. */
export function translate(u: u32, record: usize, requester: u32, address: u32, data: u32): Translation {
  if (!remaps(u)) return Translation.unchanged;
  if (!isRemappable(address)) {
    // what a record of it says of an entry is not meaningful (D.7.1)
    index = handleOf(address);
    const passes = !isExtended(u) && (load<u32>(iommuAt(u), Iommu.gsts) & (<u32>Gcmd.cfi)) != 0;
    return passes ? Translation.unchanged : block(FaultReason.compatibilityBlocked, false);
  }
  index = indexOf(address, data);
  if (hasReservedBits(address, data)) return block(FaultReason.requestReserved, false);
  if (!isInTable(u, index)) return block(FaultReason.indexBeyondTable, false);
  if (!lookUp(u, record)) return block(FaultReason.irteUnreadable, false);
  const hidden = irte.hidesFaults(low);
  if (!irte.isPresent(low)) return block(FaultReason.notPresent, hidden);
  if (!irte.acceptsSource(high, requester)) return block(FaultReason.sourceInvalid, hidden);
  if (!isUsable(u)) return block(FaultReason.irteReserved, hidden);
  return conclude(u, record);
}
