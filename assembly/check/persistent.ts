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
 * begun again in it, by an IPI or by waking; and one that does not end comes back to where it was through the head of a loop.
 * So a cycle has a step of a CPU that begins at a loop head, or sends an IPI, or wakes: *sticky* steps, known to the assembler.
 * No set with one is chosen. (Steps at loop heads are never joined, so none is hidden inside of another.)
 *
 * What others may ever do is what their code may reach (futures.ts), with the handlers of all interrupts that may come, and
 * the messages and interrupts these send. Handlers on a CPU that is a member are that member's own steps: if all CPUs are
 * members, a source that raises does no more than set bits in IRRs.
 *
 * The pool of messages counts for nothing: to a machine without that bound the argument applies, and a search that finds the
 * pool full says so.
 */
import { Flight, Part, Thing } from '../state/abi/resources';
import { Level, Mover, Op } from '../state/abi/instructions';
import { Actor } from '../state/abi/outcomes';
import { DeviceKind, OperationSetup, Settings, SourceSetup } from '../state/abi/tables';
import { Cpu, Ctx, Msg, MsgKind, Origin, RunState, Src } from '../state/abi/fields';
import { codeAt, cpuAt, ctxAt, isActive, msgAt, operationSetup, originAt, setting, sourceSetup, srcAt } from '../state/access';
import { idtBase, LEVELS, moverBase, nCpus, nInstructions, nOperations, nOrigins, nSources, opBase } from '../state/layout';
import { current } from '../cpu/schedule';
import * as decode from '../message/decode';
import {
  allCpus,
  declareArrival,
  declareCpu,
  declareMessage,
  declareOperation,
  declareSource,
  INIT,
  STARTUP,
  targetsOf,
} from './footprint';
import { blocksBase, futureOf, handlers, writesWatched } from './futures';
import {
  add,
  addExecuted,
  clear,
  conflict,
  flightBit,
  SIZE,
  touchCpu,
  touchCpus,
  touchOne,
  touchThing,
  writesOf,
  writesWord,
} from './resources';
import { actions } from './transitions';

const MOST: u32 = 64;

/** Actors of a state, CPUs first: kind, number, footprint of the next step. */
const kinds: usize = memory.data(64);
const numbers: usize = memory.data(64 * 2);
const nexts: usize = memory.data(64 * 80);
let count: u32 = 0;
/** Actors with an enabled step; with one that is no raise and no operation's begin; with a sticky one. */
let enabledActors: u64 = 0;
let busyActors: u64 = 0;
let stickyActors: u64 = 0;
/** CPUs that do not execute: only INIT and SIPI concern them. */
let haltedCpus: u64 = 0;

const future: usize = memory.data(80);
const members: usize = memory.data(80);
/** Actor of each enabled action. */
const owners: usize = memory.data(4096);


@inline function bit(a: u32): u64 {
  return (<u64>1) << a;
}


@inline function nextOf(a: u32): usize {
  return nexts + <usize>a * SIZE;
}


@inline function numberOf(a: u32): u32 {
  return load<u16>(numbers + (a << 1));
}

function addActor(kind: u32, which: u32): usize {
  const a = count++;
  store<u8>(kinds + a, kind);
  store<u16>(numbers + (a << 1), which);
  clear(nextOf(a));
  return nextOf(a);
}

/** Index of the actor with this kind and number, or `count`; all that are enabled are there. */
function actorOf(kind: u32, which: u32): u32 {
  for (let a: u32 = 0; a < count; a++) {
    if (load<u8>(kinds + a) == kind && numberOf(a) == which) return a;
  }
  return count;
}

/** A step after which a CPU may come back to where it was. */
function isSticky(c: u32): bool {
  const level = current(c);
  if (level < 0) return false;
  const pc = <u32>load<u16>(ctxAt(c, level), Ctx.pc);
  if (pc >= nInstructions) return true;
  const op = load<u32>(codeAt(pc)) & 0xff;
  if (load<u8>(moverBase + pc) & Mover.loopHead) return true;
  // inside of a block an IPI may stand anywhere
  return op == Op.wake || op == Op.ipiInit || op == Op.ipiSipi || op == Op.ipi || sends(blocksBase + <usize>pc * SIZE);
}


@inline function sends(block: usize): bool {
  return ((writesOf(block, 1) >> Thing.selfTail) & 1) != 0;
}

/** An interrupt source as far as its actions go: raise, sample and send are those of one actor. */
@inline function kindOf(actor: u32): u32 {
  if (actor == Actor.interrupt) return Actor.cpu;
  return actor == Actor.sample || actor == Actor.send ? Actor.raise : actor;
}

/** Lists the actors with the footprints of their next steps. False: there are too many. */
function listActors(n: u32): bool {
  count = 0;
  enabledActors = 0;
  busyActors = 0;
  stickyActors = 0;
  haltedCpus = 0;
  for (let c: u32 = 0; c < nCpus; c++) {
    if (load<u8>(cpuAt(c), Cpu.run) != RunState.running) haltedCpus |= bit(c);
    declareCpu(addActor(Actor.cpu, c), c, blocksBase);
  }
  for (let o: u32 = 0; o < nOrigins; o++) {
    let rank: u32 = 0;
    for (let i = <u32>load<u16>(originAt(o), Origin.head); i != 0; i = load<u16>(msgAt(i - 1), Msg.next), rank++) {
      if (count == MOST) return false;
      addActor(Actor.message, (o << 4) | rank);
    }
  }
  if (count + nSources + nOperations > MOST) return false;
  for (let s: u32 = 0; s < nSources; s++) declareSource(addActor(Actor.raise, s), s);
  for (let o: u32 = 0; o < nOperations; o++) {
    if (load<u8>(opBase + o) == 0) addActor(Actor.operation, o);
  }
  for (let i: u32 = 0; i < n; i++) {
    const action = <u32>load<u16>(actions + ((<usize>i) << 1));
    const a = actorOf(kindOf(action >> 12), action & 0xfff);
    store<u8>(owners + i, a);
    enabledActors |= bit(a);
    if (action >> 12 != Actor.raise && action >> 12 != Actor.operation) busyActors |= bit(a);
    if (action >> 12 == Actor.cpu && isSticky(action & 0xfff)) stickyActors |= bit(a);
  }
  for (let a: u32 = nCpus; a < count; a++) {
    const enabled = (enabledActors & bit(a)) != 0;
    if (load<u8>(kinds + a) == Actor.message) declareMessage(nextOf(a), messageOfActor(a), !enabled);
    else if (load<u8>(kinds + a) == Actor.operation) declareOperation(nextOf(a), numberOf(a), enabled);
  }
  return true;
}

function messageOfActor(a: u32): u32 {
  const which = numberOf(a);
  let i = <u32>load<u16>(originAt(which >> 4), Origin.head);
  for (let r: u32 = which & 15; r != 0; r--) i = load<u16>(msgAt(i - 1), Msg.next);
  return i - 1;
}

// --- what an actor may ever do while no member steps

/** Adds code that CPUs of a mask may execute, with the interrupts it may cause on CPUs that are no members. */
function addCode(from: usize, cpus: u32, others: u32): void {
  if (cpus == 0) return;
  addExecuted(future, from, cpus);
  if (((writesOf(from, 1) >> Thing.interrupts) & 1) == 0) return;
  addExecuted(future, handlers, others);
}

/** Adds the handler of a vector, taken by CPUs of a mask. */
function addHandler(v: u32, cpus: u32, others: u32): void {
  const on = cpus & others;
  if (on == 0) return;
  touchCpus(future, Part.core, on, true, true);
  touchCpus(future, Part.irr, on, true, true);
  touchCpus(future, Part.svr, on, true, false);
  touchCpus(future, Part.lapic, on, true, true);
  const entry = load<u32>(idtBase + ((<usize>v) << 2));
  if (entry != 0) addCode(futureOf(entry), on, others);
}

function cpuFuture(c: u32, others: u32): void {
  const at = cpuAt(c);
  if (load<u8>(at, Cpu.run) != RunState.running) return;
  for (let level: u32 = 0; level < LEVELS; level++) {
    if (!isActive(c, level)) continue;
    const ctx = ctxAt(c, level);
    addCode(futureOf(load<u16>(ctx, Ctx.pc)), 1 << c, others);
    for (let f: u32 = 0; f < load<u8>(ctx, Ctx.depth); f++) addCode(futureOf(load<u16>(ctx + Ctx.ret + ((<usize>f) << 1))), 1 << c, others);
  }
  for (let w: u32 = 0; w < 8; w++) {
    for (let bits = load<u32>(at + Cpu.irr + ((<usize>w) << 2)); bits; bits &= bits - 1) addHandler((w << 5) + ctz(bits), 1 << c, others);
  }
}

function messageFuture(m: u32, others: u32): void {
  const at = msgAt(m);
  const origin = <u32>load<u16>(at, Msg.origin);
  const data = load<u32>(at, Msg.data);
  const targets = targetsOf(m);
  if (load<u8>(at, Msg.kind) == MsgKind.msi && load<u8>(at, Msg.stage) == 0) writesWord(future, 2, flightBit(Flight.rooted, origin));
  writesWord(future, 2, flightBit(Flight.landed, origin));
  declareArrival(future, m);
  const mode = decode.deliveryModeOf(data);
  if (mode == STARTUP) addCode(futureOf(setting(Settings.apStart)), targets & others, others);
  else if (mode != INIT) addHandler(decode.vectorOf(data), targets, others);
}

function sourceFuture(s: u32, others: u32): void {
  const at = srcAt(s);
  if (!(load<u8>(at, Src.condition) | load<u8>(at, Src.held))) {
    if (load<u32>(at, Src.left) == 0) return;
    // it waits for its handler
    if (others == 0 && sourceSetup(s, SourceSetup.kind) == DeviceKind.handshake && load<u8>(at, Src.owed)) return;
  }
  const device = sourceSetup(s, SourceSetup.device);
  touchOne(future, Thing.owed, s, true, true);
  touchOne(future, Thing.condition, s, true, true);
  touchOne(future, Thing.device, device, true, false);
  writesWord(future, 2, flightBit(Flight.tail, device));
  // where its messages go, and as what, may change before they are sent
  touchCpus(future, Part.irr, allCpus(), true, true);
  touchCpus(future, Part.svr, allCpus(), true, false);
  touchCpus(future, Part.lapic, allCpus(), true, false);
  addCode(handlers, others, others);
}

function operationFuture(o: u32, others: u32): void {
  const c = operationSetup(o, OperationSetup.cpu);
  const member = ((others >> c) & 1) == 0;
  // the thread of that CPU is in use, and only a member can end it
  if (member && isActive(c, Level.thread)) return;
  if (setting(Settings.parallel) == 0 && others == 0) {
    // it waits for one before it, which only a member can end
    for (let p: u32 = 0; p < o; p++) {
      if (load<u8>(opBase + p) == 1) return;
    }
  }
  touchThing(future, Thing.operations, true, true);
  touchCpu(future, Part.core, c, true, true);
  const entry = operationSetup(o, OperationSetup.entry);
  if (!member && entry != 0) addCode(futureOf(entry), 1 << c, others);
}

/** Fills `future` for actor a, which is no member of the set. */
function findFuture(a: u32, set: u64): void {
  clear(future);
  const others = allCpus() & ~(<u32>set);
  const which = numberOf(a);
  switch (<u32>load<u8>(kinds + a)) {
    case Actor.cpu:
      cpuFuture(which, others);
      break;
    case Actor.message:
      messageFuture(messageOfActor(a), others);
      break;
    case Actor.raise:
      sourceFuture(which, others);
      break;
    default:
      operationFuture(which, others);
  }
}

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
  const a = actorOf(kindOf(action >> 12), action & 0xfff);
  return a < count ? nextOf(a) : 0;
}

/** True if the next steps of the actors of two enabled actions may not commute. */
export function dependent(action: u32, other: u32, n: u32): bool {
  if (!listActors(n)) return true;
  const a = actorOf(kindOf(action >> 12), action & 0xfff);
  const b = actorOf(kindOf(other >> 12), other & 0xfff);
  return a == b || conflict(nextOf(a), nextOf(b));
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
