/** CPU offline with stop_machine, and online (linux.md 2.8, 2.9). */
import { all, any, eq, ge, lt, ne, SELF, type Assembler, type Builder, type Reg } from '../../index.js';
import { NONE } from '../../../core/index.js';
import type { Activation } from './activation.js';
import type { Behaviours } from './behaviours.js';
import { CpuState, FIRST_ISA_VECTOR, INT80_VECTOR, ISA_VECTORS, Slot, Stop, type LinuxData } from './data.js';
import type { AffinityRoutines } from './affinity.js';
import { lapic } from './lapic.js';
import { isVectorPending } from './pending.js';
import { postedInit } from './postedMsi.js';
import type { Threads } from './threads.js';
import type { VcpuRoutines } from './vcpu.js';
import type { VectorRoutines } from './vector.js';

/** mdelay(1) in cycles of 1/3 ns. */
const MDELAY = 3_000_000;
/** Vectors 0x10-0x1f never fire (linux.md 2.2). */
export const TPR = 0x10;

export type HotplugRoutines = ReturnType<typeof hotplugRoutines>;

export function hotplugRoutines(
  k: Assembler,
  d: LinuxData,
  v: VectorRoutines,
  affinity: AffinityRoutines,
  activation: Activation | undefined,
  threads: Threads | undefined,
  vcpus: VcpuRoutines | undefined,
  behaviours: Behaviours,
) {
  /** d6: what the dying CPU has pending is sent to where its irq goes now. */
  const scanIrr = k.routine('fixup_irqs_scan', {}, (b) => {
    const vector = b.constant('vectorLo');
    b.loop(() => {
      const found = b.scan(d.vectorIrq, [SELF], vector, Slot.UNUSED);
      b.if(eq(found, NONE), () => b.break());
      b.set(vector, found);
      const slot = b.load(d.vectorIrq, [SELF, vector]);
      b.if(ge(slot, Slot.FIRST), () => {
        if (behaviours.irrScan === 'scan') {
          b.if(isVectorPending(b as unknown as Builder, d, behaviours, vector, 'is it pending on the dying CPU?'), () => {
            const irq = b.let('irq', b.sub('u16', slot, Slot.FIRST));
            b.lock(d.descLock, [irq]);
            if (behaviours.retrigger === 'ipi') b.call(v.apicRetriggerIrq, { irq });
            if (behaviours.slotMark === 'mark')
              b.store(d.vectorIrq, [SELF, vector], Slot.RETRIGGERED, 'vector_irq of the pending vector = RETRIGGERED');
            b.unlock(d.descLock, [irq]);
          });
        }
        b.if(ne(b.load(d.vectorIrq, [SELF, vector]), Slot.RETRIGGERED), () =>
          b.store(d.vectorIrq, [SELF, vector], Slot.UNUSED, 'vector_irq of the vector = UNUSED'),
        );
      });
      b.set(vector, b.add(vector, 1));
    });
  });

  const fixupIrqs = k.routine('fixup_irqs', {}, (b) => {
    const irq = b.let('irq', 0);
    b.while(
      () => lt(irq, b.constant('sources')),
      () => {
        b.lock(d.descLock, [irq]);
        b.call(affinity.migrateOneIrq, { irq });
        b.unlock(d.descLock, [irq]);
        b.set(irq, b.add(irq, 1));
      },
    );
    if (behaviours.settleDelay === 'mdelay') b.delay(MDELAY, 'mdelay(1)');
    b.call(scanIrr, {});
  });

  /** d10: the idle task of a dead CPU. */
  const playDead = k.routine('play_dead', {}, (b) => {
    b.cli();
    b.store(d.cpuState, [SELF], CpuState.DEAD);
    b.park('play_dead: hlt with interrupts off');
  });

  /** d2-d8, on the dying CPU, all others spin with interrupts off. */
  const takeCpuDown = k.routine('take_cpu_down', {}, (b) => {
    b.if(eq(b.call(v.lapicCanUnplugCpu, {}), 0), () => {
      b.store(d.stopError, [], 1);
      b.return();
    });
    vcpus?.leaveGuest(b as unknown as Builder);
    if (behaviours.lapicDisable === 'never') lapic.maskLocal(b);
    if (behaviours.lapicDisable === 'early') lapic.softDisable(b);
    b.lock(d.vectorLock, []);
    b.maskClear(d.cpuOnlineMask, [], SELF, 'set_cpu_online(false)');
    b.unlock(d.vectorLock, []);
    b.call(fixupIrqs, {});
    if (behaviours.offlineList === 'free') b.call(v.lapicOffline, {});
    if (behaviours.lapicDisable === 'late') lapic.softDisable(b);
    threads?.leaveCpu(b as unknown as Builder);
    vcpus?.leaveCpu(b as unknown as Builder);
    b.wake(SELF, 'thread', playDead);
  });

  const ackState = k.routine('ack_state', { next: 'u8' }, (b, { next }) => {
    b.if(eq(b.fetchAdd(d.stopAck, [], -1), 0), () => {
      b.store(d.stopAck, [], b.load(d.stopThreads));
      b.store(d.stopState, [], next);
    });
  });

  /** d1: all CPUs go through the phases together; the last to come opens the next one. */
  const multiCpuStop = k.routine('multi_cpu_stop', {}, (b) => {
    b.call(ackState, { next: Stop.DISABLE_IRQ });
    b.waitEq(d.stopState, [], Stop.DISABLE_IRQ);
    b.cli('stop_machine: interrupts off');
    b.call(ackState, { next: Stop.RUN });
    b.waitEq(d.stopState, [], Stop.RUN);
    b.if(eq(b.load(d.stopActive), SELF), () => b.call(takeCpuDown, {}));
    b.call(ackState, { next: Stop.EXIT });
    b.waitEq(d.stopState, [], Stop.EXIT);
    b.restoreFlags(b.let('bool', 1), 'stop_machine: interrupts on again, on the dying CPU too');
    b.fetchAdd(d.stopTodo, [], -1);
    b.end();
  });

  const cpuDown = k.routine('cpu_down', { op: 'u8', cpu: 'cpu' }, (b, { op, cpu }) => {
    b.if(
      any(
        () => eq(b.maskTest(d.cpuOnlineMask, [], cpu), 0),
        () => eq(b.maskCount(d.cpuOnlineMask, []), 1),
      ),
      () => {
        b.opEnd(op);
        b.end();
      },
    );
    const cpus = b.maskCount(d.cpuOnlineMask, []);
    // nobody else is in here: cpu_hotplug_lock
    b.store(d.stopThreads, [], b.let('cpu', cpus));
    b.store(d.stopAck, [], b.let('cpu', cpus));
    b.store(d.stopTodo, [], b.let('cpu', cpus));
    b.store(d.stopActive, [], cpu);
    b.store(d.stopError, [], 0);
    b.store(d.stopState, [], Stop.PREPARE);
    b.preemptOff();
    const each = b.let('cpu', 0);
    b.while(lt(each, b.constant('cpus')), () => {
      b.if(b.maskTest(d.cpuOnlineMask, [], each), () => b.wake(each, 'stopper', multiCpuStop));
      b.set(each, b.add(each, 1));
    });
    b.preemptOn();
    b.waitEq(d.stopTodo, [], 0);
    b.store(d.stopState, [], Stop.NONE);
    b.if(eq(b.load(d.stopError), 0), () => b.waitEq(d.cpuState, [cpu], CpuState.DEAD));
    b.opEnd(op);
    b.end();
  });

  /** irq_affinity_online_cpu. */
  const startManaged = (b: Builder, { startManaged: start }: Activation): void => {
    const irq = b.let('irq', 0);
    const cpu = b.let('cpu', SELF);
    b.while(
      () => lt(irq, b.constant('sources')),
      () => {
        b.lock(d.descLock, [irq]);
        start(b, irq, cpu);
        b.unlock(d.descLock, [irq]);
        b.set(irq, b.add(irq, 1));
      },
    );
  };

  /** A vector that is still allocated on this CPU is free. */
  const forget = (b: Builder, vector: Reg<'vector'>): void => {
    const isDevices = d.reachesLegacy
      ? [
          () => ne(vector, INT80_VECTOR),
          any(
            () => lt(vector, FIRST_ISA_VECTOR),
            () => ge(vector, FIRST_ISA_VECTOR + ISA_VECTORS),
          ),
        ]
      : [];
    b.if(
      all(() => b.maskTest(d.allocMap, [SELF], vector), ...isDevices),
      () => {
        b.maskClear(d.allocMap, [SELF], vector);
        b.fetchAdd(d.available, [SELF], 1);
        b.fetchAdd(d.allocated, [SELF], -1);
      },
    );
  };

  /** __setup_vector_irq: the slots of irqs that have this CPU as their target. */
  const fillSlots = (b: Builder): void => {
    const irq = b.let('irq', 0);
    b.while(
      () => lt(irq, b.constant('sources')),
      () => {
        const isHere = all(
          () => eq(b.load(d.apicdCpu, [irq]), SELF),
          () => ge(b.load(d.apicdVector, [irq]), b.constant('vectorLo')),
          () => lt(b.load(d.apicdVector, [irq]), b.constant('vectorHi')),
        );
        b.if(isHere, () =>
          b.store(d.vectorIrq, [SELF, b.load(d.apicdVector, [irq])], b.add('u16', irq, Slot.FIRST), 'vector_irq of the vector = irq'),
        );
        b.set(irq, b.add(irq, 1));
      },
    );
  };

  /** 2.9, on the CPU that comes up; INIT has cleared its LAPIC. */
  const startSecondary = k.routine('start_secondary', {}, (b) => {
    lapic.setUp(b, TPR);
    if (d.postedMsi) postedInit(b as unknown as Builder, d.postedMsi, d.destinations);
    b.lock(d.vectorLock, []);
    b.atomic(() => {
      if (behaviours.onlineSlots === 'locked') b.maskSet(d.cpuOnlineMask, [], SELF);
      const vector = b.constant('vectorLo');
      b.while(lt(vector, b.constant('vectorHi')), () => {
        b.store(d.vectorIrq, [SELF, vector], Slot.UNUSED);
        if (behaviours.matrixOnline === 'zeroed') forget(b as unknown as Builder, vector);
        b.set(vector, b.add(vector, 1));
      });
    }, 'lapic_online');
    if (behaviours.onlineSlots === 'before') {
      fillSlots(b as unknown as Builder);
      b.unlock(d.vectorLock, []);
      b.lock(d.vectorLock, []);
      b.maskSet(d.cpuOnlineMask, [], SELF, 'set_cpu_online(true)');
    }
    b.unlock(d.vectorLock, []);
    lapic.setUpTimer(b);
    if (d.managed && activation) startManaged(b as unknown as Builder, activation);
    b.sti();
    // no stopper takes over between the announcement and the idle loop: the next offline needs this thread for play_dead
    b.preemptOff();
    b.store(d.cpuState, [SELF], CpuState.UP);
    b.end();
  });

  const cpuUp = k.routine('cpu_up', { op: 'u8', cpu: 'cpu' }, (b, { op, cpu }) => {
    b.if(b.maskTest(d.cpuOnlineMask, [], cpu), () => {
      b.opEnd(op);
      b.end();
    });
    lapic.wakeUp(b, cpu);
    b.waitEq(d.cpuState, [cpu], CpuState.UP);
    b.store(d.cpuState, [cpu], CpuState.ONLINE);
    b.opEnd(op);
    b.end();
  });

  return { cpuDown, cpuUp, startSecondary };
}
