/** Counters, notes, coverage: the record class, seen by nobody who decides anything. */
import { CpuEvent } from '../state/abi/lapic';
import { Load } from '../state/abi/tables';
import { toldAt } from '../state/access';
import { counterBase, noteBase, coverageBase, cpuEventBase, diagBase, histogramBase, loadBase } from '../state/layout';


@inline export function count(which: u32): void {
  const at = counterBase + ((<usize>which) << 3);
  store<u64>(at, load<u64>(at) + 1);
}


@inline export function countMore(which: u32, n: i32): void {
  const at = counterBase + ((<usize>which) << 3);
  store<u64>(at, load<u64>(at) + n);
}


@inline export function countNote(which: u32): void {
  const at = noteBase + ((<usize>which) << 3);
  store<u64>(at, load<u64>(at) + 1);
}

/** `Diag` */
export function countDiag(which: u32): void {
  const at = diagBase + ((<usize>which) << 2);
  store<u32>(at, load<u32>(at) + 1);
}


@inline function cpuEventAt(c: u32, which: u32): usize {
  return cpuEventBase + ((<usize>(c * CpuEvent.words + which)) << 2);
}

/** `CpuEvent` of CPU c. */
export function countCpuEvent(c: u32, which: u32): void {
  const at = cpuEventAt(c, which);
  store<u32>(at, load<u32>(at) + 1);
}

export function noteSipi(c: u32, vector: u32): void {
  countCpuEvent(c, CpuEvent.sipi);
  store<u32>(cpuEventAt(c, CpuEvent.sipiVector), vector);
}

function addLoad(at: usize, n: i64, cycles: i64): void {
  store<u64>(at, load<u64>(at, Load.handled) + n, Load.handled);
  store<u64>(at, load<u64>(at, Load.cycles) + cycles, Load.cycles);
}

/** CPU c is in the driver's handler of source s for so many cycles. */
export function countHandler(c: u32, s: u32, cycles: u64): void {
  addLoad(loadBase + <usize>c * Load.size, 1, cycles);
  addLoad(toldAt(s), 1, cycles);
}

/** It is not, after all. */
export function countHandlerBack(c: u32, s: u32, cycles: u64): void {
  addLoad(loadBase + <usize>c * Load.size, -1, -(<i64>cycles));
  addLoad(toldAt(s), -1, -(<i64>cycles));
}


@inline export function cover(pc: u32): void {
  store<u8>(coverageBase + pc, 1);
}

/**
 * Log-linear histogram of cycles: 16 buckets per power of two (values up to 16 exact), so a percentile read from it is
 * at most 6.25 % too high. Bucket of v: v below 16; otherwise 16 * (e - 3) + next four bits, e = position of the top bit.
 */
@inline function bucketOf(v: u64): usize {
  let bucket: u32;
  if (v < 16) {
    bucket = <u32>v;
  } else {
    const e = 63 - <u32>clz(v);
    bucket = ((e - 3) << 4) + ((<u32>(v >> (e - 4))) & 15);
  }
  return histogramBase + ((<usize>bucket) << 2);
}

/** So many values v more; a negative number takes them back. */
export function histogramAdd(v: u64, n: i32 = 1): void {
  const at = bucketOf(v);
  store<u32>(at, load<u32>(at) + n);
}
