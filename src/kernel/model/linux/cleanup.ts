/** What becomes of the old vector of a move (linux.md 2.7, 2.8 d7). */
import { all, any, eq, ne, not, SELF, type Assembler, type Builder, type Condition, type Reg, type Timer } from '../../index.js';
import type { Behaviours } from './behaviours.js';
import { IRQ_MOVE_CLEANUP_VECTOR, Slot, type LinuxData } from './data.js';
import { matrixFree } from './matrix.js';
import { isVectorPending } from './pending.js';
import type { VcpuRoutines } from './vcpu.js';

/** A jiffy in cycles of 1/3 ns, at 250 in a second. */
const JIFFY = 12_000_000;

export function cleanupRoutines(k: Assembler, d: LinuxData, vcpus: VcpuRoutines | undefined, behaviours: Behaviours) {
  /** The old vector is given back: the matrix first, then the slot, so that nobody gets it with a slot in use. */
  const EMPTIES = 'vector_irq of the old CPU and vector = UNUSED';
  const freeMoved = (name: string, withSlot: boolean) =>
    k.routine(
      name,
      { irq: 'irq' },
      (b, { irq }) => {
        b.atomic(() => {
          const cpu = b.load(d.prevCpu, [irq]);
          const vector = b.load(d.prevVector, [irq]);
          matrixFree(b, d, irq, cpu, vector);
          if (withSlot) b.store(d.vectorIrq, [cpu, vector], Slot.UNUSED, EMPTIES);
          b.if(b.load(d.queued, [irq]), () => {
            b.listRemove(d.cleanupList, cpu, irq);
            b.store(d.queued, [irq], 0);
          });
          b.store(d.prevVector, [irq], 0);
          b.store(d.prevCpu, [irq], 0);
          b.note('cleaned', irq);
        });
        // a step of its own: irq_complete_move looks at it without vector_lock
        b.store(d.moveInProgress, [irq], 0, 'move_in_progress = 0');
      },
      { holds: [d.vectorLock] },
    );
  const freeMovedVector = freeMoved('free_moved_vector', true);
  const freeWithoutSlot = behaviours.freeMoved === 'split' ? freeMoved('free_moved_vector_entry', false) : undefined;

  /** What `freeMovedVector` does for this CPU; `split`: the lock is dropped in between, and the list may be another behind it. */
  const freeHere = (b: Builder, irq: Reg<'irq'>, vector: Reg<'vector'>, node: Reg<'irq'>): void => {
    if (freeWithoutSlot === undefined) {
      b.call(freeMovedVector, { irq });
      return;
    }
    b.call(freeWithoutSlot, { irq });
    b.unlock(d.vectorLock, []);
    b.store(d.vectorIrq, [SELF, vector], Slot.UNUSED, EMPTIES);
    b.lock(d.vectorLock, []);
    b.set(node, b.load(d.cleanupList.heads, [SELF]));
  };

  /**
   * 2.7: what is on the list of this CPU is freed, but vectors that are pending here. Those keep their entry; `again` sees to
   * it that they are looked at once more. vector_lock is held.
   */
  const cleanUp = (b: Builder, again: () => void): void => {
    const node = b.let('irq', b.load(d.cleanupList.heads, [SELF]));
    b.while(ne(node, 0), () => {
      const irq = b.sub(node, 1);
      const vector = b.load(d.prevVector, [irq]);
      b.set(node, b.load(d.cleanupList.next, [irq]));
      const pending = isVectorPending(b, d, behaviours, vector, 'is the old vector still pending here?');
      b.if(pending, again, () => freeHere(b, irq, vector, node));
    });
  };

  /** From 6.6 on: a timer on the old CPU. */
  const timer: Timer | undefined =
    behaviours.cleanup === 'timer'
      ? k.timer(
          'vector_cleanup',
          k.routine('vector_cleanup_callback', {}, (b) => {
            b.cli();
            vcpus?.exit(b as unknown as Builder);
            b.lock(d.vectorLock, []);
            cleanUp(b, () => armTimer(b));
            b.unlock(d.vectorLock, []);
            b.end();
          }),
          JIFFY,
        )
      : undefined;
  const armTimer = (b: Builder): void => timer && b.timerArm(SELF, timer, 'once more in a jiffy');

  /** 2.7: the old vector goes on the list of its CPU, which is told. */
  const sendCleanupVector = k.routine(
    timer ? '__vector_schedule_cleanup' : '__send_cleanup_vector',
    { irq: 'irq' },
    (b, { irq }) => {
      b.lock(d.vectorLock, []);
      b.store(d.moveInProgress, [irq], 0, 'move_in_progress = 0');
      const cpu = b.load(d.prevCpu, [irq]);
      b.if(
        b.maskTest(d.cpuOnlineMask, [], cpu),
        () => {
          b.atomic(() => {
            b.listPush(d.cleanupList, cpu, irq);
            b.store(d.queued, [irq], 1);
          });
          if (timer) b.if(not(b.timerArmed(cpu, timer)), () => b.timerArm(cpu, timer, 'cleanup on the old CPU in a jiffy'));
          else b.ipi(b.constant('apicId', cpu), IRQ_MOVE_CLEANUP_VECTOR, 'cleanup IPI to the old CPU');
        },
        () => {
          if (behaviours.cleanupOffline === 'free') {
            b.call(freeMovedVector, { irq });
            return;
          }
          // given up: nobody will free it (races.md, vector-leak-cpu-offline)
          b.note('leaked', irq);
          b.store(d.prevVector, [irq], 0);
        },
      );
      b.unlock(d.vectorLock, []);
    },
    { holds: [d.descLock] },
  );

  const irqCompleteMove = k.routine(
    'irq_complete_move',
    { irq: 'irq', vector: 'vector' },
    (b, { irq, vector }) => {
      b.if(eq(b.load(d.moveInProgress, [irq]), 0), () => b.return());
      switch (behaviours.completeMove) {
        case 'dead':
          return;
        case 'compare':
          b.if(ne(b.load(d.apicdVector, [irq]), vector), () => b.return());
          break;
        case 'any':
          break;
      }
      b.if(eq(b.load(d.apicdCpu, [irq]), SELF), () => b.call(sendCleanupVector, { irq }));
    },
    { holds: [d.descLock] },
  );

  /** Hot-unplug: a move that has not been cleaned up is ended by force. */
  const irqForceCompleteMove = k.routine(
    'irq_force_complete_move',
    { irq: 'irq' },
    (b, { irq }) => {
      b.lock(d.vectorLock, []);
      const unfinished = (): Condition => ne(b.load(d.prevVector, [irq]), 0);
      const involved = any(
        () => eq(b.load(d.apicdCpu, [irq]), SELF),
        () => eq(b.load(d.prevCpu, [irq]), SELF),
      );
      b.if(behaviours.forceComplete === 'involved' ? all(unfinished, involved) : unfinished, () => b.call(freeMovedVector, { irq }));
      b.unlock(d.vectorLock, []);
    },
    { holds: [d.descLock] },
  );

  /** 2.7, up to 6.5: the cleanup IPI on the old CPU. It has the lowest priority: what is pending is taken before it comes again. */
  const cleanupInterrupt = timer
    ? undefined
    : k.routine('smp_irq_move_cleanup_interrupt', { vector: 'vector' }, (b) => {
        vcpus?.exit(b as unknown as Builder);
        b.lapicWrite('eoi', 0);
        b.lock(d.vectorLock, []);
        cleanUp(b, () => b.ipi(b.constant('apicId', SELF), IRQ_MOVE_CLEANUP_VECTOR, 'cleanup IPI to itself'));
        b.unlock(d.vectorLock, []);
        b.iret();
      });

  /** d7, from 6.6 on: nothing waits on the list of a CPU that is offline. */
  const lapicOffline = k.routine('lapic_offline', {}, (b) => {
    b.lock(d.vectorLock, []);
    b.loop(() => {
      const node = b.load(d.cleanupList.heads, [SELF]);
      b.if(eq(node, 0), () => b.break());
      b.call(freeMovedVector, { irq: b.sub(node, 1) });
    });
    if (timer) b.timerCancel(SELF, timer);
    b.unlock(d.vectorLock, []);
  });

  return {
    /** 2.6 step 3: the old vector goes to cleanup without waiting for an interrupt. desc->lock is held. */
    sendCleanup(b: Builder, irq: Reg<'irq'>): void {
      b.if(b.load(d.moveInProgress, [irq]), () => b.call(sendCleanupVector, { irq }));
    },
    irqCompleteMove,
    irqForceCompleteMove,
    cleanupInterrupt,
    lapicOffline,
  };
}
