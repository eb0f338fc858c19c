/** The kernel's data, its devices and CPUs in the state in which a scenario starts (linux.md 2.3, 2.11). */
import type { ProgramMachine } from '../../../machine/index.js';
import type { MachineSize } from '../../index.js';
import { ModelError, type IrqPlacement, type Placement } from '../model.js';
import type { Chip } from './chip.js';
import { isLegacy, MANAGED_IRQ_SHUTDOWN_VECTOR, Slot, State, vectorsOf, type LinuxData } from './data.js';
import { TPR } from './hotplug.js';
import type { IrqKinds } from './irqKinds.js';
import { bootPosted } from './postedMsi.js';
import { isReservable } from './registers.js';

/** Irqs that somebody has on their vectors, the others as allocation left them; CPUs set up as `start_secondary` leaves them. */
export function boot(machine: ProgramMachine, d: LinuxData, chip: Chip, kinds: IrqKinds, size: MachineSize, placement: Placement): void {
  const { online, irqs, operations, devices } = placement;
  const reserved = irqs.map(({ device, requested = true }) => {
    const model = devices[device];
    return !requested && model !== undefined && isReservable(model);
  });
  kinds.boot(machine);
  if (d.postedMsi) bootPosted(machine, d.postedMsi, d.destinations, placement);
  const used = new Map<number, number>();
  for (let vector = size.vectorLo; d.reachesLegacy && vector < size.vectorHi; vector++) {
    if (!isLegacy(vector)) continue;
    online.forEach((_, c) => machine.setMaskBit(d.allocMap.slot, c, vector));
  }
  const allocated = new Map<number, number>();
  if (d.managed) bootManaged(machine, d.managed, size, irqs, reserved, used);
  irqs.forEach((irq, i) => {
    const { managed = false, requested = true, affinity } = irq;
    // until somebody has it, the first online CPU and a vector that nobody takes for one (2.11)
    const target = reserved[i] ? { cpu: online.indexOf(true), vector: MANAGED_IRQ_SHUTDOWN_VECTOR } : { cpu: irq.cpu, vector: irq.vector };
    if (d.life) machine.setVariable(d.life.activated.slot, i, 0, reserved[i] ? 0 : 1);
    machine.setVariable(d.apicdVector.slot, i, 0, target.vector);
    machine.setVariable(d.apicdCpu.slot, i, 0, target.cpu);
    machine.setVariable(d.started.slot, i, 0, requested ? State.STARTED : State.SHUTDOWN);
    if (!reserved[i]) {
      machine.setVariable(d.vectorIrq.slot, irq.cpu, irq.vector, i + Slot.FIRST);
      machine.setMaskBit(d.allocMap.slot, irq.cpu, irq.vector);
      if (!managed) for (const counts of [used, allocated]) counts.set(irq.cpu, (counts.get(irq.cpu) ?? 0) + 1);
    }
    if (d.masked) machine.setVariable(d.masked.slot, i, 0, requested ? 0 : 1);
    if (d.threads) machine.setVariable(d.threads.isThreaded.slot, i, 0, irq.threaded ? 1 : 0);
    machine.setMask(d.affinity.slot, i, affinity);
    chip.boot(machine, i, target, !requested);
  });
  const vectors = vectorsOf(size).length;
  online.forEach((on, c) => {
    machine.setVariable(d.available.slot, c, 0, vectors - (used.get(c) ?? 0));
    machine.setVariable(d.allocated.slot, c, 0, allocated.get(c) ?? 0);
    if (on) machine.setMaskBit(d.cpuOnlineMask.slot, 0, c);
    machine.setCpu(
      c,
      on ? { svr: 0x1ff, tpr: TPR, run: 'running', interruptsOn: true } : { svr: 0xff, tpr: 0, run: 'waitForSipi', interruptsOn: false },
    );
  });
  operations.forEach((o, i) => {
    const mask = d.operationMasks[i];
    if (o.kind === 'move' && mask) for (const cpu of o.to) machine.setMaskBit(mask.slot, 0, cpu);
  });
}

/** irq_matrix_reserve_managed, for each managed irq on each CPU of its affinity. Counts what is taken on each CPU. */
function bootManaged(
  machine: ProgramMachine,
  managed: NonNullable<LinuxData['managed']>,
  size: MachineSize,
  irqs: readonly IrqPlacement[],
  reserved: readonly boolean[],
  used: Map<number, number>,
): void {
  const taken = new Set(irqs.map(({ cpu, vector }) => `${cpu} ${vector}`));
  const reserve = (cpu: number, vector: number): void => {
    taken.add(`${cpu} ${vector}`);
    used.set(cpu, (used.get(cpu) ?? 0) + 1);
    machine.setMaskBit(managed.managedMap.slot, cpu, vector);
  };
  const all = vectorsOf(size);
  const allocated = new Map<number, number>();
  irqs.forEach((irq, i) => {
    if (!irq.managed) return;
    machine.setVariable(managed.isManaged.slot, i, 0, 1);
    if (!reserved[i]) allocated.set(irq.cpu, (allocated.get(irq.cpu) ?? 0) + 1);
    machine.setVariable(managed.managedAllocated.slot, irq.cpu, 0, allocated.get(irq.cpu) ?? 0);
    reserve(irq.cpu, irq.vector);
    for (const cpu of irq.affinity.filter((each) => each !== irq.cpu)) {
      const free = all.find((v) => !taken.has(`${cpu} ${v}`));
      if (free === undefined)
        throw new ModelError(
          'no vector of the universe is free to be reserved for a managed irq on each CPU of its affinity; raise universe vectors',
        );
      reserve(cpu, free);
    }
  });
}
