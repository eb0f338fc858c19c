/** Instructions on the kernel's variables, masks, lists and locks. */
import { InsnFlag, NONE, Op, VarFlag } from '../state/abi/instructions';
import { Fault } from '../state/abi/outcomes';
import { Ctx } from '../state/abi/fields';
import { timed } from '../state/access';
import { pirTags } from '../state/descriptors';
import { touchVariables } from '../state/touched';
import { nCpus, nGauges, nSources } from '../state/layout';
import { kickWaiters } from '../clock/kick';
import { inUniverse } from '../lapic/accept';
import { watch } from '../record/gauges';
import { tagCopy, tagMove, tagsOfContext, tagsOfVariable, tagsOn } from '../record/tags';
import { raiseFault, setOutside } from '../record/violations';
import { operand, operandA, operandB, operandC, setReg } from './operands';
import * as vars from './variables';

/** Words of a mask that is passed by reference: masks of CPUs. */
@inline function referencedWords(): u32 {
  return (nCpus + 31) >> 5;
}


@inline function maskAt(slot: u32, b: u32, byRef: bool, pc: u32): usize {
  return byRef ? vars.checkedReference(b, referencedWords(), pc) : vars.element(slot, b, 0, pc);
}

/** What is stored for vector v must be in the image, if there is one. */
function needsUniverse(v: u32): void {
  if (!timed() && !inUniverse(v)) setOutside(true);
}

/** The set of what a value carries, 0: nothing; an element of a carrier, a word of a PIR. */
function carriedBy(slot: u32, at: usize, i: u32): usize {
  if (!tagsOn() || at == 0) return 0;
  if ((vars.flagsOf(slot) & VarFlag.carrier) != 0) return i < nSources ? tagsOfVariable(i) : 0;
  return (vars.flagsOf(slot) & VarFlag.descriptor) != 0 ? pirTags(at) : 0;
}

/**
 * A value has changed, or was stored again and is not 0: those who wait look again; what carries takes up the events of the context, or gives them back to it.
 * `taken`: some have been taken out of it, and some are left.
 */
export function changed(slot: u32, at: usize, value: u32, i: u32, c: u32, level: u32, taken: bool = false): void {
  const carried = carriedBy(slot, at, i);
  if (carried != 0) {
    if (value == 0) tagMove(tagsOfContext(c, level), carried);
    else if (taken) tagCopy(tagsOfContext(c, level), carried);
    else tagCopy(carried, tagsOfContext(c, level));
  }
  if (nGauges != 0) watch(slot, at);
  kickWaiters(at);
}

function maskBit(op: u32, at: usize, bit: u32, limit: u32, pc: u32): u32 {
  if (at == 0 || bit >= limit) {
    raiseFault(Fault.index, pc);
    return 0;
  }
  const word = at + ((<usize>(bit >> 5)) << 2);
  const m: u32 = 1 << (bit & 31);
  const bits = load<u32>(word);
  if (op == Op.maskTest) return (bits & m) != 0 ? 1 : 0;
  touchVariables();
  store<u32>(word, op == Op.maskSet ? bits | m : bits & ~m);
  kickWaiters(at);
  return bit;
}

function maskCopy(to: usize, from: usize, and: usize): void {
  if (to == 0 || from == 0) return;
  touchVariables();
  for (let w: usize = 0; w < referencedWords(); w++) {
    const bits = load<u32>(from + (w << 2));
    store<u32>(to + (w << 2), and ? bits & load<u32>(and + (w << 2)) : bits);
  }
}

/** Spinlocks held and preemption-off nesting: 7 deep at most, what an image counts. */
export function adjustHeld(ctx: usize, up: bool, pc: u32): void {
  const held = load<u8>(ctx, Ctx.held);
  if (up && held == 7) {
    raiseFault(Fault.depth, pc);
    return;
  }
  store<u8>(ctx, up ? held + 1 : held == 0 ? 0 : held - 1, Ctx.held);
}

/** Executes a memory instruction; returns the value to show. `judging`: locks do not apply. */
export function memoryOp(op: u32, c: u32, level: u32, ctx: usize, insn: usize, pc: u32, judging: bool): u32 {
  const w0 = load<u32>(insn);
  const imm = load<u32>(insn, 4);
  const slot = load<u32>(insn, 8) & 0xffff;
  const slot2 = load<u32>(insn, 8) >> 16;
  const a = operandA(w0);
  const i = operand(ctx, c, operandB(w0), 0);
  const k = operandC(w0);
  const byRef = (load<u32>(insn, 12) & InsnFlag.byRef) != 0;
  let shown: u32 = 0;
  switch (op) {
    case Op.load:
      shown = vars.loadElement(slot, vars.element(slot, i, operand(ctx, c, k, 0), pc));
      setReg(ctx, a, shown);
      break;
    case Op.store: {
      shown = operand(ctx, c, a, imm);
      const at = vars.element(slot, i, operand(ctx, c, k, 0), pc);
      const before = vars.loadElement(slot, at);
      vars.storeElement(slot, at, shown, pc);
      if ((vars.flagsOf(slot) & VarFlag.byVector) != 0) needsUniverse(operand(ctx, c, k, 0));
      if ((shown | before) != 0) changed(slot, at, shown, i, c, level);
      break;
    }
    case Op.fetchAdd: {
      const at = vars.element(slot, i, operand(ctx, c, k, 0), pc);
      shown = vars.loadElement(slot, at) + imm;
      vars.storeElement(slot, at, shown, pc);
      if ((vars.flagsOf(slot) & VarFlag.byVector) != 0) needsUniverse(operand(ctx, c, k, 0));
      setReg(ctx, a, shown);
      changed(slot, at, shown, i, c, level);
      break;
    }
    case Op.maskSet:
    case Op.maskClear:
    case Op.maskTest:
      shown = maskBit(op, maskAt(slot, i, byRef, pc), operand(ctx, c, k, imm), byRef ? referencedWords() << 5 : vars.maskWidth(slot), pc);
      if (op != Op.maskTest && !byRef && (vars.flagsOf(slot) & VarFlag.vectorMask) != 0) needsUniverse(shown);
      if (op == Op.maskTest) setReg(ctx, a, shown);
      break;
    case Op.maskCopy: {
      const and = (load<u32>(insn, 12) & InsnFlag.and) != 0 ? vars.element(slot2, operand(ctx, c, k, 0), 0, pc) : 0;
      maskCopy(vars.checkedReference(operand(ctx, c, a, 0), referencedWords(), pc), maskAt(slot, i, byRef, pc), and);
      break;
    }
    case Op.maskFirst:
    case Op.maskCount:
    case Op.maskMost:
    case Op.maskLeast: {
      const at = maskAt(slot, i, byRef, pc);
      if (at == 0) break;
      const at2 = slot2 == NONE ? <usize>0 : vars.element(slot2, 0, 0, pc);
      const words = vars.bothWords(byRef ? referencedWords() : vars.maskWords(slot), slot2);
      if (op == Op.maskFirst) shown = vars.maskFirst(at, at2, words);
      else if (op == Op.maskCount) shown = vars.maskCount(at, at2, words);
      else shown = vars.maskBest(at, at2, words, imm, op == Op.maskMost, pc);
      setReg(ctx, a, shown);
      break;
    }
    case Op.maskFirstFree: {
      const at = vars.element(slot, i, 0, pc);
      if (at) shown = vars.maskFirstFree(at);
      setReg(ctx, a, shown);
      break;
    }
    case Op.scan:
      shown = vars.scan(slot, i, operand(ctx, c, a, 0), imm, pc);
      setReg(ctx, a, shown);
      break;
    case Op.listPush:
    case Op.listRemove: {
      const node = operand(ctx, c, k, imm);
      const link = op == Op.listPush ? vars.listPush(slot, slot2, i, node, pc) : vars.listRemove(slot, slot2, i, node, pc);
      if (link == 0) break;
      kickWaiters(link);
      kickWaiters(vars.element(slot2, node, 0, pc));
      break;
    }
    case Op.lock:
      if (judging) break;
      vars.storeElement(slot, vars.element(slot, i, 0, pc), c + 1, pc);
      adjustHeld(ctx, true, pc);
      break;
    case Op.unlock: {
      if (judging) break;
      const at = vars.element(slot, i, 0, pc);
      vars.storeElement(slot, at, 0, pc);
      adjustHeld(ctx, false, pc);
      kickWaiters(at);
      break;
    }
  }
  return shown;
}
