/**
 * What host and core agree on: one file, compiled by both (AssemblyScript and TypeScript), so that they cannot drift.
 *
 * Only enumerations and plain numbers stand here. Byte offsets of records stand in `fields.ts` beside this file.
 */

/**
 * Instructions of the sequencer (design: the closed instruction set).
 *
 * An instruction is four 32-bit words:
 *   w0 = op | a << 8 | b << 16 | c << 24     three operands of one byte, see `Operand`
 *   w1 = imm                                 immediate value, branch target (instruction index) or cost in cycles
 *   w2 = slot | slot2 << 16                  indexes into the table of variables
 *   w3 = flags                               see `InsnFlag`; bits 31:8 hold the source label (index into the host's table)
 *
 * Those below `Op.firstObservable` touch only the context's registers and constants and are *private*: they have no
 * step of their own. A step is one observable instruction (or atomic block), then the private ones behind it.
 *
 * `x` is the value of operand c, or imm if c is `Operand.imm`. `var[b][c]` indexes the variable `slot`.
 */
export enum Op {
  nop = 0,
  /** a = x */
  move = 1,
  /** a = b + x, modulo 2^32; the others alike */
  add = 2,
  sub = 3,
  and = 4,
  or = 5,
  xor = 6,
  shl = 7,
  shr = 8,
  /** go to imm */
  jump = 9,
  /** compare a with the value of b (a register, or w2 if b is `Operand.imm`), unsigned; go to imm if it holds */
  jumpEq = 10,
  jumpNe = 11,
  jumpLt = 12,
  jumpGe = 13,
  /** push the next instruction, go to imm; at most 8 deep */
  call = 14,
  ret = 15,
  /** a = reference to the mask variable slot[b]: masks are passed by reference */
  ref = 16,
  /** a = constant of the machine, `Constant` in imm, indexed by b */
  constant = 17,

  firstObservable = 32,
  /** a = var[b][c] */
  load = 32,
  /** var[b][c] = a, or imm if a is `Operand.imm` */
  store = 33,
  /** one atomic read-modify-write: a = (var[b][c] += imm) */
  fetchAdd = 34,
  /** set or clear bit c (imm if c is `Operand.imm`) of mask var[b]; with `InsnFlag.byRef` b holds a reference */
  maskSet = 35,
  maskClear = 36,
  /** a = bit c of mask */
  maskTest = 37,
  /** the mask that a refers to = mask slot[b] (byRef: the one b refers to), AND slot2[c] if `InsnFlag.and` */
  maskCopy = 38,
  /** a = first bit of (mask b AND mask slot2), or `NONE`. b is a reference if byRef; slot2 = 0xffff: no second mask */
  maskFirst = 39,
  /** a = number of bits in (mask b AND mask slot2) */
  maskCount = 40,
  /** a = first bit clear in mask var[b] within the universe of vectors, or `NONE` */
  maskFirstFree = 41,
  /** a = bit of (mask b AND mask slot2) with the largest key; key variable's slot in imm; the first wins on ties; `NONE` if empty */
  maskMost = 42,
  maskLeast = 43,
  /** a = lowest index i >= a with var[b][i] != imm in the universe of vectors, or `NONE`; one read per slot that is not empty */
  scan = 44,
  /** push node c at the head of list b: slot = heads (value node + 1, 0 empty), slot2 = next pointers, indexed by node */
  listPush = 45,
  /** take node c out of list b, if it is in it */
  listRemove = 46,
  /** take lock slot[b]; waits while another holds it */
  lock = 47,
  unlock = 48,
  /** wait until var[b][c] == imm */
  waitEq = 49,
  waitNe = 50,
  cli = 51,
  /** IF=1 after the next micro-op (hardware.md A.5, STI shadow) */
  sti = 52,
  /** a = IF, then IF=0 */
  saveFlags = 53,
  /** IF = a, no shadow */
  restoreFlags = 54,
  /** preemption of the thread by the stopper off and on (nests) */
  preemptOff = 55,
  preemptOn = 56,
  /** end of an interrupt: leave the hardirq context, IF=1 */
  iret = 57,
  /** the task is done; its context is free */
  end = 58,
  /** wake the task of `Level` c (an immediate: the thread) of CPU b; it starts at instruction imm with register 0 = a */
  wake = 59,
  /** this CPU halts with IF=0 for good: only INIT gets it out */
  park = 60,
  /** wait imm cycles (an mdelay) */
  delay = 61,
  /** config space of device b, register imm (`MsiReg`): a = value */
  cfgRead = 62,
  /** register imm of device b = a (16 or 32 bits by the register) */
  cfgWrite = 63,
  /** own LAPIC: a = bit of vector b in the IRR (one read of the IRR word that holds it) */
  irrBit = 64,
  /** own LAPIC register at offset imm (xAPIC offset) = a */
  lapicWrite = 65,
  /** a = own LAPIC register at offset imm */
  lapicRead = 66,
  /** write the ICR: fixed IPI with vector b (imm if immediate) to APIC id a */
  ipi = 67,
  /** ICR with delivery mode INIT, SIPI to APIC id a */
  ipiInit = 68,
  ipiSipi = 69,
  /** the driver's handler of interrupt source a is entered: what it owed is paid. Costs imm cycles */
  serve = 70,
  /** a property (`Property`, imm) does not hold; a: what it concerns */
  flag = 71,
  /** count `Note` imm (record class only); a: what it concerns */
  note = 72,
  /** operation a of the scenario has ended */
  opEnd = 73,
}

/** Values of an operand byte. 0..7 are the context's registers. */
export enum Operand {
  /** the value is in the instruction */
  imm = 13,
  none = 14,
  /** index of the CPU that executes */
  self = 15,
}

export enum InsnFlag {
  /** the step goes on with the next instruction: inside an atomic block */
  joined = 1,
  /** a visible step (design: what the length of a counterexample counts) */
  visible = 2,
  /** operand b of a mask instruction is a register that holds a reference */
  byRef = 4,
  /** maskCopy: AND with slot2[c] */
  and = 8,
}

/** `Op.constant`: what the machine is made of. */
export enum Constant {
  /** APIC id of CPU b */
  apicId = 0,
  /** CPU index of APIC id b, or NONE */
  cpuOfApicId = 1,
  cpus = 2,
  sources = 3,
  /** first vector of the universe, and one behind its last */
  vectorLo = 4,
  vectorHi = 5,
  /** device (index) of interrupt source b */
  deviceOf = 6,
  /** 1 if device b's MSI capability has a 64-bit address (C.1) */
  addr64 = 7,
}

/** "no such index" of the mask and scan instructions. */
export const NONE: u32 = 0xffff;

/** Contexts of a CPU, lowest priority first. */
export enum Level {
  thread = 0,
  stopper = 1,
  softirq = 2,
  hardirq = 3,
}

/** Registers of the MSI capability (hardware.md C.1). */
export enum MsiReg {
  control = 0,
  addrLo = 1,
  addrHi = 2,
  data = 3,
}

/** xAPIC register offsets used by `lapicRead` and `lapicWrite` (hardware.md A.2). */
export enum LapicReg {
  id = 0x20,
  tpr = 0x80,
  ppr = 0xa0,
  eoi = 0xb0,
  ldr = 0xd0,
  dfr = 0xe0,
  svr = 0xf0,
  esr = 0x280,
}

/** Where a variable lives and what a digest, a snapshot and an image do with it (design: fields have classes). */
export enum VarClass {
  check = 0,
  fixed = 1,
  record = 2,
}

export enum VarFlag {
  /** the last dimension is vectors: an image holds only the universe's */
  byVector = 1,
  /** a mask, `maskBits` wide */
  mask = 2,
  /** a non-zero value carries the events of interrupt source [index] (hardware.md J, tags) */
  carrier = 4,
  /** a lock: holds the owner's CPU index + 1 */
  lock = 8,
  /** a mask whose bits are vectors */
  vectorMask = 16,
}

/** One record of the table of variables; the core fills in `address`. Words of 32 bits. */
export enum VarWord {
  /** bytes an element takes in the state: 1, 2, 4; a mask: bytes of the whole mask, a multiple of 4 */
  bytes = 0,
  /** bits an element takes in an image */
  bits = 1,
  /** `VarClass` */
  storage = 2,
  /** `VarFlag`s */
  flags = 3,
  /** elements: dim0 * dim1 */
  dim0 = 4,
  dim1 = 5,
  address = 6,
  words = 8,
}

/** Properties (design 4). The number is the bit in a violation mask. */
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
  /** a dispatch to the handler of another irq */
  foreign = 6,
  count = 8,
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
}

/** Why a message did not set an IRR bit. */
export enum Drop {
  softwareDisabled = 0,
  noTarget = 1,
  illegalVector = 2,
  /** SMI, NMI, ExtINT, SIPI outside wait-for-SIPI: has no effect that is modelled */
  noEffect = 3,
  wildWrite = 4,
  /** wait-for-SIPI: fixed interrupts are not accepted (SVR is reset by INIT) */
  disabledDevice = 5,
}

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
}

/** Assumptions (design 1), one bit each: set = holds. */
export enum Assumption {
  /** a device forms the message at the instant it sends it; otherwise it samples first and sends later */
  sampleAtOnce = 1,
  /** a completion pushes the function's earlier messages to the root complex */
  pushToRoot = 2,
  /** ... and as far as the IRR */
  pushToIrr = 4,
  /** any message is delivered within an mdelay */
  deliveryWithinMdelay = 8,
  /** a deliverable vector is taken before the next micro-op */
  promptRecognition = 16,
  /** a software-disabled LAPIC dispatches what its IRR holds */
  disabledDispatches = 32,
}

export enum DeviceKind {
  handshake = 0,
  free = 1,
  level = 2,
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

/** Costs and latencies in cycles (hardware.md G.2), each {min, default, max} in the table of timings. */
export enum Timing {
  /** `msi.dev_to_rc` */
  deviceToRoot = 0,
  /** root complex -> IRR bit set (`ir.to_lapic`) */
  rootToLapic = 1,
  /** `ipi.fabric_same` */
  ipiFabric = 2,
  /** `core.recognise` */
  recognise = 3,
  /** `core.iret` */
  iret = 4,
  /** `lapic.mmio_write`, `lapic.mmio_read`, `eoi.mmio` */
  lapicWrite = 5,
  lapicRead = 6,
  eoi = 7,
  /** `cfg.write`, `cfg.read`: whole round trip; `cfg.apply_offset`: until the register changes */
  cfgWrite = 8,
  cfgRead = 9,
  cfgApply = 10,
  /** `mem.hit`: a load or store of shared memory */
  memory = 11,
  /** `core.lock_rmw` */
  lock = 12,
  /** the scheduler switches to a task that was woken (a share of `os.stop_machine`) */
  wake = 13,
  /** condition -> message sampled */
  sample = 14,
  /** sampled -> sent, where a device samples first and sends later */
  send = 15,
  count = 16,
}

/** The machine's size, written by the host before `create`. Words of 32 bits. */
export enum Size {
  cpus = 0,
  devices = 1,
  sources = 2,
  operations = 3,
  instructions = 4,
  variables = 5,
  /** messages that may be in flight */
  messages = 6,
  /** capacity of the event ring, records; 0: none */
  ring = 7,
  /** entries in all lists of inter-arrival gaps */
  gaps = 8,
  /** first vector of the universe, one behind its last */
  vectorLo = 9,
  vectorHi = 10,
  /** largest APIC id */
  maxApicId = 11,
  /** nodes for tag sets (record class); 0: tags are not kept */
  tags = 12,
  words = 16,
}

/** Tables the host fills after `create`, by `table(id)`. */
export enum Table {
  /** 4 words an instruction */
  code = 0,
  /** 8 bytes an instruction: live bits of each register */
  live = 1,
  /** `VarWord.words` words a variable (address filled in by the core) */
  variables = 2,
  /** 256 words: entry of the handler of each vector, or 0 */
  idt = 3,
  /** a word a CPU */
  apicIds = 4,
  /** `SourceSetup` a source */
  sources = 5,
  /** `OperationSetup` an operation */
  operations = 6,
  /** 3 words a timing: min, default, max */
  timings = 7,
  /** gaps in cycles, u32 */
  gaps = 8,
  /** `Settings` */
  settings = 9,
  cpus = 10,
  contexts = 11,
  messages = 12,
  devices = 13,
  sourceStates = 14,
  globals = 15,
  /** counters of the record class: `Counter` as u64 */
  counters = 16,
  /** notes, u64 each */
  notes = 17,
  /** latency histogram: u32 buckets, see `record/histogram` */
  histogram = 18,
  /** bytes: 1 = instruction executed */
  coverage = 19,
  ring = 20,
  operationStates = 21,
  /** bytes per source: handled at least once; per operation: ended at least once (record class) */
  served = 22,
  ended = 23,
  deviceSetup = 24,
}

/** Words of one source's constants. */
export enum SourceSetup {
  device = 0,
  /** number of its gap list's first entry, and of entries */
  gapFirst = 1,
  gapCount = 2,
  kind = 3,
  /** bound of raises; `unbounded` = 0xffffffff in a timed run */
  raises = 4,
  /** cost of the driver's handler, cycles */
  handlerCycles = 5,
  words = 8,
}

/** Words of one device's constants. */
export enum DeviceSetup {
  addr64 = 0,
  words = 4,
}

export enum OperationSetup {
  /** entry of its routine; 0: a pause */
  entry = 0,
  cpu = 1,
  arg0 = 2,
  arg1 = 3,
  /** cycles before it begins, timed */
  pause = 4,
  words = 8,
}

/** Words that say how the machine behaves. */
export enum Settings {
  /** 1 = the clock decides (run), 0 = every step is tried (check) */
  timed = 0,
  /** `Assumption`s in force */
  assumptions = 1,
  /** latencies: 0 = defaults, 1 = drawn between min and max */
  jitter = 2,
  /** operations begin in any order */
  parallel = 3,
  /** timed: the list of operations starts again */
  repeat = 4,
  /** entries: judge at rest, judge after the probe, application processor start; 0 = none */
  judgeRest = 5,
  judgeProbe = 6,
  apStart = 7,
  /** slot of the variable that says an irq is started, or NONE */
  startedSlot = 8,
  /** 0 nothing, 1 events, 2 events and micro-ops */
  record = 9,
  /** raises per irq in the probe */
  probeRaises = 10,
  /** seed, two words */
  seedLo = 11,
  seedHi = 12,
  /** properties that are checked, mask */
  properties = 13,
  /** system vectors in use, besides the universe: eight words of mask */
  systemVectors = 16,
  words = 32,
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
  spurious = 14,
  illegalVector = 15,
  tagOverflow = 16,
  wildWrites = 17,
  /** events of the queue, timed */
  ticks = 18,
  count = 24,
}
