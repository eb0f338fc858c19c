/**
 * The interrupt entry cache of a timed run (hardware.md D.4). What may be cached at all is for who fetches. A check has lines instead
 * (lines.ts), which stand in for entries here.
 */
import { IommuSetup } from '../../state/abi/iommu';
import { iecAt, iommuSetup, lineAt, timed } from '../../state/access';
import { nIecEntries } from '../../state/layout';
import * as sets from '../sets';
import { dropLines, isLine, keepLine } from './lines';


@inline function entriesOf(u: u32): u32 {
  return min(iommuSetup(u, IommuSetup.entries), nIecEntries);
}


@inline function waysOf(u: u32): u32 {
  return max(min(iommuSetup(u, IommuSetup.ways), entriesOf(u)), 1);
}


@inline function firstOfSet(u: u32, index: u32): u32 {
  const ways = waysOf(u);
  const entries = entriesOf(u);
  // both are powers of two; whatever else they are, the set lies within the cache
  return min((index & ((entries >> ctz(ways)) - 1)) * ways, entries - ways);
}

/** Address of the cached entry, 0: it is not there. */
export function cached(u: u32, index: u32): usize {
  if (!timed()) return isLine(u, index) ? lineAt(u, index) : 0;
  return entriesOf(u) == 0 ? 0 : sets.find(u, firstOfSet(u, index), waysOf(u), index);
}

/** As `cached`; it is then the one that was used last. */
export function use(u: u32, index: u32): usize {
  const at = cached(u, index);
  if (at != 0 && timed()) sets.touch(u, at);
  return at;
}

/** Takes in an entry that is not there. */
export function keep(u: u32, index: u32, low: u64, high: u64): void {
  if (!timed()) keepLine(u, index, low, high);
  else if (entriesOf(u) != 0) sets.put(u, firstOfSet(u, index), waysOf(u), index, low, high);
}

/** All entries. */
export function dropAll(u: u32): void {
  if (timed()) sets.dropEverything(u);
  else dropLines(u, 0, 31);
}

/** Those of the aligned group of 2^mask entries that `index` is in (T47). */
export function dropGroup(u: u32, index: u32, mask: u32): void {
  if (!timed()) {
    dropLines(u, index, mask);
    return;
  }
  if (mask != 0) {
    sets.dropGroup(u, entriesOf(u), index, mask);
    return;
  }
  const at = cached(u, index);
  if (at != 0) sets.drop(at);
}

/** One time in four an entry of the set that `index` is in goes, which one by chance (`iec.randomEvict`). */
export function dropByChance(u: u32, index: u32, roll: u32): void {
  if (entriesOf(u) == 0 || (roll & 3) != 0) return;
  sets.drop(iecAt(u, firstOfSet(u, index) + ((roll >> 2) % waysOf(u))));
}
