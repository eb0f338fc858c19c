/** Where an irq is to go: what a user asks for, what waits for an interrupt, what an offline takes away (linux.md 2.5, 2.8 d4). */
import { all, any, eq, ne, not, SELF, type Assembler, type Builder, type Reg, type Test } from '../../index.js';
import type { Activation, Life } from './activation.js';
import type { Behaviours } from './behaviours.js';
import type { Chip } from './chip.js';
import type { LinuxData } from './data.js';
import { lockDesc, unlockDesc } from './descLock.js';
import { isOff, isOpen } from './mask.js';
import { EBUSY, ENOSPC, OK, type VectorRoutines } from './vector.js';

export type AffinityRoutines = ReturnType<typeof affinityRoutines>;

/** `activation`: of a machine whose irqs come and go. */
export function affinityRoutines(
  k: Assembler,
  d: LinuxData,
  v: VectorRoutines,
  chip: Chip,
  activation: Activation | undefined,
  behaviours: Behaviours,
) {
  const desc = { holds: [d.descLock] };

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
    const { mask, unmask } = behaviours.moveMask === 'masked' ? chip : {};
    const open = (): Test => all(() => isOpen(b, d, irq), ...(only ? [only(b, irq)] : []));
    if (mask && unmask) b.if(open(), () => mask(b, irq));
    body();
    if (mask && unmask) b.if(open(), () => unmask(b, irq));
  };

  /** The move that waited for an interrupt on the old CPU; the irq is masked, where it can be. */
  const moveMasked = k.routine(
    'irq_move_masked_irq',
    { irq: 'irq' },
    (b, { irq }) => {
      b.store(d.setaffinityPending, [irq], 0);
      const mask = b.ref(d.pendingMask, [irq]);
      b.if(eq(b.maskCount(mask, d.cpuOnlineMask), 0), () => b.return());
      const ret = b.call(doSetAffinity, { irq, mask });
      if (behaviours.busyMove === 'rearm') b.if(eq(ret, EBUSY), () => b.store(d.setaffinityPending, [irq], 1));
    },
    desc,
  );

  /** irq_set_affinity_deactivated: it is where the irq goes when it is activated. */
  const storeInactive = (b: Builder, life: Life, op: Reg<'u8'>, irq: Reg<'irq'>, mask: Reg<'ref'>): void => {
    lockDesc(b, d, irq);
    b.if(eq(b.load(life.activated, [irq]), 0), () => {
      b.atomic(() => {
        b.maskCopy(b.ref(d.affinity, [irq]), mask);
        b.store(d.requested, [irq], mask);
      });
      unlockDesc(b, d, irq);
      b.opEnd(op);
      b.end();
    });
    unlockDesc(b, d, irq);
  };

  /** A user writes smp_affinity: the move happens here, or waits for the next interrupt if the chip, or the move before, makes it. */
  const setAffinityOperation = k.routine('irq_set_affinity', { op: 'u8', irq: 'irq', mask: 'ref' }, (b, { op, irq, mask }) => {
    const ask = (): void => {
      b.maskCopy(b.ref(d.pendingMask, [irq]), mask);
      b.store(d.requested, [irq], mask);
    };
    const atOnce = (): void => {
      if (d.life) storeInactive(b as unknown as Builder, d.life, op, irq, mask);
      lockDesc(b as unknown as Builder, d, irq);
      b.atomic(ask);
      const ret = b.let('u8', EBUSY);
      const set = chip.setAtOnce;
      b.if(eq(b.load(d.setaffinityPending, [irq]), 0), () => {
        const pending = b.ref(d.pendingMask, [irq]);
        b.set(ret, set ? set(b as unknown as Builder, irq, pending) : b.call(doSetAffinity, { irq, mask: pending }));
        if (set) b.if(eq(ret, OK), () => b.maskCopy(b.ref(d.affinity, [irq]), b.ref(d.pendingMask, [irq])));
      });
      b.if(eq(ret, EBUSY), () => b.store(d.setaffinityPending, [irq], 1));
      unlockDesc(b as unknown as Builder, d, irq);
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

  return {
    setAffinityOperation,
    migrateOneIrq,
    moveMasked,
    /** irq_move_irq: a move that waits is done, unless the irq is disabled. */
    moveIrq(b: Builder, irq: Reg<'irq'>): void {
      const waits: Test = all(() => ne(b.load(d.setaffinityPending, [irq]), 0), ...isOff(b, d, irq).map((off) => () => not(off())));
      b.if(waits, () => masked(b, irq, () => b.call(moveMasked, { irq })));
    },
  };
}
