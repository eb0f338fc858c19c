/**
 * The Local APIC and the IOAPIC inside Linux KVM, recorded operation by operation, beside ours. What differs must be among
 * `differences`; there every row has a section of hardware.md that wants it so, and excuses something.
 */
import { describeRecording } from '../recording/compare.js';
import { differences } from './differences.js';
import { KvmPlayer } from './play.js';

/**
 * What is no answer of the hardware: what an ioctl returned, whether KVM has injected something into its guest, what the guest that
 * ran behind `hlt` and `cont` did there.
 */
const KVM_ALONE = /^(status|nmi_injected|nmi_masked|irq_injected|irq_nr|latched_init|mp_state|mp_at_timeout|woke)$/;

describeRecording({
  system: 'KVM',
  beside: import.meta.url,
  scripts: [
    '01_priority_ppr_tpr',
    '02_guest_delivery_order',
    '03_msi_decode',
    '05_logical_dest',
    '06_icr',
    '07_nmi_init_sipi',
    '09_esr',
    '10_registers',
    '12_x2apic',
    '13_ioapic',
  ],
  player: () => new KvmPlayer(),
  differences,
  isAlone: (op, path) => {
    const field = path.split('.').at(-1) ?? '';
    if (path === 'err') return true;
    if (field === 'ret') return !op.startsWith('msi ') && !op.startsWith('lapic_set ');
    // the pin states of KVM's IOAPIC; of a LAPIC it is the register
    if (field === 'irr') return op === 'ioapic_dump';
    return KVM_ALONE.test(field);
  },
});
