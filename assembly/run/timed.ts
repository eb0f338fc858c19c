/**
 * The timed run: the clock decides who goes next. Each actor has one node in the event queue; between two observable
 * accesses a CPU is not looked at. The steps are those of a check, in the order the latencies give.
 */
import { Counter, Status } from '../state/abi/outcomes';
import { Settings } from '../state/abi/tables';
import { Cpu, Src } from '../state/abi/fields';
import { cpuAt, now, setting, srcAt } from '../state/access';
import { nCpus, nInjected, nSources } from '../state/layout';
import { seedStreams } from '../clock/random';
import { nextDue } from '../clock/wheel';
import { kick } from '../clock/kick';
import { isPlain } from '../fabric/deliver';
import { carryOut } from '../fabric/effects';
import { inFlight } from '../fabric/flight';
import { firstFunctionNode, functionsBusy, functionTick } from '../fabric/function';
import { firstPinNode, pinsBusy, pinTick } from '../fabric/ioapic';
import { firstUnitNode, unitsBusy, unitTick } from '../fabric/iommu';
import { expire } from '../lapic/timer';
import { moveMessage } from '../cpu/interrupt';
import { allGoBack } from '../cpu/lead';
import { anyLeads } from '../cpu/ledger';
import { firstStoreNode, storesBusy, storeTick } from '../cpu/stores';
import { firstTimerNode, timerDue } from '../cpu/timers';
import { count } from '../record/counters';
import { advanceGauges, beginGauges } from '../record/gauges';
import { ringNearlyFull } from '../record/ring';
import { clearFault, clearViolations, fault, violations } from '../record/violations';
import { beginAccounts, closeAccounts } from './accounts';
import { armRaise } from '../fabric/arrivals';
import { beginTurns, cpuTick, doerOf, endTurns, watching } from './cpus';
import { raiseTick, sampleTick } from './devices';
import { reviewAllHolds, reviewHolds } from './holds';
import { injectedNode, injectedTick } from './inject';
import { armOperation, operationNode, operationTick } from './operations';

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

/** What arrives and is no plain interrupt may concern what a CPU executes. */
function messageTick(m: u32): void {
  if (anyLeads() && !isPlain(m)) allGoBack(0);
  moveMessage(m);
}

function timerTick(c: u32): void {
  expire(c);
  carryOut(c);
}

/** Of each source its raise, then its sample. */
@inline function sourceTick(n: u32): void {
  if ((n & 1) == 0) raiseTick(n >> 1);
  else sampleTick(n >> 1);
}

/** One event of the queue. */
function tick(node: u32): void {
  count(Counter.ticks);
  if (node < nCpus) cpuTick(node);
  else if (node < nCpus + 2 * nSources) sourceTick(node - nCpus);
  else if (node < operationNode()) messageTick(node - nCpus - 2 * nSources);
  else if (node == operationNode()) operationTick();
  else if (node < firstPinNode()) timerTick(node - operationNode() - 1);
  else if (node < firstUnitNode()) pinTick(node - firstPinNode());
  else if (node < firstFunctionNode()) unitTick(node - firstUnitNode());
  else if (node < firstTimerNode()) functionTick(node - firstFunctionNode());
  else if (node < firstStoreNode()) timerDue(node - firstTimerNode());
  else if (nInjected != 0 && node == injectedNode()) injectedTick();
  else storeTick(node - firstStoreNode());
}

function isSettled(): bool {
  return inFlight() == 0 && !pinsBusy() && !functionsBusy() && !unitsBusy() && !storesBusy();
}

/** Runs up to cycle `limit`, or until a property fails, the ring is full or the model is at fault; `settling`: or nothing is on its way. */
function runTo(limit: u64, settling: bool): u32 {
  beginTurns(limit);
  if (watching) reviewAllHolds();
  let last = -1;
  let status: u32 = Status.more;
  while (status == Status.more) {
    if (ringNearlyFull()) status = Status.ringFull;
    else if (settling && isSettled()) status = Status.done;
    if (status != Status.more) break;
    last = nextDue(limit);
    if (last < 0) break;
    tick(last);
    if (watching) reviewHolds(doerOf(last));
    if (fault != 0) status = Status.fault;
    else if (violations & setting(Settings.properties)) status = Status.failed;
  }
  endTurns(last);
  return status;
}

function run(cycles: u64, settling: bool): u32 {
  clearViolations();
  return runTo(now() + cycles, settling);
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
