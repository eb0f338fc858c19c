/**
 * A remapping unit of either kind by its registers, 32 or 64 bits wide and aligned (hardware.md D.1, F.1). A write changes registers
 * only; what takes time, and which event messages are due, is for who called.
 */
import { AmdReg } from '../state/abi/amd';
import { Iommu, IommuSetup, VtdReg } from '../state/abi/iommu';
import { iommuAt, iommuSetup, isAmd } from '../state/access';
import { nIommus } from '../state/layout';
import * as amd from './amd/registers';
import * as vtd from './vtd/registers';

const NOTHING: u64 = 0xffffffffffffffff;

/** The state after reset. */
export function resetUnit(u: u32): void {
  store<u32>(iommuAt(u), 1, Iommu.epoch);
  if (isAmd(u)) amd.reset(u);
  else vtd.reset(u);
}


@inline function windowOf(u: u32): u32 {
  return isAmd(u) ? <u32>AmdReg.window : <u32>VtdReg.window;
}


@inline function isWhole(u: u32, offset: u32, bytes: u32): bool {
  return u < nIommus && (bytes == 4 || bytes == 8) && (offset & (bytes - 1)) == 0 && offset < windowOf(u);
}


@inline function read32(u: u32, offset: u32): u32 {
  return isAmd(u) ? amd.read32(u, offset) : vtd.read32(u, offset);
}


@inline function write32(u: u32, offset: u32, value: u32): void {
  if (isAmd(u)) amd.write32(u, offset, value);
  else vtd.write32(u, offset, value);
}

/** A register, 4 or 8 bytes; other accesses read all ones. What is not there reads 0. */
export function readUnit(u: u32, offset: u32, bytes: u32): u64 {
  if (!isWhole(u, offset, bytes)) return NOTHING;
  const low = <u64>read32(u, offset);
  return bytes == 8 ? low | ((<u64>read32(u, offset + 4)) << 32) : low;
}

/** True if it is a write to registers: 4 or 8 bytes. One of 64 bits is one of its low, then of its high half. */
export function writeUnit(u: u32, offset: u32, bytes: u32, value: u64): bool {
  if (!isWhole(u, offset, bytes)) return false;
  write32(u, offset, <u32>value);
  if (bytes == 8) write32(u, offset + 4, <u32>(value >> 32));
  return true;
}

/** Unit whose window has this address, or -1. */
export function unitAt(address: u64): i32 {
  for (let u: u32 = 0; u < nIommus; u++) {
    const base = <u64>iommuSetup(u, IommuSetup.base);
    if (address >= base && address < base + windowOf(u)) return <i32>u;
  }
  return -1;
}

/** Offset of an address in the window of unit u, which has it. */
@inline export function offsetIn(u: u32, address: u64): u32 {
  return <u32>(address - iommuSetup(u, IommuSetup.base));
}
