/** Private instructions: registers, branches, calls, constants of the machine. Nobody else can observe them. */
import { Constant, NONE, Op } from '../state/abi/instructions';
import { Fault } from '../state/abi/outcomes';
import { FunctionSetup, SourceSetup } from '../state/abi/tables';
import { Ctx } from '../state/abi/fields';
import { apicIdOf, cpuOfApicId, functionSetup, sourceSetup } from '../state/access';
import { nCpus, nFunctions, nSources, vectorHi, vectorLo } from '../state/layout';
import { raiseFault } from '../record/violations';
import { operand, operandA, operandB, operandC, setReg } from './operands';
import { element } from './variables';

/** Frames of a context. */
const FRAMES: u32 = 8;

function constant(which: u32, i: u32): u32 {
  switch (which) {
    case Constant.apicId:
      return i < nCpus ? apicIdOf(i) : NONE;
    case Constant.cpuOfApicId: {
      const c = cpuOfApicId(i);
      return c < 0 ? NONE : c;
    }
    case Constant.cpus:
      return nCpus;
    case Constant.sources:
      return nSources;
    case Constant.vectorLo:
      return vectorLo;
    case Constant.vectorHi:
      return vectorHi;
    case Constant.deviceOf:
      return i < nSources ? sourceSetup(i, SourceSetup.device) : NONE;
    case Constant.addr64:
      return i < nFunctions ? functionSetup(i, FunctionSetup.msiAddress64) : 0;
    case Constant.messageOf:
      return i < nSources ? sourceSetup(i, SourceSetup.message) : NONE;
    case Constant.isMsix:
      return i < nFunctions && functionSetup(i, FunctionSetup.msixVectors) != 0 ? 1 : 0;
    case Constant.hasMask:
      return i < nFunctions ? functionSetup(i, FunctionSetup.msiMaskable) : 0;
    case Constant.messages:
      if (i >= nFunctions) return 0;
      return max(functionSetup(i, FunctionSetup.msixVectors), functionSetup(i, FunctionSetup.msiVectors));
    default:
      return 0;
  }
}

function call(ctx: usize, target: u32, pc: u32): u32 {
  const depth = <u32>load<u8>(ctx, Ctx.depth);
  if (depth >= FRAMES) {
    raiseFault(Fault.depth, pc);
    return pc;
  }
  store<u16>(ctx + Ctx.ret + ((<usize>depth) << 1), pc + 1);
  store<u8>(ctx, depth + 1, Ctx.depth);
  return target;
}

function ret(ctx: usize, pc: u32): u32 {
  const depth = <u32>load<u8>(ctx, Ctx.depth);
  if (depth == 0) {
    raiseFault(Fault.depth, pc);
    return pc;
  }
  const slot = ctx + Ctx.ret + ((<usize>(depth - 1)) << 1);
  const to = <u32>load<u16>(slot);
  store<u16>(slot, 0);
  store<u8>(ctx, depth - 1, Ctx.depth);
  return to;
}

/** Executes a private instruction; returns the one that comes next. A fault is left for the caller to see. */
export function privateOp(op: u32, ctx: usize, c: u32, insn: usize, pc: u32): u32 {
  const w0 = load<u32>(insn);
  const imm = load<u32>(insn, 4);
  const w2 = load<u32>(insn, 8);
  const a = operandA(w0);
  const x = operand(ctx, c, operandC(w0), imm);
  const y = operand(ctx, c, operandB(w0), w2);
  switch (op) {
    case Op.nop:
      break;
    case Op.move:
      setReg(ctx, a, x);
      break;
    case Op.add:
      setReg(ctx, a, y + x);
      break;
    case Op.sub:
      setReg(ctx, a, y - x);
      break;
    case Op.and:
      setReg(ctx, a, y & x);
      break;
    case Op.or:
      setReg(ctx, a, y | x);
      break;
    case Op.xor:
      setReg(ctx, a, y ^ x);
      break;
    case Op.shl:
      setReg(ctx, a, y << (x & 31));
      break;
    case Op.shr:
      setReg(ctx, a, y >> (x & 31));
      break;
    case Op.jump:
      return imm;
    case Op.jumpEq:
      return operand(ctx, c, a, 0) == y ? imm : pc + 1;
    case Op.jumpNe:
      return operand(ctx, c, a, 0) != y ? imm : pc + 1;
    case Op.jumpLt:
      return operand(ctx, c, a, 0) < y ? imm : pc + 1;
    case Op.jumpGe:
      return operand(ctx, c, a, 0) >= y ? imm : pc + 1;
    case Op.call:
      return call(ctx, imm, pc);
    case Op.ret:
      return ret(ctx, pc);
    case Op.ref:
      setReg(ctx, a, <u32>element(w2 & 0xffff, operand(ctx, c, operandB(w0), 0), 0, pc));
      break;
    case Op.constant:
      setReg(ctx, a, constant(imm, operand(ctx, c, operandB(w0), 0)));
      break;
    default:
      raiseFault(Fault.opcode, pc);
  }
  return pc + 1;
}
