/**
 * Registers of an IOAPIC, by their index and in its window (hardware.md B.1). A write returns the pin whose entry it has
 * changed: what follows from that takes time and is for a later room.
 */
import { Ioapic, Pin } from '../state/abi/fields';
import { IoapicSetup } from '../state/abi/tables';
import { ioapicAt, ioapicSetup, pinAt } from '../state/access';
import { nIoapics, nPins } from '../state/layout';
import { MASKED } from './rte';
import { readLow, writeHigh, writeLow } from './pin';

export enum IoapicReg {
  id = 0,
  version = 1,
  arbitration = 2,
  /** two each */
  entries = 0x10,
}

/** Registers of the window; software that writes an EOI register needs version 0x20. */
export enum Window {
  select = 0,
  data = 0x10,
  eoi = 0x40,
  size = 0x1000,
}

const NONE: i32 = -1;


@inline export function pinsOf(i: u32): u32 {
  return min(ioapicSetup(i, IoapicSetup.pins), nPins);
}

/** Entries masked, the ID as set up: the state after reset. */
export function resetIoapic(i: u32): void {
  store<u8>(ioapicAt(i), ioapicSetup(i, IoapicSetup.id) & 15, Ioapic.id);
  for (let pin: u32 = 0; pin < nPins; pin++) store<u32>(pinAt(i, pin), MASKED, Pin.low);
}

/** A register by its index; 0 where there is none. */
export function readRegister(i: u32, index: u32): u32 {
  if (i >= nIoapics) return 0;
  switch (index) {
    case IoapicReg.id:
    // loaded with the ID whenever that is written
    case IoapicReg.arbitration:
      return (<u32>load<u8>(ioapicAt(i), Ioapic.id)) << 24;
    case IoapicReg.version:
      return (ioapicSetup(i, IoapicSetup.version) & 0xff) | (((pinsOf(i) - 1) & 0xff) << 16);
  }
  const pin = (index - IoapicReg.entries) >> 1;
  if (index < <u32>IoapicReg.entries || pin >= pinsOf(i)) return 0;
  const at = pinAt(i, pin);
  return index & 1 ? load<u32>(at, Pin.high) : readLow(at);
}

/** True if the last write has left a line without a matching EOI. */
export let stuck: bool = false;

/** Writes a register by its index; returns the pin whose entry that was, or -1. */
export function writeRegister(i: u32, index: u32, value: u32): i32 {
  stuck = false;
  if (i >= nIoapics) return NONE;
  if (index == IoapicReg.id) store<u8>(ioapicAt(i), (value >> 24) & 15, Ioapic.id);
  const pin = (index - IoapicReg.entries) >> 1;
  if (index < <u32>IoapicReg.entries || pin >= pinsOf(i)) return NONE;
  const at = pinAt(i, pin);
  if (index & 1) writeHigh(at, value);
  else stuck = writeLow(at, value);
  return <i32>pin;
}

/** IOAPIC whose window has this address, or -1. */
export function windowAt(address: u64): i32 {
  for (let i: u32 = 0; i < nIoapics; i++) {
    const base = <u64>ioapicSetup(i, IoapicSetup.base);
    if (address >= base && address < base + Window.size) return <i32>i;
  }
  return NONE;
}

/** Offset in the window of the IOAPIC. */
@inline export function offsetIn(i: u32, address: u64): u32 {
  return <u32>address - ioapicSetup(i, IoapicSetup.base);
}

/** A read of the window. The data register answers accesses of 32 bits only. */
export function readWindow(i: u32, offset: u32, bytes: u32): u32 {
  const select = <u32>load<u8>(ioapicAt(i), Ioapic.select);
  if (offset == Window.select) return select;
  return offset == Window.data && bytes == 4 ? readRegister(i, select) : 0;
}
