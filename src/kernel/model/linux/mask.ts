/**
 * Whether the core has an irq masked (IRQD_IRQ_MASKED). Without level-triggered irqs that is derived: it is masked exactly while an
 * event of it is kept back (PENDING), besides the moves that mask it themselves.
 */
import { eq, ne, type Builder, type Condition, type Reg } from '../../index.js';
import type { Chip } from './chip.js';
import { State, type LinuxData } from './data.js';

/** mask_irq and unmask_irq. */
export function maskIrq(b: Builder, d: LinuxData, chip: Chip, irq: Reg<'irq'>): void {
  if (d.masked) b.store(d.masked, [irq], 1);
  chip.mask?.(b, irq);
}

export function unmaskIrq(b: Builder, d: LinuxData, chip: Chip, irq: Reg<'irq'>): void {
  if (d.masked) b.store(d.masked, [irq], 0);
  chip.unmask?.(b, irq);
}

export function isOpen(b: Builder, d: LinuxData, irq: Reg<'irq'>): Condition {
  return eq(b.load(d.masked ?? d.pending, [irq]), 0);
}

/** Nobody has the irq, or it is disabled. */
export function isOff(b: Builder, d: LinuxData, irq: Reg<'irq'>): [] | [() => Condition] {
  return d.life ? [() => ne(b.load(d.started, [irq]), State.STARTED)] : [];
}
