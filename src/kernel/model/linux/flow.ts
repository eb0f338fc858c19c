/** Flow handlers: from the vector's irq to the driver, and the acknowledge in which a move is done (linux.md 2.5, 2.11; races.md 4). */
import { all, any, eq, not, SELF, type Assembler, type Builder, type Reg } from '../../index.js';
import type { AffinityRoutines } from './affinity.js';
import type { Behaviours } from './behaviours.js';
import type { Chip } from './chip.js';
import type { LinuxData } from './data.js';
import { IrqKind, type IrqKinds } from './irqKinds.js';
import { isOff, isOpen, maskIrq, unmaskIrq } from './mask.js';
import { postedAck } from './postedMsi.js';
import type { Threads } from './threads.js';
import type { VectorRoutines } from './vector.js';

export type Flow = ReturnType<typeof flowRoutines>;

/** `threads`: of a machine with handlers that run in threads. */
export function flowRoutines(
  k: Assembler,
  d: LinuxData,
  v: VectorRoutines,
  affinity: AffinityRoutines,
  chip: Chip,
  kinds: IrqKinds,
  threads: Threads | undefined,
  behaviours: Behaviours,
) {
  const desc = { holds: [d.descLock] };

  const ackEdge = k.routine(
    'apic_ack_edge',
    { irq: 'irq', vector: 'vector' },
    (b, { irq, vector }) => {
      b.call(v.irqCompleteMove, { irq, vector });
      affinity.moveIrq(b as unknown as Builder, irq);
      b.lapicWrite('eoi', 0);
    },
    desc,
  );

  const ofPosted = d.postedMsi && postedAck(k, d, d.postedMsi, affinity, behaviours);
  const acknowledge = (b: Builder, irq: Reg<'irq'>, vector: Reg<'vector'>): void => {
    const others = (): void => {
      b.call(ackEdge, { irq, vector });
    };
    if (ofPosted) kinds.choose(b, irq, [IrqKind.PCI], { these: () => ofPosted(b, irq), others });
    else others();
  };

  /** The driver's handler, or what wakes its thread. desc->lock is not held. */
  const handle = (b: Builder, irq: Reg<'irq'>): void => {
    const serve = (): void => b.serve(irq, 0, "the driver's handler");
    if (threads) threads.wakeOr(b, irq, serve);
    else serve();
  };

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
      any(() => b.load(d.inProgress, [irq]), ...isOff(b as unknown as Builder, d, irq)),
      () => {
        b.store(d.pending, [irq], 1);
        maskIrq(b as unknown as Builder, d, chip, irq);
        acknowledge(b as unknown as Builder, irq, vector);
      },
      () => {
        acknowledge(b as unknown as Builder, irq, vector);
        b.loop(() => {
          if (chip.unmask) b.if(b.load(d.pending, [irq]), () => unmaskIrq(b as unknown as Builder, d, chip, irq));
          b.atomic(() => {
            b.store(d.pending, [irq], 0);
            b.store(d.inProgress, [irq], 1);
          });
          b.unlock(d.descLock, [irq]);
          handle(b as unknown as Builder, irq);
          b.lock(d.descLock, [irq]);
          b.store(d.inProgress, [irq], 0);
          b.if(
            any(() => eq(b.load(d.pending, [irq]), 0), ...isOff(b as unknown as Builder, d, irq)),
            () => b.break(),
          );
        });
      },
    );
    b.unlock(d.descLock, [irq]);
  });

  const { pins } = chip;
  /**
   * Acknowledge of a level-triggered pin: the entry may change only when its Remote IRR is clear, and an EOI that is not broadcast,
   * since the vector came by an IPI, is made up for (races.md ioapic-remote-irr-migrate, ioapic-forwarded-ipi-tmr).
   */
  const ackLevel =
    pins &&
    k.routine(
      'ioapic_ack_level',
      { irq: 'irq', vector: 'vector' },
      (b, { irq, vector }) => {
        b.call(v.irqCompleteMove, { irq, vector });
        const ifOpen = (body: () => void): void =>
          behaviours.levelUnmask === 'always' ? body() : b.if(isOpen(b as unknown as Builder, d, irq), body);
        const move = (): void => {
          b.call(affinity.moveMasked, { irq });
        };
        if (behaviours.levelMove === 'beforeEoi') {
          const moveFirst = (): void => {
            ifOpen(() => pins.mask(b as unknown as Builder, irq));
            move();
            b.lapicWrite('eoi', 0);
            ifOpen(() => pins.unmask(b as unknown as Builder, irq));
          };
          b.if(b.load(d.setaffinityPending, [irq]), moveFirst, () => b.lapicWrite('eoi', 0));
          return;
        }
        const moves = b.let('bool', b.load(d.setaffinityPending, [irq]));
        b.if(moves, () => ifOpen(() => pins.mask(b as unknown as Builder, irq)));
        const level = b.tmrBit(b.load(d.apicdVector, [irq]), 'was it accepted as a level?');
        b.lapicWrite('eoi', 0);
        if (behaviours.levelEoi === 'explicit') b.if(eq(level, 0), () => pins.eoi(b as unknown as Builder, irq));
        b.if(moves, () => {
          // otherwise it still waits, for the next interrupt
          if (behaviours.levelMove === 'flushed') b.if(not(pins.inService(b as unknown as Builder, irq)), move);
          else move();
          ifOpen(() => pins.unmask(b as unknown as Builder, irq));
        });
      },
      desc,
    );

  /** With remapping the LAPIC has accepted an edge; the vector of the entry is the number of the pin. */
  const ackRemappedLevel =
    pins &&
    k.routine(
      'ioapic_ir_ack_level',
      { irq: 'irq', vector: 'vector' },
      (b, { irq }) => {
        affinity.moveIrq(b as unknown as Builder, irq);
        b.lapicWrite('eoi', 0);
        pins.eoi(b as unknown as Builder, irq);
      },
      desc,
    );

  /** Level-triggered: EOI when the handler has run, and a thread that is not done keeps the irq masked. */
  const handleFasteoiIrq = (eoi: NonNullable<typeof ackLevel>) =>
    k.routine('handle_fasteoi_irq', { irq: 'irq', vector: 'vector' }, (b, { irq, vector }) => {
      const builder = b as unknown as Builder;
      b.lock(d.descLock, [irq]);
      b.if(b.load(d.inProgress, [irq]), () => {
        b.call(eoi, { irq, vector });
        b.unlock(d.descLock, [irq]);
        b.return();
      });
      const off = isOff(builder, d, irq)[0];
      if (off)
        b.if(off(), () => {
          b.store(d.pending, [irq], 1);
          maskIrq(builder, d, chip, irq);
          b.call(eoi, { irq, vector });
          b.unlock(d.descLock, [irq]);
          b.return();
        });
      threads?.ifOneshot(builder, irq, () => maskIrq(builder, d, chip, irq));
      b.atomic(() => {
        b.store(d.pending, [irq], 0);
        b.store(d.inProgress, [irq], 1);
      });
      b.unlock(d.descLock, [irq]);
      handle(builder, irq);
      b.lock(d.descLock, [irq]);
      b.store(d.inProgress, [irq], 0);
      b.call(eoi, { irq, vector });
      // its thread may have come to its end in between
      threads?.ifOneshot(builder, irq, () => threads.unmaskIfDone(builder, irq));
      b.unlock(d.descLock, [irq]);
    });

  const ack = pins?.remapped ? ackRemappedLevel : ackLevel;
  const fasteoi = ack && kinds.has([IrqKind.LEVEL_PIN]) ? handleFasteoiIrq(ack) : undefined;

  /** handle_irq of the irq. */
  return (b: Builder, irq: Reg<'irq'>, vector: Reg<'vector'>): void =>
    kinds.choose(b, irq, [IrqKind.LEVEL_PIN], {
      these: () => fasteoi && b.call(fasteoi, { irq, vector }),
      others: () => b.call(handleEdgeIrq, { irq, vector }),
    });
}
