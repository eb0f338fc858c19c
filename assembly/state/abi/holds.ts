/** What holds up an event that is owed, in a timed run. Compiled by both sides; it imports nothing. */

/** In bits 31:16 of field a of `Event.hold`; the source is in bits 15:0, b as said here, c the CPU it is about, or NONE. */
export const enum Hold {
  /** its device has raised it and not sent its message; b = 1: the message is masked, or may not be sent */
  device = 0,
  /** its message is on its way: to the root complex, in a remapping unit, to the LAPIC, or from an IOAPIC */
  flight = 1,
  /** it is in a posted-interrupt descriptor */
  posted = 2,
  /** it is pending on a CPU that does not execute */
  offline = 3,
  /** ... that has interrupts off; b = instruction it stands at, or NONE */
  interruptsOff = 4,
  /** ... that is in a handler; b = source that the handler is of, or NONE */
  service = 5,
  /** ... whose PPR it does not exceed, or where a higher vector is taken first; b = that vector, or PPR */
  priority = 6,
  /** ... that is about to take it, or is in the middle of an access */
  recognition = 7,
  /** its handler waits for a lock; b = slot, and CPU that holds it << 16 */
  lock = 8,
  /** ... for something else; b = instruction */
  wait = 9,
  /** its handler runs and has not come to that of the driver */
  handler = 10,
  /** it was taken and put off: the kernel has noted that it is to be handled */
  kernel = 11,
  /** a task that is to handle it has not got the CPU; b = instruction that the CPU stands at, or NONE */
  task = 12,
  /** nothing carries it */
  nothing = 13,
  /** nothing is owed any more: it was handled, or the irq was freed */
  done = 14,
}
