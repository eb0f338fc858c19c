/** Operations of a scenario (a move, an offline ...): tasks of the thread context of the CPU they run on. */
import { Level } from '../state/abi/instructions';
import { Event } from '../state/abi/outcomes';
import { OperationSetup } from '../state/abi/tables';
import { Ctx } from '../state/abi/fields';
import { ctxAt, operationSetup, setActive } from '../state/access';
import { endedBase, opBase } from '../state/layout';
import { record } from '../record/ring';
import { settle } from './sequencer';

/** Operation o begins: its routine gets the number of the operation and its two arguments. A pause is over at once. */
export function beginOperation(o: u32): void {
  record(Event.opBegin, o, 0, 0);
  const entry = operationSetup(o, OperationSetup.entry);
  if (entry == 0) {
    store<u8>(opBase + o, 2);
    store<u8>(endedBase + o, 1);
    record(Event.opEnd, o, 0, 0);
    return;
  }
  store<u8>(opBase + o, 1);
  const c = operationSetup(o, OperationSetup.cpu);
  startTask(c, entry, o, operationSetup(o, OperationSetup.arg0), operationSetup(o, OperationSetup.arg1));
}

/** The thread of CPU c, which is free, executes a routine. */
export function startTask(c: u32, entry: u32, a: u32, b: u32, third: u32): void {
  setActive(c, Level.thread, true);
  const ctx = ctxAt(c, Level.thread);
  memory.fill(ctx, 0, Ctx.size);
  store<u16>(ctx, entry, Ctx.pc);
  store<u32>(ctx, a, Ctx.regs);
  store<u32>(ctx, b, Ctx.regs + 4);
  store<u32>(ctx, third, Ctx.regs + 8);
  settle(c, Level.thread);
}
