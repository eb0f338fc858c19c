/** The status register (hardware.md F.1), and the interrupts of the unit that its bits ask for (F.5, F.6). */
import { Amd, AmdControl, AmdStatus } from '../../state/abi/amd';
import { amdAt } from '../../state/access';
import { controls } from './control';

const CLEARABLE: u32 =
  AmdStatus.eventOverflow | AmdStatus.eventLogInt | AmdStatus.comWaitInt | AmdStatus.gaLogOverflow | AmdStatus.gaLogInt;
/** Those whose interrupt is that of the log of guests. */
export const OF_GUESTS: u32 = AmdStatus.gaLogOverflow | AmdStatus.gaLogInt;


@inline export function raise(u: u32, bit: AmdStatus): void {
  const at = amdAt(u);
  store<u32>(at, load<u32>(at, Amd.status) | (<u32>bit), Amd.status);
}


@inline export function has(u: u32, bit: AmdStatus): bool {
  return (load<u32>(amdAt(u), Amd.status) & (<u32>bit)) != 0;
}

/** The logs run while they are enabled and have not overflowed. */
export function readStatus(u: u32): u32 {
  let status = load<u32>(amdAt(u), Amd.status);
  if (controls(u, AmdControl.eventLogEn) && !has(u, AmdStatus.eventOverflow)) status |= AmdStatus.eventLogRun;
  if (controls(u, AmdControl.gaLogEn) && !has(u, AmdStatus.gaLogOverflow)) status |= AmdStatus.gaLogRun;
  return status;
}

/** Ones clear. */
export function clearStatus(u: u32, value: u32): void {
  const at = amdAt(u);
  store<u32>(at, load<u32>(at, Amd.status) & ~(value & CLEARABLE), Amd.status);
}

/** Bits for which an interrupt is due: they are set, their interrupt is enabled, and none has been sent since either was not so. */
export function untold(u: u32): u32 {
  let enabled: u32 = 0;
  if (controls(u, AmdControl.eventIntEn)) enabled |= AmdStatus.eventOverflow | AmdStatus.eventLogInt;
  if (controls(u, AmdControl.comWaitIntEn)) enabled |= AmdStatus.comWaitInt;
  if (controls(u, AmdControl.gaIntEn)) enabled |= OF_GUESTS;
  const at = amdAt(u);
  const asked = load<u32>(at, Amd.status) & enabled;
  const told = load<u32>(at, Amd.told) & asked;
  store<u32>(at, told, Amd.told);
  return asked & ~told;
}

/** An interrupt for these bits is on its way. */
export function tell(u: u32, bits: u32): void {
  const at = amdAt(u);
  store<u32>(at, load<u32>(at, Amd.told) | bits, Amd.told);
}
