/**
 * An interrupt handler with time: what assembly/cpu/sequencer.ts does, from decoded instructions, for the steps that most of it is made of.
 * Whatever is rare is left to that.
 *
 * Such steps are executed ahead of the clock: a handler goes on, without the event queue, up to the first step that devices or the LAPIC
 * could tell the time of. What it uses of what others may use too is noted (assembly/cpu/ledger.ts). Whoever comes, by the clock, before
 * something that was done ahead has it taken back first, and done again up to where the clock is. So nobody can tell.
 */
import { Level, Operand } from '../state/abi/instructions';
import { Decoded, DecodedFlag, Quick, Test } from '../state/abi/decoded';
import { Lead, LEAD_STORE_SIZE } from '../state/abi/lead';
import { Counter } from '../state/abi/outcomes';
import { Cpu, CpuFlag, Ctx, RunState } from '../state/abi/fields';
import { codeAt, cpuAt, ctxAt, decodedAt, now } from '../state/access';
import { waiterBase } from '../state/layout';
import { resting } from '../clock/kick';
import { arm, PHASE_CPU } from '../clock/wheel';
import { countMore, cover } from '../record/counters';
import { tagsOn } from '../record/tags';
import { changed } from './memory';
import { anyLeads, claim, claimant, copyContext, hasRoomToLog, leadAt, leads, logStore, nextLeader, setLeads } from './ledger';

/** Private instructions behind an observable one; with more the sequencer goes on. */
const BUDGET: u32 = 1000;
/** Frames of a context; spinlocks that one may hold. */
const FRAMES: u32 = 8;
const HELD: u32 = 7;

/** Steps that a handler may be ahead, and cycles for which nobody gets ahead after somebody had to go back. */
const MOST_STEPS: u32 = 64;
const PAUSE: u64 = 1 << 14;

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

/** Nobody gets ahead before this cycle: it makes no difference but to the time that it takes. */
let pausedUntil: u64 = 0;

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

/** True if somebody is to be told that instruction `at` stores this value in place of that one: what is 0 carries nothing. */
@inline function concerns(at: usize, value: u32, before: u32): bool {
  return load<u32>(waiterBase) != 0 || (load<u8>(at, Decoded.carries) != 0 && (value | before) != 0 && tagsOn());
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

/** Executes an observable instruction at cycle `due`; false: nothing has happened. */
@inline function access(way: Way, at: usize, ctx: usize, c: u32, due: u64): bool {
  const flags = <u32>load<u8>(at, Decoded.flags);
  if ((flags & DecodedFlag.quick) == 0) return false;
  const element = elementOf(at, flags, ctx, c);
  if (element == 0) return false;
  if (way == Way.now && (flags & DecodedFlag.own) == 0 && anyLeads()) makeRoom(element, c);
  const kind = <u32>load<u8>(at);
  const shift = <u32>load<u8>(at, Decoded.shift);
  const before = valueAt(element, shift);
  let value: u32 = 0;
  if (kind == Quick.lock) {
    if (before != 0 || load<u8>(ctx, Ctx.held) == HELD || c >= load<u32>(at, Decoded.most)) return false;
    value = c + 1;
  } else if (kind == Quick.storeImm) value = load<u32>(at, Decoded.imm);
  else if (kind == Quick.store) value = load<u32>(register(ctx, at, Decoded.a));
  const stores = kind != Quick.load;
  const told = stores && kind != Quick.lock && concerns(at, value, before);
  if (stores && kind != Quick.lock && value > load<u32>(at, Decoded.most)) return false;
  if (way == Way.now) {
    if (told && toldAt != 0) return false;
  } else if (way == Way.ahead) {
    if (told || (flags & DecodedFlag.looked) != 0) return false;
    if (stores && !hasRoomToLog(leadAt(c))) return false;
    if ((flags & DecodedFlag.own) == 0 && !claim(element, c, due)) return false;
    if (stores) logStore(leadAt(c), element, before, shift);
  }
  if (!stores) {
    store<u32>(register(ctx, at, Decoded.a), before);
    return true;
  }
  storeValue(element, shift, value);
  if (kind == Quick.lock) store<u8>(ctx, load<u8>(ctx, Ctx.held) + 1, Ctx.held);
  else if (kind == Quick.unlock) store<u8>(ctx, max(<u32>load<u8>(ctx, Ctx.held), 1) - 1, Ctx.held);
  if (told && way == Way.now) note(at, element, value);
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

/** What `walk` has come to: the cycle of the step that it stands in front of, how many are behind it, whether it is inside of one. */
let dueAt: u64 = 0;
let steps: u32 = 0;
let ops: u32 = 0;
let rest: Rest = Rest.none;

/**
 * CPU c executes steps of its handler, of which the first is due at cycle `due`, until one is due behind `limit`, and at most so many.
 * Returns where it stands then; with `Rest.joined` and `Rest.tail` inside of a step.
 */
function walk(way: Way, c: u32, ctx: usize, from: usize, due: u64, limit: u64, most: u32): usize {
  let at = from;
  let t = due;
  let n: u32 = 0;
  let executed: u32 = 0;
  let left = Rest.none;
  while (n < most && t <= limit) {
    let cur = at;
    let begun = false;
    while (true) {
      if (!access(way, cur, ctx, c, t)) {
        left = begun ? Rest.joined : Rest.step;
        break;
      }
      cover(pcOf(cur));
      executed++;
      begun = true;
      const joined = (load<u8>(cur, Decoded.flags) & DecodedFlag.joined) != 0;
      cur = behind(cur, ctx);
      if (!joined || (load<u8>(cur, Decoded.flags) & DecodedFlag.stop) == 0) break;
    }
    if (left == Rest.none) {
      cur = goThrough(cur, ctx);
      if ((load<u8>(cur, Decoded.flags) & DecodedFlag.stop) == 0) left = Rest.tail;
    }
    if (left != Rest.none) {
      at = cur;
      break;
    }
    at = cur;
    n++;
    t += load<u32>(at, Decoded.cost);
  }
  dueAt = t;
  steps = n;
  ops = executed;
  rest = left;
  return at;
}

/** CPU c, whose handler is due, executes one step of it. What is stored is to be announced. */
export function stepQuickly(c: u32): Rest {
  const ctx = ctxAt(c, Level.hardirq);
  toldAt = 0;
  const at = walk(Way.now, c, ctx, decodedAt(load<u16>(ctx, Ctx.pc)), now(), now(), 1);
  store<u16>(ctx, pcOf(at), Ctx.pc);
  countMore(Counter.microOps, ops);
  return rest;
}

/**
 * The handler of CPU c comes to its next step at cycle `due`: it executes what it may ahead of the clock, up to `limit`. Returns the cycle
 * of the step that it then stands in front of.
 */
export function lead(c: u32, due: u64, limit: u64): u64 {
  const ctx = ctxAt(c, Level.hardirq);
  const from = decodedAt(load<u16>(ctx, Ctx.pc));
  if (now() < pausedUntil || (load<u8>(from, Decoded.flags) & DecodedFlag.quick) == 0) return due;
  const record = leadAt(c);
  store<u64>(record, due);
  store<u32>(record, 0, Lead.stores);
  copyContext(record + Lead.context, ctx);
  let at = walk(Way.ahead, c, ctx, from, due, limit, MOST_STEPS);
  if (rest == Rest.joined || rest == Rest.tail) {
    // the sequencer has something to do inside of a step: all of that is done at its time
    undo(record, ctx);
    at = walk(Way.ahead, c, ctx, from, due, dueAt - 1, MOST_STEPS);
  }
  if (steps == 0) return due;
  store<u32>(record, steps, Lead.steps);
  store<u32>(record, ops, Lead.ops);
  setLeads(c, true);
  return standAt(ctx, at);
}

/** The steps of a walk are behind the context. */
function standAt(ctx: usize, at: usize): u64 {
  store<u16>(ctx, pcOf(at), Ctx.pc);
  countMore(Counter.microOps, ops);
  countMore(Counter.ticks, steps);
  return dueAt;
}

/** Everything that was done ahead is as it was. */
function undo(record: usize, ctx: usize): void {
  for (let n = load<u32>(record, Lead.stores); n != 0; n--) {
    const entry = record + Lead.log + <usize>((n - 1) * LEAD_STORE_SIZE);
    storeValue(load<u32>(entry), load<u32>(entry, 8), load<u32>(entry, 4));
  }
  store<u32>(record, 0, Lead.stores);
  copyContext(ctx, record + Lead.context);
}

/** CPU c, which is ahead, takes that back and does it again up to cycle `limit`. Its next step is armed. */
function goBack(c: u32, limit: u64): void {
  const record = leadAt(c);
  const ctx = ctxAt(c, Level.hardirq);
  setLeads(c, false);
  undo(record, ctx);
  countMore(Counter.microOps, -load<u32>(record, Lead.ops));
  countMore(Counter.ticks, -load<u32>(record, Lead.steps));
  const at = walk(Way.again, c, ctx, decodedAt(load<u16>(ctx, Ctx.pc)), load<u64>(record), limit, MOST_STEPS);
  arm(c, standAt(ctx, at), PHASE_CPU);
}

/** Before CPU c uses an element: whoever has used it behind this goes back to here. */
function makeRoom(element: usize, c: u32): void {
  const other = claimant(element, c);
  if (other < 0 || !leads(other)) return;
  pausedUntil = now() + PAUSE;
  goBack(other, <u32>other < c ? now() : now() - 1);
}

/**
 * Before anything happens that handlers could tell the order of: nobody is ahead of that any more. `by`: the CPU whose doing it is; 0 for
 * what comes before all CPUs in a cycle, `nCpus` for what comes behind them.
 */
export function allGoBack(by: u32): void {
  if (!anyLeads()) return;
  pausedUntil = now() + PAUSE;
  for (let c = nextLeader(0); c >= 0; c = nextLeader(c)) goBack(c, <u32>c < by ? now() : now() - 1);
}
