/**
 * Byte offsets inside the records of the state block, shared by core and host. The class of a field is the class of its
 * record (design: fields have classes): CPU, context, message, device, source and globals are `check`.
 */

/** One LAPIC and core: 128 bytes, hot fields together (hardware.md A.2-A.5). */
export const enum Cpu {
  /** IRR, ISR, TMR: eight words each, bit v of the 256 */
  irr = 0,
  isr = 32,
  tmr = 64,
  /** highest vector in IRR and ISR (0 = none) and PPR: derived, recomputed when an image is unpacked */
  irrv = 96,
  isrv = 97,
  ppr = 98,
  tpr = 99,
  /** u16: bits 7:0 spurious vector, bit 8 software enable (A.9) */
  svr = 100,
  /** `RunState` */
  run = 102,
  /** `CpuFlag`s */
  flags = 103,
  /** non-zero words of IRR and ISR, derived */
  irrWords = 104,
  isrWords = 105,
  /** contexts in use: bit per `Level` */
  active = 106,
  /** task that has the CPU: `Level.thread` or `Level.stopper` */
  task = 107,
  ldr = 108,
  dfr = 112,
  /** ESR: accumulator and what a read shows (A.10) */
  esrPending = 116,
  esr = 117,
  /** `ApicMode`; the legacy id of xAPIC mode (A.1.1) */
  mode = 118,
  xapicId = 119,
  /** `Latched` */
  latched = 120,
  /** vector of the SIPI that started the core last */
  sipiVector = 121,
  /** 1: the error interrupt has fired since the last ESR write (A.10) */
  errorTold = 122,
  /** electrical levels of LINT0 and LINT1, bit each */
  lint = 123,
  size = 128,
}

export enum RunState {
  running = 0,
  /** halted for good with IF=0 (play_dead) */
  parked = 1,
  waitForSipi = 2,
}

export const enum CpuFlag {
  interruptsOn = 1,
  /** the micro-op after `sti` */
  shadow = 2,
}

/** An execution context: 64 bytes. */
export const enum Ctx {
  /** u16: instruction it stands in front of */
  pc = 0,
  /** 1 = a config access or delay has begun and not completed */
  phase = 2,
  /** frames on the call stack */
  depth = 3,
  /** spinlocks held and preemption-off nesting: while non-zero the stopper may not take over */
  held = 4,
  /** u16 x 8: return addresses */
  ret = 8,
  /** u32 x 8 */
  regs = 24,
  size = 64,
}

/** A message in flight: 32 bytes. */
export const enum Msg {
  /** `MsgKind` */
  kind = 0,
  /** `Stage`: 0 on the way to the root complex, 1 between root complex and LAPIC */
  stage = 1,
  /** u16: device index; behind the devices CPUs, IOAPICs, lists for all other requesters, and accesses by function */
  origin = 2,
  /** u16: next of the same origin + 1 */
  next = 4,
  /**
   * u16: interrupt source + 1 of a device message; CPU + 1 that an IPI for several is for, 0: whoever has the id; config write: bytes
   */
  source = 6,
  /** MSI and memory write: address; IPI: destination APIC id; EOI: IOAPIC; write to a function: offset */
  address = 8,
  /** MSI and memory write: data; IPI: ICR low; EOI: vector; write to a function: value */
  data = 12,
  /** u64: contexts that wait for it, bit cpu * 4 + level; in a timed run bit 0: a completion is behind it */
  marks = 16,
  /** u16: who has sent it, where the origin is a list of requesters that are no device */
  requester = 24,
  /** u16: pin + 1 of an IOAPIC's message */
  pin = 26,
  /** 1: relaxed ordering (hardware.md C.6 G5) */
  relaxed = 28,
  size = 32,
}

export const enum MsgKind {
  free = 0,
  msi = 1,
  ipi = 2,
  /** a DWORD for guest memory */
  write = 3,
  /** an EOI on its way to an IOAPIC (hardware.md A.12) */
  eoi = 4,
  /** a config write and a write to the MSI-X table, on their way to a function */
  config = 8,
  table = 9,
}

/** What an IOAPIC has besides its pins (hardware.md B.1). */
export const enum Ioapic {
  /** IOREGSEL */
  select = 0,
  /** bits 3:0 of the ID register */
  id = 1,
  size = 16,
}

/** A pin of an IOAPIC and its redirection entry: 24 bytes (hardware.md B.2, B.3). */
export const enum Pin {
  /** RTE, low and high half; delivery status (bit 12) is derived */
  low = 0,
  high = 4,
  /** bit per source: its electrical level; those that have ever driven the line */
  levels = 8,
  drivers = 12,
  /** `PinFlag`s */
  flags = 16,
  size = 24,
}

export const enum PinFlag {
  /** an edge has not been accepted by any LAPIC yet */
  latched = 1,
  /** its message is on its way */
  sent = 2,
  /** no LAPIC has accepted its last message */
  refused = 4,
}

/** A PCI function: 32 bytes (hardware.md C.1, C.2). What its setup says is not repeated here. */
export const enum Fn {
  /** u16: what can be written of MSI message control */
  msiControl = 0,
  /** MSI: message; bit per vector: masked */
  data = 2,
  addrLo = 4,
  addrHi = 8,
  mask = 12,
  /** u16: what can be written of MSI-X message control */
  msixControl = 16,
  /** u16: command register; bit 1 memory space, bit 2 bus master */
  command = 18,
  /** 1 in D3 */
  asleep = 20,
  /** MSI: bit per vector that is pending; of events of interrupt sources their condition tells that */
  pending = 24,
  size = 32,
}

/** An entry of an MSI-X table: 32 bytes, the first 16 as software sees them. */
export const enum MsixEntry {
  addrLo = 0,
  addrHi = 4,
  data = 8,
  control = 12,
  /** what the function has latched */
  latchedLo = 16,
  latchedHi = 20,
  latchedData = 24,
  /** its bit in the pending bit array; see `Fn.pending` */
  pending = 28,
  /** of a function that latches: 1: neither it nor the function was masked when it was looked at last */
  open = 29,
  size = 32,
}

/** What an interrupt source can change: 16 bytes. */
export const enum Src {
  /** 1 from a raise until the driver's handler is entered */
  owed = 0,
  /** raised and not yet sampled */
  condition = 1,
  /** sampled and not yet sent (sample-then-delay) */
  held = 2,
  /** raises left of the bound */
  left = 4,
  heldAddr = 8,
  heldData = 12,
  size = 16,
}

/** State that belongs to no actor. */
export const enum Glob {
  /** 0 no probe, 1 probing */
  probe = 0,
  /** raises left for the source that is being probed */
  probeLeft = 1,
  probeSource = 2,
  /** u16: CPU behind the last that a rotating arbitration chose */
  rotate = 4,
  /** u16: LAPICs in xAPIC mode */
  xapics = 6,
  /** 1: an xAPIC id has been written by software */
  renamed = 8,
  /** u16: first and last CPU + 1 whose IPI waits for room in the pool */
  firstSender = 10,
  lastSender = 12,
  size = 16,
}

/** What the host has injected (timed). Lists hold slot + 1, 0: none. */
export const enum InjectedHead {
  /** those that wait, by their cycles, then as they came; those that have begun */
  queue = 0,
  begun = 4,
  /** how many there were ever, and how many of them have begun and ended */
  total = 8,
  totalBegun = 12,
  totalEnded = 16,
  size = 32,
}

/** An injected operation: 48 bytes; all zero: the slot is free. */
export const enum Injected {
  /** u64: cycle from which on it may begin */
  due = 0,
  /** the next of its list */
  next = 8,
  /** `InjectedState` */
  state = 12,
  /** as `OperationSetup` has them; `cpu`: the first that is asked whether its task is free */
  entry = 16,
  cpu = 20,
  arg0 = 24,
  arg1 = 28,
  key = 32,
  subject = 36,
  /** which it is of those that have begun */
  number = 40,
  size = 48,
}

export const enum InjectedState {
  free = 0,
  queued = 1,
  begun = 2,
}

/** Per-origin list of messages in flight, in order. */
export const enum Origin {
  head = 0,
  tail = 2,
  size = 4,
}

/** An event record: 24 bytes. */
export const enum Rec {
  /** u64: cycle */
  time = 0,
  /** `Event` in bits 7:0, bits 31:16 field c2 */
  kind = 8,
  a = 12,
  b = 16,
  c = 20,
  size = 24,
}
