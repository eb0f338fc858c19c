/** Vector allocation and assignment: the matrix allocator and the core of apic_set_affinity (linux.md 2.3, 2.4, 2.7). */
import { all, any, eq, ge, lt, ne, not, SELF, type Assembler, type Builder, type Condition, type Reg, type Timer } from '../../index.js';
import { NONE } from '../../../core/index.js';
import type { Behaviours } from './behaviours.js';
import { IRQ_MOVE_CLEANUP_VECTOR, MANAGED_IRQ_SHUTDOWN_VECTOR, Slot, type LinuxData } from './data.js';

/** Results, in place of negative error numbers. */
export const OK = 0;
export const EBUSY = 1;
export const ENOSPC = 2;

/** A jiffy in cycles of 1/3 ns, at 250 in a second. */
const JIFFY = 12_000_000;

export type VectorRoutines = ReturnType<typeof vectorRoutines>;

export function vectorRoutines(k: Assembler, d: LinuxData, behaviours: Behaviours) {
  const locked = { holds: [d.vectorLock] };

  /** irq_matrix_free, in line: the call stack of an offline is as deep as a context has frames. */
  const matrixFree = (b: Builder, cpu: Reg<'cpu'>, bit: Reg<'vector'>): void => {
    b.maskClear(d.allocMap, [cpu], bit);
    b.fetchAdd(d.available, [cpu], 1);
    b.fetchAdd(d.allocated, [cpu], -1);
  };

  /** The old vector is given back: the matrix first, then the slot, so that nobody gets it with a slot in use. */
  const freeMovedVector = k.routine(
    'free_moved_vector',
    { irq: 'irq' },
    (b, { irq }) => {
      b.atomic(() => {
        const cpu = b.load(d.prevCpu, [irq]);
        const vector = b.load(d.prevVector, [irq]);
        matrixFree(b, cpu, vector);
        b.store(d.vectorIrq, [cpu, vector], Slot.UNUSED, 'vector_irq of the old CPU and vector = UNUSED');
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
    locked,
  );

  /** 2.4 step 4: the old target is remembered for cleanup, or freed if its CPU is offline. */
  const apicUpdateVector = k.routine(
    'apic_update_vector',
    { irq: 'irq', newvec: 'vector', newcpu: 'cpu' },
    (b, { irq, newvec, newcpu }) => {
      const vector = b.load(d.apicdVector, [irq]);
      const cpu = b.load(d.apicdCpu, [irq]);
      b.store(d.prevVector, [irq], 0);
      b.if(all(ne(vector, 0), ne(vector, MANAGED_IRQ_SHUTDOWN_VECTOR)), () => {
        b.if(
          b.maskTest(d.cpuOnlineMask, [], cpu),
          () => {
            b.store(d.moveInProgress, [irq], 1, 'move_in_progress = 1');
            b.store(d.prevVector, [irq], vector);
            b.store(d.prevCpu, [irq], cpu);
          },
          // the slot stays, so that fixup_irqs can still scan it
          () => matrixFree(b, cpu, vector),
        );
      });
      b.store(d.apicdVector, [irq], newvec);
      b.store(d.apicdCpu, [irq], newcpu);
      b.store(d.vectorIrq, [newcpu, newvec], b.add('u16', irq, Slot.FIRST), 'vector_irq of the new CPU and vector = irq');
      b.note('moved', irq);
    },
    { holds: [d.vectorLock, d.descLock] },
  );

  /** 2.4 step 3. */
  const assignVectorLocked = k.routine(
    'assign_vector_locked',
    { irq: 'irq', mask: 'ref' },
    (b, { irq, mask }) => {
      b.atomic(() => {
        const vector = b.load(d.apicdVector, [irq]);
        const cpu = b.load(d.apicdCpu, [irq]);
        b.if(
          all(
            ne(vector, 0),
            () => b.maskTest(d.cpuOnlineMask, [], cpu),
            () => b.maskTest(mask, cpu),
          ),
          () => b.return(OK),
        );
        b.if(
          any(
            () => b.load(d.moveInProgress, [irq]),
            () => b.load(d.queued, [irq]),
          ),
          () => {
            b.note('busy', irq);
            b.return(EBUSY);
          },
        );
        const best = b.maskMost(mask, d.available, d.cpuOnlineMask);
        b.if(eq(best, NONE), () => b.return(ENOSPC));
        b.if(eq(b.load(d.available, [best]), 0), () => b.return(ENOSPC));
        const bit = b.maskFirstFree(d.allocMap, [best]);
        b.if(eq(bit, NONE), () => b.return(ENOSPC));
        b.maskSet(d.allocMap, [best], bit);
        b.fetchAdd(d.available, [best], -1);
        b.fetchAdd(d.allocated, [best], 1);
        b.call(apicUpdateVector, { irq, newvec: bit, newcpu: best });
        b.return(OK);
      });
      b.return(OK);
    },
    { result: 'u8' as const, holds: [d.vectorLock, d.descLock] },
  );

  const apicSetAffinity = k.routine(
    'apic_set_affinity',
    { irq: 'irq', mask: 'ref' },
    (b, { irq, mask }) => {
      b.lock(d.vectorLock, []);
      const ret = b.call(assignVectorLocked, { irq, mask });
      b.unlock(d.vectorLock, []);
      b.return(ret);
    },
    { result: 'u8' as const, holds: [d.descLock] },
  );

  /** The interrupt is sent again, to where it is meant for now. */
  const apicRetriggerIrq = k.routine(
    'apic_retrigger_irq',
    { irq: 'irq' },
    (b, { irq }) => {
      b.lock(d.vectorLock, []);
      const cpu = b.load(d.apicdCpu, [irq]);
      const vector = b.load(d.apicdVector, [irq]);
      b.note('retrigger', irq);
      b.ipi(b.constant('apicId', cpu), vector, 're-trigger at the new target');
      b.unlock(d.vectorLock, []);
    },
    { holds: [d.descLock] },
  );

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
      b.if(b.irrBit(vector, 'is the old vector still pending here?'), again, () => b.call(freeMovedVector, { irq }));
    });
  };

  /** From 6.6 on: a timer on the old CPU. */
  const timer: Timer | undefined =
    behaviours.cleanup === 'timer'
      ? k.timer(
          'vector_cleanup',
          k.routine('vector_cleanup_callback', {}, (b) => {
            b.cli();
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

  /** d2: offline is refused if the other CPUs have not enough free vectors. 1: it may go. */
  const lapicCanUnplugCpu = k.routine(
    'lapic_can_unplug_cpu',
    {},
    (b) => {
      b.lock(d.vectorLock, []);
      const left = b.let('u16', 0);
      const fits = b.let('bool', 0);
      b.atomic(() => {
        const cpus = b.constant('cpus');
        const cpu = b.let('cpu', 0);
        b.while(lt(cpu, cpus), () => {
          b.if(
            all(ne(cpu, SELF), () => b.maskTest(d.cpuOnlineMask, [], cpu)),
            () => b.set(left, b.add('u16', left, b.load(d.available, [cpu]))),
          );
          b.set(cpu, b.add(cpu, 1));
        });
        b.if(ge(left, b.let('u16', b.load(d.allocated, [SELF]))), () => b.set(fits, 1));
      });
      b.unlock(d.vectorLock, []);
      b.return(fits);
    },
    'bool',
  );

  return {
    /** 2.6 step 3: the old vector goes to cleanup without waiting for an interrupt. desc->lock is held. */
    sendCleanup(b: Builder, irq: Reg<'irq'>): void {
      b.if(b.load(d.moveInProgress, [irq]), () => b.call(sendCleanupVector, { irq }));
    },
    apicSetAffinity,
    apicRetriggerIrq,
    irqCompleteMove,
    irqForceCompleteMove,
    cleanupInterrupt,
    lapicOffline,
    lapicCanUnplugCpu,
  };
}
