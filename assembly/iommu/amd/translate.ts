/** From a request to its entry (hardware.md F.3). What comes out stands in the message's `Remap` record. */
import { AmdEvent, AmdEventFlag } from '../../state/abi/amd';
import { Iec, Remap, RemapFlag } from '../../state/abi/iommu';
import { Diag } from '../../state/abi/lapic';
import { timed } from '../../state/access';
import { readGuest } from '../../state/guest';
import { countDiag } from '../../record/counters';
import { Translation } from '../translation';
import { cached, cachedDevice, highOf, keep, keepDevice, use } from './cache';
import { cachesEntries, has2048, hasWideEntries, isExtended, remaps } from './control';
import * as dte from './device';
import * as irte from './irte';
import { logRequest } from './log';
import * as tables from './tables';

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
  if (at != 0 && timed()) store<u64>(at, dte.reported(rest), Iec.high);
  return reject(u, AmdEvent.ioPageFault, flags, request);
}

// --- the device's entry

/** Takes the device's entry out of the cache or from memory, where it must be. */
function lookUpDevice(u: u32): bool {
  const at = cachedDevice(u, device);
  const there = tables.readDevice(u, device);
  map = tables.map;
  rest = tables.rest;
  if (at == 0) {
    if (there) keepDevice(u, device, map, rest);
    return there;
  }
  use(u, at);
  const isSame = there && dte.cachedMap(load<u64>(at)) == dte.cachedMap(map) && dte.cachedRest(highOf(at)) == dte.cachedRest(rest);
  if (!isSame) countDiag(Diag.staleIrteUsed);
  map = load<u64>(at, Iec.low);
  rest = highOf(at);
  return true;
}

// --- the remapping entry

function readEntry(u: u32, at: u64): bool {
  const there = tables.readEntry(u, at);
  low = tables.low;
  high = tables.high;
  return there;
}

/** Takes what is cached; of a guest's entry whether it runs, where, and its tag are read anew (F.4). Counts a use of what memory has no more. */
function take(u: u32, at: usize): void {
  const cachedLow = load<u64>(at, Iec.low);
  const cachedHigh = highOf(at);
  const guests = irte.isGuests(cachedLow);
  const ofLow = guests ? irte.GUEST_LOW : ~(<u64>0);
  const ofHigh = guests ? irte.GUEST_HIGH : ~(<u64>0);
  readEntry(u, tables.entryAddress(u, map, index));
  if ((((low ^ cachedLow) & ofLow) | ((high ^ cachedHigh) & ofHigh)) != 0) {
    countDiag(Diag.staleIrteUsed);
    if (!irte.isRemapped(low)) countDiag(Diag.useAfterFreeIrte);
  }
  low = (cachedLow & ofLow) | (low & ~ofLow);
  high = (cachedHigh & ofHigh) | (high & ~ofHigh);
}

/** What was fetched is kept, unless it was invalidated meanwhile, another has been fetched, or it may not be cached. */
function keepEntry(u: u32, record: usize): void {
  const keeps = cachesEntries(u) && (load<u16>(record, Remap.flags) & RemapFlag.stale) == 0;
  if (keeps && cached(u, device, index) == 0 && irte.isRemapped(low) && tables.isUsable(u, low)) keep(u, device, index, low, high);
}

/** Takes the entry out of the cache, or reads both its halves at this instant; false: it cannot be read. */
function lookUp(u: u32, record: usize): bool {
  const at = cachesEntries(u) ? cached(u, device, index) : 0;
  if (at != 0) {
    use(u, at);
    take(u, at);
    return true;
  }
  missed = true;
  if (!readEntry(u, tables.entryAddress(u, map, index))) return false;
  // a check keeps only what memory does not say
  if (timed() || cachedDevice(u, device) != 0) keepEntry(u, record);
  return true;
}

// --- what is known before the entry

/** Index of the request, -1: it is not one that has an entry (F.3 steps 3 and 4). */
function indexOf(u: u32, address: u32, data: u32): i32 {
  if (has2048(u) && (address & 4) != 0) return <i32>(data & 0x7ff);
  return ((data >> 8) & 7) <= 1 ? <i32>(data & 0x7ff) : -1;
}

/** Reads what the request needs without leaving a trace, as far as it is there; false: it will not get as far as its entry. */
function peek(u: u32, requester: u32, address: u32, data: u32): bool {
  const at = cachedDevice(u, requester);
  if (at == 0 && !(tables.isInTable(u, requester) && tables.readDevice(u, requester))) return false;
  map = at == 0 ? tables.map : load<u64>(at, Iec.low);
  rest = at == 0 ? tables.rest : highOf(at);
  const which = indexOf(u, address, data);
  index = <u32>which;
  return which >= 0 && tables.hasTable(map, rest) && index >> dte.lengthOf(map) == 0;
}

/** How many entries the request will have to fetch, of its device and its own: each takes time. */
export function fetches(u: u32, requester: u32, address: u32, data: u32): u32 {
  const ofDevice: u32 = cachedDevice(u, requester) == 0 ? 1 : 0;
  return ofDevice + (misses(u, requester, address, data) ? 1 : 0);
}

/** True if the request has an entry that is not in the cache. */
function misses(u: u32, requester: u32, address: u32, data: u32): bool {
  return peek(u, requester, address, data) && !(cachesEntries(u) && cached(u, requester, index) != 0);
}

/** Where the entry of the request stands, whether it is cached or not, 0: it will not get as far. */
export function entryOf(u: u32, requester: u32, address: u32, data: u32): u64 {
  return peek(u, requester, address, data) ? tables.entryAddress(u, map, index) : 0;
}

/** Where the request will read its entry, 0: it will not, for it has none that can be read, or it is in the cache. */
export function fetchedAt(u: u32, requester: u32, address: u32, data: u32): u64 {
  if (!misses(u, requester, address, data)) return 0;
  const at = tables.entryAddress(u, map, index);
  return tables.readEntry(u, at) ? at : 0;
}

/** The low half of an entry is read, the high half later: what `translate` needs to know of it. */
export function begin(record: usize, at: u64): void {
  store<u16>(record, RemapFlag.missed, Remap.flags);
  store<u16>(record, index, Remap.index);
  store<u64>(record, readGuest(at, 8), Remap.pda);
  store<u32>(record, <u32>at, Remap.destination);
}

/** The entry that a request asks for, whatever its device's says. */
@inline export function namedBy(data: u32): u32 {
  return data & 0x7ff;
}

// --- the request

/** `from`: where the entry stands. */
function conclude(u: u32, record: usize, data: u32, from: u64): Translation {
  const wide = hasWideEntries(u);
  const awaited = (<u32>load<u16>(record, Remap.flags)) & (RemapFlag.awaited | RemapFlag.stale);
  store<u16>(record, index, Remap.index);
  const vector = irte.vectorOf(low, high, wide);
  if (irte.isGuests(low)) {
    store<u32>(record, <u32>from, Remap.destination);
    store<u32>(record, vector | (irte.logs(low) ? LOGS : 0), Remap.data);
    store<u64>(record, irte.pageOf(high), Remap.pda);
    store<u16>(record, awaited | RemapFlag.posted, Remap.flags);
    return Translation.posted;
  }
  store<u32>(record, irte.destinationOf(low, high, wide && isExtended(u)), Remap.destination);
  // level and trigger mode are those of the request
  store<u32>(record, vector | (irte.modeOf(low) << 8) | (data & 0xc000), Remap.data);
  store<u16>(record, awaited | RemapFlag.remapped | (irte.isLogical(low) ? RemapFlag.logical : 0), Remap.flags);
  return Translation.remapped;
}

/** Bit of `Remap.data` of a request that is to be posted: if the guest does not run, behind it an entry of the log. */
export const LOGS: u32 = 0x200;

/** Of the last `lookAtGuest`: it runs; where, or if it does not its tag. */
export let runs: bool = false;
export let who: u32 = 0;

/** What is not cached of a guest's entry at `from`, as of the instant at which its page has been changed (F.3.3, F.4). */
export function lookAtGuest(u: u32, from: u64): void {
  tables.readEntry(u, from);
  runs = irte.isRunning(tables.low);
  who = runs ? irte.destinationOf(tables.low, tables.high, isExtended(u)) : irte.tagOf(tables.low);
}

/** What the entry says, if it may be used so. */
function useEntry(u: u32, record: usize, data: u32, from: u64): Translation {
  if (!irte.isRemapped(low)) return fault(u, 0, irte.hidesFaults(low));
  if (!tables.isUsable(u, low)) return fault(u, AmdEventFlag.present | AmdEventFlag.reserved, irte.hidesFaults(low));
  return conclude(u, record, data, from);
}

/** The high half of an entry whose low half has been read before (D.5): both may belong to different entries. */
function finish(u: u32, record: usize, data: u32): Translation {
  missed = true;
  index = load<u16>(record, Remap.index);
  // for an event
  map = 0;
  if (tables.isInTable(u, device)) lookUpDevice(u);
  const from = <u64>load<u32>(record, Remap.destination);
  readEntry(u, from);
  const early = load<u64>(record, Remap.pda);
  if (early != low) countDiag(Diag.tornIrteSampled);
  low = early;
  keepEntry(u, record);
  return useEntry(u, record, data, from);
}

/** The request of `requester` at this instant; `record` is that of its message. An event says so if it is blocked. */
export function translate(u: u32, record: usize, requester: u32, address: u32, data: u32): Translation {
  missed = false;
  index = namedBy(data);
  if (!remaps(u)) return Translation.unchanged;
  device = requester;
  request = <u64>address;
  rest = 0;
  if (load<u16>(record, Remap.flags) & RemapFlag.missed) return finish(u, record, data);
  if (!tables.isInTable(u, device)) return reject(u, AmdEvent.illegalDevTable, 0, request);
  if (!lookUpDevice(u)) return reject(u, AmdEvent.devTabHardware, 0, tables.deviceAddress(u, device));
  if (!dte.isMapped(map, rest)) return Translation.unchanged;
  if (indexOf(u, address, data) < 0)
    return dte.passes(map, (data >> 8) & 7, (address & 4) != 0) ? Translation.unchanged : fault(u, 0, false);
  const control = dte.controlOf(map);
  if (control == 1) return Translation.unchanged;
  if (control == 0) return fault(u, 0, false);
  if (control == 3 || dte.lengthOf(map) > tables.MOST_LENGTH)
    return reject(u, AmdEvent.illegalDevTable, AmdEventFlag.present | AmdEventFlag.reserved, request);
  if (index >> dte.lengthOf(map) != 0) return fault(u, 0, false);
  const from = tables.entryAddress(u, map, index);
  if (!lookUp(u, record)) return reject(u, AmdEvent.pageTabHardware, 0, from);
  return useEntry(u, record, data, from);
}

/** A request that was to be posted could not be: the page of its guest cannot be read. */
export function rejectPosting(u: u32, requester: u32, page: u64): void {
  device = requester;
  // a check has no log that says whose it was
  const at = timed() ? cachedDevice(u, requester) : 0;
  rest = at == 0 ? 0 : highOf(at);
  reject(u, AmdEvent.pageTabHardware, 0, page);
}
