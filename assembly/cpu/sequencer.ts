/**
 * The micro-op sequencer: executes one step of a context. A step is one observable instruction, or one atomic block, and
 * the private instructions behind it: it ends in front of an observable or joined instruction, with `joined` clear on the
 * instruction executed last. So a context always stands in front of something that others can see, and the same bytes run
 * in a check and in a timed run.
 */
import { Constant, Counter, Event, Fault, InsnFlag, Level, NONE, Note, Op, Operand, Property, Settings, SourceSetup, DeviceSetup, VarFlag } from '../state/abi';
import { Cpu, CpuFlag, Ctx, MsgKind, RunState, Src } from '../state/fields';
import * as access from '../state/access';
import { blockEnd, endedBase, nCpus, nDevices, nInstructions, nOrigins, nSources, opBase, nOperations, raisedBase, servedBase, vectorHi, vectorLo } from '../state/layout';
import { launch, markMessages, schedule, unmarkMessages } from '../fabric/flight';
import { readLapic, writeLapic } from '../lapic/registers';
import { bitIn } from '../lapic/priority';
import { readConfig, writeConfig } from '../pci/msi';
import { kick, kickWaiters } from '../clock/kick';
import { count, countNote, cover, histogramAdd } from '../record/counters';
import { record, recordStep } from '../record/ring';
import { tagClear, tagCopy, tagMove, tagsOfContext, tagsOfIrr, tagsOfMessage, tagsOfVariable, tagsOn, tagsSeen } from '../record/tags';
import { fault, raiseFault, violate } from '../record/violations';
import * as vars from './variables';
import { markOf } from './schedule';

/** True if the step just executed was a visible one. */
export let visible: bool = false;
/** Instruction that a judge runs: locks, waits and costs do not apply. */
let judging: bool = false;

/** Source whose handler the step entered, or -1: a timed run arms its next raise. */
export let servedSource: i32 = -1;

const BUDGET: u32 = 100000;

/** Sends the context to the first instruction others can see; called wherever a context starts. */
export function settle(c: u32, level: u32): void {
  execute(c, level, true);
}

/** Executes one step of the context; `enabled` must hold. */
export function step(c: u32, level: u32): void {
  visible = false;
  servedSource = -1;
  const at = access.cpuAt(c);
  if (level < <u32>Level.softirq) store<u8>(at, level, Cpu.task);
  const shadow = (load<u8>(at, Cpu.flags) & CpuFlag.shadow) != 0;
  execute(c, level, false);
  if (shadow) access.setFlag(c, CpuFlag.shadow, false);
}

/** Runs a judge (design 4: properties that need the kernel's data) to its end, at once, on the thread context of CPU 0. */
export function judge(entry: u32): void {
  if (entry == 0) return;
  const ctx = access.ctxAt(0, Level.thread);
  memory.fill(ctx, 0, Ctx.size);
  store<u16>(ctx, entry, Ctx.pc);
  judging = true;
  execute(0, Level.thread, false);
  judging = false;
  memory.fill(ctx, 0, Ctx.size);
}

@inline function reg(ctx: usize, r: u32): u32 {
  return load<u32>(ctx + Ctx.regs + (<usize>(r & 7) << 2));
}

@inline function setReg(ctx: usize, r: u32, value: u32): void {
  if (r < 8) store<u32>(ctx + Ctx.regs + (<usize>r << 2), value);
}

@inline function operand(ctx: usize, c: u32, which: u32, imm: u32): u32 {
  if (which < 8) return load<u32>(ctx + Ctx.regs + (<usize>which << 2));
  if (which == Operand.self) return c;
  return which == Operand.imm ? imm : 0;
}

function constant(which: u32, i: u32): u32 {
  switch (which) {
    case Constant.apicId: return i < nCpus ? access.apicIdOf(i) : NONE;
    case Constant.cpuOfApicId: {
      const c = access.cpuOfApicId(i);
      return c < 0 ? NONE : c;
    }
    case Constant.cpus: return nCpus;
    case Constant.sources: return nSources;
    case Constant.vectorLo: return vectorLo;
    case Constant.vectorHi: return vectorHi;
    case Constant.deviceOf: return i < nSources ? access.sourceSetup(i, SourceSetup.device) : NONE;
    case Constant.addr64: return i < nDevices ? access.deviceSetup(i, DeviceSetup.addr64) : 0;
    default: return 0;
  }
}

/** Address of the mask that operand b and the slot name. */
@inline function maskAt(slot: u32, b: u32, byRef: bool, pc: u32): usize {
  return byRef ? vars.checkedReference(b, blockEnd, pc) : vars.element(slot, b, 0, pc);
}

@inline function secondMask(slot2: u32, pc: u32): usize {
  return slot2 == NONE ? 0 : vars.element(slot2, 0, 0, pc);
}

function adjustHeld(ctx: usize, up: bool): void {
  const held = load<u8>(ctx, Ctx.held);
  store<u8>(ctx, up ? held + 1 : held == 0 ? 0 : held - 1, Ctx.held);
}

/** A context is done: what its interrupt carried and nobody took over is gone. */
function finish(c: u32, level: u32): void {
  access.clearContext(c, level);
  tagClear(tagsOfContext(c, level));
  tagClear(tagsSeen(c, level));
}

function changed(slot: u32, at: usize, value: u32, i: u32, c: u32, level: u32): void {
  if ((vars.flagsOf(slot) & VarFlag.carrier) != 0 && tagsOn() && i < nSources) {
    if (value) tagCopy(tagsOfVariable(i), tagsOfContext(c, level));
    else tagMove(tagsOfContext(c, level), tagsOfVariable(i));
  }
  kickWaiters(at);
}

function sendIpi(c: u32, level: u32, apicId: u32, icr: u32): void {
  const m = launch(MsgKind.ipi, nDevices + c, 0, apicId, icr);
  count(Counter.ipis);
  record(Event.ipi, c, apicId, icr);
  if (tagsOn()) tagCopy(tagsOfMessage(m), tagsSeen(c, level));
  if (access.timed()) schedule(m);
}

function wake(c: u32, level: u32, entry: u32, arg: u32, pc: u32): void {
  if (c >= nCpus || level > <u32>Level.stopper || access.isActive(c, level)) {
    raiseFault(Fault.context, pc);
    return;
  }
  access.clearContext(c, level);
  access.setActive(c, level, true);
  const ctx = access.ctxAt(c, level);
  store<u16>(ctx, entry, Ctx.pc);
  store<u32>(ctx, arg, Ctx.regs);
  settle(c, level);
  kick(c);
}

function serve(s: u32, c: u32, pc: u32): void {
  if (s >= nSources) {
    raiseFault(Fault.index, pc);
    return;
  }
  const at = access.srcAt(s);
  const latency = access.now() - load<u64>(raisedBase + (<usize>s << 3));
  if (load<u8>(at, Src.owed)) {
    if (access.timed()) histogramAdd(latency);
  } else {
    violate(Property.noDuplicate);
  }
  store<u8>(at, 0, Src.owed);
  store<u8>(servedBase + s, 1);
  servedSource = s;
  count(Counter.served);
  record(Event.serve, s, <u32>latency, c);
}

/** Start or completion of a config access; true if it has completed. */
function configAccess(c: u32, level: u32, ctx: usize, op: u32, device: u32, register: u32, a: u32, pc: u32): bool {
  if (load<u8>(ctx, Ctx.phase)) {
    unmarkMessages(markOf(c, level));
    store<u8>(ctx, 0, Ctx.phase);
    record(Event.complete, c, pc, device);
    return true;
  }
  if (op == Op.cfgRead) {
    setReg(ctx, a, readConfig(device, register));
  } else {
    const value = operand(ctx, c, a, 0);
    writeConfig(device, register, value);
    record(Event.cfg, device, register, value);
  }
  if (judging) return true;
  if (!access.timed()) markMessages(device, markOf(c, level));
  store<u8>(ctx, 1, Ctx.phase);
  return false;
}

function delay(c: u32, level: u32, ctx: usize, pc: u32): bool {
  if (load<u8>(ctx, Ctx.phase) == 0) {
    if (!access.timed()) markMessages(nOrigins, markOf(c, level));
    store<u8>(ctx, 1, Ctx.phase);
    return false;
  }
  if (!access.timed()) unmarkMessages(markOf(c, level));
  store<u8>(ctx, 0, Ctx.phase);
  record(Event.complete, c, pc, NONE);
  return true;
}

function execute(c: u32, level: u32, started: bool): void {
  const ctx = access.ctxAt(c, level);
  let pc = <u32>load<u16>(ctx, Ctx.pc);
  let observed = started;
  let joined = false;
  for (let budget = BUDGET; budget != 0; budget--) {
    if (pc >= nInstructions) {
      raiseFault(Fault.opcode, pc);
      finish(c, level);
      return;
    }
    const insn = access.codeAt(pc);
    const w0 = load<u32>(insn);
    const op = w0 & 0xff;
    const flags = load<u32>(insn, 12);
    const stop = op >= <u32>Op.firstObservable || (flags & InsnFlag.joined) != 0;
    if (stop && observed && !joined && !judging) {
      store<u16>(ctx, pc, Ctx.pc);
      return;
    }
    if (stop) observed = true;
    joined = (flags & InsnFlag.joined) != 0;
    if (flags & InsnFlag.visible) visible = true;
    const a = (w0 >> 8) & 0xff;
    const b = (w0 >> 16) & 0xff;
    const k = w0 >> 24;
    const imm = load<u32>(insn, 4);
    if (op < <u32>Op.firstObservable) {
      const x = operand(ctx, c, k, imm);
      const y = operand(ctx, c, b, load<u32>(insn, 8));
      switch (op) {
        case Op.nop: break;
        case Op.move: setReg(ctx, a, x); break;
        case Op.add: setReg(ctx, a, y + x); break;
        case Op.sub: setReg(ctx, a, y - x); break;
        case Op.and: setReg(ctx, a, y & x); break;
        case Op.or: setReg(ctx, a, y | x); break;
        case Op.xor: setReg(ctx, a, y ^ x); break;
        case Op.shl: setReg(ctx, a, y << (x & 31)); break;
        case Op.shr: setReg(ctx, a, y >> (x & 31)); break;
        case Op.jump: pc = imm; continue;
        case Op.jumpEq: if (operand(ctx, c, a, 0) == y) { pc = imm; continue; } break;
        case Op.jumpNe: if (operand(ctx, c, a, 0) != y) { pc = imm; continue; } break;
        case Op.jumpLt: if (operand(ctx, c, a, 0) < y) { pc = imm; continue; } break;
        case Op.jumpGe: if (operand(ctx, c, a, 0) >= y) { pc = imm; continue; } break;
        case Op.call: {
          const depth = <u32>load<u8>(ctx, Ctx.depth);
          if (depth >= 8) {
            raiseFault(Fault.depth, pc);
            finish(c, level);
            return;
          }
          store<u16>(ctx + Ctx.ret + (<usize>depth << 1), pc + 1);
          store<u8>(ctx, depth + 1, Ctx.depth);
          pc = imm;
          continue;
        }
        case Op.ret: {
          const depth = <u32>load<u8>(ctx, Ctx.depth);
          if (depth == 0) {
            raiseFault(Fault.depth, pc);
            finish(c, level);
            return;
          }
          const slot = ctx + Ctx.ret + (<usize>(depth - 1) << 1);
          pc = load<u16>(slot);
          store<u16>(slot, 0);
          store<u8>(ctx, depth - 1, Ctx.depth);
          continue;
        }
        case Op.ref: setReg(ctx, a, <u32>vars.element(load<u32>(insn, 8) & 0xffff, operand(ctx, c, b, 0), 0, pc)); break;
        case Op.constant: setReg(ctx, a, constant(imm, operand(ctx, c, b, 0))); break;
        default:
          raiseFault(Fault.opcode, pc);
          finish(c, level);
          return;
      }
      pc++;
      continue;
    }
    cover(pc);
    count(Counter.microOps);
    const slot = load<u32>(insn, 8) & 0xffff;
    const slot2 = load<u32>(insn, 8) >> 16;
    const i = operand(ctx, c, b, imm);
    const byRef = (flags & InsnFlag.byRef) != 0;
    let shown: u32 = 0;
    switch (op) {
      case Op.load: {
        shown = vars.loadElement(slot, vars.element(slot, i, operand(ctx, c, k, 0), pc));
        setReg(ctx, a, shown);
        break;
      }
      case Op.store: {
        shown = operand(ctx, c, a, imm);
        const at = vars.element(slot, operand(ctx, c, b, 0), operand(ctx, c, k, 0), pc);
        vars.storeElement(slot, at, shown, pc);
        changed(slot, at, shown, i, c, level);
        break;
      }
      case Op.fetchAdd: {
        const at = vars.element(slot, operand(ctx, c, b, 0), operand(ctx, c, k, 0), pc);
        shown = vars.loadElement(slot, at) + imm;
        vars.storeElement(slot, at, shown, pc);
        setReg(ctx, a, shown);
        changed(slot, at, shown, i, c, level);
        break;
      }
      case Op.maskSet:
      case Op.maskClear:
      case Op.maskTest: {
        const at = maskAt(slot, operand(ctx, c, b, 0), byRef, pc);
        const bit = operand(ctx, c, k, imm);
        // by reference the width is not known here; variables are checked against their own
        if (at == 0 || (!byRef && bit >= vars.maskWords(slot) << 5) || bit > 0xffff) {
          raiseFault(Fault.index, pc);
          break;
        }
        const w = at + (<usize>(bit >> 5) << 2);
        const m: u32 = 1 << (bit & 31);
        const bits = load<u32>(w);
        shown = bit;
        if (op == Op.maskTest) {
          shown = (bits & m) != 0 ? 1 : 0;
          setReg(ctx, a, shown);
        } else {
          store<u32>(w, op == Op.maskSet ? bits | m : bits & ~m);
          kickWaiters(at);
        }
        break;
      }
      case Op.maskCopy: {
        const to = vars.checkedReference(operand(ctx, c, a, 0), blockEnd, pc);
        const from = maskAt(slot, operand(ctx, c, b, 0), byRef, pc);
        const and = (flags & InsnFlag.and) != 0 ? vars.element(slot2, operand(ctx, c, k, 0), 0, pc) : 0;
        if (to == 0 || from == 0) break;
        const words = (nCpus + 31) >> 5;
        for (let w: usize = 0; w < words; w++) {
          const bits = load<u32>(from + (w << 2));
          store<u32>(to + (w << 2), and ? bits & load<u32>(and + (w << 2)) : bits);
        }
        break;
      }
      case Op.maskFirst:
      case Op.maskCount:
      case Op.maskMost:
      case Op.maskLeast: {
        const at = maskAt(slot, operand(ctx, c, b, 0), byRef, pc);
        const at2 = secondMask(slot2, pc);
        const words = byRef ? (nCpus + 31) >> 5 : vars.maskWords(slot);
        if (at == 0) break;
        shown = op == Op.maskFirst ? vars.maskFirst(at, at2, words)
          : op == Op.maskCount ? vars.maskCount(at, at2, words)
          : vars.maskBest(at, at2, words, imm, op == Op.maskMost, pc);
        setReg(ctx, a, shown);
        break;
      }
      case Op.maskFirstFree: {
        const at = vars.element(slot, operand(ctx, c, b, 0), 0, pc);
        if (at == 0) break;
        shown = vars.maskFirstFree(at);
        setReg(ctx, a, shown);
        break;
      }
      case Op.scan: {
        shown = vars.scan(slot, operand(ctx, c, b, 0), reg(ctx, a), imm, pc);
        setReg(ctx, a, shown);
        break;
      }
      case Op.listPush: vars.listPush(slot, slot2, operand(ctx, c, b, 0), operand(ctx, c, k, imm), pc); break;
      case Op.listRemove: vars.listRemove(slot, slot2, operand(ctx, c, b, 0), operand(ctx, c, k, imm), pc); break;
      case Op.lock: {
        if (judging) break;
        vars.storeElement(slot, vars.element(slot, operand(ctx, c, b, 0), 0, pc), c + 1, pc);
        adjustHeld(ctx, true);
        break;
      }
      case Op.unlock: {
        if (judging) break;
        const at = vars.element(slot, operand(ctx, c, b, 0), 0, pc);
        vars.storeElement(slot, at, 0, pc);
        adjustHeld(ctx, false);
        kickWaiters(at);
        break;
      }
      case Op.waitEq:
      case Op.waitNe: break;
      case Op.cli: access.setFlag(c, CpuFlag.interruptsOn, false); break;
      case Op.sti:
        if (!access.interruptsOn(c)) access.setFlag(c, CpuFlag.interruptsOn | CpuFlag.shadow, true);
        break;
      case Op.saveFlags:
        setReg(ctx, a, access.interruptsOn(c) ? 1 : 0);
        access.setFlag(c, CpuFlag.interruptsOn, false);
        break;
      case Op.restoreFlags: access.setFlag(c, CpuFlag.interruptsOn, operand(ctx, c, a, imm) != 0); break;
      case Op.preemptOff: adjustHeld(ctx, true); break;
      case Op.preemptOn: adjustHeld(ctx, false); break;
      case Op.iret:
        recordStep(c, pc, 0);
        finish(c, level);
        access.setFlag(c, CpuFlag.interruptsOn, true);
        return;
      case Op.end:
        recordStep(c, pc, 0);
        finish(c, level);
        if (level < <u32>Level.softirq) store<u8>(access.cpuAt(c), Level.thread, Cpu.task);
        return;
      case Op.wake: wake(operand(ctx, c, b, 0), k == Operand.imm ? Level.thread : operand(ctx, c, k, 0), imm, operand(ctx, c, a, 0), pc); break;
      case Op.park:
        recordStep(c, pc, 0);
        finish(c, level);
        access.setFlag(c, CpuFlag.interruptsOn | CpuFlag.shadow, false);
        store<u8>(access.cpuAt(c), Level.thread, Cpu.task);
        store<u8>(access.cpuAt(c), RunState.parked, Cpu.run);
        return;
      case Op.delay:
        if (judging) break;
        if (!delay(c, level, ctx, pc)) {
          recordStep(c, pc, 0);
          store<u16>(ctx, pc, Ctx.pc);
          return;
        }
        break;
      case Op.cfgRead:
      case Op.cfgWrite: {
        const first = load<u8>(ctx, Ctx.phase) == 0;
        const done = configAccess(c, level, ctx, op, operand(ctx, c, b, 0), imm, a, pc);
        if (first) recordStep(c, pc, op == Op.cfgRead ? reg(ctx, a) : operand(ctx, c, a, 0));
        if (!done) {
          store<u16>(ctx, pc, Ctx.pc);
          return;
        }
        visible = visible && first;
        pc++;
        continue;
      }
      case Op.irrBit: {
        const v = i & 0xff;
        shown = bitIn(access.cpuAt(c) + Cpu.irr, v) ? 1 : 0;
        setReg(ctx, a, shown);
        if (tagsOn()) {
          // taken before the old set goes, so that a tag held in both is never without a carrier
          const seen = tagsSeen(c, level);
          tagClear(seen);
          if (shown) tagCopy(seen, tagsOfIrr(c, v));
        }
        break;
      }
      case Op.lapicWrite: shown = operand(ctx, c, a, 0); writeLapic(c, imm, shown); break;
      case Op.lapicRead: shown = readLapic(c, imm); setReg(ctx, a, shown); break;
      case Op.ipi: shown = i & 0xff; sendIpi(c, level, operand(ctx, c, a, 0), shown); break;
      case Op.ipiInit: sendIpi(c, level, operand(ctx, c, a, 0), 0x4500); break;
      case Op.ipiSipi: sendIpi(c, level, operand(ctx, c, a, 0), 0x4600); break;
      case Op.serve: shown = operand(ctx, c, a, 0); serve(shown, c, pc); break;
      case Op.flag:
        shown = operand(ctx, c, a, 0);
        violate(imm);
        record(Event.flag, shown, imm, c);
        if (imm == Property.noStray) count(Counter.strays);
        break;
      case Op.note:
        shown = operand(ctx, c, a, 0);
        if (imm < <u32>Note.count) countNote(imm);
        record(Event.note, shown, imm, c);
        break;
      case Op.opEnd: {
        const o = operand(ctx, c, a, imm);
        shown = o;
        if (o < nOperations) {
          store<u8>(opBase + o, 2);
          store<u8>(endedBase + o, 1);
          record(Event.opEnd, o, c, 0);
        }
        break;
      }
      default: raiseFault(Fault.opcode, pc);
    }
    if (fault != 0) {
      finish(c, level);
      return;
    }
    recordStep(c, pc, shown);
    pc++;
  }
  raiseFault(Fault.runaway, pc);
  finish(c, level);
}
