/**
 * The interrupt entry cache of a timed run (hardware.md D.4): sets and ways, the least recently used goes first. An entry
 * counts only while it has the unit's epoch, so that a global invalidation takes no time. What may be cached at all is for
 * who fetches. A check has lines instead (lines.ts), which stand in for entries here.
 */
import { Iec, Iommu, IommuSetup } from '../../state/abi/iommu';
import { iecAt, iommuAt, iommuSetup, lineAt, timed } from '../../state/access';
import { nIecEntries } from '../../state/layout';
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


@inline function isThere(u: u32, at: usize): bool {
  return load<u32>(at, Iec.epoch) == load<u32>(iommuAt(u), Iommu.epoch);
}


@inline function touch(u: u32, at: usize): void {
  const unit = iommuAt(u);
  const stamp = load<u32>(unit, Iommu.stamp) + 1;
  store<u32>(unit, stamp, Iommu.stamp);
  store<u32>(at, stamp, Iec.stamp);
}

/** Address of the cached entry, 0: it is not there. */
export function cached(u: u32, index: u32): usize {
  if (!timed()) return isLine(u, index) ? lineAt(u, index) : 0;
  if (entriesOf(u) == 0) return 0;
  // index and epoch stand side by side; which way it is nobody can predict, so that all are looked at
  const key = (<u64>index) | ((<u64>load<u32>(iommuAt(u), Iommu.epoch)) << 32);
  let at = iecAt(u, firstOfSet(u, index));
  let found: usize = 0;
  for (let ways = waysOf(u); ways > 0; ways--, at += Iec.size) found = select(at, found, load<u64>(at, Iec.index) == key);
  return found;
}

/** As `cached`; it is then the one that was used last. */
export function use(u: u32, index: u32): usize {
  const at = cached(u, index);
  if (at != 0 && timed()) touch(u, at);
  return at;
}

/** The way for a new entry: a free one, or the one that was used least recently; ages are differences, so that stamps may wrap. */
function victim(u: u32, index: u32): usize {
  const first = firstOfSet(u, index);
  const stamp = load<u32>(iommuAt(u), Iommu.stamp);
  let oldest: usize = 0;
  for (let e = first, end = first + waysOf(u); e < end; e++) {
    const at = iecAt(u, e);
    if (!isThere(u, at)) return at;
    if (oldest == 0 || stamp - load<u32>(at, Iec.stamp) > stamp - load<u32>(oldest, Iec.stamp)) oldest = at;
  }
  return oldest;
}

/** Takes in an entry that is not there. */
export function keep(u: u32, index: u32, low: u64, high: u64): void {
  if (!timed()) {
    keepLine(u, index, low, high);
    return;
  }
  if (entriesOf(u) == 0) return;
  const at = victim(u, index);
  store<u64>(at, low, Iec.low);
  store<u64>(at, high, Iec.high);
  store<u32>(at, index, Iec.index);
  store<u32>(at, load<u32>(iommuAt(u), Iommu.epoch), Iec.epoch);
  touch(u, at);
}


@inline function drop(at: usize): void {
  store<u32>(at, 0, Iec.epoch);
}

/** All entries; those of an epoch 2^32 invalidations ago must not come back. */
export function dropAll(u: u32): void {
  if (!timed()) {
    dropLines(u, 0, 31);
    return;
  }
  const unit = iommuAt(u);
  const epoch = load<u32>(unit, Iommu.epoch) + 1;
  if (epoch == 0) {
    for (let e: u32 = 0; e < nIecEntries; e++) drop(iecAt(u, e));
  }
  store<u32>(unit, max(epoch, 1), Iommu.epoch);
}

/** Those of the aligned group of 2^mask entries that `index` is in (T47). */
export function dropGroup(u: u32, index: u32, mask: u32): void {
  if (!timed()) {
    dropLines(u, index, mask);
    return;
  }
  if (mask == 0) {
    const at = cached(u, index);
    if (at != 0) drop(at);
    return;
  }
  for (let e: u32 = 0, n = entriesOf(u); e < n; e++) {
    const at = iecAt(u, e);
    if ((load<u32>(at, Iec.index) ^ index) >> min(mask, 31) == 0) drop(at);
  }
}

/** One time in four an entry of the set that `index` is in goes, which one by chance (`iec.randomEvict`). */
export function dropByChance(u: u32, index: u32, roll: u32): void {
  if (entriesOf(u) == 0 || (roll & 3) != 0) return;
  drop(iecAt(u, firstOfSet(u, index) + ((roll >> 2) % waysOf(u))));
}
