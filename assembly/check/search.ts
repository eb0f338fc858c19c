/**
 * Exhaustive breadth-first search over packed images. Levels count visible steps: a step that is not visible weighs
 * nothing (0-1 breadth first), so the first failure of a property found at the lowest level is a shortest one. The search
 * goes on after a failure; each property keeps its own.
 */
import { Property, Status } from '../state/abi/outcomes';
import { Settings } from '../state/abi/tables';
import { Cpu, Src } from '../state/abi/fields';
import { cpuAt, setting, srcAt } from '../state/access';
import { blockEnd, checkStart, nCpus, nSources, timedStart } from '../state/layout';
import { hash } from '../state/hash';
import { pack, truncated, unpack } from '../state/image';
import { planImage } from '../state/plan';
import { judge } from '../cpu/sequencer';
import { clearFault, clearViolations, cutShort, fault, outside, setCutShort, setOutside, violate, violations } from '../record/violations';
import { arenaTop, openArena, takeRun } from './arena';
import { clearFrontier, frontierPop, frontierPush, poppedNode } from './frontier';
import { actionOf, addNode, clearNodes, levelOf, nNodes, parentOf, setNode } from './nodes';
import { futuresSize, planFutures } from './futures';
import { join } from './join';
import { persistent } from './persistent';
import { fillSlot, openVisited, slotFor, slotNode } from './visited';
import { actions, atRest, clearPoolFull, deadlocked, derive, enumerate, isStarted, perform, poolFull, probeDone } from './transitions';

/** An action that is none: the state itself fails. */
const NO_ACTION: u32 = 0xffff;
/** Parent of the first state. */
const NO_NODE: u32 = 0xffffffff;
const PLAN_BYTES: usize = 1 << 19;
const IMAGE_BYTES: usize = 1 << 16;
const PROPERTIES: u32 = 16;

let image: usize = 0;
let saved: usize = 0;
let level: u32 = 0;
let near: u32 = 0;
let reduction: u32 = 0;

/** What the host prints: words of `Stat`. */
const stats: usize = memory.data(8 * 16);
export enum Stat {
  states = 0,
  transitions = 1,
  rest = 2,
  level = 3,
  largest = 4,
  bytes = 5,
  poolFull = 6,
  probed = 7,
  totalBytes = 8,
}


@inline function bump(which: u32): void {
  const at = stats + ((<usize>which) << 3);
  store<u64>(at, load<u64>(at) + 1);
}

/** Per property: level + 1 of the best failure (0 none), node it starts from, action. */
const failures: usize = memory.data(12 * 16);

function fail(property: u32, distance: u32, node: u32, action: u32): void {
  const at = failures + <usize>property * 12;
  const best = load<u32>(at);
  if (best != 0 && best <= distance + 1) return;
  store<u32>(at, distance + 1);
  store<u32>(at, node, 4);
  store<u32>(at, action, 8);
}

function failAll(distance: u32, node: u32, action: u32): void {
  for (let bits = violations & setting(Settings.properties); bits; bits &= bits - 1) fail(ctz(bits), distance, node, action);
}

export function searchStats(): usize {
  store<u64>(stats + Stat.states * 8, nNodes);
  store<u64>(stats + Stat.level * 8, level);
  store<u64>(stats + Stat.bytes * 8, arenaTop());
  store<u64>(stats + Stat.poolFull * 8, poolFull ? 1 : 0);
  return stats;
}

/** Plans the image of the machine as it is set up; scratch memory behind the block. False: out of memory. */
export function openImages(): bool {
  const behind = planImage((blockEnd + 15) & ~15, PLAN_BYTES, IMAGE_BYTES);
  if (behind == 0) return false;
  openArena(behind, u64.MAX_VALUE);
  image = takeRun(IMAGE_BYTES);
  saved = takeRun(timedStart - checkStart);
  return image != 0 && saved != 0;
}

/** Tables for level 2 of the reduction. False: out of memory. */
export function planReduction(): bool {
  const at = takeRun(futuresSize());
  if (at != 0) planFutures(at);
  return at != 0;
}

/** Starts from the state as it is. `memory`: limit in bytes, two words. `reductionLevel`: of the reduction (design 4), 0 none. */
export function searchBegin(memoryLo: u32, memoryHi: u32, reductionLevel: u32): u32 {
  memory.fill(stats, 0, 8 * 16);
  memory.fill(failures, 0, 12 * PROPERTIES);
  clearNodes();
  clearFrontier();
  clearFault();
  clearPoolFull();
  setOutside(false);
  setCutShort(false);
  reduction = reductionLevel;
  level = 0;
  near = 0;
  if (!openImages()) return Status.memory;
  openArena(arenaTop(), (<u64>memoryLo) | ((<u64>memoryHi) << 32));
  if (!openVisited()) return Status.memory;
  if (reduction == 2 && !planReduction()) return Status.memory;
  if (reduction != 0) join();
  return visit(NO_NODE, NO_ACTION, 0) ? Status.more : Status.memory;
}

/** Enters the state as it is into the visited set, reached from `parent` at `distance`. False: out of memory. */
function visit(parent: u32, action: u32, distance: u32): bool {
  const bytes = pack(image);
  if (<u64>bytes > load<u64>(stats + Stat.largest * 8)) store<u64>(stats + Stat.largest * 8, bytes);
  const fingerprint = hash(image, bytes);
  const slot = slotFor(fingerprint);
  if (slot == 0) return false;
  const known = slotNode(slot);
  const queue = distance == level ? near : near ^ 1;
  if (known != 0) {
    // found before on the next level, and now without a visible step: it belongs to this one
    if (levelOf(known - 1) <= distance) return true;
    setNode(known - 1, parent, action, distance);
    return frontierPush(queue, known - 1, image, bytes);
  }
  const node = addNode(parent, action, distance);
  if (node < 0) return false;
  fillSlot(slot, fingerprint, node);
  store<u64>(stats + Stat.totalBytes * 8, load<u64>(stats + Stat.totalBytes * 8) + bytes);
  return frontierPush(queue, node, image, bytes);
}

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

function expand(node: u32): u32 {
  unpack(image);
  derive();
  memory.copy(saved, checkStart, timedStart - checkStart);
  let n = enumerate();
  if (reduction == 2 && !atRest) n = persistent(n);
  clearViolations();
  if (atRest) {
    bump(Stat.rest);
    if (probeDone()) bump(Stat.probed);
    checkRest();
  }
  if (deadlocked) violate(Property.progress);
  if (fault != 0) return Status.fault;
  if (violations) failAll(level, node, NO_ACTION);
  for (let i: u32 = 0; i < n; i++) {
    const action = <u32>load<u16>(actions + ((<usize>i) << 1));
    memory.copy(checkStart, saved, timedStart - checkStart);
    clearViolations();
    const distance = level + (perform(action) ? 1 : 0);
    if (reduction != 0) {
      if (cutShort) return Status.cutShort;
      join();
    }
    bump(Stat.transitions);
    if (fault != 0) return Status.fault;
    if (outside) return Status.universe;
    if (violations) failAll(distance, node, action);
    if (!visit(node, action, distance)) return Status.memory;
    if (truncated) return Status.width;
  }
  return Status.more;
}

/** Expands up to `budget` states. `Status.done`: every reachable state has been expanded. */
export function searchRun(budget: u32): u32 {
  for (let i: u32 = 0; i < budget;) {
    if (!frontierPop(near, image)) {
      near ^= 1;
      level++;
      if (!frontierPop(near, image)) {
        level--;
        near ^= 1;
        return Status.done;
      }
    }
    // a state that moved to an earlier level was expanded there
    if (levelOf(poppedNode) != level) continue;
    const status = expand(poppedNode);
    if (status != Status.more) return status;
    i++;
  }
  return Status.more;
}

/** Visible steps to the shortest failure of a property, or -1. */
export function failureOf(property: u32): i32 {
  return <i32>load<u32>(failures + <usize>(property & 15) * 12) - 1;
}

/** Number of actions on the path to that failure. */
export function pathLength(property: u32): u32 {
  const at = failures + <usize>(property & 15) * 12;
  if (load<u32>(at) == 0) return 0;
  let n: u32 = load<u32>(at, 8) == NO_ACTION ? 0 : 1;
  for (let node = load<u32>(at, 4); parentOf(node) != NO_NODE; node = parentOf(node)) n++;
  return n;
}

/** Room for a path; 0: out of memory. */
export function pathBuffer(bytes: u32): usize {
  return takeRun(bytes);
}

/** Writes the path, u16 an action, first action first. */
export function writePath(property: u32, out: usize): void {
  const at = failures + <usize>(property & 15) * 12;
  let i = pathLength(property);
  const last = load<u32>(at, 8);
  if (last != NO_ACTION) store<u16>(out + ((<usize>--i) << 1), last);
  for (let node = load<u32>(at, 4); parentOf(node) != NO_NODE; node = parentOf(node)) store<u16>(out + ((<usize>--i) << 1), actionOf(node));
}
