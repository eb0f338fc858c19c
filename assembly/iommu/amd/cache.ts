/**
 * What a unit has cached (hardware.md F.4): entries of remapping tables, by device and index, and behind them in the same
 * storage entries of the device table.
 */
import { AmdSetup } from '../../state/abi/amd';
import { IommuSetup } from '../../state/abi/iommu';
import { iecAt, iommuSetup } from '../../state/access';
import { nIecEntries } from '../../state/layout';
import * as sets from '../sets';

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

// --- remapping entries

/** Address of the cached entry, 0: it is not there. */
export function cached(u: u32, device: u32, index: u32): usize {
  const n = entriesOf(u);
  return n == 0 ? 0 : sets.find(u, setOf(u, spread(device, index), n), waysOf(u, n), keyOf(device, index));
}

/** Takes in an entry that is not there. */
export function keep(u: u32, device: u32, index: u32, low: u64, high: u64): void {
  const n = entriesOf(u);
  if (n != 0) sets.put(u, setOf(u, spread(device, index), n), waysOf(u, n), keyOf(device, index), low, high);
}

/** All of one device (T60). */
export function dropTable(u: u32, device: u32): void {
  sets.dropGroup(u, entriesOf(u), keyOf(device, 0), INDEX_BITS);
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
  const n = devicesOf(u);
  return n == 0 ? 0 : sets.find(u, entriesOf(u) + setOf(u, device, n), waysOf(u, n), DEVICE | device);
}

/** Takes in one that is not there. */
export function keepDevice(u: u32, device: u32, map: u64, rest: u64): void {
  const n = devicesOf(u);
  if (n != 0) sets.put(u, entriesOf(u) + setOf(u, device, n), waysOf(u, n), DEVICE | device, map, rest);
}

export function dropDevice(u: u32, device: u32): void {
  const at = cachedDevice(u, device);
  if (at != 0) sets.drop(at);
}
