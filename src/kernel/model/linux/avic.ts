/**
 * AVIC (hardware.md F.3.3; races.md 6): units set bits in the vAPIC page of a vCPU, ring its core if its entries say that it runs, and
 * otherwise tell the log of their unit, whose interrupt wakes it.
 *
 * Not modelled: IPIs that vCPUs send each other by hardware; AVIC taken away for a while; the thread in which the log is read.
 */
import type { ProgramMachine } from '../../../machine/index.js';
import { eq, ne, SELF, type Assembler, type Builder, type Reg } from '../../index.js';
import type { Placement } from '../model.js';
import type { AmdTable } from './amdVi.js';
import type { Behaviours } from './behaviours.js';
import { AMD_IOMMU_VECTOR, AVIC_DOORBELL, Runs, type LinuxData } from './data.js';
import type { GuestEvents, Row, Vcpus } from './guest.js';
import { GA_TAG } from './guestEntry.js';

/** Bits of a unit's status (hardware.md F.1). */
const [GA_LOG_OVERFLOW, GA_LOG_INT] = [0x200, 0x400];

/** Numbers of the units whose logs tell of vCPUs. */
export function avicUnits({ iommus = [] }: Placement): readonly number[] {
  return iommus.flatMap(({ type }, u) => (type === 'amd' ? [u] : []));
}

/** `vectors`: of the guest, by irq. */
export function avicEvents(
  k: Assembler,
  avic: NonNullable<LinuxData['avic']>,
  { guest }: Vcpus,
  table: AmdTable,
  vectors: ReadonlyMap<number, number>,
  placement: Placement,
  behaviours: Behaviours,
): GuestEvents {
  const { irr, irListLock, irList, runs } = avic;
  /** The guest takes what is pending. */
  const deliver = (b: Builder): void => {
    const bits = b.exchange(irr, [0], 0, 'the guest takes what is in its IRR');
    for (const [irq, vector] of vectors) b.if(ne(b.and('u32', bits, 2 ** (vector & 31)), 0), () => b.serve(irq, 0, 'the guest’s handler'));
  };
  const setRuns = k.routine('avic_update_iommu_vcpu_affinity', { state: 'u8' }, (routine, { state }) => {
    const b = routine as unknown as Builder;
    b.lock(irListLock, []);
    // of a vCPU that is blocked already nothing changes when its thread loses the CPU
    b.if(ne(b.load(runs, []), state), () => {
      b.store(runs, [], state);
      b.if(eq(state, Runs.YES), () => b.store(avic.cpu, [], SELF));
      for (const each of vectors.keys()) {
        const irq = b.let('irq', each);
        b.if(b.load(irList, [irq]), () => table.update(b, irq));
      }
    });
    b.unlock(irListLock, []);
  });
  const set = (b: Builder, state: number): void => {
    b.call(setRuns, { state });
  };
  const enter = (b: Builder, vcpu: Row): void => {
    b.store(guest, [SELF], b.add('vcpu', vcpu, 1), 'VM entry');
    deliver(b);
  };
  const logInterrupt = (u: number, exit: (b: Builder) => void, wakeUp: (b: Builder, vcpu: Row) => void) =>
    k.routine(`amd_iommu_int_thread_${u}`, { vector: 'vector' }, (routine) => {
      const b = routine as unknown as Builder;
      exit(b);
      b.lapicWrite('eoi', 0);
      const mask = GA_LOG_INT | (behaviours.gaLogOverflow === 'restart' ? GA_LOG_OVERFLOW : 0);
      const status = (): Reg<'u32'> => b.and('u32', b.unitRead(u, 'status'), mask);
      b.while(
        () => ne(status(), 0),
        () => {
          b.unitStatus(u, mask, 'status: what it says is cleared');
          b.while(
            () => ne(b.unitRead(u, 'logWaiting'), 0),
            () => {
              const tag = b.unitRead(u, 'logTag');
              b.unitLogHead(u);
              b.if(eq(tag, GA_TAG), () => wakeUp(b, b.let('vcpu', 0)));
            },
          );
        },
      );
      b.iret();
    });
  return {
    enter,
    look: () => undefined,
    isPending: (b) => [() => ne(b.load(irr, [0], 'is there something in its IRR?'), 0)],
    load: () => undefined,
    begin: (b) => set(b, Runs.YES),
    unload: (b) => set(b, Runs.NO),
    halt(b, _, sleep) {
      set(b, Runs.BLOCKED);
      sleep();
    },
    stay: (b) => set(b, Runs.YES),
    sleep: () => undefined,
    handlers(exit, wakeUp) {
      /** What the core does by itself, and nobody's handler (F.3.3). */
      const doorbell = k.routine('avic_doorbell', { vector: 'vector' }, (routine) => {
        const b = routine as unknown as Builder;
        b.lapicWrite('eoi', 0);
        b.if(ne(b.load(guest, [SELF]), 0), () => deliver(b));
        b.iret();
      });
      return new Map([
        [AVIC_DOORBELL, doorbell],
        ...avicUnits(placement).map((u) => [AMD_IOMMU_VECTOR - u, logInterrupt(u, exit, wakeUp)] as const),
      ]);
    },
    boot(machine: ProgramMachine, [cpu = 0]) {
      machine.setVariable(runs.slot, 0, 0, Runs.YES);
      machine.setVariable(avic.cpu.slot, 0, 0, cpu);
      placement.irqs.forEach(({ vcpu }, irq) => {
        if (vcpu !== undefined) machine.setVariable(irList.slot, irq, 0, 1);
      });
    },
  };
}
