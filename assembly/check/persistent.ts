/**
 * Reduction, level 2 (design 4): of the steps that are enabled, a subset that suffices for verdict and failing properties.
 *
 * Actors are CPUs (micro-op and interrupt), messages in flight, sources, operations not begun. A set A of actors is *closed* if
 * whatever the others may ever do, as long as no member steps, conflicts with no member's next step, and enables or disables
 * none of them. Then on any way from the state
 * - the first step of a member may as well come first: what comes before it commutes with it;
 * - without any, each enabled step of a member may be put in front of the whole way, which stays what it is.
 * So it suffices to execute the enabled steps of A now, if (a) one of them is not a raise, an operation's begin or the probe:
 * then no state at rest and no deadlock is reached before a member steps, and states at rest, which are expanded in full, are
 * found; and (b) nobody is put off for ever: a violation behind the steps of others is found since every cycle of the reduced
 * graph has a state that is expanded in full, and each way round another step of the way is executed there.
 *
 * (b) holds by the form of cycles. Raises are bounded and the probe's are counted, so a cycle has no raise, sample or send and
 * no operation begins in it; hence no device message moves, and an IPI that arrives is sent in it; a context that ends is
 * begun again in it, by an IPI, by waking or by a timer that is armed in it; and one that does not end comes back to where it was through the head of a loop.
 * So a cycle has a step of a CPU that begins at a loop head, or sends an IPI, or wakes, or arms a timer: *sticky* steps, known to the assembler.
 * No set with one is chosen. (Steps at loop heads are never joined, so none is hidden inside of another.)
 *
 * What others may ever do is what their code may reach (futures.ts), with the handlers of all interrupts that may come, and
 * the messages and interrupts these send. Handlers on a CPU that is a member are that member's own steps: if all CPUs are
 * members, a source that raises does no more than set bits in IRRs.
 *
 * The pool of messages counts for nothing: to a machine without that bound the argument applies, and a search that finds the
 * pool full says so.
 */
import { Actor } from '../state/abi/outcomes';
import { add, clear, conflict } from './resources';
import { nIoapics, nIommus } from '../state/layout';
import { writesWatched } from './futures';
import { declarePin } from './next';
import { actorOfAction, bit, busyActors, count, haltedCpus, kinds, listActors, nextOf, numberOf, owners, stickyActors } from './actors';
import { findFuture, future } from './onward';
import { actions } from './transitions';
import { declareDrop, declareQueue } from './units';

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
  // what units and pins may ever do is not known here
  if (n < 2 || nIommus + nIoapics != 0 || !listActors(n)) return n;
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

/** Footprints of units and pins, which are no actors of this reduction. */
const ofUnit: usize = memory.data(80);
const ofOther: usize = memory.data(80);

/** The footprint of the next step of the actor whose action this is; 0: the state has too many actors. `spare`: room for that of a unit. */
export function footprintOf(action: u32, n: u32, spare: usize = ofUnit): usize {
  if (action >> 12 == Actor.queue || action >> 12 == Actor.drop || action >> 12 == Actor.pin) {
    clear(spare);
    if (action >> 12 == Actor.queue) declareQueue(spare, action & 0xfff);
    else if (action >> 12 == Actor.pin) declarePin(spare, (action >> 8) & 15);
    else declareDrop(spare);
    return spare;
  }
  if (!listActors(n)) return 0;
  const a = actorOfAction(action);
  return a < count ? nextOf(a) : 0;
}

/** True if the next steps of the actors of two enabled actions may not commute. */
export function dependent(action: u32, other: u32, n: u32): bool {
  const a = footprintOf(action, n, ofUnit);
  const b = footprintOf(other, n, ofOther);
  // steps of one actor have one footprint
  return a == b || a == 0 || b == 0 || conflict(a, b);
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
