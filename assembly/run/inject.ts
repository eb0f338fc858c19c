/**
 * Injected operations, as a user's shell would start them: each has a cycle from which on it may begin, waits for those of the same key
 * that came before, and for a CPU whose thread is free. A CPU that goes away or comes is left alone by all tasks first, as the scheduler
 * pushes them away from one that leaves.
 */
import { Level } from '../state/abi/instructions';
import { Event } from '../state/abi/outcomes';
import { OperationSetup } from '../state/abi/tables';
import { Cpu, Injected, InjectedHead, InjectedState, RunState } from '../state/abi/fields';
import { cpuAt, isActive, now, operationSetup } from '../state/access';
import { injectedHead, nCpus, nInjected, nNodes, nOperations, opBase } from '../state/layout';
import { kick } from '../clock/kick';
import { arm, PHASE_OPERATION } from '../clock/wheel';
import { startTask } from '../cpu/operation';
import { countInjected, injectedAt, unlink } from '../cpu/injected';
import { record } from '../record/ring';

/** Cycles until an operation whose CPU is busy looks again. */
const RETRY: u32 = 1000;
/** As many that wait are looked at: those behind them wait for them too. */
const WINDOW: u32 = 64;


@inline export function injectedNode(): u32 {
  return nNodes - 1;
}


@inline function field(slot: u32, which: usize): u32 {
  return load<u32>(injectedAt(slot) + which);
}


@inline function isRunning(c: u32): bool {
  return load<u8>(cpuAt(c), Cpu.run) == RunState.running;
}

// --- for the host

/** Address of the lowest slot that is free, 0: none is. */
export function freeInjected(): usize {
  for (let slot: u32 = 0; slot < nInjected; slot++) {
    if (field(slot, Injected.state) == InjectedState.free) return injectedAt(slot);
  }
  return 0;
}

/** The operation in a slot that the host has filled waits from now on, behind those that may begin at the same cycle. */
export function inject(slot: u32): void {
  if (slot >= nInjected || field(slot, Injected.state) != InjectedState.free) return;
  const at = injectedAt(slot);
  const due = max(load<u64>(at, Injected.due), now());
  store<u64>(at, due, Injected.due);
  store<u32>(at, InjectedState.queued, Injected.state);
  countInjected(InjectedHead.total);
  let link = injectedHead + InjectedHead.queue;
  while (load<u32>(link) != 0) {
    const other = injectedAt(load<u32>(link) - 1);
    if (load<u64>(other, Injected.due) > due) break;
    link = other + Injected.next;
  }
  store<u32>(at, load<u32>(link), Injected.next);
  store<u32>(link, slot + 1);
  reviewInjected();
}

// --- for the clock

/** Something has changed: those that wait look whether they may begin. */
export function reviewInjected(): void {
  if (nInjected == 0) return;
  const first = load<u32>(injectedHead, InjectedHead.queue);
  if (first != 0) arm(injectedNode(), load<u64>(injectedAt(first - 1), Injected.due), PHASE_OPERATION);
}

/** An operation that has begun has this key, or takes this CPU away or brings it; 0 for neither. */
function isTaken(key: u32, subject: u32): bool {
  for (let i = load<u32>(injectedHead, InjectedHead.begun); i != 0; i = field(i - 1, Injected.next)) {
    if ((key != 0 && field(i - 1, Injected.key) == key) || (subject != 0 && field(i - 1, Injected.subject) == subject)) return true;
  }
  for (let o: u32 = 0; o < nOperations; o++) {
    if (load<u8>(opBase + o) != 1) continue;
    if (key != 0 && operationSetup(o, OperationSetup.key) == key) return true;
    if (subject != 0 && operationSetup(o, OperationSetup.subject) == subject) return true;
  }
  return false;
}

/** A task is on the CPU that an operation takes away. */
@inline function isOccupied(subject: u32): bool {
  return subject != 0 && isRunning(subject - 1) && isActive(subject - 1, Level.thread);
}

/** What was injected keeps operation o of the scenario from beginning. */
export function injectedKeep(o: u32): bool {
  if (nInjected == 0 || load<u32>(injectedHead, InjectedHead.begun) == 0) return false;
  return isTaken(operationSetup(o, OperationSetup.key), 0) || isOccupied(operationSetup(o, OperationSetup.subject));
}

/** One that stands further in front has the same key. */
function isBehind(slot: u32, key: u32): bool {
  if (key == 0) return false;
  for (let i = load<u32>(injectedHead, InjectedHead.queue); i != 0 && i != slot + 1; i = field(i - 1, Injected.next)) {
    if (field(i - 1, Injected.key) == key) return true;
  }
  return false;
}

/** The first CPU from `from` on whose thread is free, besides two that are called by their number + 1; -1: there is none. */
function freeCpu(from: u32, besides: u32, leaving: u32): i32 {
  for (let i: u32 = 0; i < nCpus; i++) {
    const c = (from + i) % nCpus;
    if (c + 1 == besides || c + 1 == leaving || !isRunning(c) || isActive(c, Level.thread) || isTaken(0, c + 1)) continue;
    return c;
  }
  return -1;
}

function begin(slot: u32, c: u32): void {
  const at = injectedAt(slot);
  unlink(injectedHead + InjectedHead.queue, slot);
  store<u32>(at, load<u32>(injectedHead, InjectedHead.begun), Injected.next);
  store<u32>(injectedHead, slot + 1, InjectedHead.begun);
  store<u32>(at, InjectedState.begun, Injected.state);
  // called by the order in which they begin: slots say nothing
  const number = countInjected(InjectedHead.totalBegun) - 1;
  store<u32>(at, number, Injected.number);
  record(Event.opBegin, nOperations + number, load<u32>(at, Injected.subject), 0);
  startTask(c, load<u32>(at, Injected.entry), nOperations + slot, load<u32>(at, Injected.arg0), load<u32>(at, Injected.arg1));
  kick(c);
}

export function injectedTick(): void {
  let next: u32 = 0;
  let waiting: u32 = 0;
  let again = false;
  /** CPU + 1 that the first that waits for its key takes away */
  let leaving: u32 = 0;
  for (let i = load<u32>(injectedHead, InjectedHead.queue); i != 0 && waiting < WINDOW; i = next) {
    const slot = i - 1;
    next = field(slot, Injected.next);
    const due = load<u64>(injectedAt(slot), Injected.due);
    if (due > now()) {
      arm(injectedNode(), again ? min(due, now() + RETRY) : due, PHASE_OPERATION);
      return;
    }
    const key = field(slot, Injected.key);
    const subject = field(slot, Injected.subject);
    const c = isTaken(key, 0) || isBehind(slot, key) ? -2 : isOccupied(subject) ? -1 : freeCpu(field(slot, Injected.cpu), subject, leaving);
    if (c >= 0) {
      begin(slot, c);
      continue;
    }
    waiting++;
    // the end of an operation is told, a thread that is free again is not
    if (c == -1) {
      again = true;
      if (subject != 0) leaving = subject;
    }
  }
  if (again) arm(injectedNode(), now() + RETRY, PHASE_OPERATION);
}
