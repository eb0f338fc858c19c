/** Instructions on remapping tables, the queues of units and their logs (hardware.md D.4, D.5, F.3.3, F.5). */
import { InsnFlag, NONE, Op, UnitReg, VarWord } from '../state/abi/instructions';
import { Fault } from '../state/abi/outcomes';
import { AmdReg } from '../state/abi/amd';
import { VtdReg } from '../state/abi/iommu';
import { isAmd, slotAt, timed } from '../state/access';
import { guestAddressOf } from '../state/guest';
import { isOfDescriptors, nIommus } from '../state/layout';
import { touchQueues, touchVariables } from '../state/touched';
import { oldest, takeOldest, waiting } from '../iommu/amd/guest';
import { afterStore, beforeStore } from '../iommu/lines';
import { INTERRUPT } from '../iommu/vtd/queue';
import { put, tailOf } from '../iommu/ring';
import { readUnit } from '../iommu/unit';
import { reviewInterrupts, writeRegisters } from '../fabric/iommu';
import { kickWaiters } from '../clock/kick';
import { raiseFault } from '../record/violations';
import { operand, operandA, operandB, operandC, setReg } from './operands';
import { element, word } from './variables';

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
  touchVariables(at);
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
  touchVariables(at);
  beforeStore(at);
  memory.copy(at, source, 16);
  afterStore(at);
  for (let word: usize = 0; word < 16; word += 4) kickWaiters(at + word);
  return load<u32>(at);
}

/** As the unit's kind lays it out (`Op.queuePut`); `at`: the variable that a wait writes, 0: there is none. False: the ring is full. */
function putDescriptor(u: u32, imm: u32, a: u32, at: usize): bool {
  const address: u64 = at == 0 ? 0 : <u64>guestAddressOf(at);
  if (!isAmd(u)) return put(u, (<u64>imm) | ((<u64>a) << 32), address);
  const low: u64 = at == 0 ? <u64>a : address | (imm & 7);
  return put(u, low | ((<u64>(imm & ~7)) << 32), at == 0 ? 0 : <u64>a);
}

/** A wait of AMD stores 8 bytes at a multiple of 8: they must be in the row, or it would store elsewhere. */
function fits(u: u32, slot: u32, at: usize): bool {
  return !isAmd(u) || at == 0 || ((guestAddressOf(at) & 7) == 0 && word(slot, VarWord.bytes) * word(slot, VarWord.dim1) >= 8);
}

function queuePut(c: u32, ctx: usize, insn: usize, pc: u32): u32 {
  const w0 = load<u32>(insn);
  const imm = load<u32>(insn, 4);
  const slot = load<u32>(insn, 8) >> 16;
  const u = operand(ctx, c, operandB(w0), 0);
  const a = operand(ctx, c, operandA(w0), 0);
  const at = slot == NONE ? <usize>0 : element(slot, operand(ctx, c, operandC(w0), 0), 0, pc);
  if (u >= nIommus || !fits(u, slot, at)) {
    raiseFault(Fault.index, pc);
    return a;
  }
  // in a check a unit of VT-d has no event of its own
  if (!timed() && !isAmd(u) && imm & INTERRUPT && (imm & 15) == 5) raiseFault(Fault.opcode, pc);
  else if (!putDescriptor(u, imm, a, at)) raiseFault(Fault.pool, pc);
  return a;
}

function queueTail(c: u32, ctx: usize, insn: usize, pc: u32): u32 {
  const u = operand(ctx, c, operandB(load<u32>(insn)), 0);
  if (u >= nIommus) {
    raiseFault(Fault.index, pc);
    return 0;
  }
  touchQueues();
  writeRegisters(u, isAmd(u) ? <u32>AmdReg.commandTail : <u32>VtdReg.iqt, 4, tailOf(u));
  return tailOf(u);
}


@inline function statusOf(u: u32): u32 {
  return isAmd(u) ? AmdReg.status : VtdReg.fsts;
}

/** What a unit does not have reads 0. */
function readRegister(u: u32, register: u32): u32 {
  if (register == UnitReg.status) return <u32>readUnit(u, statusOf(u), 4);
  if (!isAmd(u)) return 0;
  switch (register) {
    case UnitReg.logWaiting:
      return waiting(u);
    case UnitReg.logTag:
      return <u32>oldest(u);
    case UnitReg.logDevice:
      return (<u32>(oldest(u) >> 32)) & 0xffff;
    default:
      return 0;
  }
}

function writeRegister(u: u32, register: u32, value: u32): void {
  if (register == UnitReg.status) {
    writeRegisters(u, statusOf(u), 4, value);
    if (!timed() && isAmd(u)) reviewInterrupts(u);
  } else if (isAmd(u) && register == UnitReg.logHead) takeOldest(u);
}

function unitAccess(op: u32, c: u32, ctx: usize, insn: usize, pc: u32): u32 {
  const w0 = load<u32>(insn);
  const register = load<u32>(insn, 4);
  const u = operand(ctx, c, operandB(w0), 0);
  if (u >= nIommus) {
    raiseFault(Fault.index, pc);
    return 0;
  }
  if (op == Op.unitWrite) {
    const value = operand(ctx, c, operandA(w0), 0);
    writeRegister(u, register, value);
    return value;
  }
  const value = readRegister(u, register);
  setReg(ctx, operandA(w0), value);
  return value;
}

/** Executes one; returns the value to show. */
export function remapOp(op: u32, c: u32, ctx: usize, insn: usize, pc: u32): u32 {
  switch (op) {
    case Op.storePair:
      return storePair(c, ctx, insn, pc);
    case Op.storeRow:
      return storeRow(c, ctx, insn, pc);
    case Op.queuePut:
      return queuePut(c, ctx, insn, pc);
    case Op.queueTail:
      return queueTail(c, ctx, insn, pc);
    default:
      return unitAccess(op, c, ctx, insn, pc);
  }
}
