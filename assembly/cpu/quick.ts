/**
 * An interrupt handler with time: what assembly/cpu/sequencer.ts does, from decoded instructions, for the steps that most of it is made of.
 * Whatever is rare is left to that. No function is called in here on the way of such a step, so that its values stay in registers.
 */
import { Level, Operand } from '../state/abi/instructions';
import { Decoded, DecodedFlag, Quick, Test } from '../state/abi/decoded';
import { Counter } from '../state/abi/outcomes';
import { Cpu, CpuFlag, Ctx, RunState } from '../state/abi/fields';
import { codeAt, cpuAt, ctxAt, decodedAt, now } from '../state/access';
import { nCpus, waiterBase } from '../state/layout';
import { resting } from '../clock/kick';
import { nextDueWith, PHASE_CPU } from '../clock/wheel';
import { count, cover } from '../record/counters';
import { tagsOn } from '../record/tags';
import { changed } from './memory';

/** Private instructions behind an observable one; with more the sequencer goes on. */
const BUDGET: u32 = 1000;
/** Frames of a context; spinlocks that one may hold. */
const FRAMES: u32 = 8;
const HELD: u32 = 7;

/** What comes next, for `acting`. */
export enum Rest {
  /** nothing up to the limit */
  nothing = 0,
  /** an actor is due that is no interrupt handler */
  other = 1,
  /** a step of a handler that is one for the sequencer is due */
  step = 2,
  /** of a step what stands behind a joined instruction; private instructions; nothing, but `announce` is to tell of it */
  joined = 3,
  tail = 4,
  told = 5,
}

/** A CPU, or with `Rest.other` a node of the event queue. */
export let acting: u32 = 0;

/** A store that somebody may wait for, or that may carry events: its instruction, 0: there is none; what it has stored. */
let toldAt: usize = 0;
let toldElement: usize = 0;
let toldValue: u32 = 0;


@inline function pcOf(at: usize): u32 {
  return <u32>((at - decodedAt(0)) >> 5);
}


@inline function register(ctx: usize, at: usize, which: usize): usize {
  return ctx + Ctx.regs + ((<usize>load<u8>(at + which)) << 2);
}


@inline function index(ctx: usize, c: u32, operand: u32): u32 {
  return operand < 8 ? load<u32>(ctx + Ctx.regs + ((<usize>operand) << 2)) : operand == Operand.self ? c : 0;
}

/** Address of the element that instruction `at` is about, 0: there is none. */
@inline function elementOf(at: usize, flags: u32, ctx: usize, c: u32): usize {
  const first = <usize>load<u32>(at, Decoded.other);
  if (flags & DecodedFlag.single) {
    const i = load<u32>(register(ctx, at, Decoded.b));
    return i < load<u32>(at, Decoded.dim0) ? first + <usize>i * load<u16>(at, Decoded.row) : 0;
  }
  const i = index(ctx, c, load<u8>(at, Decoded.b));
  const j = index(ctx, c, load<u8>(at, Decoded.c));
  if (i >= load<u32>(at, Decoded.dim0) || j >= <u32>load<u16>(at, Decoded.dim1)) return 0;
  return first + <usize>i * load<u16>(at, Decoded.row) + ((<usize>j) << load<u8>(at, Decoded.shift));
}


@inline function valueAt(element: usize, shift: u32): u32 {
  return shift == 0 ? <u32>load<u8>(element) : shift == 2 ? load<u32>(element) : <u32>load<u16>(element);
}


@inline function storeValue(element: usize, shift: u32, value: u32): void {
  if (shift == 0) store<u8>(element, value);
  else if (shift == 2) store<u32>(element, value);
  else store<u16>(element, value);
}

/** True if somebody is to be told of what instruction `at` stores. */
@inline function concerns(at: usize): bool {
  return load<u32>(waiterBase) != 0 || (load<u8>(at, Decoded.carries) != 0 && tagsOn());
}


@inline function note(at: usize, element: usize, value: u32): void {
  toldAt = at;
  toldElement = element;
  toldValue = value;
}

/** Tells of the store of this step, if there is one to tell of. */
export function announce(c: u32, level: u32): void {
  if (toldAt == 0) return;
  const slot = load<u32>(codeAt(pcOf(toldAt)), 8) & 0xffff;
  changed(slot, toldElement, toldValue, index(ctxAt(c, level), c, load<u8>(toldAt, Decoded.b)), c, level);
  toldAt = 0;
}

/** Executes an observable instruction; false: it is one for the sequencer, and nothing has happened. */
@inline function access(at: usize, flags: u32, ctx: usize, c: u32): bool {
  if ((flags & DecodedFlag.quick) == 0) return false;
  const element = elementOf(at, flags, ctx, c);
  if (element == 0) return false;
  const kind = <u32>load<u8>(at);
  const shift = <u32>load<u8>(at, Decoded.shift);
  if (kind == Quick.load) {
    store<u32>(register(ctx, at, Decoded.a), valueAt(element, shift));
    return true;
  }
  if (kind == Quick.lock) {
    const held = <u32>load<u8>(ctx, Ctx.held);
    if (held == HELD || c >= load<u32>(at, Decoded.most) || valueAt(element, shift) != 0) return false;
    storeValue(element, shift, c + 1);
    store<u8>(ctx, held + 1, Ctx.held);
    return true;
  }
  const told = concerns(at);
  if (told && toldAt != 0) return false;
  let value: u32 = 0;
  if (kind == Quick.unlock) {
    const held = <u32>load<u8>(ctx, Ctx.held);
    store<u8>(ctx, held == 0 ? 0 : held - 1, Ctx.held);
  } else {
    value = kind == Quick.storeImm ? load<u32>(at, Decoded.imm) : load<u32>(register(ctx, at, Decoded.a));
    if (value > load<u32>(at, Decoded.most)) return false;
  }
  storeValue(element, shift, value);
  if (told) note(at, element, value);
  return true;
}


@inline function branch(holds: bool, at: usize): usize {
  return holds ? decodedAt(load<u32>(at, Decoded.imm)) : at + Decoded.size;
}

/** Behind an observable instruction, and behind the branch that a load decides. */
@inline function behind(at: usize, ctx: usize): usize {
  const test = <u32>load<u8>(at, Decoded.test);
  if (test == 0) return at + Decoded.size;
  const value = load<u32>(register(ctx, at, Decoded.a));
  const than = load<u32>(at, Decoded.most);
  const holds: u32 = (test & Test.less ? value < than : value == than) ? 1 : 0;
  return select<usize>(decodedAt(load<u32>(at, Decoded.imm)), at + 2 * Decoded.size, holds != (test & Test.not));
}

/** Executes the private instructions from `at` on; returns the first that is none, or one for the sequencer. */
@inline function goThrough(from: usize, ctx: usize): usize {
  let at = from;
  for (let budget = BUDGET; budget != 0 && (load<u8>(at, Decoded.flags) & DecodedFlag.stop) == 0; budget--) {
    switch (<u32>load<u8>(at)) {
      case Quick.nop:
        at += Decoded.size;
        break;
      case Quick.moveImm:
        store<u32>(register(ctx, at, Decoded.a), load<u32>(at, Decoded.imm));
        at += Decoded.size;
        break;
      case Quick.move:
        store<u32>(register(ctx, at, Decoded.a), load<u32>(register(ctx, at, Decoded.b)));
        at += Decoded.size;
        break;
      case Quick.addImm:
        store<u32>(register(ctx, at, Decoded.a), load<u32>(register(ctx, at, Decoded.b)) + load<u32>(at, Decoded.imm));
        at += Decoded.size;
        break;
      case Quick.jump:
        at = decodedAt(load<u32>(at, Decoded.imm));
        break;
      case Quick.jumpEq:
        at = branch(load<u32>(register(ctx, at, Decoded.a)) == load<u32>(at, Decoded.other), at);
        break;
      case Quick.jumpNe:
        at = branch(load<u32>(register(ctx, at, Decoded.a)) != load<u32>(at, Decoded.other), at);
        break;
      case Quick.jumpLt:
        at = branch(load<u32>(register(ctx, at, Decoded.a)) < load<u32>(at, Decoded.other), at);
        break;
      case Quick.jumpGe:
        at = branch(load<u32>(register(ctx, at, Decoded.a)) >= load<u32>(at, Decoded.other), at);
        break;
      case Quick.call: {
        const depth = <u32>load<u8>(ctx, Ctx.depth);
        if (depth >= FRAMES) return at;
        store<u16>(ctx + Ctx.ret + ((<usize>depth) << 1), pcOf(at) + 1);
        store<u8>(ctx, depth + 1, Ctx.depth);
        at = decodedAt(load<u32>(at, Decoded.imm));
        break;
      }
      case Quick.ret: {
        const depth = <u32>load<u8>(ctx, Ctx.depth);
        if (depth == 0) return at;
        const frame = ctx + Ctx.ret + ((<usize>(depth - 1)) << 1);
        at = decodedAt(load<u16>(frame));
        store<u16>(frame, 0);
        store<u8>(ctx, depth - 1, Ctx.depth);
        break;
      }
      default:
        return at;
    }
  }
  return at;
}

// of the eight bytes from `Cpu.svr` on: those that say that a CPU is in an interrupt handler, and that nothing can interrupt it
const HARDIRQ: u64 = (<u64>1) << Level.hardirq;
const RUN_SHIFT: u64 = (<u64>(Cpu.run - Cpu.svr)) << 3;
const FLAGS_SHIFT: u64 = (<u64>(Cpu.flags - Cpu.svr)) << 3;
const ACTIVE_SHIFT: u64 = (<u64>(Cpu.active - Cpu.svr)) << 3;
const HANDLING_MASK: u64 = ((<u64>0xff) << RUN_SHIFT) | ((<u64>CpuFlag.shadow) << FLAGS_SHIFT) | (HARDIRQ << ACTIVE_SHIFT);
const HANDLING: u64 = ((<u64>RunState.running) << RUN_SHIFT) | (HARDIRQ << ACTIVE_SHIFT);

/** True if CPU c executes an interrupt handler, and neither waits nor can be interrupted. */
@inline export function handles(c: u32): bool {
  return (load<u64>(cpuAt(c), Cpu.svr) & HANDLING_MASK) == HANDLING && !resting(c);
}

/**
 * Handlers, first that of CPU `from`, whose turn it is, execute the micro-ops that are due, up to `limit`, until somebody else's turn comes
 * or somebody else is concerned. Nothing is recorded.
 */
export function runHandlers(from: u32, limit: u64): Rest {
  let c = from;
  let ctx = ctxAt(c, Level.hardirq);
  let at = decodedAt(load<u16>(ctx, Ctx.pc));
  toldAt = 0;
  while (true) {
    let begun = false;
    while (true) {
      const flags = <u32>load<u8>(at, Decoded.flags);
      if (!access(at, flags, ctx, c)) {
        store<u16>(ctx, pcOf(at), Ctx.pc);
        acting = c;
        return begun ? Rest.joined : Rest.step;
      }
      cover(pcOf(at));
      count(Counter.microOps);
      at = behind(at, ctx);
      if ((flags & DecodedFlag.joined) == 0 || (load<u8>(at, Decoded.flags) & DecodedFlag.stop) == 0) break;
      begun = true;
    }
    at = goThrough(at, ctx);
    store<u16>(ctx, pcOf(at), Ctx.pc);
    const open = (load<u8>(at, Decoded.flags) & DecodedFlag.stop) == 0;
    if (open || toldAt != 0) {
      acting = c;
      return open ? Rest.tail : Rest.told;
    }
    const n = nextDueWith(c, now() + load<u32>(at, Decoded.cost), PHASE_CPU, limit);
    if (n < 0) return Rest.nothing;
    count(Counter.ticks);
    if (<u32>n == c) continue;
    if (<u32>n >= nCpus || !handles(n)) {
      acting = n;
      return Rest.other;
    }
    c = n;
    ctx = ctxAt(c, Level.hardirq);
    at = decodedAt(load<u16>(ctx, Ctx.pc));
  }
}
