/** What is known of causes beyond what a search can tell: whether the kernel is at fault, what is around it, or its model. */

/**
 * `kernel`: it is at fault; `environment`: it fails where hardware does what no manual rules out; `consequence`: of another finding;
 * `model`: a real system does not do this.
 */
export type Judgement = 'kernel' | 'environment' | 'consequence' | 'model';

export interface Remark {
  readonly judgement: Judgement;
  readonly reason: string;
}

const dead =
  'On 5.8 the interrupt at the new CPU compares its vector with a value that it never is, so that nothing ends a move: the old vector stays allocated, and every later move of the irq is refused. Other versions have it only where the event was lost before, and no interrupt comes any more to end the move (AMD-Vi up to 5.8, while an entry is not valid).';
const pendingForEver =
  'The second move comes before the old vector of the first is freed, and is kept until the next interrupt at the host. Of what is posted none comes. Nothing is lost: where the host is to have it does not matter while it is posted, and the first interrupt behind that makes up for it.';
const lateEoi =
  'The EOI of the handler is broadcast before the CPU goes offline, and reaches the IOAPIC behind the register writes with which the same CPU gives the pin another vector. No manual orders the two. The kernel looks at Remote IRR before it moves a level-triggered pin, but not where a CPU goes offline; and the read that waits for a mask, which pushes the EOI ahead, is left out for a pin that is masked already, as that of a threaded handler is. Microseconds lie between the two, and fractions of one are the way of an EOI.';
const postedWrites =
  'The kernel’s writes to the MSI-X entry are on their way while the device speaks with what the entry held before. The driver of a real device makes it speak by a write to the same device, which stays behind these.';
const shared =
  'Several messages of a device have one set of registers. When the irq of the first is freed, the kernel writes zeros there, and what the others send from then on goes to address 0. A driver meets it that frees one and goes on with the others; those of Linux free them all, with the device quiet.';
const oneRegister =
  'Address and data are two registers, no mask keeps the comparator quiet between them, and the kernel moves it with the first and the second apart. A user cannot ask for that (IRQF_NOBALANCING), a CPU that goes offline does. Only machines whose LAPIC timers stop in deep sleep use comparators in this way.';

/** By the name of the finding, up to the number of the second of a name. */
const remarks: readonly (readonly [name: RegExp, remark: Remark])[] = [
  [/^no-leak-assign-vector-locked-/, { judgement: 'kernel', reason: dead }],
  [/^progress-(message|pin)-move-move/, { judgement: 'kernel', reason: dead }],
  [/^progress-(vcpu|avic)-move-move/, { judgement: 'kernel', reason: pendingForEver }],
  [
    /^progress-posted-move-move/,
    {
      judgement: 'kernel',
      reason:
        'The second move comes before the old vector of the first is freed, and is kept until the next interrupt. The flow of a posted message looks at what is kept from 6.15 on.',
    },
  ],
  [/^no-stuck-line-pin-offline/, { judgement: 'environment', reason: lateEoi }],
  [
    /^progress-pin-offline-free/,
    { judgement: 'consequence', reason: `Of no-stuck-line-pin-offline: free waits for a Remote IRR that nobody clears. ${lateEoi}` },
  ],
  [/^no-(loss|stray)-irq-startup-irq-started/, { judgement: 'model', reason: postedWrites }],
  [/^no-wild-write-pci-msi-domain-write-msg-/, { judgement: 'kernel', reason: shared }],
  [
    /^(no-loss|in-step)-(qi-submit-sync|iommu-completion-wait|iommu-flush-irt-and-complete)-/,
    {
      judgement: 'consequence',
      reason: `Of no-wild-write-pci-msi-domain-write-msg-msi-address, on devices of several messages; how those of one come to it is not judged. ${shared}`,
    },
  ],
  [/^no-(loss|stray)-pci-write-msi-msg-event-data/, { judgement: 'kernel', reason: oneRegister }],
  [
    /^no-loss-avic-block/,
    {
      judgement: 'environment',
      reason:
        'The manual names IsRun, Destination and GATag as what units do not cache, and GALogIntr is none of these. The kernel changes it with IsRun and invalidates nothing, so that a unit that has it cached sets the bit of the guest’s IRR and tells no log. A unit that reads it from memory with the others wakes the vCPU.',
    },
  ],
  [
    /^no-loss-irq-set-vcpu-affinity-none-/,
    {
      judgement: 'environment',
      reason:
        'A unit that has the guest’s entry cached reads IsRun, which is not cached, from the host’s entry: it sets the bit of the guest’s IRR and rings no core. The event is late, not lost: the guest takes it with its next VM entry, whatever that is for.',
    },
  ],
];

/** Undefined: not judged. */
export function remarkOn(name: string): Remark | undefined {
  return remarks.find(([pattern]) => pattern.test(name))?.[1];
}

export const JUDGEMENTS: Readonly<Record<Judgement, string>> = {
  kernel: 'a fault of the kernel',
  environment: 'of what is around the kernel',
  consequence: 'a consequence',
  model: 'of the model: not to be expected of a real system',
};
