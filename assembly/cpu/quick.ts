/**
 * Steps of a timed run: what assembly/cpu/sequencer.ts does, from decoded instructions. Whatever is rare is left to it.
 */
import { Operand } from '../state/abi/instructions';
import { Decoded, DecodedFlag, Quick } from '../state/abi/decoded';
import { Counter, Fault } from '../state/abi/outcomes';
import { Ctx } from '../state/abi/fields';
import { codeAt, decodedAt } from '../state/access';
import { nInstructions } from '../state/layout';
import { kickWaiters } from '../clock/kick';
import { count, cover } from '../record/counters';
import { fault, raiseFault } from '../record/violations';
import { changed } from './memory';
import { privateOp } from './private';

/** Private instructions behind an observable one; more is a fault of the model. */
const BUDGET: u32 = 100000;
/** Frames of a context; spinlocks that one may hold. */
const FRAMES: u32 = 8;
const HELD: u32 = 7;

/** What is left of a step. */
export enum Rest {
  nothing = 0,
  /** from where the context stands on: it has not begun, or goes on behind a joined instruction */
  instruction = 1,
  /** the fault that has been raised */
  fault = 2,
}


@inline function register(ctx: usize, at: usize, which: usize): usize {
  return ctx + Ctx.regs + ((<usize>load<u8>(at + which)) << 2);
}


@inline function index(ctx: usize, c: u32, operand: u32): u32 {
  return operand < 8 ? load<u32>(ctx + Ctx.regs + ((<usize>operand) << 2)) : operand == Operand.self ? c : 0;
}

/** Address of the element that instruction `at` is about, 0: there is none. */
@inline export function elementOf(at: usize, ctx: usize, c: u32): usize {
  const i = index(ctx, c, load<u8>(at, Decoded.b));
  const j = index(ctx, c, load<u8>(at, Decoded.c));
  const dim1 = load<u32>(at, Decoded.dim1);
  if (i >= load<u32>(at, Decoded.dim0) || j >= dim1) return 0;
  return <usize>load<u32>(at, Decoded.other) + ((<usize>(i * dim1 + j)) << load<u8>(at, Decoded.shift));
}


@inline function valueAt(element: usize, shift: u32): u32 {
  return shift == 0 ? <u32>load<u8>(element) : shift == 2 ? load<u32>(element) : <u32>load<u16>(element);
}


@inline function storeValue(element: usize, shift: u32, value: u32): void {
  if (shift == 0) store<u8>(element, value);
  else if (shift == 2) store<u32>(element, value);
  else store<u16>(element, value);
}

/** True if the lock that instruction `at` takes is free. */
@inline export function isFree(at: usize, element: usize): bool {
  return element == 0 || valueAt(element, load<u8>(at, Decoded.shift)) == 0;
}

/** Executes an observable instruction; false if it is one for the sequencer, and nothing has happened. */
@inline function access(kind: u32, at: usize, c: u32, level: u32, ctx: usize): bool {
  const element = elementOf(at, ctx, c);
  if (element == 0) return false;
  const shift = <u32>load<u8>(at, Decoded.shift);
  if (kind == Quick.load) {
    store<u32>(register(ctx, at, Decoded.a), valueAt(element, shift));
    return true;
  }
  const held = <u32>load<u8>(ctx, Ctx.held);
  let value: u32 = 0;
  if (kind == Quick.lock) {
    value = c + 1;
    if (held == HELD) return false;
  } else if (kind == Quick.store) value = load<u32>(register(ctx, at, Decoded.a));
  else if (kind == Quick.storeImm) value = load<u32>(at, Decoded.imm);
  if (value > load<u32>(at, Decoded.most)) return false;
  storeValue(element, shift, value);
  if (kind == Quick.lock) {
    store<u8>(ctx, held + 1, Ctx.held);
    return true;
  }
  if (kind == Quick.unlock) store<u8>(ctx, held == 0 ? 0 : held - 1, Ctx.held);
  else if (load<u8>(at, Decoded.carries)) {
    changed(load<u32>(codeAt(<u32>((at - decodedAt(0)) >> 5)), 8) & 0xffff, element, value, index(ctx, c, load<u8>(at, Decoded.b)), c, level);
    return true;
  }
  kickWaiters(element);
  return true;
}


@inline function jumpIf(holds: bool, at: usize, pc: u32): u32 {
  return holds ? load<u32>(at, Decoded.imm) : pc + 1;
}

/** Executes one step of a context whose next instruction can be executed. */
export function quickStep(c: u32, level: u32, ctx: usize): Rest {
  let pc = <u32>load<u16>(ctx, Ctx.pc);
  if (pc >= nInstructions) return Rest.instruction;
  let at = decodedAt(pc);
  let observed = false;
  let joined = false;
  for (let budget = BUDGET; budget != 0; budget--) {
    const flags = <u32>load<u8>(at, Decoded.flags);
    if (flags & DecodedFlag.stop) {
      if (observed && !joined) {
        store<u16>(ctx, pc, Ctx.pc);
        return Rest.nothing;
      }
      observed = true;
    }
    joined = (flags & DecodedFlag.joined) != 0;
    const kind = <u32>load<u8>(at);
    switch (kind) {
      case Quick.nop:
        pc++;
        break;
      case Quick.moveImm:
        store<u32>(register(ctx, at, Decoded.a), load<u32>(at, Decoded.imm));
        pc++;
        break;
      case Quick.move:
        store<u32>(register(ctx, at, Decoded.a), load<u32>(register(ctx, at, Decoded.b)));
        pc++;
        break;
      case Quick.addImm:
        store<u32>(register(ctx, at, Decoded.a), load<u32>(register(ctx, at, Decoded.b)) + load<u32>(at, Decoded.imm));
        pc++;
        break;
      case Quick.jump:
        pc = load<u32>(at, Decoded.imm);
        break;
      case Quick.jumpEq:
        pc = jumpIf(load<u32>(register(ctx, at, Decoded.a)) == load<u32>(at, Decoded.other), at, pc);
        break;
      case Quick.jumpNe:
        pc = jumpIf(load<u32>(register(ctx, at, Decoded.a)) != load<u32>(at, Decoded.other), at, pc);
        break;
      case Quick.jumpLt:
        pc = jumpIf(load<u32>(register(ctx, at, Decoded.a)) < load<u32>(at, Decoded.other), at, pc);
        break;
      case Quick.jumpGe:
        pc = jumpIf(load<u32>(register(ctx, at, Decoded.a)) >= load<u32>(at, Decoded.other), at, pc);
        break;
      case Quick.call: {
        const depth = <u32>load<u8>(ctx, Ctx.depth);
        if (depth >= FRAMES) {
          raiseFault(Fault.depth, pc);
          return Rest.fault;
        }
        store<u16>(ctx + Ctx.ret + ((<usize>depth) << 1), pc + 1);
        store<u8>(ctx, depth + 1, Ctx.depth);
        pc = load<u32>(at, Decoded.imm);
        break;
      }
      case Quick.ret: {
        const depth = <u32>load<u8>(ctx, Ctx.depth);
        if (depth == 0) {
          raiseFault(Fault.depth, pc);
          return Rest.fault;
        }
        const frame = ctx + Ctx.ret + ((<usize>(depth - 1)) << 1);
        pc = min(<u32>load<u16>(frame), nInstructions);
        store<u16>(frame, 0);
        store<u8>(ctx, depth - 1, Ctx.depth);
        break;
      }
      case Quick.other:
        pc = privateOp(load<u32>(codeAt(pc)) & 0xff, ctx, c, codeAt(pc), pc);
        if (fault != 0) return Rest.fault;
        if (pc < nInstructions) break;
        raiseFault(Fault.opcode, pc);
        return Rest.fault;
      case Quick.load:
      case Quick.store:
      case Quick.storeImm:
      case Quick.lock:
      case Quick.unlock:
        if (!access(kind, at, c, level, ctx)) {
          store<u16>(ctx, pc, Ctx.pc);
          return Rest.instruction;
        }
        cover(pc);
        count(Counter.microOps);
        pc++;
        break;
      case Quick.end:
        raiseFault(Fault.opcode, pc);
        return Rest.fault;
      default:
        store<u16>(ctx, pc, Ctx.pc);
        return Rest.instruction;
    }
    at = decodedAt(pc);
  }
  raiseFault(Fault.runaway, pc);
  return Rest.fault;
}
