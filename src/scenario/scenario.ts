/**
 * The scenario as everyone behind the parser sees it: the document of the file with every default filled in, in the file's own
 * shape, so that writing it back needs no translation.
 *
 * CPU and irq numbers are the user's names (CPU 3, irq 122), not indexes.
 */

import type { Assumptions } from '../machine/index.js';

/** One experiment: a machine, its devices, what is done to them, and how long. */
export interface Scenario {
  readonly version: 1;
  /** Lower-case letters, digits and dashes. */
  readonly name: string;
  readonly about?: string;
  /** Kernel model by name; whether it exists is the model room's to say. */
  readonly model: string;
  /** Named behaviours of the model that differ from its table. */
  readonly behaviours: Readonly<Record<string, string>>;
  /** What is taken for granted about hardware; every verdict prints it. */
  readonly assumptions: Assumptions;
  readonly machine: MachineDescription;
  readonly universe: Universe;
  readonly devices: readonly DeviceDescription[];
  /** In order; each begins at any step after the one before has ended, unless `parallel`. */
  readonly operations: readonly Operation[];
  readonly parallel: boolean;
  /** timed: what is injected into a run, and what drives moves and hotplug while it goes on */
  readonly events: readonly TimedOperation[];
  readonly policies: readonly PolicyDescription[];
  /** properties of the user's own, in the order of the file */
  readonly assert: readonly Assertion[];
  readonly run: RunSettings;
  /** Overrides of the timing profile by the ids of hardware.md G.2, in cycles. */
  readonly timing: Readonly<Record<string, TimingValue>>;
}

export interface MachineDescription {
  /** In ascending order of their numbers. */
  readonly cpus: readonly CpuDescription[];
  /** among which CPUs are split evenly, in order (`cpusOfSockets`); left out: there is one */
  readonly sockets?: number;
  /** interrupt remapping; left out: none */
  readonly iommu?: IommuDescription;
  /** the CPU that each vCPU runs on at the start; left out: there are none */
  readonly vcpus?: readonly number[];
  /** the one of devices on pins; left out: it has version 0x20 (hardware.md B.1) */
  readonly ioapic?: { readonly version: 0x20 | 0x11 };
}

/** Remapping units of one kind. */
export type IommuDescription = VtdDescription | AmdDescription;

interface UnitsDescription {
  /** each with the names of its devices, or the socket that they are of; the one without takes all that are in no list */
  readonly units: readonly { readonly devices?: readonly string[]; readonly socket?: number }[];
}

export interface VtdDescription extends UnitsDescription {
  readonly type: 'vtd';
  /** entries that are not present may be cached (hardware.md D.4) */
  readonly cachingMode: boolean;
  /** of the table that all units share, a power of two; left out: the least that holds all irqs */
  readonly entries?: number;
  /** messages of PCI devices are posted (hardware.md E.5); left out: they are not */
  readonly postedMsi?: boolean;
}

/** What the kernel turns on in each unit (hardware.md F.1). */
export interface AmdDescription extends UnitsDescription {
  readonly type: 'amd';
  /** GAEn: remapping entries have 128 bits, otherwise 32 */
  readonly ga: boolean;
  /** XTEn: destinations have 32 bits, otherwise 8 */
  readonly xt: boolean;
  /** GAMEn: entries may be a guest's */
  readonly guest: boolean;
  /** NumIntRemapMode: a device may have 2048 entries */
  readonly numIntRemap: boolean;
  /** IRTCacheDis: remapping entries are not cached */
  readonly irtCacheDis: boolean;
  /** entries that the log of guests has room for in a check */
  readonly guestLog: number;
}

export interface CpuDescription {
  readonly cpu: number;
  readonly apicId: number;
  /** At the start. */
  readonly online: boolean;
}

export interface Universe {
  /** Vectors per CPU besides the system vectors, from `FIRST_VECTOR` up; more than 16 are without those of the ISA and of int 0x80. */
  readonly vectors: number;
}

export interface DeviceDescription {
  readonly name: string;
  /** left out: the machine has one */
  readonly socket?: number;
  /**
   * `handshake`: raises only while its irq owes nothing; `free`: raises whatever happens; `level`: asserts its line until its handler has
   * run.
   */
  readonly kind: 'handshake' | 'free' | 'level';
  readonly message: MessageDescription;
  /** Bound on the events of a check. */
  readonly raises: number;
  /** Timed: the gap from an event to the next. */
  readonly interArrival: InterArrival;
  /** Timed: from a message of an irq to its next, at least; events in between are one. Left out: as fast as they come. */
  readonly moderation?: Time;
  /** Timed: cost of the driver's handler, in cycles. */
  readonly handlerCycles: HandlerCycles;
  /** Each has a message of its own: the first irq the first message, and so on. */
  readonly irqs: readonly IrqDescription[];
}

/** How a device sends its messages. `vectors`: as many as it has irqs, for MSI rounded up to a power of two, if left out. */
export type MessageDescription =
  | {
      readonly type: 'msi';
      /** one more config write for a message */
      readonly address64: boolean;
      /** a mask bit for each message, if true */
      readonly maskable?: boolean;
      readonly vectors?: number;
    }
  | { readonly type: 'msix'; readonly vectors?: number }
  /** a comparator of an HPET; the fault event of a remapping unit: one message, in registers of their own */
  | { readonly type: 'hpet' | 'dmar' }
  /** an input of the IOAPIC */
  | { readonly type: 'ioapic'; readonly pin: number; readonly trigger: 'edge' | 'level' };

/** Whole numbers, of 1/3 ns each in cycles. */
export type Time = { readonly us: number } | { readonly cycles: number };

/**
 * Lists of gaps, whole numbers: each is as likely, and one that stands twice is drawn twice as often. `poisson`: exponential gaps, by
 * their rate or their mean. `bursty`: bursts of so many events, `gap` apart, behind pauses that are exponential with this mean.
 * `replay`: gaps one after the other.
 */
export type InterArrival =
  | { readonly us: readonly number[] }
  | { readonly cycles: readonly number[] }
  | { readonly poisson: { readonly perSecond: number } | Time }
  | { readonly bursty: Bursty }
  | { readonly replay: Replay };

export interface Bursty {
  readonly events: number | Bounds;
  readonly gap: Time;
  readonly pause: Time;
}

/** From `min` to `max`, each whole number as likely. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** Once, unless `repeat`. A `file` is read by who starts the run: a number a line, in `unit` (default us), or a trace of `irq`. */
export type Replay = { readonly repeat?: true } & (
  | { readonly us: readonly number[] }
  | { readonly cycles: readonly number[] }
  | { readonly file: string; readonly unit?: ReplayUnit; readonly irq?: number }
);

export const replayUnits = ['us', 'ns', 'cycles'] as const;
export type ReplayUnit = (typeof replayUnits)[number];

/** Cycles: always so many, or drawn; `exponential` has the mean, of `lognormal` one in a hundred takes more than `p99`. */
export type HandlerCycles =
  | number
  | { readonly uniform: Bounds }
  | { readonly exponential: number }
  | { readonly lognormal: { readonly median: number; readonly p99: number } }
  | { readonly bimodal: { readonly fast: number; readonly slow: number; readonly slowPercent: number } };

/** What is done to a machine while it runs, as a user of it would; numbers as users call them. */
export type Injected =
  | { readonly offline: number }
  | { readonly online: number }
  /** `on`: the CPU that is asked first to do it; left out: the first that has nothing else to do */
  | { readonly move: { readonly irq: number; readonly to: readonly number[]; readonly on?: number } };

/** The same at a time from the beginning of the run. */
export type TimedOperation = { readonly at: Time } & Injected;

/** Moves only irqs, and to CPUs, of these lists; left out: all. */
interface Among {
  readonly irqs?: readonly number[];
  readonly cpus?: readonly number[];
}

/**
 * What goes on changing the machine while it runs: `storm` moves a random irq to a random CPU, `roundRobin` the next irq to the next
 * CPU, `balancer` busy irqs from the CPU with the most load to the one with the least, `numa` does so within the node of the irq's
 * device, `hotplugStorm` takes a random CPU offline or brings one back, and lets `keep` stay.
 */
export type PolicyDescription =
  | { readonly storm: { readonly perSecond: number } & Among }
  | { readonly roundRobin: { readonly everyUs: number } & Among }
  | { readonly balancer: { readonly everyUs: number } & Among }
  | { readonly numa: { readonly everyUs: number } & Among }
  | { readonly hotplugStorm: { readonly everyUs: number; readonly keep: number; readonly cpus?: readonly number[] } };

export interface IrqDescription {
  readonly irq: number;
  /** Target at the start. */
  readonly cpu: number;
  readonly vector: number;
  /** CPU numbers in ascending order. */
  readonly affinity: readonly number[];
  /** Its affinity is the kernel's (linux.md 2.3); left out: a user's. */
  readonly managed?: boolean;
  /** Its driver's handler runs in a thread; left out: at once. */
  readonly threaded?: boolean;
  /** At the start; left out: it is. */
  readonly requested?: boolean;
  /** that it is posted to at the start; left out: none */
  readonly vcpu?: number;
}

export type Operation =
  | { readonly offline: number }
  | { readonly online: number }
  /** `on`: the CPU whose task asks for it; left out: the lowest that stays online */
  | { readonly move: { readonly irq: number; readonly to: readonly number[]; readonly on?: number } }
  | { readonly request: number }
  | { readonly free: number }
  | { readonly disable: number }
  | { readonly enable: number }
  /** by the name of the device */
  | { readonly teardown: string }
  | { readonly allocate: string }
  | { readonly suspend: true }
  | { readonly post: { readonly irq: number; readonly vcpu: number } }
  /** by the number of the irq */
  | { readonly unpost: number }
  | { readonly load: { readonly vcpu: number; readonly cpu: number } }
  /** by the number of the vCPU */
  | { readonly preempt: number }
  | { readonly block: number }
  | { readonly wake: number }
  | { readonly pause: { readonly us: number } };

/** Operations on an irq by its number, of its driver; on a vCPU by its number. */
export const lifeKinds = ['request', 'free', 'disable', 'enable'] as const;
export const vcpuKinds = ['preempt', 'block', 'wake'] as const;

/** Holds where its expression does: in every state, in those at rest, or in those after the probe. Names as built-in properties have. */
export type Assertion = { readonly name: string } & (
  { readonly always: string } | { readonly atRest: string } | { readonly afterProbe: string }
);

export interface RunSettings {
  /** The list of operations starts again when it has ended. */
  readonly repeat: boolean;
  /** Simulated seconds after which a run ends. */
  readonly seconds: number;
  readonly seed: number;
}

/** Cycles: fixed, or the bounds and the default of a distribution. */
export type TimingValue = number | { readonly min: number; readonly default: number; readonly max: number };

/** The lowest vector of a universe: 0x20 belongs to the cleanup interrupt (linux.md 2.2). */
export const FIRST_VECTOR = 0x21;

/** Cycles in a microsecond: the base unit of time is 1/3 ns (hardware.md G.1). */
export const CYCLES_PER_US = 3000;

/** A time in cycles. */
export function cyclesOf(time: Time): number {
  return 'us' in time ? time.us * CYCLES_PER_US : time.cycles;
}
