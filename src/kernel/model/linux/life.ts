/** What drivers do with their irqs, and a suspend with all of them (linux.md 2.11). */
import { eq, lt, ne, not, type Assembler, type Builder, type Reg } from '../../index.js';
import type { Activation, Life } from './activation.js';
import type { Behaviours } from './behaviours.js';
import type { Chip } from './chip.js';
import { State, type LinuxData } from './data.js';
import { withDesc } from './descLock.js';
import { IrqKind, type IrqKinds } from './irqKinds.js';
import { isOpen, maskIrq, unmaskIrq } from './mask.js';
import type { Threads } from './threads.js';

/** For all irqs. */
function each(b: Builder, body: (irq: Reg<'irq'>) => void): void {
  const irq = b.let('irq', 0);
  b.while(
    () => lt(irq, b.constant('sources')),
    () => {
      body(irq);
      b.set(irq, b.add(irq, 1));
    },
  );
}

/** `threads`: of a machine with handlers that run in threads. */
export function lifeRoutines(
  k: Assembler,
  d: LinuxData,
  life: Life,
  a: Activation,
  chip: Chip,
  kinds: IrqKinds,
  threads: Threads | undefined,
  behaviours: Behaviours,
) {
  /** synchronize_irq: no handler of the irq runs, nor will one of what a LAPIC has accepted (races.md free-irq-in-flight). */
  const synchronize = (b: Builder, irq: Reg<'irq'>): void => {
    const handler = (): void => b.waitEq(d.inProgress, [irq], 0, 'synchronize_irq: no handler in progress');
    handler();
    const { pins } = chip;
    if (pins && behaviours.levelWait === 'remoteIrr') {
      const these = (): void => {
        pins.waitForService(b, irq);
        handler();
      };
      kinds.choose(b, irq, [IrqKind.LEVEL_PIN], { these, others: () => undefined });
    }
    threads?.waitForThreads(b, irq);
  };

  const operation = (name: string, body: (b: Builder, irq: Reg<'irq'>) => void) =>
    k.routine(name, { op: 'u8', irq: 'irq' }, (b, { op, irq }) => {
      body(b as unknown as Builder, irq);
      b.opEnd(op);
      b.end();
    });

  const requestIrq = operation('request_irq', (b, irq) =>
    withDesc(b, d, irq, () => {
      const start = (): void => {
        b.store(life.depth, [irq], 0);
        b.call(a.irqStartup, { irq });
      };
      // one that could not be allocated again is none
      if (d.teardown) b.if(ne(b.load(d.apicdVector, [irq]), 0), start);
      else start();
    }),
  );

  const freeIrq = operation('free_irq', (b, irq) => {
    withDesc(b, d, irq, () => {
      a.quiet(b, irq);
      maskIrq(b, d, chip, irq);
      if (behaviours.deactivate === 'atShutdown') b.call(a.deactivate, { irq });
    });
    synchronize(b, irq);
    if (behaviours.deactivate === 'afterWait') withDesc(b, d, irq, () => b.call(a.deactivate, { irq }));
  });

  /** Lazily: the irq is masked, where it can be, at the next interrupt. */
  const disableIrq = operation('disable_irq', (b, irq) => {
    withDesc(b, d, irq, () => {
      b.fetchAdd(life.depth, [irq], 1);
      b.if(eq(b.load(d.started, [irq]), State.STARTED), () => b.store(d.started, [irq], State.DISABLED, 'irq disabled'));
    });
    synchronize(b, irq);
  });

  const enableIrq = operation('enable_irq', (b, irq) =>
    withDesc(b, d, irq, () => {
      b.if(ne(b.load(life.depth, [irq]), 0), () => {
        b.if(eq(b.fetchAdd(life.depth, [irq], -1), 0), () => {
          b.if(
            eq(b.load(d.started, [irq]), State.DISABLED),
            () => {
              b.store(d.started, [irq], State.STARTED, 'irq enabled');
              unmaskIrq(b, d, chip, irq);
              a.resend(b, irq);
            },
            // its CPUs came back while it was disabled
            () => b.if(not(a.isShutdown(b, irq)), () => b.call(a.irqStartup, { irq })),
          );
        });
      });
    }),
  );

  /** Devices to D3: from here on messages are remembered and not written. */
  const suspend = operation('suspend_devices', (b) =>
    each(b, (irq) => {
      withDesc(b, d, irq, () =>
        b.if(ne(b.load(d.started, [irq]), State.SHUTDOWN), () => b.store(d.started, [irq], State.SUSPENDED, 'device to D3: quiet')),
      );
      synchronize(b, irq);
    }),
  );

  /** Devices to D0: what was remembered is written, and what was kept back is handled. */
  const resume = operation('resume_devices', (b) =>
    each(b, (irq) =>
      withDesc(b, d, irq, () =>
        b.if(eq(b.load(d.started, [irq]), State.SUSPENDED), () => {
          b.store(d.started, [irq], State.SHUTDOWN, 'device to D0, still quiet');
          if (behaviours.resumeMessage === 'restore') chip.restore(b, irq);
          b.store(d.started, [irq], State.DISABLED);
          b.if(eq(b.load(life.depth, [irq]), 0), () => {
            b.store(d.started, [irq], State.STARTED, 'irq enabled');
            // one that came meanwhile has masked it
            if (chip.unmask) b.if(not(isOpen(b, d, irq)), () => unmaskIrq(b, d, chip, irq));
            a.resend(b, irq);
          });
        }),
      ),
    ),
  );

  return { request: requestIrq, free: freeIrq, disable: disableIrq, enable: enableIrq, suspend, resume };
}
