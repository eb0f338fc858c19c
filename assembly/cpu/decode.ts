/** Decodes a program for timed runs (assembly/state/abi/decoded.ts), before the first step. */
import { InsnFlag, LapicReg, Mover, Op, Operand, VarFlag, VarWord } from '../state/abi/instructions';
import { Decoded, DecodedFlag, Quick, Test } from '../state/abi/decoded';
import { Account } from '../state/abi/meters';
import { Settings } from '../state/abi/tables';
import { codeAt, decodedAt, setting, slotAt } from '../state/access';
import { accountBase, moverBase, nAccounts, nInstructions, nVariables } from '../state/layout';
import { operandA, operandB, operandC } from './operands';


@inline function isRegister(operand: u32): bool {
  return operand < 8;
}

/** Operands that index a variable. */
@inline function isIndex(operand: u32): bool {
  return isRegister(operand) || operand == Operand.self || operand == Operand.none || operand == Operand.imm;
}

function branchKind(op: u32): Quick {
  switch (op) {
    case Op.jumpEq:
      return Quick.jumpEq;
    case Op.jumpNe:
      return Quick.jumpNe;
    case Op.jumpLt:
      return Quick.jumpLt;
    default:
      return Quick.jumpGe;
  }
}

function decodePrivate(at: usize, op: u32, w0: u32, imm: u32, w2: u32): Quick {
  const a = operandA(w0);
  const b = operandB(w0);
  const c = operandC(w0);
  switch (op) {
    case Op.nop:
      return Quick.nop;
    case Op.move:
      if (!isRegister(a)) return Quick.other;
      if (c == Operand.imm) return Quick.moveImm;
      store<u8>(at, c, Decoded.b);
      return isRegister(c) ? Quick.move : Quick.other;
    case Op.add:
    case Op.sub:
      if (!isRegister(a) || !isRegister(b) || c != Operand.imm) return Quick.other;
      store<u32>(at, op == Op.add ? imm : 0 - imm, Decoded.imm);
      return Quick.addImm;
    case Op.jump:
      return imm < nInstructions ? Quick.jump : Quick.other;
    case Op.jumpEq:
    case Op.jumpNe:
    case Op.jumpLt:
    case Op.jumpGe:
      store<u32>(at, w2, Decoded.other);
      return isRegister(a) && b == Operand.imm && imm < nInstructions ? branchKind(op) : Quick.other;
    case Op.call:
      return imm < nInstructions ? Quick.call : Quick.other;
    case Op.ret:
      return Quick.ret;
    default:
      return Quick.other;
  }
}

function accessKind(op: u32, a: u32): Quick {
  switch (op) {
    case Op.load:
      return isRegister(a) ? Quick.load : Quick.otherObservable;
    case Op.store:
      return isRegister(a) ? Quick.store : a == Operand.imm ? Quick.storeImm : Quick.otherObservable;
    case Op.lock:
      return Quick.lock;
    case Op.unlock:
      return Quick.unlock;
    default:
      return Quick.otherObservable;
  }
}

function hardwareKind(op: u32, a: u32, imm: u32): Quick {
  switch (op) {
    case Op.lapicWrite:
      return imm == <u32>LapicReg.eoi ? Quick.eoi : Quick.otherObservable;
    case Op.serve:
      return isRegister(a) ? Quick.serve : Quick.otherObservable;
    case Op.iret:
      return Quick.iret;
    default:
      return Quick.otherObservable;
  }
}

function decodeAccess(at: usize, op: u32, w0: u32, slot: u32): Quick {
  const kind = accessKind(op, operandA(w0));
  const indexed = isIndex(operandB(w0)) && isIndex(operandC(w0));
  if (kind == Quick.otherObservable || !indexed || slot >= nVariables) return Quick.otherObservable;
  const variable = slotAt(slot);
  const flags = load<u32>(variable, VarWord.flags * 4);
  const bytes = load<u32>(variable, VarWord.bytes * 4);
  const bits = load<u32>(variable, VarWord.bits * 4);
  // units look at every store to what they see, posted-interrupt descriptors have tags of their own, and some are measured
  if ((flags & (VarFlag.dma | VarFlag.descriptor | VarFlag.gauged)) != 0 || (bytes != 1 && bytes != 2 && bytes != 4))
    return Quick.otherObservable;
  const dim1 = load<u32>(variable, VarWord.dim1 * 4);
  const row = dim1 * bytes;
  if (row > 0xffff) return Quick.otherObservable;
  // the only element of a lock is that of its first index
  if (op == Op.lock || op == Op.unlock) store<u8>(at, Operand.none, Decoded.c);
  store<u8>(at, bytes >> 1, Decoded.shift);
  store<u8>(at, (flags & VarFlag.carrier) != 0 ? 1 : 0, Decoded.carries);
  store<u32>(at, load<u32>(variable, VarWord.address * 4), Decoded.other);
  store<u32>(at, load<u32>(variable, VarWord.dim0 * 4), Decoded.dim0);
  store<u16>(at, dim1, Decoded.dim1);
  store<u16>(at, row, Decoded.row);
  store<u32>(at, bits < 32 ? (1 << bits) - 1 : u32.MAX_VALUE, Decoded.most);
  return kind;
}

/** True if `enabled` (schedule.ts) has a case for it. */
function mayWait(op: u32): bool {
  switch (op) {
    case Op.lock:
    case Op.waitEq:
    case Op.waitNe:
    case Op.ipi:
    case Op.ipiInit:
    case Op.ipiSipi:
    case Op.mmioWrite:
    case Op.wake:
    case Op.pinRead:
    case Op.pinWait:
    case Op.cfgRead:
    case Op.cfgWrite:
    case Op.mmioRead:
    case Op.delay:
      return true;
    default:
      return false;
  }
}

/** True if it uses no variable, and nothing that depends on one. */
function isApart(op: u32): bool {
  switch (op) {
    case Op.cli:
    case Op.sti:
    case Op.saveFlags:
    case Op.restoreFlags:
    case Op.preemptOff:
    case Op.preemptOn:
    case Op.iret:
    case Op.lapicRead:
    case Op.lapicWrite:
    case Op.note:
    case Op.irrBit:
    case Op.tmrBit:
      return true;
    default:
      return false;
  }
}

/** True if the time of instruction pc is measured, and as that of something else than an interrupt. */
function isElsewhere(pc: u32): bool {
  return nAccounts != 0 && <u32>load<u8>(accountBase + pc) != <u32>Account.interrupt;
}

/** Decodes instruction pc. */
function decode(pc: u32): void {
  const insn = codeAt(pc);
  const at = decodedAt(pc);
  const w0 = load<u32>(insn);
  const op = w0 & 0xff;
  const joined = (load<u32>(insn, 12) & InsnFlag.joined) != 0;
  store<u8>(at, operandA(w0), Decoded.a);
  store<u8>(at, operandB(w0), Decoded.b);
  store<u8>(at, operandC(w0), Decoded.c);
  store<u32>(at, load<u32>(insn, 4), Decoded.imm);
  const isPrivate = op < <u32>Op.firstObservable;
  let kind = isPrivate
    ? decodePrivate(at, op, w0, load<u32>(insn, 4), load<u32>(insn, 8))
    : decodeAccess(at, op, w0, load<u32>(insn, 8) & 0xffff);
  if (kind == Quick.otherObservable && !joined) kind = hardwareKind(op, operandA(w0), load<u32>(insn, 4));
  const stop = !isPrivate || joined;
  if (stop && isElsewhere(pc)) kind = Quick.elsewhere;
  const quick = kind >= Quick.load;
  const single =
    quick && isRegister(load<u8>(at, Decoded.b)) && load<u8>(at, Decoded.c) == Operand.none && load<u16>(at, Decoded.dim1) != 0;
  store<u8>(at, kind, Decoded.kind);
  const ends = (stop ? DecodedFlag.stop : 0) | (joined ? DecodedFlag.joined : 0) | (mayWait(op) ? DecodedFlag.waits : 0);
  const own = ((<u32>load<u8>(moverBase + pc)) & Mover.quiet) != 0;
  const looked = quick && kind != Quick.load && (load<u32>(insn, 8) & 0xffff) == setting(Settings.startedSlot);
  const uses = (own ? DecodedFlag.own : 0) | (looked ? DecodedFlag.looked : 0) | (isApart(op) && !joined ? DecodedFlag.apart : 0);
  store<u8>(at, ends | uses | (quick ? DecodedFlag.quick : 0) | (single ? DecodedFlag.single : 0), Decoded.flags);
}

function testOf(branch: Quick): u32 {
  switch (branch) {
    case Quick.jumpEq:
      return Test.equal;
    case Quick.jumpNe:
      return Test.equal | Test.not;
    case Quick.jumpLt:
      return Test.less;
    case Quick.jumpGe:
      return Test.less | Test.not;
    default:
      return 0;
  }
}

/** A load and a branch behind it that looks at what was loaded become one. */
function join(at: usize): void {
  const next = at + Decoded.size;
  if (load<u8>(at, Decoded.kind) != Quick.load || (load<u8>(next, Decoded.flags) & DecodedFlag.stop) != 0) return;
  const test = testOf(load<u8>(next, Decoded.kind));
  if (test == 0 || load<u8>(next, Decoded.a) != load<u8>(at, Decoded.a)) return;
  store<u8>(at, test, Decoded.test);
  store<u32>(at, load<u32>(next, Decoded.imm), Decoded.imm);
  store<u32>(at, load<u32>(next, Decoded.other), Decoded.most);
}

export function decodeProgram(): void {
  for (let pc: u32 = 0; pc < nInstructions; pc++) decode(pc);
  for (let pc: u32 = 0; pc + 1 < nInstructions; pc++) join(decodedAt(pc));
  store<u8>(decodedAt(nInstructions), Quick.end, Decoded.kind);
}
