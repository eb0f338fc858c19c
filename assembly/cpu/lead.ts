/**
 * Handlers ahead of the clock: a handler goes on, without the event queue, up to the first step whose time devices or LAPICs could tell. What it
 * uses there of what others may use too is noted (assembly/cpu/ledger.ts). Before anybody, by the clock, comes before something that was done
 * ahead, it is taken back, and done again up to where the clock is. So nobody can tell, and all runs are as they would be without this.
 */
import { Level } from '../state/abi/instructions';
import { Quick } from '../state/abi/decoded';
import { Lead, LEAD_STORE_SIZE } from '../state/abi/lead';
import { Counter } from '../state/abi/outcomes';
import { Ctx } from '../state/abi/fields';
import { ctxAt, decodedAt, now } from '../state/access';
import { cpuChanged } from '../state/changed';
import { arm, PHASE_CPU } from '../clock/wheel';
import { countMore } from '../record/counters';
import { undoHardware } from './ahead';
import { anyLeads, copyContext, leadAt, nextLeader, setLeads } from './ledger';
import { pcOf, storeBits } from './decoded';
import { dueAt, ops, Rest, rest, steps, walkAgain, walkAhead } from './quick';

/** Cycles for which nobody gets ahead after somebody had to go back. */
const PAUSE: u64 = 1 << 14;

/** Nobody gets ahead before this cycle: it makes no difference but to the time that it takes. */
let pausedUntil: u64 = 0;

/**
 * The handler of CPU c comes to its next step at cycle `due`: it executes what it may ahead of the clock, up to `limit`. Returns the cycle
 * of the step that it then stands in front of.
 */
export function lead(c: u32, due: u64, limit: u64): u64 {
  const ctx = ctxAt(c, Level.hardirq);
  const from = decodedAt(load<u16>(ctx, Ctx.pc));
  if (now() < pausedUntil || <u32>load<u8>(from) < <u32>Quick.eoi || <u32>load<u8>(from) == Quick.iret) return due;
  const record = leadAt(c);
  store<u64>(record, due);
  store<u32>(record, 0, Lead.stores);
  store<u64>(record, 0, Lead.eoi);
  copyContext(record + Lead.context, ctx);
  let at = walkAhead(c, ctx, from, due, limit);
  if (rest > Rest.step) {
    // the sequencer has something to do inside of the last step, or behind it: all of that is done at its time
    undo(c, ctx, 0);
    at = walkAhead(c, ctx, from, due, dueAt - 1);
  }
  if (steps == 0) return due;
  store<u32>(record, steps, Lead.steps);
  store<u32>(record, ops, Lead.ops);
  setLeads(c, true);
  return standAt(ctx, at);
}

/** The steps of a walk are behind the context. */
function standAt(ctx: usize, at: usize): u64 {
  store<u16>(ctx, pcOf(at), Ctx.pc);
  countMore(Counter.microOps, ops);
  countMore(Counter.ticks, steps);
  return dueAt;
}

/** Everything that was done ahead is as it was, but what hardware was told up to cycle `limit`. */
function undo(c: u32, ctx: usize, limit: u64): void {
  const record = leadAt(c);
  undoHardware(c, limit);
  for (let n = load<u32>(record, Lead.stores); n != 0; n--) {
    const entry = record + Lead.log + <usize>((n - 1) * LEAD_STORE_SIZE);
    storeBits(load<u32>(entry), load<u32>(entry, 4), load<u32>(entry, 8));
  }
  store<u32>(record, 0, Lead.stores);
  copyContext(ctx, record + Lead.context);
}

/** CPU c, which is ahead, takes that back and does it again up to cycle `limit`. Its next step is armed. */
function goBack(c: u32, limit: u64): void {
  const record = leadAt(c);
  const ctx = ctxAt(c, Level.hardirq);
  setLeads(c, false);
  undo(c, ctx, limit);
  countMore(Counter.microOps, -load<u32>(record, Lead.ops));
  countMore(Counter.ticks, -load<u32>(record, Lead.steps));
  const at = walkAgain(c, ctx, decodedAt(load<u16>(ctx, Ctx.pc)), load<u64>(record), limit);
  arm(c, standAt(ctx, at), PHASE_CPU);
  cpuChanged(c);
}

/**
 * Before anything happens that handlers could tell the order of: nobody is ahead of that any more. `by`: the CPU whose doing it is; 0 for
 * what comes before all CPUs in a cycle, `nCpus` for what comes behind them.
 */
export function allGoBack(by: u32): void {
  if (!anyLeads()) return;
  pausedUntil = now() + PAUSE;
  for (let c = nextLeader(0); c >= 0; c = nextLeader(c)) goBack(c, <u32>c < by ? now() : now() - 1);
}
