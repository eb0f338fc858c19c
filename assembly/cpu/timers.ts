/**
 * Timers of the kernel model (design 3): each CPU has one of each number. Armed, a timer fires when its CPU runs with
 * interrupts on and neither a softirq nor an interrupt is at work there: the softirq context starts at the timer's entry. A
 * check fires it at any such moment; with time it is armed for a cycle, and fires then or as soon as its CPU takes it.
 */
import { Level, Op } from '../state/abi/instructions';
import { Fault } from '../state/abi/outcomes';
import { TimerSetup } from '../state/abi/tables';
import { Cpu, CpuFlag, RunState } from '../state/abi/fields';
import { cpuAt, interruptsOn, now, timed, timerSetup } from '../state/access';
import { nCpus, nFunctions, nTimers, timerBase } from '../state/layout';
import { firstFunctionNode } from '../fabric/function';
import { kick } from '../clock/kick';
import { arm, disarm, PHASE_DEVICE } from '../clock/wheel';
import { raiseFault } from '../record/violations';
import { operand, operandA, operandB, setReg } from './operands';
import { current, enabled, insideAccess } from './schedule';

/** What a timer's byte holds. */
export enum TimerState {
  idle = 0,
  armed = 1,
  /** timed: its time has come, its CPU has not taken it yet */
  due = 2,
}

/** Nodes of timers in the event queue come last. */
@inline export function firstTimerNode(): u32 {
  return firstFunctionNode() + nFunctions;
}


@inline export function timerAt(c: u32, t: u32): usize {
  return timerBase + <usize>(c * nTimers + t);
}

/** True if CPU c, in a context of this level, may start a softirq now. */
export function takesTimers(c: u32, level: i32): bool {
  const at = cpuAt(c);
  if (!interruptsOn(c) || load<u8>(at, Cpu.run) != RunState.running) return false;
  if (load<u8>(at, Cpu.active) >> (<u8>Level.softirq) != 0 || insideAccess(c, level)) return false;
  return (load<u8>(at, Cpu.flags) & CpuFlag.shadow) == 0 || level < 0 || !enabled(c, level);
}

/** The first timer of CPU c that fires as soon as it may: armed, or with time, due; -1: none. */
export function firstTimer(c: u32): i32 {
  const least = timed() ? TimerState.due : TimerState.armed;
  for (let t: u32 = 0; t < nTimers; t++) {
    if (<i32>load<u8>(timerAt(c, t)) >= least) return t;
  }
  return -1;
}

/** Executes `timerArm`, `timerCancel`, `timerArmed`; returns the value to show. */
export function timerOp(op: u32, c: u32, ctx: usize, insn: usize, pc: u32): u32 {
  const w0 = load<u32>(insn);
  const t = load<u32>(insn, 4);
  const owner = operand(ctx, c, operandB(w0), 0);
  if (owner >= nCpus || t >= nTimers) {
    raiseFault(Fault.index, pc);
    return 0;
  }
  const at = timerAt(owner, t);
  const node = firstTimerNode() + owner * nTimers + t;
  if (op == Op.timerArmed) {
    const armed: u32 = load<u8>(at) != TimerState.idle ? 1 : 0;
    setReg(ctx, operandA(w0), armed);
    return armed;
  }
  store<u8>(at, op == Op.timerArm ? TimerState.armed : TimerState.idle);
  if (timed()) {
    if (op == Op.timerArm) arm(node, now() + timerSetup(t, TimerSetup.delay), PHASE_DEVICE);
    else disarm(node);
  }
  return owner;
}

/** The time of a timer has come: its CPU looks. */
export function timerDue(n: u32): void {
  store<u8>(timerBase + n, TimerState.due);
  kick(n / nTimers);
}
