/** An irq comes to life and goes (linux.md 2.11): vector, message, started; in the order in which the kernel does it. */
import { all, any, eq, ne, type Assembler, type Builder, type Reg, type Test } from '../../index.js';
import type { Behaviours } from './behaviours.js';
import type { Chip } from './chip.js';
import { State, type LinuxData } from './data.js';
import { IrqKind, type IrqKinds } from './irqKinds.js';
import { maskIrq, unmaskIrq } from './mask.js';
import { ENOSPC, type VectorRoutines } from './vector.js';

export type Life = NonNullable<LinuxData['life']>;
export type Activation = ReturnType<typeof activationRoutines>;

export function activationRoutines(
  k: Assembler,
  d: LinuxData,
  life: Life,
  v: VectorRoutines,
  chip: Chip,
  kinds: IrqKinds,
  behaviours: Behaviours,
) {
  const desc = { holds: [d.descLock] };
  const { managed } = d;

  const tests = (b: Builder, irq: Reg<'irq'>): Test[] => [
    ...(managed ? [() => b.load(managed.isManaged, [irq])] : []),
    ...(chip.reservable ? [chip.reservable(b, irq)] : []),
  ];
  /** For irqs that have no vector while they are not activated: managed ones, and those that can be reserved. */
  const isReserved = (b: Builder, irq: Reg<'irq'>, then: () => void): void => {
    const [first, ...rest] = tests(b, irq);
    if (first !== undefined) b.if(any(first, ...rest), then);
  };

  /** Activation of a reserved irq: of its CPUs if they have a vector left, else of any. */
  const assign = (b: Builder, irq: Reg<'irq'>): Reg<'u8'> => {
    const ret = b.let('u8', b.call(v.apicSetAffinity, { irq, mask: b.ref(d.affinity, [irq]) }));
    b.if(eq(ret, ENOSPC), () => b.set(ret, b.call(v.apicSetAffinity, { irq, mask: b.ref(d.cpuOnlineMask) })));
    return ret;
  };

  /** irq_domain_deactivate_irq: outermost first. A message without reservation keeps its vector. */
  const deactivate = k.routine(
    'irq_domain_deactivate_irq',
    { irq: 'irq' },
    (b, { irq }) => {
      b.if(eq(b.load(life.activated, [irq]), 0), () => b.return());
      b.store(life.activated, [irq], 0);
      chip.deactivate(b, irq);
      isReserved(b, irq, () => b.call(v.clearIrqVector, { irq }));
    },
    desc,
  );

  /** irq_setup_affinity: to the CPUs of its affinity that are online, or any. */
  const setupAffinity = (b: Builder, irq: Reg<'irq'>): void => {
    const mask = b.let('ref', b.ref(d.affinity, [irq]));
    b.if(eq(b.maskCount(mask, d.cpuOnlineMask), 0), () => b.set(mask, b.ref(d.cpuOnlineMask)));
    chip.setAffinity(b, irq, mask);
  };

  /** check_irq_resend: the handler is called for what was kept back; a line that is still asserted sends by itself. */
  const resend = (b: Builder, irq: Reg<'irq'>): void =>
    b.if(b.load(d.pending, [irq]), () => {
      b.store(d.pending, [irq], 0);
      kinds.choose(b, irq, [IrqKind.LEVEL_PIN], { these: () => undefined, others: () => b.call(v.apicRetriggerIrq, { irq }) });
    });

  const irqStartup = k.routine(
    'irq_startup',
    { irq: 'irq' },
    (b, { irq }) => {
      if (managed) {
        const noCpu: Test = all(
          () => b.load(managed.isManaged, [irq]),
          () => eq(b.maskCount(b.ref(d.affinity, [irq]), d.cpuOnlineMask), 0),
        );
        b.if(noCpu, () => {
          b.store(managed.managedShutdown, [irq], 1);
          b.return();
        });
      }
      b.if(eq(b.load(life.activated, [irq]), 0), () => {
        b.store(life.activated, [irq], 1);
        isReserved(b, irq, () => assign(b, irq));
        chip.activate(b, irq);
      });
      if (behaviours.startupAffinity === 'beforeUnmask') setupAffinity(b, irq);
      unmaskIrq(b as unknown as Builder, d, chip, irq);
      b.store(d.started, [irq], State.STARTED, 'irq started: its device may speak');
      if (behaviours.startupAffinity === 'afterUnmask') setupAffinity(b, irq);
      resend(b, irq);
    },
    desc,
  );

  /** By contract the driver keeps its device quiet from here on; what it has sent may still be on its way. */
  const quiet = (b: Builder, irq: Reg<'irq'>): void =>
    b.atomic(() => {
      b.store(d.started, [irq], State.SHUTDOWN);
      b.hush(irq);
    }, 'irq shut down: its driver keeps the device quiet');

  return {
    assign,
    isReserved,
    quiet,
    deactivate,
    irqStartup,
    resend,

    /** migrate_one_irq: the last CPU of a managed irq goes. */
    shutdownManaged(b: Builder, irq: Reg<'irq'>, mask: Reg<'ref'>): void {
      if (managed === undefined) return;
      const last: Test = all(
        () => b.load(managed.isManaged, [irq]),
        () => eq(b.maskCount(mask, d.cpuOnlineMask), 0),
      );
      b.if(last, () => {
        b.store(managed.managedShutdown, [irq], 1);
        quiet(b, irq);
        maskIrq(b, d, chip, irq);
        b.call(deactivate, { irq });
        b.return();
      });
    },

    /** irq_restore_affinity_of_irq, on a CPU that has come up: a managed irq that was shut down is started. */
    startManaged(b: Builder, irq: Reg<'irq'>, cpu: Reg<'cpu'>): void {
      if (managed === undefined) return;
      const here: Test = all(
        () => b.load(managed.managedShutdown, [irq]),
        () => b.maskTest(b.ref(d.affinity, [irq]), cpu),
      );
      b.if(here, () => {
        b.store(managed.managedShutdown, [irq], 0);
        if (behaviours.managedStart === 'forced') {
          b.store(life.depth, [irq], 0);
          b.call(irqStartup, { irq });
        } else b.if(eq(b.load(life.depth, [irq]), 0), () => b.call(irqStartup, { irq }));
      });
    },

    /** It is shut down since its CPUs are gone, or was disabled then: whoever enables it does not start it, or does. */
    isShutdown(b: Builder, irq: Reg<'irq'>): Test {
      return managed ? any(() => b.load(managed.managedShutdown, [irq])) : ne(0, 0);
    },
  };
}
