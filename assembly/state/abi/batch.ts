/**
 * A list of register operations that the core executes in one call: what crosses the boundary once costs a tenth of what
 * crosses it call by call. Compiled by both sides; it imports nothing.
 */

/** Words of one operation. */
export const enum BatchWord {
  /** `BatchOp` */
  op = 0,
  /** CPU, requester or IOAPIC (index) */
  who = 1,
  a = 2,
  b = 3,
  c = 4,
  /** low word of what it returns */
  result = 5,
  words = 6,
}

export const enum BatchOp {
  /** a, b: cycles, low and high; result: `Status` */
  advance = 0,
  /** a: address below 4 GiB, b: width; result: the value */
  mmioRead = 1,
  /** a: address below 4 GiB, b: value of 32 bits */
  mmioWrite = 2,
  /** a: number; result: low word of the value */
  msrRead = 3,
  /** a: number, b, c: value, low and high; result: 1 after #GP */
  msrWrite = 4,
  /** result: the vector, -1: none */
  acknowledge = 5,
  /** a: address below 4 GiB, b: data; result: 0 if the pool is full */
  dmaWrite = 6,
  /** a: pin, b: source, c: level */
  pinSet = 7,
  /** unit `who` remaps a request that nobody sends. a: address below 4 GiB, b: data, c: requester; result: see `requestOf` */
  translate = 8,
  /** unit `who` drops cached entries. a: index, b: index mask; c: 1: all of them */
  invalidate = 9,
}
