/** The actors of a state, for level 2 of the reduction: CPUs, messages in flight, sources, operations not begun. */
import { Mover, Op } from '../state/abi/instructions';
import { Actor } from '../state/abi/outcomes';
import { Cpu, Ctx, Msg, Origin, RunState } from '../state/abi/fields';
import { Thing } from '../state/abi/resources';
import { codeAt, cpuAt, ctxAt, msgAt, originAt } from '../state/access';
import { moverBase, nCpus, nInstructions, nOperations, nOrigins, nSources, opBase } from '../state/layout';
import { current } from '../cpu/schedule';
import { clear, SIZE, writesOf } from './resources';
import { declareCpu, declareMessage, declareOperation, declareSource } from './next';
import { blocksBase } from './futures';
import { actions } from './transitions';

const MOST: u32 = 64;

/** Actors of a state, CPUs first: kind, number, footprint of the next step. */
export const kinds: usize = memory.data(64);
const numbers: usize = memory.data(64 * 2);
const nexts: usize = memory.data(64 * 80);
export let count: u32 = 0;
/** Actors with an enabled step; with one that is no raise and no operation's begin; with a sticky one. */
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
  return actorOf(kindOf(action >> 12), action >> 12 == Actor.timer ? which >> 4 : which);
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
  return op == Op.wake || op == Op.ipiInit || op == Op.ipiSipi || op == Op.ipi || op == Op.timerArm || sends(blocksBase + <usize>pc * SIZE);
}

/** An IPI, or a timer that is armed. */
@inline function sends(block: usize): bool {
  return (writesOf(block, 1) & (((<u64>1) << Thing.selfTail) | ((<u64>1) << Thing.timers))) != 0;
}

/** An interrupt source as far as its actions go: raise, sample and send are those of one actor. */
@inline function kindOf(actor: u32): u32 {
  if (actor == Actor.interrupt || actor == Actor.timer) return Actor.cpu;
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
  if (count + nSources + nOperations > MOST) return false;
  for (let s: u32 = 0; s < nSources; s++) declareSource(addActor(Actor.raise, s), s);
  for (let o: u32 = 0; o < nOperations; o++) {
    if (load<u8>(opBase + o) == 0) addActor(Actor.operation, o);
  }
  for (let i: u32 = 0; i < n; i++) {
    const action = <u32>load<u16>(actions + ((<usize>i) << 1));
    const a = actorOfAction(action);
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

export function messageOfActor(a: u32): u32 {
  const which = numberOf(a);
  let i = <u32>load<u16>(originAt(which >> 4), Origin.head);
  for (let r: u32 = which & 15; r != 0; r--) i = load<u16>(msgAt(i - 1), Msg.next);
  return i - 1;
}
