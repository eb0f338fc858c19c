/**
 * Store buffers of CPUs whose program is the host (hardware.md A.2.3): a store to guest memory is seen by others, in program order,
 * only after a while, by its own CPU at once. A machine has them only if its stores take time.
 */
import { Settings } from '../state/abi/tables';
import { now, setting } from '../state/access';
import { writeGuest } from '../state/guest';
import { nCpus, nStores, nTimers, storeBase } from '../state/layout';
import { below, streamOfStores } from '../clock/random';
import { arm, disarm, PHASE_CPU } from '../clock/wheel';
import { firstTimerNode } from './timers';

// record of a CPU: u32 first slot, u32 slots in use, and behind 16 bytes the slots: u64 address, u64 value, u64 due, u32 bytes
const HEADER: usize = 16;
const SLOT: usize = 32;


@inline function recordOf(c: u32): usize {
  return storeBase + <usize>c * (HEADER + <usize>nStores * SLOT);
}


@inline function slotOf(at: usize, i: u32): usize {
  return at + HEADER + <usize>((load<u32>(at) + i) % nStores) * SLOT;
}


@inline export function firstStoreNode(): u32 {
  return firstTimerNode() + nCpus * nTimers;
}


@inline export function hasStores(): bool {
  return nStores != 0;
}

/** The oldest store of CPU c becomes visible; there must be one. */
function retire(c: u32): void {
  const at = recordOf(c);
  const slot = slotOf(at, 0);
  writeGuest(load<u64>(slot), load<u32>(slot, 24), load<u64>(slot, 8));
  const left = load<u32>(at, 4) - 1;
  memory.fill(slot, 0, SLOT);
  store<u32>(at, (load<u32>(at) + 1) % nStores);
  store<u32>(at, left, 4);
  if (left == 0) disarm(firstStoreNode() + c);
  else arm(firstStoreNode() + c, load<u64>(slotOf(at, 0), 16), PHASE_CPU);
}

/** The oldest store of CPU c is due. */
export function storeTick(c: u32): void {
  if (load<u32>(recordOf(c), 4) != 0) retire(c);
}

/** What CPU c has stored is visible from now on; it is as if it had waited for that. */
export function drainStores(c: u32): void {
  if (nStores == 0 || c >= nCpus) return;
  while (load<u32>(recordOf(c), 4) != 0) retire(c);
}

/** CPU c stores to memory; there must be buffers. Where its own is full it waits for the oldest. */
export function putStore(c: u32, address: u64, bytes: u32, value: u64): void {
  const at = recordOf(c);
  if (load<u32>(at, 4) == nStores) retire(c);
  const n = load<u32>(at, 4);
  const most = max(setting(Settings.storeLatency), 1);
  let due = now() + (setting(Settings.jitter) ? 1 + below(streamOfStores(c), most) : most);
  if (n != 0) due = max(due, load<u64>(slotOf(at, n - 1), 16));
  const slot = slotOf(at, n);
  store<u64>(slot, address);
  store<u64>(slot, value, 8);
  store<u64>(slot, due, 16);
  store<u32>(slot, bytes, 24);
  store<u32>(at, n + 1, 4);
  if (n == 0) arm(firstStoreNode() + c, due, PHASE_CPU);
}

/** What CPU c reads where memory has `value`: its own stores, the youngest last. */
export function forward(c: u32, address: u64, bytes: u32, value: u64): u64 {
  const at = recordOf(c);
  let seen = value;
  for (let i: u32 = 0, n = load<u32>(at, 4); i < n; i++) {
    const slot = slotOf(at, i);
    const stored = load<u64>(slot, 8);
    for (let b: u32 = 0, end = load<u32>(slot, 24); b < end; b++) {
      const which = load<u64>(slot) + b - address;
      if (which >= <u64>bytes) continue;
      const shift = which << 3;
      seen = (seen & ~((<u64>0xff) << shift)) | (((stored >> ((<u64>b) << 3)) & 0xff) << shift);
    }
  }
  return seen;
}

/** True while a store is not visible to all. */
export function storesBusy(): bool {
  if (nStores == 0) return false;
  for (let c: u32 = 0; c < nCpus; c++) {
    if (load<u32>(recordOf(c), 4) != 0) return true;
  }
  return false;
}
