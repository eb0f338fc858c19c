/**
 * The instruction set of the sequencer and the table of a kernel model's variables: what the host's assembler writes and
 * the core executes. Compiled by both (AssemblyScript and TypeScript), so that they cannot drift; it imports nothing.
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
  /** a = field imm (`Inspect`) of [b][c]; what does not exist reads as 0. In judges only: no CPU can see it all */
  inspect = 74,
  /** arm timer imm of CPU b anew; cancel it; a = 1 if it is armed. It starts a softirq on that CPU */
  timerArm = 75,
  timerCancel = 76,
  timerArmed = 77,
  /** one store of 8 bytes: var[b][imm] = a, var[b][imm + 1] = c; with `InsnFlag.wide` one of 16: words imm and imm + 2 of them change */
  storePair = 78,
  /**
   * a descriptor behind the last one in the queue of unit b, made of imm, a and the guest address of var slot2[c]. VT-d: low half
   * imm | a << 32, high half the address, or 0. AMD: bits 63:32 imm without its low bits; without slot2 bits 31:0 are a; with it the
   * address and the low three bits of imm, and the high half is a. Hardware does not look at it before `queueTail`
   */
  queuePut = 79,
  /** the tail register of unit b = behind the last descriptor that was put */
  queueTail = 80,
  /** a = register imm (`MmioReg`) of entry c of device b; such a write is posted */
  mmioRead = 81,
  mmioWrite = 82,
  /** the device of interrupt source a falls silent: what it has raised is void, whether it was sent or not */
  hush = 83,
  /**
   * a = half imm (0 low, 1 high) of the entry of pin c of IOAPIC b; that half = a. Select and data are one access: both stand under a
   * lock. Not posted
   */
  pinRead = 84,
  pinWrite = 85,
  /** EOI register of IOAPIC b = vector a (hardware.md B.1) */
  pinEoi = 86,
  /** wait until pin c of IOAPIC b is in service no more: its Remote IRR is 0 */
  pinWait = 87,
  /** a = bit b of the own TMR: the trigger mode of what was accepted last with this vector (A.12) */
  tmrBit = 88,
  /** one atomic step: a = var[b][c], which becomes imm */
  exchange = 90,
  /** one atomic step: a = bit number a of var[b][c], which is set, or cleared */
  bitSet = 91,
  bitClear = 92,
  /**
   * the control half of posted-interrupt descriptor var[b] in one atomic step (hardware.md E.4): of word 8 the bits imm = those of a,
   * word 9 = c if it is a register; a = word 8 as it was. It stands for a loop around cmpxchg8b: a try that fails changes nothing and
   * is made again with what it has found, so only the one that succeeds is a step
   */
  controlSet = 93,
  /** one store of 16 bytes: the four words of var[b] = those of slot2[c] */
  storeRow = 94,
  /** a = register imm (`UnitReg`) of unit b; that register = a */
  unitRead = 95,
  unitWrite = 96,
}

/** Values of an operand byte. 0..7 are the context's registers. */
export enum Operand {
  /** the value is in the instruction */
  imm = 13,
  none = 14,
  /** index of the CPU that executes */
  self = 15,
}

export const enum InsnFlag {
  /** the step goes on with the next instruction: inside an atomic block */
  joined = 1,
  /** a visible step (design: what the length of a counterexample counts) */
  visible = 2,
  /** operand b of a mask instruction is a register that holds a reference */
  byRef = 4,
  /** maskCopy: AND with slot2[c] */
  and = 8,
  /** storePair: of 16 bytes, not 8 */
  wide = 16,
  /**
   * lapicWrite: the program never looks at what the register then holds; lapicRead: nothing depends on what it reads. A check, which
   * has no local events, passes over it.
   */
  untold = 32,
}

/**
 * What the assembler proves about an instruction for the reduction of a check, a byte each beside the code: it is no part of
 * what a program does.
 */
export const enum Mover {
  /** nobody else can tell when it is executed, not even an interrupt handler of the same CPU */
  quiet = 1,
  /** nobody else can tell, as long as no interrupt of this CPU can come before it */
  masked = 2,
  /** the first step behind the target of a backward jump: every loop goes through one */
  loopHead = 4,
  /** no step that may have been joined before a thread that stands here with IF=0 has left anything behind */
  traceless = 8,
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
  /** which of its device's messages interrupt source b asks for */
  messageOf = 8,
  /** 1 if device b has MSI-X; 1 if its MSI capability has mask bits */
  isMsix = 9,
  hasMask = 10,
  /** messages that device b can send */
  messages = 11,
  /** `FunctionKind` of device b */
  kindOf = 12,
}

/** `Op.inspect`: hardware as a judge sees it. Indexes of CPUs, vectors, devices, interrupt sources. */
export enum Inspect {
  /** 1 if vector c is in the IRR, in the ISR, of CPU b */
  irr = 0,
  isr = 1,
  /** 1 if the LAPIC of CPU b is enabled by software */
  lapicEnabled = 2,
  /** IF of CPU b */
  interruptsOn = 3,
  /** 1 if CPU b executes: neither parked nor waiting for SIPI */
  running = 4,
  /** MSI registers of device b */
  msiControl = 5,
  msiAddress = 6,
  msiAddressHigh = 7,
  msiData = 8,
  /** 1 if source b has raised and its handler has not been entered since */
  owed = 9,
  /** 1 if source b has raised and nothing was sent yet */
  raised = 10,
  /** messages in flight: all, those of device b */
  inFlight = 11,
  inFlightOf = 12,
  /** what source b would send now: address, data; 1 if that is masked; 1 if its device sends messages at all */
  sentAddress = 13,
  sentAddressHigh = 14,
  sentData = 15,
  sentMasked = 16,
  sends = 17,
  /** operations that have ended; 0 in the probe */
  ended = 18,
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

/** Registers of a device in config space (hardware.md C.1, C.2). */
export enum MsiReg {
  control = 0,
  addrLo = 1,
  addrHi = 2,
  data = 3,
  /** a mask bit for each message, and their pending bits */
  mask = 4,
  pending = 5,
  /** message control of MSI-X */
  msixControl = 6,
}

/**
 * Registers of a device in memory space: of an entry of its MSI-X table (hardware.md C.2); of a device of the chipset, with entry 0,
 * the same of its one message.
 */
export enum MmioReg {
  addrLo = 0,
  addrHi = 1,
  data = 2,
  /** bit 0: masked */
  control = 3,
  /** of 32 entries from 32 * entry on: their pending bits, which cannot be written */
  pending = 4,
}

/**
 * Registers of a remapping unit besides the tail of its queue. The log of an AMD unit (hardware.md F.3.3) as its pointers have it: where
 * it stands in memory is nobody's business.
 */
export enum UnitReg {
  /** AMD: the status register (F.1); VT-d: FSTS (D.7). Ones that are written clear */
  status = 0,
  /** entries of the log that have not been taken out; tag, and device id, of the oldest, 0 if there is none. Not written */
  logWaiting = 1,
  logTag = 2,
  logDevice = 3,
  /** whatever is written moves the head of the log on by one entry; reads 0 */
  logHead = 4,
}

/** Registers of a LAPIC by their offsets in its page (hardware.md A.2); as an MSR of x2APIC mode 0x800 + (offset >> 4). */
export enum LapicReg {
  id = 0x20,
  version = 0x30,
  tpr = 0x80,
  apr = 0x90,
  ppr = 0xa0,
  eoi = 0xb0,
  ldr = 0xd0,
  dfr = 0xe0,
  svr = 0xf0,
  /** the first of eight words each */
  isr = 0x100,
  tmr = 0x180,
  irr = 0x200,
  esr = 0x280,
  lvtCmci = 0x2f0,
  icr = 0x300,
  icrHigh = 0x310,
  lvtTimer = 0x320,
  lvtThermal = 0x330,
  lvtPerfmon = 0x340,
  lvtLint0 = 0x350,
  lvtLint1 = 0x360,
  lvtError = 0x370,
  initialCount = 0x380,
  currentCount = 0x390,
  divide = 0x3e0,
}

/** Where a variable lives and what a digest, a snapshot and an image do with it (design: fields have classes). */
export enum VarClass {
  check = 0,
  fixed = 1,
  record = 2,
}

export const enum VarFlag {
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
  /** a property that is judged in every state reads it: no reduction may hide a state in which it has another value */
  watched = 32,
  /** remapping units read and write it too: no lock holds them back. It stands at a page of guest memory's window on variables */
  dma = 64,
  /** of 16 words a row, each a posted-interrupt descriptor (hardware.md E.1); `dma` as well */
  descriptor = 128,
  /** a timed run watches it (`Gauge`) */
  gauged = 256,
}

/** Words of a posted-interrupt descriptor: a bit for each vector; ON, SN and NV; NDST. */
export const enum PidWord {
  pir = 0,
  control = 8,
  ndst = 9,
  count = 16,
}

/** Bits of its control word, and where NV stands in it. */
export const enum PidControl {
  on = 1,
  sn = 2,
  nvShift = 16,
}

/**
 * Guest-physical address at which units see the variables of the check class, in the order in which they are placed. Row r of
 * descriptors stands r * 4 GiB higher: addresses of two of them differ in both halves, as they may on a machine.
 */
export const VARIABLE_WINDOW: u32 = 0x80000000;

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
  /** with `VarFlag.dma`: where it begins in its page */
  offset = 7,
  /** of descriptors: how many rows those of the slots before have */
  firstRow = 8,
  words = 9,
}
