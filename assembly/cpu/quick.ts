/**
 * An interrupt handler with time: what assembly/cpu/sequencer.ts does, from decoded instructions, for the steps that most of it is made of.
 * Whatever is rare is left to that.
 *
 * Some of these steps can be executed ahead of the clock (assembly/cpu/lead.ts).
 */
import { LapicReg, Level, Operand } from '../state/abi/instructions';
import { Decoded, DecodedFlag, Quick, Test } from '../state/abi/decoded';
import { Counter } from '../state/abi/outcomes';
import { Cpu, CpuFlag, Ctx, RunState } from '../state/abi/fields';
import { codeAt, cpuAt, ctxAt, decodedAt, now, setFlag } from '../state/access';
import { waiterBase } from '../state/layout';
import { resting } from '../clock/kick';
import { carryOut } from '../fabric/effects';
import { writeLapic } from '../lapic/registers';
import { count, countMore, cover } from '../record/counters';
import { tagsOn } from '../record/tags';
import { eoiAgain, eoiAhead, handlerCycles, serveAgain, serveAhead } from './ahead';
import { clearOutcome, serve } from './hardware';
import { anyLeads, claim, hasRoomToLog, isClaimed, isSourceClaimed, leadAt, logStore } from './ledger';
import { changed } from './memory';
import { finish } from './operands';

/** Private instructions behind an observable one; with more the sequencer goes on. */
const BUDGET: u32 = 1000;
/** Frames of a context; spinlocks that one may hold. */
const FRAMES: u32 = 8;
const HELD: u32 = 7;

/** Steps that a handler may be ahead. */
const MOST_STEPS: u32 = 64;

/** What a step has come to. */
export enum Rest {
  /** it is executed */
  none = 0,
  /** nothing has happened: it is one for the sequencer */
  step = 1,
  /** what stands behind a joined instruction, or private instructions, is left of it */
  joined = 2,
  tail = 3,
}

/** How steps are executed. */
enum Way {
  /** one, at its cycle */
  now = 0,
  /** ahead of the clock */
  ahead = 1,
  /** once more, after they were taken back */
  again = 2,
}

/** A store that somebody may wait for, or that may carry events: its instruction, 0: there is none; what it has stored. */
let toldAt: usize = 0;
let toldElement: usize = 0;
let toldValue: u32 = 0;


@inline export function pcOf(at: usize): u32 {
  return <u32>((at - decodedAt(0)) >> 5);
}


@inline function register(ctx: usize, at: usize, which: usize): usize {
  return ctx + Ctx.regs + ((<usize>load<u8>(at + which)) << 2);
}


@inline function index(ctx: usize, c: u32, operand: u32): u32 {
  return operand < 8 ? load<u32>(ctx + Ctx.regs + ((<usize>operand) << 2)) : operand == Operand.self ? c : 0;
}

/** First index of the element that instruction `at` is about. */
@inline function firstIndex(at: usize, ctx: usize, c: u32): u32 {
  return index(ctx, c, load<u8>(at, Decoded.b));
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

/** Bits of an element. */
@inline function bitsOf(at: usize): u32 {
  return u32.MAX_VALUE >> (32 - ((<u32>8) << load<u8>(at, Decoded.shift)));
}

/** Changes these bits of what stands there: elements of all sizes in one way, so that nothing has to be told apart. */
@inline export function storeBits(element: usize, bits: u32, value: u32): void {
  store<u32>(element, (load<u32>(element) & ~bits) | value);
}

/** True if somebody is to be told that instruction `at` stores this value in place of that one: what stays 0 is nothing to anybody. */
@inline function concerns(at: usize, value: u32, before: u32): bool {
  return (value | before) != 0 && (load<u32>(waiterBase) != 0 || (load<u8>(at, Decoded.carries) != 0 && tagsOn()));
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
  changed(slot, toldElement, toldValue, firstIndex(toldAt, ctxAt(c, level), c), c, level);
  toldAt = 0;
}

/** True if CPU c may use the element at cycle `due`, ahead of the clock. */
@inline function mayUse(at: usize, flags: u32, element: usize, ctx: usize, c: u32, due: u64): bool {
  return (flags & DecodedFlag.own) != 0 || claim(element, firstIndex(at, ctx, c), c, due);
}

/** Executes an observable instruction at cycle `due`; false: nothing has happened. */
@inline function access(way: Way, at: usize, ctx: usize, c: u32, due: u64): bool {
  const flags = <u32>load<u8>(at, Decoded.flags);
  if ((flags & DecodedFlag.quick) == 0) return false;
  const element = elementOf(at, flags, ctx, c);
  if (element == 0) return false;
  // the sequencer has them go back
  if (way == Way.now && (flags & DecodedFlag.own) == 0 && anyLeads() && isClaimed(element, firstIndex(at, ctx, c), c)) return false;
  const kind = <u32>load<u8>(at);
  const bits = bitsOf(at);
  const before = load<u32>(element) & bits;
  if (kind == Quick.load) {
    if (way == Way.ahead && !mayUse(at, flags, element, ctx, c, due)) return false;
    store<u32>(register(ctx, at, Decoded.a), before);
    return true;
  }
  let value: u32 = 0;
  let held = <u32>load<u8>(ctx, Ctx.held);
  let told = false;
  if (kind == Quick.lock) {
    if (before != 0 || held == HELD) return false;
    value = c + 1;
    held++;
  } else {
    if (kind == Quick.unlock) held = held == 0 ? 0 : held - 1;
    else value = kind == Quick.storeImm ? load<u32>(at, Decoded.imm) : load<u32>(register(ctx, at, Decoded.a));
    told = concerns(at, value, before);
  }
  if (value > load<u32>(at, Decoded.most)) return false;
  if (way == Way.now) {
    if (told && toldAt != 0) return false;
    if (told) note(at, element, value);
  } else if (way == Way.ahead) {
    const log = leadAt(c);
    if (told || (flags & DecodedFlag.looked) != 0 || !hasRoomToLog(log)) return false;
    if (!mayUse(at, flags, element, ctx, c, due)) return false;
    logStore(log, element, bits, before);
  }
  storeBits(element, bits, value);
  store<u8>(ctx, held, Ctx.held);
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

/** As `onHardware`, of the instructions that can be executed ahead of the clock. */
@inline function hardwareAhead(way: Way, at: usize, ctx: usize, c: u32, due: u64): bool {
  const kind = <u32>load<u8>(at);
  if (way == Way.again) return kind == Quick.eoi ? eoiAgain(c) : kind == Quick.serve && serveAgain(c);
  if (kind == Quick.eoi) return eoiAhead(c, due);
  return kind == Quick.serve && serveAhead(load<u32>(register(ctx, at, Decoded.a)), c, due, load<u32>(at, Decoded.imm));
}

/** What `walk` has come to: the cycle of the step that it stands in front of, how many are behind it, whether it is inside of one. */
export let dueAt: u64 = 0;
export let steps: u32 = 0;
export let ops: u32 = 0;
export let rest: Rest = Rest.none;

/**
 * CPU c executes steps of its handler, of which the first is due at cycle `due`, until one is due behind `limit`, and at most so many.
 * Returns where it stands then; with `Rest.joined` and `Rest.tail` inside of a step.
 */
@inline function walk(way: Way, c: u32, ctx: usize, from: usize, due: u64, limit: u64, most: u32): usize {
  let at = from;
  let t = due;
  let n: u32 = 0;
  let executed: u32 = 0;
  let left = Rest.none;
  while (n < most && t <= limit) {
    let begun = false;
    let taken: u64 = 0;
    if (way != Way.now && <u32>load<u8>(at) < <u32>Quick.load) {
      if (!hardwareAhead(way, at, ctx, c, t)) break;
      taken = <u32>load<u8>(at) == Quick.serve ? handlerCycles : 0;
      cover(pcOf(at));
      executed++;
      at += Decoded.size;
    } else {
      while (true) {
        if (!access(way, at, ctx, c, t)) {
          left = begun ? Rest.joined : Rest.step;
          break;
        }
        cover(pcOf(at));
        executed++;
        begun = true;
        const joined = (load<u8>(at, Decoded.flags) & DecodedFlag.joined) != 0;
        at = behind(at, ctx);
        if (!joined || (load<u8>(at, Decoded.flags) & DecodedFlag.stop) == 0) break;
      }
      if (left != Rest.none) break;
    }
    at = goThrough(at, ctx);
    if ((load<u8>(at, Decoded.flags) & DecodedFlag.stop) == 0) {
      left = Rest.tail;
      break;
    }
    n++;
    t += taken + load<u32>(at, Decoded.cost);
  }
  dueAt = t;
  steps = n;
  ops = executed;
  rest = left;
  return at;
}

/** `walk`, ahead of the clock. */
export function walkAhead(c: u32, ctx: usize, from: usize, due: u64, limit: u64): usize {
  return walk(Way.ahead, c, ctx, from, due, limit, MOST_STEPS);
}

/** `walk` over steps that were taken back. */
export function walkAgain(c: u32, ctx: usize, from: usize, due: u64, limit: u64): usize {
  return walk(Way.again, c, ctx, from, due, limit, MOST_STEPS);
}

/** Executes an instruction on hardware; false: it is none that is known here. */
@inline function onHardware(kind: u32, at: usize, c: u32, ctx: usize): bool {
  switch (kind) {
    case Quick.eoi:
      writeLapic(c, LapicReg.eoi, 0);
      carryOut(c);
      return true;
    case Quick.serve: {
      const s = load<u32>(register(ctx, at, Decoded.a));
      if (anyLeads() && isSourceClaimed(s, c)) return false;
      serve(s, c, Level.hardirq, pcOf(at));
      return true;
    }
    case Quick.iret:
      finish(c, Level.hardirq);
      setFlag(c, CpuFlag.interruptsOn, true);
      return true;
    default:
      return false;
  }
}

/** CPU c, whose handler is due, executes one step of it, at its cycle. What is stored is to be announced. */
export function stepQuickly(c: u32, ctx: usize): Rest {
  toldAt = 0;
  clearOutcome();
  const from = decodedAt(load<u16>(ctx, Ctx.pc));
  const kind = <u32>load<u8>(from);
  if (kind >= <u32>Quick.load) {
    const at = walk(Way.now, c, ctx, from, now(), now(), 1);
    store<u16>(ctx, pcOf(at), Ctx.pc);
    countMore(Counter.microOps, ops);
    return rest;
  }
  if (!onHardware(kind, from, c, ctx)) return Rest.step;
  cover(pcOf(from));
  count(Counter.microOps);
  if (kind == <u32>Quick.iret) return Rest.none;
  const at = goThrough(from + Decoded.size, ctx);
  store<u16>(ctx, pcOf(at), Ctx.pc);
  return (load<u8>(at, Decoded.flags) & DecodedFlag.stop) == 0 ? Rest.tail : Rest.none;
}
