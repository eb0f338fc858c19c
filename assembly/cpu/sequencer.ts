/**
 * The micro-op sequencer: executes one step of a context. A step is one observable instruction, or one atomic block, and
 * the private instructions behind it: it ends in front of an observable or joined instruction, with `joined` clear on the
 * instruction executed last. So a context always stands in front of something that others can see, and the same bytes run
 * in a check and in a timed run.
 */
import { InsnFlag, Level, Op, Operand } from '../state/abi/instructions';
import { Decoded, DecodedFlag } from '../state/abi/decoded';
import { Counter, Fault } from '../state/abi/outcomes';
import { Settings } from '../state/abi/tables';
import { Cpu, CpuFlag, Ctx, RunState } from '../state/abi/fields';
import { clearContext, codeAt, cpuAt, ctxAt, decodedAt, interruptsOn, isActive, setActive, setFlag } from '../state/access';
import { nCpus, nInstructions, settingsBase } from '../state/layout';
import { touchCpu } from '../state/touched';
import { kick } from '../clock/kick';
import { count, cover } from '../record/counters';
import { recordStep } from '../record/ring';
import { fault, raiseFault } from '../record/violations';
import { clearOutcome, delay, deviceAccess, hardwareOp } from './hardware';
import { adjustHeld, memoryOp } from './memory';
import { finish, operand, operandA, operandB, operandC, setReg } from './operands';
import { privateOp } from './private';

/** True if the step just executed was a visible one. */
export let visible: bool = false;
/** A judge runs: locks, waits and costs do not apply. */
let judging: bool = false;
/** The context that a judge runs in, as it was. */
const kept: usize = memory.data(64);

/** Instructions a step may take, a judge sixteen times as many; more is a fault of the model, not a hang of the program. */
const BUDGET: u32 = 100000;

/** Sends the context to the first instruction others can see; called wherever a context starts. */
export function settle(c: u32, level: u32): void {
  // where instructions are decoded
  const pc = <u32>load<u16>(ctxAt(c, level), Ctx.pc);
  if (pc < nInstructions && (load<u8>(decodedAt(pc), Decoded.flags) & DecodedFlag.stop) != 0) return;
  execute(c, level, true);
}

/** Executes one step of the context; `enabled` must hold. */
export function step(c: u32, level: u32): void {
  visible = false;
  clearOutcome();
  const at = cpuAt(c);
  if (level < <u32>Level.softirq) store<u8>(at, level, Cpu.task);
  const shadow = (load<u8>(at, Cpu.flags) & CpuFlag.shadow) != 0;
  execute(c, level, false);
  if (shadow) setFlag(c, CpuFlag.shadow, false);
}

/** Executes what is left of a step that has begun (assembly/cpu/quick.ts): its joined instructions too, or only private ones. */
export function stepOn(c: u32, level: u32, joined: bool): void {
  execute(c, level, !joined);
}

/**
 * Runs a judge (design 4: properties that need the kernel's data) to its end, at once, on the thread context of CPU 0. It
 * leaves no trace: nothing is recorded, so that what the context carries stays with it.
 */
export function judge(entry: u32): void {
  if (entry == 0) return;
  const ctx = ctxAt(0, Level.thread);
  const cpu = cpuAt(0);
  const active = load<u8>(cpu, Cpu.active);
  const task = load<u8>(cpu, Cpu.task);
  const record = settingsBase + Settings.record * 4;
  const recording = load<u32>(record);
  store<u32>(record, 0);
  memory.copy(kept, ctx, Ctx.size);
  memory.fill(ctx, 0, Ctx.size);
  store<u16>(ctx, entry, Ctx.pc);
  judging = true;
  execute(0, Level.thread, false);
  judging = false;
  memory.copy(ctx, kept, Ctx.size);
  store<u8>(cpu, active, Cpu.active);
  store<u8>(cpu, task, Cpu.task);
  store<u32>(record, recording);
}

function wake(c: u32, level: u32, entry: u32, arg: u32, pc: u32): void {
  if (c >= nCpus || level > <u32>Level.stopper || isActive(c, level)) {
    raiseFault(Fault.context, pc);
    return;
  }
  clearContext(c, level);
  setActive(c, level, true);
  const ctx = ctxAt(c, level);
  store<u16>(ctx, entry, Ctx.pc);
  store<u32>(ctx, arg, Ctx.regs);
  settle(c, level);
  kick(c);
}

/** The context leaves the CPU: end of a task or an interrupt, or the CPU halts for good. */
function leave(op: u32, c: u32, level: u32, pc: u32): void {
  recordStep(c, pc, 0);
  finish(c, level);
  if (op == Op.iret) {
    setFlag(c, CpuFlag.interruptsOn, true);
    return;
  }
  if (level < <u32>Level.softirq) store<u8>(cpuAt(c), Level.thread, Cpu.task);
  // a softirq began with IF=1
  if (level == Level.softirq) setFlag(c, CpuFlag.interruptsOn, true);
  if (op != Op.park) return;
  setFlag(c, CpuFlag.interruptsOn | CpuFlag.shadow, false);
  store<u8>(cpuAt(c), RunState.parked, Cpu.run);
}

/** Flags, preemption and tasks. */
function controlOp(op: u32, c: u32, ctx: usize, insn: usize, pc: u32): void {
  const w0 = load<u32>(insn);
  const imm = load<u32>(insn, 4);
  const a = operandA(w0);
  switch (op) {
    case Op.waitEq:
    case Op.waitNe:
      break;
    case Op.cli:
      setFlag(c, CpuFlag.interruptsOn, false);
      break;
    case Op.sti:
      if (!interruptsOn(c)) setFlag(c, CpuFlag.interruptsOn | CpuFlag.shadow, true);
      break;
    case Op.saveFlags:
      setReg(ctx, a, interruptsOn(c) ? 1 : 0);
      setFlag(c, CpuFlag.interruptsOn, false);
      break;
    case Op.restoreFlags:
      setFlag(c, CpuFlag.interruptsOn, operand(ctx, c, a, imm) != 0);
      break;
    case Op.preemptOff:
      adjustHeld(ctx, true, pc);
      break;
    case Op.preemptOn:
      adjustHeld(ctx, false, pc);
      break;
    case Op.wake: {
      const k = operandC(w0);
      wake(operand(ctx, c, operandB(w0), 0), k == Operand.imm ? Level.thread : operand(ctx, c, k, 0), imm, operand(ctx, c, a, 0), pc);
      break;
    }
    default:
      raiseFault(Fault.opcode, pc);
  }
}


@inline function isLeaving(op: u32): bool {
  return op == Op.iret || op == Op.end || op == Op.park;
}

/** Two steps each: they take effect, and complete. */
@inline function isTwoStep(op: u32): bool {
  return op == Op.cfgRead || op == Op.cfgWrite || op == Op.mmioRead || op == Op.pinRead || op == Op.delay;
}

/** True if it has completed, and the context may go on. */
function twoStepOp(op: u32, c: u32, level: u32, ctx: usize, insn: usize, pc: u32): bool {
  if (op == Op.delay) {
    recordStep(c, pc, 0);
    return judging || delay(c, level, ctx, pc);
  }
  const first = load<u8>(ctx, Ctx.phase) == 0;
  const done = deviceAccess(op, c, level, ctx, insn, pc, judging);
  if (first) recordStep(c, pc, operand(ctx, c, operandA(load<u32>(insn)), 0));
  // only taking effect is visible
  visible = visible && first;
  return done;
}

function execute(c: u32, level: u32, started: bool): void {
  touchCpu(c);
  const ctx = ctxAt(c, level);
  let pc = <u32>load<u16>(ctx, Ctx.pc);
  let observed = started;
  let joined = false;
  for (let budget = judging ? BUDGET << 4 : BUDGET; budget != 0; budget--) {
    if (pc >= nInstructions) {
      raiseFault(Fault.opcode, pc);
      break;
    }
    const insn = codeAt(pc);
    const op = load<u32>(insn) & 0xff;
    const flags = load<u32>(insn, 12);
    const stop = op >= <u32>Op.firstObservable || (flags & InsnFlag.joined) != 0;
    if (stop && observed && !joined && !judging) {
      store<u16>(ctx, pc, Ctx.pc);
      return;
    }
    if (stop) observed = true;
    joined = (flags & InsnFlag.joined) != 0;
    if (flags & InsnFlag.visible) visible = true;
    if (op < <u32>Op.firstObservable) {
      pc = privateOp(op, ctx, c, insn, pc);
      if (fault != 0) break;
      continue;
    }
    cover(pc);
    count(Counter.microOps);
    if (isLeaving(op)) {
      leave(op, c, level, pc);
      return;
    }
    if (isTwoStep(op)) {
      if (!twoStepOp(op, c, level, ctx, insn, pc)) {
        store<u16>(ctx, pc, Ctx.pc);
        return;
      }
    } else {
      let shown: u32 = 0;
      if (op <= <u32>Op.unlock) shown = memoryOp(op, c, level, ctx, insn, pc, judging);
      else if (op <= <u32>Op.wake) controlOp(op, c, ctx, insn, pc);
      else shown = hardwareOp(op, c, level, ctx, insn, pc);
      if (fault != 0) break;
      recordStep(c, pc, shown);
    }
    pc++;
  }
  if (fault == 0) raiseFault(Fault.runaway, pc);
  finish(c, level);
}
