/**
 * What a unit has cached in a timed run (hardware.md F.4): entries of remapping tables, by device and index, and behind them in the
 * same storage entries of the device table. A check has lines instead (lines.ts), which stand in for entries here.
 */
import { AmdSetup } from '../../state/abi/amd';
import { Iec, IommuSetup } from '../../state/abi/iommu';
import { iecAt, iommuSetup, timed } from '../../state/access';
import { nIecEntries } from '../../state/layout';
import * as sets from '../sets';
import * as lines from './lines';

/** Bits of an index in a key, and the bit that keys of device table entries have. */
const INDEX_BITS: u32 = 11;
const DEVICE: u32 = 1 << 31;


@inline function entriesOf(u: u32): u32 {
  return min(iommuSetup(u, IommuSetup.entries), nIecEntries);
}


@inline function devicesOf(u: u32): u32 {
  return min(iommuSetup(u, AmdSetup.deviceEntries), nIecEntries - entriesOf(u));
}


@inline function waysOf(u: u32, n: u32): u32 {
  return max(min(iommuSetup(u, IommuSetup.ways), n), 1);
}

/** First entry of the set of a key, in a cache of n entries, which has some. */
@inline function setOf(u: u32, key: u32, n: u32): u32 {
  const ways = waysOf(u, n);
  return min((key & ((n >> ctz(ways)) - 1)) * ways, n - ways);
}


@inline function keyOf(device: u32, index: u32): u32 {
  return (device << INDEX_BITS) | index;
}

/** Devices use the same low indexes: their sets are not to be the same. */
@inline function spread(device: u32, index: u32): u32 {
  return index ^ (device * 5);
}

/** The entry is used: it was used last. */
export function use(u: u32, at: usize): void {
  if (timed()) sets.touch(u, at);
}

/** The high half of a cached entry; its low half stands as in memory. */
@inline export function highOf(at: usize): u64 {
  return timed() ? load<u64>(at, Iec.high) : lines.highOf(at);
}

/** All of both caches. */
export function dropAll(u: u32): void {
  if (timed()) sets.dropEverything(u);
  else lines.dropLines(u);
}

// --- remapping entries

/** Address of the cached entry, 0: it is not there. */
export function cached(u: u32, device: u32, index: u32): usize {
  if (!timed()) return lines.entryLine(device, index);
  const n = entriesOf(u);
  return n == 0 ? 0 : sets.find(u, setOf(u, spread(device, index), n), waysOf(u, n), keyOf(device, index));
}

/** Takes in an entry that is not there. */
export function keep(u: u32, device: u32, index: u32, low: u64, high: u64): void {
  if (!timed()) {
    lines.keepEntryLine(device, index, low, high);
    return;
  }
  const n = entriesOf(u);
  if (n != 0) sets.put(u, setOf(u, spread(device, index), n), waysOf(u, n), keyOf(device, index), low, high);
}

/** All of one device (T60). */
export function dropTable(u: u32, device: u32): void {
  if (!timed()) lines.dropEntryLines(device);
  else sets.dropGroup(u, entriesOf(u), keyOf(device, 0), INDEX_BITS);
}

/** One time in four an entry of the set that it is in goes, which one by chance (`iec.randomEvict`). */
export function dropByChance(u: u32, device: u32, index: u32, roll: u32): void {
  const n = entriesOf(u);
  if (n == 0 || (roll & 3) != 0) return;
  sets.drop(iecAt(u, setOf(u, spread(device, index), n) + ((roll >> 2) % waysOf(u, n))));
}

// --- device table entries

/** Address of the cached entry, 0: it is not there. */
export function cachedDevice(u: u32, device: u32): usize {
  if (!timed()) return lines.deviceLine(device);
  const n = devicesOf(u);
  return n == 0 ? 0 : sets.find(u, entriesOf(u) + setOf(u, device, n), waysOf(u, n), DEVICE | device);
}

/** Takes in one that is not there; a check has what memory has, and needs no line. */
export function keepDevice(u: u32, device: u32, map: u64, rest: u64): void {
  if (!timed()) return;
  const n = devicesOf(u);
  if (n != 0) sets.put(u, entriesOf(u) + setOf(u, device, n), waysOf(u, n), DEVICE | device, map, rest);
}

export function dropDevice(u: u32, device: u32): void {
  if (!timed()) {
    lines.dropDeviceLine(device);
    return;
  }
  const at = cachedDevice(u, device);
  if (at != 0) sets.drop(at);
}
