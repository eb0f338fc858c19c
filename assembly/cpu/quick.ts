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
import { tagsOn } from '../record/tags';
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
  /** nothing, and nothing has come of it but other values of registers and variables */
  nothing = 0,
  /** nothing, but it may have told something of an event */
  told = 1,
  /** all of it: its first instruction is none of these, or has to wait for a lock */
  all = 2,
  /** it goes on where the context stands, behind a joined instruction */
  some = 3,
  /** the fault that has been raised */
  fault = 4,
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

/** What a store has changed, for those who wait, and for what carries events. True if it may have told something of one. */
function announce(at: usize, pc: u32, element: usize, value: u32, c: u32, level: u32, ctx: usize): bool {
  const slot = load<u32>(codeAt(pc), 8) & 0xffff;
  changed(slot, element, value, index(ctx, c, load<u8>(at, Decoded.b)), c, level);
  return tagsOn();
}


/** An observable instruction has been executed; returns the next one. */
@inline function executed(pc: u32): u32 {
  cover(pc);
  count(Counter.microOps);
  return pc + 1;
}

/** The sequencer goes on at instruction pc. */
@inline function handOver(ctx: usize, pc: u32, rest: Rest): Rest {
  store<u16>(ctx, pc, Ctx.pc);
  return rest == Rest.all ? Rest.all : Rest.some;
}


@inline function jumpIf(holds: bool, at: usize, pc: u32): u32 {
  return holds ? load<u32>(at, Decoded.imm) : pc + 1;
}

/** Executes one step of a context. */
export function quickStep(c: u32, level: u32, ctx: usize): Rest {
  let pc = <u32>load<u16>(ctx, Ctx.pc);
  let rest = Rest.all;
  let observed = false;
  let joined = false;
  for (let budget = BUDGET; budget != 0; budget--) {
    const at = decodedAt(pc);
    const flags = <u32>load<u8>(at, Decoded.flags);
    if (flags & DecodedFlag.stop) {
      if (observed && !joined) {
        store<u16>(ctx, pc, Ctx.pc);
        return rest;
      }
      observed = true;
    }
    joined = (flags & DecodedFlag.joined) != 0;
    switch (<u32>load<u8>(at)) {
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
      case Quick.load: {
        const element = elementOf(at, flags, ctx, c);
        if (element == 0) return handOver(ctx, pc, rest);
        store<u32>(register(ctx, at, Decoded.a), valueAt(element, load<u8>(at, Decoded.shift)));
        pc = executed(pc);
        if (rest == Rest.all) rest = Rest.nothing;
        break;
      }
      case Quick.store:
      case Quick.storeImm: {
        const element = elementOf(at, flags, ctx, c);
        const isImm = <u32>load<u8>(at) == Quick.storeImm;
        const value = isImm ? load<u32>(at, Decoded.imm) : load<u32>(register(ctx, at, Decoded.a));
        if (element == 0 || value > load<u32>(at, Decoded.most)) return handOver(ctx, pc, rest);
        storeValue(element, load<u8>(at, Decoded.shift), value);
        if (rest == Rest.all) rest = Rest.nothing;
        if (load<u8>(at, Decoded.carries)) {
          if (announce(at, pc, element, value, c, level, ctx)) rest = Rest.told;
        } else kickWaiters(element);
        pc = executed(pc);
        break;
      }
      case Quick.lock: {
        const element = elementOf(at, flags, ctx, c);
        const shift = <u32>load<u8>(at, Decoded.shift);
        const held = <u32>load<u8>(ctx, Ctx.held);
        const free = element != 0 && held != HELD && c < load<u32>(at, Decoded.most) && valueAt(element, shift) == 0;
        if (!free) return handOver(ctx, pc, rest);
        storeValue(element, shift, c + 1);
        store<u8>(ctx, held + 1, Ctx.held);
        pc = executed(pc);
        if (rest == Rest.all) rest = Rest.nothing;
        break;
      }
      case Quick.unlock: {
        const element = elementOf(at, flags, ctx, c);
        if (element == 0) return handOver(ctx, pc, rest);
        storeValue(element, load<u8>(at, Decoded.shift), 0);
        const held = <u32>load<u8>(ctx, Ctx.held);
        store<u8>(ctx, held == 0 ? 0 : held - 1, Ctx.held);
        kickWaiters(element);
        pc = executed(pc);
        if (rest == Rest.all) rest = Rest.nothing;
        break;
      }
      case Quick.end:
        raiseFault(Fault.opcode, pc);
        return Rest.fault;
      default:
        return handOver(ctx, pc, rest);
    }
  }
  raiseFault(Fault.runaway, pc);
  return Rest.fault;
}
