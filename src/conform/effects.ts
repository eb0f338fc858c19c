/** Whether a recording tells two kernels apart: the first sequence whose result is another. */
import type { KernelModel } from '../kernel/model/index.js';
import { conform, type Compared, type Conformance } from './compare.js';
import type { OperationKind } from './operations.js';

/** A recorded sequence that a kernel makes and another does not. */
export interface SequenceChange {
  readonly kind: OperationKind;
  /** `IR-PCI-MSIX, edge`; empty for what concerns no irq */
  readonly chip: string;
  /** `folder/merged.txt:321` */
  readonly where: string;
  readonly before: Compared['result'];
  readonly after: Compared['result'];
}

/** `before`: the recordings beside the kernel as it is. Throws `ModelError`. */
export async function sequenceEffect(before: readonly Conformance[], changed: KernelModel): Promise<SequenceChange | undefined> {
  for (const { recording, compared } of before) {
    const after = await conform(recording, changed);
    for (const [i, { kind, chip, where, result }] of compared.entries()) {
      const now = after.compared[i]?.result ?? result;
      if (now !== result) return { kind, chip, where, before: result, after: now };
    }
  }
  return undefined;
}
