/**
 * The queues of remapping units as programs and images know them: where a unit fetches descriptors, and the log of guests of an AMD unit.
 * In a check both slide, so that their heads are always at 0 (iommu/ring.ts).
 */
import { Amd } from './abi/amd';
import { Iommu } from './abi/iommu';
import { amdAt, iommuAt, isAmd } from './access';
import { get, put } from './cursor';
import { readGuest, writeGuest } from './guest';
import { nIommus } from './layout';

/** Bits 51:12 of a register with the address of a buffer. */
const BASE: u64 = 0xffffffffff000;


@inline export function queueBase(u: u32): u64 {
  return (isAmd(u) ? load<u64>(amdAt(u), Amd.commandBase) : load<u64>(iommuAt(u), Iommu.iqa)) & BASE;
}

/** Where the offset of its head, of its tail, stands: u32. */
@inline export function queueHeadAt(u: u32): usize {
  return isAmd(u) ? amdAt(u) + Amd.commandHead : iommuAt(u) + Iommu.iqh;
}


@inline export function queueTailAt(u: u32): usize {
  return isAmd(u) ? amdAt(u) + Amd.commandTail : iommuAt(u) + Iommu.iqt;
}


@inline export function logBase(u: u32): u64 {
  return load<u64>(amdAt(u), Amd.gaBase) & BASE;
}

/** The highest dword of a descriptor is 0: a program puts no other. */
function packQueue(u: u32): void {
  const end = load<u32>(iommuAt(u), Iommu.put) & 0xf0;
  put((end >> 4) | (load<u32>(queueTailAt(u)) & 0xf0), 1);
  for (let at: u32 = 0; at < end; at += 16) {
    const low = readGuest(queueBase(u) + at, 8);
    put(<u32>low, 4);
    put(<u32>(low >> 32), 4);
    put(<u32>readGuest(queueBase(u) + at + 8, 4), 4);
  }
}

function unpackQueue(u: u32): void {
  const head = get(1);
  const end = (head & 15) << 4;
  store<u32>(iommuAt(u), end, Iommu.put);
  store<u32>(queueTailAt(u), head & 0xf0);
  for (let at: u32 = 0; at < end; at += 16) {
    writeGuest(queueBase(u) + at, 4, get(4));
    writeGuest(queueBase(u) + at + 4, 4, get(4));
    writeGuest(queueBase(u) + at + 8, 8, get(4));
  }
}

/** Of an entry tag and device; all are of one kind. */
function packLog(u: u32): void {
  const end = load<u32>(amdAt(u), Amd.gaTail) & 0x78;
  put(end >> 3, 1);
  for (let at: u32 = 0; at < end; at += 8) {
    put(<u32>readGuest(logBase(u) + at, 4), 4);
    put(<u32>readGuest(logBase(u) + at + 4, 2), 2);
  }
}

function unpackLog(u: u32): void {
  const end = (get(1) & 15) << 3;
  store<u32>(amdAt(u), end, Amd.gaTail);
  for (let at: u32 = 0; at < end; at += 8) {
    writeGuest(logBase(u) + at, 4, get(4));
    writeGuest(logBase(u) + at + 4, 4, get(2) | NOT_RUNNING);
  }
}

/** Of the second dword of an entry: the guest does not run. */
export const NOT_RUNNING: u32 = 1 << 28;

export function packQueues(): void {
  for (let u: u32 = 0; u < nIommus; u++) {
    packQueue(u);
    if (isAmd(u)) packLog(u);
  }
}

export function unpackQueues(): void {
  for (let u: u32 = 0; u < nIommus; u++) {
    unpackQueue(u);
    if (isAmd(u)) unpackLog(u);
  }
}
