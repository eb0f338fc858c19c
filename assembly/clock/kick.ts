/**
 * When a CPU acts next, in a timed run. A CPU that executes has its queue node armed for its next micro-op; one that is
 * idle, waits or sits in an mdelay does not, or only for later, and is woken by what happens to it.
 */
import { Timing } from '../state/abi/tables';
import { now, timed } from '../state/access';
import { CPU_TIMED_SIZE, cpuTimedBase, nCpus, nInstructions, waiterBase, waitingBase } from '../state/layout';
import { latency, streamOfCpu } from './random';
import { arm, armed, dueOf, isToCome, PHASE_CPU } from './wheel';

// record of a CPU: u32 address it waits for (0 none), u32 1 while it sleeps in an mdelay, u64 cycle at which it leaves its handler (0 it does not)

@inline function timedAt(c: u32): usize {
  return cpuTimedBase + <usize>c * CPU_TIMED_SIZE;
}


@inline export function setSleeping(c: u32, on: bool): void {
  store<u32>(timedAt(c), on ? 1 : 0, 4);
}


@inline function waiterWord(word: u32): usize {
  return waiterBase + ((<usize>word) << 3);
}

/** CPU c waits for the variable at this address; 0: it does not wait any more. */
export function setWaiting(c: u32, address: usize): void {
  const waited = load<u32>(timedAt(c)) != 0;
  store<u32>(timedAt(c), <u32>address);
  if (waited == (address != 0)) return;
  const word = waiterWord(c >> 6);
  store<u64>(word, load<u64>(word) ^ ((<u64>1) << (c & 63)));
  store<u32>(waitingBase, load<u32>(waitingBase) + (waited ? -1 : 1));
}

/** True while the CPU does nothing but wait for a variable or for the end of an mdelay. */
@inline export function resting(c: u32): bool {
  return load<u64>(timedAt(c)) != 0;
}

/** It does something again. */
@inline export function endRest(c: u32): void {
  setSleeping(c, false);
  setWaiting(c, 0);
}

/** Cycle at which CPU c, which is ahead of the clock and has nothing else to do, returns from its interrupt; 0: it is none of these. */
@inline export function leavesAt(c: u32): u64 {
  return load<u64>(timedAt(c), 8);
}


@inline export function setLeaving(c: u32, at: u64): void {
  store<u64>(timedAt(c), at, 8);
}

/** Something comes for CPU c: if it has not returned by then, it does so at its time. */
function returnInTime(c: u32, leaves: u64): void {
  if (leaves < now() || !isToCome(c, leaves)) return;
  setLeaving(c, 0);
  arm(c, leaves, PHASE_CPU);
}

/**
 * An interrupt, a task or a SIPI has arrived for CPU c: it looks after the recognition latency, if it is not busy. Without a
 * program it is the host who looks.
 */
export function kick(c: u32): void {
  if (!timed() || nInstructions == 0) return;
  const at = now() + latency(Timing.recognise, streamOfCpu(c));
  if (leavesAt(c) != 0) returnInTime(c, leavesAt(c));
  if (!armed(c) || (load<u32>(timedAt(c), 4) != 0 && dueOf(c) > at)) arm(c, at, PHASE_CPU);
}

function wakeWaiters(address: usize): void {
  for (let word: u32 = 0; word < (nCpus + 63) >> 6; word++) {
    for (let bits = load<u64>(waiterWord(word)); bits != 0; bits &= bits - 1) {
      const c = (word << 6) + <u32>ctz(bits);
      if (load<u32>(timedAt(c)) != <u32>address) continue;
      setWaiting(c, 0);
      if (!armed(c)) arm(c, now() + 1, PHASE_CPU);
    }
  }
}

/** A variable or lock at this address has changed: those who wait for it look again, in order of their index. In a check nobody does. */
@inline export function kickWaiters(address: usize): void {
  if (load<u32>(waitingBase) != 0) wakeWaiters(address);
}
