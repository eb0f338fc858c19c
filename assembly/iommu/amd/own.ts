/** The unit's own interrupts: by its MSI, or where IntCapXTEn is set by registers that have 32 bits of destination (hardware.md F.1). */
import { Amd } from '../../state/abi/amd';
import { amdAt } from '../../state/access';
import { hasOwnRegisters } from './control';

/** Of the last `describe`. */
export let address: u32 = 0;
export let data: u32 = 0;
export let destination: u32 = 0;
export let isLogical: bool = false;

/** True: all of it; false: address and data of an MSI. */
export function describe(u: u32, ofGuests: bool): bool {
  const at = amdAt(u);
  if (!hasOwnRegisters(u)) {
    address = load<u32>(at, Amd.msiLow);
    data = load<u32>(at, Amd.msiData);
    return false;
  }
  const register = ofGuests ? load<u64>(at, Amd.xtGa) : load<u64>(at, Amd.xtEvent);
  address = 0xfee00000;
  data = (<u32>(register >> 32)) & 0xff;
  destination = ((<u32>(register >> 8)) & 0xffffff) | ((<u32>(register >> 56)) << 24);
  isLogical = (register & 4) != 0;
  return true;
}
