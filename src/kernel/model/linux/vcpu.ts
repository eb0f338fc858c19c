/**
 * Virtual CPUs to which devices post (hardware.md E.3, E.4; races.md 7): the thread of a vCPU gets a CPU and loses it, the guest executes
 * HLT and its vCPU blocks, an event wakes it. Who changes a descriptor does so while units post into it.
 *
 * Not modelled: what the host does with an event of an irq that is not posted, to inject it (its driver's handler is the end of it); a
 * guest with interrupts off; exits to user space.
 */
import { PidControl, PidWord } from '../../../core/index.js';
import type { ProgramMachine } from '../../../machine/index.js';
import { all, any, eq, ne, not, SELF, type Assembler, type Builder, type Condition, type Reg, type Routine } from '../../index.js';
import type { Placement } from '../model.js';
import type { Behaviours } from './behaviours.js';
import { POSTED_INTR_VECTOR, POSTED_INTR_WAKEUP_VECTOR, type LinuxData } from './data.js';

export type Vcpus = NonNullable<LinuxData['vcpus']>;
export type VcpuRoutines = ReturnType<typeof vcpuRoutines>;

/** From the wake-up, or the loss of its CPU, to the thread's first instruction there, in cycles of 1/3 ns: 5 us. */
const WAKE_UP = 15_000;
const NV = 0xff << PidControl.nvShift;
const WAKEUP_NV = POSTED_INTR_WAKEUP_VECTOR << PidControl.nvShift;

/** Irqs, by index, that are ever posted to a vCPU. */
export function postedIrqs({ irqs, operations }: Placement): readonly number[] {
  const byOperation = new Set(operations.flatMap((o) => (o.kind === 'post' ? [o.irq] : [])));
  return irqs.flatMap(({ vcpu }, irq) => (vcpu !== undefined || byOperation.has(irq) ? [irq] : []));
}

/** The guest's vector of an irq, of the universe: one bit of PIR for each that is ever posted. */
export function guestVectors(placement: Placement, { vectorLo }: { readonly vectorLo: number }): ReadonlyMap<number, number> {
  return new Map(postedIrqs(placement).map((irq, i) => [irq, vectorLo + i]));
}

type Row = Reg<'vcpu'>;

/** `vectors`: of the guest, by irq. */
export function vcpuRoutines(
  k: Assembler,
  d: LinuxData,
  vcpus: Vcpus,
  vectors: ReadonlyMap<number, number>,
  placement: Placement,
  behaviours: Behaviours,
) {
  const { pid, virr, guest, wakeupLock, wakeupList, listCpu, taskCpu, loaded, halted, sleeping } = vcpus;
  const count = placement.vcpus?.length ?? 0;
  const blocksEarly = behaviours.piBlock === 'preBlock';
  const ndst = (b: Builder): Reg<'u32'> => b.shl('u32', b.constant('apicId', SELF), 8);
  const builderOf = (b: unknown): Builder => b as Builder;
  /** For every vCPU of the machine. */
  const each = (b: Builder, body: (vcpu: Row) => void): void => {
    for (let v = 0; v < count; v++) body(b.let('vcpu', v));
  };

  /** What is in PIR becomes pending in VIRR. */
  const harvest = (b: Builder, vcpu: Row): void => {
    const word = b.shr('pidWord', b.constant('vectorLo'), 5);
    const bits = b.exchange(pid, [vcpu, word], 0, 'take what is in PIR');
    for (const [irq, vector] of vectors)
      b.if(ne(b.and('u32', bits, 2 ** (vector & 31)), 0), () => b.testAndSet(virr, [irq], vcpu, 'VIRR: pending for the guest'));
  };
  /** vmx_sync_pir_to_irr: ON says whether there is something; it is cleared first (E.3). */
  const syncPir = (b: Builder, vcpu: Row): void =>
    b.if(b.isOn(pid, vcpu), () => {
      b.clearOn(pid, vcpu, 'clear ON: what is posted from here on notifies again');
      harvest(b, vcpu);
    });
  /** The guest takes what is pending, one vector after the other. */
  const deliver = (b: Builder, vcpu: Row): void => {
    for (const irq of vectors.keys()) b.if(b.testAndClear(virr, [irq], vcpu), () => b.serve(irq, 0, 'the guest’s handler'));
  };
  const isPending = (b: Builder, vcpu: Row): readonly (() => Condition)[] =>
    [...vectors.keys()].map((irq) => () => ne(b.and('u32', b.shr('u32', b.load(virr, [irq]), vcpu), 1), 0));

  /** VM entry, interrupts off: a notification from here on is for the CPU in guest mode. */
  const enter = (b: Builder, vcpu: Row): void => {
    if (behaviours.vmEntry === 'sync') syncPir(b, vcpu);
    b.store(guest, [SELF], b.add('vcpu', vcpu, 1), 'VM entry');
    deliver(b, vcpu);
  };

  const listDel = (b: Builder, vcpu: Row): void => {
    const cpu = b.load(listCpu, [vcpu]);
    b.lock(wakeupLock, [cpu]);
    b.store(wakeupList, [cpu, vcpu], 0, 'off the list of its CPU');
    b.unlock(wakeupLock, [cpu]);
  };
  const listAdd = (b: Builder, vcpu: Row): void => {
    b.store(listCpu, [vcpu], SELF);
    b.lock(wakeupLock, [SELF]);
    b.store(wakeupList, [SELF, vcpu], 1, 'on the list of vCPUs that are blocked on this CPU');
    b.unlock(wakeupLock, [SELF]);
  };
  /** NV of blocked vCPUs; gives the lower half as it was found. */
  const setWakeupVector = (b: Builder, vcpu: Row): Reg<'u32'> => {
    const note = 'descriptor: NV of blocked vCPUs, this CPU';
    const fields = { nv: POSTED_INTR_WAKEUP_VECTOR, ndst: ndst(b) };
    if (behaviours.piUpdate === 'cmpxchg') return b.controlSet(pid, vcpu, fields, note);
    const old = b.load(pid, [vcpu, PidWord.control], 'read ON, SN and NV');
    b.store(pid, [vcpu, PidWord.ndst], fields.ndst);
    const kept = b.and('u32', old, PidControl.on | PidControl.sn);
    b.store(pid, [vcpu, PidWord.control], b.or('u32', kept, WAKEUP_NV), `${note}, with ON as it was read`);
    return old;
  };
  /** A vCPU that is about to block: who posts from here on wakes it. Gives the lower half as NV was changed. */
  const enableWakeup = (b: Builder, vcpu: Row): Reg<'u32'> => {
    if (behaviours.piBlockOrder === 'listFirst') listAdd(b, vcpu);
    const old = setWakeupVector(b, vcpu);
    if (behaviours.piBlockOrder === 'nvFirst') {
      b.restoreFlags(b.let('bool', 1));
      b.cli();
      listAdd(b, vcpu);
    }
    return old;
  };

  /** Behind the clear of SN: what was posted under it has left ON clear, and notified nobody. */
  const afterClearSn = (b: Builder, vcpu: Row): void => {
    if (behaviours.piLoad === 'snOnly') return;
    const word = b.shr('pidWord', b.constant('vectorLo'), 5);
    b.if(ne(b.load(pid, [vcpu, word], 'is PIR empty?'), 0), () => void b.setOn(pid, vcpu, 'set ON: the entry is to look'));
  };

  /** Up to 5.16: NV of running vCPUs, and off the list. */
  const postBlock = (b: Builder, vcpu: Row): void => {
    b.controlSet(pid, vcpu, { nv: POSTED_INTR_VECTOR, ndst: ndst(b) }, 'descriptor: NV of running vCPUs, this CPU');
    listDel(b, vcpu);
  };

  /** The thread of a vCPU gets this CPU; interrupts are off. */
  const piLoad = k.routine('vmx_vcpu_pi_load', { vcpu: 'vcpu' }, (routine, { vcpu }) => {
    const b = builderOf(routine);
    const control = b.load(pid, [vcpu, PidWord.control], 'read SN and NV');
    const stays = (): Condition => eq(b.load(vcpus.cpu, [vcpu]), SELF);
    const isBlocked = (): Condition => eq(b.and('u32', control, NV), WAKEUP_NV);
    const isSuppressed = (): Condition => ne(b.and('u32', control, PidControl.sn), 0);
    const clearSn = (): void => {
      b.controlSet(pid, vcpu, { sn: 0 }, 'descriptor: clear SN');
      afterClearSn(b, vcpu);
      b.return();
    };
    if (blocksEarly) {
      b.if(all(not(isSuppressed), stays), () => b.return());
      // who looks for blocked vCPUs looks on the list of the CPU that NDST names
      if (behaviours.piLoadBlocked === 'keep') b.if(any(isBlocked, stays), clearSn);
      b.controlSet(pid, vcpu, { sn: 0, ndst: ndst(b) }, 'descriptor: clear SN, this CPU');
    } else {
      b.if(all(not(isBlocked), stays), () => {
        b.if(isSuppressed, clearSn);
        b.return();
      });
      b.if(isBlocked, () => listDel(b, vcpu));
      const fields = { sn: 0, nv: POSTED_INTR_VECTOR, ndst: ndst(b) } as const;
      b.controlSet(pid, vcpu, fields, 'descriptor: clear SN, NV of running vCPUs, this CPU');
    }
    afterClearSn(b, vcpu);
  });

  /** What kvm_vcpu_block does until an event comes, interrupts off: it looks, and sleeps. Interrupts that come find it asleep. */
  const sleep: Routine<{ vcpu: 'vcpu' }, undefined> = k.routine('kvm_vcpu_block', { vcpu: 'vcpu' }, (routine, { vcpu }) => {
    const b = builderOf(routine);
    b.store(sleeping, [vcpu], 1, 'its thread is about to sleep');
    syncPir(b, vcpu);
    b.if(any(eq(b.load(halted, [vcpu]), 0), ...isPending(b, vcpu)), () => {
      b.testAndClear(sleeping, [vcpu], 0);
      b.store(halted, [vcpu], 0);
      if (blocksEarly) postBlock(b, vcpu);
      enter(b, vcpu);
      b.return();
    });
    if (!blocksEarly) {
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
    if (!blocksEarly) {
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
            () => b.if(all(eq(b.load(guest, [SELF]), 0), () => eq(b.load(halted, [vcpu]), 0)), () => enter(b, vcpu)),
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

  /** No stopper comes before the end: a CPU that goes offline has nothing left of it. */
  const done = (b: Builder, op: Reg<'u8'>): void => {
    b.preemptOff();
    b.restoreFlags(b.let('bool', 1));
    b.opEnd(op);
    b.end();
  };
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
