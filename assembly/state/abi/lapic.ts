/**
 * A Local APIC apart from its hot record (`Cpu`): cold registers, setup words, counters. Compiled by both sides; it imports
 * nothing.
 */

/** Registers that are seldom used, and what is on its way to the fabric: 80 bytes a CPU, class check (hardware.md A.2). */
export const enum Lapic {
  /** u64: IA32_APIC_BASE (A.1) */
  base = 0,
  /** LVTs in the order of `Lvt` */
  lvt = 8,
  /** ICR as written last: low half, and destination (xAPIC: bits 31:24, x2APIC: all 32) */
  icrLow = 36,
  icrHigh = 40,
  initialCount = 44,
  /** divide configuration, bits 3, 1, 0 */
  divide = 48,
  /** an IPI on its way to the fabric: ICR low, 32-bit destination, CPU it goes to next; `sending` 1 while there is one */
  sendLow = 52,
  sendDestination = 56,
  /** u16 */
  sendNext = 60,
  sending = 62,
  /** an ICR write behind it: 1 while there is one */
  queued = 63,
  queuedLow = 64,
  queuedDestination = 68,
  /** u16: next CPU + 1 whose IPI waits for room in the pool */
  nextSender = 72,
  size = 80,
}

/** Local vector table, in the order of `Lapic.lvt`. */
export const enum Lvt {
  cmci = 0,
  timer = 1,
  thermal = 2,
  perfmon = 3,
  lint0 = 4,
  lint1 = 5,
  error = 6,
  count = 7,
}

/** Mode of a LAPIC (A.1.1): `Cpu.mode`. */
export const enum ApicMode {
  xapic = 0,
  x2apic = 1,
  disabled = 2,
}

/** What has arrived and waits for the core (A.5): `Cpu.latched`, a mask. */
export const enum Latched {
  nmi = 1,
  smi = 2,
  /** from the fabric; a LINT pin in ExtINT mode is a level and needs no latch */
  extInt = 4,
}

/** Timer of a LAPIC: 16 bytes a CPU, class timed (A.8.3). */
export const enum LapicTimed {
  /** u64: cycle at which the count reaches 0; 0: it does not count */
  due = 0,
  /** u64: IA32_TSC_DEADLINE; 0: disarmed */
  deadline = 8,
  size = 16,
}

/** Model of the machine's LAPICs (hardware.md J), words of 32 bits. */
export const enum LapicSetup {
  /** 0 Intel, 1 AMD: ICR bit 12 in x2APIC mode, masking of the performance counter's LVT */
  vendor = 0,
  /** 1: the CPU has x2APIC mode, TSC-deadline mode */
  x2apic = 1,
  tscDeadline = 2,
  /** 3 timer, LINT0, LINT1, error; 4 and performance counter; 5 and thermal; 6 and CMCI */
  maxLvtIndex = 3,
  /** 1: VERSION bit 24, SVR bit 12 may be written */
  eoiBroadcastSuppress = 4,
  /** 1: lowest-priority IPIs are sent; 0: ESR bit 4 */
  lowPriIpi = 5,
  allowXapicIdWrite = 6,
  /** `LowestPriority` */
  lowestPriPolicy = 7,
  /** sub-class of PPR where the classes of TPR and ISRV are equal: 0 that of TPR, 1 zero */
  pprEqualClassSub = 8,
  /** bits of a physical address */
  maxPhyAddr = 9,
  /** CPU (index) that starts at the reset vector, or NONE: all wait for SIPI after INIT and RESET */
  bootstrap = 10,
  /** cycles of one tick of the timer clock before it is divided */
  timerTick = 11,
  /** 1: `complete` leaves the LAPICs in x2APIC mode, as firmware must where an id does not fit into 8 bits */
  startInX2apic = 12,
  words = 16,
}

/** Who of several candidates gets a lowest-priority interrupt (A.7.4). */
export enum LowestPriority {
  /** candidate number vector mod n */
  hashVector = 0,
  /** lowest TPR, of those the first */
  minTpr = 1,
  /** the one behind the last that was chosen */
  rotate = 2,
  first = 3,
}

/** What a core has received besides vectors: counters of a CPU, u32 each (record class). */
export enum CpuEvent {
  nmi = 0,
  smi = 1,
  init = 2,
  /** SIPIs that started it, and the vector of the last */
  sipi = 3,
  sipiVector = 4,
  extInt = 5,
  words = 8,
}

/**
 * Diagnostic counters of a machine, u32 each (hardware.md J). Three of that list are among `Counter`: `diag.irr_merge` is
 * `merged`, `diag.msi_no_target` is `noTarget`, `diag.eoi_without_isr` is `eoiWithoutIsr`.
 */
export enum Diag {
  /** an access to the LAPIC's page whose width or alignment is undefined */
  lapicUnaligned = 0,
  /** ICR written while the IPI before it waits for the fabric; and the third, which is dropped */
  icrOverrun = 1,
  icrDropped = 2,
  /** ICR asks for what A.6.1 calls invalid */
  icrInvalid = 3,
  /** an access to the LAPIC's page which it does not decode in its mode */
  mmioHole = 4,
  /** the spurious vector was supplied */
  spuriousVector = 5,
  /** an edge at a masked pin, of an IOAPIC or a LAPIC; one behind an edge that no LAPIC has accepted yet */
  edgeLostMasked = 6,
  edgeMerged = 7,
  /** an entry in service was given another vector: no EOI will match its remote IRR */
  remoteIrrStuck = 8,
  /** a remapping unit used a cached entry that memory has no more; one that is not present there */
  staleIrteUsed = 9,
  useAfterFreeIrte = 10,
  /** a remapping entry changed while its halves were read */
  tornIrteSampled = 11,
  /** a posted vector was pending already */
  pirMerge = 12,
  /** an access to an MSI-X table that is no aligned one of 4 or 8 bytes */
  msixUndefined = 24,
  count = 32,
}
