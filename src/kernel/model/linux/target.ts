/** Where interrupts of an irq go, and whether a remapping table says so. */
import type { Placement } from '../model.js';

/** CPU by index. */
export interface Target {
  readonly cpu: number;
  readonly vector: number;
}

/** Whether devices are remapped: all of them but fault events, or none. */
export function isRemapped({ units, devices }: Placement): boolean {
  return units !== undefined && units.some((unit) => unit >= 0) && units.every((unit, d) => unit >= 0 || devices[d]?.chipset === 'dmar');
}

/** Whether units that remap are AMD's; all of a machine are of one kind. */
export function isAmd({ iommus = [] }: Placement): boolean {
  return iommus.some(({ type }) => type === 'amd');
}
