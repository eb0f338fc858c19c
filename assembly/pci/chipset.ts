/**
 * Devices of the chipset with a message of their own: a comparator of an HPET, the fault event of a remapping unit. Address, data
 * and a mask bit are registers in memory space; a write takes effect at once (linux.md 2.10, hardware.md D.7.3).
 */
import { MmioReg } from '../state/abi/instructions';
import { FunctionKind } from '../state/abi/tables';
import { Fn } from '../state/abi/fields';
import { functionAt } from '../state/access';
import { hasRaised, kindOf } from './vectors';

/** A comparator has no upper half of the address and no pending bit. */
export function loadChipset(f: u32, reg: u32): u32 {
  const at = functionAt(f);
  switch (reg) {
    case MmioReg.addrLo:
      return load<u32>(at, Fn.addrLo);
    case MmioReg.addrHi:
      return load<u32>(at, Fn.addrHi);
    case MmioReg.data:
      return load<u16>(at, Fn.data);
    case MmioReg.control:
      return load<u32>(at, Fn.mask);
    case MmioReg.pending:
      return kindOf(f) == FunctionKind.dmar && hasRaised(f, 0) ? 1 : 0;
    default:
      return 0;
  }
}

export function storeChipset(f: u32, reg: u32, value: u32): void {
  const at = functionAt(f);
  switch (reg) {
    case MmioReg.addrLo:
      store<u32>(at, value & ~3, Fn.addrLo);
      return;
    case MmioReg.addrHi:
      if (kindOf(f) == FunctionKind.dmar) store<u32>(at, value, Fn.addrHi);
      return;
    case MmioReg.data:
      store<u16>(at, value, Fn.data);
      return;
    case MmioReg.control:
      store<u32>(at, value & 1, Fn.mask);
  }
}
