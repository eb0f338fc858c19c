/** Registers and operands of a context. */
import { Operand } from '../state/abi/instructions';
import { Ctx } from '../state/abi/fields';
import { clearContext } from '../state/access';
import { tagClear, tagsOfContext, tagsSeen } from '../record/tags';


@inline export function setReg(ctx: usize, r: u32, value: u32): void {
  if (r < 8) store<u32>(ctx + Ctx.regs + ((<usize>r) << 2), value);
}

/** Value of operand `which`: a register, the executing CPU's index, or the immediate. */
@inline export function operand(ctx: usize, c: u32, which: u32, imm: u32): u32 {
  if (which < 8) return load<u32>(ctx + Ctx.regs + ((<usize>which) << 2));
  if (which == Operand.self) return c;
  return which == Operand.imm ? imm : 0;
}


@inline export function operandA(w0: u32): u32 {
  return (w0 >> 8) & 0xff;
}


@inline export function operandB(w0: u32): u32 {
  return (w0 >> 16) & 0xff;
}


@inline export function operandC(w0: u32): u32 {
  return w0 >> 24;
}

/** A context is done: what its interrupt carried and nobody took over is gone. */
export function finish(c: u32, level: u32): void {
  clearContext(c, level);
  tagClear(tagsOfContext(c, level));
  tagClear(tagsSeen(c, level));
}
