/** Interrupt entry, the edge flow handler and the deferred move (linux.md 2.5, 2.7, 2.11). */
import { all, any, eq, lt, ne, SELF, type Assembler, type Builder, type Reg } from '../../index.js';
import type { Behaviours } from './behaviours.js';
import type { Chip } from './chip.js';
import { Slot, type LinuxData } from './data.js';
import { EBUSY, ENOSPC, OK, type VectorRoutines } from './vector.js';

export type IrqRoutines = ReturnType<typeof irqRoutines>;

export function irqRoutines(k: Assembler, d: LinuxData, v: VectorRoutines, chip: Chip, behaviours: Behaviours) {
  const desc = { holds: [d.descLock] };

  const doSetAffinity = k.routine(
    'irq_do_set_affinity',
    { irq: 'irq', mask: 'ref' },
    (b, { irq, mask }) => {
      const ret = b.call(chip.setAffinity, { irq, mask });
      b.if(eq(ret, OK), () => b.maskCopy(b.ref(d.affinity, [irq]), mask));
      b.return(ret);
    },
    { result: 'u8' as const, ...desc },
  );

  /** The move that waited for an interrupt on the old CPU. Masking is a no-op: the device has no mask bits. */
  const moveIrq = k.routine(
    'irq_move_masked_irq',
    { irq: 'irq' },
    (b, { irq }) => {
      b.if(eq(b.load(d.setaffinityPending, [irq]), 0), () => b.return());
      b.store(d.setaffinityPending, [irq], 0);
      const mask = b.ref(d.pendingMask, [irq]);
      b.if(eq(b.maskCount(mask, d.cpuOnlineMask), 0), () => b.return());
      const ret = b.call(doSetAffinity, { irq, mask });
      if (behaviours.busyMove === 'rearm') b.if(eq(ret, EBUSY), () => b.store(d.setaffinityPending, [irq], 1));
    },
    desc,
  );

  const ackEdge = k.routine(
    'apic_ack_edge',
    { irq: 'irq', vector: 'vector' },
    (b, { irq, vector }) => {
      b.call(v.irqCompleteMove, { irq, vector });
      b.call(moveIrq, { irq });
      b.lapicWrite('eoi', 0);
    },
    desc,
  );

  /** One CPU runs the handler; others that come meanwhile leave PENDING behind, or wait for it where they are the target. */
  const handleEdgeIrq = k.routine('handle_edge_irq', { irq: 'irq', vector: 'vector' }, (b, { irq, vector }) => {
    b.lock(d.descLock, [irq]);
    if (behaviours.edgeInProgress === 'wait') {
      const busyElsewhere = all(
        () => b.load(d.inProgress, [irq]),
        () => eq(b.load(d.apicdCpu, [irq]), SELF),
      );
      b.while(busyElsewhere, () => {
        b.unlock(d.descLock, [irq]);
        b.waitEq(d.inProgress, [irq], 0, 'the handler on the old CPU has ended');
        b.lock(d.descLock, [irq]);
      });
    }
    b.if(
      b.load(d.inProgress, [irq]),
      () => {
        b.store(d.pending, [irq], 1);
        b.call(ackEdge, { irq, vector });
      },
      () => {
        b.call(ackEdge, { irq, vector });
        b.loop(() => {
          b.atomic(() => {
            b.store(d.pending, [irq], 0);
            b.store(d.inProgress, [irq], 1);
          });
          b.unlock(d.descLock, [irq]);
          b.serve(irq, 0, "the driver's handler");
          b.lock(d.descLock, [irq]);
          b.store(d.inProgress, [irq], 0);
          b.if(eq(b.load(d.pending, [irq]), 0), () => b.break());
        });
      },
    );
    b.unlock(d.descLock, [irq]);
  });

  const noHandler = (b: Builder, slot: Reg<'u16'>, vector: Reg<'vector'>): void =>
    b.if(
      eq(slot, Slot.UNUSED),
      () => b.flag('noStray', vector, 'No irq handler for vector'),
      () => {
        b.note('swallowed', vector);
        b.store(d.vectorIrq, [SELF, vector], Slot.UNUSED, 'vector_irq of the vector = UNUSED');
      },
    );

  const commonInterrupt = k.routine('common_interrupt', { vector: 'vector' }, (b, { vector }) => {
    const slot = b.load(d.vectorIrq, [SELF, vector], 'vector_irq[this CPU][vector]');
    if (behaviours.emptySlot === 'once') {
      b.if(lt(slot, Slot.FIRST), () => {
        b.lapicWrite('eoi', 0);
        noHandler(b, slot, vector);
        b.iret();
      });
    } else {
      b.if(lt(slot, Slot.FIRST), () => {
        b.lock(d.vectorLock, []);
        b.set(slot, b.load(d.vectorIrq, [SELF, vector], 'vector_irq[this CPU][vector] under vector_lock'));
        b.if(lt(slot, Slot.FIRST), () => {
          noHandler(b, slot, vector);
          b.unlock(d.vectorLock, []);
          b.lapicWrite('eoi', 0);
          b.iret();
        });
        b.unlock(d.vectorLock, []);
      });
    }
    b.call(handleEdgeIrq, { irq: b.let('irq', b.sub('u16', slot, Slot.FIRST)), vector });
    b.iret();
  });

  const spuriousInterrupt = k.routine('spurious_interrupt', { vector: 'vector' }, (b) => b.iret());

  /** A user writes smp_affinity: the move happens here, or waits for the next interrupt if the chip, or the move before, makes it. */
  const setAffinityOperation = k.routine('irq_set_affinity', { op: 'u8', irq: 'irq', mask: 'ref' }, (b, { op, irq, mask }) => {
    const ask = (): void => {
      b.maskCopy(b.ref(d.pendingMask, [irq]), mask);
      b.store(d.requested, [irq], mask);
    };
    const wait = (): void => b.store(d.setaffinityPending, [irq], 1);
    if (chip.deferred) {
      const flags = b.saveFlags();
      b.lock(d.descLock, [irq]);
      b.atomic(() => {
        ask();
        wait();
      });
      b.unlock(d.descLock, [irq]);
      b.restoreFlags(flags);
    } else {
      // a task runs with interrupts on: no register has to keep that
      b.cli();
      b.lock(d.descLock, [irq]);
      b.atomic(ask);
      b.if(
        any(
          () => b.load(d.setaffinityPending, [irq]),
          () => eq(b.call(doSetAffinity, { irq, mask: b.ref(d.pendingMask, [irq]) }), EBUSY),
        ),
        wait,
      );
      b.unlock(d.descLock, [irq]);
      b.restoreFlags(b.let('bool', 1));
    }
    b.opEnd(op);
    b.end();
  });

  /** 2.8 d4. */
  const migrateOneIrq = k.routine(
    'migrate_one_irq',
    { irq: 'irq' },
    (b, { irq }) => {
      const mask = b.let('ref', b.ref(d.affinity, [irq]));
      if (behaviours.forceComplete === 'involved') b.call(v.irqForceCompleteMove, { irq });
      b.if(
        any(
          () => eq(b.load(d.started, [irq]), 0),
          () => ne(b.load(d.apicdCpu, [irq]), SELF),
        ),
        () => {
          // a move that waits for CPUs of which none is left will not happen
          b.if(b.load(d.setaffinityPending, [irq]), () => {
            b.if(eq(b.maskCount(b.ref(d.pendingMask, [irq]), d.cpuOnlineMask), 0), () => b.store(d.setaffinityPending, [irq], 0));
          });
          b.return();
        },
      );
      if (behaviours.forceComplete === 'target') b.call(v.irqForceCompleteMove, { irq });
      b.if(b.load(d.setaffinityPending, [irq]), () => {
        b.store(d.setaffinityPending, [irq], 0);
        b.set(mask, b.ref(d.pendingMask, [irq]));
        b.if(eq(b.maskCount(mask, d.cpuOnlineMask), 0), () => b.set(mask, b.ref(d.affinity, [irq])));
      });
      b.if(eq(b.maskCount(mask, d.cpuOnlineMask), 0), () => {
        // affinity broken: any CPU will do, and what was asked for is void
        b.set(mask, b.ref(d.cpuOnlineMask));
        b.store(d.requested, [irq], 0);
      });
      const ret = b.call(doSetAffinity, { irq, mask });
      if (behaviours.noVectorLeft === 'anywhere') {
        b.if(eq(ret, ENOSPC), () => {
          b.store(d.requested, [irq], 0);
          b.call(doSetAffinity, { irq, mask: b.ref(d.cpuOnlineMask) });
        });
      }
    },
    desc,
  );

  return { commonInterrupt, spuriousInterrupt, setAffinityOperation, migrateOneIrq };
}
