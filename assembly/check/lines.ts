/**
 * Footprints on what units have cached (assembly/iommu/lines.ts): of VT-d each entry of a table is a resource, which all units share; of AMD
 * all is one, since an entry of the device table stands for a whole table.
 */
import { Thing } from '../state/abi/resources';
import { VarFlag, VarWord } from '../state/abi/instructions';
import { Iommu } from '../state/abi/iommu';
import { iommuAt, slotAt } from '../state/access';
import { variableAt } from '../state/guest';
import { nAmds, nIommus, nVariables } from '../state/layout';
import { hasDeviceLines } from '../iommu/amd/lines';
import { isLine, linesOf } from '../iommu/lines';
import { SOMEONE, slotOf, touchLineBit, touchTables, touchThing } from './resources';

/** Entry `i`, or all of them: i = SOMEONE. */
export function touchLine(at: usize, i: u32, reads: bool, writes: bool): void {
  if (nAmds != 0) touchThing(at, Thing.lines, reads, writes);
  else touchLineBit(at, i, reads, writes);
}

/** Slot of the variable that unit u, one of VT-d, has its table in, -1: of none. */
export function tableOf(u: u32): i32 {
  return slotOf(variableAt(load<u64>(iommuAt(u), Iommu.activeIrta) & ~(<u64>0xfff)));
}

function isTable(slot: u32): bool {
  for (let u: u32 = 0; u < nIommus; u++) {
    if (tableOf(u) == <i32>slot) return true;
  }
  return false;
}

/** A store to row i of a variable: if units see it, what they have cached of it is compared with memory; of AMD, by way of the device table. */
export function touchStored(at: usize, slot: u32, i: u32): void {
  if (nIommus == 0 || slot >= nVariables || (load<u32>(slotAt(slot), VarWord.flags * 4) & VarFlag.dma) == 0) return;
  if (nAmds != 0) {
    touchThing(at, Thing.lines, true, true);
    touchTables(at);
  } else if (isTable(slot)) {
    touchLineBit(at, i, true, true);
  }
}

/** Unit `which >> 8` drops line `which & 255`; what an older device entry leads to, of AMD, is looked at before it goes. */
export function declareDrop(at: usize, which: u32): void {
  touchLine(at, which & 0xff, true, true);
  if (nAmds != 0 && hasDeviceLines()) touchTables(at);
}

/** All that units may drop now. */
export function declareDrops(at: usize): void {
  for (let u: u32 = 0; u < nIommus; u++) {
    for (let n: u32 = 0; n < linesOf(u); n++) {
      if (isLine(u, n)) declareDrop(at, (u << 8) | n);
    }
  }
}

/** A unit drops some of its lines, or all, because it is told to. */
export function declareInvalidation(at: usize): void {
  touchLine(at, SOMEONE, true, true);
  if (nAmds != 0 && hasDeviceLines()) touchTables(at);
}
