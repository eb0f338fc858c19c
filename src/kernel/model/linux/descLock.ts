/** desc->lock as a task takes it: interrupts are on before, and behind it. */
import type { Builder, Reg } from '../../index.js';
import type { LinuxData } from './data.js';

/** raw_spin_lock_irq(&desc->lock) */
export function lockDesc(b: Builder, { descLock }: LinuxData, irq: Reg<'irq'>): void {
  b.cli();
  b.lock(descLock, [irq]);
}

/** raw_spin_unlock_irq(&desc->lock) */
export function unlockDesc(b: Builder, { descLock }: LinuxData, irq: Reg<'irq'>): void {
  b.unlock(descLock, [irq]);
  // a task runs with interrupts on: no register has to keep that
  b.restoreFlags(b.let('bool', 1));
}

export function withDesc(b: Builder, d: LinuxData, irq: Reg<'irq'>, body: () => void): void {
  lockDesc(b, d, irq);
  body();
  unlockDesc(b, d, irq);
}
