/**
 * Footprints: what a step, or all that an actor may ever do, reads and writes. Two sets of resources, each `WORDS` words of
 * bits, reads first. A resource is what can be read and written apart from others; where there are more of a kind than bits,
 * some share one, which only makes steps look dependent that are not.
 */
import { VarClass, VarFlag, VarWord } from '../state/abi/instructions';
import { FIRST_VARIABLE_WORD, Flight, FOOTPRINT_WORDS, Part, PARTS, Thing, VARIABLE_BITS } from '../state/abi/resources';
import { slotAt } from '../state/access';
import { variableAt } from '../state/guest';
import { nAmds, nCpus, nDevices, nIrtes, nOrigins, nTimers, nVariables } from '../state/layout';

export const WORDS: u32 = FOOTPRINT_WORDS;
/** Bytes of a footprint. */
export const SIZE: usize = 2 * 5 * 8;

/** Bits of each kind of `Flight`. */
const ORIGINS: u32 = Flight.landed - Flight.tail;

/** "any CPU": a footprint that is relative to who executes. */
export const SOMEONE: u32 = 0xffff;


@inline export function allCpus(): u32 {
  return (1 << nCpus) - 1;
}

/** Writes that commute with each other: arrivals in one IRR, messages that move on. */
const COMMUTING_0: u64 = 0xffff << 16;
const COMMUTING_2: u64 = (((<u64>1) << 42) - 1) << 21;
/** What is no resource, or no hardware. */
const IGNORED_1: u64 = ((<u64>1) << Thing.pool) | ((<u64>1) << Thing.interrupts) | ((<u64>1) << Thing.begins) | ((<u64>1) << Thing.wakes);

/** Per slot: u8 first bit, u8 number of bits. */
let slots: usize = 0;
/** First bits of the timers, if there are any, and of the tasks: one for each CPU. */
let firstTimer: u32 = 0;
let firstTask: u32 = 0;
/** First bit of the lines, and how many bits they have. */
let firstLine: u32 = 0;
let lineBits: u32 = 0;

/** Shares out the bits of variables, and behind them those of CPUs and lines; `at`: room for two bytes a variable. */
export function placeResources(at: usize): void {
  slots = at;
  let next: u32 = 0;
  for (let slot: u32 = 0; slot < nVariables; slot++) {
    // what is fixed is never written
    const fixed = load<u32>(slotAt(slot), VarWord.storage * 4) == VarClass.fixed;
    const elements = fixed ? 0 : min(load<u32>(slotAt(slot), VarWord.dim0 * 4), 16);
    store<u8>(slots + (slot << 1), next);
    store<u8>(slots + (slot << 1), elements, 1);
    next = (next + elements) & (VARIABLE_BITS - 1);
  }
  firstTimer = next;
  firstTask = next + (nTimers == 0 ? 0 : min(nCpus, 16));
  firstLine = firstTask + min(nCpus, 16);
  lineBits = nAmds == 0 ? min(nIrtes, 16) : 0;
}

export function clear(at: usize): void {
  memory.fill(at, 0, SIZE);
}

export function fillAll(at: usize): void {
  for (let w: u32 = 0; w < 2 * WORDS; w++) store<u64>(at + (w << 3), u64.MAX_VALUE);
}


@inline function orWord(at: usize, word: u32, bits: u64): void {
  const p = at + (word << 3);
  store<u64>(p, load<u64>(p) | bits);
}


@inline export function readsWord(at: usize, word: u32, bits: u64): void {
  orWord(at, word, bits);
}


@inline export function writesWord(at: usize, word: u32, bits: u64): void {
  orWord(at, WORDS + word, bits);
}


@inline export function writesOf(at: usize, word: u32): u64 {
  return load<u64>(at + ((WORDS + word) << 3));
}

/** Adds a footprint; true if that made it larger. */
export function add(to: usize, from: usize): bool {
  let grown = false;
  for (let w: u32 = 0; w < 2 * WORDS; w++) {
    const before = load<u64>(to + (w << 3));
    const after = before | load<u64>(from + (w << 3));
    if (after == before) continue;
    store<u64>(to + (w << 3), after);
    grown = true;
  }
  return grown;
}


@inline function touch(at: usize, word: u32, bits: u64, reads: bool, writes: bool): void {
  if (reads) readsWord(at, word, bits);
  if (writes) writesWord(at, word, bits);
}

/** A part of CPU c, or of whoever executes. */
export function touchCpu(at: usize, part: u32, c: u32, reads: bool, writes: bool): void {
  if (c == SOMEONE) touch(at, 1, (<u64>1) << (Thing.self + (part >> 4)), reads, writes);
  else if (part < <u32>Part.timers) touch(at, 0, (<u64>1) << (part + (c & 15)), reads, writes);
  else if (part == Part.tasks) touchBits(at, firstTask, min(nCpus, 16), c, reads, writes);
  else if (nTimers != 0) touchBits(at, firstTimer, min(nCpus, 16), c, reads, writes);
}

/** A part of each CPU of a mask. */
export function touchCpus(at: usize, part: u32, cpus: u32, reads: bool, writes: bool): void {
  if (part < <u32>Part.timers) {
    touch(at, 0, (<u64>cpus) << part, reads, writes);
    return;
  }
  for (let bits = cpus; bits; bits &= bits - 1) touchCpu(at, part, ctz(bits), reads, writes);
}

export function touchThing(at: usize, thing: u32, reads: bool, writes: bool): void {
  touch(at, 1, (<u64>1) << thing, reads, writes);
}

/** One of 16 of a kind: a source or a device. */
export function touchOne(at: usize, thing: u32, which: u32, reads: bool, writes: bool): void {
  touch(at, 1, (<u64>1) << (thing + (which & 15)), reads, writes);
}


@inline export function flightBit(kind: u32, origin: u32): u64 {
  return (<u64>1) << (kind + (origin % ORIGINS));
}

export function allOrigins(kind: u32): u64 {
  const n = min(nOrigins, ORIGINS);
  return (((<u64>1) << n) - 1) << kind;
}

/** Element i of a variable, or all of them: i = SOMEONE. */
export function touchVariable(at: usize, slot: u32, i: u32, reads: bool, writes: bool): void {
  if (slot >= nVariables) return;
  const first = <u32>load<u8>(slots + (slot << 1));
  touchBits(at, first, <u32>load<u8>(slots + (slot << 1), 1), i, reads, writes);
}

/** Line i of VT-d units, or all of them: i = SOMEONE. */
export function touchLineBit(at: usize, i: u32, reads: bool, writes: bool): void {
  touchBits(at, firstLine, lineBits, i, reads, writes);
}

/** Of `n` bits from `first` on that of element i, or all of them. */
function touchBits(at: usize, first: u32, n: u32, i: u32, reads: bool, writes: bool): void {
  if (n == 0) return;
  const from: u32 = i == SOMEONE ? 0 : i % n;
  const to: u32 = i == SOMEONE ? n : from + 1;
  for (let k = from; k < to; k++) {
    const bit = (first + k) & (VARIABLE_BITS - 1);
    touch(at, FIRST_VARIABLE_WORD + (bit >> 6), (<u64>1) << (bit & 63), reads, writes);
  }
}

/** What a unit reads or writes at a guest address. */
export function touchGuest(at: usize, address: u64, reads: bool, writes: bool): void {
  const place = variableAt(address);
  if (place != 0) touchPlace(at, place, reads, writes);
}


@inline function rowBytes(slot: u32): u32 {
  return load<u32>(slotAt(slot), VarWord.bytes * 4) * load<u32>(slotAt(slot), VarWord.dim1 * 4);
}

/** Slot of the variable that stands at a place, -1: none does. */
export function slotOf(place: usize): i32 {
  for (let slot: u32 = 0; slot < nVariables; slot++) {
    const first = <usize>load<u32>(slotAt(slot), VarWord.address * 4);
    const bytes = rowBytes(slot) * load<u32>(slotAt(slot), VarWord.dim0 * 4);
    if (place >= first && place < first + <usize>bytes) return <i32>slot;
  }
  return -1;
}

/** What stands at a place among the variables. */
export function touchPlace(at: usize, place: usize, reads: bool, writes: bool): void {
  const slot = slotOf(place);
  if (slot < 0) return;
  touchVariable(at, slot, <u32>(place - <usize>load<u32>(slotAt(slot), VarWord.address * 4)) / rowBytes(slot), reads, writes);
}

/** All that units may look at when one of their tables changes. */
export function touchTables(at: usize): void {
  for (let slot: u32 = 0; slot < nVariables; slot++) {
    if (load<u32>(slotAt(slot), VarWord.flags * 4) & VarFlag.dma) touchVariable(at, slot, SOMEONE, true, false);
  }
}

/** Whatever a reference may refer to. */
export function touchMasks(at: usize, reads: bool, writes: bool): void {
  for (let slot: u32 = 0; slot < nVariables; slot++) {
    if (load<u32>(slotAt(slot), VarWord.flags * 4) & VarFlag.mask) touchVariable(at, slot, SOMEONE, reads, writes);
  }
}

/** Of word 1: what is relative to who executes. */
const RELATIVE: u64 = ((((<u64>1) << PARTS) - 1) << Thing.self) | ((<u64>1) << Thing.selfTail);

const executed: usize = memory.data(80);

/** Adds a footprint of code as executed by the CPUs of a mask. */
export function addExecuted(to: usize, from: usize, cpus: u32): bool {
  memory.copy(executed, from, SIZE);
  for (let half: u32 = 0; half < 2; half++) {
    const at = executed + ((half * WORDS + 1) << 3);
    const relative = load<u64>(at);
    store<u64>(at, relative & ~RELATIVE);
    const writes = half == 1;
    for (let part: u32 = 0; part < PARTS; part++) {
      if ((relative >> (Thing.self + part)) & 1) touchCpus(executed, part << 4, cpus, !writes, writes);
    }
    if (((relative >> Thing.selfTail) & 1) == 0) continue;
    for (let bits = cpus; bits; bits &= bits - 1) touch(executed, 2, flightBit(Flight.tail, nDevices + ctz(bits)), !writes, writes);
  }
  return add(to, executed);
}

/** What stands between two footprints in a word of resources; `commuting`: those whose writes commute. */
@inline function between(a: usize, b: usize, word: u32, commuting: u64): u64 {
  const writeA = writesOf(a, word);
  const writeB = writesOf(b, word);
  return (load<u64>(a + (word << 3)) & writeB) | (writeA & load<u64>(b + (word << 3))) | (writeA & writeB & ~commuting);
}

/** True if two footprints conflict: steps that have them may not commute, or one may enable or disable the other. */
export function conflict(a: usize, b: usize): bool {
  // without branches: most steps are independent
  const hardware = between(a, b, 0, COMMUTING_0) | (between(a, b, 1, 0) & ~IGNORED_1) | between(a, b, 2, COMMUTING_2);
  return (hardware | between(a, b, FIRST_VARIABLE_WORD, 0) | between(a, b, FIRST_VARIABLE_WORD + 1, 0)) != 0;
}
