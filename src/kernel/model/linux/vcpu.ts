/**
 * Virtual CPUs to which devices post (hardware.md E.3, E.4; races.md 7): the thread of a vCPU gets a CPU and loses it, the guest executes
 * HLT and its vCPU blocks, an event wakes it. Who changes a descriptor does so while units post into it.
 *
 * Not modelled: what the host does with an event of an irq that is not posted, to inject it (its driver's handler is the end of it); a
 * guest with interrupts off; exits to user space.
 */
import { PidControl, PidWord } from '../../../core/index.js';
import type { ProgramMachine } from '../../../machine/index.js';
import { all, any, eq, ne, SELF, type Assembler, type Builder, type Reg, type Routine } from '../../index.js';
import type { Placement } from '../model.js';
import type { Behaviours } from './behaviours.js';
import { POSTED_INTR_VECTOR, POSTED_INTR_WAKEUP_VECTOR, type LinuxData } from './data.js';
import { guestMode, type Row, type Vcpus } from './guest.js';
import { blocksEarly, piRoutines } from './piDescriptor.js';

export type VcpuRoutines = ReturnType<typeof vcpuRoutines>;

/** From the wake-up, or the loss of its CPU, to the thread's first instruction there, in cycles of 1/3 ns: 5 us. */
const WAKE_UP = 15_000;
const builderOf = (b: unknown): Builder => b as Builder;

/** No stopper comes before the end: a CPU that goes offline has nothing left of it. */
const done = (b: Builder, op: Reg<'u8'>): void => {
  b.preemptOff();
  b.restoreFlags(b.let('bool', 1));
  b.opEnd(op);
  b.end();
};

/** `vectors`: of the guest, by irq. */
export function vcpuRoutines(
  k: Assembler,
  d: LinuxData,
  vcpus: Vcpus,
  vectors: ReadonlyMap<number, number>,
  placement: Placement,
  behaviours: Behaviours,
) {
  const { pid, guest, wakeupLock, wakeupList, taskCpu, loaded, halted, sleeping } = vcpus;
  const count = placement.vcpus?.length ?? 0;
  const early = blocksEarly(behaviours);
  const { harvest, syncPir, deliver, isPending, enter } = guestMode(vcpus, vectors, behaviours);
  const { piLoad, enableWakeup, postBlock } = piRoutines(k, vcpus, behaviours);
  /** For every vCPU of the machine. */
  const each = (b: Builder, body: (vcpu: Row) => void): void => {
    for (let v = 0; v < count; v++) body(b.let('vcpu', v));
  };

  /** What kvm_vcpu_block does until an event comes, interrupts off: it looks, and sleeps. Interrupts that come find it asleep. */
  const sleep: Routine<{ vcpu: 'vcpu' }, undefined> = k.routine('kvm_vcpu_block', { vcpu: 'vcpu' }, (routine, { vcpu }) => {
    const b = builderOf(routine);
    b.store(sleeping, [vcpu], 1, 'its thread is about to sleep');
    syncPir(b, vcpu);
    b.if(any(eq(b.load(halted, [vcpu]), 0), ...isPending(b, vcpu)), () => {
      b.testAndClear(sleeping, [vcpu], 0);
      b.store(halted, [vcpu], 0);
      if (early) postBlock(b, vcpu);
      enter(b, vcpu);
      b.return();
    });
    if (!early) {
      const old = enableWakeup(b, vcpu);
      if (behaviours.piBlockOn === 'test')
        b.if(ne(b.and('u32', old, PidControl.on), 0), () =>
          b.ipi(b.constant('apicId', SELF), POSTED_INTR_WAKEUP_VECTOR, 'ON was set: wakeup IPI to itself'),
        );
    }
    b.store(loaded, [vcpu], 0, 'its thread sleeps');
  });

  /** The guest has executed HLT; interrupts are off. */
  const halt = (b: Builder, vcpu: Row): void => {
    b.store(halted, [vcpu], 1);
    if (!early) {
      b.call(sleep, { vcpu });
      return;
    }
    enableWakeup(b, vcpu);
    const block = (): void => {
      b.call(sleep, { vcpu });
    };
    if (behaviours.piBlockOn === 'none') block();
    else
      b.if(
        b.isOn(pid, vcpu, 'has something been posted meanwhile?'),
        () => {
          postBlock(b, vcpu);
          b.store(halted, [vcpu], 0);
          enter(b, vcpu);
        },
        block,
      );
  };

  /** The thread of a vCPU at some later time on its CPU: modelled by what it does then, as a timer of that CPU. */
  const run = k.timer(
    'vcpu_run',
    k.routine('vcpu_run', {}, (routine) => {
      const b = builderOf(routine);
      b.cli();
      each(b, (vcpu) => {
        const isHere = all(
          () => eq(b.load(taskCpu, [vcpu]), SELF),
          () => eq(b.load(sleeping, [vcpu]), 0),
        );
        b.if(isHere, () =>
          b.if(
            b.load(loaded, [vcpu]),
            // unless it is in the middle of an operation
            () =>
              b.if(
                all(eq(b.load(guest, [SELF]), 0), () => eq(b.load(halted, [vcpu]), 0)),
                () => enter(b, vcpu),
              ),
            () => {
              b.call(piLoad, { vcpu });
              b.store(vcpus.cpu, [vcpu], SELF);
              b.store(loaded, [vcpu], 1);
              b.if(
                b.load(halted, [vcpu]),
                () => b.call(sleep, { vcpu }),
                () => enter(b, vcpu),
              );
            },
          ),
        );
      });
      b.end();
    }),
    WAKE_UP,
  );

  /** Its thread wakes up, if it sleeps. */
  const wakeUp = (b: Builder, vcpu: Row): void =>
    b.if(b.testAndClear(sleeping, [vcpu], 0, 'wake its thread'), () =>
      b.timerArm(b.load(taskCpu, [vcpu]), run, 'its thread runs, and loads it'),
    );

  /** The CPU is taken from the thread; interrupts are off. */
  const preempted = (b: Builder, vcpu: Row): void => {
    b.store(guest, [SELF], 0, 'VM exit');
    b.controlSet(pid, vcpu, { sn: 1 }, 'descriptor: set SN');
    b.store(loaded, [vcpu], 0, 'its thread has lost its CPU');
  };

  /** An interrupt of the host ends guest mode; the vCPU enters again later. */
  const exit = (b: Builder): void =>
    b.if(ne(b.load(guest, [SELF]), 0), () => {
      b.store(guest, [SELF], 0, 'VM exit');
      b.timerArm(SELF, run, 'the vCPU enters again');
    });

  /** In guest mode it is the CPU that does this, and nobody's handler (E.3). */
  const notification = k.routine('sysvec_kvm_posted_intr_ipi', { vector: 'vector' }, (routine) => {
    const b = builderOf(routine);
    b.if(
      eq(b.load(guest, [SELF]), 0),
      () => b.lapicWrite('eoi', 0, 'nothing more: the next VM entry looks'),
      () => {
        const vcpu = b.sub('vcpu', b.load(guest, [SELF]), 1);
        b.clearOn(pid, vcpu, 'guest mode: clear ON');
        b.lapicWrite('eoi', 0);
        harvest(b, vcpu);
        deliver(b, vcpu);
      },
    );
    b.iret();
  });

  const wakeup = k.routine('sysvec_kvm_posted_intr_wakeup_ipi', { vector: 'vector' }, (routine) => {
    const b = builderOf(routine);
    exit(b);
    b.lapicWrite('eoi', 0);
    b.lock(wakeupLock, [SELF]);
    each(b, (vcpu) => {
      const isPosted = all(
        () => b.load(wakeupList, [SELF, vcpu]),
        () => b.isOn(pid, vcpu),
      );
      b.if(isPosted, () => wakeUp(b, vcpu));
    });
    b.unlock(wakeupLock, [SELF]);
    b.iret();
  });

  const operation = (name: string, body: (b: Builder, vcpu: Row) => void) =>
    k.routine(name, { op: 'u8', vcpu: 'vcpu' }, (b, { op, vcpu }) => {
      b.cli();
      body(builderOf(b), vcpu);
      done(builderOf(b), op);
    });

  const operations = {
    preempt: operation('vcpu_preempt', (b, vcpu) =>
      b.if(b.load(loaded, [vcpu]), () => {
        preempted(b, vcpu);
        b.timerArm(SELF, run, 'its thread gets the CPU back');
      }),
    ),
    block: operation('kvm_vcpu_halt', (b, vcpu) =>
      b.if(eq(b.load(guest, [SELF]), b.add('vcpu', vcpu, 1)), () => {
        b.store(guest, [SELF], 0, 'VM exit: HLT');
        halt(b, vcpu);
      }),
    ),
    wake: operation('kvm_vcpu_wake_up', (b, vcpu) => {
      b.store(halted, [vcpu], 0, 'an event for it, not of a device');
      wakeUp(b, vcpu);
    }),
    load: k.routine('vcpu_migrate', { op: 'u8', vcpu: 'vcpu', cpu: 'cpu' }, (routine, { op, vcpu, cpu }) => {
      const b = builderOf(routine);
      b.cli();
      b.store(taskCpu, [vcpu], cpu);
      b.if(
        b.load(loaded, [vcpu]),
        () => preempted(b, vcpu),
        () => void b.testAndClear(sleeping, [vcpu], 0, 'wake its thread'),
      );
      b.timerArm(cpu, run, 'its thread runs there, and loads it');
      done(b, op);
    }),
  };

  return {
    operations,
    notification,
    wakeup,
    exit,
    /** The CPU goes offline: vCPUs on it lose it. */
    leaveGuest(b: Builder): void {
      each(b, (vcpu) => {
        const isHere = all(
          () => eq(b.load(taskCpu, [vcpu]), SELF),
          () => b.load(loaded, [vcpu]),
        );
        b.if(isHere, () => preempted(b, vcpu));
      });
    },
    /** Threads of a CPU that is offline run elsewhere. One that sleeps is not woken for that. */
    leaveCpu(b: Builder): void {
      const other = b.maskFirst(d.cpuOnlineMask, []);
      each(b, (vcpu) =>
        b.if(eq(b.load(taskCpu, [vcpu]), SELF), () => {
          b.store(taskCpu, [vcpu], other);
          b.if(eq(b.load(sleeping, [vcpu]), 0), () => b.timerArm(other, run, 'its thread goes to another CPU'));
        }),
      );
      b.timerCancel(SELF, run);
    },
  };
}

/** Where each vCPU is, in words. */
export function describeVcpus(machine: ProgramMachine, vcpus: Vcpus, count: number): readonly string[] {
  return Array.from({ length: count }, (_, v) => {
    const of = (variable: { readonly slot: number }): number => machine.variable(variable.slot, v);
    const cpu = of(vcpus.taskCpu);
    if (of(vcpus.loaded) === 0) {
      if (of(vcpus.sleeping) === 0) return `waits for cpu ${cpu}`;
      const list = of(vcpus.listCpu);
      return machine.variable(vcpus.wakeupList.slot, list, v) ? `blocked, on the list of cpu ${list}` : 'blocked, on no list';
    }
    return machine.variable(vcpus.guest.slot, cpu) === v + 1 ? `its guest runs on cpu ${cpu}` : `on cpu ${cpu}, not in its guest`;
  });
}

/** vCPUs run on their CPUs, with nothing posted. */
export function bootVcpus(machine: ProgramMachine, vcpus: Vcpus, { vcpus: cpus = [], irqs, apicIds }: Placement): void {
  cpus.forEach((cpu, v) => {
    const [first, second] = machine.descriptorAddress(vcpus.pid.slot, v);
    machine.setVariable(vcpus.address.slot, v, 1, first);
    machine.setVariable(vcpus.address.slot, v, 3, second);
    machine.setVariable(vcpus.pid.slot, v, PidWord.control, POSTED_INTR_VECTOR << PidControl.nvShift);
    machine.setVariable(vcpus.pid.slot, v, PidWord.ndst, (apicIds[cpu] ?? 0) << 8);
    for (const variable of [vcpus.cpu, vcpus.taskCpu, vcpus.listCpu]) machine.setVariable(variable.slot, v, 0, cpu);
    machine.setVariable(vcpus.loaded.slot, v, 0, 1);
    machine.setVariable(vcpus.guest.slot, cpu, 0, v + 1);
  });
  irqs.forEach(({ vcpu }, irq) => {
    if (vcpu !== undefined) machine.setVariable(vcpus.postedTo.slot, irq, 0, vcpu + 1);
  });
}
