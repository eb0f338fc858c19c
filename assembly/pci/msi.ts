/**
 * MSI capability without mask bits (hardware.md C.1) and the emission rules that concern it (C.4). Every config write
 * lands alone: 32 bits for an address register, 16 for data and control (E2), so a device can sample any mixture (E3).
 */
import { MsiReg } from '../state/abi/instructions';
import { DeviceSetup, SourceSetup } from '../state/abi/tables';
import { Dev, Src } from '../state/abi/fields';
import { devAt, deviceSetup, sourceSetup, srcAt } from '../state/access';
import { nDevices } from '../state/layout';

export function readConfig(d: u32, reg: u32): u32 {
  if (d >= nDevices) return 0xffffffff;
  const at = devAt(d);
  switch (reg) {
    case MsiReg.control:
      return load<u16>(at, Dev.control);
    case MsiReg.addrLo:
      return load<u32>(at, Dev.addrLo);
    case MsiReg.addrHi:
      return load<u32>(at, Dev.addrHi);
    case MsiReg.data:
      return load<u16>(at, Dev.data);
    default:
      return 0xffffffff;
  }
}

/** A config write takes effect. Control: enable and multiple-message enable are writable (C.1); address bits 1:0 read 0. */
export function writeConfig(d: u32, reg: u32, value: u32): void {
  if (d >= nDevices) return;
  const at = devAt(d);
  switch (reg) {
    case MsiReg.control:
      store<u16>(at, (load<u16>(at, Dev.control) & ~0x71) | (value & 0x71), Dev.control);
      return;
    case MsiReg.addrLo:
      store<u32>(at, value & ~3, Dev.addrLo);
      return;
    case MsiReg.addrHi:
      if (deviceSetup(d, DeviceSetup.addr64)) store<u32>(at, value, Dev.addrHi);
      return;
    case MsiReg.data:
      store<u16>(at, value, Dev.data);
  }
}

export let sampledAddrLo: u32 = 0;
export let sampledAddrHi: u32 = 0;
export let sampledData: u32 = 0;

/** Samples the message of source s, all registers in one instant (E1). False: MSI is disabled, nothing is sent (E10). */
export function sampleMsi(s: u32): bool {
  const at = devAt(sourceSetup(s, SourceSetup.device));
  sampledAddrLo = load<u32>(at, Dev.addrLo);
  sampledAddrHi = load<u32>(at, Dev.addrHi);
  sampledData = load<u16>(at, Dev.data);
  return (load<u16>(at, Dev.control) & 1) != 0;
}

/** Keeps a sample back, to be sent later (a device that samples at the start of its moderation interval). */
export function holdSample(s: u32): void {
  const at = srcAt(s);
  store<u8>(at, 1, Src.held);
  store<u16>(at, sampledData, Src.heldData);
  store<u32>(at, sampledAddrLo, Src.heldAddr);
}
