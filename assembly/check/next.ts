/**
 * The footprint of the step an actor takes next, its guard included. A step that cannot be executed has the footprint of its
 * guard: what has to change before it can.
 */
import { InsnFlag, Level, Op } from '../state/abi/instructions';
import { Assumption, DeviceKind, OperationSetup, Settings, SourceSetup } from '../state/abi/tables';
import { Cpu, CpuFlag, Ctx, Msg, MsgKind, RunState, Src } from '../state/abi/fields';
import { Remap, RemapFlag } from '../state/abi/iommu';
import { Flight, Part, Thing } from '../state/abi/resources';
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
  remapAt,
  setting,
  sourceSetup,
  srcAt,
} from '../state/access';
import { descriptorAt } from '../state/descriptors';
import { nCpus, nInstructions, nIommus, nSources, nTimers } from '../state/layout';
import { isAccess, Stage } from '../fabric/flight';
import { originOfAccesses } from '../fabric/function';
import { onPin, originOfPins } from '../fabric/ioapic';
import { current, enabled, insideAccess, mayInterrupt } from '../cpu/schedule';
import { operand, operandB } from '../cpu/operands';
import { firstTimer, takesTimers } from '../cpu/timers';
import {
  addExecuted,
  allCpus,
  fillAll,
  flightBit,
  readsWord,
  SIZE,
  touchCpu,
  touchCpus,
  touchOne,
  touchPlace,
  touchThing,
  touchVariable,
  writesWord,
} from './resources';
import { declareInstruction, index, touchAwaited, touchMarks, touchOwnEois, touchReached } from './footprint';
import { declareDoorbell, declareTranslation } from './units';
import * as decode from '../message/decode';

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
      touchCpu(at, Part.tasks, min(operand(ctx, c, operandB(w0), 0), nCpus - 1), true, false);
      break;
    case Op.cfgRead:
    case Op.cfgWrite:
    case Op.mmioRead:
      if (load<u8>(ctx, Ctx.phase)) touchAwaited(at, c, level, !assumes(Assumption.pushToIrr));
      else touchReached(at, operand(ctx, c, operandB(w0), 0));
      break;
    case Op.pinRead:
      if (load<u8>(ctx, Ctx.phase)) touchAwaited(at, c, level, !assumes(Assumption.pushToIrr));
      else touchOwnEois(at, c);
      break;
    case Op.pinWait:
      touchThing(at, Thing.pins, true, false);
      break;
    case Op.delay:
      touchAwaited(at, c, level, false);
      break;
    default:
      // only room in the pool is left
      touchThing(at, Thing.pool, true, false);
  }
}

/** The instruction in front of which a context stands, which may be executed; `blocks`: footprints of atomic blocks. */
export function declareEnabled(at: usize, c: u32, level: i32, blocks: usize): void {
  const ctx = ctxAt(c, level);
  const pc = <u32>load<u16>(ctx, Ctx.pc);
  if (level < Level.softirq) touchCpu(at, Part.tasks, c, true, true);
  if (pc >= nInstructions) {
    fillAll(at);
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

/** ... or not. */
function declareStep(at: usize, c: u32, level: i32, blocks: usize): void {
  const ctx = ctxAt(c, level);
  const pc = <u32>load<u16>(ctx, Ctx.pc);
  if (pc < nInstructions && !enabled(c, level)) declareGuard(at, pc, c, level, ctx);
  else declareEnabled(at, c, level, blocks);
}

/** That an interrupt is taken. */
export function declareInterrupt(at: usize, c: u32): void {
  touchCpu(at, Part.core, c, true, true);
  touchCpu(at, Part.irr, c, true, true);
  touchCpu(at, Part.lapic, c, true, true);
}

/** What decides whether the CPU, in a context of this level, takes an interrupt first. */
export function declareRecognition(at: usize, c: u32, level: i32): void {
  touchCpu(at, Part.core, c, true, false);
  // who has the CPU, among its tasks
  if (level < Level.softirq) touchCpu(at, Part.tasks, c, true, false);
  // an arrival may come before the micro-op, or let the CPU go on that has nothing else to do
  if (!interruptsOn(c) || isActive(c, Level.hardirq) || insideAccess(c, level)) return;
  touchCpu(at, Part.irr, c, true, false);
  touchCpu(at, Part.svr, c, true, false);
  touchCpu(at, Part.lapic, c, true, false);
}

/** That a timer of CPU c fires, its CPU being in a context of this level. */
export function declareTimer(at: usize, c: u32, level: i32): void {
  declareRecognition(at, c, level);
  touchCpu(at, Part.core, c, true, true);
  touchCpu(at, Part.timers, c, true, true);
}

/** CPU c: its next micro-op, and the interrupt that it may take, or the timer that may fire, instead. */
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
  if (interrupt) declareInterrupt(at, c);
  declareRecognition(at, c, level);
  if (interrupt && assumes(Assumption.promptRecognition)) return;
  if (nTimers != 0 && takesTimers(c, level)) {
    touchCpu(at, Part.timers, c, true, false);
    if (firstTimer(c) >= 0) declareTimer(at, c, level);
  }
  if (level >= 0) declareStep(at, c, level, blocks);
}

/** CPUs that a message is for, as a mask; more where that depends on what they have been told. */
export function targetsOf(m: u32): u32 {
  const at = msgAt(m);
  const address = load<u32>(at, Msg.address);
  let c = -1;
  const flags = nIommus == 0 ? 0 : <u32>load<u16>(remapAt(m), Remap.flags);
  if (load<u8>(at, Msg.kind) == MsgKind.ipi) c = cpuOfApicId(address);
  else if (flags & RemapFlag.remapped) {
    if (flags & RemapFlag.logical || address == 0xff || address == 0xffffffff) return allCpus();
    c = cpuOfApicId(address);
  } else if (decode.isLogical(address) || decode.destinationOf(address) == 0xff) return allCpus();
  else c = cpuOfApicId(decode.destinationOf(address));
  return c < 0 ? 0 : 1 << c;
}

export const INIT: u32 = 5;
export const STARTUP: u32 = 6;

/** A message that sets a bit of an IRR, and no more. */
export function isInterrupt(m: u32): bool {
  const mode = decode.deliveryModeOf(load<u32>(msgAt(m), Msg.data));
  return mode != INIT && mode != STARTUP;
}

/** The arrival of a message. */
export function declareArrival(at: usize, m: u32): void {
  const message = msgAt(m);
  const data = load<u32>(message, Msg.data);
  touchThing(at, Thing.pool, true, true);
  if (isAccess(m)) {
    touchOne(at, Thing.device, <u32>load<u16>(message, Msg.origin) - originOfAccesses(0), true, true);
    return;
  }
  if (load<u8>(message, Msg.kind) == MsgKind.eoi || load<u16>(message, Msg.pin) != 0) touchThing(at, Thing.pins, true, true);
  if (load<u8>(message, Msg.kind) == MsgKind.eoi) return;
  if (nIommus != 0 && (<u32>load<u16>(remapAt(m), Remap.flags)) & RemapFlag.doorbell) {
    declareDoorbell(at, load<u32>(message, Msg.address));
    return;
  }
  const targets = targetsOf(m);
  const mode = decode.deliveryModeOf(data);
  if (mode == INIT || mode == STARTUP) {
    touchCpus(at, Part.core, targets, true, true);
    touchCpus(at, Part.tasks, targets, true, true);
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

/** What decides whether a pin has something to send, which none has. */
export function declarePinGuard(at: usize): void {
  touchThing(at, Thing.pins, true, false);
  touchThing(at, Thing.pool, true, false);
}

/** A pin of IOAPIC i sends. */
export function declarePin(at: usize, i: u32): void {
  touchThing(at, Thing.pins, true, true);
  touchThing(at, Thing.pool, true, true);
  // of an edge the condition of its source
  for (let s: u32 = 0; s < nSources; s++) {
    if (onPin(s)) touchOne(at, Thing.condition, s, true, true);
  }
  writesWord(at, 2, flightBit(Flight.tail, originOfPins(i)));
}

/** Message m: its next stage, or what blocks it. */
export function declareMessage(at: usize, m: u32, blocked: bool): void {
  const message = msgAt(m);
  const origin = <u32>load<u16>(message, Msg.origin);
  const first = load<u8>(message, Msg.kind) == MsgKind.msi && load<u8>(message, Msg.stage) != Stage.beyondRoot;
  touchThing(at, Thing.pool, true, true);
  if (blocked) {
    readsWord(at, 2, flightBit(first ? Flight.rooted : Flight.landed, origin));
  } else if (first) {
    writesWord(at, 2, flightBit(Flight.rooted, origin));
    if (nIommus != 0) declareTranslation(at, m, origin);
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
  touchVariable(at, setting(Settings.startedSlot), s, true, false);
  if (load<u8>(src, Src.condition) | load<u8>(src, Src.held)) {
    touchOne(at, Thing.condition, s, true, true);
    touchOne(at, Thing.device, device, true, false);
    writesWord(at, 2, flightBit(Flight.tail, device));
    touchThing(at, Thing.pool, true, true);
  } else if (load<u32>(src, Src.left) != 0) {
    if (onPin(s)) touchThing(at, Thing.pins, true, true);
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
  touchCpu(at, Part.core, operationSetup(o, OperationSetup.cpu), true, false);
  touchCpu(at, Part.tasks, operationSetup(o, OperationSetup.cpu), true, enabled);
}
