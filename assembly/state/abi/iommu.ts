/**
 * A remapping unit of Intel VT-d: setup words, registers, entry cache, fault records, and what it adds to a message. Units of
 * AMD-Vi (amd.ts) have some of it too. Compiled by both sides; it imports nothing.
 */

/** Whose design a unit is. */
export enum UnitKind {
  vtd = 0,
  amd = 1,
}

/** Words of one unit's constants (hardware.md D, J). */
export enum IommuSetup {
  /** address of its register window of 4 KiB, below 4 GiB */
  base = 0,
  /** CAP: 1 = caching mode, invalidates its entry cache on SIRTP, posts interrupts */
  cm = 1,
  esirtps = 2,
  pi = 3,
  /** ECAP: 1 = x2APIC destinations, coherent reads; largest index mask; 256-bit descriptors are allowed */
  eim = 4,
  coherent = 5,
  mhmv = 6,
  wide = 7,
  /** entry cache: entries (a multiple of ways, at most `Size.iecEntries`), ways, neighbours are fetched too, entries vanish at random */
  entries = 8,
  ways = 9,
  prefetch = 10,
  randomEvict = 11,
  /** fault records (1-128, at most `Size.faultRecords`); 1: a requester has at most one pending */
  faultRecords = 12,
  collapse = 13,
  /** 1: requesters in no scope are its own */
  isDefault = 14,
  /** `UnitKind`; of an AMD unit the words 1 to 7 are those of `AmdSetup` */
  kind = 15,
  words = 16,
}

/** Words of an entry of the list of scopes: requesters first to last belong to the unit. The first entry that fits counts. */
export const enum IommuScope {
  first = 0,
  last = 1,
  unit = 2,
  words = 3,
}

/** Registers by their offsets (hardware.md D.1). */
export enum VtdReg {
  ver = 0x00,
  cap = 0x08,
  ecap = 0x10,
  gcmd = 0x18,
  gsts = 0x1c,
  rtaddr = 0x20,
  fsts = 0x34,
  fectl = 0x38,
  fedata = 0x3c,
  feaddr = 0x40,
  feuaddr = 0x44,
  iqh = 0x80,
  iqt = 0x88,
  iqa = 0x90,
  ics = 0x9c,
  iectl = 0xa0,
  iedata = 0xa4,
  ieaddr = 0xa8,
  ieuaddr = 0xac,
  iqercd = 0xb0,
  irta = 0xb8,
  /** fault records, 16 bytes each: CAP.FRO */
  frcd = 0x200,
  window = 0x1000,
}

/** Bits of GCMD and GSTS. */
export enum Gcmd {
  te = 0x80000000,
  srtp = 0x40000000,
  sfl = 0x20000000,
  eafl = 0x10000000,
  wbf = 0x08000000,
  qie = 0x04000000,
  ire = 0x02000000,
  sirtp = 0x01000000,
  cfi = 0x00800000,
}

/** Why a request is blocked (hardware.md D.6). */
export enum FaultReason {
  requestReserved = 0x20,
  indexBeyondTable = 0x21,
  notPresent = 0x22,
  irteUnreadable = 0x23,
  irteReserved = 0x24,
  compatibilityBlocked = 0x25,
  sourceInvalid = 0x26,
  pidUnreadable = 0x27,
  pidReserved = 0x28,
}

/**
 * Registers of one unit, and what its commands are about to do: 128 bytes, class check. An AMD unit has registers of its own; here it
 * has what it executes, and the epoch and the stamp of its caches.
 */
export const enum Iommu {
  gsts = 0,
  fsts = 4,
  fectl = 8,
  fedata = 12,
  feaddr = 16,
  feuaddr = 20,
  ics = 24,
  iectl = 28,
  iedata = 32,
  ieaddr = 36,
  ieuaddr = 40,
  iqh = 44,
  iqt = 48,
  /** GCMD as written last, the one-shot commands of all writes together, until GSTS shows them */
  command = 52,
  iqa = 56,
  iqercd = 64,
  irta = 72,
  /** IRTA as the last SIRTP has latched it */
  activeIrta = 80,
  rtaddr = 88,
  /** the descriptor that is executed: its low half; u64 status address of a wait. Of AMD: both halves of the command. */
  descriptor = 96,
  statusAddress = 104,
  /** `QueueState` */
  queueState = 112,
  /** `CommandState` */
  commandState = 113,
  /** u8: next fault record, number of those that are pending */
  faultNext = 114,
  faultsPending = 115,
  /** u32: what is in the entry cache with another number is not there */
  epoch = 116,
  /** u32: stamp of the last use of the entry cache */
  stamp = 120,
  /** u32: where a program puts its next descriptor, as an offset into the queue */
  put = 124,
  size = 128,
}

/** What becomes of the commands written to GCMD. */
export const enum CommandState {
  none = 0,
  /** for `gcmd.latency` nothing can be seen of them */
  asked = 1,
  /** they wait for the queue, or for requests that are being drained */
  waiting = 2,
}

/** What the invalidation queue does. */
export const enum QueueState {
  idle = 0,
  /** the descriptor at IQH is being fetched */
  fetching = 1,
  /** it is executed: an invalidation, or another command that has no effect here */
  executing = 2,
  /** a wait, for requests that are drained; for its status write */
  draining = 3,
  writing = 4,
}

/** An entry of the entry cache: 32 bytes, class timed. */
export const enum Iec {
  low = 0,
  high = 8,
  index = 16,
  epoch = 20,
  stamp = 24,
  size = 32,
}

/** What a unit has made of a message in flight: 32 bytes a message, class check; zero where no unit has seen it. */
export const enum Remap {
  destination = 0,
  /** as data of a compatibility message: vector, delivery mode, level, trigger mode */
  data = 4,
  /** u16: `RemapFlag` */
  flags = 8,
  /** u8: unit + 1 */
  unit = 10,
  /** u16: entry that was used */
  index = 12,
  /** u16: who has sent it, as an AMD unit has to know when it invalidates */
  requester = 14,
  /**
   * u64: posted-interrupt descriptor (AMD: page of a guest's vAPIC), or low half of an entry that is being fetched; then AMD has the
   * address of that entry in `destination`
   */
  pda = 16,
  size = 32,
}

/** Data of a message that is a doorbell: a reserved delivery mode, no vector. */
export const DOORBELL: u32 = 0x300;

export const enum RemapFlag {
  /** destination and data are those of a remapped message */
  remapped = 1,
  logical = 2,
  redirect = 4,
  /** to be posted */
  posted = 8,
  urgent = 16,
  /** it has used an entry that was invalidated since: a wait drains it */
  stale = 32,
  /** commands wait for it */
  awaited = 64,
  /** the entry was not in the cache when the request came */
  missed = 128,
  /** faults of its entry are not recorded */
  hidden = 256,
  /** an AMD unit lets it go on as it came, by its device's entry */
  passed = 512,
  /** it has been posted, and goes on as a doorbell (hardware.md F.3.3) */
  doorbell = 1024,
}
