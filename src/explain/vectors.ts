/** What a vector number is: for the LAPIC (hardware.md A.3), and in Linux (linux.md 2.2). */

const system: Readonly<Record<number, string>> = {
  0x80: 'int 0x80 of Linux, never given to a device',
  0xeb: 'the notification of posted MSIs in Linux 6.10 and later, a device before',
  0xec: 'the local timer of Linux',
  0xed: 'a Hyper-V timer',
  0xee: 'Hyper-V re-enlightenment',
  0xef: 'the placeholder of Linux for irqs that are not active: shut down, or reserved and not requested',
  0xf0: 'the nested notification of posted interrupts (KVM)',
  0xf1: 'the wake-up of posted interrupts (KVM): the vCPU is blocked',
  0xf2: 'the notification of posted interrupts (KVM): the vCPU runs',
  0xf3: 'a hypervisor callback',
  0xf4: 'deferred errors (AMD)',
  0xf5: 'a system vector of Linux',
  0xf6: 'irq_work of Linux',
  0xf7: 'the platform IPI of Linux',
  0xf8: 'the reboot IPI of Linux',
  0xf9: 'the threshold interrupt',
  0xfa: 'the thermal interrupt',
  0xfb: 'the call-single IPI of Linux',
  0xfc: 'the call-function IPI of Linux',
  0xfd: 'the reschedule IPI of Linux',
  0xfe: 'the APIC error interrupt',
  0xff: 'the spurious vector',
};

/** ISA irqs have vectors of their own: 0x30 + irq. */
export function isaIrqOf(vector: number): number | undefined {
  return vector >= 0x30 && vector <= 0x3f ? vector - 0x30 : undefined;
}

export function vectorText(vector: number): string {
  if (vector < 0x10) return 'illegal: a LAPIC takes no vector below 0x10 (ESR bit 6)';
  if (vector < 0x20) return 'in the range of CPU exceptions; Linux gives it to nobody';
  if (vector === 0x20) return 'the cleanup IPI of Linux before 6.6, a device from 6.6 on';
  const isa = isaIrqOf(vector);
  if (isa !== undefined) return `of ISA irq ${isa} in Linux, or of a device where no ISA irq has it`;
  return system[vector] ?? 'of the range that Linux gives to devices';
}
