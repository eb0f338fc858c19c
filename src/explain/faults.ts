/** Why a VT-d unit refuses an interrupt (hardware.md D.6): the check, what usually leads there, what to look at. */
import { FaultReason } from '../core/index.js';
import { hexOf } from './bits.js';
import type { Resemblance } from './explained.js';
import { freed } from './races.js';

interface Fault {
  /** what the unit found, as the end of a sentence */
  readonly words: string;
  readonly check: string;
  readonly causes: readonly string[];
  readonly next: readonly string[];
  readonly resembles: readonly Resemblance[];
}

const faults: Readonly<Record<FaultReason, Fault>> = {
  [FaultReason.requestReserved]: {
    words: 'its message has a reserved bit set',
    check: 'address bits 63:32 are 0, and with a subhandle (SHV, address bit 3) data bits 31:16 are 0',
    causes: [
      'Software composed address and data by itself and left something in the upper half of the data.',
      'The message was read between the writes of its parts.',
    ],
    next: [],
    resembles: [],
  },
  [FaultReason.indexBeyondTable]: {
    words: 'the index is beyond the end of the remapping table',
    check: 'handle, plus subhandle with SHV, is below 2^(S+1), S being bits 3:0 of IRTA',
    causes: [
      'The table of Linux has 65536 entries, which every handle fits: there it takes a subhandle that was not meant, as by a device that was given fewer messages than it uses.',
      'The message is of an earlier owner with a larger table: firmware, the kernel before kexec, the host of a VM.',
    ],
    next: ['The size of the table: bits 3:0 of IRTA (offset 0xb8) in /sys/kernel/debug/iommu/intel/iommu_regset'],
    resembles: [],
  },
  [FaultReason.notPresent]: {
    words: 'the entry is not present',
    check: 'P, bit 0 of the entry, is 1',
    causes: [
      'The irq was freed or shut down and its device still sends: the driver has not silenced it, or a last message was on its way. Linux clears the entry when the irq is deactivated.',
      'The device sends before its irq is activated: interrupts are enabled in the device before request_irq is done, or the port was reopened while it kept sending.',
      'The device has an old message in its registers, after a reset, resume or kexec.',
      'The entry is there but the unit has cached it as not present: units with caching mode (CM=1, as in QEMU) need an invalidation after every change.',
    ],
    next: [
      'trace events irq_vectors:vector_activate, vector_deactivate: a fault behind vector_deactivate is the first cause, one before the first vector_activate the second',
    ],
    resembles: [freed],
  },
  [FaultReason.irteUnreadable]: {
    words: 'the unit could not read the remapping table',
    check: 'the 16 bytes of the entry can be read where IRTA says',
    causes: [
      'IRTA points where no memory is, or the memory was given away: after kexec, or by a change of IRTA without SIRTP.',
      'A memory error (see the machine-check log).',
    ],
    next: ['IRTA (offset 0xb8) in /sys/kernel/debug/iommu/intel/iommu_regset', 'dmesg | grep -i -E "mce|EDAC|DMAR-IR"'],
    resembles: [],
  },
  [FaultReason.irteReserved]: {
    words: 'the entry is present but programmed wrongly',
    check: 'no reserved bit is set, DLM is not 3 or 6, SVT is not 3, and IM=1 only where the unit can post (CAP.PI)',
    causes: [
      'The entry was written for x2APIC mode and is read in xAPIC mode, or the other way round: EIME of IRTA differs from what the kernel believes, as after kexec.',
      'It was read between two writes of 8 bytes, one half old and one new.',
      'Something else wrote there.',
    ],
    next: [],
    resembles: [],
  },
  [FaultReason.compatibilityBlocked]: {
    words: 'its message has the compatibility format, which the unit does not let through',
    check: 'address bit 4 (format) is 1, or EIME=0 and CFIS=1',
    causes: [
      'The device still has the message of a time without remapping: of firmware, of the previous kernel, or restored by firmware at resume. One such fault at boot or resume does no harm.',
      'The irq was set up outside of the remapping domain, with vector and CPU in the message: by a driver with an interrupt domain of its own (VMD, NTB, a hypervisor), or for a device that the DMAR table does not name.',
      'An IOAPIC pin was unmasked with an entry that is not in remappable format.',
    ],
    next: [
      '/proc/interrupts: irqs that are remapped have IR- in the name of their chip (IR-PCI-MSI, IR-IO-APIC)',
      'dmesg | grep -E "DMAR-IR|x2apic": with x2APIC mode no compatibility format passes',
    ],
    resembles: [],
  },
  [FaultReason.sourceInvalid]: {
    words: 'the entry belongs to another requester',
    check: 'the requester id is SID under the mask of SQ (SVT=1), or its bus is in the range of SID (SVT=2)',
    causes: [
      'The device sends with another id than the kernel expects: behind a PCIe-to-PCI bridge, as another function of the same card, or as 00:00.0 since it lost its bus number (reset, D3cold).',
      'The device uses an entry that is no longer its own: it kept an old message, and the entry was given to another device.',
      'An emulated unit compares wrongly.',
    ],
    next: ['lspci -tv: is there a bridge above it whose id the message may have?', 'SrcID of the entry there: compare it with this device'],
    resembles: [],
  },
  [FaultReason.pidUnreadable]: {
    words: 'the unit could not access the posted-interrupt descriptor of the entry',
    check: 'the 64 bytes at PDA can be read and written',
    causes: [
      'The descriptor was freed while the entry still pointed to it: the vCPU is gone, the entry was not put back.',
      'The address was torn: half of PDA stands in each half of the entry, which must be written with one store of 16 bytes.',
    ],
    next: ['trace event kvm:kvm_pi_irte_update: which vCPU the entry was given'],
    resembles: [],
  },
  [FaultReason.pidReserved]: {
    words: 'the posted-interrupt descriptor of the entry has reserved bits set',
    check: 'bits 271:258, 287:280 and 511:320 of the descriptor are 0',
    causes: [
      'PDA does not point to a descriptor: freed memory, or an address that was torn.',
      'Software keeps data of its own in bits that VT-d reserves.',
    ],
    next: ['irqlab explain --pid with the 64 bytes at PDA'],
    resembles: [],
  },
};

/** What is known of a reason; undefined if it does not concern interrupts. */
export function faultOf(reason: number): Fault | undefined {
  return (faults as Readonly<Record<number, Fault>>)[reason];
}

export function checkOf(reason: FaultReason): string {
  return `${faults[reason].check}: fault ${hexOf(reason)}`;
}

export function faultWords(reason: FaultReason): string {
  return `${faults[reason].words} (fault ${hexOf(reason)})`;
}
