/**
 * Sleep sets for a search by rounds: steps of a state that need not be executed, since they lead to states that are found at
 * the same distance by other ways. All states are found, each at its true level and round.
 *
 * Steps of a state are in order: those that are not visible before those that are, and both by actor. Where a state p has two
 * steps a before b that are independent (next.ts), a *sleeps* in the state that b leads to. Sound: let u be reached at its
 * true distance by step a of a state t that is found at its own, and a be the last step in order that does so. If a slept in t,
 * there would be p, b with t = p.b and t as far from the start as p and b say; then u = p.a.b. With a before b, either b alone
 * is visible: then u is nearer by p.a.b than by t.a, which is impossible; or both count alike: then p.a is as far as t (not
 * nearer, or u were), and its step b, which is behind a in order, leads to u as well: a was not the last. So the last step
 * that leads to u at its distance is executed, and by induction over the distance u is found there. A failure of a step that
 * sleeps is met nearer to the start, where the same step fails. A state that is found in several ways of equal distance keeps
 * awake only what none of them puts to sleep: each of them would do.
 *
 * Where steps are joined to others (join.ts), those belong to what a and b do: they are independent if all that is.
 *
 * What sleeps is kept beside the state, a bit for each of the first 16 possible actors; the steps of others never sleep.
 */
import { InsnFlag, Op } from '../state/abi/instructions';
import { Actor } from '../state/abi/outcomes';
import { Assumption } from '../state/abi/tables';
import { Cpu, CpuFlag, Ctx } from '../state/abi/fields';
import { assumes, codeAt, cpuAt, ctxAt } from '../state/access';
import { nCpus, nInstructions, nOrigins, nSources } from '../state/layout';
import { current } from '../cpu/schedule';
import { isAccess, messageOf } from '../fabric/flight';
import { blocksBase } from './futures';
import { declareDrop } from './lines';
import {
  declareEnabled,
  declareInterrupt,
  declareMessage,
  declareOperation,
  declarePin,
  declareRecognition,
  declareSource,
  declareTimer,
  isInterrupt,
} from './next';
import { clear, conflict, fillAll, SIZE } from './resources';
import { actions } from './transitions';
import { declareQueue } from './units';

/** States with more steps than this have none that sleep behind them. */
const MOST: u32 = 32;
/** Per step: footprint, its actor's bit, `Weight`. */
const footprints: usize = memory.data(32 * 80);
const bits: usize = memory.data(32 * 4);
const weights: usize = memory.data(32);
/** 1: the footprint is that of all that happens, with the steps of CPUs that are joined to it (join.ts). */
const complete: usize = memory.data(32);
/** Steps of the state; 0 if nothing sleeps behind it. */
let steps: u32 = 0;

enum Weight {
  hidden = 0,
  visible = 1,
  /** only its execution tells */
  unknown = 2,
}


@inline function bitAt(place: u32): u32 {
  return place < 16 ? 1 << place : 0;
}

/** Bit of the actor whose step this is; 0: it has none. */
export function actorBit(action: u32): u32 {
  const which = action & 0xfff;
  switch (action >> 12) {
    case Actor.cpu:
      return bitAt(which);
    case Actor.interrupt:
      // otherwise the CPU may have two steps
      return assumes(Assumption.promptRecognition) ? bitAt(which) : 0;
    case Actor.raise:
    case Actor.sample:
    case Actor.send:
      // a source has one of them at a time
      return bitAt(nCpus + which);
    case Actor.message:
      return bitAt(nCpus + nSources + (which & 15) * nOrigins + (which >> 4));
    default:
      return 0;
  }
}

function weightOf(c: u32, level: u32): u32 {
  const ctx = ctxAt(c, level);
  const pc = <u32>load<u16>(ctx, Ctx.pc);
  if (pc >= nInstructions) return Weight.unknown;
  const insn = codeAt(pc);
  const flags = load<u32>(insn, 12);
  if (flags & InsnFlag.joined) return Weight.unknown;
  // of a config access only that it takes effect is visible
  if (load<u8>(ctx, Ctx.phase) && (load<u32>(insn) & 0xff) != Op.delay) return Weight.hidden;
  return flags & InsnFlag.visible ? Weight.visible : Weight.hidden;
}

/** A micro-op of CPU c, or the interrupt it takes; returns its weight. */
function declareCpuStep(at: usize, actor: u32, c: u32): u32 {
  const level = current(c);
  if (load<u8>(cpuAt(c), Cpu.flags) & CpuFlag.shadow) {
    // who has the CPU depends on whether the thread is blocked: rare, so anything
    fillAll(at);
    return Weight.unknown;
  }
  declareRecognition(at, c, level);
  if (actor == Actor.interrupt) {
    declareInterrupt(at, c);
    return Weight.visible;
  }
  if (level < 0) return Weight.unknown;
  declareEnabled(at, c, level, blocksBase);
  return weightOf(c, level);
}

/** Footprint of an enabled step; returns its weight. */
function declare(at: usize, action: u32): u32 {
  const which = action & 0xfff;
  const actor = action >> 12;
  clear(at);
  switch (actor) {
    case Actor.cpu:
    case Actor.interrupt:
      return declareCpuStep(at, actor, which);
    case Actor.raise:
    case Actor.sample:
    case Actor.send:
      declareSource(at, which);
      return Weight.visible;
    case Actor.message: {
      const m = messageOf(which >> 4, which & 15);
      if (m < 0) fillAll(at);
      else declareMessage(at, m, false);
      return Weight.visible;
    }
    case Actor.operation:
      declareOperation(at, which, true);
      return Weight.hidden;
    case Actor.queue:
      declareQueue(at, which);
      return Weight.visible;
    case Actor.pin:
      declarePin(at, which >> 8);
      return Weight.visible;
    case Actor.drop:
      declareDrop(at, which);
      return Weight.hidden;
    case Actor.timer:
      if (load<u8>(cpuAt(which >> 4), Cpu.flags) & CpuFlag.shadow) fillAll(at);
      else declareTimer(at, which >> 4, current(which >> 4));
      return Weight.visible;
    default:
      fillAll(at);
      return Weight.unknown;
  }
}

/** The rank of a message is part of its action: another one of its origin changes it. */
@inline function sameList(a: u32, b: u32): bool {
  return a >> 12 == Actor.message && b >> 12 == Actor.message && (a & 0xff0) == (b & 0xff0);
}


@inline function actionAt(i: u32): u32 {
  return load<u16>(actions + ((<usize>i) << 1));
}

/** Looks at the `n` enabled steps of a state, before one of them is executed. `joins`: steps of CPUs may be joined to them. */
export function declareSteps(n: u32, joins: bool): void {
  steps = n > MOST || n < 2 ? 0 : n;
  for (let i: u32 = 0; i < steps; i++) {
    const action = actionAt(i);
    store<u8>(weights + i, declare(footprints + <usize>i * SIZE, action));
    store<u32>(bits + ((<usize>i) << 2), actorBit(action));
    store<u8>(complete + i, !joins || isOfDevice(action) ? 1 : 0);
  }
}

/** A step that concerns no CPU but by its IRR. */
function isOfDevice(action: u32): bool {
  if (action >> 12 != Actor.message) return action >> 12 >= <u32>Actor.raise && action >> 12 <= <u32>Actor.send;
  const m = messageOf((action & 0xfff) >> 4, action & 15);
  return m >= 0 && (isAccess(m) || isInterrupt(m));
}

/** Where the footprint of step number `i` is, for what is joined to it; 0: nobody asks. */
export function footprintAt(i: u32): usize {
  return i < steps ? footprints + <usize>i * SIZE : 0;
}

/** Step number `i` has been executed, with all that is joined to it. */
export function noteStep(i: u32, visible: bool): void {
  if (i >= steps) return;
  store<u8>(weights + i, visible ? Weight.visible : Weight.hidden);
  store<u8>(complete + i, 1);
}

/** Bits of the actors whose steps sleep in the state that step number `b` leads to, which was `visible` or not. */
export function asleepBehind(b: u32, visible: bool): u32 {
  if (b >= steps) return 0;
  const action = actionAt(b);
  const footprint = footprints + <usize>b * SIZE;
  let asleep: u32 = 0;
  for (let a: u32 = 0; a < steps; a++) {
    const weight = <u32>load<u8>(weights + a);
    const bit = load<u32>(bits + ((<usize>a) << 2));
    if (bit == 0 || load<u8>(complete + a) == 0 || weight == Weight.unknown || weight > <u32>visible) continue;
    const other = actionAt(a);
    // of steps that count alike, the lesser action sleeps
    if (weight == <u32>visible && other >= action) continue;
    if (!sameList(other, action) && !conflict(footprints + <usize>a * SIZE, footprint)) asleep |= bit;
  }
  return asleep;
}
