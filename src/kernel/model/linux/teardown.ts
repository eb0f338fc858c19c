/**
 * A driver gives back the irqs of its device, and allocates them again (linux.md 2.11, Allocate and Teardown): all of them at once, since
 * that a device may send at all is one bit. By contract nobody has any of them then.
 */
import { any, eq, lt, ne, type Assembler, type Builder, type Reg } from '../../index.js';
import { NONE } from '../../../core/index.js';
import type { Placement } from '../model.js';
import type { Activation, Life } from './activation.js';
import type { Chip } from './chip.js';
import { MANAGED_IRQ_SHUTDOWN_VECTOR, type LinuxData } from './data.js';
import { withDesc } from './descLock.js';
import { firstFree, matrixRemoveManaged, matrixReserveManaged } from './matrix.js';
import { ENOSPC, OK, type VectorRoutines } from './vector.js';

/** Message control (hardware.md C.1, C.2). */
const MSI_ENABLE = 1;
const MSIX_ENABLE = 0x8000;
const MSIX_MASK_ALL = 0x4000;
const ALL = 0xffff;

function device(b: Builder, irq: Reg<'irq'>): Reg<'device'> {
  return b.constant('deviceOf', irq);
}

/** For each irq of a device, which stand one behind the other; from its first one on, which `irq` is before and behind that. */
function each(b: Builder, irq: Reg<'irq'>, body: () => void): void {
  b.loop(() => {
    body();
    const next = b.add(irq, 1);
    const isLast = any(
      () => eq(next, b.constant('sources')),
      () => ne(b.constant('deviceOf', next), b.constant('deviceOf', irq)),
    );
    b.if(isLast, () => b.break());
    b.set(irq, next);
  });
  b.set(irq, b.sub('irq', irq, b.constant('messageOf', irq)));
}

/** Message control with other bits. */
function writeMsi(b: Builder, irq: Reg<'irq'>, on: boolean): void {
  const control = b.cfgRead(device(b, irq), 'control', 'reads MSI control');
  const value = on ? b.or('u16', control, MSI_ENABLE) : b.and('u16', control, ALL & ~MSI_ENABLE);
  b.cfgWrite(device(b, irq), 'control', value, on ? 'MSI on' : 'MSI off');
}

function writeMsix(b: Builder, irq: Reg<'irq'>, bits: number, note: string): void {
  const control = b.cfgRead(device(b, irq), 'msixControl', 'reads MSI-X control');
  b.cfgWrite(device(b, irq), 'msixControl', b.or('u16', b.and('u16', control, ALL & ~(MSIX_ENABLE | MSIX_MASK_ALL)), bits), note);
}

export function teardownRoutines(
  k: Assembler,
  d: LinuxData,
  life: Life,
  v: VectorRoutines,
  activation: Activation,
  chip: Chip,
  { devices, operations }: Placement,
) {
  const { managed } = d;
  const named = operations.flatMap((o) => (o.kind === 'teardown' || o.kind === 'allocate' ? (devices[o.device] ?? []) : []));
  const [hasMsix, hasMsi] = [named.some(({ msix }) => msix), named.some(({ msix }) => !msix)];

  const byCapability = (b: Builder, irq: Reg<'irq'>, msix: () => void, msi: () => void): void => {
    if (hasMsix && hasMsi) b.if(b.constant('isMsix', device(b, irq)), msix, msi);
    else if (hasMsix) msix();
    else msi();
  };

  /** For each CPU of the affinity of a managed irq, under vector_lock. */
  const eachReserved = (b: Builder, irq: Reg<'irq'>, body: (cpu: Reg<'cpu'>, managed: NonNullable<LinuxData['managed']>) => void): void => {
    if (managed === undefined) return;
    const cpu = b.let('cpu', 0);
    b.while(
      () => lt(cpu, b.constant('cpus')),
      () => {
        b.if(b.maskTest(b.ref(d.affinity, [irq]), cpu), () => body(cpu, managed));
        b.set(cpu, b.add(cpu, 1));
      },
    );
  };

  /** The irq is none any more: what comes late on its vectors finds their slots shut down. */
  const freeIrqs = k.routine(
    'x86_vector_free_irqs',
    { irq: 'irq' },
    (b, { irq }) => {
      b.call(v.clearIrqVector, { irq });
      b.lock(d.vectorLock, []);
      b.atomic(() => {
        b.store(d.apicdVector, [irq], 0);
        b.store(d.apicdCpu, [irq], 0);
        const builder = b as unknown as Builder;
        if (managed)
          b.if(b.load(managed.isManaged, [irq]), () => eachReserved(builder, irq, (cpu, of) => matrixRemoveManaged(builder, d, of, cpu)));
      });
      b.unlock(d.vectorLock, []);
    },
    { holds: [d.descLock] },
  );

  /** Reserved, with the vector that nobody takes for one; managed: with one kept on each of its CPUs. */
  const allocIrqs = k.routine(
    'x86_vector_alloc_irqs',
    { irq: 'irq' },
    (b, { irq }) => {
      const builder = b as unknown as Builder;
      b.withLock(d.vectorLock, [], () =>
        b.atomic(() => {
          if (managed)
            b.if(b.load(managed.isManaged, [irq]), () => {
              // on all of them or on none
              eachReserved(builder, irq, (cpu) => b.if(eq(firstFree(builder, d, cpu), NONE), () => b.return(ENOSPC)));
              eachReserved(builder, irq, (cpu, of) => matrixReserveManaged(builder, d, of, cpu));
            });
          b.store(d.apicdVector, [irq], MANAGED_IRQ_SHUTDOWN_VECTOR);
          b.store(d.apicdCpu, [irq], b.maskFirst(d.cpuOnlineMask, []));
        }),
      );
      b.return(OK);
    },
    { result: 'u8' as const, holds: [d.descLock] },
  );

  /** Nothing is left of the irqs, as far as they were allocated. */
  const freeAll = (b: Builder, irq: Reg<'irq'>): void =>
    each(b, irq, () =>
      withDesc(b, d, irq, () =>
        b.if(ne(b.load(d.apicdVector, [irq]), 0), () => {
          chip.release?.(b, irq);
          b.call(freeIrqs, { irq });
        }),
      ),
    );

  const teardown = k.routine('pci_free_irq_vectors', { op: 'u8', irq: 'irq' }, (of, { op, irq }) => {
    const b = of as unknown as Builder;
    byCapability(
      b,
      irq,
      () => {
        each(b, irq, () => chip.mask?.(b, irq));
        writeMsix(b, irq, 0, 'MSI-X off');
      },
      () => {
        writeMsi(b, irq, false);
        b.if(b.constant('hasMask', device(b, irq)), () => b.cfgWrite(device(b, irq), 'mask', 0, 'unmasks the messages, as they were'));
      },
    );
    freeAll(b, irq);
    b.opEnd(op);
    b.end();
  });

  /** One irq: its vector, or none yet, and its message. `failed`: there is none for it; it leaves. */
  const allocate = (b: Builder, irq: Reg<'irq'>, failed: () => void): void => {
    b.if(ne(b.call(allocIrqs, { irq }), OK), failed);
    const reserved = b.let('bool', 0);
    activation.isReserved(b, irq, () => b.set(reserved, 1));
    b.if(eq(reserved, 0), () => {
      b.if(ne(activation.assign(b, irq), OK), failed);
      b.store(life.activated, [irq], 1);
    });
    chip.activate(b, irq);
  };

  const allocateAll = k.routine('pci_alloc_irq_vectors', { op: 'u8', irq: 'irq' }, (of, { op, irq }) => {
    const b = of as unknown as Builder;
    byCapability(
      b,
      irq,
      () => {
        writeMsix(b, irq, MSIX_ENABLE | MSIX_MASK_ALL, 'MSI-X on, all masked');
        each(b, irq, () => b.mmioRead(device(b, irq), b.constant('messageOf', irq), 'control', 'reads the entry'));
      },
      () => writeMsi(b, irq, false),
    );
    each(b, irq, () =>
      withDesc(b, d, irq, () =>
        allocate(b, irq, () => {
          // all or none; the device stays silent
          b.unlock(d.descLock, [irq]);
          b.restoreFlags(b.let('bool', 1));
          b.set(irq, b.sub('irq', irq, b.constant('messageOf', irq)));
          freeAll(b, irq);
          b.opEnd(op);
          b.end();
        }),
      ),
    );
    byCapability(
      b,
      irq,
      () => {
        each(b, irq, () => b.mmioWrite(device(b, irq), b.constant('messageOf', irq), 'control', 1, 'masks the entry'));
        writeMsix(b, irq, MSIX_ENABLE, 'MSI-X on');
      },
      () => writeMsi(b, irq, true),
    );
    b.opEnd(op);
    b.end();
  });

  return { teardown, allocate: allocateAll };
}
