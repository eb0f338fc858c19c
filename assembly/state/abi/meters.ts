/**
 * What a timed run measures besides its events: where the time of CPUs goes, and how long variables have the values that somebody asked
 * about. Compiled by both sides; it imports nothing.
 */

/** What a CPU's time is spent on: a byte an instruction says which (`Table.accounts`). */
export enum Account {
  /** nobody has the CPU, or a thread that sleeps */
  idle = 0,
  /** the way of an interrupt to its handler, and the handler */
  interrupt = 1,
  /** operations: moves, hotplug and what cleans up behind them */
  operation = 2,
  /** of operations the part that invalidates remapping entries and waits for that */
  flush = 3,
  count = 4,
}

/**
 * A variable that is watched. An element weighs 1 while its value is from `from` to `to`; with `from` above `to` it weighs its value.
 * Offsets in bytes; the host fills in the first four.
 */
export const enum Gauge {
  slot = 0,
  from = 4,
  to = 8,
  /** index of the first of its elements among those of all gauges */
  first = 12,
  /** u64: times that an element began to weigh something */
  begun = 16,
  /** u64: weight * cycles, over all elements */
  cycles = 24,
  /** u64: cycles that an element weighed something without a break, the longest */
  longest = 32,
  /** u64: the cycle up to which `cycles` counts */
  since = 40,
  /** u32: weight of all elements together, now and at most */
  weight = 48,
  peak = 52,
  size = 56,
}
