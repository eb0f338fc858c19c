/**
 * The footprint of an instruction, its guard included: one table. The private instructions behind an observable one touch only
 * the context, which belongs to the CPU's core, or is one of its tasks: that is for who knows which (next.ts).
 */
import { InsnFlag, LapicReg, MmioReg, MsiReg, NONE, Op, Operand, VarFlag, VarWord } from '../state/abi/instructions';
import { Assumption, SourceSetup } from '../state/abi/tables';
import { Msg } from '../state/abi/fields';
import { Flight, Part, Thing } from '../state/abi/resources';
import { assumes, codeAt, isAmd, msgAt, slotAt, sourceSetup } from '../state/access';
import { nAccessed, nAmds, nCpus, nDevices, nFunctions, nIoapics, nIommus, nMessages, nSources, nVariables } from '../state/layout';
import { isChipset, originOfAccesses } from '../fabric/function';
import { markOf } from '../cpu/schedule';
import { operand, operandA, operandB, operandC } from '../cpu/operands';
import {
  allCpus,
  allOrigins,
  flightBit,
  readsWord,
  SOMEONE,
  touchCpu,
  touchCpus,
  touchMasks,
  touchOne,
  touchTables,
  touchThing,
  touchVariable,
  writesWord,
} from './resources';
import { touchStored } from './lines';
import { declareOwn } from './units';

/** An index operand: its value now, or any. Without one, element 0. */
export function index(ctx: usize, c: u32, which: u32): u32 {
  if (ctx != 0) return operand(ctx, c, which, 0);
  return which < 8 || which == Operand.self ? SOMEONE : 0;
}

/** A mask operand of an instruction: by reference, or in its slot. */
function touchMaskOperand(at: usize, pc: u32, i: u32, reads: bool, writes: bool): void {
  const insn = codeAt(pc);
  if (load<u32>(insn, 12) & InsnFlag.byRef) touchMasks(at, reads, writes);
  else touchVariable(at, load<u32>(insn, 8) & 0xffff, i, reads, writes);
}

export function touchMarks(at: usize): void {
  touchThing(at, Thing.pool, true, true);
}

/** What a config access or mdelay that has taken effect waits for: the messages that it marked. */
export function touchAwaited(at: usize, c: u32, level: u32, toRoot: bool): void {
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
  if (op == Op.irrBit || op == Op.tmrBit) {
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
  if (reg == LapicReg.eoi && nIoapics != 0) {
    // the trigger mode tells whether it is broadcast; where there is no room, at once
    touchCpu(at, Part.irr, c, true, false);
    touchCpu(at, Part.svr, c, true, false);
    touchThing(at, Thing.pins, true, true);
    touchThing(at, Thing.pool, true, true);
    if (c == SOMEONE) touchThing(at, Thing.selfTail, false, true);
    else writesWord(at, 2, flightBit(Flight.tail, nDevices + c));
  }
  // ESR, and what an illegal register address leaves there
  if (reg != LapicReg.eoi && reg != LapicReg.tpr) touchCpu(at, Part.irr, c, true, true);
}

/** What a read of an entry waits for before it takes effect: EOIs of CPU c on their way. */
export function touchOwnEois(at: usize, c: u32): void {
  touchThing(at, Thing.pool, true, false);
  readsWord(at, 2, c == SOMEONE ? allOrigins(Flight.landed) : flightBit(Flight.landed, nDevices + c));
}

/** What an access that is not posted waits for before it takes effect: writes on their way to function f. */
export function touchReached(at: usize, f: u32): void {
  if (f >= nAccessed) return;
  touchThing(at, Thing.pool, true, false);
  readsWord(at, 2, flightBit(Flight.tail, originOfAccesses(f)) | flightBit(Flight.landed, originOfAccesses(f)));
}

/** The timers of the CPU that an operand names, or of any; what it finds there, or makes of them. */
function touchOwner(at: usize, c: u32, ctx: usize, which: u32, reads: bool): void {
  if (ctx != 0) touchCpu(at, Part.timers, min(operand(ctx, c, which, 0), nCpus - 1), reads, !reads);
  else touchCpus(at, Part.timers, allCpus(), reads, !reads);
}

/** An access to register `reg` of device `d`, or of any: d = SOMEONE. */
function declareAccess(at: usize, op: u32, reg: u32, d: u32): void {
  touchMarks(at);
  const from: u32 = d == SOMEONE ? 0 : d;
  const to: u32 = d == SOMEONE ? nFunctions : min(d + 1, nFunctions);
  for (let f = from; f < to; f++) {
    if (op == Op.mmioWrite) {
      if (isChipset(f)) touchOne(at, Thing.device, f, true, true);
      else if (f < nAccessed) writesWord(at, 2, flightBit(Flight.tail, originOfAccesses(f)));
      continue;
    }
    touchReached(at, f);
    touchOne(at, Thing.device, f, true, op == Op.cfgWrite);
    if (assumes(Assumption.pushToRoot)) readsWord(at, 2, flightBit(Flight.tail, f));
    const pending = op == Op.mmioRead ? reg == MmioReg.pending : op == Op.cfgRead && reg == MsiReg.pending;
    for (let s: u32 = 0; pending && s < nSources; s++) {
      if (sourceSetup(s, SourceSetup.device) == f) touchOne(at, Thing.condition, s, true, false);
    }
  }
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
      touchStored(at, slot, index(ctx, c, b));
      break;
    case Op.fetchAdd:
      touchVariable(at, slot, index(ctx, c, b), true, true);
      touchStored(at, slot, index(ctx, c, b));
      break;
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
      touchThing(at, Thing.begins, false, true);
      if (ctx != 0) touchCpu(at, Part.tasks, min(operand(ctx, c, b, 0), nCpus - 1), true, true);
      else touchCpus(at, Part.tasks, allCpus(), true, true);
      break;
    case Op.delay:
      touchMarks(at);
      if (assumes(Assumption.deliveryWithinMdelay)) readsWord(at, 2, allOrigins(Flight.tail));
      break;
    case Op.cfgRead:
    case Op.cfgWrite:
    case Op.mmioRead:
    case Op.mmioWrite:
      declareAccess(at, op, imm, index(ctx, c, b));
      break;
    case Op.irrBit:
    case Op.tmrBit:
    case Op.lapicRead:
    case Op.lapicWrite:
      if ((load<u32>(insn, 12) & InsnFlag.untold) == 0) declareLapic(at, op, imm, c);
      break;
    case Op.ipi:
      // an illegal vector is logged
      if (ctx == 0 || (operand(ctx, c, b, imm) & 0xff) < 16) touchCpu(at, Part.irr, c, true, true);
    // falls through
    case Op.ipiInit:
    case Op.ipiSipi:
      touchThing(at, Thing.pool, true, true);
      touchThing(at, Thing.begins, false, true);
      if (c == SOMEONE) touchThing(at, Thing.selfTail, false, true);
      else writesWord(at, 2, flightBit(Flight.tail, nDevices + c));
      break;
    case Op.storePair:
      touchVariable(at, slot, index(ctx, c, b), true, true);
      touchStored(at, slot, index(ctx, c, b));
      break;
    case Op.storeRow:
      touchVariable(at, slot, index(ctx, c, b), true, true);
      touchVariable(at, slot2, index(ctx, c, operandC(w0)), true, false);
      touchStored(at, slot, index(ctx, c, b));
      break;
    case Op.exchange:
    case Op.bitSet:
    case Op.bitClear:
    case Op.controlSet:
      touchVariable(at, slot, index(ctx, c, b), true, true);
      touchStored(at, slot, index(ctx, c, b));
      break;
    case Op.unitRead:
      touchThing(at, Thing.queues, true, false);
      break;
    case Op.unitWrite:
      // what an AMD unit has not told yet may be due now
      for (let u: u32 = 0; u < nIommus; u++) {
        if (isAmd(u)) declareOwn(at, u);
      }
    // falls through
    case Op.queuePut:
    case Op.queueTail:
      touchThing(at, Thing.queues, true, true);
      break;
    case Op.pinRead:
      touchOwnEois(at, c);
      touchMarks(at);
    // falls through
    case Op.pinWait:
      touchThing(at, Thing.pins, true, false);
      break;
    case Op.pinWrite:
    case Op.pinEoi:
      touchThing(at, Thing.pins, true, true);
      break;
    case Op.serve: {
      if (nIoapics != 0) {
        // its line is released
        touchThing(at, Thing.pins, true, true);
        for (let s: u32 = 0; s < nSources; s++) touchOne(at, Thing.condition, s, true, true);
      }
      const which = operandA(w0);
      if (ctx != 0) touchOne(at, Thing.owed, operand(ctx, c, which, imm), true, true);
      else writesWord(at, 1, (<u64>0xffff) << Thing.owed);
      if (ctx == 0) readsWord(at, 1, (<u64>0xffff) << Thing.owed);
      touchThing(at, Thing.probe, true, false);
      break;
    }
    case Op.timerArm:
      touchThing(at, Thing.begins, false, true);
    // falls through
    case Op.timerCancel:
      touchOwner(at, c, ctx, b, false);
      break;
    case Op.timerArmed:
      touchOwner(at, c, ctx, b, true);
      break;
    case Op.hush: {
      if (nIoapics != 0) touchThing(at, Thing.pins, true, true);
      const s = operandA(w0);
      for (let i: u32 = 0; i < 16; i++) {
        if (ctx != 0 && i != (operand(ctx, c, s, imm) & 15)) continue;
        touchOne(at, Thing.owed, i, false, true);
        touchOne(at, Thing.condition, i, false, true);
      }
      break;
    }
    case Op.opEnd:
      touchThing(at, Thing.operations, false, true);
      break;
  }
}
