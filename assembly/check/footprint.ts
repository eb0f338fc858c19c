/**
 * The footprint of the step an actor takes next, its guard included: one table for instructions, one for messages, one for
 * the rest. The private instructions behind an observable one touch only the context, which belongs to the CPU's core.
 *
 * A step that cannot be executed has the footprint of its guard: what has to change before it can.
 */
import { Flight, Part, Thing } from '../state/abi/resources';
import { InsnFlag, LapicReg, Level, NONE, Op, Operand } from '../state/abi/instructions';
import { Assumption, DeviceKind, OperationSetup, SourceSetup } from '../state/abi/tables';
import { Cpu, CpuFlag, Ctx, Msg, MsgKind, RunState, Src } from '../state/abi/fields';
import {
  assumes,
  codeAt,
  cpuAt,
  cpuOfApicId,
  ctxAt,
  interruptsOn,
  isActive,
  msgAt,
  operationSetup,
  sourceSetup,
  srcAt,
} from '../state/access';
import { nCpus, nDevices, nInstructions, nMessages } from '../state/layout';
import { current, enabled, insideAccess, markOf, mayInterrupt } from '../cpu/schedule';
import { operand, operandA, operandB, operandC } from '../cpu/operands';
import * as decode from '../message/decode';
import {
  addExecuted,
  allOrigins,
  fillAll,
  flightBit,
  readsWord,
  SIZE,
  SOMEONE,
  touchCpu,
  touchCpus,
  touchMasks,
  touchOne,
  touchThing,
  touchVariable,
  writesWord,
} from './resources';


@inline export function allCpus(): u32 {
  return (1 << nCpus) - 1;
}

/** An index operand: its value now, or any. Without one, element 0. */
function index(ctx: usize, c: u32, which: u32): u32 {
  if (ctx != 0) return operand(ctx, c, which, 0);
  return which < 8 || which == Operand.self ? SOMEONE : 0;
}

/** A mask operand of an instruction: by reference, or in its slot. */
function touchMaskOperand(at: usize, pc: u32, i: u32, reads: bool, writes: bool): void {
  const insn = codeAt(pc);
  if (load<u32>(insn, 12) & InsnFlag.byRef) touchMasks(at, reads, writes);
  else touchVariable(at, load<u32>(insn, 8) & 0xffff, i, reads, writes);
}

function touchMarks(at: usize): void {
  touchThing(at, Thing.pool, true, true);
}

/** What a config access or mdelay that has taken effect waits for: the messages that it marked. */
function touchAwaited(at: usize, c: u32, level: u32, toRoot: bool): void {
  const bit = markOf(c, level);
  touchThing(at, Thing.pool, true, false);
  for (let m: u32 = 0; m < nMessages; m++) {
    const message = msgAt(m);
    if ((load<u64>(message, Msg.marks) & bit) == 0) continue;
    const origin = <u32>load<u16>(message, Msg.origin);
    readsWord(at, 2, flightBit(Flight.landed, origin));
    if (toRoot) readsWord(at, 2, flightBit(Flight.rooted, origin));
  }
}

function declareLapic(at: usize, op: u32, reg: u32, c: u32): void {
  if (op == Op.irrBit) {
    touchCpu(at, Part.irr, c, true, false);
    return;
  }
  if (op == Op.lapicRead) {
    touchCpu(at, Part.irr, c, true, true);
    touchCpu(at, Part.svr, c, true, false);
    touchCpu(at, Part.lapic, c, true, false);
    return;
  }
  if (reg == LapicReg.svr) {
    touchCpu(at, Part.svr, c, false, true);
    return;
  }
  touchCpu(at, Part.lapic, c, true, true);
  // ESR, and what an illegal register address leaves there
  if (reg != LapicReg.eoi && reg != LapicReg.tpr) touchCpu(at, Part.irr, c, true, true);
}

/**
 * The table of instructions: what one reads and writes besides the core of the CPU that executes it. `c`, `ctx`: who
 * executes, with the indexes as they are now; SOMEONE and 0: anybody, any element.
 */
export function declareInstruction(at: usize, pc: u32, c: u32, ctx: usize): void {
  const insn = codeAt(pc);
  const w0 = load<u32>(insn);
  const op = w0 & 0xff;
  const imm = load<u32>(insn, 4);
  const slot = load<u32>(insn, 8) & 0xffff;
  const slot2 = load<u32>(insn, 8) >> 16;
  const b = operandB(w0);
  touchCpu(at, Part.core, c, true, true);
  switch (op) {
    case Op.load:
    case Op.waitEq:
    case Op.waitNe:
    case Op.maskFirstFree:
    case Op.scan:
      touchVariable(at, slot, index(ctx, c, b), true, false);
      break;
    case Op.store:
      touchVariable(at, slot, index(ctx, c, b), false, true);
      break;
    case Op.fetchAdd:
    case Op.lock:
    case Op.unlock:
      touchVariable(at, slot, index(ctx, c, b), true, true);
      break;
    case Op.maskSet:
    case Op.maskClear:
      touchMaskOperand(at, pc, index(ctx, c, b), true, true);
      break;
    case Op.maskTest:
      touchMaskOperand(at, pc, index(ctx, c, b), true, false);
      break;
    case Op.maskCopy:
      touchMaskOperand(at, pc, index(ctx, c, b), true, false);
      touchMasks(at, true, true);
      if (load<u32>(insn, 12) & InsnFlag.and) touchVariable(at, slot2, index(ctx, c, operandC(w0)), true, false);
      break;
    case Op.maskMost:
    case Op.maskLeast:
      touchVariable(at, imm, SOMEONE, true, false);
    // falls through
    case Op.maskFirst:
    case Op.maskCount:
      touchMaskOperand(at, pc, index(ctx, c, b), true, false);
      if (slot2 != NONE) touchVariable(at, slot2, 0, true, false);
      break;
    case Op.listPush:
    case Op.listRemove:
      touchVariable(at, slot, index(ctx, c, b), true, true);
      touchVariable(at, slot2, op == Op.listPush ? index(ctx, c, operandC(w0)) : SOMEONE, true, true);
      break;
    case Op.wake:
      if (ctx != 0) touchCpu(at, Part.core, min(operand(ctx, c, b, 0), nCpus - 1), true, true);
      else touchCpus(at, Part.core, allCpus(), true, true);
      break;
    case Op.delay:
      touchMarks(at);
      if (assumes(Assumption.deliveryWithinMdelay)) readsWord(at, 2, allOrigins(Flight.tail));
      break;
    case Op.cfgRead:
    case Op.cfgWrite: {
      const device = index(ctx, c, b);
      touchMarks(at);
      const from: u32 = device == SOMEONE ? 0 : device;
      const to: u32 = device == SOMEONE ? nDevices : min(device + 1, nDevices);
      for (let d = from; d < to; d++) {
        touchOne(at, Thing.device, d, true, op == Op.cfgWrite);
        if (assumes(Assumption.pushToRoot)) readsWord(at, 2, flightBit(Flight.tail, d));
      }
      break;
    }
    case Op.irrBit:
    case Op.lapicRead:
    case Op.lapicWrite:
      declareLapic(at, op, imm, c);
      break;
    case Op.ipi:
      // an illegal vector is logged
      if (ctx == 0 || (operand(ctx, c, b, imm) & 0xff) < 16) touchCpu(at, Part.irr, c, true, true);
    // falls through
    case Op.ipiInit:
    case Op.ipiSipi:
      touchThing(at, Thing.pool, true, true);
      if (c == SOMEONE) touchThing(at, Thing.selfTail, false, true);
      else writesWord(at, 2, flightBit(Flight.tail, nDevices + c));
      break;
    case Op.serve: {
      const which = operandA(w0);
      if (ctx != 0) touchOne(at, Thing.owed, operand(ctx, c, which, imm), true, true);
      else writesWord(at, 1, (<u64>0xffff) << Thing.owed);
      if (ctx == 0) readsWord(at, 1, (<u64>0xffff) << Thing.owed);
      touchThing(at, Thing.probe, true, false);
      break;
    }
    case Op.opEnd:
      touchThing(at, Thing.operations, false, true);
      break;
  }
}

/** What decides whether the context may execute its instruction, which it may not. */
function declareGuard(at: usize, pc: u32, c: u32, level: u32, ctx: usize): void {
  const insn = codeAt(pc);
  const w0 = load<u32>(insn);
  switch (w0 & 0xff) {
    case Op.lock:
    case Op.waitEq:
    case Op.waitNe:
      touchVariable(at, load<u32>(insn, 8) & 0xffff, index(ctx, c, operandB(w0)), true, false);
      break;
    case Op.wake:
      touchCpu(at, Part.core, min(operand(ctx, c, operandB(w0), 0), nCpus - 1), true, false);
      break;
    case Op.cfgRead:
    case Op.cfgWrite:
      touchAwaited(at, c, level, !assumes(Assumption.pushToIrr));
      break;
    case Op.delay:
      touchAwaited(at, c, level, false);
      break;
    default:
      // only room in the pool is left
      touchThing(at, Thing.pool, true, false);
  }
}

/** The instruction in front of which a context stands; `blocks`: footprints of atomic blocks. */
function declareStep(at: usize, c: u32, level: u32, blocks: usize): void {
  const ctx = ctxAt(c, level);
  const pc = <u32>load<u16>(ctx, Ctx.pc);
  if (pc >= nInstructions) {
    fillAll(at);
  } else if (!enabled(c, level)) {
    declareGuard(at, pc, c, level, ctx);
  } else if (load<u8>(ctx, Ctx.phase)) {
    // it completes; nobody can take that away, for messages sent since are not marked
    touchCpu(at, Part.core, c, true, true);
    touchMarks(at);
  } else if (load<u32>(codeAt(pc), 12) & InsnFlag.joined) {
    addExecuted(at, blocks + <usize>pc * SIZE, 1 << c);
  } else {
    declareInstruction(at, pc, c, ctx);
  }
}

/** CPU c: its next micro-op, and the interrupt that it may take instead. */
export function declareCpu(at: usize, c: u32, blocks: usize): void {
  touchCpu(at, Part.core, c, true, false);
  const flags = load<u8>(cpuAt(c), Cpu.flags);
  if (load<u8>(cpuAt(c), Cpu.run) != RunState.running) return;
  if (flags & CpuFlag.shadow) {
    // who has the CPU depends on whether the thread is blocked: rare, so anything
    fillAll(at);
    return;
  }
  const level = current(c);
  const interrupt = mayInterrupt(c, level);
  if (interrupt) {
    touchCpu(at, Part.core, c, true, true);
    touchCpu(at, Part.irr, c, true, true);
    touchCpu(at, Part.lapic, c, true, true);
  }
  // an arrival may come before the micro-op, or let the CPU go on that has nothing else to do
  if (interruptsOn(c) && !isActive(c, Level.hardirq) && !insideAccess(c, level)) {
    touchCpu(at, Part.irr, c, true, false);
    touchCpu(at, Part.svr, c, true, false);
    touchCpu(at, Part.lapic, c, true, false);
  }
  if (level >= 0 && !(interrupt && assumes(Assumption.promptRecognition))) declareStep(at, c, level, blocks);
}

/** CPUs that a message is for, as a mask; more where that depends on what they have been told. */
export function targetsOf(m: u32): u32 {
  const at = msgAt(m);
  const address = load<u32>(at, Msg.address);
  let c = -1;
  if (load<u8>(at, Msg.kind) == MsgKind.ipi) c = cpuOfApicId(address);
  else if (decode.isLogical(address) || decode.destinationOf(address) == 0xff) return allCpus();
  else c = cpuOfApicId(decode.destinationOf(address));
  return c < 0 ? 0 : 1 << c;
}

export const INIT: u32 = 5;
export const STARTUP: u32 = 6;

/** The arrival of a message. */
export function declareArrival(at: usize, m: u32): void {
  const message = msgAt(m);
  const data = load<u32>(message, Msg.data);
  const targets = targetsOf(m);
  const mode = decode.deliveryModeOf(data);
  touchThing(at, Thing.pool, true, true);
  if (mode == INIT || mode == STARTUP) {
    touchCpus(at, Part.core, targets, true, true);
    if (mode == STARTUP) return;
    touchCpus(at, Part.irr, targets, true, true);
    touchCpus(at, Part.svr, targets, true, true);
    touchCpus(at, Part.lapic, targets, true, true);
    return;
  }
  touchCpus(at, Part.svr, targets, true, false);
  // an edge clears TMR, a level sets it: edges commute among themselves
  touchCpus(at, Part.irr, targets, decode.isLevel(data), true);
  if (targets & (targets - 1)) touchCpus(at, Part.lapic, targets, true, false);
}

/** Message m: its next stage, or what blocks it. */
export function declareMessage(at: usize, m: u32, blocked: bool): void {
  const message = msgAt(m);
  const origin = <u32>load<u16>(message, Msg.origin);
  const first = load<u8>(message, Msg.kind) == MsgKind.msi && load<u8>(message, Msg.stage) == 0;
  touchThing(at, Thing.pool, true, true);
  if (blocked) {
    readsWord(at, 2, flightBit(first ? Flight.rooted : Flight.landed, origin));
  } else if (first) {
    writesWord(at, 2, flightBit(Flight.rooted, origin));
  } else {
    writesWord(at, 2, flightBit(Flight.landed, origin));
    declareArrival(at, m);
  }
}

/** Source s: it raises, samples or sends. */
export function declareSource(at: usize, s: u32): void {
  const src = srcAt(s);
  const device = sourceSetup(s, SourceSetup.device);
  touchThing(at, Thing.probe, true, false);
  touchThing(at, Thing.pool, true, false);
  touchOne(at, Thing.condition, s, true, false);
  if (load<u8>(src, Src.condition) | load<u8>(src, Src.held)) {
    touchOne(at, Thing.condition, s, true, true);
    touchOne(at, Thing.device, device, true, false);
    writesWord(at, 2, flightBit(Flight.tail, device));
    touchThing(at, Thing.pool, true, true);
  } else if (load<u32>(src, Src.left) != 0) {
    const handshake = sourceSetup(s, SourceSetup.kind) == DeviceKind.handshake;
    const may = !handshake || !load<u8>(src, Src.owed);
    touchOne(at, Thing.owed, s, handshake, may);
    touchOne(at, Thing.condition, s, true, may);
  }
}

/** Operation o: it begins. */
export function declareOperation(at: usize, o: u32, enabled: bool): void {
  touchThing(at, Thing.probe, true, false);
  touchThing(at, Thing.operations, true, enabled);
  touchCpu(at, Part.core, operationSetup(o, OperationSetup.cpu), true, enabled);
}
