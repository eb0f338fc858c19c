/**
 * Exhaustive search over packed images, by levels of visible steps and, within a level, by rounds: a step that is not visible
 * weighs nothing. So the first failure of a property is found at the lowest level it has. The search goes on after a failure;
 * each property keeps the best of its own, and ties are decided by fingerprints: what is found does not depend on the order
 * of the search, nor on how many workers share it. The host calls `searchRun` until a round is over, and then `nextRound`.
 */
import { Property, Status } from '../state/abi/outcomes';
import { Bag, SearchOption, Settings } from '../state/abi/tables';
import { Cpu, Src } from '../state/abi/fields';
import { cpuAt, setting, srcAt } from '../state/access';
import { blockEnd, nCpus, nSources, reserve } from '../state/layout';
import { adopt, familyBytes, keepParent, MOST_CPUS, openFamily } from '../state/family';
import { pack, truncated } from '../state/image';
import { planImage } from '../state/plan';
import { judge } from '../cpu/sequencer';
import { isStarted } from '../cpu/started';
import { clearFault, clearViolations, cutShort, fault, outside, setCutShort, setOutside, violate, violations } from '../record/violations';
import { isAmended, turn } from './amended';
import { arenaTop, openArena } from './arena';
import { becomeNow, chunksUsed, clearBags, isEmpty, nextRecord, pastRecord } from './bags';
import {
  FRONTIER_HEADER,
  HEADER,
  candidateBytes,
  enterRecords,
  enterWaiting,
  isOwn,
  largest,
  offerChild,
  openCandidates,
  seal,
  setLevel,
  totalBytes,
} from './candidates';
import { clearFailures, failAll, NO_ACTION } from './failures';
import { futuresSize, planFutures } from './futures';
import { join } from './join';
import { persistent } from './persistent';
import { actorBit, asleepBehind, declareSteps, footprintAt, noteStep } from './sleep';
import { asleepIn, infoIn, infoOf, levelIn, openVisited, visitedBytes, visitedStates } from './visited';
import { actions, atRest, clearPoolFull, deadlocked, derive, enumerate, perform, poolFull, probeDone } from './transitions';

const MAX_LEVELS: u32 = 0xfff;
/** Bytes of the largest image that any machine may have. */
export const IMAGE_BYTES: u32 = 1 << 16;

let level: u32 = 0;
let round: u32 = 0;
let wide: bool = false;
/** Level of the reduction (design 4). */
let reduction: u32 = 0;
/** Chunks of records that may be in memory; more are to be written to disk. */
let chunkLimit: u32 = 0;
let scratch: usize = 0;
let futures: usize = 0;
let behindScratch: usize = 0;

/** What the host prints: words of `Stat`. */
const stats: usize = memory.data(8 * 16);
export enum Stat {
  states = 0,
  transitions = 1,
  rest = 2,
  depth = 3,
  largest = 4,
  bytes = 5,
  poolFull = 6,
  probed = 7,
  totalBytes = 8,
  visitedBytes = 9,
  expanded = 10,
  /** transitions but those that sleep */
  executed = 11,
}


@inline function setStat(which: u32, value: u64): void {
  store<u64>(stats + ((<usize>which) << 3), value);
}


@inline function bump(which: u32, by: u32 = 1): void {
  const at = stats + ((<usize>which) << 3);
  store<u64>(at, load<u64>(at) + by);
}

export function searchStats(): usize {
  setStat(Stat.states, visitedStates);
  setStat(Stat.largest, largest);
  setStat(Stat.bytes, arenaTop());
  setStat(Stat.poolFull, poolFull ? 1 : 0);
  setStat(Stat.totalBytes, totalBytes);
  setStat(Stat.visitedBytes, visitedBytes());
  return stats;
}

// --- scratch memory

/** Plans the image of the machine as it is set up; scratch memory behind the block. False: out of memory. */
export function openImages(): bool {
  const behind = planImage(blockEnd, IMAGE_BYTES);
  if (behind == 0) return false;
  scratch = (behind + 15) & ~15;
  const candidates = scratch + HEADER + IMAGE_BYTES;
  const family = candidates + candidateBytes(IMAGE_BYTES);
  futures = (family + familyBytes(IMAGE_BYTES) + 15) & ~15;
  behindScratch = futures + futuresSize();
  if (!reserve(behindScratch)) return false;
  openFamily(family);
  return true;
}

/** Tables for level 2 of the reduction, behind `openImages`. */
export function planReduction(): void {
  planFutures(futures);
}

/** Room for an image, behind `openImages`. */
export function imageBuffer(): usize {
  return scratch + HEADER;
}

/** Packs the state as it is; address of its record: u64 fingerprint, at 16 the second one, at 24 the length, then the image. */
export function sealState(): usize {
  seal(scratch, pack(scratch + HEADER));
  return scratch;
}

/** Starts from the state as it is. `options`: words of `SearchOption`. */
export function searchBegin(options: usize): u32 {
  memory.fill(stats, 0, 8 * 16);
  clearFailures();
  clearBags();
  clearFault();
  clearPoolFull();
  setOutside(false);
  setCutShort(false);
  level = 0;
  round = 0;
  wide = load<u32>(options, SearchOption.wide * 4) != 0;
  chunkLimit = load<u32>(options, SearchOption.chunks * 4);
  const bytes = (<u64>load<u32>(options, SearchOption.memoryLo * 4)) | ((<u64>load<u32>(options, SearchOption.memoryHi * 4)) << 32);
  const worker = load<u32>(options, SearchOption.worker * 4);
  const workers = load<u32>(options, SearchOption.workers * 4);
  reduction = load<u32>(options, SearchOption.reduction * 4);
  const resumed = load<u32>(options, SearchOption.resumed * 4) != 0;
  // the options may stand in scratch memory: from here on they are gone
  if (nCpus > MOST_CPUS || !openImages()) return Status.memory;
  openArena(behindScratch, bytes);
  openCandidates(scratch + HEADER + IMAGE_BYTES, IMAGE_BYTES, wide, worker, workers, reduction != 0);
  if (!openVisited(wide)) return Status.memory;
  planReduction();
  if (reduction != 0) join(0);
  sealState();
  const length = load<u32>(scratch, 24);
  store<u64>(scratch, infoOf(0, 0, 0, 0), 8);
  if (!resumed && isOwn(load<u64>(scratch)) && !enterRecords(scratch, scratch + HEADER + length)) return Status.memory;
  becomeNow(Bag.then);
  return Status.more;
}

// --- expansion

/** Flags the properties of a state in which nothing is on its way (design 4). */
export function checkRest(): void {
  for (let s: u32 = 0; s < nSources; s++) {
    if (load<u8>(srcAt(s), Src.owed) && isStarted(s)) violate(Property.noLoss);
  }
  for (let c: u32 = 0; c < nCpus; c++) {
    if (load<u8>(cpuAt(c), Cpu.isrWords)) violate(Property.noStuckIsr);
  }
  judge(setting(Settings.judgeRest));
  if (probeDone()) judge(setting(Settings.judgeProbe));
}

/** All that follows from one state: its own failures, and its children by the steps that are not `asleep`. */
function expand(fingerprint: u64, image: usize, bytes: u32, asleep: u32): u32 {
  const changed = adopt(image, bytes);
  derive(changed);
  bump(Stat.expanded);
  setStat(Stat.depth, level);
  let n = enumerate();
  if (reduction == 2 && !atRest) n = persistent(n);
  clearViolations();
  judge(setting(Settings.judgeAlways));
  if (atRest) {
    bump(Stat.rest);
    if (probeDone()) bump(Stat.probed);
    checkRest();
  }
  if (deadlocked) violate(Property.progress);
  if (fault != 0) return Status.fault;
  if (violations) failAll(level, round, fingerprint, NO_ACTION);
  keepParent(changed);
  bump(Stat.transitions, n);
  let declared = reduction == 2;
  for (let i: u32 = 0; i < n; i++) {
    const action = <u32>load<u16>(actions + ((<usize>i) << 1));
    if (asleep != 0 && (asleep & actorBit(action)) != 0) continue;
    bump(Stat.executed);
    if (!declared) {
      declareSteps(n, reduction != 0);
      declared = true;
    }
    clearViolations();
    const visible = perform(action);
    if (reduction != 0 && cutShort) return Status.cutShort;
    if (reduction != 0) join(reduction == 1 ? footprintAt(i) : 0);
    if (fault != 0) return Status.fault;
    if (outside) return Status.universe;
    if (violations) failAll(visible ? level + 1 : level, round, fingerprint, action);
    let behind: u32 = 0;
    if (reduction != 2) {
      noteStep(i, visible);
      behind = asleepBehind(i, visible);
    }
    const info = visible ? infoOf(level + 1, 0, fingerprint, behind) : infoOf(level, round + 1, fingerprint, behind);
    if (!offerChild(info)) return Status.memory;
    if (truncated) return Status.width;
  }
  return Status.more;
}

/** The steps of a state that sleep; -1: it was found on an earlier level after it had been put here, and expanded there. */
@inline function asleepOf(record: usize, bytes: u32): i32 {
  const fingerprint = load<u64>(record);
  if (!isAmended(Bag.now, fingerprint)) return load<u32>(record, 12);
  const info = infoIn(fingerprint, wide ? load<u64>(record + FRONTIER_HEADER + bytes) : 0);
  return levelIn(info) == level ? <i32>asleepIn(info) : -1;
}

/**
 * Expands up to `budget` states of the round. `Status.round`: it has no more in memory; `Status.spill`: more chunks are in
 * memory than allowed.
 */
export function searchRun(budget: u32): u32 {
  for (let i: u32 = 0; i < budget; i++) {
    const record = nextRecord();
    if (record == 0) return enterWaiting() ? Status.round : Status.memory;
    const bytes = load<u32>(record, 8);
    const asleep = asleepOf(record, bytes);
    if (asleep >= 0) {
      const status = expand(load<u64>(record), record + FRONTIER_HEADER, bytes, asleep);
      if (status != Status.more) return status;
    }
    pastRecord(FRONTIER_HEADER + bytes + (wide ? 8 : 0));
    if (chunksUsed > chunkLimit) return enterWaiting() ? Status.spill : Status.memory;
  }
  return enterWaiting() ? Status.more : Status.memory;
}

/** The next round of this level, or the first of the next one: `Bag.now` is empty in memory and on disk. */
export function nextRound(deeper: bool): u32 {
  becomeNow(deeper ? Bag.later : Bag.then);
  turn(deeper ? Bag.later : Bag.then);
  if (deeper) level++;
  round = deeper ? 0 : round + 1;
  if (deeper) setLevel(level);
  return level >= MAX_LEVELS || round >= MAX_LEVELS ? Status.depth : Status.more;
}

export function resumeSearch(atLevel: u32, atRound: u32): void {
  level = atLevel;
  round = atRound;
}

/** Level and round that are being expanded. */
export function searchLevel(): u32 {
  return level;
}
export function searchRound(): u32 {
  return round;
}

/** True if a bag has records in memory: 1 the next round, 2 the next level, 3 and up what is to go to worker - 3. */
export function hasRecords(bag: u32): bool {
  return !isEmpty(bag);
}

/** Enters what other workers have sent, or a checkpoint has kept. */
export function receive(at: usize, bytes: u32): u32 {
  return enterRecords(at, at + bytes) ? Status.more : Status.memory;
}
