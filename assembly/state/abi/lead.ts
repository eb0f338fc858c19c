/**
 * What a timed run keeps of CPUs that have executed steps of an interrupt handler which are due later than now (assembly/cpu/lead.ts). The core alone
 * uses it; between two runs there is none.
 */

/** Of a CPU. */
export enum Lead {
  /** u64 cycle of the first of these steps */
  from = 0,
  /** u32 steps, and the observable instructions in them */
  steps = 8,
  ops = 12,
  /** u32 elements that they have changed */
  stores = 16,
  /** the context as it was before them */
  context = 24,
  /** behind each other what the elements held: u32 address, u32 its bits, u32 their value */
  log = 88,
  size = 280,
}

export const LEAD_STORES: u32 = 16;
export const LEAD_STORE_SIZE: u32 = 12;

/** An element that such a step has used and that others may use too: by whom, and when for the last time. */
export enum Claim {
  /** u64 cycle */
  until = 0,
  /** u32 address */
  element = 8,
  /** u32 */
  cpu = 12,
  size = 16,
}

/** Places for claims, for each CPU; their number is rounded up to a power of two. */
export const CLAIMS: u32 = 64;
