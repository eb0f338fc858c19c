/**
 * Configuration space of a function: command register and the capabilities power management, MSI and MSI-X (hardware.md C.1,
 * C.2). An access stays within one dword; what lies elsewhere reads 0 and ignores writes.
 */
import { MsiReg } from '../state/abi/instructions';
import { ConfigSpace, PENDING_BITS } from '../state/abi/pci';
import { FunctionSetup } from '../state/abi/tables';
import { Fn } from '../state/abi/fields';
import { functionAt, functionSetup } from '../state/access';
import { nFunctions } from '../state/layout';
import { setAsleep } from './function';
import { refreshAll } from './table';
import { pendingBits } from './vectors';

/** No vendor has this id. */
const ID: u32 = 0x00011234;
/** Status: there are capabilities. */
const HAS_CAPABILITIES: u32 = 0x100000;
/** Memory and I/O space, bus master, INTx disable. */
const COMMAND_WRITABLE: u32 = 0x0407;
const NO_SOFT_RESET: u32 = 8;

/** The register that dword number i of this function's MSI capability is, in the order of its longest form (C.1); -1: none. */
function msiRegister(f: u32, i: u32): i32 {
  const register: i32 = i >= <u32>MsiReg.addrHi && !functionSetup(f, FunctionSetup.msiAddress64) ? i + 1 : i;
  return register > (functionSetup(f, FunctionSetup.msiMaskable) ? MsiReg.pending : MsiReg.data) ? -1 : register;
}

/** Log2 of the messages that the function can send. */
function multipleCapable(f: u32): u32 {
  return <u32>ctz(functionSetup(f, FunctionSetup.msiVectors));
}

function readMsi(f: u32, register: i32): u32 {
  const at = functionAt(f);
  switch (register) {
    case MsiReg.control: {
      const wide: u32 = functionSetup(f, FunctionSetup.msiAddress64) ? 0x80 : 0;
      const maskable: u32 = functionSetup(f, FunctionSetup.msiMaskable) ? 0x100 : 0;
      const control = load<u16>(at, Fn.msiControl) | (multipleCapable(f) << 1) | wide | maskable;
      return 0x05 | (next(f, ConfigSpace.msix) << 8) | (control << 16);
    }
    case MsiReg.addrLo:
      return load<u32>(at, Fn.addrLo);
    case MsiReg.addrHi:
      return load<u32>(at, Fn.addrHi);
    case MsiReg.data:
      return load<u16>(at, Fn.data);
    case MsiReg.mask:
      return load<u32>(at, Fn.mask);
    case MsiReg.pending:
      return pendingBits(f);
    default:
      return 0;
  }
}

function writeMsi(f: u32, register: i32, value: u32): void {
  const at = functionAt(f);
  switch (register) {
    case MsiReg.control: {
      const enabled = min((value >> 20) & 7, multipleCapable(f));
      store<u16>(at, ((value >> 16) & 1) | (enabled << 4), Fn.msiControl);
      return;
    }
    case MsiReg.addrLo:
      store<u32>(at, value & ~3, Fn.addrLo);
      return;
    case MsiReg.addrHi:
      store<u32>(at, value, Fn.addrHi);
      return;
    case MsiReg.data:
      store<u16>(at, value, Fn.data);
      return;
    case MsiReg.mask:
      store<u32>(at, value & (<u32>(((<u64>1) << functionSetup(f, FunctionSetup.msiVectors)) - 1)), Fn.mask);
  }
}

/** Offset of the first capability from here on, 0: none. */
function next(f: u32, from: u32): u32 {
  if (from <= <u32>ConfigSpace.msi && functionSetup(f, FunctionSetup.msiVectors)) return ConfigSpace.msi;
  return functionSetup(f, FunctionSetup.msixVectors) ? ConfigSpace.msix : 0;
}

function hasMsi(f: u32, at: u32): bool {
  return functionSetup(f, FunctionSetup.msiVectors) != 0 && at - ConfigSpace.msi < 24;
}

function hasMsix(f: u32, at: u32): bool {
  return functionSetup(f, FunctionSetup.msixVectors) != 0 && at - ConfigSpace.msix < 12;
}

function readDword(f: u32, at: u32): u32 {
  const fn = functionAt(f);
  if (hasMsi(f, at)) return readMsi(f, msiRegister(f, (at - ConfigSpace.msi) >> 2));
  if (hasMsix(f, at)) {
    // the table is at the beginning of BAR 0
    if (at == ConfigSpace.msix + 4) return 0;
    if (at == ConfigSpace.msix + 8) return PENDING_BITS;
    const control = load<u16>(fn, Fn.msixControl) | (functionSetup(f, FunctionSetup.msixVectors) - 1);
    return 0x11 | (control << 16);
  }
  switch (at) {
    case 0:
      return ID;
    case ConfigSpace.command:
      return load<u16>(fn, Fn.command) | HAS_CAPABILITIES;
    case ConfigSpace.pointer:
      return ConfigSpace.power;
    case ConfigSpace.power:
      return 0x00030001 | (next(f, ConfigSpace.msi) << 8);
    case ConfigSpace.power + 4:
      return (load<u8>(fn, Fn.asleep) ? 3 : 0) | (functionSetup(f, FunctionSetup.softReset) ? 0 : NO_SOFT_RESET);
    default:
      return 0;
  }
}

function writeDword(f: u32, at: u32, value: u32): void {
  const fn = functionAt(f);
  if (hasMsi(f, at)) writeMsi(f, msiRegister(f, (at - ConfigSpace.msi) >> 2), value);
  else if (hasMsix(f, at) && at == ConfigSpace.msix) {
    store<u16>(fn, (value >> 16) & 0xc000, Fn.msixControl);
    refreshAll(f);
  } else if (at == ConfigSpace.command) store<u16>(fn, value & COMMAND_WRITABLE, Fn.command);
  // D1 and D2 do not exist
  else if (at == ConfigSpace.power + 4 && ((value & 3) == 0 || (value & 3) == 3)) setAsleep(f, (value & 3) == 3);
}

/** 1, 2 or 4 bytes within a dword. */
export function loadConfig(f: u32, offset: u32, width: u32): u32 {
  const value = readDword(f, offset & ~3) >> ((offset & 3) << 3);
  return width >= 4 ? value : value & (((<u32>1) << (width << 3)) - 1);
}

/** A write of 1, 2 or 4 bytes within a dword takes effect; the other bytes of the register stay. */
export function storeConfig(f: u32, offset: u32, width: u32, value: u32): void {
  const shift = (offset & 3) << 3;
  const bytes = (width >= 4 ? ~(<u32>0) : ((<u32>1) << (width << 3)) - 1) << shift;
  const at = offset & ~3;
  writeDword(f, at, (readDword(f, at) & ~bytes) | ((value << shift) & bytes));
}

// --- by register, as programs name them

/** Register `reg` (`MsiReg`) of function f. What this function does not have reads 0, what nobody is all ones. */
export function readRegister(f: u32, reg: u32): u32 {
  if (f >= nFunctions) return 0xffffffff;
  switch (reg) {
    case MsiReg.control:
      return functionSetup(f, FunctionSetup.msiVectors) ? readMsi(f, reg) >> 16 : 0;
    case MsiReg.msixControl:
      return functionSetup(f, FunctionSetup.msixVectors) ? loadConfig(f, ConfigSpace.msix + 2, 2) : 0;
    default:
      return readMsi(f, reg);
  }
}

/** A write to it takes effect: 16 bits of a control register and of data, 32 of the others (C.4 E2). */
export function writeRegister(f: u32, reg: u32, value: u32): void {
  if (f >= nFunctions) return;
  switch (reg) {
    case MsiReg.control:
      if (functionSetup(f, FunctionSetup.msiVectors)) writeMsi(f, reg, value << 16);
      return;
    case MsiReg.addrHi:
      if (functionSetup(f, FunctionSetup.msiAddress64)) writeMsi(f, reg, value);
      return;
    case MsiReg.mask:
      if (functionSetup(f, FunctionSetup.msiMaskable)) writeMsi(f, reg, value);
      return;
    case MsiReg.msixControl:
      if (functionSetup(f, FunctionSetup.msixVectors)) storeConfig(f, ConfigSpace.msix + 2, 2, value);
      return;
    default:
      writeMsi(f, reg, value);
  }
}
