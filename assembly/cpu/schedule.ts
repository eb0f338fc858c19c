/** Who has the CPU, whether it may step, and whether it takes an interrupt (hardware.md A.5). */
import { Level, Op, Operand } from '../state/abi/instructions';
import { Assumption } from '../state/abi/tables';
import { Cpu, CpuFlag, Ctx, RunState } from '../state/abi/fields';
import { assumes, codeAt, cpuAt, ctxAt, ctxTimedAt, interruptsOn, isActive, timed } from '../state/access';
import { hasRoom, marked, pushedAt, sendsEoi } from '../fabric/flight';
import { isChipset, isReached } from '../fabric/function';
import { inService } from '../fabric/ioapic';
import { requests } from '../lapic/priority';
import { LEVELS, nCpus, nDevices } from '../state/layout';
import { operand, operandB, operandC } from './operands';
import { element, loadElement } from './variables';

/**
 * Context that has CPU c, or -1. Above the tasks, the highest one in use. A stopper that was woken takes over from the
 * thread when that holds no lock, has not switched preemption off and runs with interrupts on.
 */
export function current(c: u32): i32 {
  const at = cpuAt(c);
  if (load<u8>(at, Cpu.run) != RunState.running) return -1;
  const active = <u32>load<u8>(at, Cpu.active);
  if (active == 0) return -1;
  if (active >= 1 << Level.softirq) return 31 - clz(active);
  if (active == 1 << Level.thread) return Level.thread;
  if (active == 1 << Level.stopper) return Level.stopper;
  if (load<u8>(at, Cpu.task) == Level.stopper) return Level.stopper;
  // the micro-op behind STI cannot be preempted: what would preempt it is an interrupt
  const shadow = (load<u8>(at, Cpu.flags) & CpuFlag.shadow) != 0 && enabled(c, Level.thread);
  const busy = load<u8>(ctxAt(c, Level.thread), Ctx.held) != 0 || !interruptsOn(c) || shadow;
  return busy || load<u8>(ctxAt(c, Level.thread), Ctx.phase) ? Level.thread : Level.stopper;
}

/** The context's bit in the marks of messages (check). */
@inline export function markOf(c: u32, level: u32): u64 {
  return (<u64>1) << (c * LEVELS + level);
}

/** Address of the variable that the wait or lock at the context's pc is about. */
export function awaited(c: u32, level: u32): usize {
  const ctx = ctxAt(c, level);
  const pc = <u32>load<u16>(ctx, Ctx.pc);
  const insn = codeAt(pc);
  const w0 = load<u32>(insn);
  return element(load<u32>(insn, 8) & 0xffff, operand(ctx, c, operandB(w0), 0), operand(ctx, c, operandC(w0), 0), pc);
}

/** True if the context may execute its next micro-op now. */
export function enabled(c: u32, level: u32): bool {
  const ctx = ctxAt(c, level);
  const insn = codeAt(load<u16>(ctx, Ctx.pc));
  const op = load<u32>(insn) & 0xff;
  const phase = load<u8>(ctx, Ctx.phase);
  switch (op) {
    case Op.lock:
      return loadElement(load<u32>(insn, 8) & 0xffff, awaited(c, level)) == 0;
    case Op.waitEq:
      return loadElement(load<u32>(insn, 8) & 0xffff, awaited(c, level)) == load<u32>(insn, 4);
    case Op.waitNe:
      return loadElement(load<u32>(insn, 8) & 0xffff, awaited(c, level)) != load<u32>(insn, 4);
    case Op.ipi:
    case Op.ipiInit:
    case Op.ipiSipi:
      return hasRoom();
    case Op.mmioWrite:
      return hasRoom() || isChipset(operand(ctx, c, operandB(load<u32>(insn)), 0));
    case Op.wake:
      return !wakesActive(c, ctx, insn);
    // a read flushes the EOIs that the CPU has sent before it, and its completion what the IOAPIC has sent
    case Op.pinRead:
      return phase == 0 ? !sendsEoi(nDevices + c) : isPushed(c, level);
    case Op.pinWait:
      return !inService(operand(ctx, c, operandB(load<u32>(insn)), 0), operand(ctx, c, operandC(load<u32>(insn)), 0));
    case Op.cfgRead:
    case Op.cfgWrite:
    case Op.mmioRead:
      return phase == 0 ? isReached(operand(ctx, c, operandB(load<u32>(insn)), 0)) : isPushed(c, level);
    case Op.delay:
      return phase == 0 || timed() || !assumes(Assumption.deliveryWithinMdelay) || !marked(markOf(c, level), false);
    default:
      return true;
  }
}

/** The task that the instruction wakes has not ended its last work yet: it takes the new one behind that. */
function wakesActive(c: u32, ctx: usize, insn: usize): bool {
  const w0 = load<u32>(insn);
  const cpu = operand(ctx, c, operandB(w0), 0);
  const which = operandC(w0);
  const level = which == Operand.imm ? <u32>Level.thread : operand(ctx, c, which, 0);
  return cpu < nCpus && level <= <u32>Level.stopper && isActive(cpu, level);
}

/** The completion of an access pushes the function's earlier messages as far as the assumptions say (C.6 G3). */
function isPushed(c: u32, level: u32): bool {
  if (timed()) return completesAt(c, level) == 0;
  const bit = markOf(c, level);
  if (assumes(Assumption.pushToIrr)) return !marked(bit, false);
  return !assumes(Assumption.pushToRoot) || !marked(bit, true);
}

/** Cycle at which to look again whether the access that the context is in may complete (timed); 0: it may. */
export function completesAt(c: u32, level: u32): u64 {
  const at = ctxTimedAt(c, level);
  return pushedAt(<u32>load<u64>(at), load<u64>(at, 8));
}

/** An access to a device that has taken effect and not completed: the CPU is in the middle of an instruction. */
@inline export function insideAccess(c: u32, level: i32): bool {
  if (level < 0) return false;
  const ctx = ctxAt(c, level);
  if (load<u8>(ctx, Ctx.phase) == 0) return false;
  return (load<u32>(codeAt(load<u16>(ctx, Ctx.pc))) & 0xff) != Op.delay;
}

/** True if CPU c may take the interrupt its LAPIC requests: IF=1, no shadow, between two instructions. */
export function mayInterrupt(c: u32, level: i32): bool {
  if (!interruptsOn(c) || load<u8>(cpuAt(c), Cpu.run) != RunState.running || isActive(c, Level.hardirq)) return false;
  if (insideAccess(c, level) || !requests(c)) return false;
  return (load<u8>(cpuAt(c), Cpu.flags) & CpuFlag.shadow) == 0 || level < 0 || !enabled(c, level);
}
