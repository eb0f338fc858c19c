/**
 * Bits of a footprint (assembly/check/resources.ts): what can be read and written apart from others. Compiled by both sides;
 * it imports nothing.
 */

/** Words of 64 bits of one set; a footprint is two, reads and writes. */
export const FOOTPRINT_WORDS: u32 = 5;

/** Parts of a CPU, 16 bits each: the first four are word 0, the others stand behind the variables. */
export const enum Part {
  /** contexts of interrupts and softirqs, flags, run state */
  core = 0,
  /** what arrives: IRR, TMR, ESR */
  irr = 16,
  svr = 32,
  /** ISR, priorities, destination registers */
  lapic = 48,
  /** armed timers */
  timers = 64,
  /** contexts of the thread and the stopper, and which of them has the CPU */
  tasks = 80,
}

export const PARTS: u32 = 6;

/** Word 1: first bit of each kind, and single resources. */
export const enum Thing {
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
  /** relative: the parts of the executing CPU, in footprints of code that any CPU may execute */
  self = 51,
  /** a mark, not a resource: fixed IPIs may be sent, so handlers may be entered */
  interrupts = 57,
  /** the queues of remapping units; what those of AMD have cached */
  queues = 58,
  lines = 59,
  /** pins of IOAPICs, with their entries */
  pins = 60,
  /** relative: the list of the executing CPU's IPIs */
  selfTail = 61,
  /** a mark, not a resource: tasks may be woken, or CPUs started */
  wakes = 63,
  /** a mark, not a resource: a context may begin by it, for it sends an IPI or a unit's interrupt, wakes a task or arms a timer */
  begins = 62,
}

/** Word 2: of the messages of one origin, 21 bits each. */
export const enum Flight {
  /** the end of its list: a new message */
  tail = 0,
  /** one of those that are in flight now has landed, or reached the root complex */
  landed = 21,
  rooted = 42,
}

/** Words 3 and 4: elements of variables, at most 16 bits each; those that are fixed have none. Behind them timers and tasks of CPUs, and lines of VT-d units, by entry. */
export const FIRST_VARIABLE_WORD: u32 = 3;
export const VARIABLE_BITS: u32 = 128;
