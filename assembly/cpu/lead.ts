/**
 * Handlers ahead of the clock: a handler goes on, without the event queue, up to the first step whose time devices or LAPICs could tell. What it
 * uses there of what others may use too is noted (assembly/cpu/ledger.ts). Before anybody, by the clock, comes before something that was done
 * ahead, it is taken back, and done again up to where the clock is. So nobody can tell, and all runs are as they would be without this.
 */
import { Level, NONE } from '../state/abi/instructions';
import { Quick } from '../state/abi/decoded';
import { Lead, LEAD_STORE_SIZE } from '../state/abi/lead';
import { Counter } from '../state/abi/outcomes';
import { Cpu, CpuFlag, Ctx, Src } from '../state/abi/fields';
import { cpuAt, ctxAt, decodedAt, now, setFlag, srcAt } from '../state/access';
import { cpuChanged } from '../state/changed';
import { nAccounts, nHolds } from '../state/layout';
import { leavesAt, setLeaving } from '../clock/kick';
import { arm, PHASE_CPU } from '../clock/wheel';
import { requests } from '../lapic/priority';
import { count, countMore, cover } from '../record/counters';
import { firstOf, isMixed, tagAdd, tagClear, tagsOfContext, tagsOn, tagsSeen } from '../record/tags';
import { isQuiet, undoHardware } from './ahead';
import { anyLeads, copyContext, isUsedAhead, leadAt, nextLeader, setLeads } from './ledger';
import { firstIndex, pcOf, storeBits } from './decoded';
import { finish } from './operands';
import { dueAt, ops, Rest, rest, steps, walkAgain, walkAhead } from './quick';
import { awaited } from './schedule';
import { firstTimer } from './timers';

/** The handler stands nowhere that its CPU has to come to: it has returned. */
export const GONE: u64 = u64.MAX_VALUE;

/** Cycles for which nobody gets ahead after somebody had to go back. */
const PAUSE: u64 = 1 << 14;

/** Nobody gets ahead before this cycle: it makes no difference but to the time that it takes. */
let pausedUntil: u64 = 0;

/**
 * The handler of CPU c comes to its next step at cycle `due`: it executes what it may ahead of the clock, up to `limit`. Returns the cycle
 * of the step that it then stands in front of; `GONE`: nobody needs to look before something comes for the CPU, or `allGoBack`.
 */
export function lead(c: u32, due: u64, limit: u64): u64 {
  const ctx = ctxAt(c, Level.hardirq);
  const from = decodedAt(load<u16>(ctx, Ctx.pc));
  if (now() < pausedUntil || <u32>load<u8>(from) < <u32>Quick.eoi || <u32>load<u8>(from) == Quick.iret) return due;
  const record = leadAt(c);
  store<u64>(record, due);
  store<u32>(record, 0, Lead.stores);
  store<u64>(record, 0, Lead.eoi);
  store<u16>(record, 0, Lead.carried);
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
  standAt(ctx, at);
  if (<u32>load<u8>(at) != <u32>Quick.iret || dueAt > limit || !mayLeave(c, dueAt)) return dueAt;
  setLeaving(c, dueAt);
  drop(record, tagsOfContext(c, Level.hardirq));
  return GONE;
}

/**
 * True if CPU c returns from its interrupt at cycle `due` to nothing, unless something comes before, and if that tells nobody anything: the
 * end of a context is the end of what it carries.
 */
function mayLeave(c: u32, due: u64): bool {
  if (nHolds != 0 || nAccounts != 0 || <u32>load<u8>(cpuAt(c), Cpu.active) != 1 << Level.hardirq) return false;
  if (requests(c) || firstTimer(c) >= 0) return false;
  if (!tagsOn()) return true;
  const carried = tagsOfContext(c, Level.hardirq);
  if (load<u32>(tagsSeen(c, Level.hardirq)) != 0 || isMixed(carried)) return false;
  const s = firstOf(carried);
  return s == NONE || (!load<u8>(srcAt(s), Src.owed) && isQuiet(s, due + 1));
}

/** The context carries nothing any more. */
function drop(record: usize, carried: usize): void {
  const s = tagsOn() ? firstOf(carried) : NONE;
  store<u16>(record, s == NONE ? 0 : s + 1, Lead.carried);
  if (s != NONE) tagClear(carried);
}

/** CPU c, which was to return from its interrupt while nobody looked, has done so. */
export function leave(c: u32): void {
  setLeaving(c, 0);
  setLeads(c, false);
  cover(load<u16>(ctxAt(c, Level.hardirq), Ctx.pc));
  count(Counter.microOps);
  count(Counter.ticks);
  finish(c, Level.hardirq);
  setFlag(c, CpuFlag.interruptsOn, true);
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
  const carried = <u32>load<u16>(record, Lead.carried);
  if (carried != 0) tagAdd(tagsOfContext(c, Level.hardirq), carried - 1);
}

/** CPU c, which is ahead, takes that back and does it again up to cycle `limit`. Its next step is armed. */
function goBack(c: u32, limit: u64): void {
  const record = leadAt(c);
  const ctx = ctxAt(c, Level.hardirq);
  setLeads(c, false);
  setLeaving(c, 0);
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
  for (let c = nextLeader(0); c >= 0; c = nextLeader(c)) {
    const limit = <u32>c < by ? now() : now() - 1;
    if (leavesAt(c) != 0 && leavesAt(c) <= limit) leave(c);
    else {
      pausedUntil = now() + PAUSE;
      goBack(c, limit);
    }
  }
}

/** The variable that the context stands in front of is as it is now: nobody is ahead with it. `by`: as of `allGoBack`. */
export function catchUp(c: u32, level: u32, by: u32): void {
  if (!anyLeads()) return;
  const ctx = ctxAt(c, level);
  if (isUsedAhead(awaited(c, level), firstIndex(decodedAt(load<u16>(ctx, Ctx.pc)), ctx, c), by)) allGoBack(by);
}
