/**
 * The timer (hardware.md A.8.3). It costs nothing while it counts: its state is the cycle at which it reaches 0, and the
 * current count is computed. Cycles of a divided clock are counted from the write on.
 */
import { Lapic, LapicSetup, LapicTimed, Lvt } from '../state/abi/lapic';
import { lapicAt, lapicSetup, lapicTimedAt, now } from '../state/access';
import { ask, TIMER } from './effects';
import { deliverLvt, readLvt } from './lvt';
import { stopTimer } from './reset';

const PERIODIC: u32 = 1;
const DEADLINE: u32 = 2;


@inline function modeOf(entry: u32): u32 {
  return (entry >> 17) & 3;
}


@inline function mode(c: u32): u32 {
  return modeOf(readLvt(c, Lvt.timer));
}

/** Cycles of one count: bits 3, 1, 0 of the divide configuration are 2, 4 ... 128, 1. */
function unitOf(divide: u32): u64 {
  const code = (divide & 3) | ((divide >> 1) & 4);
  return (<u64>max(lapicSetup(LapicSetup.timerTick), 1)) << ((code + 1) & 7);
}


@inline function unit(c: u32): u64 {
  return unitOf(load<u32>(lapicAt(c), Lapic.divide));
}


@inline function due(c: u32): u64 {
  return load<u64>(lapicTimedAt(c), LapicTimed.due);
}

function setDue(c: u32, at: u64): void {
  store<u64>(lapicTimedAt(c), at, LapicTimed.due);
  ask(TIMER);
}

/** Cycle of the next expiry, 0: none. */
export function timerDue(c: u32): u64 {
  return mode(c) == DEADLINE ? load<u64>(lapicTimedAt(c), LapicTimed.deadline) : due(c);
}

/** Starts the count anew; 0 stops it. Ignored in TSC-deadline mode. */
export function writeInitialCount(c: u32, value: u32): void {
  if (mode(c) >= DEADLINE) return;
  store<u32>(lapicAt(c), value, Lapic.initialCount);
  setDue(c, value == 0 ? 0 : now() + <u64>value * unit(c));
}

export function currentCount(c: u32): u32 {
  if (due(c) <= now()) return 0;
  const each = unit(c);
  return <u32>((due(c) - now() + each - 1) / each);
}

/** The rest of a count that runs takes as many counts of the new length. */
export function writeDivide(c: u32, value: u32): void {
  const before = unit(c);
  store<u32>(lapicAt(c), value & 0xb, Lapic.divide);
  if (due(c) > now()) setDue(c, now() + max(((due(c) - now()) * unit(c)) / before, 1));
}

/** The timer's LVT entry has changed: to and from TSC-deadline mode disarms, nothing else touches the count. */
export function changeTimerMode(c: u32, before: u32): void {
  const wasDeadline = modeOf(before) >= DEADLINE;
  if (modeOf(before) == mode(c) || (!wasDeadline && mode(c) < DEADLINE)) return;
  store<u32>(lapicAt(c), 0, Lapic.initialCount);
  stopTimer(c);
}

/** IA32_TSC_DEADLINE: reads 0, and is not written, in another mode. */
export function readDeadline(c: u32): u64 {
  return mode(c) == DEADLINE ? load<u64>(lapicTimedAt(c), LapicTimed.deadline) : 0;
}

export function writeDeadline(c: u32, value: u64): void {
  if (mode(c) != DEADLINE) return;
  store<u64>(lapicTimedAt(c), value, LapicTimed.deadline);
  ask(TIMER);
  if (value != 0 && value <= now()) expire(c);
}

/** The count has reached 0, or the deadline has come: one event; a masked one is lost. */
export function expire(c: u32): void {
  if (mode(c) == DEADLINE) store<u64>(lapicTimedAt(c), 0, LapicTimed.deadline);
  else if (mode(c) == PERIODIC) setDue(c, now() + max(<u64>load<u32>(lapicAt(c), Lapic.initialCount) * unit(c), 1));
  else setDue(c, 0);
  ask(TIMER);
  deliverLvt(c, Lvt.timer);
}
