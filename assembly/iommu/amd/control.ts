/** The control register (hardware.md F.1), and what of it a unit without the feature does not keep. */
import { Amd, AmdControl, AmdControlHigh, AmdSetup, AmdStatus } from '../../state/abi/amd';
import { amdAt, iommuSetup } from '../../state/access';


@inline export function controls(u: u32, bit: AmdControl): bool {
  return (load<u32>(amdAt(u), Amd.control) & (<u32>bit)) != 0;
}


@inline function controlsHigh(u: u32, bit: AmdControlHigh): bool {
  return (load<u32>(amdAt(u), Amd.control + 4) & (<u32>bit)) != 0;
}

/** Requests are looked up; otherwise they go on as they are. */
@inline export function remaps(u: u32): bool {
  return controls(u, AmdControl.iommuEn);
}

/** Entries have 128 bits. */
@inline export function hasWideEntries(u: u32): bool {
  return controls(u, AmdControl.gaEn);
}

/** Entries may be a guest's. */
@inline export function hasGuests(u: u32): bool {
  return (load<u32>(amdAt(u), Amd.control) & AmdControl.gamEn) == AmdControl.guestMode;
}

/** Destinations have 32 bits. */
@inline export function isExtended(u: u32): bool {
  return controlsHigh(u, AmdControlHigh.xtEn);
}

/** The unit's own interrupts are described by registers of their own, with 32 bits of destination. */
@inline export function hasOwnRegisters(u: u32): bool {
  return controlsHigh(u, AmdControlHigh.intCapXtEn);
}

/** A device may have 2048 entries. */
@inline export function has2048(u: u32): bool {
  return (load<u32>(amdAt(u), Amd.control + 4) & AmdControlHigh.numIntRemapMode) == AmdControlHigh.numIntRemap2k;
}


@inline export function cachesEntries(u: u32): bool {
  return !controlsHigh(u, AmdControlHigh.irtCacheDis);
}

/** Turning the command buffer on starts it, also behind an error; turning it off stops it (F.5). */
export function writeControl(u: u32, value: u32): void {
  const at = amdAt(u);
  const before = load<u32>(at, Amd.control);
  let kept = value;
  if (!iommuSetup(u, AmdSetup.ga)) kept &= ~(<u32>AmdControl.gaEn);
  if (!iommuSetup(u, AmdSetup.guest)) kept &= ~(<u32>(AmdControl.gamEn | AmdControl.gaLogEn | AmdControl.gaIntEn));
  store<u32>(at, kept, Amd.control);
  const status = load<u32>(at, Amd.status) & ~(<u32>AmdStatus.cmdBufRun);
  if ((kept & AmdControl.cmdBufEn) == 0) store<u32>(at, status, Amd.status);
  else if ((before & AmdControl.cmdBufEn) == 0) store<u32>(at, status | AmdStatus.cmdBufRun, Amd.status);
}

export function writeControlHigh(u: u32, value: u32): void {
  let kept = value;
  if (!iommuSetup(u, AmdSetup.xt)) kept &= ~(<u32>(AmdControlHigh.xtEn | AmdControlHigh.intCapXtEn));
  if (!iommuSetup(u, AmdSetup.numIntRemap)) kept &= ~(<u32>AmdControlHigh.numIntRemapMode);
  store<u32>(amdAt(u), kept, Amd.control + 4);
}
