/** The kernel's data, with its names (linux.md 2.1). */
import { Declarations, type MachineSize } from '../../index.js';
import { Started } from '../../../core/index.js';
import { describeValue, type Meaning } from '../../meaning.js';
import { bitsFor } from '../../variables.js';
import { destinations } from './destinations.js';

/** Values of a vector_irq slot (linux.md 0): empty, shut down, re-triggered, and an irq's index + `FIRST`. */
export const Slot = { UNUSED: 0, SHUTDOWN: 1, RETRIGGERED: 2, FIRST: 3 } as const;

/** Vectors the model uses besides the universe (linux.md 2.2, up to 6.5). */
export const IRQ_MOVE_CLEANUP_VECTOR = 0x20;
export const MANAGED_IRQ_SHUTDOWN_VECTOR = 0xef;
export const SPURIOUS_APIC_VECTOR = 0xff;
export const POSTED_MSI_NOTIFICATION_VECTOR = 0xeb;
/** Notifications of vCPUs that run, and of those that wait to be woken (hardware.md E.4: ANV, WNV). */
export const POSTED_INTR_VECTOR = 0xf2;
export const POSTED_INTR_WAKEUP_VECTOR = 0xf1;

/**
 * A doorbell has no vector (hardware.md F.3.3): what the core does by itself is the handler of this one. The interrupt of unit u, whose log
 * tells of vCPUs that do not run, has the vector u below the second, and stays on its CPU.
 */
export const AVIC_DOORBELL = 0xf2;
export const AMD_IOMMU_VECTOR = 0xec;

/** Vectors among those that devices get, and that are none of theirs (linux.md 2.2). */
export const FIRST_ISA_VECTOR = 0x30;
export const ISA_VECTORS = 16;
export const INT80_VECTOR = 0x80;
export const isLegacy = (vector: number): boolean =>
  vector === INT80_VECTOR || (vector >= FIRST_ISA_VECTOR && vector < FIRST_ISA_VECTOR + ISA_VECTORS);

/** A universe that is no larger takes the first of the ISA's too: those of a check are few, whatever their numbers. */
const PLAIN_UNIVERSE = 16;
export const hasLegacyVectors = ({ vectorLo, vectorHi }: MachineSize): boolean => vectorHi - vectorLo > PLAIN_UNIVERSE;

/** Vectors that a device may get on each CPU. */
export function vectorsOf(size: MachineSize): readonly number[] {
  const all = Array.from({ length: size.vectorHi - size.vectorLo }, (_, n) => size.vectorLo + n);
  return hasLegacyVectors(size) ? all.filter((vector) => !isLegacy(vector)) : all;
}

/** States of multi_cpu_stop (linux.md 2.8 d1). */
export const Stop = { NONE: 0, PREPARE: 1, DISABLE_IRQ: 2, RUN: 3, EXIT: 4 } as const;

/** Where a CPU is on its way down or up. */
export const CpuState = { ONLINE: 0, DEAD: 1, UP: 2 } as const;

export type LinuxData = ReturnType<typeof declareData>;

const slotValues: Meaning = {
  names: { UNUSED: Slot.UNUSED, SHUTDOWN: Slot.SHUTDOWN, RETRIGGERED: Slot.RETRIGGERED },
  as: 'irq',
  from: Slot.FIRST,
};

/** A slot as a user should read it; irqs by index. */
export function describeSlot(value: number): string {
  return describeValue(slotValues, value);
}

/** Of a number of vectors of one CPU: up to 16 in a check. */
const vectorBits = ({ vectorLo, vectorHi }: MachineSize): number => Math.max(5, bitsFor(vectorHi - vectorLo));

/** A number of CPUs, no CPU. */
const count = { values: { as: 'number' } } as const;

/** What an irq's driver has made of it, as the checker wants to know (linux.md 2.11). */
export const State = { SHUTDOWN: Started.no, STARTED: Started.yes, DISABLED: Started.disabled, SUSPENDED: Started.asleep } as const;

/** What of the kernel's data a machine needs. */
export interface Uses {
  /** masks of requested affinities that a scenario brings */
  readonly operations: number;
  /** irqs may be requested, freed, disabled, shut down; some are managed */
  readonly life: boolean;
  readonly managed: boolean;
  /** irqs may be given back and allocated again */
  readonly teardown: boolean;
  /** irqs on pins of the IOAPIC, some of them level-triggered, some handled by threads */
  readonly pins: boolean;
  readonly levels: boolean;
  readonly threads: boolean;
  /** messages of PCI devices are posted */
  readonly postedMsi: boolean;
  /** there are vCPUs to which messages may be posted: by descriptors, behind VT-d units; by vAPIC pages, behind AMD's */
  readonly vcpus: boolean;
  readonly descriptors: boolean;
  readonly avic: boolean;
  /** LAPICs are in x2APIC mode */
  readonly x2apic: boolean;
  /** the universe has vectors among those of the ISA and of int 0x80, which no device gets */
  readonly reachesLegacy: boolean;
}

export function declareData(uses: Uses) {
  const { operations, life, managed, teardown, pins, levels, threads, postedMsi, vcpus, descriptors, avic, x2apic, reachesLegacy } = uses;
  const d = new Declarations();

  const vectorLock = d.lock('vector_lock', []);
  const descLock = d.lock('desc_lock', ['irq']);

  return {
    declarations: d,
    destinations: destinations(x2apic),
    reachesLegacy,
    vectorLock,
    descLock,

    // per CPU
    vectorIrq: d.variable('vector_irq', 'u16', ['cpu', 'vector'], {
      bits: (size: MachineSize) => bitsFor(size.irqs + Slot.FIRST - 1),
      visible: true,
      lock: vectorLock,
      values: slotValues,
    }),
    cpuOnlineMask: d.mask('cpu_online_mask', 'cpu', [], { lock: vectorLock }),
    allocMap: d.mask('alloc_map', 'vector', ['cpu'], { lock: vectorLock }),
    available: d.variable('available', 'u8', ['cpu'], { bits: vectorBits, lock: vectorLock }),
    allocated: d.variable('allocated', 'u8', ['cpu'], { bits: vectorBits, lock: vectorLock }),
    cleanupList: d.list('cleanup_list', ['cpu'], 'irq', { lock: vectorLock }),
    cpuState: d.variable('cpu_state', 'u8', ['cpu'], { bits: 2, values: { names: CpuState } }),

    // per irq: apic_chip_data. Its target changes under desc->lock and vector_lock together, so either is enough to read it.
    apicdVector: d.variable('apicd_vector', 'vector', ['irq'], { lock: descLock }),
    apicdCpu: d.variable('apicd_cpu', 'cpu', ['irq'], { lock: descLock }),
    prevVector: d.variable('apicd_prev_vector', 'vector', ['irq'], { lock: vectorLock }),
    prevCpu: d.variable('apicd_prev_cpu', 'cpu', ['irq'], { lock: vectorLock }),
    moveInProgress: d.variable('apicd_move_in_progress', 'bool', ['irq'], { visible: true, lock: vectorLock }),
    queued: d.variable('apicd_queued', 'bool', ['irq'], { lock: vectorLock }),

    // per irq: irq_desc
    started: life
      ? d.variable('irq_started', 'u8', ['irq'], { bits: 2, visible: true, lock: descLock, values: { names: State } })
      : d.variable('irq_started', 'u8', ['irq'], { class: 'fixed' }),
    affinity: d.mask('irq_affinity', 'cpu', ['irq'], { lock: descLock }),
    pendingMask: d.mask('pending_mask', 'cpu', ['irq'], { lock: descLock }),
    setaffinityPending: d.variable('setaffinity_pending', 'bool', ['irq'], { lock: descLock }),
    inProgress: d.variable('irq_in_progress', 'bool', ['irq'], { lock: descLock }),
    pending: d.variable('irqs_pending', 'bool', ['irq'], { lock: descLock, carrier: true }),

    /** IRQD_IRQ_MASKED; undefined: an irq is masked exactly while an event of it is kept back, besides the moves that mask it themselves */
    masked: levels ? d.variable('irqd_irq_masked', 'bool', ['irq'], { lock: descLock }) : undefined,
    /** mask bit of the entry as the kernel remembers it */
    rteMasked: pins ? d.variable('rte_masked', 'bool', ['irq'], { lock: descLock }) : undefined,
    threads: threads
      ? {
          isThreaded: d.variable('irq_threaded', 'bool', ['irq'], { class: 'fixed' }),
          /** IRQTF_RUNTHREAD */
          run: d.variable('irqtf_runthread', 'bool', ['irq'], { lock: descLock, carrier: true }),
          active: d.variable('threads_active', 'u8', ['irq'], { bits: 2, lock: descLock }),
          /** of a level-triggered irq: its thread has not ended yet, and it is masked until then */
          oneshot: levels ? d.variable('threads_oneshot', 'bool', ['irq'], { lock: descLock }) : undefined,
        }
      : undefined,

    // multi_stop_data
    stopState: d.variable('stop_state', 'u8', [], { bits: 3, values: { names: Stop } }),
    stopThreads: d.variable('stop_num_threads', 'cpu', [], count),
    stopAck: d.variable('stop_thread_ack', 'cpu', [], count),
    stopTodo: d.variable('stop_nr_todo', 'cpu', [], count),
    stopActive: d.variable('stop_active_cpu', 'cpu', []),
    stopError: d.variable('stop_ret', 'bool', []),

    /** What users asked for last, per irq: the mask of an operation, 0 = nothing. For the property `progress` only. */
    requested: d.variable('requested', 'ref', ['irq'], { lock: descLock }),
    life: life
      ? {
          activated: d.variable('irq_activated', 'bool', ['irq'], { lock: descLock }),
          depth: d.variable('irq_depth', 'u8', ['irq'], { bits: 2, lock: descLock }),
        }
      : undefined,
    managed: managed
      ? {
          isManaged: d.variable('apicd_is_managed', 'bool', ['irq'], { class: 'fixed' }),
          managedMap: d.mask('managed_map', 'vector', ['cpu'], teardown ? { lock: vectorLock } : { class: 'fixed' }),
          managedAllocated: d.variable('managed_allocated', 'u8', ['cpu'], { bits: vectorBits, lock: vectorLock }),
          managedShutdown: d.variable('managed_shutdown', 'bool', ['irq'], { lock: descLock }),
        }
      : undefined,
    postedMsi: postedMsi
      ? {
          pid: d.descriptors('posted_msi_pi_desc', 'cpu'),
          /** the handler of the notification runs on this CPU */
          active: d.variable('posted_msi_handler_active', 'bool', ['cpu'], { local: true }),
          /** what that handler has taken out of PIR, and its rounds so far */
          copy: d.variable('pir_copy', 'u32', ['cpu'], { local: true }),
          round: d.variable('posted_msi_round', 'u8', ['cpu'], { local: true, bits: 2 }),
        }
      : undefined,
    pi: descriptors ? declareDescriptors(d) : undefined,
    vcpus: vcpus ? declareVcpus(d) : undefined,
    avic: avic ? declareAvic(d) : undefined,
    /** an irq may have been given back: it has no vector, not even a reserved one */
    teardown,
    operationMasks: Array.from({ length: operations }, (_, i) => d.mask(`operation_mask_${i}`, 'cpu', [], { class: 'fixed' })),
  };
}

/** Descriptors of vCPUs, and what goes with them. */
function declareDescriptors(d: Declarations) {
  const wakeupLock = d.lock('wakeup_vcpus_on_cpu_lock', ['cpu']);
  return {
    pid: d.descriptors('pi_desc', 'vcpu'),
    /** words 1 and 3 of an entry that goes to the descriptor of a vCPU */
    address: d.variable('pi_desc_address', 'u32', ['vcpu', 'word'], { class: 'fixed' }),
    /** VIRR of the virtual-APIC page: a bit for each vCPU */
    virr: d.variable('virr', 'u32', ['irq'], { bits: (size: MachineSize) => Math.max(1, size.vcpus ?? 1), visible: true, carrier: true }),
    wakeupLock,
    /** the list of vCPUs that are blocked on a CPU */
    wakeupList: d.variable('wakeup_vcpus_on_cpu', 'bool', ['cpu', 'vcpu'], { visible: true, lock: wakeupLock }),
    /** the CPU on whose list it is */
    listCpu: d.variable('pre_pcpu', 'cpu', ['vcpu']),
    /** vcpu->cpu: where it was loaded last */
    cpu: d.variable('vcpu_cpu', 'cpu', ['vcpu']),
  };
}

/** Whether a vCPU runs, as its entry of the physical APIC ID table says. */
export const Runs = { NO: 0, YES: 1, BLOCKED: 2 } as const;

/** The vAPIC of the one vCPU, and what entries of the remapping table are to say of it. */
function declareAvic(d: Declarations) {
  const irListLock = d.lock('ir_list_lock', []);
  return {
    /** the word of the IRR in the vAPIC page that has the guest's vectors, which units write */
    irr: d.variable('avic_irr', 'u32', ['word'], { dma: { offset: AVIC_IRR }, visible: true }),
    irListLock,
    /** its entry is one of those that say where the vCPU runs */
    irList: d.variable('ir_list', 'bool', ['irq'], { lock: irListLock }),
    runs: d.variable('avic_physical_id_entry', 'u8', [], { bits: 2, lock: irListLock, values: { names: Runs } }),
    /** the CPU that it was loaded on last */
    cpu: d.variable('avic_host_physical_id', 'cpu', [], { lock: irListLock }),
    /** words of an entry on their way into the table */
    image: d.variable('irte_image', 'u32', ['cpu', 'word'], { local: true }),
    root: d.variable('avic_backing_page', 'u32', [], { class: 'fixed' }),
  };
}

/** Where the IRR's word stands in the page that has the vectors of guests: of 0x20 to 0x3f (hardware.md F.3.3). */
const AVIC_IRR = 0x210;

/** Of vCPUs: what the kernel knows of them, and the CPUs in guest mode. */
function declareVcpus(d: Declarations) {
  return {
    /** the vCPU that its irq is posted to */
    postedTo: d.variable('posted_vcpu', 'vcpu', ['irq'], { values: { names: { NONE: 0 }, as: 'vCPU', from: 1 } }),
    /** the vCPU whose guest runs on this CPU */
    guest: d.variable('guest', 'vcpu', ['cpu'], { visible: true, local: true, values: { names: { NONE: 0 }, as: 'vCPU', from: 1 } }),
    /** task_cpu of its thread: where that runs, or will run */
    taskCpu: d.variable('vcpu_task_cpu', 'cpu', ['vcpu']),
    /** its thread has a CPU */
    loaded: d.variable('vcpu_loaded', 'bool', ['vcpu']),
    /** the guest has executed HLT, and no event has ended that */
    halted: d.variable('vcpu_halted', 'bool', ['vcpu']),
    /** its thread sleeps, or is about to: who wakes it clears this first */
    sleeping: d.variable('vcpu_sleeping', 'u32', ['vcpu'], { bits: 1 }),
  };
}
