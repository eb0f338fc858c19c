/** From a request to its entry (hardware.md F.3). What comes out stands in the message's `Remap` record. */
import { Amd, AmdEvent, AmdEventFlag } from '../../state/abi/amd';
import { Iec, Remap, RemapFlag } from '../../state/abi/iommu';
import { Diag } from '../../state/abi/lapic';
import { Assumption } from '../../state/abi/tables';
import { amdAt, assumes } from '../../state/access';
import { isGuest, readGuest } from '../../state/guest';
import { countDiag } from '../../record/counters';
import { touch } from '../sets';
import { Translation } from '../translation';
import { cached, cachedDevice, keep, keepDevice } from './cache';
import { cachesEntries, has2048, hasGuests, hasWideEntries, isExtended, remaps } from './control';
import * as dte from './device';
import * as irte from './irte';
import { logRequest } from './log';
import { baseOf } from './ring';

/** Device table entries have 32 bytes; those in a page of the table. */
const DEVICE_BYTES: u64 = 32;
const DEVICES_IN_PAGE: u32 = 128;
/** The largest table has 2^11 entries. */
const MOST_LENGTH: u32 = 11;

/** Of the last translation: the entry; the event that says why it was blocked. */
export let index: u32 = 0;
export let code: u32 = 0;
/** The entry was not in the cache. */
export let missed: bool = false;

/** The request, and its device's entry. */
let device: u32 = 0;
let request: u64 = 0;
let map: u64 = 0;
let rest: u64 = 0;
/** The remapping entry. */
let low: u64 = 0;
let high: u64 = 0;

/** Blocked by what is wrong in the tables: always logged. */
function reject(u: u32, why: AmdEvent, flags: u32, address: u64): Translation {
  code = why;
  logRequest(u, why, device, dte.domainOf(rest), flags | AmdEventFlag.interrupt, address);
  return Translation.blocked;
}

/** An IO_PAGE_FAULT, unless the device's entry, or its own, says that it is not logged. */
function fault(u: u32, flags: u32, hidden: bool): Translation {
  code = AmdEvent.ioPageFault;
  if (hidden || dte.hidesFaults(map, rest)) return Translation.blocked;
  const at = cachedDevice(u, device);
  if (at != 0) store<u64>(at, dte.reported(rest), Iec.high);
  return reject(u, AmdEvent.ioPageFault, flags, request);
}

// --- the device's entry

function deviceAddress(u: u32, which: u32): u64 {
  return baseOf(load<u64>(amdAt(u), Amd.deviceTable)) + <u64>which * DEVICE_BYTES;
}

/** As it is in memory now; false: it cannot be read. */
function readDevice(u: u32, which: u32): bool {
  const at = deviceAddress(u, which);
  if (!isGuest(at, <u32>DEVICE_BYTES)) return false;
  rest = dte.restOf(readGuest(at, 8), readGuest(at + 8, 8));
  map = readGuest(at + 16, 8);
  return true;
}


@inline function isInTable(u: u32, which: u32): bool {
  return which < (((<u32>load<u64>(amdAt(u), Amd.deviceTable)) & 0x1ff) + 1) * DEVICES_IN_PAGE;
}

/** Takes the device's entry out of the cache or from memory, where it must be. */
function lookUpDevice(u: u32): bool {
  const at = cachedDevice(u, device);
  if (at == 0) {
    if (!readDevice(u, device)) return false;
    keepDevice(u, device, map, rest);
    return true;
  }
  touch(u, at);
  const old = load<u64>(at, Iec.low);
  const oldRest = load<u64>(at, Iec.high);
  const there = readDevice(u, device);
  if (!there || old != map || dte.reported(oldRest) != dte.reported(rest)) countDiag(Diag.staleIrteUsed);
  map = old;
  rest = oldRest;
  return true;
}

// --- the remapping entry

@inline function entryAddress(u: u32): u64 {
  return dte.rootOf(map) + ((<u64>index) << (hasWideEntries(u) ? 4 : 2));
}


@inline function bytesOfEntry(u: u32): u32 {
  return hasWideEntries(u) ? 16 : 4;
}

function readEntry(u: u32): bool {
  const at = entryAddress(u);
  const wide = hasWideEntries(u);
  const there = isGuest(at, bytesOfEntry(u));
  low = there ? readGuest(at, wide ? 8 : 4) : 0;
  high = there && wide ? readGuest(at + 8, 8) : 0;
  return there;
}

/** Takes what is cached; of a guest's entry whether it runs, where, and its tag are read anew (F.4). Counts a use of what memory has no more. */
function take(u: u32, at: usize): void {
  const cachedLow = load<u64>(at, Iec.low);
  const cachedHigh = load<u64>(at, Iec.high);
  const guests = irte.isGuests(cachedLow);
  const ofLow = guests ? irte.CACHED_LOW : ~(<u64>0);
  const ofHigh = guests ? irte.CACHED_HIGH : ~(<u64>0);
  readEntry(u);
  if ((((low ^ cachedLow) & ofLow) | ((high ^ cachedHigh) & ofHigh)) != 0) {
    countDiag(Diag.staleIrteUsed);
    if (!irte.isRemapped(low)) countDiag(Diag.useAfterFreeIrte);
  }
  low = (cachedLow & ofLow) | (low & ~ofLow);
  high = (cachedHigh & ofHigh) | (high & ~ofHigh);
}

/** False for what may not be programmed so. */
function isUsable(u: u32): bool {
  return irte.isGuests(low) ? hasWideEntries(u) && hasGuests(u) : irte.modeOf(low) <= 1;
}

/** Reads the entry, both halves at this instant; of a record that has been missed before, maybe its low half then (D.5). */
function fetch(u: u32, record: usize): bool {
  missed = true;
  if (!readEntry(u)) return false;
  const flags = <u32>load<u16>(record, Remap.flags);
  if (assumes(Assumption.irteHalves) && flags & RemapFlag.missed && hasWideEntries(u)) {
    const early = load<u64>(record, Remap.pda);
    if (early != low) countDiag(Diag.tornIrteSampled);
    low = early;
  }
  // what was invalidated while it was being fetched is used, but not kept
  const keeps = cachesEntries(u) && (flags & RemapFlag.stale) == 0;
  if (keeps && irte.isRemapped(low) && isUsable(u)) keep(u, device, index, low, high);
  return true;
}

function lookUp(u: u32, record: usize): bool {
  const at = cachesEntries(u) ? cached(u, device, index) : 0;
  if (at == 0) return fetch(u, record);
  touch(u, at);
  take(u, at);
  return true;
}

// --- what is known before the entry

/** Index of the request, -1: it is not one that has an entry (F.3 steps 3 and 4). */
function indexOf(u: u32, address: u32, data: u32): i32 {
  if (has2048(u) && (address & 4) != 0) return <i32>(data & 0x7ff);
  return ((data >> 8) & 7) <= 1 ? <i32>(data & 0x7ff) : -1;
}

/** Reads what the request needs without leaving a trace, as far as it is there; false: its entry cannot be known. */
function peek(u: u32, requester: u32, address: u32, data: u32): bool {
  const at = cachedDevice(u, requester);
  if (at == 0 && !(isInTable(u, requester) && readDevice(u, requester))) return false;
  if (at != 0) {
    map = load<u64>(at, Iec.low);
    rest = load<u64>(at, Iec.high);
  }
  const which = indexOf(u, address, data);
  index = <u32>which;
  return which >= 0 && dte.isMapped(map, rest) && dte.controlOf(map) == 2;
}

/** How many entries the request will have to fetch, of its device and its own: each takes time. */
export function fetches(u: u32, requester: u32, address: u32, data: u32): u32 {
  const ofDevice: u32 = cachedDevice(u, requester) == 0 ? 1 : 0;
  return ofDevice + (misses(u, requester, address, data) ? 1 : 0);
}

/** True if the request has an entry that is not in the cache. */
export function misses(u: u32, requester: u32, address: u32, data: u32): bool {
  return peek(u, requester, address, data) && !(cachesEntries(u) && cached(u, requester, index) != 0);
}

/** The low half of that entry as it is now, for who reads the halves one after the other. */
export function lowHalf(u: u32): u64 {
  return readGuest(entryAddress(u), 8);
}

/** The entry that a request asks for, whatever its device's says. */
@inline export function namedBy(data: u32): u32 {
  return data & 0x7ff;
}

// --- the request

function conclude(u: u32, record: usize, data: u32): Translation {
  const wide = hasWideEntries(u);
  const awaited = (<u32>load<u16>(record, Remap.flags)) & (RemapFlag.awaited | RemapFlag.stale);
  store<u16>(record, index, Remap.index);
  store<u32>(record, irte.destinationOf(low, high, wide && isExtended(u)), Remap.destination);
  const vector = irte.vectorOf(low, high, wide);
  if (irte.isGuests(low)) {
    // what is done with the page is decided now: doorbell, log, or neither
    const running = irte.isRunning(low);
    if (!running) store<u32>(record, irte.tagOf(low), Remap.destination);
    store<u32>(record, vector | (running ? RINGS : irte.logs(low) ? LOGS : 0), Remap.data);
    store<u64>(record, irte.pageOf(high), Remap.pda);
    store<u16>(record, awaited | RemapFlag.posted, Remap.flags);
    return Translation.posted;
  }
  // level and trigger mode are those of the request
  store<u32>(record, vector | (irte.modeOf(low) << 8) | (data & 0xc000), Remap.data);
  store<u16>(record, awaited | RemapFlag.remapped | (irte.isLogical(low) ? RemapFlag.logical : 0), Remap.flags);
  return Translation.remapped;
}

/** Bits of `Remap.data` of a request that is to be posted: behind it a doorbell, or an entry of the log. */
export const RINGS: u32 = 0x100;
export const LOGS: u32 = 0x200;

/** The request of `requester` at this instant; `record` is that of its message. An event says so if it is blocked. */
export function translate(u: u32, record: usize, requester: u32, address: u32, data: u32): Translation {
  missed = false;
  index = namedBy(data);
  if (!remaps(u)) return Translation.unchanged;
  device = requester;
  request = <u64>address;
  rest = 0;
  if (!isInTable(u, device)) return reject(u, AmdEvent.illegalDevTable, 0, request);
  if (!lookUpDevice(u)) return reject(u, AmdEvent.devTabHardware, 0, deviceAddress(u, device));
  if (!dte.isMapped(map, rest)) return Translation.unchanged;
  if (indexOf(u, address, data) < 0)
    return dte.passes(map, (data >> 8) & 7, (address & 4) != 0) ? Translation.unchanged : fault(u, 0, false);
  const control = dte.controlOf(map);
  if (control == 1) return Translation.unchanged;
  if (control == 0) return fault(u, 0, false);
  if (control == 3 || dte.lengthOf(map) > MOST_LENGTH)
    return reject(u, AmdEvent.illegalDevTable, AmdEventFlag.present | AmdEventFlag.reserved, request);
  if (index >> dte.lengthOf(map) != 0) return fault(u, 0, false);
  if (!lookUp(u, record)) return reject(u, AmdEvent.pageTabHardware, 0, entryAddress(u));
  if (!irte.isRemapped(low)) return fault(u, 0, irte.hidesFaults(low));
  if (!isUsable(u)) return fault(u, AmdEventFlag.present | AmdEventFlag.reserved, irte.hidesFaults(low));
  return conclude(u, record, data);
}

/** A request that was to be posted could not be: the page of its guest cannot be read. */
export function rejectPosting(u: u32, requester: u32, page: u64): void {
  device = requester;
  const at = cachedDevice(u, requester);
  rest = at == 0 ? 0 : load<u64>(at, Iec.high);
  reject(u, AmdEvent.pageTabHardware, 0, page);
}
