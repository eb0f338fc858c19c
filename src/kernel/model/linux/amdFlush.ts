/** How a unit of AMD's is made to forget entries, and how the kernel waits for that, by version (linux.md 2.6, hardware.md F.4, F.5). */
import { eq, lt, SELF, type Assembler, type Builder, type Reg, type Routine, type Variable } from '../../index.js';
import type { Behaviours } from './behaviours.js';
import type { LinuxData } from './data.js';

/** Commands (hardware.md F.5); the wait stores. */
const COMPLETION_WAIT = 0x10000001;
const INVALIDATE_INTERRUPT_TABLE = 0x50000000;

type Of<K extends 'device' | 'u8' | 'u16'> = Variable<K, readonly ['irq']>;

/** Of an irq: the first device behind its unit, which stands for that; the unit's number; the requester id of its device. */
export interface CommandTarget {
  readonly iommu: Of<'device'>;
  readonly unit: Of<'u8'>;
  readonly devid: Of<'u16'>;
}

type Flush = Routine<{ readonly irq: 'irq' }>;
/** Steps, for an irq. */
type Step = (b: Builder, irq: Reg<'irq'>) => void;

/** The unit forgets all entries of the irq's device, and the kernel waits for that. desc->lock is held. */
export function amdFlush(k: Assembler, d: LinuxData, target: CommandTarget, behaviours: Behaviours): Flush {
  const lock = d.declarations.lock('iommu_lock', ['device']);
  const iommuOf = (b: Builder, irq: Reg<'irq'>): Reg<'device'> => b.load(target.iommu, [irq]);
  const locked = (b: Builder, irq: Reg<'irq'>, ...steps: readonly Step[]): void => {
    const iommu = iommuOf(b, irq);
    b.lock(lock, [iommu]);
    for (const step of steps) step(b, irq);
    b.unlock(lock, [iommu]);
  };
  const invalidate: Step = (b, irq) => {
    const unit = b.load(target.unit, [irq]);
    b.atomic(() => {
      b.queuePut(unit, INVALIDATE_INTERRUPT_TABLE, b.let('u32', b.load(target.devid, [irq])));
      b.queueTail(unit, 'command: INVALIDATE_INTERRUPT_TABLE');
    });
  };
  const routine = (name: string, ...steps: readonly Step[]): Flush =>
    k.routine(
      name,
      { irq: 'irq' },
      (b, { irq }) => {
        for (const step of steps) step(b as unknown as Builder, irq);
      },
      { holds: [d.descLock] },
    );
  const within =
    (...steps: readonly Step[]): Step =>
    (b, irq) =>
      locked(b, irq, ...steps);
  const name = 'iommu_flush_irt_and_complete';
  if (behaviours.amdCompletionWait === 'overtaken') return overtaken();

  // a row for each CPU, which waits for one at a time: numbers of a sequence would say the same, as units execute commands in their order
  const sem = d.declarations.variable('cmd_sem', 'u32', ['cpu', 'word'], { dma: true, bits: 1 });
  const completionWait: Step = (b, irq) => {
    b.store(sem, [SELF, 0], 0);
    const unit = b.load(target.unit, [irq]);
    b.atomic(() => {
      b.queuePut(unit, COMPLETION_WAIT, 1, [sem, SELF]);
      b.queueTail(unit, 'command: COMPLETION_WAIT');
    });
  };
  const waitOnSem: Step = (b) => b.waitEq(sem, [SELF, 0], 1, 'waits until COMPLETION_WAIT has stored');
  if (behaviours.amdCompletionWait === 'needSync') return needSync();

  switch (behaviours.iecWait) {
    case 'none':
      return routine(name, within(invalidate));
    case 'before':
      return together(completionWait, invalidate);
    case 'wait':
      return together(invalidate, completionWait);
  }

  function together(...commands: readonly Step[]): Flush {
    return behaviours.amdCompletionWait === 'locked'
      ? routine(name, within(...commands, waitOnSem))
      : routine(name, within(...commands), waitOnSem);
  }

  /** Two commands with a lock each; the second is left out if nobody needs it. */
  function needSync(): Flush {
    const flag = d.declarations.variable('need_sync', 'bool', ['device'], { visible: true });
    const flush = routine(
      'iommu_flush_irt',
      within(invalidate, (b, irq) => b.store(flag, [iommuOf(b, irq)], 1, 'need_sync = 1: the command is to be waited for')),
    );
    const look: Step = (b, irq) =>
      b.if(eq(b.load(flag, [iommuOf(b, irq)], 'need_sync: is there a command that nobody waits for?'), 0), () => b.return());
    const clear: Step = (b, irq) => b.store(flag, [iommuOf(b, irq)], 0, 'need_sync = 0: this wait covers all commands so far');
    const waited = within(completionWait, clear, waitOnSem);
    const wait = routine('iommu_completion_wait', ...(behaviours.iecWait === 'wait' ? [look, waited] : [waited]));
    const calls =
      (callee: Flush): Step =>
      (b, irq) => {
        b.call(callee, { irq });
      };
    const order = { wait: [calls(flush), calls(wait)], before: [calls(wait), calls(flush)], none: [calls(flush)] };
    return routine('iommu_flush_irt_and_wait', ...order[behaviours.iecWait]);
  }

  /** Of stable kernels in which the wait had left the lock, and the number had not yet come under it. */
  function overtaken(): Flush {
    const last = d.declarations.variable('cmd_sem_val', 'u32', ['device'], { bits: 8, visible: true });
    const stored = d.declarations.variable('cmd_sem', 'u32', ['device', 'word'], { dma: true, bits: 8 });
    return k.routine(
      name,
      { irq: 'irq' },
      (c, { irq }) => {
        const b = c as unknown as Builder;
        const number = b.fetchAdd(last, [iommuOf(b, irq)], 1, 'cmd_sem_val: the next number');
        const wait: Step = () => {
          const unit = b.load(target.unit, [irq]);
          b.atomic(() => {
            b.queuePut(unit, COMPLETION_WAIT, number, [stored, iommuOf(b, irq)]);
            b.queueTail(unit, 'command: COMPLETION_WAIT');
          });
        };
        const order = { wait: [invalidate, wait], before: [wait, invalidate], none: [invalidate] };
        locked(b, irq, ...order[behaviours.iecWait]);
        if (behaviours.iecWait === 'none') return;
        b.while(
          () => lt(b.load(stored, [iommuOf(b, irq), 0], 'has COMPLETION_WAIT stored this number, or a later one?'), number),
          () => undefined,
        );
      },
      { holds: [d.descLock] },
    );
  }
}
