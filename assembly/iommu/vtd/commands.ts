/** Commands of GCMD and what GSTS says of them (hardware.md D.1.1). */
import { CommandState, Gcmd, Iommu, IommuSetup, QueueState, Remap, RemapFlag } from '../../state/abi/iommu';
import { iommuAt, iommuSetup, messagesUsed, remapAt } from '../../state/access';
import { invalidateAll } from './queue';

const QIE: u32 = <u32>Gcmd.qie;
const IRE: u32 = <u32>Gcmd.ire;
const SIRTP: u32 = <u32>Gcmd.sirtp;
/** Those that stay as they were written last; the others are done once. SFL and SRTP leave their bits set, WBF does not. */
const PERSISTENT: u32 = 0x96800000;
const ONE_SHOT: u32 = 0x69000000;
const SHOWN: u32 = 0x61000000;


@inline function stateOf(u: u32): u32 {
  return load<u8>(iommuAt(u), Iommu.commandState);
}

/** A write carries all persistent bits (T53); it may come while earlier commands are still carried out. */
export function command(u: u32, value: u32): void {
  const at = iommuAt(u);
  const before = stateOf(u) == CommandState.none ? 0 : load<u32>(at, Iommu.command) & ONE_SHOT;
  store<u32>(at, before | (value & (PERSISTENT | ONE_SHOT)), Iommu.command);
  if (value & SIRTP) store<u32>(at, load<u32>(at, Iommu.gsts) & ~SIRTP, Iommu.gsts);
  store<u8>(at, CommandState.asked, Iommu.commandState);
}

/** Requests of the unit that are on their way now. */
function awaitAll(u: u32): void {
  for (let m: u32 = 0; m < messagesUsed(); m++) {
    const at = remapAt(m);
    if (<u32>load<u8>(at, Remap.unit) == u + 1) store<u16>(at, load<u16>(at, Remap.flags) | (<u16>RemapFlag.awaited), Remap.flags);
  }
}

/** Begins what was asked: the new table is in force; whether remapping is, changes once earlier requests are drained. */
export function begin(u: u32): void {
  const at = iommuAt(u);
  const asked = load<u32>(at, Iommu.command);
  const invalidates = (asked & SIRTP) != 0 && iommuSetup(u, IommuSetup.esirtps) != 0;
  if (asked & SIRTP) store<u64>(at, load<u64>(at, Iommu.irta), Iommu.activeIrta);
  if (invalidates) invalidateAll(u);
  if (invalidates || (asked ^ load<u32>(at, Iommu.gsts)) & IRE) awaitAll(u);
  store<u8>(at, CommandState.waiting, Iommu.commandState);
}


@inline export function isWaiting(u: u32): bool {
  return stateOf(u) == CommandState.waiting;
}

/** True while the queue, which is to be turned off, has not finished. */
export function waitsForQueue(u: u32): bool {
  const at = iommuAt(u);
  return (load<u32>(at, Iommu.command) & QIE) == 0 && load<u8>(at, Iommu.queueState) != QueueState.idle;
}

/** GSTS shows it. */
export function finish(u: u32): void {
  const at = iommuAt(u);
  const asked = load<u32>(at, Iommu.command);
  const before = load<u32>(at, Iommu.gsts);
  if ((asked ^ before) & QIE) store<u32>(at, 0, Iommu.iqh);
  store<u32>(at, (asked & PERSISTENT) | (asked & SHOWN) | (before & SHOWN), Iommu.gsts);
  store<u8>(at, CommandState.none, Iommu.commandState);
}
