/** Interrupt entries: from the vector to its irq, or to nobody (linux.md 2.11). */
import { eq, ge, lt, SELF, type Assembler, type Builder, type Reg } from '../../index.js';
import type { Behaviours } from './behaviours.js';
import { Slot, type LinuxData } from './data.js';
import type { Flow } from './flow.js';
import { postedNotification } from './postedMsi.js';
import type { VcpuRoutines } from './vcpu.js';

export function entryRoutines(k: Assembler, d: LinuxData, handleIrq: Flow, vcpus: VcpuRoutines | undefined, behaviours: Behaviours) {
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
    vcpus?.exit(b as unknown as Builder);
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
    handleIrq(b as unknown as Builder, b.let('irq', b.sub('u16', slot, Slot.FIRST)), vector);
    b.iret();
  });

  /** Without the EOI, which the handler of the notification writes for all that it finds. */
  const callHandler = (b: Builder, vector: Reg<'vector'>): void => {
    const slot = b.load(d.vectorIrq, [SELF, vector], 'vector_irq[this CPU][vector]');
    b.if(lt(slot, Slot.FIRST), () => {
      if (behaviours.emptySlot === 'once') return noHandler(b, slot, vector);
      b.lock(d.vectorLock, []);
      b.set(slot, b.load(d.vectorIrq, [SELF, vector], 'vector_irq[this CPU][vector] under vector_lock'));
      b.if(lt(slot, Slot.FIRST), () => noHandler(b, slot, vector));
      b.unlock(d.vectorLock, []);
    });
    b.if(ge(slot, Slot.FIRST), () => handleIrq(b, b.let('irq', b.sub('u16', slot, Slot.FIRST)), vector));
  };
  const postedInterrupt = d.postedMsi && postedNotification(k, d.postedMsi, callHandler, vcpus, behaviours);

  /** MANAGED_IRQ_SHUTDOWN_VECTOR: what an irq sends that is shut down. */
  const shutdownInterrupt = k.routine('sysvec_spurious', { vector: 'vector' }, (b) => {
    vcpus?.exit(b as unknown as Builder);
    b.lapicWrite('eoi', 0);
    b.iret();
  });

  const spuriousInterrupt = k.routine('spurious_interrupt', { vector: 'vector' }, (b) => b.iret());

  return { commonInterrupt, spuriousInterrupt, shutdownInterrupt, postedInterrupt };
}
