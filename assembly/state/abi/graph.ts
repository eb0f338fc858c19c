/**
 * The graph of states that a check of liveness makes: a record for each state, with the steps that lead on from it. Compiled by both
 * sides; it imports nothing.
 */

/**
 * Who has a claim to its step, in bits 15:12 of a claim; the rest says which one. Fairness says of each that it is not passed over for
 * ever.
 */
export const enum Claim {
  /** a context of a CPU stands in front of a micro-op that may be executed: CPU << 2 | level. What an interrupt comes before counts. */
  context = 0,
  /** the same, and the micro-op takes a lock */
  lock = 1,
  /** a CPU may take an interrupt, and this vector is pending: CPU << 8 | vector. What a higher vector comes before counts. */
  vector = 2,
  /** an armed timer may fire: CPU << 4 | number */
  timer = 3,
  /** a message may move on: origin << 4 | rank */
  message = 4,
  /** a source samples, sends what it has sampled */
  sample = 5,
  send = 6,
  /** a pin sends: IOAPIC << 8 | pin */
  pin = 7,
  /** a remapping unit executes a descriptor */
  queue = 8,
}

export const UNFINISHED: u32 = 0xffffffff;

/** Words of a state's record; behind them its claims, u16 each and padded to 4 bytes, then its steps. */
export enum Node {
  /** number of the state, in the order in which they were found; `UNFINISHED` if the search ended in it */
  id = 0,
  /** claims, and steps << 16 */
  counts = 1,
  /** sources whose event is owed although they are started, as a mask */
  owed = 2,
  /** operations that have begun and not ended */
  begun = 3,
  /** contexts in use above the tasks: 2 bits a CPU, softirq and hardirq */
  held = 4,
  /** what the judge after the probe would say lacks progress: of a kernel the sources that are not where they were asked to be */
  lagging = 5,
  words = 6,
}

/** A step of a state: u32 number of the state it leads to, u16 action, u16 of these. */
export const enum EdgeFlag {
  visible = 1,
  /** level of the context that executed it, if a CPU's */
  levelShift = 1,
  /** it takes a lock */
  lock = 8,
  /** vector that was acknowledged */
  vectorShift = 8,
}
