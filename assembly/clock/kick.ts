/**
 * When a CPU acts next, in a timed run. A CPU that executes has its queue node armed for its next micro-op; one that is
 * idle, waits or sits in an mdelay does not, or only for later, and is woken by what happens to it.
 */
import { Timing } from '../state/abi/tables';
import { now, timed } from '../state/access';
import { CPU_TIMED_SIZE, cpuTimedBase, nCpus, nInstructions } from '../state/layout';
import { latency, streamOfCpu } from './random';
import { arm, armed, dueOf, PHASE_CPU } from './wheel';

// record of a CPU: u32 address it waits for (0 none), u32 1 while it sleeps in an mdelay

@inline function timedAt(c: u32): usize {
  return cpuTimedBase + <usize>c * CPU_TIMED_SIZE;
}


@inline export function setSleeping(c: u32, on: bool): void {
  store<u32>(timedAt(c), on ? 1 : 0, 4);
}

export function setWaiting(c: u32, address: usize): void {
  store<u32>(timedAt(c), <u32>address);
}

/** True while the CPU does nothing but wait for a variable or for the end of an mdelay. */
@inline export function resting(c: u32): bool {
  return load<u32>(timedAt(c)) != 0 || load<u32>(timedAt(c), 4) != 0;
}

/**
 * An interrupt, a task or a SIPI has arrived for CPU c: it looks after the recognition latency, if it is not busy. Without a
 * program it is the host who looks.
 */
export function kick(c: u32): void {
  if (!timed() || nInstructions == 0) return;
  const at = now() + latency(Timing.recognise, streamOfCpu(c));
  if (!armed(c) || (load<u32>(timedAt(c), 4) != 0 && dueOf(c) > at)) arm(c, at, PHASE_CPU);
}

/** A variable or lock at this address has changed: those who wait for it look again, in order of their index. */
export function kickWaiters(address: usize): void {
  if (!timed()) return;
  for (let c: u32 = 0; c < nCpus; c++) {
    if (load<u32>(timedAt(c)) != <u32>address) continue;
    setWaiting(c, 0);
    if (!armed(c)) arm(c, now() + 1, PHASE_CPU);
  }
}
