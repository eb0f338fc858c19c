/**
 * Reduction, level 2 (design 4): of the steps that are enabled, a subset that suffices for verdict and failing properties.
 *
 * Actors are CPUs (micro-op, interrupt, timers), messages in flight, sources, operations not begun, queues of remapping units, IOAPICs with
 * their pins, and one for all lines that units may drop. A set A of actors is *closed* if whatever the others may ever do, as long as no member steps, conflicts with no member's next step, and enables or disables
 * none of them. Then on any way from the state
 * - the first step of a member may as well come first: what comes before it commutes with it;
 * - without any, each enabled step of a member may be put in front of the whole way, which stays what it is.
 * So it suffices to execute the enabled steps of A now, if (a) one of them is not a raise, an operation's begin, a drop or the probe:
 * then no state at rest and no deadlock is reached before a member steps, and states at rest, which are expanded in full, are
 * found; and (b) nobody is put off for ever: a violation behind the steps of others is found since every cycle of the reduced
 * graph has a state that is expanded in full, and each way round another step of the way is executed there.
 *
 * (b) holds by the form of cycles. Raises are bounded and the probe's are counted, so a cycle has no raise, sample or send and
 * no operation begins in it; hence no message of a device with messages of its own moves, and any other that moves is sent in it: by a
 * CPU, by a pin, or by a unit, which does so because a CPU writes its registers or a wait in its queue says so (for a guest's log only
 * behind a request). A context that ends is begun again in it, by one of these, by waking or by a timer that is armed in it; and one that
 * does not end comes back to where it was through the head of a loop. Without a step of a CPU only pins go round: queues are executed to
 * their end, and lines come of stores and requests. A pin sends again and again only if its line stays active, or if no LAPIC takes what it
 * has sent. So a cycle has one of these steps, called *sticky*: of a CPU at a loop head, known to the assembler, or one that sends an IPI,
 * wakes, arms a timer or makes a unit send; of a pin that is triggered by levels or has been refused; of a queue, a wait that interrupts.
 * No set with one is chosen. (Steps at loop heads are never joined, so none is hidden inside of another.)
 *
 * What others may ever do is what their code may reach (futures.ts), with the handlers of all interrupts that may come, the tasks that may
 * be woken, and the messages and interrupts these send. What a unit does because of an instruction, and a pin, is part of what that may
 * reach (beyond.ts); a request that has still to pass its unit may become any interrupt. Handlers and tasks on a CPU that is a member are
 * that member's own steps: if all CPUs are members, a source that raises does no more than set bits in IRRs.
 *
 * The pool of messages counts for nothing: to a machine without that bound the argument applies, and a search that finds the
 * pool full says so.
 */
import { Actor } from '../state/abi/outcomes';
import { add, clear, conflict } from './resources';
import { writesWatched } from './futures';
import { actorOfAction, bit, busyActors, count, haltedCpus, kinds, listActors, nextOf, numberOf, owners, stickyActors } from './actors';
import { findFuture, future } from './onward';
import { actions } from './transitions';

/** Of all members, the next steps together. */
const members: usize = memory.data(80);

/**
 * A closed set that contains `seed`, CPUs taken in first: handlers that only members can execute concern nobody. Hence also
 * those that do not execute, which costs nothing. It is given up (all actors) when it cannot be chosen.
 */
function close(seed: u64): u64 {
  let set = seed | haltedCpus;
  clear(members);
  for (let a: u32 = 0; a < count; a++) {
    if (set & bit(a)) add(members, nextOf(a));
  }
  for (let a: u32 = 0; a < count;) {
    if (set & bit(a)) {
      a++;
      continue;
    }
    findFuture(a, set);
    if (!conflict(future, members)) {
      a++;
      continue;
    }
    set |= bit(a);
    if (set & stickyActors) return u64.MAX_VALUE;
    add(members, nextOf(a));
    a = 0;
  }
  // a step that a property looks at in every state must not be put in front of others
  return writesWatched(members) ? u64.MAX_VALUE : set;
}

/** Reduces the enabled actions, of a state that is not at rest, to a sufficient set; returns their number. */
export function persistent(n: u32): u32 {
  if (n < 2 || !listActors(n)) return n;
  let best: u64 = u64.MAX_VALUE;
  let fewest = n;
  for (let i: u32 = 0; i < n && fewest > 1; i++) {
    const seed = bit(load<u8>(owners + i));
    if ((seed & busyActors) == 0 || (seed & stickyActors) != 0) continue;
    const set = close(seed);
    let size: u32 = 0;
    for (let k: u32 = 0; k < n; k++) {
      if (set & bit(load<u8>(owners + k))) size++;
    }
    if (size >= fewest) continue;
    fewest = size;
    best = set;
  }
  if (fewest == n) return n;
  let kept: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    if ((best & bit(load<u8>(owners + i))) == 0) continue;
    store<u16>(actions + ((<usize>kept) << 1), load<u16>(actions + ((<usize>i) << 1)));
    kept++;
  }
  return kept;
}

// --- for who verifies it

/** The footprint of the next step of the actor whose action this is; 0: the state has too many actors. */
export function footprintOf(action: u32, n: u32): usize {
  if (!listActors(n)) return 0;
  const a = actorOfAction(action);
  return a < count ? nextOf(a) : 0;
}

/** True if the next steps of the actors of two enabled actions may not commute. */
export function dependent(action: u32, other: u32, n: u32): bool {
  if (!listActors(n)) return true;
  const a = actorOfAction(action);
  const b = actorOfAction(other);
  // steps of one actor have one footprint
  return a == b || a == count || b == count || conflict(nextOf(a), nextOf(b));
}

const sum: usize = memory.data(80);

/** All that may happen while no member steps; members are the CPUs, sources and operations of three masks. */
export function futureOfOthers(cpus: u32, sources: u32, operations: u32, n: u32): usize {
  if (!listActors(n)) return 0;
  let set: u64 = 0;
  for (let a: u32 = 0; a < count; a++) {
    const kind = <u32>load<u8>(kinds + a);
    const mask = kind == Actor.cpu ? cpus : kind == Actor.raise ? sources : kind == Actor.operation ? operations : 0;
    if ((mask >> numberOf(a)) & 1) set |= bit(a);
  }
  clear(sum);
  for (let a: u32 = 0; a < count; a++) {
    if (set & bit(a)) continue;
    findFuture(a, set);
    add(sum, future);
  }
  return sum;
}
