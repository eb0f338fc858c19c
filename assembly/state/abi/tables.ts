/**
 * The tables a host fills to make a machine: sizes, setup records, settings, timings. Compiled by both sides; it imports
 * nothing.
 */

/** The machine's size, written by the host before `create`. Words of 32 bits. */
export const enum Size {
  cpus = 0,
  /** lists of what devices themselves have in flight: as many as there are functions, or 0, where requesters have lists instead */
  devices = 1,
  sources = 2,
  operations = 3,
  instructions = 4,
  variables = 5,
  /** messages that may be in flight */
  messages = 6,
  /** capacity of the event ring, records; 0: none */
  ring = 7,
  /** points of all `Spread`s */
  points = 8,
  /** first vector of the universe, one behind its last */
  vectorLo = 9,
  vectorHi = 10,
  /** timers of each CPU */
  timers = 11,
  /** nodes for tag sets (record class); 0: tags are not kept */
  tags = 12,
  /** entries of each remapping table (AMD: of each device) that a check looks at; their number is the kernel's business */
  irtes = 13,
  /** 1: there is a list of the accesses on their way to each PCI function */
  posted = 14,
  /** timed: 1: what holds up each event is recorded (`Event.hold`), where tags are kept */
  holds = 15,
  /** IOAPICs, and the pins that each has room for: the most that any has, up to 240 */
  ioapics = 16,
  ioapicPins = 17,
  /** lists of what requesters that are no device have in flight (`dmaWrite`), who share them by their ids; 0: none may write */
  requesters = 18,
  /** guest-physical memory from address 0, bytes */
  guestBytes = 19,
  /** remapping units, entries of the list of scopes; entries of the largest entry cache, fault records of the unit with most */
  iommus = 20,
  scopes = 21,
  iecEntries = 22,
  faultRecords = 23,
  /** PCI functions, and the entries in all their MSI-X tables */
  functions = 24,
  msixEntries = 25,
  /** 1: some remapping units are AMD's */
  amdUnits = 26,
  /** stores that each CPU's store buffer holds; 0: there are none */
  stores = 27,
  /** operations that the host may have injected and that have not ended, timed */
  injected = 28,
  /** 1: the time of CPUs is accounted for (`Account`); variables that are watched (`Gauge`), and the elements that they have together */
  accounts = 29,
  gauges = 30,
  gaugeElements = 31,
  words = 32,
}

/** Tables the host fills after `create`, by `table(id)`. */
export const enum Table {
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
  /** points of the `Spread`s, u64 each */
  points = 8,
  /** `Settings` */
  settings = 9,
  cpus = 10,
  contexts = 11,
  messages = 12,
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
  told = 22,
  ended = 23,
  /** `Origin`: messages in flight by device, then by CPU */
  origins = 25,
  /** a byte an instruction: `Mover`s */
  movers = 26,
  /** `LapicSetup` */
  lapicSetup = 27,
  /** `Lapic` a CPU; `LapicTimed` a CPU */
  lapics = 28,
  lapicTimers = 29,
  /** `CpuEvent.words` words a CPU */
  cpuEvents = 30,
  /** `Diag.count` words */
  diagnostics = 31,
  /** `TimerSetup` a timer; a byte a CPU and timer: 1 = it is armed */
  timerSetup = 32,
  timers = 33,
  /** cached entries of a check, 16 bytes each, `Size.irtes` of them a unit; bit 127: it is there */
  lines = 34,
  /** `IoapicSetup` an IOAPIC */
  ioapicSetup = 36,
  /** `Ioapic` an IOAPIC; `Pin` a pin, `Size.ioapicPins` of them an IOAPIC */
  ioapics = 37,
  pins = 38,
  /** `IommuSetup` a unit; `IommuScope` an entry */
  iommuSetup = 39,
  iommuScope = 40,
  /** `Iommu` a unit; `Iec` an entry, `Size.iecEntries` of them a unit; fault records, 16 bytes each, `Size.faultRecords` a unit */
  iommus = 41,
  iecs = 42,
  faultRecords = 43,
  /** `FunctionSetup` a function */
  functionSetup = 44,
  /** `Fn` a function; `MsixEntry` an entry */
  functions = 45,
  msixEntries = 46,
  /** `Amd` a unit, if there is one of that kind */
  amds = 47,
  /** `InjectedHead`; `Injected` a slot; behind each other the masks of CPUs of all slots */
  injectedHead = 48,
  injected = 49,
  injectedMasks = 50,
  /** `Load` a CPU, then a source (record class) */
  loads = 51,
  /** a byte an instruction: `Account`; u64 an account: cycles. Both only where time is accounted for */
  accounts = 52,
  accountSums = 53,
  /** `Gauge` a variable that is watched */
  gauges = 54,
}

/** In place of a number of raises. */
export const UNBOUNDED: u32 = 0xffffffff;

/** Words of one source's constants. */
export const enum SourceSetup {
  device = 0,
  /** timed: cycles from one of its messages to the next, at least; 0: as fast as they come */
  moderation = 1,
  kind = 3,
  /** bound of raises; `UNBOUNDED`: there is none, as in a timed run */
  raises = 4,
  /** which of its device's messages it asks for */
  message = 6,
  /** next source of the same device + 1, 0: it is the last */
  next = 7,
  /** `Spread`s: cycles from an event to the next; of one that comes in bursts, events of a burst, and cycles in front of it */
  gap = 8,
  burst = 11,
  pause = 14,
  /** `Spread`: cost of the driver's handler, cycles */
  handler = 17,
  words = 20,
}

/** Words that say how a number is drawn, from which of the machine's points. */
export const enum Spread {
  /** `Draw` */
  kind = 0,
  /** number of its first point, and of points; none: the number is 0 */
  first = 1,
  count = 2,
  words = 3,
}

export enum Draw {
  /** each of the points as likely */
  pick = 0,
  /** each whole number from the first to the second of two points as likely */
  between = 1,
  /** between two points of a curve of quantiles: `CURVE_POINTS` of them */
  curve = 2,
  /** one after the other, without chance; then no more, or from the beginning */
  once = 3,
  cycle = 4,
}

/**
 * Where the points of a curve of quantiles stand: each half of what is left up to 1 has `CURVE_CELLS` cells of equal width, so that far
 * quantiles are as exact as near ones. Point level * cells + i is the quantile of 1 - (1 - i / (2 * cells)) / 2^level.
 */
export const CURVE_CELLS: u32 = 32;
export const CURVE_LEVELS: u32 = 27;
export const CURVE_POINTS: u32 = 865;

/** What a CPU has done for drivers, or for one source: u64 each. */
export const enum Load {
  /** handlers that were entered */
  handled = 0,
  /** their cost, cycles */
  cycles = 8,
  size = 16,
}

/** What is recorded of a source: a cache line, which all that its handler does for it is in. `Load` comes first. */
export const enum Told {
  /** u64 cycle of the raise that is owed, the oldest one of those that have coalesced */
  raised = 16,
  /** u64 cycle up to which a CPU that is ahead of the clock has used its handler, and u32 which one (assembly/cpu/ledger.ts) */
  claimed = 24,
  claimant = 32,
  /** u32 carriers of its event (assembly/record/tags.ts) */
  carriers = 36,
  /** u8 1: its handler was entered */
  served = 40,
  size = 64,
}

/** Words of one PCI function's constants (hardware.md C, J). */
export const enum FunctionSetup {
  /** requester id, 16 bits */
  requester = 0,
  /** messages of its MSI capability: 0 (it has none), 1, 2, 4 ... 32 */
  msiVectors = 1,
  /** 1: that capability has an upper address register; 1: it has mask and pending bits */
  msiAddress64 = 2,
  msiMaskable = 3,
  /** entries of its MSI-X table, 0: it has none; number of the first among those of all functions */
  msixVectors = 4,
  firstEntry = 5,
  /** 1: it latches an entry when that is unmasked (C.4 E5) */
  entryCache = 6,
  /** 1: events that cannot be sent, since bus mastering is off or it sleeps, are lost (C.4 E11) */
  dropUnsent = 7,
  /** 1: it loses its registers on the way from D3 to D0 */
  softReset = 8,
  /** `FunctionKind` */
  kind = 9,
  /** its first source + 1, 0: it has none */
  firstSource = 10,
  words = 12,
}

/** What a function is. Those of the chipset have one message in registers of their own, in memory space, where writes are not posted. */
export enum FunctionKind {
  pci = 0,
  /** a comparator: an event while it is masked is lost (linux.md 2.10) */
  hpet = 1,
  /** the event of a remapping unit: a masked one is pending; its message is not remapped (hardware.md D.7.3) */
  dmar = 2,
  /** inputs of IOAPICs: its sources' messages are theirs; `SourceSetup.message` is IOAPIC << 8 | pin */
  pins = 3,
}

/** Words of one IOAPIC's constants (hardware.md B, J). */
export const enum IoapicSetup {
  /** what its ID register holds at first, bits 3:0 */
  id = 0,
  /** address of its register window, below 4 GiB */
  base = 1,
  /** 0x11, or 0x20: with an EOI register */
  version = 2,
  /** redirection entries, at most `Size.ioapicPins` */
  pins = 3,
  /** number of its first pin among the machine's global interrupts; for the host */
  gsiBase = 4,
  /** cycles from the EOI of a line that is still active to the next request */
  resendDelay = 5,
  /** cycles until a message that no LAPIC has accepted is sent again */
  retryInterval = 6,
  /** by which remapping units know it */
  requester = 7,
  words = 8,
}

/** Words of one timer's constants. */
export const enum TimerSetup {
  /** entry of its routine, and the cycles from arming to firing, timed */
  entry = 0,
  delay = 1,
  words = 2,
}

export const enum OperationSetup {
  /** entry of its routine; 0: a pause */
  entry = 0,
  cpu = 1,
  arg0 = 2,
  arg1 = 3,
  /** cycles before it begins, timed */
  pause = 4,
  /** timed: two of one key do not overlap; 0: it has none */
  key = 5,
  /** timed: CPU + 1 that it takes away or brings: no task may be on it; 0: none */
  subject = 6,
  words = 8,
}

/** Words that say how the machine behaves. */
export const enum Settings {
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
  /** slot of the variable that holds `Started` of each source, or NONE: all are */
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
  /** entry: judge in every state; 0 = none */
  judgeAlways = 14,
  /** `Watched` hardware that it reads, mask */
  watchedHardware = 15,
  /** system vectors in use, besides the universe: eight words of mask */
  systemVectors = 16,
  /** 1: compatibility messages have destination bits 14:8 (C.3.1) */
  virtExtDestId = 28,
  /** cycles until a CPU's store is visible to others, the most with jitter, where there are store buffers */
  storeLatency = 29,
  /** slot of the variable, over CPUs, that a doorbell sets to 1 (hardware.md F.3.3), or NONE */
  doorbellSlot = 30,
  /** check: entries that the log of guests of an AMD unit has room for, 1 to 15 */
  guestLog = 31,
  /** check: messages that a source may have in flight, where its raises are unbounded; 0: as many as there is room for */
  flying = 32,
  /** vector by which a program takes doorbells as interrupts, 0: none */
  doorbellVector = 33,
  /** timed: 1: behind each event all sources are looked at for what holds up theirs, not only those for which something has changed */
  allHolds = 34,
  /** `Event`s that the ring does not keep: two words of mask */
  unkept = 35,
  words = 37,
}

/** Hardware that an own property may read (`Settings.watchedHardware`). */
export const enum Watched {
  /** LAPICs and CPUs */
  cpus = 1,
  /** registers of devices */
  devices = 2,
  /** interrupt sources, messages in flight, and which operations have ended */
  messages = 4,
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
  /** `ipi.extra_target`: each further target of an IPI for several */
  extraTarget = 16,
  /** `ioapic.pin_to_msg`: pin active -> message sampled; `ioapic.to_ir`: -> root complex */
  pinToMessage = 17,
  ioapicToRoot = 18,
  /** `ioapic.eoi_broadcast` */
  eoiBroadcast = 19,
  /** `dma.write_visible` */
  dmaWrite = 20,
  /** `ir.hit`, `ir.miss`: remapping of a request; `ir.pi_post`: update of a posted-interrupt descriptor */
  irHit = 21,
  irMiss = 22,
  irPost = 23,
  /** `qi.fetch`, `qi.iec_inv`, `qi.wait_write` */
  queueFetch = 24,
  queueInvalidate = 25,
  queueWrite = 26,
  /** `gcmd.latency` */
  gcmd = 27,
  /** `mmio.write_arrive`: posted write -> visible at the device; `mmio.read`: whole round trip */
  mmioArrive = 28,
  mmioRead = 29,
  count = 30,
}

/** Assumptions (design 1), one bit each: set = holds. */
export const enum Assumption {
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
  /** an invalidation wait drains what has used the entry as far as the root complex, not to the IRR; it drains nothing */
  drainToRoot = 64,
  noDrain = 128,
  /** the two halves of a remapping entry are read one after the other */
  irteHalves = 256,
  /** a WRMSR that sends an IPI waits for the CPU's earlier stores (hardware.md A.2.3) */
  ipiWaitsForStores = 512,
  /** an edge at a masked pin is kept, and sent when the pin is unmasked (hardware.md B.3) */
  edgeLatched = 1024,
}

/** What a kernel model says of an interrupt source. */
export enum Started {
  /** it raises and samples nothing */
  no = 0,
  yes = 1,
  /** it may raise, and nobody has to handle that now */
  disabled = 2,
  /** as `no`; its device has no power */
  asleep = 3,
}

export enum DeviceKind {
  handshake = 0,
  free = 1,
  /** on a pin: it asserts its line until its handler has run; the others pulse it */
  level = 2,
}

/** Words that a search begins with. */
export const enum SearchOption {
  /** bytes it may use */
  memoryLo = 0,
  memoryHi = 1,
  /** 1: fingerprints of 128 bits */
  wide = 2,
  /** chunks of records that may be in memory */
  chunks = 3,
  /** which of how many */
  worker = 4,
  workers = 5,
  /** 1: the states come from a checkpoint, the start among them */
  resumed = 6,
  /** level of the reduction, 0 none (design 4) */
  reduction = 7,
  words = 8,
}

/** The bags of records of a search; behind them one for each worker of a team. */
export const enum Bag {
  /** to be expanded in this round */
  now = 0,
  /** in the next round: as many visible steps, one step further */
  then = 1,
  /** one visible step further */
  later = 2,
  /** chunks that the host fills or reads */
  spare = 3,
  outbox = 4,
}
