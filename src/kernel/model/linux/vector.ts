/** Vector assignment: the core of apic_set_affinity (linux.md 2.4), and what ends it (2.11). */
import { all, any, ge, lt, ne, SELF, type Assembler, type Builder, type Condition, type MachineSize, type Reg } from '../../index.js';
import type { Behaviours } from './behaviours.js';
import { cleanupRoutines } from './cleanup.js';
import { MANAGED_IRQ_SHUTDOWN_VECTOR, Slot, type LinuxData } from './data.js';
import type { VcpuRoutines } from './vcpu.js';
import { matrixAlloc, matrixAllocManaged, matrixFree } from './matrix.js';

/** Results, in place of negative error numbers. */
export const OK = 0;
export const EBUSY = 1;
export const ENOSPC = 2;

export type VectorRoutines = ReturnType<typeof vectorRoutines>;

export function vectorRoutines(k: Assembler, d: LinuxData, vcpus: VcpuRoutines | undefined, behaviours: Behaviours, size: MachineSize) {
  /** of the vectors of all CPUs */
  const sum = size.cpus * (size.vectorHi - size.vectorLo) > 0xffff ? 'u32' : 'u16';
  /** 2.4 step 4: the old target is remembered for cleanup, or freed if its CPU is offline. */
  const apicUpdateVector = k.routine(
    'apic_update_vector',
    { irq: 'irq', newvec: 'vector', newcpu: 'cpu' },
    (b, { irq, newvec, newcpu }) => {
      const vector = b.load(d.apicdVector, [irq]);
      const cpu = b.load(d.apicdCpu, [irq]);
      b.store(d.prevVector, [irq], 0);
      b.if(all(ne(vector, 0), ne(vector, MANAGED_IRQ_SHUTDOWN_VECTOR)), () => {
        const remember = (): void => {
          b.store(d.moveInProgress, [irq], 1, 'move_in_progress = 1');
          b.store(d.prevVector, [irq], vector);
          b.store(d.prevCpu, [irq], cpu);
        };
        if (behaviours.oldCpuOffline === 'cleanup') remember();
        // the slot stays, so that fixup_irqs can still scan it
        else b.if(b.maskTest(d.cpuOnlineMask, [], cpu), remember, () => matrixFree(b, d, irq, cpu, vector));
      });
      b.store(d.apicdVector, [irq], newvec);
      b.store(d.apicdCpu, [irq], newcpu);
      b.store(d.vectorIrq, [newcpu, newvec], b.add('u16', irq, Slot.FIRST), 'vector_irq of the new CPU and vector = irq');
      b.note('moved', irq);
    },
    { holds: [d.vectorLock, d.descLock] },
  );

  /** An irq that is shut down, or reserved and not activated, has a vector that is none. */
  const hasVector = (vector: Reg<'vector'>): [Condition, ...Condition[]] =>
    d.life ? [ne(vector, 0), ne(vector, MANAGED_IRQ_SHUTDOWN_VECTOR)] : [ne(vector, 0)];

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
            ...hasVector(vector),
            () => b.maskTest(d.cpuOnlineMask, [], cpu),
            () => b.maskTest(mask, cpu),
          ),
          () => b.return(OK),
        );
        b.if(
          any(() => b.load(d.moveInProgress, [irq]), ...(behaviours.unfinishedMove === 'refuse' ? [() => b.load(d.queued, [irq])] : [])),
          () => {
            b.note('busy', irq);
            b.return(EBUSY);
          },
        );
        const { cpu: newcpu, vector: newvec } = matrixAlloc(b, d, mask, behaviours, () => b.return(ENOSPC));
        if (behaviours.unfinishedMove === 'overwrite') {
          // otherwise it would be on two lists
          b.if(b.load(d.queued, [irq]), () => {
            b.listRemove(d.cleanupList, b.load(d.prevCpu, [irq]), irq);
            b.store(d.queued, [irq], 0);
          });
        }
        b.call(apicUpdateVector, { irq, newvec, newcpu });
        b.return(OK);
      });
      b.return(OK);
    },
    { result: 'u8' as const, holds: [d.vectorLock, d.descLock] },
  );

  /** 2.4 step 2: on another CPU of the mask one of the vectors that are reserved there. Unfinished moves are no obstacle. */
  const assignManagedVector = (managed: NonNullable<LinuxData['managed']>) =>
    k.routine(
      'assign_managed_vector',
      { irq: 'irq', mask: 'ref' },
      (b, { irq, mask }) => {
        b.atomic(() => {
          const cpu = b.load(d.apicdCpu, [irq]);
          b.if(
            all(
              ...hasVector(b.load(d.apicdVector, [irq])),
              () => b.maskTest(d.cpuOnlineMask, [], cpu),
              () => b.maskTest(mask, cpu),
            ),
            () => b.return(OK),
          );
          const { cpu: newcpu, vector: newvec } = matrixAllocManaged(b, d, managed, mask, behaviours, () => b.return(ENOSPC));
          b.call(apicUpdateVector, { irq, newvec, newcpu });
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
      const ret = assign(b, irq, mask);
      b.unlock(d.vectorLock, []);
      b.return(ret);
    },
    { result: 'u8' as const, holds: [d.descLock] },
  );

  const ofManaged = d.managed && assignManagedVector(d.managed);
  const assign = (b: Builder, irq: Reg<'irq'>, mask: Reg<'ref'>): Reg<'u8'> => {
    const { managed } = d;
    if (managed === undefined || ofManaged === undefined) return b.call(assignVectorLocked, { irq, mask });
    const ret = b.let('u8', OK);
    b.if(
      b.load(managed.isManaged, [irq]),
      () => b.set(ret, b.call(ofManaged, { irq, mask })),
      () => b.set(ret, b.call(assignVectorLocked, { irq, mask })),
    );
    return ret;
  };

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

  /** 2.11: the irq has no vector any more; what still comes on the old ones finds their slots shut down. */
  const clearIrqVector = k.routine(
    'clear_irq_vector',
    { irq: 'irq' },
    (b, { irq }) => {
      const mark = behaviours.shutdownMark === 'mark' ? Slot.SHUTDOWN : Slot.UNUSED;
      const note = `vector_irq of the vector = ${behaviours.shutdownMark === 'mark' ? 'SHUTDOWN' : 'UNUSED'}`;
      const giveUp = (cpu: Reg<'cpu'>, vector: Reg<'vector'>): void => {
        const empty = (): void => b.store(d.vectorIrq, [cpu, vector], mark, note);
        if (behaviours.onlineSlots === 'before') b.if(b.maskTest(d.cpuOnlineMask, [], cpu), empty);
        else empty();
        matrixFree(b, d, irq, cpu, vector);
      };
      b.lock(d.vectorLock, []);
      b.atomic(() => {
        const cpu = b.load(d.apicdCpu, [irq]);
        const vector = b.load(d.apicdVector, [irq]);
        b.if(all(...hasVector(vector)), () => giveUp(cpu, vector));
        const prev = b.load(d.prevVector, [irq]);
        b.if(ne(prev, 0), () => {
          const prevCpu = b.load(d.prevCpu, [irq]);
          if (behaviours.freedMove === 'both') giveUp(prevCpu, prev);
          b.if(b.load(d.queued, [irq]), () => {
            b.listRemove(d.cleanupList, prevCpu, irq);
            b.store(d.queued, [irq], 0);
          });
          b.store(d.prevVector, [irq], 0);
          b.store(d.prevCpu, [irq], 0);
        });
        b.store(d.apicdVector, [irq], MANAGED_IRQ_SHUTDOWN_VECTOR);
        b.store(d.apicdCpu, [irq], b.maskFirst(d.cpuOnlineMask, []));
      });
      b.store(d.moveInProgress, [irq], 0, 'move_in_progress = 0');
      b.unlock(d.vectorLock, []);
    },
    { holds: [d.descLock] },
  );

  /** d2: offline is refused if the other CPUs have not enough free vectors. 1: it may go. */
  const lapicCanUnplugCpu = k.routine(
    'lapic_can_unplug_cpu',
    {},
    (b) => {
      b.lock(d.vectorLock, []);
      const left = b.let(sum, 0);
      const fits = b.let('bool', 0);
      b.atomic(() => {
        const cpus = b.constant('cpus');
        const cpu = b.let('cpu', 0);
        b.while(lt(cpu, cpus), () => {
          b.if(
            all(ne(cpu, SELF), () => b.maskTest(d.cpuOnlineMask, [], cpu)),
            () => b.set(left, b.add(sum, left, b.load(d.available, [cpu]))),
          );
          b.set(cpu, b.add(cpu, 1));
        });
        b.if(ge(left, b.let(sum, b.load(d.allocated, [SELF]))), () => b.set(fits, 1));
      });
      b.unlock(d.vectorLock, []);
      b.return(fits);
    },
    'bool',
  );

  return {
    ...cleanupRoutines(k, d, vcpus, behaviours),
    apicSetAffinity,
    apicRetriggerIrq,
    clearIrqVector,
    lapicCanUnplugCpu,
  };
}
