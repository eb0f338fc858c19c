/**
 * What AMD units have cached in a check (design 4, hardware.md F.4), as lines.ts of VT-d has it: only what differs from memory, which may be
 * fetched at any time. Each requester has a line for its entry of the device table, and one for each of the first entries of its own table.
 * What memory says of an entry is what stands in the table that memory's device entry names. While the unit has an older device entry, what
 * that one leads to may be fetched too: so it becomes lines when the older one goes.
 */
import { amdLineAt, isAmd, requesterOf } from '../../state/access';
import { readGuest } from '../../state/guest';
import { nCpus, nDevices, nIoapics, nIrtes, nLines } from '../../state/layout';
import { unitOf } from '../scope';
import { cachesEntries, remaps } from './control';
import * as dte from './device';
import * as irte from './irte';
import * as tables from './tables';

/** Bit 52 of the high half, which means nothing in any entry. */
const THERE: u64 = 1 << 52;
/** Bytes that are looked at behind a store: no store is wider. */
const BLOCK: u64 = 16;


@inline function senders(): u32 {
  return nDevices + nIoapics;
}


@inline function requesterAt(rank: u32): u32 {
  return requesterOf(rank < nDevices ? rank : rank + nCpus);
}

/** Place of a requester among those that a check knows, -1: it is none. */
function rankOf(requester: u32): i32 {
  for (let rank: u32 = 0; rank < senders(); rank++) {
    if (requesterAt(rank) == requester) return <i32>rank;
  }
  return -1;
}

/** The unit of AMD's that looks at the requester's entries now, -1: none does, or the requester has an earlier place (a device on a pin). */
function unitAt(rank: u32): i32 {
  const requester = requesterAt(rank);
  const u = unitOf(requester);
  return u >= 0 && isAmd(u) && remaps(u) && rankOf(requester) == <i32>rank ? u : -1;
}


@inline function lineOf(rank: u32, which: u32): usize {
  return amdLineAt(rank * (1 + nIrtes) + which);
}


@inline function isThere(line: usize): bool {
  return (load<u64>(line, 8) & THERE) != 0;
}


@inline function put(line: usize, low: u64, high: u64): void {
  store<u64>(line, low);
  store<u64>(line, high | THERE, 8);
}


@inline function clear(line: usize): void {
  store<u64>(line, 0);
  store<u64>(line, 0, 8);
}

/** The high half of a line. */
@inline export function highOf(line: usize): u64 {
  return load<u64>(line, 8) & ~THERE;
}

// --- by requester

/** Line of its entry of the device table, 0: memory says the same. */
export function deviceLine(requester: u32): usize {
  const rank = rankOf(requester);
  return rank >= 0 && nIrtes != 0 && isThere(lineOf(rank, 0)) ? lineOf(rank, 0) : 0;
}

/** True if some requester has one. */
export function hasDeviceLines(): bool {
  for (let rank: u32 = 0; nIrtes != 0 && rank < senders(); rank++) {
    if (isThere(lineOf(rank, 0))) return true;
  }
  return false;
}

/** Line of entry `index` of its table. */
export function entryLine(requester: u32, index: u32): usize {
  const rank = rankOf(requester);
  return rank >= 0 && index < nIrtes && isThere(lineOf(rank, 1 + index)) ? lineOf(rank, 1 + index) : 0;
}

export function dropDeviceLine(requester: u32): void {
  const rank = rankOf(requester);
  if (rank >= 0 && nIrtes != 0) dropDevice(rank);
}

/** Of all entries of its table. */
export function dropEntryLines(requester: u32): void {
  const rank = rankOf(requester);
  for (let i: u32 = 0; rank >= 0 && i < nIrtes; i++) clear(lineOf(rank, 1 + i));
}

/** All that unit u has cached. */
export function dropLines(u: u32): void {
  for (let rank: u32 = 0; rank < senders(); rank++) {
    if (unitAt(rank) != u) continue;
    for (let which: u32 = 0; nIrtes != 0 && which <= nIrtes; which++) clear(lineOf(rank, which));
  }
}

/** An entry that was fetched otherwise than memory has it now. */
export function keepEntryLine(requester: u32, index: u32, low: u64, high: u64): void {
  const rank = rankOf(requester);
  if (rank < 0 || index >= nIrtes) return;
  put(lineOf(rank, 1 + index), irte.cachedLow(low), irte.cachedHigh(low, high));
  tidy(rank);
}

// --- by number: that of a requester's device entry, then those of its table

/** True if unit u has line n. */
export function isLine(u: u32, n: u32): bool {
  const rank = n / (1 + nIrtes);
  return n < nLines && isThere(amdLineAt(n)) && unitAt(rank) == u;
}

export function dropLine(n: u32): void {
  if (n >= nLines) return;
  if (n % (1 + nIrtes) == 0) dropDevice(n / (1 + nIrtes));
  else clear(amdLineAt(n));
}

/** What its device entry leads to may have been fetched before it goes. */
function dropDevice(rank: u32): void {
  const line = lineOf(rank, 0);
  if (!isThere(line)) return;
  const u = unitAt(rank);
  if (u >= 0) keepEntries(u, rank, load<u64>(line), highOf(line), 0, nIrtes);
  clear(line);
  tidy(rank);
}

// --- memory changes

/** Entries `from` to `end` of the table that `map` names become lines, but those that have one. */
function keepEntries(u: u32, rank: u32, map: u64, rest: u64, from: u32, end: u32): void {
  if (!tables.hasTable(map, rest) || !cachesEntries(u)) return;
  for (let i = from, most = min(min(end, nIrtes), (<u32>1) << dte.lengthOf(map)); i < most; i++) {
    const line = lineOf(rank, 1 + i);
    if (isThere(line) || !tables.readEntry(u, tables.entryAddress(u, map, i))) continue;
    const low = tables.low;
    if (irte.isRemapped(low) && tables.isUsable(u, low)) put(line, irte.cachedLow(low), irte.cachedHigh(low, tables.high));
  }
}

/** Those of them that a store to the block may change. */
function keepEntriesIn(u: u32, rank: u32, map: u64, rest: u64, block: u64): void {
  const root = dte.rootOf(map);
  const bytes = <u64>tables.bytesOfEntry(u);
  if (block + BLOCK <= root || block >= root + bytes * nIrtes) return;
  keepEntries(u, rank, map, rest, block <= root ? 0 : <u32>((block - root) / bytes), <u32>((block + BLOCK - root + bytes - 1) / bytes));
}

/** Before a store within the 16 bytes from `block` on. */
export function beforeStore(block: u64): void {
  for (let rank: u32 = 0; rank < senders(); rank++) {
    const u = unitAt(rank);
    if (u < 0) continue;
    const requester = requesterAt(rank);
    const there = tables.isInTable(u, requester) && tables.readDevice(u, requester);
    const map = tables.map;
    const rest = tables.rest;
    const line = lineOf(rank, 0);
    if (isThere(line)) keepEntriesIn(u, rank, load<u64>(line), highOf(line), block);
    if (!there) continue;
    if (block - tables.deviceAddress(u, requester) >= tables.DEVICE_BYTES) keepEntriesIn(u, rank, map, rest, block);
    else if (!isThere(line)) put(line, dte.cachedMap(map), dte.cachedRest(rest));
  }
}

/** Lines of a requester that say what memory says are none. */
function tidy(rank: u32): void {
  const u = unitAt(rank);
  if (u < 0) return;
  const requester = requesterAt(rank);
  if (!tables.isInTable(u, requester) || !tables.readDevice(u, requester)) return;
  const map = tables.map;
  const rest = tables.rest;
  const line = lineOf(rank, 0);
  if (isThere(line) && load<u64>(line) == dte.cachedMap(map) && highOf(line) == dte.cachedRest(rest)) clear(line);
  if (!tables.hasTable(map, rest)) return;
  for (let i: u32 = 0; i < min(nIrtes, (<u32>1) << dte.lengthOf(map)); i++) {
    const entry = lineOf(rank, 1 + i);
    if (!isThere(entry) || !tables.readEntry(u, tables.entryAddress(u, map, i))) continue;
    if (load<u64>(entry) == irte.cachedLow(tables.low) && highOf(entry) == irte.cachedHigh(tables.low, tables.high)) clear(entry);
  }
}

/** Behind any store. */
export function afterStore(): void {
  for (let rank: u32 = 0; rank < senders(); rank++) tidy(rank);
}
