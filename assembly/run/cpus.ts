/** CPUs in a timed run: what the one that is due does, and when it is due again. Between two observable accesses it is not looked at. */
import { Decoded, DecodedFlag } from '../state/abi/decoded';
import { Level, Op } from '../state/abi/instructions';
import { Settings, Timing } from '../state/abi/tables';
import { Ctx } from '../state/abi/fields';
import { codeAt, ctxAt, ctxTimedAt, decodedAt, now, setting } from '../state/access';
import { cpuChanged } from '../state/changed';
import { nAccounts, nCpus } from '../state/layout';
import { latency, streamOfCpu } from '../clock/random';
import { arm, PHASE_CPU, PHASE_DEVICE, PHASE_MESSAGE, phaseOf } from '../clock/wheel';
import { endRest, kick, leavesAt, resting, setSleeping, setWaiting } from '../clock/kick';
import { reachedAt } from '../fabric/function';
import { requests } from '../lapic/priority';
import { operationEnded, servedSource } from '../cpu/hardware';
import { acknowledge, fireTimer } from '../cpu/interrupt';
import { allGoBack, GONE, lead, leave } from '../cpu/lead';
import { leads, nextLeader, setLeads } from '../cpu/ledger';
import { operand, operandB } from '../cpu/operands';
import { announce } from '../cpu/decoded';
import { handles, Rest, stepQuickly } from '../cpu/quick';
import { awaited, completesAt, current, enabled, mayInterrupt } from '../cpu/schedule';
import { step, stepOn } from '../cpu/sequencer';
import { firstTimer, takesTimers } from '../cpu/timers';
import { countHandler } from '../record/counters';
import { fault } from '../record/violations';
import { noteAccount } from './accounts';
import { backlog, handlerCost, raiseNode } from '../fabric/arrivals';
import { costOfCompletion } from './costs';
import { noteServed, watchesHolds } from './holds';
import { reviewInjected } from './inject';
import { armOperation } from './operations';

/** Somebody wants to know what holds up each event. */
export let watching: bool = false;
/** Nobody wants to see each micro-op, or what is behind each. */
let quickly: bool = false;
/** The last cycle of this run. */
let until: u64 = 0;

/** Cycles until a waker whose task is not done, or who waits for room, looks again. */
const RETRY: u32 = 1000;

/** CPU c comes to the effect of its next micro-op at cycle `due`. */
@inline function goOn(c: u32, due: u64): void {
  const at = quickly && handles(c) ? lead(c, due, until) : due;
  if (at != GONE) arm(c, at, PHASE_CPU);
}

/** Arms CPU c for the effect of the micro-op its current context stands in front of, `after` cycles from now at the earliest. */
function armCpu(c: u32, after: u64): void {
  const level = current(c);
  if (level < 0) {
    // idle from now on: what became pending meanwhile is recognised next
    if (mayInterrupt(c, level) || (firstTimer(c) >= 0 && takesTimers(c, level))) kick(c);
    return;
  }
  armContext(c, level, after);
}

/** As `armCpu`, of the context that is the current one. */
@inline function armContext(c: u32, level: u32, after: u64): void {
  const ctx = ctxAt(c, level);
  goOn(c, now() + after + (load<u8>(ctx, Ctx.phase) ? 0 : load<u32>(decodedAt(load<u16>(ctx, Ctx.pc)), Decoded.cost)));
}

/** An access to a device that is not posted. */
@inline function isAccess(op: u32): bool {
  return op == Op.cfgRead || op == Op.cfgWrite || op == Op.mmioRead || op == Op.pinRead;
}


@inline function deviceOf(c: u32, ctx: usize, insn: usize): u32 {
  return operand(ctx, c, operandB(load<u32>(insn)), 0);
}

/** The handler of CPU c executes its next step. */
function handlerTick(c: u32): void {
  const ctx = ctxAt(c, Level.hardirq);
  const imm = load<u32>(decodedAt(load<u16>(ctx, Ctx.pc)), Decoded.imm);
  const rest = stepQuickly(c, ctx);
  if (rest == Rest.step) {
    slowTick(c, Level.hardirq, ctx);
    return;
  }
  if (rest == Rest.joined) allGoBack(c);
  announce(c, Level.hardirq);
  if (rest == Rest.joined || rest == Rest.tail) stepOn(c, Level.hardirq, rest == Rest.joined);
  finishStep(c, Level.hardirq, costOfServed(c, imm));
}

/** Cycles that the handler takes which the step has entered; `imm`: of its instruction. 0: it has entered none. */
@inline function costOfServed(c: u32, imm: u32): u64 {
  if (servedSource < 0) return 0;
  const cycles = imm + handlerCost(servedSource);
  countHandler(c, servedSource, cycles);
  return cycles;
}

/** Cycle at which to look again at a context that can neither begin its access nor complete it, or waits for room. */
function accessDue(c: u32, level: u32, op: u32): u64 {
  if (!isAccess(op)) return now() + RETRY;
  const ctx = ctxAt(c, level);
  if (load<u8>(ctx, Ctx.phase)) return completesAt(c, level);
  return op == Op.pinRead ? now() + RETRY : reachedAt(deviceOf(c, ctx, codeAt(load<u16>(ctx, Ctx.pc))));
}

function anyTick(c: u32): void {
  const rested = resting(c);
  if (rested) endRest(c);
  const level = current(c);
  if (requests(c) && mayInterrupt(c, level)) {
    acknowledge(c);
    // a CPU that was executing drains first; one that was idle or waiting has let that time pass before it looked
    armContext(c, Level.hardirq, level >= 0 && !rested ? latency(Timing.recognise, streamOfCpu(c)) : 0);
    return;
  }
  const due = firstTimer(c);
  if (due >= 0 && takesTimers(c, level)) {
    fireTimer(c, due);
    armCpu(c, level >= 0 && !rested ? latency(Timing.recognise, streamOfCpu(c)) : 0);
    return;
  }
  if (level >= 0) slowTick(c, level, ctxAt(c, level));
}

/** Behind a step; `after`: cycles that it takes. */
function finishStep(c: u32, level: u32, after: u64): void {
  if (servedSource >= 0 && watching) noteServed(servedSource, c, level);
  if (servedSource >= 0 && load<u32>(backlog(servedSource))) {
    store<u32>(backlog(servedSource), 0);
    arm(raiseNode(servedSource), now() + 1, PHASE_DEVICE);
  }
  armCpu(c, after);
  if (!operationEnded) return;
  armOperation();
  reviewInjected();
}

/** The CPU comes to a micro-op that may have to wait, or takes time. */
function slowTick(c: u32, level: u32, ctx: usize): void {
  const insn = codeAt(load<u16>(ctx, Ctx.pc));
  const op = load<u32>(insn) & 0xff;
  const phase = load<u8>(ctx, Ctx.phase);
  if ((load<u8>(decodedAt(load<u16>(ctx, Ctx.pc)), Decoded.flags) & DecodedFlag.apart) == 0) allGoBack(c);
  if (op == Op.delay && phase && now() < load<u64>(ctxTimedAt(c, level))) {
    setSleeping(c, true);
    arm(c, load<u64>(ctxTimedAt(c, level)), PHASE_CPU);
    return;
  }
  if ((load<u8>(decodedAt(load<u16>(ctx, Ctx.pc)), Decoded.flags) & DecodedFlag.waits) != 0 && !enabled(c, level)) {
    // a variable tells when it changes; room in the pool and the end of a task do not
    if (op == Op.lock || op == Op.waitEq || op == Op.waitNe) setWaiting(c, awaited(c, level));
    else {
      setSleeping(c, true);
      arm(c, max(now() + 1, accessDue(c, level, op)), PHASE_CPU);
    }
    return;
  }
  const imm = load<u32>(insn, 4);
  step(c, level);
  let after: u64 = 0;
  if (!phase && isAccess(op)) {
    after = costOfCompletion(op);
    const pushed = completesAt(c, level);
    if (pushed > now() + after) after = pushed - now();
  } else if (op == Op.delay && !phase) {
    store<u64>(ctxTimedAt(c, level), now() + imm);
    setSleeping(c, true);
    arm(c, now() + imm, PHASE_CPU);
    // what was held back by the shadow of sti
    if (mayInterrupt(c, level) || (firstTimer(c) >= 0 && takesTimers(c, level))) kick(c);
    return;
  } else after = costOfServed(c, imm);
  finishStep(c, level, after);
}

/** CPU c is ahead no more: the clock has come to where it is. */
@inline function endLead(c: u32): void {
  if (leavesAt(c) != 0) leave(c);
  else setLeads(c, false);
}

/** CPU c is due. */
export function cpuTick(c: u32): void {
  if (leads(c)) endLead(c);
  if (quickly && handles(c)) {
    cpuChanged(c);
    handlerTick(c);
  } else anyTick(c);
  if (nAccounts != 0) noteAccount(c);
}

/** A run up to cycle `limit` begins. */
export function beginTurns(limit: u64): void {
  until = limit;
  watching = watchesHolds();
  quickly = setting(Settings.record) != 2 && fault == 0;
}

/** Who has done what `node` has done, as `allGoBack` wants to know. */
export function doerOf(node: u32): u32 {
  if (node < nCpus) return node;
  return phaseOf(node) == PHASE_MESSAGE ? 0 : nCpus;
}

/** It ends behind what `node` has done, or at its limit (`node` < 0), to which all have come: nobody is ahead any more. */
export function endTurns(node: i32): void {
  if (node >= 0) allGoBack(doerOf(node));
  for (let c = nextLeader(0); c >= 0; c = nextLeader(c)) endLead(c);
}
