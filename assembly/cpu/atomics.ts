/** Read-modify-writes of one step: what CPUs do to posted-interrupt descriptors while units post (hardware.md E.3, E.4). */
import { Op, PidWord } from '../state/abi/instructions';
import { Fault } from '../state/abi/outcomes';
import { slotAt } from '../state/access';
import { isOfDescriptors, nVariables } from '../state/layout';
import { raiseFault } from '../record/violations';
import { changed } from './memory';
import { operand, operandA, operandB, operandC, setReg } from './operands';
import { element, loadElement, storeElement } from './variables';

/** Words 8 and 9 of a row of descriptors. */
function controlSet(c: u32, level: u32, ctx: usize, insn: usize, pc: u32): u32 {
  const w0 = load<u32>(insn);
  const mask = load<u32>(insn, 4);
  const slot = load<u32>(insn, 8) & 0xffff;
  const row = operand(ctx, c, operandB(w0), 0);
  const wanted = operand(ctx, c, operandA(w0), 0);
  if (slot >= nVariables || !isOfDescriptors(slotAt(slot))) {
    raiseFault(Fault.index, pc);
    return 0;
  }
  const low = element(slot, row, PidWord.control, pc);
  if (low == 0) return 0;
  const was = loadElement(slot, low);
  const is = (was & ~mask) | (wanted & mask);
  storeElement(slot, low, is, pc);
  changed(slot, low, is, row, c, level);
  const k = operandC(w0);
  if (k < 8) {
    const destination = operand(ctx, c, k, 0);
    storeElement(slot, low + 4, destination, pc);
    changed(slot, low + 4, destination, row, c, level);
  }
  setReg(ctx, operandA(w0), was);
  return is;
}

/** Executes one; returns the value to show. */
export function atomicOp(op: u32, c: u32, level: u32, ctx: usize, insn: usize, pc: u32): u32 {
  if (op == Op.controlSet) return controlSet(c, level, ctx, insn, pc);
  const w0 = load<u32>(insn);
  const slot = load<u32>(insn, 8) & 0xffff;
  const a = operandA(w0);
  const i = operand(ctx, c, operandB(w0), 0);
  const at = element(slot, i, operand(ctx, c, operandC(w0), 0), pc);
  const was = loadElement(slot, at);
  const bit = (<u32>1) << (operand(ctx, c, a, 0) & 31);
  const is = op == Op.exchange ? load<u32>(insn, 4) : op == Op.bitSet ? was | bit : was & ~bit;
  storeElement(slot, at, is, pc);
  changed(slot, at, is, i, c, level, op == Op.bitClear);
  const found = op == Op.exchange ? was : (was & bit) != 0 ? 1 : 0;
  setReg(ctx, a, found);
  return found;
}
