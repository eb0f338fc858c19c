/**
 * What a timed run executes: of each instruction (instructions.ts) a record with everything about it that does not change, the place of
 * its variable among it. The core makes them once; `Decoded.size` bytes each, and one more behind the last instruction.
 */

export const enum Decoded {
  /** `Quick` */
  kind = 0,
  /** `DecodedFlag`s */
  flags = 1,
  /** operands as in the instruction */
  a = 2,
  b = 3,
  c = 4,
  /** a variable: 0, 1, 2 for elements of 1, 2, 4 bytes */
  shift = 5,
  /** a variable: 1: what is stored may carry events (`VarFlag.carrier`) */
  carries = 6,
  /** a load: `Test` of what it has loaded, with `most`, where the next instruction is a branch that does that: `imm` is its target */
  test = 7,
  /** immediate or branch target */
  imm = 8,
  /** what a branch compares with; a variable: its address, its dimensions, bytes of a row; the largest value of an element */
  other = 12,
  dim0 = 16,
  /** u16 */
  dim1 = 20,
  row = 22,
  most = 24,
  /** cycles before it takes effect (hardware.md G.2) */
  cost = 28,
  size = 32,
}

export const enum DecodedFlag {
  /** a step ends in front of it: it is observable, or joined to the next one */
  stop = 1,
  joined = 2,
  /** a step may begin with it that only changes values of registers and variables, unless it has to wait for a lock */
  quick = 4,
  /** the variable's only index is a register */
  single = 8,
  /** it may have to wait (`enabled`) */
  waits = 16,
  /** nobody else uses what it uses: a lock that is held protects it, or nobody writes it (`Mover.quiet`) */
  own = 32,
  /** devices look at what it stores */
  looked = 64,
  /** it uses no variable */
  apart = 128,
}

/** 0: none. With `not` the branch is taken where it does not hold. */
export const enum Test {
  not = 1,
  equal = 2,
  less = 4,
}

/** How an instruction is executed; others are those that the sequencer executes as in a check. Private ones come first. */
export const enum Quick {
  /** a private instruction of another kind */
  other = 0,
  nop = 1,
  /** a = imm; a = register b */
  moveImm = 2,
  move = 3,
  /** a = register b + imm */
  addImm = 4,
  jump = 5,
  /** register a beside `Decoded.other` */
  jumpEq = 6,
  jumpNe = 7,
  jumpLt = 8,
  jumpGe = 9,
  call = 10,
  ret = 11,
  /** behind the last instruction */
  end = 12,
  /** an observable instruction of another kind */
  otherObservable = 13,
  /** an observable instruction whose time is measured as that of something else than an interrupt (`Account`) */
  elsewhere = 14,
  /** on hardware: the EOI register; the driver's handler of the source in register a; the end of the interrupt */
  eoi = 15,
  serve = 16,
  iret = 17,
  /** on variables; these are `DecodedFlag.quick` */
  load = 18,
  store = 19,
  storeImm = 20,
  lock = 21,
  unlock = 22,
}
