/** A CPU's view of its LAPIC: memory-mapped registers, MSRs, CR8, pins, interrupt acknowledge. */

export function mmioRead(c: u32, lo: u32, hi: u32, width: u32): u32 {
  return 0xffffffff;
}

export function mmioWrite(c: u32, lo: u32, hi: u32, width: u32, valueLo: u32, valueHi: u32): void {}

export function msrRead(c: u32, msr: u32): u32 {
  return 0;
}

export function msrWrite(c: u32, msr: u32, lo: u32, hi: u32): u32 {
  return 0;
}

export function cr8Read(c: u32): u32 {
  return 0;
}

export function cr8Write(c: u32, lo: u32, hi: u32): u32 {
  return 0;
}

export function gp(): u32 {
  return 0;
}

export function acknowledgeCpu(c: u32): i32 {
  return -1;
}

export function forceAcknowledge(c: u32): i32 {
  return -1;
}

export function pendingVector(c: u32): i32 {
  return -1;
}

export function takeExtInt(c: u32): u32 {
  return 0;
}

export function takeNmi(c: u32): u32 {
  return 0;
}

export function takeSmi(c: u32): u32 {
  return 0;
}

export function lintSet(c: u32, pin: u32, level: u32): void {}

export function localEvent(c: u32, which: u32): void {}

export function resetCpu(c: u32): void {}
