/** Pins of IOAPICs in time. */

export function ioapicRead(i: u32, index: u32): u32 {
  return 0;
}

export function ioapicWrite(i: u32, index: u32, value: u32): void {}

export function pinSet(i: u32, pin: u32, source: u32, level: u32): void {}
