/**
 * Bits of a footprint (assembly/check/resources.ts): what can be read and written apart from others. Compiled by both sides;
 * it imports nothing.
 */

/** Words of 64 bits of one set; a footprint is two, reads and writes. */
export const FOOTPRINT_WORDS: u32 = 5;

/** Parts of a CPU: word 0, 16 bits each. */
export enum Part {
  /** contexts, flags, task, run state */
  core = 0,
  /** what arrives: IRR, TMR, ESR */
  irr = 16,
  svr = 32,
  /** ISR, priorities, destination registers */
  lapic = 48,
}

/** Word 1: first bit of each kind, and single resources. */
export enum Thing {
  /** `owed` of a source: 16 bits */
  owed = 0,
  /** condition, held sample and raises left of a source */
  condition = 16,
  /** the MSI capability of a device */
  device = 32,
  operations = 48,
  probe = 49,
  /**
   * The pool of messages: its free list, links and records. A bound of the check and a way to keep a list, not hardware: what
   * matters about messages are the resources of word 2. A full pool only takes steps away, and is reported.
   */
  pool = 50,
  /** relative: a part of the executing CPU, in footprints of code that any CPU may execute */
  self = 52,
  /** the list of the executing CPU's IPIs */
  selfTail = 56,
  /** a mark, not a resource: fixed IPIs may be sent, so handlers may be entered */
  interrupts = 57,
  /** the queues of remapping units; what they have cached */
  queues = 58,
  lines = 59,
  /** armed timers */
  timers = 60,
}

/** Word 2: of the messages of one origin, 21 bits each. */
export enum Flight {
  /** the end of its list: a new message */
  tail = 0,
  /** one of those that are in flight now has landed, or reached the root complex */
  landed = 21,
  rooted = 42,
}

/** Words 3 and 4: elements of variables, at most 16 bits each; those that are fixed have none. */
export const FIRST_VARIABLE_WORD: u32 = 3;
export const VARIABLE_BITS: u32 = 128;
