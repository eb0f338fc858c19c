/**
 * What a timed run keeps of CPUs that have executed steps of an interrupt handler which are due later than now (assembly/cpu/lead.ts). The core alone
 * uses it; between two runs there is none.
 */

/** Of a CPU; few cache lines are touched. */
export const enum Lead {
  /** u64 cycle of the first of these steps */
  from = 0,
  /** u32 steps, and the observable instructions in them */
  steps = 8,
  ops = 12,
  /** u32 elements that they have changed */
  stores = 16,
  /** u32 vector that was retired, 0: none; u32 source + 1 whose handler was entered, 0: none */
  eoi = 20,
  served = 24,
  /** u16: 1 if no handler of it was entered before */
  first = 28,
  /** u16 source + 1 of which the context carried something that nobody asks about any more, 0: none (assembly/record/tags.ts) */
  carried = 30,
  /** u64 cycles of these; u64 cycles that the handler takes; u64 state of its stream before */
  eoiAt = 32,
  servedAt = 40,
  cycles = 48,
  stream = 56,
  /** behind each other what the elements held: u32 address, u32 its bits, u32 their value */
  log = 64,
  /** the context as it was before them */
  context = 256,
  size = 320,
}

export const LEAD_STORES: u32 = 16;
export const LEAD_STORE_SIZE: u32 = 12;

/** An element that such a step has used and that others may use too: by whom, and when for the last time. */
export const enum Claim {
  /** u64 cycle */
  until = 0,
  /** u32 address */
  element = 8,
  /** u32 */
  cpu = 12,
  size = 16,
}

/** Claims of elements with the same first index: a cache line. */
export const CLAIM_WAYS: u32 = 4;
/** Lines of them at least. */
export const CLAIM_LINES: u32 = 64;
