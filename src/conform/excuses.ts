/**
 * Where a recording and a model need not agree: lines that the recorder cannot see or the model does not make. Each with its reason;
 * every report counts how often each was needed, and one that is never needed has no place here.
 */
import type { OperationKind, RecordedOperation } from './operations.js';

/** Lines of one side that are left out before the two are compared. */
export interface Excuse {
  readonly name: string;
  /** whose lines */
  readonly side: 'recorded' | 'model';
  readonly kinds?: readonly OperationKind[];
  readonly lines: RegExp;
  /** the recorder does not see such lines, so that nothing differs where the model has them */
  readonly unseen?: true;
  /** what of it is compared all the same; left out: nothing */
  readonly but?: (line: string) => string;
  /** only from the second such line on */
  readonly repeated?: true;
  /** only where this holds of the operation */
  readonly when?: (operation: RecordedOperation) => boolean;
  readonly reason: string;
}

export const excuses: readonly Excuse[] = [
  {
    name: 'config-reads',
    side: 'model',
    lines: /^config +reads /,
    unseen: true,
    reason: "QEMU's log has the writes to config space, not the reads",
  },
  {
    name: 'silent-offline',
    side: 'model',
    kinds: ['evacuation', 'managedShutdown'],
    lines: /^vectors /,
    unseen: true,
    reason: 'the tracepoints of the allocator are silent on a CPU that is marked offline',
  },
  {
    name: 'unseen-kernel',
    side: 'model',
    kinds: ['allocate', 'request', 'free', 'teardown'],
    lines: /^(?:vectors|IRTE) /,
    unseen: true,
    reason: 'of the boot there is what QEMU saw: neither what the kernel printed nor what it wrote into its tables',
  },
  {
    name: 'unseen-eoi',
    side: 'model',
    lines: /^LAPIC +EOI$/,
    unseen: true,
    when: ({ eoi }) => !eoi,
    reason: 'the recording does not say which EOI belongs to an interrupt that touches no other hardware, or has no EOIs here',
  },
  {
    name: 'unseen-destination',
    side: 'model',
    lines: /^ICR +.* to CPU/,
    unseen: true,
    but: (line) => line.replace(/ to CPU.*/, ''),
    when: ({ lines }) => lines.some((line) => line.startsWith('ICR') && !line.includes(' to ')),
    reason: 'the recording does not have the high half of the ICR here, which says where an IPI goes',
  },
  {
    name: 'local-lines',
    side: 'recorded',
    kinds: ['lapicOff', 'lapicOn'],
    lines: /^LAPIC +(?:reads )?(?:LVT_|TDCR|VER$)/,
    reason: 'the model has no local interrupt lines and no timer of its own',
  },
  {
    name: 'error-register',
    side: 'recorded',
    kinds: ['lapicOff', 'lapicOn', 'wakeUp'],
    lines: /^LAPIC +(?:reads )?(?:ESR|VER)\b/,
    reason: 'the model neither clears the error register nor asks for the version',
  },
  {
    name: 'own-id',
    side: 'recorded',
    kinds: ['lapicOn'],
    lines: /^LAPIC +reads ID$/,
    reason: 'the model knows which CPU it runs on',
  },
  {
    name: 'read-before-write',
    side: 'recorded',
    kinds: ['lapicOff', 'lapicOn'],
    lines: /^LAPIC +reads (?:SVR|TPR)$/,
    reason: 'the model writes SVR and TPR without reading them first: nobody else writes them',
  },
  {
    name: 'disabled-twice',
    side: 'recorded',
    kinds: ['lapicOn'],
    lines: /^LAPIC +SVR = 0xff$/,
    reason: 'INIT has disabled the LAPIC already',
  },
  {
    name: 'stale-bits',
    side: 'recorded',
    kinds: ['lapicOn'],
    lines: /^LAPIC +reads (?:IRR|ISR)/,
    reason: 'the model takes it that INIT has left neither IRR nor ISR bits behind',
  },
  {
    name: 'de-assert',
    side: 'recorded',
    kinds: ['wakeUp'],
    lines: /^ICR +INIT de-assert/,
    reason: 'a LAPIC without the bus of the first ones ignores it; the model does not send it',
  },
  {
    name: 'second-sipi',
    side: 'recorded',
    kinds: ['wakeUp'],
    lines: /^ICR +SIPI/,
    repeated: true,
    reason: 'the second SIPI is for a CPU that missed the first; in the model none does',
  },
];
