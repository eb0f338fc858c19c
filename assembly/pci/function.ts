/** A PCI function as a whole: reset, power, and what it may do on the bus (hardware.md C.4 E11, E12). */
import { FunctionSetup } from '../state/abi/tables';
import { Fn, MsixEntry } from '../state/abi/fields';
import { functionAt, functionSetup, msixAt } from '../state/access';

const MEMORY_SPACE: u32 = 2;
const BUS_MASTER: u32 = 4;

/** Bits of MSI-X message control that can be written (C.2). */
export const FUNCTION_MASK: u32 = 0x4000;
export const ENABLE: u32 = 0x8000;

/**
 * As after a function level reset (E12): MSI and MSI-X are off, no MSI is masked, all entries of the table are, nothing is
 * pending. Memory space and bus mastering are on, as firmware leaves them.
 */
export function reset(f: u32): void {
  const at = functionAt(f);
  memory.fill(at, 0, Fn.size);
  store<u16>(at, MEMORY_SPACE | BUS_MASTER, Fn.command);
  for (let n: u32 = 0; n < functionSetup(f, FunctionSetup.msixVectors); n++) {
    memory.fill(msixAt(f, n), 0, MsixEntry.size);
    store<u32>(msixAt(f, n), 1, MsixEntry.control);
  }
}

/** D3 or D0. On the way to D0 the registers survive, unless this function resets itself. */
export function setAsleep(f: u32, asleep: bool): void {
  const at = functionAt(f);
  if (!asleep && load<u8>(at, Fn.asleep) && functionSetup(f, FunctionSetup.softReset)) reset(f);
  store<u8>(at, asleep ? 1 : 0, Fn.asleep);
}

/** True if it may send (E11). */
export function isMaster(f: u32): bool {
  return !load<u8>(functionAt(f), Fn.asleep) && (load<u16>(functionAt(f), Fn.command) & BUS_MASTER) != 0;
}

/** True if it answers memory accesses; in D3 it knows config space only. */
export function decodesMemory(f: u32): bool {
  return !load<u8>(functionAt(f), Fn.asleep) && (load<u16>(functionAt(f), Fn.command) & MEMORY_SPACE) != 0;
}
