/** What of Linux a timed run measures: the cost of moves and of hotplug. */
import type { Label } from '../../index.js';
import type { Measurable } from '../model.js';
import { Stop, type LinuxData } from './data.js';

/** What an interrupt passes on its way, whether or not its irq is moved: for irq_complete_move, only the look at whether there was a move. */
const ofInterrupts: ReadonlySet<string> = new Set([
  'common_interrupt',
  'spurious_interrupt',
  'sysvec_spurious',
  'sysvec_posted_msi_notification',
  'intel_ack_posted_msi_irq',
  'sysvec_kvm_posted_intr_ipi',
  'sysvec_kvm_posted_intr_wakeup_ipi',
  'avic_doorbell',
  'handle_edge_irq',
  'handle_fasteoi_irq',
  'apic_ack_edge',
  'ioapic_ack_level',
  'ioapic_ir_ack_level',
  'irq_complete_move',
  'irq_thread',
]);

const flush = /^(qi_submit_sync|iommu_flush_irt\w*|iommu_completion_wait)$/;

function accountOf({ routine }: Label): 'interrupt' | 'operation' | 'flush' {
  if (ofInterrupts.has(routine) || routine.startsWith('amd_iommu_int_thread')) return 'interrupt';
  return flush.test(routine) ? 'flush' : 'operation';
}

/** Vectors of managed irqs, which are reserved for good, are not among those that are allocated. */
export function measurableOf(d: LinuxData, labels: readonly Label[]): Measurable {
  return {
    accounts: labels.map(accountOf),
    keptVectors: d.prevVector.slot,
    allocatedVectors: d.allocated.slot,
    stopped: { slot: d.stopState.slot, from: Stop.DISABLE_IRQ, to: Stop.RUN },
  };
}
