/** Messages of an irq are posted to a vCPU with AVIC, and no more (linux.md 2.6; races.md avic-galog-isrun). */
import { eq, type Builder, type Reg } from '../../index.js';
import type { Behaviours } from './behaviours.js';
import type { Posting } from './chip.js';
import { Runs, type LinuxData } from './data.js';

type Step = (b: Builder, irq: Reg<'irq'>) => void;

/** `entry`: what changes the entry of an irq. The list of irqs of the vCPU says whose entries are told where it runs. */
export function avicPosting(
  { postedTo }: NonNullable<LinuxData['vcpus']>,
  { irListLock, irList, runs }: NonNullable<LinuxData['avic']>,
  entry: { readonly post: Step; readonly unpost: Step; readonly update: Step },
  { gaPost }: Behaviours,
): Posting {
  const add: Step = (b, irq) => b.store(irList, [irq], 1, 'on the list of irqs of the vCPU');
  return {
    before: (b) => {
      if (gaPost === 'whole') b.lock(irListLock, []);
    },
    post(b, irq, vcpu) {
      b.store(postedTo, [irq], b.add('vcpu', vcpu, 1));
      entry.post(b, irq);
    },
    after(b, irq) {
      if (gaPost !== 'whole') b.lock(irListLock, []);
      if (gaPost === 'after') b.if(eq(b.load(runs, []), Runs.YES), () => entry.update(b, irq));
      add(b, irq);
      b.unlock(irListLock, []);
    },
    forget(b, irq) {
      b.lock(irListLock, []);
      b.store(irList, [irq], 0, 'off the list');
      b.unlock(irListLock, []);
    },
    unpost(b, irq) {
      b.store(postedTo, [irq], 0);
      entry.unpost(b, irq);
    },
  };
}
