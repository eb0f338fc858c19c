/** Where interrupts of an irq go, and whether a remapping table says so. */
import type { Placement } from '../model.js';

/** CPU by index. */
export interface Target {
  readonly cpu: number;
  readonly vector: number;
}

/** Whether devices are remapped: all of them, or none. */
export function isRemapped({ units }: Placement): boolean {
  return units !== undefined && units.every((unit) => unit >= 0);
}
