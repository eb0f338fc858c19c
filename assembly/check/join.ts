/**
 * Reduction, level 1 (design 4): a step that nobody can tell when it is executed is executed at once. A state that is stored
 * has no such step: it is a normal form.
 *
 * A step t of CPU c is *joinable* in a state if it can be executed, is not a visible step, and whatever others do first, t
 * can be executed after it with the same result as before it. Then:
 * - a way from the state to a failure that executes t leads there as well if it begins with t, with as many visible steps;
 * - one that never executes t may begin with t all the same. Its end is no state at rest and, as t lets nobody go on who waits
 *   (see below), a deadlock stays one. A step that breaks a property stands at its end as before, for t writes nothing that
 *   any step of others reads.
 * So verdict, failing properties and shortest lengths are those of the full search.
 *
 * What may come before t: steps of other CPUs, messages, operations; and on c itself interrupts, or the stopper. A step is
 * - `quiet` if it makes no difference to them either: it touches nothing but what a lock protects that is held here, and what
 *   is never written. A handler that wants the lock waits for it in vain, before t and after it, for t is no unlock.
 * - `masked` if it needs that no context of c comes before it: IF=0, or a hardirq context runs, or this is the instruction
 *   behind `sti`; nobody preempts the thread then either. An unlock is one of them: with IF=1 the handler of an interrupt
 *   might come first and wait for this very lock, a deadlock that must be found.
 * Which instruction is what, the assembler proves (src/kernel/movers.ts).
 *
 * Steps of different CPUs commute and leave each other joinable, so the normal form does not depend on the order. A chain of
 * them ends: every loop of a program has a step that is never joined (`Mover.loopHead`), waking and taking an interrupt are none.
 *
 * INIT is the one message that takes c away from t: what t did stays, what it did not do never happens. The search is told
 * (`cutShort`) when INIT hits a CPU that runs, unless nothing that was joined last can have left a trace (`Mover.traceless`:
 * a CPU that has said that it is dead, and is about to halt). It does so in the reduced search whenever it does in the full
 * one, since halting is never joined.
 */
import { InsnFlag, Level, Mover, NONE, Op, VarFlag, VarWord } from '../state/abi/instructions';
import { Actor, Fault } from '../state/abi/outcomes';
import { Cpu, CpuFlag, Ctx } from '../state/abi/fields';
import { Assumption, Settings } from '../state/abi/tables';
import { assumes, codeAt, cpuAt, ctxAt, interruptsOn, setting, slotAt } from '../state/access';
import { joinBase, moverBase, nCpus, nInstructions, nVariables } from '../state/layout';
import { current, enabled, mayInterrupt } from '../cpu/schedule';
import { step } from '../cpu/sequencer';
import { fault, raiseFault } from '../record/violations';
import { blocksBase } from './futures';
import { declareCpu } from './next';

/** Steps that one CPU may be joined in one go; a program that has more is garbled. */
const BUDGET: u32 = 10000;
const ANYWHERE: u32 = Mover.quiet | Mover.masked;


@inline function classAt(pc: u32): u32 {
  return load<u8>(joinBase + pc);
}


@inline function flagsOfInsn(pc: u32): u32 {
  return load<u32>(codeAt(pc), 12);
}


@inline function isWatched(slot: u32): bool {
  return slot < nVariables && (load<u32>(slotAt(slot), VarWord.flags * 4) & VarFlag.watched) != 0;
}

/** True if some variable is watched: a write by reference may be one to it. */
function anyWatched(): bool {
  for (let slot: u32 = 0; slot < nVariables; slot++) {
    if (isWatched(slot)) return true;
  }
  return false;
}

/** True if the instruction may change what a property looks at that is judged in every state. */
function writesWatched(pc: u32, any: bool): bool {
  const op = load<u32>(codeAt(pc)) & 0xff;
  const slots = load<u32>(codeAt(pc), 8);
  switch (op) {
    case Op.store:
    case Op.fetchAdd:
    case Op.unlock:
    case Op.exchange:
    case Op.bitSet:
    case Op.bitClear:
    case Op.controlSet:
    case Op.storeRow:
      return isWatched(slots & 0xffff);
    case Op.maskSet:
    case Op.maskClear:
      return (flagsOfInsn(pc) & InsnFlag.byRef) != 0 ? any : isWatched(slots & 0xffff);
    case Op.maskCopy:
      return any;
    case Op.listPush:
    case Op.listRemove:
      return isWatched(slots & 0xffff) || isWatched(slots >> 16);
    default:
      return false;
  }
}

/** What may be joined of a single instruction. */
function classOf(pc: u32, any: bool): u32 {
  if (flagsOfInsn(pc) & InsnFlag.visible || writesWatched(pc, any)) return 0;
  // what is no memory access changes who executes, or what the checker counts
  if (setting(Settings.watchedHardware) != 0 && (load<u32>(codeAt(pc)) & 0xff) > <u32>Op.unlock) return 0;
  return (<u32>load<u8>(moverBase + pc)) & ANYWHERE;
}


@inline function successor(pc: u32): u32 {
  return pc < nInstructions ? classAt(pc) : 0;
}

/** An instruction of an atomic block, with those that follow it in the same step. A callee ends with the block or returns to it. */
function classOfBlock(pc: u32): u32 {
  const insn = codeAt(pc);
  const op = load<u32>(insn) & 0xff;
  const target = load<u32>(insn, 4);
  switch (op) {
    case Op.jump:
      return classAt(pc) & successor(target);
    case Op.jumpEq:
    case Op.jumpNe:
    case Op.jumpLt:
    case Op.jumpGe:
    case Op.call:
      return classAt(pc) & successor(target) & successor(pc + 1);
    case Op.ret:
      return classAt(pc);
    default:
      return classAt(pc) & successor(pc + 1);
  }
}

/** Computes for each instruction what may be joined of the step that begins with it: the greatest fixed point. */
export function planJoins(): void {
  const any = anyWatched();
  for (let pc: u32 = 0; pc < nInstructions; pc++) store<u8>(joinBase + pc, classOf(pc, any));
  for (let changed = true; changed;) {
    changed = false;
    for (let pc = nInstructions; pc-- > 0;) {
      // of what stands behind a block, only private instructions belong to the step
      if ((flagsOfInsn(pc) & InsnFlag.joined) == 0) continue;
      const now = classOfBlock(pc);
      if (now == classAt(pc)) continue;
      store<u8>(joinBase + pc, now);
      changed = true;
    }
  }
}

/** No other context of CPU c may execute anything before the step that can be executed now. */
function isMasked(c: u32, level: u32): bool {
  return level == Level.hardirq || !interruptsOn(c) || (load<u8>(cpuAt(c), Cpu.flags) & CpuFlag.shadow) != 0;
}

/** True if CPU c stands in front of a step that may be executed at once. */
export function joinable(c: u32): bool {
  const level = current(c);
  if (level < 0) return false;
  const ctx = ctxAt(c, level);
  const pc = <u32>load<u16>(ctx, Ctx.pc);
  if (pc >= nInstructions || load<u8>(ctx, Ctx.phase) != 0) return false;
  const class_ = classAt(pc);
  if (class_ == 0 || ((<u32>load<u8>(moverBase + pc)) & Mover.loopHead) != 0) return false;
  if ((class_ & Mover.quiet) == 0 && !isMasked(c, level)) return false;
  // a deliverable vector is taken before the next micro-op
  if (assumes(Assumption.promptRecognition) && mayInterrupt(c, level)) return false;
  return enabled(c, level);
}

/** Brings the state to its normal form. What the steps taken for that read and write is added to the footprint at `at`, if any. */
export function join(at: usize): void {
  for (let c: u32 = 0; c < nCpus; c++) {
    for (let n = BUDGET; fault == 0 && joinable(c); n--) {
      if (n == 0) {
        raiseFault(Fault.runaway, NONE);
        return;
      }
      if (at != 0) declareCpu(at, c, blocksBase);
      step(c, current(c));
    }
  }
}

/** The action of the next step that the normal form executes, or -1: a way through a reduced search is told in full. */
export function joinNext(): i32 {
  for (let c: u32 = 0; c < nCpus; c++) {
    if (joinable(c)) return (Actor.cpu << 12) | c;
  }
  return -1;
}
