/** Instructions on remapping tables and invalidation queues (hardware.md D.4, D.5). */
import { InsnFlag, NONE, Op } from '../state/abi/instructions';
import { Fault } from '../state/abi/outcomes';
import { VtdReg } from '../state/abi/iommu';
import { slotAt, timed } from '../state/access';
import { guestAddressOf } from '../state/guest';
import { isOfDescriptors, nIommus } from '../state/layout';
import { touchQueues, touchVariables } from '../state/touched';
import { afterStore, beforeStore } from '../iommu/vtd/lines';
import { INTERRUPT } from '../iommu/vtd/queue';
import { put, tailOf } from '../iommu/vtd/ring';
import { writeRegisters } from '../fabric/iommu';
import { kickWaiters } from '../clock/kick';
import { raiseFault } from '../record/violations';
import { operand, operandA, operandB, operandC } from './operands';
import { element } from './variables';

/** Two words of a row in one access: units see both or none. */
function storePair(c: u32, ctx: usize, insn: usize, pc: u32): u32 {
  const w0 = load<u32>(insn);
  const slot = load<u32>(insn, 8) & 0xffff;
  const first = load<u32>(insn, 4);
  const apart: u32 = load<u32>(insn, 12) & InsnFlag.wide ? 2 : 1;
  const row = operand(ctx, c, operandB(w0), 0);
  const low = operand(ctx, c, operandA(w0), 0);
  const at = element(slot, row, first, pc);
  const other = element(slot, row, first + apart, pc);
  if (at == 0 || other == 0) return 0;
  touchVariables();
  beforeStore(at);
  store<u32>(at, low);
  store<u32>(other, operand(ctx, c, operandC(w0), 0));
  afterStore(at);
  kickWaiters(at);
  kickWaiters(other);
  return low;
}

/** Four words of a row at once, as another row has them. */
function storeRow(c: u32, ctx: usize, insn: usize, pc: u32): u32 {
  const w0 = load<u32>(insn);
  const slot = load<u32>(insn, 8) & 0xffff;
  const from = load<u32>(insn, 8) >> 16;
  const row = operand(ctx, c, operandB(w0), 0);
  const other = operand(ctx, c, operandC(w0), 0);
  const at = element(slot, row, 0, pc);
  const source = element(from, other, 0, pc);
  const whole = at != 0 && source != 0 && element(slot, row, 3, pc) == at + 12 && element(from, other, 3, pc) == source + 12;
  // a descriptor has words that an image does not hold
  if (!whole || isOfDescriptors(slotAt(slot))) {
    raiseFault(Fault.index, pc);
    return 0;
  }
  touchVariables();
  beforeStore(at);
  memory.copy(at, source, 16);
  afterStore(at);
  for (let word: usize = 0; word < 16; word += 4) kickWaiters(at + word);
  return load<u32>(at);
}

function queuePut(c: u32, ctx: usize, insn: usize, pc: u32): u32 {
  const w0 = load<u32>(insn);
  const low = load<u32>(insn, 4);
  const slot = load<u32>(insn, 8) >> 16;
  const u = operand(ctx, c, operandB(w0), 0);
  const high = operand(ctx, c, operandA(w0), 0);
  const at = slot == NONE ? <usize>0 : element(slot, operand(ctx, c, operandC(w0), 0), 0, pc);
  const status: u64 = at == 0 ? 0 : <u64>guestAddressOf(at);
  // in a check a unit has no event of its own
  if (!timed() && low & INTERRUPT && (low & 15) == 5) raiseFault(Fault.opcode, pc);
  else if (u >= nIommus || !put(u, (<u64>low) | ((<u64>high) << 32), status)) raiseFault(u >= nIommus ? Fault.index : Fault.pool, pc);
  return high;
}

function queueTail(c: u32, ctx: usize, insn: usize, pc: u32): u32 {
  const u = operand(ctx, c, operandB(load<u32>(insn)), 0);
  if (u >= nIommus) {
    raiseFault(Fault.index, pc);
    return 0;
  }
  touchQueues();
  writeRegisters(u, VtdReg.iqt, 4, tailOf(u));
  return tailOf(u);
}

/** Executes one; returns the value to show. */
export function remapOp(op: u32, c: u32, ctx: usize, insn: usize, pc: u32): u32 {
  if (op == Op.storePair) return storePair(c, ctx, insn, pc);
  if (op == Op.storeRow) return storeRow(c, ctx, insn, pc);
  return op == Op.queuePut ? queuePut(c, ctx, insn, pc) : queueTail(c, ctx, insn, pc);
}
