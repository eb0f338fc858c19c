/**
 * Compatibility-format interrupt messages (hardware.md C.3) and destination match (A.7). Pure: a message in, fields out;
 * effects are elsewhere.
 */
import { Cpu } from '../state/abi/fields';
import { cpuAt, cpuOfApicId } from '../state/access';
import { nCpus } from '../state/layout';

/** True if a DWORD write to this address is an interrupt request (C.3.3). */
@inline export function inInterruptRange(addrLo: u32, addrHi: u32): bool {
  return addrHi == 0 && addrLo >> 20 == 0xfee;
}


@inline export function destinationOf(address: u32): u32 {
  return (address >> 12) & 0xff;
}


@inline export function isLogical(address: u32): bool {
  return (address & 4) != 0;
}


@inline export function hasRedirectionHint(address: u32): bool {
  return (address & 8) != 0;
}


@inline export function vectorOf(data: u32): u32 {
  return data & 0xff;
}


@inline export function deliveryModeOf(data: u32): u32 {
  return (data >> 8) & 7;
}


@inline export function isLevel(data: u32): bool {
  return (data & 0x8000) != 0;
}

/** Logical destination of xAPIC, flat and cluster model (A.7.2); another DFR value matches nothing. */
function matchesLogical(c: u32, mda: u32): bool {
  const at = cpuAt(c);
  if (mda == 0xff) return true;
  const ldr = load<u32>(at, Cpu.ldr) >> 24;
  const model = load<u32>(at, Cpu.dfr) >> 28;
  if (model == 0xf) return (mda & ldr) != 0;
  return model == 0 && mda >> 4 == ldr >> 4 && (mda & ldr & 0xf) != 0;
}

/**
 * First CPU >= from that a message with this destination is for, or -1. Physical 0xff is the broadcast id (A.7.1), but
 * not with the redirection hint (C.3.3: no match).
 */
export function nextTarget(dest: u32, logical: bool, redirect: bool, from: u32): i32 {
  if (!logical && dest != 0xff) {
    const c = cpuOfApicId(dest);
    return c >= 0 && <u32>c >= from ? c : -1;
  }
  if (!logical && redirect) return -1;
  for (let c = from; c < nCpus; c++) {
    if (!logical || matchesLogical(c, dest)) return c;
  }
  return -1;
}

/** Exactly one of the logical set (redirection hint or lowest priority): the enabled candidate number vector mod n (A.7.4, `hashVector`). */
export function arbitrate(dest: u32, logical: bool, v: u32): i32 {
  let n: u32 = 0;
  for (let c = nextTarget(dest, logical, false, 0); c >= 0; c = nextTarget(dest, logical, false, c + 1)) {
    if (load<u16>(cpuAt(c), Cpu.svr) & 0x100) n++;
  }
  if (n == 0) return -1;
  let k = v % n;
  for (let c = nextTarget(dest, logical, false, 0); c >= 0; c = nextTarget(dest, logical, false, c + 1)) {
    if ((load<u16>(cpuAt(c), Cpu.svr) & 0x100) == 0) continue;
    if (k-- == 0) return c;
  }
  return -1;
}
