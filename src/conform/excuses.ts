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
];
