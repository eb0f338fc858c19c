/**
 * What comes out: actions of a check, events, properties, counters, status. Compiled by both sides; it imports nothing.
 */

/** Actors of a step, in bits 15:12 of an action. The rest says which one. */
export enum Actor {
  /** a CPU executes its next micro-op */
  cpu = 0,
  /** a CPU acknowledges an interrupt */
  interrupt = 1,
  /** a message moves on: source << 4 | rank among the source's messages */
  message = 2,
  /** a source raises, samples, sends what it sampled before */
  raise = 3,
  sample = 4,
  send = 5,
  /** operation of the scenario begins */
  operation = 6,
  /** the probe begins; its next raise */
  probe = 7,
  /** a remapping unit executes the next descriptor of its queue */
  queue = 8,
  /** a remapping unit drops an entry from its cache: unit << 8 | index */
  drop = 9,
  /** a timer fires: CPU << 4 | number */
  timer = 10,
  /** a pin of an IOAPIC sends its message: IOAPIC << 8 | pin */
  pin = 11,
}

/** Kinds of event records. Fields a, b, c by kind. */
export enum Event {
  none = 0,
  /** source a's device raises */
  raise = 1,
  /** device a samples a message: b = address, c = data */
  sample = 2,
  /** a message of source a reaches the root complex */
  root = 3,
  /** LAPIC of CPU a accepts vector b; c = 1 if it was pending already */
  accept = 4,
  /** a message is dropped: a = CPU or NONE, b = vector, c = `Drop` */
  drop = 5,
  /** CPU a acknowledges vector b */
  acknowledge = 6,
  /** CPU a, EOI retires vector b */
  eoi = 7,
  /** CPU executes a micro-op: a = CPU, b = instruction, c = value read or written */
  step = 8,
  /** config write takes effect: a = device, b = `MsiReg`, c = value */
  cfg = 9,
  /** IPI sent: a = CPU, b = destination APIC id, c = ICR low */
  ipi = 10,
  /** handler of source a entered; b = cycles since the raise, c = CPU */
  serve = 11,
  /** property b flagged, a: what it concerns */
  flag = 12,
  /** note b, a: what it concerns */
  note = 13,
  /** operation a begins, ends */
  opBegin = 14,
  opEnd = 15,
  /** nothing carries source a's event any more */
  lost = 16,
  /** INIT received by CPU a */
  init = 17,
  /** probe starts */
  probe = 18,
  /** device a sampled at the raise and sends only now (sample-then-delay) */
  send = 19,
  /** a config access or mdelay of CPU a completes: b = instruction */
  complete = 20,
  /** NMI, SMI or ExtINT received by CPU a: b = vector, c = delivery mode */
  latch = 21,
  /** IOAPIC a, in bits 15:8 its pin, samples a message: b = address, c = data */
  pin = 22,
  /** the EOI of vector b reaches IOAPIC a; c = entries whose remote IRR it has cleared */
  retire = 23,
  /** a write of requester a reaches memory: b = address, c = data */
  write = 24,
  /**
   * unit a remaps a request by entry b; c: bit 0 the entry was not in the cache, bit 1 the interrupt is posted; bits 15:8 vector,
   * 31:16 the low bits of the destination
   */
  remap = 25,
  /**
   * unit a blocks a request of requester c: entry (bits 15:0) and `FaultReason`, of AMD `AmdEvent` (bits 31:16), in b. To a program of AMD
   * also a command that cannot be executed: the event alone
   */
  fault = 26,
  /** unit a has invalidated its cached entries from b on, c of them; c = 0: all. Of AMD: bit 31 and `AmdCommand` in c, device in b. */
  invalidate = 27,
  /** a wait of unit a is complete: b = status address, c = status data, or 0 */
  wait = 28,
  /**
   * unit a posts vector b (bits 7:0; bit 8: and notifies, by the vector in bits 23:16, the destination whose low bits are in a, bits
   * 31:8) in the descriptor at c. Of AMD: in the vAPIC page at c; bit 9 of b: by a doorbell, which has no vector, for that destination
   */
  post = 29,
  /** unit a drops entry b from its cache */
  evict = 30,
  /** timer b of CPU a fires */
  timer = 31,
  /** a write arrives at entry register b (offset) of the MSI-X table of function a: c = value */
  table = 32,
  /** a program posts such a write */
  access = 33,
  /** CPU a broadcasts the EOI of vector b to IOAPIC c */
  broadcast = 34,
  /** a doorbell reaches CPU a */
  doorbell = 40,
  /** from now on something else holds up the event of a source (`Hold`); not in the digest */
  hold = 41,
}

/** Why a message did not set an IRR bit. */
export enum Drop {
  softwareDisabled = 0,
  noTarget = 1,
  illegalVector = 2,
  /** SIPI outside wait-for-SIPI, NMI within, a delivery mode that is reserved */
  noEffect = 3,
  wildWrite = 4,
  /** wait-for-SIPI: fixed interrupts are not accepted (SVR is reset by INIT) */
  disabledDevice = 5,
  /** a function may send nothing, bus mastering being off or it being in D3 */
  silenced = 8,
  /** of a comparator that was masked */
  masked = 9,
}

/** Properties (design 4). The number is the bit in a violation mask; a model's and a user's own have the bits from `FIRST_OWN` on. */
export enum Property {
  noLoss = 0,
  noStray = 1,
  noDuplicate = 2,
  noLeak = 3,
  inStep = 4,
  noStuckLine = 5,
  noStuckIsr = 6,
  noFault = 7,
  noWildWrite = 8,
  progress = 9,
}

/** Bits of own properties: `FIRST_OWN` up to 31. */
export const FIRST_OWN: u32 = 10;

/** What a kernel model counts. */
export enum Note {
  /** a vector that was swallowed by a slot marked on purpose */
  swallowed = 0,
  /** an interrupt sent again by software */
  retrigger = 1,
  /** a move of an interrupt that took effect */
  moved = 2,
  /** a vector freed after a move */
  cleaned = 3,
  /** a move refused because the one before is not cleaned up */
  busy = 4,
  /** a vector that was given up while still allocated */
  leaked = 5,
  /** a handler entered on a vector that carried only events of other sources */
  foreign = 6,
  count = 8,
}

/** Counters of the record class, u64 each. */
export enum Counter {
  raises = 0,
  served = 1,
  messages = 2,
  accepts = 3,
  merged = 4,
  dropped = 5,
  acknowledged = 6,
  ipis = 7,
  microOps = 8,
  lost = 9,
  strays = 10,
  events = 11,
  noTarget = 12,
  eoiWithoutIsr = 13,
  illegalVector = 15,
  tagOverflow = 16,
  wildWrites = 17,
  /** events of the queue, timed */
  ticks = 18,
  /** events of a device that has one of the same source to tell already, timed */
  joined = 19,
  count = 24,
}

/** Result of a batch of a timed run or a search. */
export enum Status {
  /** budget used up, more to do */
  more = 0,
  /** the bound is reached or the search is complete */
  done = 1,
  /** a property failed (timed run) */
  failed = 2,
  /** the event ring is full: drain it and go on */
  ringFull = 3,
  /** memory is used up */
  memory = 4,
  /** the kernel model did what no model may: see `Fault` */
  fault = 5,
  /** the state left the universe the image can hold */
  universe = 6,
  /** a register holds more bits than the model's assembler reckoned with */
  width = 7,
  /** all states of the round in memory are expanded (search) */
  round = 8,
  /** more of the frontier is in memory than allowed */
  spill = 9,
  /** more visible steps, or more steps between two of them, than a state's record can count */
  depth = 10,
  /** as many states as were asked for */
  enough = 11,
  /** the shortest way to some failure is known, and no more was asked for */
  first = 12,
  /** INIT hit a CPU that ran: a reduced search says nothing about that, a full one does */
  cutShort = 13,
}

/** What a micro-program must not do; reported with its label, never a trap. */
export enum Fault {
  none = 0,
  index = 1,
  depth = 2,
  opcode = 3,
  runaway = 4,
  context = 5,
  pool = 6,
}
