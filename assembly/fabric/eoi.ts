/** EOI broadcast (hardware.md A.12). */

/** CPU c has retired the level-triggered vector v: messages to every IOAPIC. */
export function broadcastEoi(c: u32, v: u32): void {}
