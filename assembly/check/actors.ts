/**
 * The actors of a state, for level 2 of the reduction: CPUs, messages in flight, sources, operations not begun, queues of remapping units,
 * IOAPICs, and one for all that units may drop out of what they have cached.
 */
import { Mover } from '../state/abi/instructions';
import { Actor } from '../state/abi/outcomes';
import { Cpu, Ctx, Msg, Origin, RunState } from '../state/abi/fields';
import { Thing } from '../state/abi/resources';
import { cpuAt, ctxAt, msgAt, originAt, pinAt } from '../state/access';
import { moverBase, nCpus, nInstructions, nIoapics, nIommus, nOperations, nOrigins, nSources, opBase } from '../state/layout';
import { interruptsAtHead, isWait } from '../fabric/queueStep';
import { isRefused } from '../ioapic/pin';
import { isLevel } from '../ioapic/rte';
import { current } from '../cpu/schedule';
import { clear, SIZE, SOMEONE, writesOf } from './resources';
import { declareCpu, declareMessage, declareOperation, declarePin, declarePinGuard, declareSource } from './next';
import { blocksBase } from './futures';
import { declareDrops, touchLine } from './lines';
import { actions } from './transitions';
import { declareQueue, declareQueueGuard } from './units';

const MOST: u32 = 64;

/** Actors of a state, CPUs first: kind, number, footprint of the next step. */
export const kinds: usize = memory.data(64);
const numbers: usize = memory.data(64 * 2);
const nexts: usize = memory.data(64 * 80);
export let count: u32 = 0;
/** Actors with an enabled step; with one that is no raise, no operation's begin and drops no line; with a sticky one. */
let enabledActors: u64 = 0;
export let busyActors: u64 = 0;
export let stickyActors: u64 = 0;
/** CPUs that do not execute: only INIT and SIPI concern them. */
export let haltedCpus: u64 = 0;

/** Actor of each enabled action. */
export const owners: usize = memory.data(4096);


@inline export function bit(a: u32): u64 {
  return (<u64>1) << a;
}


@inline export function nextOf(a: u32): usize {
  return nexts + <usize>a * SIZE;
}


@inline export function numberOf(a: u32): u32 {
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

/** The actor of an action: index, or `count`. */
export function actorOfAction(action: u32): u32 {
  const which = action & 0xfff;
  switch (action >> 12) {
    case Actor.timer:
      return actorOf(Actor.cpu, which >> 4);
    case Actor.pin:
      return actorOf(Actor.pin, which >> 8);
    case Actor.drop:
      return actorOf(Actor.drop, 0);
    default:
      return actorOf(kindOf(action >> 12), which);
  }
}

/** A step after which a CPU may come back to where it was. */
function isCpuSticky(c: u32): bool {
  const level = current(c);
  if (level < 0) return false;
  const pc = <u32>load<u16>(ctxAt(c, level), Ctx.pc);
  if (pc >= nInstructions) return true;
  return ((<u32>load<u8>(moverBase + pc)) & Mover.loopHead) != 0 || begins(blocksBase + <usize>pc * SIZE);
}


@inline function begins(footprint: usize): bool {
  return ((writesOf(footprint, 1) >> Thing.begins) & 1) != 0;
}

/** A step that every cycle with one of its actor's has: see persistent.ts. */
function isSticky(action: u32): bool {
  const which = action & 0xfff;
  switch (action >> 12) {
    case Actor.cpu:
      return isCpuSticky(which);
    case Actor.pin: {
      const pin = pinAt(which >> 8, which & 0xff);
      return isLevel(pin) || isRefused(pin);
    }
    case Actor.queue:
      return isWait(which) && interruptsAtHead(which);
    default:
      return false;
  }
}

/** An interrupt source as far as its actions go: raise, sample and send are those of one actor. */
@inline function kindOf(actor: u32): u32 {
  if (actor == Actor.interrupt) return Actor.cpu;
  return actor == Actor.sample || actor == Actor.send ? Actor.raise : actor;
}

/** Lists the actors with the footprints of their next steps. False: there are too many. */
export function listActors(n: u32): bool {
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
  if (count + nSources + nOperations + nIommus + nIoapics + 1 > MOST) return false;
  for (let s: u32 = 0; s < nSources; s++) declareSource(addActor(Actor.raise, s), s);
  for (let o: u32 = 0; o < nOperations; o++) {
    if (load<u8>(opBase + o) == 0) addActor(Actor.operation, o);
  }
  for (let u: u32 = 0; u < nIommus; u++) addActor(Actor.queue, u);
  for (let i: u32 = 0; i < nIoapics; i++) addActor(Actor.pin, i);
  if (nIommus != 0) addActor(Actor.drop, 0);
  for (let i: u32 = 0; i < n; i++) {
    const action = <u32>load<u16>(actions + ((<usize>i) << 1));
    const a = actorOfAction(action);
    store<u8>(owners + i, a);
    enabledActors |= bit(a);
    if (action >> 12 != Actor.raise && action >> 12 != Actor.operation && action >> 12 != Actor.drop) busyActors |= bit(a);
    if (isSticky(action)) stickyActors |= bit(a);
  }
  for (let a: u32 = nCpus; a < count; a++) {
    declareOther(a, (enabledActors & bit(a)) != 0);
  }
  return true;
}

/** The next step of an actor that is no CPU and no source. */
function declareOther(a: u32, enabled: bool): void {
  const at = nextOf(a);
  const which = numberOf(a);
  switch (<u32>load<u8>(kinds + a)) {
    case Actor.message:
      declareMessage(at, messageOfActor(a), !enabled);
      break;
    case Actor.operation:
      declareOperation(at, which, enabled);
      break;
    case Actor.queue:
      if (enabled) declareQueue(at, which);
      else declareQueueGuard(at, which);
      break;
    case Actor.pin:
      if (enabled) declarePin(at, which);
      else declarePinGuard(at);
      break;
    case Actor.drop:
      // lines that are there, and those that may come
      declareDrops(at);
      touchLine(at, SOMEONE, true, false);
      break;
  }
}

export function messageOfActor(a: u32): u32 {
  const which = numberOf(a);
  let i = <u32>load<u16>(originAt(which >> 4), Origin.head);
  for (let r: u32 = which & 15; r != 0; r--) i = load<u16>(msgAt(i - 1), Msg.next);
  return i - 1;
}
