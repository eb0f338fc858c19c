/** Interrupt entry, the edge flow handler and the deferred move (linux.md 2.5, 2.7, 2.11). */
import { all, any, eq, lt, ne, SELF, type Assembler, type Builder, type Condition, type Reg, type Test } from '../../index.js';
import type { Activation, Life } from './activation.js';
import type { Behaviours } from './behaviours.js';
import type { Chip } from './chip.js';
import { Slot, State, type LinuxData } from './data.js';
import { EBUSY, ENOSPC, OK, type VectorRoutines } from './vector.js';

export type IrqRoutines = ReturnType<typeof irqRoutines>;

/** `activation`: of a machine whose irqs come and go. */
export function irqRoutines(
  k: Assembler,
  d: LinuxData,
  v: VectorRoutines,
  chip: Chip,
  activation: Activation | undefined,
  behaviours: Behaviours,
) {
  const desc = { holds: [d.descLock] };
  /** Nobody has the irq, or it is disabled. */
  const isOff = (b: Builder, irq: Reg<'irq'>): [] | [() => Condition] =>
    d.life ? [() => ne(b.load(d.started, [irq]), State.STARTED)] : [];

  const doSetAffinity = k.routine(
    'irq_do_set_affinity',
    { irq: 'irq', mask: 'ref' },
    (b, { irq, mask }) => {
      const ret = chip.setAffinity(b as unknown as Builder, irq, mask);
      b.if(eq(ret, OK), () => b.maskCopy(b.ref(d.affinity, [irq]), mask));
      b.return(ret);
    },
    { result: 'u8' as const, ...desc },
  );

  /** Masks the irq while the body moves it, unless it is masked: an event is kept back then. */
  const masked = (b: Builder, irq: Reg<'irq'>, body: () => void, only?: (b: Builder, irq: Reg<'irq'>) => Test): void => {
    const { mask, unmask } = chip;
    const open = (): Condition => all(() => eq(b.load(d.pending, [irq]), 0), ...(only ? [only(b, irq)] : []));
    if (mask && unmask) b.if(open(), () => mask(b, irq));
    body();
    if (mask && unmask) b.if(open(), () => unmask(b, irq));
  };

  /** The move that waited for an interrupt on the old CPU. */
  const moveIrq = k.routine(
    'irq_move_masked_irq',
    { irq: 'irq' },
    (b, { irq }) => {
      b.if(
        any(() => eq(b.load(d.setaffinityPending, [irq]), 0), ...isOff(b, irq)),
        () => b.return(),
      );
      b.store(d.setaffinityPending, [irq], 0);
      const mask = b.ref(d.pendingMask, [irq]);
      b.if(eq(b.maskCount(mask, d.cpuOnlineMask), 0), () => b.return());
      masked(b as unknown as Builder, irq, () => {
        const ret = b.call(doSetAffinity, { irq, mask });
        if (behaviours.busyMove === 'rearm') b.if(eq(ret, EBUSY), () => b.store(d.setaffinityPending, [irq], 1));
      });
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
      any(() => b.load(d.inProgress, [irq]), ...isOff(b, irq)),
      () => {
        b.store(d.pending, [irq], 1);
        chip.mask?.(b as unknown as Builder, irq);
        b.call(ackEdge, { irq, vector });
      },
      () => {
        b.call(ackEdge, { irq, vector });
        b.loop(() => {
          const { unmask } = chip;
          if (unmask) b.if(b.load(d.pending, [irq]), () => unmask(b as unknown as Builder, irq));
          b.atomic(() => {
            b.store(d.pending, [irq], 0);
            b.store(d.inProgress, [irq], 1);
          });
          b.unlock(d.descLock, [irq]);
          b.serve(irq, 0, "the driver's handler");
          b.lock(d.descLock, [irq]);
          b.store(d.inProgress, [irq], 0);
          b.if(
            any(() => eq(b.load(d.pending, [irq]), 0), ...isOff(b, irq)),
            () => b.break(),
          );
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

  /** MANAGED_IRQ_SHUTDOWN_VECTOR: what an irq sends that is shut down. */
  const shutdownInterrupt = k.routine('sysvec_spurious', { vector: 'vector' }, (b) => {
    b.lapicWrite('eoi', 0);
    b.iret();
  });

  const spuriousInterrupt = k.routine('spurious_interrupt', { vector: 'vector' }, (b) => b.iret());

  /** irq_set_affinity_deactivated: it is where the irq goes when it is activated. */
  const storeInactive = (b: Builder, life: Life, op: Reg<'u8'>, irq: Reg<'irq'>, mask: Reg<'ref'>): void => {
    b.cli();
    b.lock(d.descLock, [irq]);
    b.if(eq(b.load(life.activated, [irq]), 0), () => {
      b.atomic(() => {
        b.maskCopy(b.ref(d.affinity, [irq]), mask);
        b.store(d.requested, [irq], mask);
      });
      b.unlock(d.descLock, [irq]);
      b.restoreFlags(b.let('bool', 1));
      b.opEnd(op);
      b.end();
    });
    b.unlock(d.descLock, [irq]);
    b.restoreFlags(b.let('bool', 1));
  };

  /** A user writes smp_affinity: the move happens here, or waits for the next interrupt if the chip, or the move before, makes it. */
  const setAffinityOperation = k.routine('irq_set_affinity', { op: 'u8', irq: 'irq', mask: 'ref' }, (b, { op, irq, mask }) => {
    const ask = (): void => {
      b.maskCopy(b.ref(d.pendingMask, [irq]), mask);
      b.store(d.requested, [irq], mask);
    };
    const atOnce = (): void => {
      if (d.life) storeInactive(b as unknown as Builder, d.life, op, irq, mask);
      // a task runs with interrupts on: no register has to keep that
      b.cli();
      b.lock(d.descLock, [irq]);
      b.atomic(ask);
      const ret = b.let('u8', EBUSY);
      const set = chip.setAtOnce;
      b.if(eq(b.load(d.setaffinityPending, [irq]), 0), () => {
        const asked = b.ref(d.pendingMask, [irq]);
        b.set(ret, set ? set(b as unknown as Builder, irq, asked) : b.call(doSetAffinity, { irq, mask: asked }));
        if (set) b.if(eq(ret, OK), () => b.maskCopy(b.ref(d.affinity, [irq]), b.ref(d.pendingMask, [irq])));
      });
      b.if(eq(ret, EBUSY), () => b.store(d.setaffinityPending, [irq], 1));
      b.unlock(d.descLock, [irq]);
      b.restoreFlags(b.let('bool', 1));
    };
    const later = (): void => {
      if (d.life && behaviours.inactiveMove === 'store') storeInactive(b as unknown as Builder, d.life, op, irq, mask);
      const flags = b.saveFlags();
      b.lock(d.descLock, [irq]);
      b.atomic(() => {
        ask();
        b.store(d.setaffinityPending, [irq], 1);
      });
      b.unlock(d.descLock, [irq]);
      b.restoreFlags(flags);
    };
    if (typeof chip.deferred === 'function') b.if(chip.deferred(b as unknown as Builder, irq), later, atOnce);
    else if (chip.deferred) later();
    else atOnce();
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
      const leave = (): void => {
        activation?.shutdownManaged(b, irq, mask);
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
      };
      // it masks only what waits for an interrupt to be moved, and before it looks whether a CPU is left
      if (chip.deferred === false) leave();
      else masked(b as unknown as Builder, irq, leave, typeof chip.deferred === 'function' ? chip.deferred : undefined);
    },
    desc,
  );

  return { commonInterrupt, spuriousInterrupt, shutdownInterrupt, setAffinityOperation, migrateOneIrq };
}
