/**
 * The descriptor of a vCPU where its thread gets a CPU, loses it, or sleeps (hardware.md E.4; races.md 7), and the list of those that
 * are blocked on a CPU. Units post into it meanwhile.
 */
import { PidControl, PidWord } from '../../../core/index.js';
import { all, any, eq, ne, not, SELF, type Assembler, type Builder, type Condition, type Reg } from '../../index.js';
import type { Behaviours } from './behaviours.js';
import type { Destinations } from './destinations.js';
import { POSTED_INTR_VECTOR, POSTED_INTR_WAKEUP_VECTOR } from './data.js';
import type { Placement } from '../model.js';
import { guestMode, type Descriptors, type GuestEvents, type Row, type Vcpus } from './guest.js';

const NV = 0xff << PidControl.nvShift;
const WAKEUP_NV = POSTED_INTR_WAKEUP_VECTOR << PidControl.nvShift;

/** Up to 5.16 a vCPU is put on the list before its thread looks for events once more. */
const blocksEarly = ({ piBlock }: Behaviours): boolean => piBlock === 'preBlock';

function piRoutines(k: Assembler, pi: Descriptors, { of }: Destinations, behaviours: Behaviours) {
  /** NDST of this CPU */
  const ndst = (b: Builder): Reg<'u32'> => of(b, b.constant('apicId', SELF));
  const { pid, wakeupLock, wakeupList, listCpu } = pi;

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
    const b = routine as unknown as Builder;
    const control = b.load(pid, [vcpu, PidWord.control], 'read SN and NV');
    const stays = (): Condition => eq(b.load(pi.cpu, [vcpu]), SELF);
    const isBlocked = (): Condition => eq(b.and('u32', control, NV), WAKEUP_NV);
    const isSuppressed = (): Condition => ne(b.and('u32', control, PidControl.sn), 0);
    const clearSn = (): void => {
      b.controlSet(pid, vcpu, { sn: 0 }, 'descriptor: clear SN');
      afterClearSn(b, vcpu);
      b.return();
    };
    if (blocksEarly(behaviours)) {
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

  return { piLoad, enableWakeup, postBlock };
}

/** `vectors`: of the guest, by irq. */
export function piEvents(
  k: Assembler,
  pi: Descriptors,
  destinations: Destinations,
  vcpus: Vcpus,
  vectors: ReadonlyMap<number, number>,
  placement: Placement,
  behaviours: Behaviours,
): GuestEvents {
  const { pid, wakeupLock, wakeupList } = pi;
  const { guest, halted } = vcpus;
  const early = blocksEarly(behaviours);
  const { harvest, syncPir, deliver, isPending, enter } = guestMode(pi, vcpus, vectors, behaviours);
  const { piLoad, enableWakeup, postBlock } = piRoutines(k, pi, destinations, behaviours);
  return {
    enter,
    look: syncPir,
    isPending,
    load(b, vcpu) {
      b.call(piLoad, { vcpu });
      b.store(pi.cpu, [vcpu], SELF);
    },
    begin: () => undefined,
    unload: (b, vcpu) => {
      b.controlSet(pid, vcpu, { sn: 1 }, 'descriptor: set SN');
    },
    halt(b, vcpu, sleep) {
      if (!early) {
        sleep();
        return;
      }
      enableWakeup(b, vcpu);
      if (behaviours.piBlockOn === 'none') sleep();
      else
        b.if(
          b.isOn(pid, vcpu, 'has something been posted meanwhile?'),
          () => {
            postBlock(b, vcpu);
            b.store(halted, [vcpu], 0);
            enter(b, vcpu);
          },
          sleep,
        );
    },
    stay: (b, vcpu) => {
      if (early) postBlock(b, vcpu);
    },
    sleep(b, vcpu) {
      if (early) return;
      const old = enableWakeup(b, vcpu);
      if (behaviours.piBlockOn === 'test')
        b.if(ne(b.and('u32', old, PidControl.on), 0), () =>
          b.ipi(b.constant('apicId', SELF), POSTED_INTR_WAKEUP_VECTOR, 'ON was set: wakeup IPI to itself'),
        );
    },
    handlers(exit, wakeUp) {
      /** In guest mode it is the CPU that does this, and nobody's handler (E.3). */
      const notification = k.routine('sysvec_kvm_posted_intr_ipi', { vector: 'vector' }, (routine) => {
        const b = routine as unknown as Builder;
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
        const b = routine as unknown as Builder;
        exit(b);
        b.lapicWrite('eoi', 0);
        b.lock(wakeupLock, [SELF]);
        for (let v = 0; v < (placement.vcpus?.length ?? 0); v++) {
          const vcpu = b.let('vcpu', v);
          const isPosted = all(
            () => b.load(wakeupList, [SELF, vcpu]),
            () => b.isOn(pid, vcpu),
          );
          b.if(isPosted, () => wakeUp(b, vcpu));
        }
        b.unlock(wakeupLock, [SELF]);
        b.iret();
      });
      return new Map([
        [POSTED_INTR_VECTOR, notification],
        [POSTED_INTR_WAKEUP_VECTOR, wakeup],
      ]);
    },
    boot(machine, cpus, { apicIds }) {
      cpus.forEach((cpu, v) => {
        const [first, second] = machine.descriptorAddress(pid.slot, v);
        machine.setVariable(pi.address.slot, v, 1, first);
        machine.setVariable(pi.address.slot, v, 3, second);
        machine.setVariable(pid.slot, v, PidWord.control, POSTED_INTR_VECTOR << PidControl.nvShift);
        machine.setVariable(pid.slot, v, PidWord.ndst, destinations.word(apicIds[cpu] ?? 0));
        for (const variable of [pi.cpu, pi.listCpu]) machine.setVariable(variable.slot, v, 0, cpu);
      });
    },
  };
}
