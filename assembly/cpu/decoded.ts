/**
 * A decoded instruction (assembly/state/abi/decoded.ts) executed: what assembly/cpu/memory.ts and private.ts do, for those that most of a handler
 * is made of. Whatever is rare is left to these.
 */
import { Operand } from '../state/abi/instructions';
import { Decoded, DecodedFlag, Quick, Test } from '../state/abi/decoded';
import { Ctx } from '../state/abi/fields';
import { codeAt, ctxAt, decodedAt } from '../state/access';
import { isWatched, variableChanged } from '../state/changed';
import { waitingBase } from '../state/layout';
import { tagsOn } from '../record/tags';
import { anyLeads, claim, hasRoomToLog, isClaimed, leadAt, logStore } from './ledger';
import { changed } from './memory';

/** Private instructions behind an observable one; with more the sequencer goes on. */
const BUDGET: u32 = 1000;
/** Frames of a context; spinlocks that one may hold. */
const FRAMES: u32 = 8;
const HELD: u32 = 7;

/** How steps are executed. */
export enum Way {
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


@inline export function register(ctx: usize, at: usize, which: usize): usize {
  return ctx + Ctx.regs + ((<usize>load<u8>(at + which)) << 2);
}


@inline function index(ctx: usize, c: u32, operand: u32): u32 {
  return operand < 8 ? load<u32>(ctx + Ctx.regs + ((<usize>operand) << 2)) : operand == Operand.self ? c : 0;
}

/** First index of the element that instruction `at` is about. */
@inline export function firstIndex(at: usize, ctx: usize, c: u32): u32 {
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
  store<u32>(element, (word(element) & ~bits) | value, 0, 1);
}

/** Four bytes from an element on, which may be of one or two and stand anywhere. */
@inline function word(element: usize): u32 {
  return load<u32>(element, 0, 1);
}

/** True if somebody is to be told that instruction `at` stores this value in place of that one: what stays 0 is nothing to anybody. */
@inline function concerns(at: usize, value: u32, before: u32): bool {
  return (value | before) != 0 && (load<u32>(waitingBase) != 0 || (load<u8>(at, Decoded.carries) != 0 && tagsOn()));
}


@inline function note(at: usize, element: usize, value: u32): void {
  toldAt = at;
  toldElement = element;
  toldValue = value;
}

/** A step begins: there is nothing to tell of yet. */
export function beginTold(): void {
  toldAt = 0;
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
@inline export function access(way: Way, at: usize, ctx: usize, c: u32, due: u64): bool {
  const flags = <u32>load<u8>(at, Decoded.flags);
  if ((flags & DecodedFlag.quick) == 0) return false;
  const element = elementOf(at, flags, ctx, c);
  if (element == 0) return false;
  const kind = <u32>load<u8>(at);
  // the sequencer has them go back
  if (way == Way.now && (flags & DecodedFlag.own) == 0 && anyLeads() && isClaimed(element, firstIndex(at, ctx, c), c, kind != Quick.load))
    return false;
  const bits = bitsOf(at);
  const before = word(element) & bits;
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
    if (told || (flags & DecodedFlag.looked) != 0 || !hasRoomToLog(log) || isWatched(element)) return false;
    if (!mayUse(at, flags, element, ctx, c, due)) return false;
    logStore(log, element, bits, before);
  }
  storeBits(element, bits, value);
  if (way == Way.now) variableChanged(element);
  store<u8>(ctx, held, Ctx.held);
  return true;
}


@inline function branch(holds: bool, at: usize): usize {
  return holds ? decodedAt(load<u32>(at, Decoded.imm)) : at + Decoded.size;
}

/** Behind an observable instruction, and behind the branch that a load decides. */
@inline export function behind(at: usize, ctx: usize): usize {
  const test = <u32>load<u8>(at, Decoded.test);
  if (test == 0) return at + Decoded.size;
  const value = load<u32>(register(ctx, at, Decoded.a));
  const than = load<u32>(at, Decoded.most);
  const holds: u32 = (test & Test.less ? value < than : value == than) ? 1 : 0;
  return select<usize>(decodedAt(load<u32>(at, Decoded.imm)), at + 2 * Decoded.size, holds != (test & Test.not));
}

/** Executes the private instructions from `at` on; returns the first that is none, or one for the sequencer. */
@inline export function goThrough(from: usize, ctx: usize): usize {
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
