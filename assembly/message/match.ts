/**
 * Destination match (hardware.md A.7): which LAPICs a message is for. Each evaluates the 32 bits of the destination in its own
 * mode; sources of 8 bits are zero-extended.
 */
import { Cpu, Glob } from '../state/abi/fields';
import { ApicMode, LapicSetup, LowestPriority } from '../state/abi/lapic';
import { apicIdOf, cpuAt, cpuOfApicId, lapicSetup } from '../state/access';
import { areLogicalIdsUnique, withLowByte } from '../state/apicIds';
import { globBase, nCpus } from '../state/layout';

/** Whom a message is for: an id, a set, or by shorthand. */
export enum Reach {
  physical = 0,
  logical = 1,
  all = 2,
  /** all but the sender */
  others = 3,
}

/** The broadcast id of x2APIC mode; a LAPIC in xAPIC mode sees the low byte of it, which is its own. */
const EVERYBODY: u32 = 0xffffffff;

function matchesPhysical(at: usize, c: u32, dest: u32): bool {
  if (load<u8>(at, Cpu.mode) == ApicMode.x2apic) return dest == EVERYBODY || dest == apicIdOf(c);
  const byte = dest & 0xff;
  return byte == 0xff || byte == <u32>load<u8>(at, Cpu.xapicId);
}

/** True for the id of all; 0xff is one to LAPICs in xAPIC mode only. */
export function isBroadcast(dest: u32): bool {
  return dest == EVERYBODY || (dest == 0xff && load<u16>(globBase, Glob.xapics) != 0);
}

/** xAPIC: flat and cluster model, another DFR value matches nothing but the broadcast (A.7.2). x2APIC: cluster (A.7.3). */
function matchesLogical(at: usize, dest: u32): bool {
  const ldr = load<u32>(at, Cpu.ldr);
  if (load<u8>(at, Cpu.mode) == ApicMode.x2apic) return dest == EVERYBODY || (dest >> 16 == ldr >> 16 && (dest & ldr & 0xffff) != 0);
  const mda = dest & 0xff;
  if (mda == 0xff) return true;
  const own = ldr >> 24;
  const model = load<u32>(at, Cpu.dfr) >> 28;
  if (model == 0xf) return (mda & own) != 0;
  return model == 0 && mda >> 4 == own >> 4 && (mda & own & 0xf) != 0;
}

/** True if the LAPIC of CPU c takes the message; one that is disabled as a whole takes none. */
function matches(c: u32, reach: u32, dest: u32): bool {
  const at = cpuAt(c);
  if (load<u8>(at, Cpu.mode) == ApicMode.disabled) return false;
  if (reach == Reach.physical) return matchesPhysical(at, c, dest);
  return reach != Reach.logical || matchesLogical(at, dest);
}

/** The one in x2APIC mode with this id, where no LAPIC is in xAPIC mode. */
function byId(dest: u32, from: u32): i32 {
  const c = cpuOfApicId(dest);
  return c >= 0 && <u32>c >= from && matches(c, Reach.physical, dest) ? c : -1;
}

/** Those with an id that ends in this byte: in either mode no other can match, unless software has given out ids. */
function byLowByte(dest: u32, from: u32): i32 {
  let c = withLowByte(dest & 0xff, from);
  while (c >= 0 && !matches(c, Reach.physical, dest)) c = withLowByte(dest & 0xff, <u32>c + 1);
  return c;
}

/** CPU >= from with this logical id in x2APIC mode: cluster and place in it are bits 19:0 of the id (A.7.3). */
function byLogicalId(id: u32, dest: u32, from: u32): i32 {
  if (areLogicalIdsUnique()) {
    const c = cpuOfApicId(id);
    return c >= 0 && <u32>c >= from && matches(c, Reach.logical, dest) ? c : -1;
  }
  let c = withLowByte(id & 0xff, from);
  while (c >= 0 && !matches(c, Reach.logical, dest)) c = withLowByte(id & 0xff, <u32>c + 1);
  return c;
}

/** Those of a logical set, where no LAPIC is in xAPIC mode. */
function byCluster(dest: u32, from: u32): i32 {
  let least = -1;
  for (let places = dest & 0xffff; places != 0; places &= places - 1) {
    const c = byLogicalId(((dest >> 16) << 4) | (<u32>ctz(places)), dest, from);
    if (c >= 0 && (least < 0 || c < least)) least = c;
  }
  return least;
}

/** First CPU >= from that a message reaches, or -1. `self`: the sender, for `Reach.others`. */
export function nextTarget(reach: u32, dest: u32, self: u32, from: u32): i32 {
  if (reach == Reach.physical) {
    if (load<u16>(globBase, Glob.xapics) == 0 && dest != EVERYBODY) return byId(dest, from);
    if ((dest & 0xff) != 0xff && !load<u8>(globBase, Glob.renamed)) return byLowByte(dest, from);
  }
  if (reach == Reach.logical && load<u16>(globBase, Glob.xapics) == 0 && dest != EVERYBODY) return byCluster(dest, from);
  for (let c = from; c < nCpus; c++) {
    if (matches(c, reach, dest) && (reach != Reach.others || c != self)) return c;
  }
  return -1;
}

/** Candidates of an arbitration are enabled by software too (A.7.4). */
function nextCandidate(reach: u32, dest: u32, self: u32, from: u32): i32 {
  let c = nextTarget(reach, dest, self, from);
  while (c >= 0 && (load<u16>(cpuAt(c), Cpu.svr) & 0x100) == 0) c = nextTarget(reach, dest, self, <u32>c + 1);
  return c;
}

function byHash(reach: u32, dest: u32, self: u32, v: u32): i32 {
  let n: u32 = 0;
  for (let c = nextCandidate(reach, dest, self, 0); c >= 0; c = nextCandidate(reach, dest, self, <u32>c + 1)) n++;
  if (n == 0) return -1;
  let c = nextCandidate(reach, dest, self, 0);
  for (let k = v % n; k > 0; k--) c = nextCandidate(reach, dest, self, <u32>c + 1);
  return c;
}

function byTpr(reach: u32, dest: u32, self: u32): i32 {
  let least = -1;
  for (let c = nextCandidate(reach, dest, self, 0); c >= 0; c = nextCandidate(reach, dest, self, <u32>c + 1)) {
    if (least < 0 || load<u8>(cpuAt(c), Cpu.tpr) < load<u8>(cpuAt(least), Cpu.tpr)) least = c;
  }
  return least;
}

function byTurn(reach: u32, dest: u32, self: u32): i32 {
  let c = nextCandidate(reach, dest, self, load<u16>(globBase, Glob.rotate));
  if (c < 0) c = nextCandidate(reach, dest, self, 0);
  if (c >= 0) store<u16>(globBase, c + 1, Glob.rotate);
  return c;
}

/** Who of those that a message reaches gets it as the only one, by the machine's policy (A.7.4); -1: no candidate. */
export function arbitrate(reach: u32, dest: u32, self: u32, v: u32): i32 {
  switch (lapicSetup(LapicSetup.lowestPriPolicy)) {
    case LowestPriority.minTpr:
      return byTpr(reach, dest, self);
    case LowestPriority.rotate:
      return byTurn(reach, dest, self);
    case LowestPriority.first:
      return nextCandidate(reach, dest, self, 0);
    default:
      return byHash(reach, dest, self, v);
  }
}
