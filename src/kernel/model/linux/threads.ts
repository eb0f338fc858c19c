/**
 * Handlers that run in threads. A thread is modelled by what it does, at some later time on the CPU that took the interrupt: a timer of
 * that CPU. Where a line stays asserted until the thread has run, the irq is masked until then (IRQF_ONESHOT; races.md
 * ioapic-oneshot-unmask); messages are edges and need no such thing.
 */
import { all, eq, lt, ne, not, SELF, type Assembler, type Builder, type Reg } from '../../index.js';
import type { Chip } from './chip.js';
import type { LinuxData } from './data.js';
import { lockDesc, unlockDesc } from './descLock.js';
import { IrqKind, type IrqKinds } from './irqKinds.js';
import type { VcpuRoutines } from './vcpu.js';
import { isOff, isOpen, unmaskIrq } from './mask.js';

/** From the wake-up to the thread's first instruction, in cycles of 1/3 ns: 5 us. */
const WAKE_UP = 15_000;

export type Threads = ReturnType<typeof threadRoutines>;

export function threadRoutines(
  k: Assembler,
  d: LinuxData,
  data: NonNullable<LinuxData['threads']>,
  chip: Chip,
  kinds: IrqKinds,
  vcpus: VcpuRoutines | undefined,
) {
  /** The irq is masked until its thread has ended. */
  const keepsMasked = (b: Builder, irq: Reg<'irq'>, body: (oneshot: NonNullable<typeof data.oneshot>) => void): void => {
    const { oneshot } = data;
    if (oneshot) kinds.choose(b, irq, [IrqKind.LEVEL_PIN], { these: () => body(oneshot), others: () => undefined });
  };

  const unmaskIfDone = (b: Builder, irq: Reg<'irq'>): void =>
    keepsMasked(b, irq, (oneshot) =>
      b.if(
        all(
          () => eq(b.load(oneshot, [irq]), 0),
          () => not(isOpen(b, d, irq)),
          ...isOff(b, d, irq).map((off) => () => not(off())),
        ),
        () => unmaskIrq(b, d, chip, irq),
      ),
    );

  /** irq_finalize_oneshot: not while the handler that has woken it is at work, nor if it was woken once more. */
  const finalize = (b: Builder, irq: Reg<'irq'>): void => {
    b.while(
      () => ne(b.load(d.inProgress, [irq]), 0),
      () => {
        unlockDesc(b, d, irq);
        b.waitEq(d.inProgress, [irq], 0);
        lockDesc(b, d, irq);
      },
    );
    b.if(eq(b.load(data.run, [irq]), 0), () => {
      keepsMasked(b, irq, (oneshot) => b.store(oneshot, [irq], 0));
      unmaskIfDone(b, irq);
    });
  };

  /**
   * The thread is to run and is not at work on another CPU, which goes on with it: an irq has one, and `active` counts what it is at work on
   * and what it was woken for.
   */
  const isToRun = (b: Builder, irq: Reg<'irq'>) =>
    all(
      () => ne(b.load(data.run, [irq]), 0),
      () => eq(b.load(data.active, [irq]), 1),
    );

  const irqThread = k.routine('irq_thread', {}, (b) => {
    const builder = b as unknown as Builder;
    if (vcpus) {
      b.cli();
      vcpus.exit(builder);
      b.restoreFlags(b.let('bool', 1));
    }
    const irq = b.let('irq', 0);
    b.while(
      () => lt(irq, b.constant('sources')),
      () => {
        lockDesc(builder, d, irq);
        b.while(isToRun(builder, irq), () => {
          b.store(data.run, [irq], 0);
          unlockDesc(builder, d, irq);
          b.serve(irq, 0, "the driver's threaded handler");
          lockDesc(builder, d, irq);
          finalize(builder, irq);
          b.fetchAdd(data.active, [irq], -1);
        });
        unlockDesc(builder, d, irq);
        b.set(irq, b.add(irq, 1));
      },
    );
    b.end();
  });
  const timer = k.timer('irq_thread', irqThread, WAKE_UP);

  return {
    unmaskIfDone,
    /** Wakes the irq's thread, or `serve` if it has none. */
    wakeOr(b: Builder, irq: Reg<'irq'>, serve: () => void): void {
      b.if(
        b.load(data.isThreaded, [irq]),
        () => {
          b.lock(d.descLock, [irq]);
          b.if(eq(b.load(data.run, [irq]), 0), () => {
            b.store(data.run, [irq], 1, 'its thread is to run');
            b.fetchAdd(data.active, [irq], 1);
            keepsMasked(b, irq, (oneshot) => b.store(oneshot, [irq], 1));
            b.timerArm(SELF, timer, 'wakes the thread');
          });
          b.unlock(d.descLock, [irq]);
        },
        serve,
      );
    },
    /** For a level-triggered irq with a thread. */
    ifOneshot(b: Builder, irq: Reg<'irq'>, body: () => void): void {
      keepsMasked(b, irq, () => b.if(b.load(data.isThreaded, [irq]), body));
    },
    /** synchronize_irq, its second part. */
    waitForThreads(b: Builder, irq: Reg<'irq'>): void {
      b.waitEq(data.active, [irq], 0, 'synchronize_irq: no thread at work');
    },
    /** The CPU goes offline: its threads go elsewhere. */
    leaveCpu(b: Builder): void {
      b.if(b.timerArmed(SELF, timer), () => {
        b.timerCancel(SELF, timer);
        b.timerArm(b.maskFirst(d.cpuOnlineMask, []), timer, 'its threads go to another CPU');
      });
    },
  };
}
