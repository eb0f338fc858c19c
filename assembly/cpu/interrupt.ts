/** Recognition and acknowledge (hardware.md A.5), and the arrival of messages as the CPU sees it. */
import { Level, NONE } from '../state/abi/instructions';
import { Counter, Event, Fault } from '../state/abi/outcomes';
import { TimerSetup } from '../state/abi/tables';
import { Cpu, CpuFlag, Ctx, Msg, MsgKind } from '../state/abi/fields';
import { cpuAt, ctxAt, msgAt, setActive, setFlag, timerSetup, wipeContext } from '../state/access';
import { idtBase } from '../state/layout';
import { clearStarted, deliver, started } from '../fabric/deliver';
import { Stage } from '../fabric/flight';
import { reviewUnits } from '../fabric/iommu';
import { sendWaiting } from '../fabric/ipi';
import { passRoot } from '../fabric/remap';
import { acknowledgeVector } from '../lapic/priority';
import { count } from '../record/counters';
import { record } from '../record/ring';
import { tagMove, tagsOfContext, tagsOfIrr } from '../record/tags';
import { raiseFault } from '../record/violations';
import { settle } from './sequencer';
import { timerAt, TimerState } from './timers';

/** CPU c acknowledges: the highest vector goes from IRR to ISR, its handler starts with IF=0 and the vector in register 0. */
export function acknowledge(c: u32): void {
  const at = cpuAt(c);
  const v = <u32>load<u8>(at, Cpu.irrv);
  const entry = load<u32>(idtBase + ((<usize>v) << 2));
  acknowledgeVector(at, v);
  count(Counter.acknowledged);
  record(Event.acknowledge, c, v, 0);
  tagMove(tagsOfContext(c, Level.hardirq), tagsOfIrr(c, v));
  setFlag(c, CpuFlag.interruptsOn | CpuFlag.shadow, false);
  if (entry == 0) {
    raiseFault(Fault.context, NONE);
    return;
  }
  setActive(c, Level.hardirq, true);
  const ctx = ctxAt(c, Level.hardirq);
  wipeContext(ctx);
  store<u16>(ctx, entry, Ctx.pc);
  store<u32>(ctx, v, Ctx.regs);
  settle(c, Level.hardirq);
}

/** Timer t of CPU c fires: its routine starts in the softirq context. */
export function fireTimer(c: u32, t: u32): void {
  store<u8>(timerAt(c, t), TimerState.idle);
  record(Event.timer, c, t, 0);
  setActive(c, Level.softirq, true);
  const ctx = ctxAt(c, Level.softirq);
  wipeContext(ctx);
  store<u16>(ctx, timerSetup(t, TimerSetup.entry), Ctx.pc);
  settle(c, Level.softirq);
}

/** Message m moves one stage: to the root complex, through a remapping unit, or to its LAPIC. */
export function moveMessage(m: u32): void {
  const at = msgAt(m);
  const stage = <u32>load<u8>(at, Msg.stage);
  if (load<u8>(at, Msg.kind) == MsgKind.msi && stage != Stage.beyondRoot) {
    if (stage == Stage.beforeRoot)
      record(Event.root, <u32>load<u16>(at, Msg.source) - 1, load<u32>(at, Msg.address), load<u32>(at, Msg.data));
    passRoot(m);
    return;
  }
  deliver(m);
  sendWaiting();
  reviewUnits();
  if (started >= 0) {
    settle(started, Level.thread);
    clearStarted();
  }
}
