/**
 * A program's side of a unit's queue (hardware.md D.4.4, F.5): the descriptors stand in the ring where the unit fetches them. In a check
 * the ring slides, so that its head is always at 0: where it stands decides nothing, and nobody reads what is behind it.
 */
import { Amd } from '../state/abi/amd';
import { Iommu } from '../state/abi/iommu';
import { amdAt, iommuAt, isAmd, timed } from '../state/access';
import { readGuest, writeGuest } from '../state/guest';
import { queueBase, queueHeadAt, queueTailAt } from '../state/queues';
import { touchQueues } from '../state/touched';
import { bytesOf } from './amd/ring';

/** Bytes of a descriptor; descriptors that may stand in a ring of a check. */
export const DESCRIPTOR: u32 = 16;
export const MOST: u32 = 15;


@inline function sizeOf(u: u32): u32 {
  if (isAmd(u)) return bytesOf(load<u64>(amdAt(u), Amd.commandBase), DESCRIPTOR);
  return (<u32>4096) << ((<u32>load<u64>(iommuAt(u), Iommu.iqa)) & 7);
}

/** Puts a descriptor behind the last one; false: the ring is full. */
export function put(u: u32, low: u64, high: u64): bool {
  const unit = iommuAt(u);
  const at = load<u32>(unit, Iommu.put);
  const next = (at + DESCRIPTOR) & (sizeOf(u) - 1);
  if (next == load<u32>(queueHeadAt(u)) || (!timed() && next > MOST * DESCRIPTOR)) return false;
  touchQueues();
  writeGuest(queueBase(u) + at, 8, low);
  writeGuest(queueBase(u) + at + 8, 8, high);
  store<u32>(unit, next, Iommu.put);
  return true;
}

/** The tail that makes the unit see all that was put. */
@inline export function tailOf(u: u32): u32 {
  return load<u32>(iommuAt(u), Iommu.put);
}

/** Check: the descriptor at the head has been executed. */
export function slide(u: u32): void {
  touchQueues();
  const unit = iommuAt(u);
  const end = load<u32>(unit, Iommu.put);
  const base = queueBase(u);
  for (let at: u32 = DESCRIPTOR; at < end; at += 8) writeGuest(base + at - DESCRIPTOR, 8, readGuest(base + at, 8));
  store<u32>(queueHeadAt(u), 0);
  store<u32>(queueTailAt(u), load<u32>(queueTailAt(u)) - DESCRIPTOR);
  store<u32>(unit, end - DESCRIPTOR, Iommu.put);
  store<u64>(unit, 0, Iommu.descriptor);
  store<u64>(unit, 0, Iommu.statusAddress);
}
