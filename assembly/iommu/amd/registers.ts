/** Registers of an AMD-Vi unit (hardware.md F.1), by their halves of 32 bits. */
import { Amd, AmdControlHigh, AmdReg, AmdSetup } from '../../state/abi/amd';
import { amdAt, iommuSetup } from '../../state/access';
import { writeControl, writeControlHigh } from './control';
import { clearStatus, readStatus } from './status';

/** Bits of pointers into buffers of 16 and of 8 bytes an entry. */
const POINTER: u32 = 0x7fff0;
const GA_POINTER: u32 = 0x7fff8;

/** The state after reset. */
export function reset(u: u32): void {
  // a program's machine starts with control as its kernel leaves it
  const high = load<u32>(amdAt(u), Amd.control + 4);
  if (iommuSetup(u, AmdSetup.irtCacheDis)) writeControlHigh(u, high | AmdControlHigh.irtCacheDis);
}

/** IASup, and what the unit was made with: XTSup, GASup, GAMSup. */
function features(u: u32): u32 {
  const xt = iommuSetup(u, AmdSetup.xt) & 1;
  const ga = iommuSetup(u, AmdSetup.ga) & 1;
  return (xt << 2) | (1 << 6) | (ga << 7) | ((iommuSetup(u, AmdSetup.guest) & 1) << 21);
}

/** Where a register is kept that is nothing but storage, and which bits it has; 0: it is none of those. */
let bits: u32 = 0;

function placeOf(u: u32, offset: u32): usize {
  const at = amdAt(u);
  const high = offset & 4;
  bits = 0xffffffff;
  switch (offset & ~4) {
    case AmdReg.deviceTable:
      bits = high ? 0xfffff : 0xfffff1ff;
      return at + Amd.deviceTable + high;
    case AmdReg.commandBase:
    case AmdReg.eventBase:
      bits = high ? 0xf0fffff : 0xfffff000;
      return at + (offset & ~4) + high;
    case AmdReg.gaBase:
      bits = high ? 0xf0fffff : 0xfffff000;
      return at + Amd.gaBase + high;
    case AmdReg.gaTailAddress:
      bits = high ? 0xfffff : 0xfffffff8;
      return at + Amd.gaTailAddress + high;
    case AmdReg.xtEvent:
    case AmdReg.xtPpr:
    case AmdReg.xtGa:
      bits = high ? 0xff0000ff : 0xffffff04;
      return at + Amd.xtEvent + (offset & ~4) - AmdReg.xtEvent + high;
  }
  switch (offset) {
    case AmdReg.msiLow:
      bits = 0xfffffffc;
      return at + Amd.msiLow;
    case AmdReg.msiHigh:
      return at + Amd.msiHigh;
    case AmdReg.msiData:
      bits = 0xffff;
      return at + Amd.msiData;
    case AmdReg.commandHead:
      bits = POINTER;
      return at + Amd.commandHead;
    case AmdReg.commandTail:
      bits = POINTER;
      return at + Amd.commandTail;
    case AmdReg.eventHead:
      bits = POINTER;
      return at + Amd.eventHead;
    case AmdReg.eventTail:
      bits = POINTER;
      return at + Amd.eventTail;
    case AmdReg.gaHead:
      bits = GA_POINTER;
      return at + Amd.gaHead;
    case AmdReg.gaTail:
      bits = GA_POINTER;
      return at + Amd.gaTail;
  }
  return 0;
}

export function read32(u: u32, offset: u32): u32 {
  switch (offset) {
    case AmdReg.control:
    case AmdReg.control + 4:
      return load<u32>(amdAt(u) + (offset & 4), Amd.control);
    case AmdReg.features:
      return features(u);
    case AmdReg.features2:
      return (iommuSetup(u, AmdSetup.numIntRemap) & 1) << 8;
    case AmdReg.status:
      return readStatus(u);
  }
  const at = placeOf(u, offset);
  return at == 0 ? 0 : load<u32>(at);
}

export function write32(u: u32, offset: u32, value: u32): void {
  switch (offset) {
    case AmdReg.control:
      writeControl(u, value);
      return;
    case AmdReg.control + 4:
      writeControlHigh(u, value);
      return;
    case AmdReg.status:
      clearStatus(u, value);
      return;
  }
  const at = placeOf(u, offset);
  if (at != 0) store<u32>(at, value & bits);
}
