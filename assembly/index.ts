/**
 * The exported functions, and nothing else: one machine per module instance, numbers in and out, batches across the
 * boundary (no i64: two words). Nothing here traps, whatever it is fed.
 */
import {
  LEVELS,
  blockBase,
  blockEnd,
  checkStart,
  globBase,
  guestBase,
  nCpus,
  nFunctions,
  nInstructions,
  nIoapics,
  nIommus,
  nowBase,
  occupancyBase,
  fixedStart,
  nodeBase,
  recordStart,
  varBase,
} from './state/layout';
import { Glob } from './state/abi/fields';
import { Settings } from './state/abi/tables';
import { cpuAt, isActive, setting, timed } from './state/access';
import { mapApicIds } from './state/apicIds';
import { hash } from './state/hash';
import { digestOfQueue } from './clock/wheel';
import { high, lowWord } from './state/wide';
import { pack, unpack } from './state/image';
import { fixedBits } from './state/plan';
import { joinable, planJoins } from './check/join';
import { dependent, footprintOf, futureOfOthers, persistent } from './check/persistent';
import { deriveCpu } from './lapic/priority';
import { mapRegisters } from './lapic/map';
import { bootLapic } from './lapic/reset';
import { takeEffects } from './lapic/effects';
import { clearFlight } from './fabric/flight';
import { resetIoapic } from './ioapic/registers';
import { resetUnit } from './iommu/unit';
import { refreshAll } from './pci/table';
import { decodeProgram } from './cpu/decode';
import { inspect } from './cpu/inspect';
import { current } from './cpu/schedule';
import { judge, settle as settleContext } from './cpu/sequencer';
import { checkRest, planReduction } from './check/search';
import { actions, atRest, deadlocked, derive, enumerate, isEnabledAlone, perform } from './check/transitions';
import { digestOfEvents } from './record/ring';
import { clearFault, clearViolations, fault, faultPc, outside, violations } from './record/violations';
import { computeCosts } from './run/costs';
import { timedRun, timedSettle } from './run/timed';

export { create, measure, prepare, sizes as sizesAt } from './state/layout';
export { table } from './state/tables';
export { ringClear, ringTail, ringUsed } from './record/ring';
export {
  searchLevel,
  searchRound,
  hasRecords,
  imageBuffer,
  nextRound,
  openImages,
  receive,
  sealState,
  searchBegin,
  searchRun,
  searchStats,
} from './check/search';
export { graphBegin, graphRun } from './check/graph';
export { failuresAt } from './check/failures';
export { chunksInUse, dropChunk, fullChunks, newChunk, stopReading, takeFrom } from './check/bags';
export { resumeAt, restoreFrontier, restoreStates } from './check/resume';
export { allSlots, copiedUpTo, copyStates, slotBytes, slotWith } from './check/visited';
export { joinNext } from './check/join';
export { closeMeters, timedBegin } from './run/timed';
export { freeInjected, inject } from './run/inject';
export { ioapicRead, ioapicWrite, pinSet } from './fabric/ioapic';
export { dmaWrite } from './fabric/dma';
export {
  configRead,
  configWrite,
  msixRead,
  msixWrite,
  raiseVector,
  readArrival,
  readCompletion,
  readPushed,
  resetFunction,
  setPower,
  withdrawVector,
} from './fabric/function';
export { iommuRead, iommuWrite } from './fabric/iommu';
export { batchAt, batchRun } from './run/batch';
export {
  acknowledgeCpu,
  cr8Read,
  cr8Write,
  fence,
  forceAcknowledge,
  gp,
  lintSet,
  localEvent,
  mmioRead,
  mmioWrite,
  msrRead,
  msrWrite,
  pendingVector,
  resetCpu,
  takeExtInt,
  takeNmi,
  takeSmi,
} from './cpu/bus';

/** After the host has filled the tables: the LAPICs, the map of APIC ids, the free messages, derived fields, contexts in place. */
export function complete(): void {
  mapApicIds();
  mapRegisters();
  store<u16>(globBase, nCpus, Glob.xapics);
  clearFlight();
  // what a program's machine starts with is there already
  if (nInstructions == 0) resetIoapics();
  for (let u: u32 = 0; u < nIommus; u++) resetUnit(u);
  for (let f: u32 = 0; f < nFunctions; f++) refreshAll(f);
  clearFault();
  clearViolations();
  if (timed()) {
    decodeProgram();
    computeCosts();
  } else planJoins();
  for (let c: u32 = 0; c < nCpus; c++) {
    bootLapic(c);
    deriveCpu(cpuAt(c));
    for (let level: u32 = 0; level < LEVELS; level++) {
      if (isActive(c, level)) settleContext(c, level);
    }
  }
  // no timer is armed yet
  takeEffects();
}

// --- step by step

/** Number of enabled actions; they stand at `actionsAt` as u16. */
export function enabledActions(): u32 {
  return enumerate();
}
export function actionsAt(): usize {
  return actions;
}
/** Executes one; 1 if it was a visible step. The properties it broke: `violationMask`. One that is not enabled does nothing. */
export function apply(action: u32): u32 {
  clearViolations();
  if (!isEnabled(action)) return 0;
  const visible: u32 = perform(action & 0xffff) ? 1 : 0;
  if (fault == 0) judge(setting(Settings.judgeAlways));
  return visible;
}
/** 1 at rest, 2 deadlocked, of the state `enabledActions` looked at last. */
export function restState(): u32 {
  return atRest ? 1 : deadlocked ? 2 : 0;
}
/** Properties that the state breaks, which must be at rest. */
export function restViolations(): u32 {
  clearViolations();
  checkRest();
  return violations;
}
/** Runs a judge; returns the properties it flags. */
export function judgeState(entry: u32): u32 {
  clearViolations();
  judge(entry);
  return violations;
}
/** Field `Inspect` of [b][c]. */
export function look(field: u32, b: u32, c: u32): u32 {
  return inspect(field, b, c);
}
/** IOAPICs as after reset: before anything is written to them. */
export function resetIoapics(): void {
  for (let i: u32 = 0; i < nIoapics; i++) resetIoapic(i);
}
export function currentLevel(c: u32): i32 {
  return c < nCpus ? current(c) : -1;
}
export function violationMask(): u32 {
  return violations;
}
export function faultKind(): u32 {
  return fault;
}
export function faultAt(): u32 {
  return faultPc;
}
export function leftUniverse(): u32 {
  return outside ? 1 : 0;
}

function isEnabled(action: u32): bool {
  const n = enumerate();
  for (let i: u32 = 0; i < n; i++) {
    if (<u32>load<u16>(actions + ((<usize>i) << 1)) == action) return true;
  }
  return false;
}

// --- the reduction, for who verifies it (after `openImages`)

export function openReduction(): void {
  planReduction();
}
/** 1 if CPU c's next step may be joined to others. */
export function isJoinable(c: u32): u32 {
  return c < nCpus && joinable(c) ? 1 : 0;
}
/** Address of the footprint of an actor's next step, by one of its actions; 0: there are too many actors. */
export function declaredBy(action: u32): usize {
  return footprintOf(action, enumerate());
}
/** Executes an action if it is enabled, with a look at nothing else; 1 if it was. */
export function tryAlone(action: u32): u32 {
  if (!isEnabledAlone(action)) return 0;
  perform(action);
  return 1;
}
export function areDependent(action: u32, other: u32): u32 {
  return dependent(action, other, enumerate()) ? 1 : 0;
}
/** Address of what all but the CPUs, sources and operations of these masks may ever do as long as those do nothing. */
export function futureWithout(cpus: u32, sources: u32, operations: u32): usize {
  return futureOfOthers(cpus, sources, operations, enumerate());
}
/** Number of enabled actions that suffice; they stand at `actionsAt`. */
export function sufficientActions(): u32 {
  const n = enumerate();
  return atRest ? n : persistent(n);
}

// --- images (after `openImages`)

export function packTo(at: usize): u32 {
  return pack(at);
}
export function unpackFrom(at: usize): void {
  unpack(at);
  derive(u32.MAX_VALUE);
}
export function imageBits(): u32 {
  return fixedBits;
}

// --- the block

export function blockStart(): usize {
  return blockBase;
}
export function blockStop(): usize {
  return blockEnd;
}
/** First byte of the record class: a digest ends here. */
export function recordAt(): usize {
  return recordStart;
}

/** Low word of the digest of all but the record class; the high word by `highWord`. */
export function stateDigest(): u32 {
  const head = hash(blockBase, occupancyBase - blockBase);
  const h = hash(fixedStart, recordStart - fixedStart, digestOfQueue(hash(checkStart, nodeBase - checkStart, head)));
  return lowWord(h);
}
export function eventDigest(): u32 {
  const h = digestOfEvents();
  return lowWord(h);
}
/** High word of the last result of 64 bits. */
export function highWord(): u32 {
  return high;
}
export function nowAt(): usize {
  return nowBase;
}

/** Guest-physical memory from address 0. */
export function firstVariable(): usize {
  return varBase;
}

export function guestAt(): usize {
  return guestBase;
}

/** `Status` after at most this many cycles. */
export function runCycles(lo: u32, hi: u32): u32 {
  return timedRun((<u64>lo) | ((<u64>hi) << 32));
}
/** Runs until no message is in flight and no pin is about to send one, at most this many cycles: `Status.done`. */
export function settle(lo: u32, hi: u32): u32 {
  return timedSettle((<u64>lo) | ((<u64>hi) << 32));
}
