/** Where to look, in words that several explanations share. */
import { hexOf } from './bits.js';

/** Debugfs of VT-d; needs CONFIG_INTEL_IOMMU_DEBUGFS. */
const IR_TABLE = '/sys/kernel/debug/iommu/intel/ir_translation_struct';

/** Whose an entry of a VT-d table is: Linux keeps the index in the hardware number of the irq. */
export function entryHints(index: number): string[] {
  const owner = `grep -lw "0x${index.toString(16)}0000" /sys/kernel/debug/irq/irqs/*: the irq whose entry it is (hwirq of the INTEL-IR domain = index << 16)`;
  return [`${IR_TABLE}: entry ${index} of the unit; one that is not listed is not present`, ...(index === 0 ? [] : [owner])];
}

export const IRQ_DEBUG = '/sys/kernel/debug/irq/irqs/N: vector, target CPU and state of irq N';

/** Vectors come and go with these. */
export const VECTOR_EVENTS =
  'trace events irq_vectors:vector_alloc, vector_config, vector_activate, vector_deactivate, vector_clear, vector_free_moved: who had that vector, and since when';

export const HANDLER_EVENTS = 'trace event irq:irq_handler_entry: when the handler ran last';

/** Errors of negative numbers that the kernel prints. */
export function errnoText(error: number): string {
  const names: Readonly<Record<number, string>> = {
    [-12]: '-ENOMEM',
    [-16]: '-EBUSY: the move before it is not cleaned up',
    [-19]: '-ENODEV',
    [-22]: '-EINVAL: no CPU of the mask can be used, or the chip cannot move it',
    [-28]: '-ENOSPC: no CPU of the mask has a vector left',
  };
  return names[error] ?? hexOf(Math.abs(error));
}
