/** Instructions on hardware, and what a model tells the checker. */
import { InsnFlag, LapicReg, NONE, Op } from '../state/abi/instructions';
import { Counter, Event, Fault, Note, Property } from '../state/abi/outcomes';
import { Assumption, Told } from '../state/abi/tables';
import { Cpu, Ctx, Glob, MsgKind, Src } from '../state/abi/fields';
import { assumes, cpuAt, ctxTimedAt, messagesSent, now, srcAt, timed, toldAt } from '../state/access';
import { sourceChanged } from '../state/changed';
import { endedBase, globBase, nDevices, nIoapics, nOperations, nOrigins, nSources, opBase } from '../state/layout';
import { reviewSources } from '../fabric/emit';
import { isChipset, readMemory, writeMemory } from '../fabric/function';
import { hasRoom, launch, markMessages, schedule, unmarkMessages } from '../fabric/flight';
import { carryOut } from '../fabric/effects';
import { ioapicRead, ioapicWrite, originOfPins, releaseLine, retireAt } from '../fabric/ioapic';
import { IoapicReg } from '../ioapic/registers';
import { refuseIpi } from '../lapic/icr';
import { readLapic, writeLapic } from '../lapic/registers';
import { bitIn } from '../lapic/priority';
import { readRegister, writeRegister } from '../pci/config';
import { count, countNote, histogramAdd } from '../record/counters';
import { record } from '../record/ring';
import { holds, tagClear, tagCopy, tagsOfContext, tagsOfIrr, tagsOfMessage, tagsOn, tagsSeen } from '../record/tags';
import { raiseFault, violate, violateProgress } from '../record/violations';
import { atomicOp } from './atomics';
import { inspect } from './inspect';
import { endInjected } from './injected';
import { operand, operandA, operandB, operandC, setReg } from './operands';
import { remapOp } from './remap';
import { markOf } from './schedule';
import { timerOp } from './timers';

/** ICR of INIT and SIPI: delivery mode, level asserted (hardware.md A.6). */
const ICR_INIT: u32 = 0x4500;
const ICR_STARTUP: u32 = 0x4600;

/** What a timed run has to arm behind the step: the source whose handler it entered, or -1, and whether an operation ended. */
export let servedSource: i32 = -1;
export let operationEnded: bool = false;

export function clearOutcome(): void {
  servedSource = -1;
  operationEnded = false;
}

function sendIpi(c: u32, level: u32, apicId: u32, icr: u32, pc: u32): void {
  // a fixed IPI with an illegal vector is not put on the fabric (A.10)
  if (icr < 16) {
    refuseIpi(c, icr);
    carryOut(c);
    return;
  }
  // the first instruction of an atomic block is the one that was asked for room
  if (!hasRoom()) {
    raiseFault(Fault.pool, pc);
    return;
  }
  const m = launch(MsgKind.ipi, nDevices + c, 0, apicId, icr);
  count(Counter.ipis);
  record(Event.ipi, c, apicId, icr);
  if (tagsOn()) tagCopy(tagsOfMessage(m), tagsSeen(c, level));
  if (timed()) schedule(m);
}

/** The driver's handler of source s is entered: what it owed is paid. */
export function serve(s: u32, c: u32, level: u32, pc: u32): void {
  if (s >= nSources) {
    raiseFault(Fault.index, pc);
    return;
  }
  const at = srcAt(s);
  const latency = now() - load<u64>(toldAt(s), Told.raised);
  if (load<u8>(at, Src.owed)) {
    if (timed()) histogramAdd(latency);
  } else {
    count(Counter.duplicates);
    violate(Property.noDuplicate);
  }
  if (tagsOn()) {
    const carried = tagsOfContext(c, level);
    if (load<u32>(carried) != 0 && !holds(carried, s)) {
      countNote(Note.foreign);
      record(Event.note, s, Note.foreign, c);
    }
  }
  sourceChanged(s);
  store<u8>(at, 0, Src.owed);
  releaseLine(s);
  // what the probe raises says nothing about the scenario
  if (load<u8>(globBase, Glob.probe) == 0) store<u8>(toldAt(s), 1, Told.served);
  servedSource = s;
  count(Counter.served);
  record(Event.serve, s, <u32>latency, c);
}

/** Whose messages the completion of an access pushes: those of the function, or of the IOAPIC; none exists: a number that no sender has. */
function senderOf(op: u32, device: u32): u32 {
  if (op == Op.pinRead) return device < nIoapics ? originOfPins(device) : nOrigins + 1;
  return device < nDevices ? device : nOrigins + 1;
}

/**
 * An access to a device that is not posted takes effect in one step and completes in another (design 4); only the completion waits
 * for what it pushes. False: it has taken effect, the context stays at the instruction.
 */
export function deviceAccess(op: u32, c: u32, level: u32, ctx: usize, insn: usize, pc: u32, judging: bool): bool {
  const w0 = load<u32>(insn);
  const register = load<u32>(insn, 4);
  const a = operandA(w0);
  const device = operand(ctx, c, operandB(w0), 0);
  if (load<u8>(ctx, Ctx.phase)) {
    if (!timed()) unmarkMessages(markOf(c, level));
    store<u8>(ctx, 0, Ctx.phase);
    record(Event.complete, c, pc, op == Op.pinRead ? NONE : device);
    return true;
  }
  if (op == Op.pinRead) {
    setReg(ctx, a, ioapicRead(device, entryHalf(operand(ctx, c, operandC(w0), 0), register)));
  } else if (op == Op.cfgRead) {
    setReg(ctx, a, readRegister(device, register));
  } else if (op == Op.mmioRead) {
    setReg(ctx, a, readMemory(device, operand(ctx, c, operandC(w0), 0), register));
  } else {
    const value = operand(ctx, c, a, 0);
    writeRegister(device, register, value);
    reviewSources(device);
    record(Event.cfg, device, register, value);
  }
  if (judging) return true;
  if (timed()) {
    store<u64>(ctxTimedAt(c, level), senderOf(op, device));
    store<u64>(ctxTimedAt(c, level), messagesSent(), 8);
  }
  if (!timed() && assumes(Assumption.pushToRoot)) markMessages(senderOf(op, device), markOf(c, level));
  store<u8>(ctx, 1, Ctx.phase);
  return false;
}

/** An mdelay begins: everything in flight now is marked. Or it ends. False: it has begun. */
export function delay(c: u32, level: u32, ctx: usize, pc: u32): bool {
  if (load<u8>(ctx, Ctx.phase) == 0) {
    if (!timed() && assumes(Assumption.deliveryWithinMdelay)) markMessages(nOrigins, markOf(c, level));
    store<u8>(ctx, 1, Ctx.phase);
    return false;
  }
  if (!timed()) unmarkMessages(markOf(c, level));
  store<u8>(ctx, 0, Ctx.phase);
  record(Event.complete, c, pc, NONE);
  return true;
}

/** Reads one bit of the own IRR; an IPI sent behind it stands for the events it saw. */
function irrBit(c: u32, level: u32, v: u32): u32 {
  const set = bitIn(cpuAt(c) + Cpu.irr, v);
  if (tagsOn()) {
    const seen = tagsSeen(c, level);
    tagClear(seen);
    if (set) tagCopy(seen, tagsOfIrr(c, v));
  }
  return set ? 1 : 0;
}

/** INIT level de-assert: an IPI that is none (hardware.md A.6.1). */
const ICR_DEASSERT: u32 = 0x8500;

/** A check knows no clock, of the messages that a step sends only those of `ipi`, and no vector that comes of an error. */
function isOutOfBounds(r: u32, value: u32, visible: bool): bool {
  if (r == LapicReg.icr) return value != ICR_DEASSERT;
  return r == LapicReg.initialCount || (r == LapicReg.lvtError && visible);
}

function lapicWrite(c: u32, offset: u32, value: u32, pc: u32, flags: u32): void {
  const r = offset & ~15;
  // the same SIPI once more starts the CPU in place of the first one or finds it running (A.6.2): no message is needed for that
  if (r == LapicReg.icr && value == ICR_STARTUP && (flags & InsnFlag.visible) == 0) return;
  if (!timed() && isOutOfBounds(r, value, (flags & InsnFlag.visible) != 0)) {
    raiseFault(Fault.opcode, pc);
    return;
  }
  writeLapic(c, offset, value);
  carryOut(c);
}

/** An access that a check has no use for. */
@inline function passesOver(insn: usize): bool {
  return !timed() && (load<u32>(insn, 12) & InsnFlag.untold) != 0;
}

function endOperation(o: u32, c: u32): void {
  operationEnded = true;
  if (o >= nOperations) {
    endInjected(o - nOperations, c);
    return;
  }
  store<u8>(opBase + o, 2);
  store<u8>(endedBase + o, 1);
  record(Event.opEnd, o, c, 0);
}

/** Index of a half of the entry of a pin (hardware.md B.1). */
function entryHalf(pin: u32, half: u32): u32 {
  return <u32>IoapicReg.entries + ((pin & 0xff) << 1) + (half & 1);
}

function hush(s: u32, pc: u32): void {
  if (s >= nSources) {
    raiseFault(Fault.index, pc);
    return;
  }
  sourceChanged(s);
  store<u8>(srcAt(s), 0, Src.owed);
  store<u8>(srcAt(s), 0, Src.condition);
  releaseLine(s);
}

/** Executes one; returns the value to show. */
export function hardwareOp(op: u32, c: u32, level: u32, ctx: usize, insn: usize, pc: u32): u32 {
  const w0 = load<u32>(insn);
  const imm = load<u32>(insn, 4);
  const a = operandA(w0);
  const value = operand(ctx, c, a, imm);
  const b = operand(ctx, c, operandB(w0), imm);
  let shown = value;
  switch (op) {
    case Op.irrBit:
      shown = irrBit(c, level, b & 0xff);
      setReg(ctx, a, shown);
      break;
    case Op.tmrBit:
      shown = bitIn(cpuAt(c) + Cpu.tmr, b & 0xff) ? 1 : 0;
      setReg(ctx, a, shown);
      break;
    case Op.lapicWrite:
      if (!passesOver(insn)) lapicWrite(c, imm, value, pc, load<u32>(insn, 12));
      break;
    case Op.lapicRead:
      if (passesOver(insn)) break;
      shown = readLapic(c, imm);
      carryOut(c);
      setReg(ctx, a, shown);
      break;
    case Op.mmioWrite:
      // the first instruction of an atomic block is the one that was asked for room
      if (!hasRoom() && !isChipset(b)) raiseFault(Fault.pool, pc);
      else writeMemory(b, operand(ctx, c, operandC(w0), 0), imm, value);
      break;
    case Op.pinWrite:
      ioapicWrite(b, entryHalf(operand(ctx, c, operandC(w0), 0), imm), value);
      break;
    case Op.pinEoi:
      if (b < nIoapics) retireAt(b, value & 0xff);
      break;
    // it was enabled, and that was all
    case Op.pinWait:
      break;
    case Op.ipi:
      shown = b & 0xff;
      sendIpi(c, level, value, shown, pc);
      break;
    case Op.ipiInit:
      sendIpi(c, level, value, ICR_INIT, pc);
      break;
    case Op.ipiSipi:
      sendIpi(c, level, value, ICR_STARTUP, pc);
      break;
    case Op.serve:
      serve(value, c, level, pc);
      break;
    case Op.flag:
      shown = operand(ctx, c, a, 0);
      violate(imm);
      if (imm == Property.progress) violateProgress(shown);
      record(Event.flag, shown, imm, c);
      if (imm == Property.noStray) count(Counter.strays);
      break;
    case Op.note:
      shown = operand(ctx, c, a, 0);
      if (imm < <u32>Note.count) countNote(imm);
      record(Event.note, shown, imm, c);
      break;
    case Op.opEnd:
      endOperation(value, c);
      break;
    case Op.storePair:
    case Op.storeRow:
    case Op.queuePut:
    case Op.queueTail:
    case Op.unitRead:
    case Op.unitWrite:
      shown = remapOp(op, c, ctx, insn, pc);
      break;
    case Op.exchange:
    case Op.bitSet:
    case Op.bitClear:
    case Op.controlSet:
      shown = atomicOp(op, c, level, ctx, insn, pc);
      break;
    case Op.hush:
      hush(value, pc);
      break;
    case Op.timerArm:
    case Op.timerCancel:
    case Op.timerArmed:
      shown = timerOp(op, c, ctx, insn, pc);
      break;
    case Op.inspect:
      shown = inspect(imm, operand(ctx, c, operandB(w0), 0), operand(ctx, c, operandC(w0), 0));
      setReg(ctx, a, shown);
      break;
    default:
      raiseFault(Fault.opcode, pc);
  }
  return shown;
}
