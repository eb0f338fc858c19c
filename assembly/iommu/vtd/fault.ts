/** Fault status, records and the fault event (hardware.md D.7). */
import { Iommu, IommuSetup } from '../../state/abi/iommu';
import { frcdAt, iommuAt, iommuSetup, timed } from '../../state/access';
import { nFaultRecords } from '../../state/layout';

const PFO: u32 = 1;
const PPF: u32 = 2;
export const IQE: u32 = 1 << 4;
export const ICE: u32 = 1 << 5;
export const ITE: u32 = 1 << 6;
const CLEARABLE: u32 = PFO | IQE | ICE | ITE;
/** Bits of an event's control register: IP, IM. */
export const PENDING: u32 = 1 << 30;
export const MASKED: u32 = 1 << 31;
/** Bit 63 of a record's high half. */
const FAULT: u32 = 1 << 31;


@inline export function recordsOf(u: u32): u32 {
  return min(iommuSetup(u, IommuSetup.faultRecords), nFaultRecords);
}

/** FSTS as software reads it. PPF says that some record is pending; FRI is the one that came first. */
export function readStatus(u: u32): u32 {
  const at = iommuAt(u);
  return load<u32>(at, Iommu.fsts) | (load<u8>(at, Iommu.faultsPending) != 0 ? PPF : 0);
}


@inline function conditionsOf(u: u32): u32 {
  return readStatus(u) & (CLEARABLE | PPF);
}

/** After a condition came up: an event, unless one of them was up before. */
function tell(u: u32, before: u32): void {
  const at = iommuAt(u);
  if (before == 0 && conditionsOf(u) != 0) store<u32>(at, load<u32>(at, Iommu.fectl) | PENDING, Iommu.fectl);
}

/** After a condition went: an event that nobody was told of is withdrawn with the last. */
function untell(u: u32): void {
  const at = iommuAt(u);
  if (conditionsOf(u) == 0) store<u32>(at, load<u32>(at, Iommu.fectl) & ~PENDING, Iommu.fectl);
}

/** Sets IQE, ICE or ITE. */
export function setStatus(u: u32, bit: u32): void {
  const at = iommuAt(u);
  const before = conditionsOf(u);
  store<u32>(at, load<u32>(at, Iommu.fsts) | bit, Iommu.fsts);
  // in a check a unit has no event of its own
  if (timed()) tell(u, before);
}

/** Write to FSTS: ones clear. */
export function clearStatus(u: u32, value: u32): void {
  const at = iommuAt(u);
  store<u32>(at, load<u32>(at, Iommu.fsts) & ~(value & CLEARABLE), Iommu.fsts);
  untell(u);
}

function isPending(u: u32, n: u32): bool {
  return (load<u32>(frcdAt(u, n), 12) & FAULT) != 0;
}

function hasPendingOf(u: u32, requester: u32): bool {
  for (let n: u32 = 0, end = recordsOf(u); n < end; n++) {
    if (isPending(u, n) && load<u16>(frcdAt(u, n), 8) == <u16>requester) return true;
  }
  return false;
}

/** Records a fault of an interrupt request. With all records pending, or while PFO is set, it is lost (T56). */
export function recordFault(u: u32, reason: u32, index: u32, requester: u32): void {
  const at = iommuAt(u);
  if (load<u32>(at, Iommu.fsts) & PFO) return;
  if (iommuSetup(u, IommuSetup.collapse) && hasPendingOf(u, requester)) return;
  const n = <u32>load<u8>(at, Iommu.faultNext);
  if (n >= recordsOf(u) || isPending(u, n)) {
    setStatus(u, PFO);
    return;
  }
  const before = conditionsOf(u);
  const record = frcdAt(u, n);
  store<u64>(record, (<u64>index) << 48);
  store<u32>(record, requester & 0xffff, 8);
  store<u32>(record, reason | FAULT, 12);
  store<u8>(at, n + 1 < recordsOf(u) ? n + 1 : 0, Iommu.faultNext);
  const pending = <u32>load<u8>(at, Iommu.faultsPending);
  if (pending == 0) store<u32>(at, (load<u32>(at, Iommu.fsts) & ~0xff00) | (n << 8), Iommu.fsts);
  store<u8>(at, pending + 1, Iommu.faultsPending);
  tell(u, before);
}

/** Write to the last dword of record n: a one in F makes it free. */
export function clearRecord(u: u32, n: u32, value: u32): void {
  if ((value & FAULT) == 0 || !isPending(u, n)) return;
  const record = frcdAt(u, n);
  store<u32>(record, load<u32>(record, 12) & ~FAULT, 12);
  store<u8>(iommuAt(u), load<u8>(iommuAt(u), Iommu.faultsPending) - 1, Iommu.faultsPending);
  untell(u);
}
