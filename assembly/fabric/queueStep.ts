/** The queues of remapping units in a check: a descriptor is one step, as the head, which moves earlier, is nobody's business. */
import { QueueState, Remap, RemapFlag } from '../state/abi/iommu';
import { isAmd, remapAt } from '../state/access';
import { nMessages } from '../state/layout';
import * as amd from '../iommu/amd/commands';
import { slide } from '../iommu/ring';
import * as vtd from '../iommu/vtd/queue';
import { hasRoom } from './flight';
import { completeWait, draining, execute, fetch, hasWork, reviewInterrupts } from './iommu';

/** True if the descriptor at the head of the queue of unit u is a wait. `hasWork` must hold. */
@inline export function isWait(u: u32): bool {
  return isAmd(u) ? amd.isWait(u) : vtd.isWait(u);
}

/** Where the wait that stands so many bytes behind the head writes its status, 0: it does not. */
@inline export function statusBehind(u: u32, offset: u32): u64 {
  return isAmd(u) ? amd.storeBehind(u, offset) : vtd.statusBehind(u, offset);
}

/** True if the wait at the head has an interrupt, which needs room. */
@inline export function interruptsAtHead(u: u32): bool {
  return isAmd(u) && amd.interruptsAtHead(u);
}

/** True if unit u can execute the descriptor at the head of its queue: a wait not before what it is to drain has landed. */
export function canExecute(u: u32): bool {
  if (!hasWork(u)) return false;
  return !isWait(u) || !(draining(u, RemapFlag.stale) || (interruptsAtHead(u) && !hasRoom()));
}

export function executeNext(u: u32): void {
  const state = fetch(u);
  if (state == QueueState.idle) return;
  if (state == QueueState.executing) execute(u);
  else completeWait(u);
  slide(u);
  if (isAmd(u)) reviewInterrupts(u);
}

/** The next message from `from` on that the wait at the head has to drain, or -1. */
export function undrained(u: u32, from: u32): i32 {
  for (let m = from; m < nMessages; m++) {
    const at = remapAt(m);
    if (<u32>load<u8>(at, Remap.unit) == u + 1 && (<u32>load<u16>(at, Remap.flags)) & RemapFlag.stale) return <i32>m;
  }
  return -1;
}
