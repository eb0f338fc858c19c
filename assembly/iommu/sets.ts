/**
 * Caches of remapping units in a timed run, as sets of ways: the least recently used of a set goes first. An entry counts only
 * while it has its unit's epoch, so that dropping all of them takes no time. Which set a key belongs to, and what may be cached at
 * all, is for who asks.
 */
import { Iec, Iommu } from '../state/abi/iommu';
import { iecAt, iommuAt } from '../state/access';
import { nIecEntries } from '../state/layout';


@inline function isThere(u: u32, at: usize): bool {
  return load<u32>(at, Iec.epoch) == load<u32>(iommuAt(u), Iommu.epoch);
}

/** The entry was used last. */
@inline export function touch(u: u32, at: usize): void {
  const unit = iommuAt(u);
  const stamp = load<u32>(unit, Iommu.stamp) + 1;
  store<u32>(unit, stamp, Iommu.stamp);
  store<u32>(at, stamp, Iec.stamp);
}

/** Address of the entry with this key among `ways` entries of unit u from number `first` on, 0: it is not there. */
@inline export function find(u: u32, first: u32, ways: u32, index: u32): usize {
  // index and epoch stand side by side; which way it is nobody can predict, so that all are looked at
  const key = (<u64>index) | ((<u64>load<u32>(iommuAt(u), Iommu.epoch)) << 32);
  let at = iecAt(u, first);
  let found: usize = 0;
  for (let n = ways; n > 0; n--, at += Iec.size) found = select(at, found, load<u64>(at, Iec.index) == key);
  return found;
}

/** The way for a new entry: a free one, or the one that was used least recently; ages are differences, so that stamps may wrap. */
function victim(u: u32, first: u32, ways: u32): usize {
  const stamp = load<u32>(iommuAt(u), Iommu.stamp);
  let oldest: usize = 0;
  for (let e = first, end = first + ways; e < end; e++) {
    const at = iecAt(u, e);
    if (!isThere(u, at)) return at;
    if (oldest == 0 || stamp - load<u32>(at, Iec.stamp) > stamp - load<u32>(oldest, Iec.stamp)) oldest = at;
  }
  return oldest;
}

/** Takes in an entry that is not there; there must be a way. */
export function put(u: u32, first: u32, ways: u32, index: u32, low: u64, high: u64): void {
  const at = victim(u, first, ways);
  store<u64>(at, low, Iec.low);
  store<u64>(at, high, Iec.high);
  store<u32>(at, index, Iec.index);
  store<u32>(at, load<u32>(iommuAt(u), Iommu.epoch), Iec.epoch);
  touch(u, at);
}


@inline export function drop(at: usize): void {
  store<u32>(at, 0, Iec.epoch);
}

/** Of the first n entries those whose key is `index` but for its lowest `mask` bits. */
export function dropGroup(u: u32, n: u32, index: u32, mask: u32): void {
  for (let e: u32 = 0; e < n; e++) {
    const at = iecAt(u, e);
    if ((load<u32>(at, Iec.index) ^ index) >> min(mask, 31) == 0) drop(at);
  }
}

/** All entries of the unit; those of an epoch 2^32 invalidations ago must not come back. */
export function dropEverything(u: u32): void {
  const unit = iommuAt(u);
  const epoch = load<u32>(unit, Iommu.epoch) + 1;
  if (epoch == 0) {
    for (let e: u32 = 0; e < nIecEntries; e++) drop(iecAt(u, e));
  }
  store<u32>(unit, max(epoch, 1), Iommu.epoch);
}
