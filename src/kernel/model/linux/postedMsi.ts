/**
 * Posted MSI on bare metal (linux.md 2.6, hardware.md E.5): messages of PCI devices become bits in the descriptor of their CPU; one
 * notification stands for all of them, and its handler calls theirs.
 */
import type { Destinations } from './destinations.js';
import type { ProgramMachine } from '../../../machine/index.js';
import { PidControl, PidWord } from '../../../core/index.js';
import { eq, lt, ne, SELF, type Assembler, type Builder, type Reg } from '../../index.js';
import type { Placement } from '../model.js';
import type { AffinityRoutines } from './affinity.js';
import type { Behaviours } from './behaviours.js';
import { POSTED_MSI_NOTIFICATION_VECTOR, type LinuxData } from './data.js';
import type { VcpuRoutines } from './vcpu.js';

export type PostedMsi = NonNullable<LinuxData['postedMsi']>;

/** MAX_POSTED_MSI_COALESCING_LOOP counts the look behind the clear of ON too. */
const ROUNDS = 2;

/** The acknowledge of a posted MSI, desc->lock held: the EOI is for the notification's handler, if it is that which has called. */
export function postedAck(k: Assembler, d: LinuxData, { active }: PostedMsi, affinity: AffinityRoutines, behaviours: Behaviours) {
  const ack = k.routine(
    'intel_ack_posted_msi_irq',
    { irq: 'irq' },
    (b, { irq }) => {
      if (behaviours.postedAck !== 'nothing') affinity.moveIrq(b as unknown as Builder, irq);
      if (behaviours.postedAck === 'moveEoi') b.if(eq(b.load(active, [SELF]), 0), () => b.lapicWrite('eoi', 0));
    },
    { holds: [d.descLock] },
  );
  return (b: Builder, irq: Reg<'irq'>): void => {
    b.call(ack, { irq });
  };
}

/**
 * The handler of the notification: takes what is in PIR and calls the handlers, as long as it finds something, `ROUNDS` times at most;
 * then it clears ON, looks once more, and writes the only EOI. `callHandler`: what the slot of a vector says. The universe is in one word
 * of PIR.
 */
export function postedNotification(
  k: Assembler,
  { pid, active, copy, round }: PostedMsi,
  callHandler: (b: Builder, vector: Reg<'vector'>) => void,
  vcpus: VcpuRoutines | undefined,
  behaviours: Behaviours,
) {
  return k.routine('sysvec_posted_msi_notification', { vector: 'vector' }, (b) => {
    vcpus?.exit(b as unknown as Builder);
    const marks = behaviours.postedAck === 'moveEoi';
    if (marks) b.store(active, [SELF], 1);
    b.loop(() => {
      b.if(eq(b.load(round, [SELF]), ROUNDS), () => b.clearOn(pid, SELF, 'clear ON: what is posted from here on notifies again'));
      const word = b.shr('pidWord', b.constant('vectorLo'), 5);
      b.store(copy, [SELF], b.exchange(pid, [SELF, word], 0, 'take what is in PIR'));
      const vector = b.let('vector', b.constant('vectorLo'), 'vector');
      b.while(
        () => lt(vector, b.constant('vectorHi')),
        () => {
          const bit = b.and('u32', b.shr('u32', b.load(copy, [SELF]), b.and('u32', vector, 31)), 1);
          b.if(ne(bit, 0), () => callHandler(b as unknown as Builder, vector));
          b.set(vector, b.add(vector, 1));
        },
      );
      b.if(eq(b.load(round, [SELF]), ROUNDS), () => b.break());
      b.if(
        eq(b.load(copy, [SELF]), 0),
        () => b.store(round, [SELF], ROUNDS),
        () => b.store(round, [SELF], b.add('u8', b.load(round, [SELF]), 1)),
      );
    });
    b.lapicWrite('eoi', 0);
    b.store(copy, [SELF], 0);
    b.store(round, [SELF], 0);
    if (marks) b.store(active, [SELF], 0);
    b.iret();
  });
}

/** intel_posted_msi_init, on a CPU that comes up: no other field is touched (linux.md 2.9). */
export function postedInit(b: Builder, { pid }: PostedMsi, { of }: Destinations): void {
  const fields = { nv: POSTED_MSI_NOTIFICATION_VECTOR, ndst: of(b, b.constant('apicId', SELF)) };
  b.controlSet(pid, SELF, fields, 'descriptor: vector of the notification, and this CPU');
}

/** Descriptors of CPUs that are online. */
export function bootPosted(machine: ProgramMachine, { pid }: PostedMsi, { word }: Destinations, { online, apicIds }: Placement): void {
  online.forEach((on, c) => {
    if (!on) return;
    machine.setVariable(pid.slot, c, PidWord.control, POSTED_MSI_NOTIFICATION_VECTOR << PidControl.nvShift);
    machine.setVariable(pid.slot, c, PidWord.ndst, word(apicIds[c] ?? 0));
  });
}
