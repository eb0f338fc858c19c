/**
 * The timed run: the clock decides who goes next. Each actor has one node in the event queue; between two observable
 * accesses a CPU is not looked at. The steps are those of a check, in the order the latencies give.
 */
import { Decoded, DecodedFlag } from '../state/abi/decoded';
import { Level, Op } from '../state/abi/instructions';
import { Counter, Status } from '../state/abi/outcomes';
import { Assumption, DeviceKind, OperationSetup, Settings, SourceSetup, Timing, UNBOUNDED } from '../state/abi/tables';
import { Ctx, Cpu, RunState, Src } from '../state/abi/fields';
import {
  assumes,
  codeAt,
  cpuAt,
  ctxAt,
  ctxTimedAt,
  decodedAt,
  isActive,
  now,
  operationSetup,
  setting,
  sourceSetup,
  srcAt,
} from '../state/access';
import { nAccounts, nCpus, nGauges, nMessages, nInjected, nOperations, nSources, opBase } from '../state/layout';
import { latency, seedStreams, streamOfCpu, streamOfSampling } from '../clock/random';
import { arm, armed, disarm, nextDue, nextDueWith, PHASE_CPU, PHASE_DEVICE, PHASE_OPERATION } from '../clock/wheel';
import { endRest, kick, resting, setSleeping, setWaiting } from '../clock/kick';
import { armSample, maySample, mayRaise, raise, sample, sampleNode, sendHeld } from '../fabric/emit';
import { carryOut } from '../fabric/effects';
import { hasRoom, inFlight } from '../fabric/flight';
import { firstFunctionNode, functionTick, functionsBusy, reachedAt } from '../fabric/function';
import { firstPinNode, pinTick, pinsBusy } from '../fabric/ioapic';
import { firstUnitNode, unitTick, unitsBusy } from '../fabric/iommu';
import { requests } from '../lapic/priority';
import { expire } from '../lapic/timer';
import { awaited, completesAt, current, enabled, mayInterrupt } from '../cpu/schedule';
import { clearOutcome, operationEnded, servedSource } from '../cpu/hardware';
import { acting, announce, handles, Rest, runHandlers } from '../cpu/quick';
import { step, stepOn } from '../cpu/sequencer';
import { firstStoreNode, storesBusy, storeTick } from '../cpu/stores';
import { acknowledge, fireTimer, moveMessage } from '../cpu/interrupt';
import { operand, operandB } from '../cpu/operands';
import { isSilent } from '../cpu/started';
import { firstTimer, firstTimerNode, takesTimers, timerDue } from '../cpu/timers';
import { count, countHandler } from '../record/counters';
import { advanceGauges, beginGauges } from '../record/gauges';
import { ringNearlyFull } from '../record/ring';
import { clearFault, clearViolations, fault, violations } from '../record/violations';
import { beginOperation } from '../cpu/operation';
import { beginAccounts, closeAccount, closeAccounts, openAccount } from './accounts';
import { costOfCompletion } from './costs';
import { armRaise, backlog, handlerCost, isThrottled, noteMessage, raiseNode } from './arrivals';
import { injectedKeep, injectedNode, injectedTick, reviewInjected } from './inject';
import { noteServed, reviewAllHolds, reviewHolds, watchesHolds } from './holds';

/** Somebody wants to know what holds up each event. */
let watching: bool = false;
/** Nobody wants to see each micro-op, or what is behind each. */
let quickly: bool = false;

/** The CPU that has executed last and stands in front of its next micro-op, -1: none, and the cycle of that. It is not armed yet. */
let ahead: i32 = -1;
let aheadDue: u64 = 0;

/** Cycles until a sender that found the pool full, a waker whose task is not done, or an operation whose CPU is busy looks again. */
const RETRY: u32 = 1000;


@inline function operationNode(): u32 {
  return nCpus + 2 * nSources + nMessages;
}

/** Arms what happens first. */
export function timedBegin(): void {
  seedStreams();
  clearFault();
  clearViolations();
  for (let s: u32 = 0; s < nSources; s++) {
    if (load<u32>(srcAt(s), Src.left) != 0) armRaise(s);
  }
  for (let c: u32 = 0; c < nCpus; c++) {
    if (load<u8>(cpuAt(c), Cpu.active)) kick(c);
  }
  armOperation();
  beginGauges();
  beginAccounts();
}

/** The first operation that has not begun; the list starts again where the scenario says so. */
function nextOperation(): i32 {
  for (let o: u32 = 0; o < nOperations; o++) {
    if (load<u8>(opBase + o) == 0) return o;
  }
  if (nOperations == 0 || setting(Settings.repeat) == 0) return -1;
  for (let o: u32 = 0; o < nOperations; o++) {
    if (load<u8>(opBase + o) != 2) return -1;
  }
  memory.fill(opBase, 0, nOperations);
  return 0;
}

function armOperation(): void {
  if (armed(operationNode())) return;
  const o = nextOperation();
  if (o < 0) return;
  if (setting(Settings.parallel) == 0) {
    for (let p: u32 = 0; p < nOperations; p++) {
      if (load<u8>(opBase + p) == 1) return;
    }
  }
  arm(operationNode(), now() + operationSetup(o, OperationSetup.pause), PHASE_OPERATION);
}

function operationTick(): void {
  const o = nextOperation();
  if (o < 0) return;
  const c = operationSetup(o, OperationSetup.cpu);
  if (
    operationSetup(o, OperationSetup.entry) != 0 &&
    (isActive(c, Level.thread) || load<u8>(cpuAt(c), Cpu.run) != RunState.running || injectedKeep(o))
  ) {
    arm(operationNode(), now() + RETRY, PHASE_OPERATION);
    return;
  }
  beginOperation(o);
  kick(c);
  armOperation();
}

function raiseTick(s: u32): void {
  const at = srcAt(s);
  const left = load<u32>(at, Src.left);
  if (left == 0) return;
  if (isSilent(s)) {
    armRaise(s);
    return;
  }
  if (!mayRaise(s)) {
    if (sourceSetup(s, SourceSetup.kind) == DeviceKind.handshake) {
      // the device has something to say and must wait for its handler
      store<u32>(backlog(s), 1);
      return;
    }
    // not sampled yet: one more event in the same condition
    count(Counter.joined);
    armRaise(s);
    return;
  }
  if (left != UNBOUNDED) store<u32>(at, left - 1, Src.left);
  raise(s);
  armSample(s);
  armRaise(s);
}

function sampleTick(s: u32): void {
  if (!hasRoom() || (load<u8>(srcAt(s), Src.condition) != 0 && isSilent(s))) {
    arm(sampleNode(s), now() + RETRY, PHASE_DEVICE);
    return;
  }
  const at = srcAt(s);
  if (load<u8>(at, Src.held)) {
    if (isThrottled(s)) return;
    sendHeld(s);
    noteMessage(s);
    return;
  }
  // what is masked waits for the register to change
  if (!load<u8>(at, Src.condition) || !maySample(s)) return;
  // who samples first does so at the beginning of the interval, and sends at its end
  if (assumes(Assumption.sampleAtOnce) && isThrottled(s)) return;
  sample(s);
  if (!load<u8>(at, Src.held)) noteMessage(s);
  else arm(sampleNode(s), now() + latency(Timing.send, streamOfSampling(s)), PHASE_DEVICE);
}

/** CPU c comes to the effect of its next micro-op at cycle `due`. */
@inline function goOn(c: u32, due: u64): void {
  ahead = c;
  aheadDue = due;
}

/** Arms CPU c for the effect of the micro-op its current context stands in front of, `after` cycles from now at the earliest. */
function armCpu(c: u32, after: u64): void {
  const level = current(c);
  if (level < 0) {
    // idle from now on: what became pending meanwhile is recognised next
    if (mayInterrupt(c, level) || (firstTimer(c) >= 0 && takesTimers(c, level))) kick(c);
    return;
  }
  const ctx = ctxAt(c, level);
  if (armed(c)) disarm(c);
  goOn(c, now() + after + (load<u8>(ctx, Ctx.phase) ? 0 : load<u32>(decodedAt(load<u16>(ctx, Ctx.pc)), Decoded.cost)));
}

/** An access to a device that is not posted. */
@inline function isAccess(op: u32): bool {
  return op == Op.cfgRead || op == Op.cfgWrite || op == Op.mmioRead || op == Op.pinRead;
}


@inline function deviceOf(c: u32, ctx: usize, insn: usize): u32 {
  return operand(ctx, c, operandB(load<u32>(insn)), 0);
}

/** What handlers have left of a step. */
function finishHandler(c: u32, rest: Rest): void {
  announce(c, Level.hardirq);
  if (rest == Rest.step) {
    slowTick(c, Level.hardirq, ctxAt(c, Level.hardirq));
    return;
  }
  clearOutcome();
  if (rest != Rest.told) stepOn(c, Level.hardirq, rest == Rest.joined);
  finishStep(c, Level.hardirq, 0);
}

/** Cycle at which to look again at a context that can neither begin its access nor complete it, or waits for room. */
function accessDue(c: u32, level: u32, op: u32): u64 {
  if (!isAccess(op)) return now() + RETRY;
  const ctx = ctxAt(c, level);
  if (load<u8>(ctx, Ctx.phase)) return completesAt(c, level);
  return op == Op.pinRead ? now() + RETRY : reachedAt(deviceOf(c, ctx, codeAt(load<u16>(ctx, Ctx.pc))));
}

function cpuTick(c: u32): void {
  const rested = resting(c);
  if (rested) endRest(c);
  const level = current(c);
  if (requests(c) && mayInterrupt(c, level)) {
    acknowledge(c);
    // a CPU that was executing drains first; one that was idle or waiting has let that time pass before it looked
    armCpu(c, level >= 0 && !rested ? latency(Timing.recognise, streamOfCpu(c)) : 0);
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
  } else if (op == Op.serve) {
    after = imm + (servedSource < 0 ? 0 : handlerCost(servedSource));
    if (servedSource >= 0) countHandler(c, servedSource, after);
  }
  finishStep(c, level, after);
}

function timerTick(c: u32): void {
  expire(c);
  carryOut(c);
}

/** One event of the queue, and what handlers do behind it; false: the limit is reached. */
function tick(due: u32, limit: u64): bool {
  let node = due;
  count(Counter.ticks);
  if (node < nCpus && quickly && handles(node)) {
    const rest = runHandlers(node, limit);
    if (rest == Rest.nothing) return false;
    node = acting;
    if (rest != Rest.other) {
      finishHandler(node, rest);
      return true;
    }
  }
  if (node >= nCpus) {
    otherTick(node);
    return true;
  }
  if (nAccounts != 0) closeAccount(node);
  cpuTick(node);
  if (nAccounts != 0) openAccount(node);
  return true;
}

function otherTick(node: u32): void {
  if (node < nCpus + nSources) raiseTick(node - nCpus);
  else if (node < nCpus + 2 * nSources) sampleTick(node - nCpus - nSources);
  else if (node < operationNode()) moveMessage(node - nCpus - 2 * nSources);
  else if (node == operationNode()) operationTick();
  else if (node < firstPinNode()) timerTick(node - operationNode() - 1);
  else if (node < firstUnitNode()) pinTick(node - firstPinNode());
  else if (node < firstFunctionNode()) unitTick(node - firstUnitNode());
  else if (node < firstTimerNode()) functionTick(node - firstFunctionNode());
  else if (node < firstStoreNode()) timerDue(node - firstTimerNode());
  else if (nInjected != 0 && node == injectedNode()) injectedTick();
  else storeTick(node - firstStoreNode());
}

/** The actor that is due next, or -1. The CPU that has executed last goes on without the queue while nobody is due before it. */
@inline function next(limit: u64): i32 {
  const c = ahead;
  if (c < 0) return nextDue(limit);
  ahead = -1;
  return nextDueWith(c, aheadDue, PHASE_CPU, limit);
}

/** Between two runs everybody who is to act is in the queue. */
function endRun(status: u32): u32 {
  if (ahead >= 0) arm(ahead, aheadDue, PHASE_CPU);
  ahead = -1;
  return status;
}

/** Runs `cycles` cycles, or until a property fails, the ring is full or the model is at fault; `settling`: or nothing is on its way. */
function run(cycles: u64, settling: bool): u32 {
  const limit = now() + cycles;
  clearViolations();
  watching = watchesHolds();
  if (watching) reviewAllHolds();
  quickly = setting(Settings.record) != 2 && fault == 0 && !watching && nAccounts == 0 && nGauges == 0;
  while (true) {
    if (ringNearlyFull()) return endRun(Status.ringFull);
    if (settling && inFlight() == 0 && !pinsBusy() && !functionsBusy() && !unitsBusy() && !storesBusy()) return endRun(Status.done);
    const n = next(limit);
    if (n < 0 || !tick(n, limit)) return Status.more;
    if (watching) reviewHolds();
    if (fault != 0) return endRun(Status.fault);
    if (violations & setting(Settings.properties)) return endRun(Status.failed);
  }
}

export function timedRun(cycles: u64): u32 {
  return run(cycles, false);
}

/** As `timedRun`, but done as soon as no message is in flight, no pin is about to send one, and all stores are visible. Timers do not count. */
export function timedSettle(cycles: u64): u32 {
  return run(cycles, true);
}

/** What is measured counts up to now. */
export function closeMeters(): void {
  closeAccounts();
  advanceGauges();
}
