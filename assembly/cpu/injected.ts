/**
 * Operations that the host injects while the machine runs: a slot each, in the state, from the injection to the end. Lists of those
 * that wait and of those that have begun.
 */
import { Event } from '../state/abi/outcomes';
import { Injected, InjectedHead } from '../state/abi/fields';
import { injectedBase, injectedHead, injectedMasks, maskBytes, nInjected, nOperations } from '../state/layout';
import { record } from '../record/ring';


@inline export function injectedAt(slot: u32): usize {
  return injectedBase + <usize>slot * Injected.size;
}


@inline export function maskOfInjected(slot: u32): usize {
  return injectedMasks + <usize>slot * maskBytes();
}


@inline export function countInjected(which: usize): u32 {
  const n = load<u32>(injectedHead + which) + 1;
  store<u32>(injectedHead + which, n);
  return n;
}

/** Takes a slot out of the list whose first stands at `link`; false: it is not in it. */
export function unlink(link: usize, slot: u32): bool {
  let at = link;
  while (load<u32>(at) != 0) {
    const next = load<u32>(at) - 1;
    if (next == slot) {
      store<u32>(at, load<u32>(injectedAt(slot), Injected.next));
      return true;
    }
    at = injectedAt(next) + Injected.next;
  }
  return false;
}

/** The operation has ended, on CPU c; its slot is free, and as if it had never been used. */
export function endInjected(slot: u32, c: u32): void {
  if (slot >= nInjected || !unlink(injectedHead + InjectedHead.begun, slot)) return;
  const at = injectedAt(slot);
  record(Event.opEnd, nOperations + load<u32>(at, Injected.number), c, 0);
  memory.fill(at, 0, Injected.size);
  memory.fill(maskOfInjected(slot), 0, maskBytes());
  countInjected(InjectedHead.totalEnded);
}
