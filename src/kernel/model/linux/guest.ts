/** The events of a guest (hardware.md E.3): VIRR of its virtual-APIC page, which is filled from PIR, and the entry into guest mode. */
import { ne, SELF, type Builder, type Condition, type Reg, type Routine } from '../../index.js';
import type { ProgramMachine } from '../../../machine/index.js';
import type { Placement } from '../model.js';
import type { Behaviours } from './behaviours.js';
import type { LinuxData } from './data.js';

export type Vcpus = NonNullable<LinuxData['vcpus']>;
export type Descriptors = NonNullable<LinuxData['pi']>;
/** A vCPU, by which descriptors and what is known of it are indexed. */
export type Row = Reg<'vcpu'>;

/** How events reach guests: by descriptors (piDescriptor.ts), or by vAPIC pages (avic.ts). Interrupts are off wherever a program is built. */
export interface GuestEvents {
  /** VM entry: what tells the guest of an event from here on is for the CPU in guest mode. */
  enter(b: Builder, vcpu: Row): void;
  /** What has come is there for `isPending`. */
  look(b: Builder, vcpu: Row): void;
  isPending(b: Builder, vcpu: Row): readonly (() => Condition)[];
  /** Its thread gets this CPU; there it is about to enter the guest, which is not halted; it has lost the CPU. */
  load(b: Builder, vcpu: Row): void;
  begin(b: Builder, vcpu: Row): void;
  unload(b: Builder, vcpu: Row): void;
  /** The guest has executed HLT; `sleep`: its thread looks for events, and sleeps if there is none. */
  halt(b: Builder, vcpu: Row, sleep: () => void): void;
  /** Its thread has found an event before it slept; it sleeps. */
  stay(b: Builder, vcpu: Row): void;
  sleep(b: Builder, vcpu: Row): void;
  /** By vector. `exit`: this CPU leaves guest mode; `wakeUp`: the thread of a vCPU, if it sleeps. */
  handlers(
    exit: (b: Builder) => void,
    wakeUp: (b: Builder, vcpu: Row) => void,
  ): ReadonlyMap<number, Routine<{ vector: 'vector' }, undefined>>;
  boot(machine: ProgramMachine, cpus: readonly number[], placement: Placement): void;
}

/** Irqs, by index, that are ever posted to a vCPU. */
function postedIrqs({ irqs, operations }: Placement): readonly number[] {
  const byOperation = new Set(operations.flatMap((o) => (o.kind === 'post' ? [o.irq] : [])));
  return irqs.flatMap(({ vcpu }, irq) => (vcpu !== undefined || byOperation.has(irq) ? [irq] : []));
}

/** The guest's vector of an irq, of the universe: one bit of PIR for each that is ever posted. */
export function guestVectors(placement: Placement, { vectorLo }: { readonly vectorLo: number }): ReadonlyMap<number, number> {
  return new Map(postedIrqs(placement).map((irq, i) => [irq, vectorLo + i]));
}

/** `vectors`: of the guest, by irq. */
export function guestMode({ pid, virr }: Descriptors, { guest }: Vcpus, vectors: ReadonlyMap<number, number>, behaviours: Behaviours) {
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

  return { harvest, syncPir, deliver, isPending, enter };
}
