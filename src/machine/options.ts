/** What one who embeds the hardware says about a machine, and the setup it stands for: a machine without a program. */
import type { ModuleSource } from '../core/index.js';
import { describe } from '../words.js';
import { assumptionValues, type Assumptions } from './assumptions.js';
import { choose, flag, oneOf, refuseUnknown, whole, type Choices } from './choices.js';
import type { DeviceOptions } from './deviceModel.js';
import { devicesOf } from './deviceOptions.js';
import type { IoapicModel } from './ioapic.js';
import { iommusOf, type IommuOptions } from './iommus.js';
import { defaultLapicModel, type CpuModel, type LapicChoice } from './lapic.js';
import { orderChoices, type OrderChoice } from './order.js';
import type { MachineSetup } from './setup.js';
import { timingIds, type Latency } from './timing.js';

/**
 * What `Machine.create` takes; everything has a default.
 *
 * @example
 * ```js
 * import { Machine } from 'irqlab';
 *
 * const machine = await Machine.create({
 *   apicIds: [0, 2, 4],
 *   ioapics: [{ pins: 24 }, { pins: 8, version: 0x11 }],
 *   cpu: { vendor: 'amd' },
 *   timing: { 'msi.dev_to_rc': 600 },
 *   jitter: true,
 *   seed: 7,
 * });
 * console.log(machine.cpus.length, machine.ioapics.length); // 3 2
 * ```
 */
export interface MachineOptions {
  /** how many; default 1, or as many as there are `apicIds`. At most 4096. */
  readonly cpus?: number;
  /** hardware APIC id of each CPU in turn; default 0, 1, 2 ... */
  readonly apicIds?: readonly number[];
  /** index of the CPU that runs after RESET; the others wait for SIPI (A.11). Default 0. */
  readonly bootstrap?: number;
  /** how many, or what each is; default 1 */
  readonly ioapics?: number | readonly Partial<IoapicModel>[];
  /**
   * PCI functions with MSI and MSI-X, each an object; or, for `dmaWrite32` only, requester ids (16 bits: bus, device, function), a
   * number n standing for 0 to n - 1. `dmaWrite32` may name these requesters; default: any.
   */
  readonly devices?: number | readonly number[] | readonly DeviceOptions[];
  /** VT-d and AMD-Vi units that remap the messages of devices and IOAPICs, what each is; default none */
  readonly iommus?: readonly IommuOptions[];
  /** kind of CPU */
  readonly cpu?: Partial<CpuModel>;
  /** open points of the Local APIC */
  readonly lapic?: Partial<LapicChoice>;
  /** when a CPU's stores are visible to others */
  readonly order?: Partial<OrderChoice>;
  /** how messages of devices are read */
  readonly pci?: Partial<PciChoice>;
  /** bytes of guest memory from physical address 0 on; default 65536. At most 2^30. */
  readonly memory?: number;
  /** messages that may be in flight at once; default 64, and 16 a CPU and IOAPIC. At most 60000. */
  readonly messages?: number;
  /** latencies by their ids in hardware.md G.2, cycles of 1/3 ns: one number, or the range that jitter draws from */
  readonly timing?: Readonly<Record<string, number | Latency>>;
  /** latencies are drawn between min and max; otherwise they are the defaults (G.1). Default false. */
  readonly jitter?: boolean;
  /** what an algorithm may rest on, each with its default */
  readonly assumptions?: Partial<Assumptions>;
  /** for what is drawn: 0 to 2^53 - 1; default 1 */
  readonly seed?: number;
  /** the machine keeps a record of what happens, for `events`; default true */
  readonly events?: boolean;
  /** the WebAssembly module: address, bytes or compiled; default the one beside the package */
  readonly module?: ModuleSource;
}

/** How messages of devices are read (hardware.md J). */
export interface PciChoice {
  /** a virtual platform's 15 bits of destination: address bits 11:5 are bits 14:8 of the APIC id (C.3.1). Default false. */
  readonly virtExtDestId: boolean;
}

/** Options of `MachineOptions`, for who misspells one. */
const optionNames: readonly (keyof MachineOptions)[] = [
  ...(['cpus', 'apicIds', 'bootstrap', 'ioapics', 'devices', 'iommus', 'cpu', 'lapic', 'order', 'pci'] as const),
  ...(['memory', 'messages', 'timing', 'jitter', 'assumptions', 'seed', 'events', 'module'] as const),
];

const MOST_CPUS = 4096;
/** Records between two batches of a run; see `refuseTooLarge`. */
const RING = 4096;

const model = defaultLapicModel;

const cpuChoices: Choices<CpuModel> = {
  vendor: oneOf('intel', 'amd'),
  x2apic: flag(model.x2apic),
  tscDeadline: flag(model.tscDeadline),
  maxLvtIndex: oneOf(6, 5, 4, 3),
  eoiBroadcastSuppress: flag(model.eoiBroadcastSuppress),
  lowPriIpi: flag(model.lowPriIpi),
  maxPhyAddr: whole(model.maxPhyAddr, 36, 52, 'bits'),
  timerTick: whole(model.timerTick, 1, 0xffff, 'cycles'),
};

const lapicChoices = (apicIds: readonly number[], x2apic: boolean): Choices<LapicChoice> => ({
  allowXapicIdWrite: flag(model.allowXapicIdWrite),
  lowestPriPolicy: oneOf('hashVector', 'minTpr', 'rotate', 'first'),
  pprEqualClassSub: oneOf('tpr', 'zero'),
  startInX2apic: x2apic
    ? flag(apicIds.some((id) => id > 254))
    : { standard: false, fits: (value) => value === false, wanted: 'false where cpu.x2apic is' },
});

const pciChoices: Choices<PciChoice> = { virtExtDestId: flag(false) };

const ioapicChoices = (i: number): Choices<IoapicModel> => ({
  version: oneOf(0x20, 0x11),
  pins: whole(24, 1, 120),
  address: {
    standard: 0xfec00000 + i * 0x1000,
    fits: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 0xfffff000 && Number(value) % 0x1000 === 0,
    wanted: 'a multiple of 0x1000 below 2^32',
  },
  id: whole(i & 15, 0, 15),
  resendDelay: whole(60, 0, 0xffffffff, 'cycles'),
  retryInterval: whole(3000, 1, 0xffffffff, 'cycles'),
  requester: whole(0xff00 + i, 0, 0xffff),
});

interface Sizes {
  readonly bootstrap: number;
  readonly memory: number;
  readonly messages: number;
  readonly jitter: boolean;
  readonly events: boolean;
  readonly seed: number;
}

/** The setup that the options stand for. Throws RangeError with one sentence about the first option that is wrong. */
export function setupOf(options: MachineOptions): MachineSetup {
  refuseUnknown('Machine.create', optionNames, options);
  const { cpus, apicIds: ids, ioapics, devices, iommus, cpu, lapic, order, pci, timing, assumptions, module: _, ...rest } = options;
  const apicIds = apicIdsOf(cpus, ids);
  const tables = ioapicsOf(ioapics);
  const functions = devicesOf(devices);
  const senders = apicIds.length + tables.length;
  const sizes = choose<Sizes>(
    'Machine.create',
    {
      bootstrap: whole(0, 0, apicIds.length - 1),
      memory: whole(65536, 0, 2 ** 30, 'bytes'),
      messages: whole(64 + 16 * Math.min(senders, 3000), 1, 60000),
      jitter: flag(false),
      events: flag(true),
      seed: whole(1, 0, Number.MAX_SAFE_INTEGER),
    },
    rest,
  );
  const kind = choose('cpu', cpuChoices, cpu);
  return {
    apicIds,
    functions,
    sources: [],
    operations: [],
    program: withoutProgram,
    universe: { lo: 16, hi: 256 },
    systemVectors: [],
    messages: sizes.messages,
    timed: true,
    assumptions: choose('assumptions', assumptionChoices, assumptions),
    timing: timingOf(timing),
    jitter: sizes.jitter,
    parallel: false,
    repeat: false,
    seed: sizes.seed,
    properties: [],
    probeRaises: 0,
    record: sizes.events ? 1 : 0,
    ring: sizes.events ? RING : 0,
    lapic: { ...kind, ...choose('lapic', lapicChoices(apicIds, kind.x2apic), lapic), bootstrap: sizes.bootstrap },
    ioapics: tables,
    iommus: iommusOf(iommus, tables),
    memory: sizes.memory,
    virtExtDestId: choose('pci', pciChoices, pci).virtExtDestId,
    order: choose('order', orderChoices, order),
  };
}

/** The host is the program: it acknowledges, handles and writes EOI. */
const withoutProgram: MachineSetup['program'] = {
  code: new Uint32Array(0),
  live: new Uint8Array(0),
  variables: new Uint32Array(0),
  initial: [],
  handlers: new Map(),
  judgeRest: 0,
  judgeProbe: 0,
  apStart: 0,
  started: undefined,
};

/** One option of `Machine.create` by itself. */
function countOf(name: string, given: unknown, standard: number, least: number, most: number): number {
  return choose<Record<string, number>>('Machine.create', { [name]: whole(standard, least, most) }, { [name]: given as number })[
    name
  ] as number;
}

function apicIdsOf(cpus: number | undefined, given: readonly number[] | undefined): readonly number[] {
  if (given === undefined) {
    return Array.from({ length: countOf('cpus', cpus, 1, 1, MOST_CPUS) }, (_, c) => c);
  }
  if (!Array.isArray(given) || given.length === 0 || given.length > MOST_CPUS)
    throw new RangeError(`apicIds is a list of 1 to ${MOST_CPUS} APIC ids, one for each CPU`);
  const wrong = given.find((id) => !Number.isInteger(id) || id < 0 || id > 0xfffffffe);
  if (wrong !== undefined) throw new RangeError(`an APIC id is a whole number from 0 to 4294967294, not ${describe(wrong)}`);
  const twice = given.find((id, c) => given.indexOf(id) !== c);
  if (twice !== undefined) throw new RangeError(`two CPUs have the APIC id ${twice}; each has one of its own`);
  if (cpus !== undefined && cpus !== given.length)
    throw new RangeError(
      `there are ${given.length} apicIds for ${describe(cpus).replace('the number ', '')} cpus; leave one of the two out`,
    );
  return [...given];
}

function ioapicsOf(given: MachineOptions['ioapics']): readonly IoapicModel[] {
  const list: readonly (Partial<IoapicModel> | undefined)[] = Array.isArray(given)
    ? (given as readonly Partial<IoapicModel>[])
    : Array.from({ length: countOf('ioapics', given, 1, 0, 16) });
  if (list.length > 16) throw new RangeError(`a machine has at most 16 IOAPICs, not ${list.length}`);
  const ioapics = list.map((each, i) => choose(`ioapics[${i}]`, ioapicChoices(i), each));
  const twice = ioapics.find(({ address }, i) => ioapics.findIndex((other) => other.address === address) !== i);
  if (twice !== undefined) throw new RangeError(`two IOAPICs have the address 0x${twice.address.toString(16)}; each has one of its own`);
  return ioapics;
}

const assumptionChoices: Choices<Assumptions> = {
  sampling: oneOf(...assumptionValues.sampling),
  push: oneOf(...assumptionValues.push),
  delivery: oneOf(...assumptionValues.delivery),
  recognition: oneOf(...assumptionValues.recognition),
  softDisabled: oneOf(...assumptionValues.softDisabled),
  iecDrain: oneOf(...assumptionValues.iecDrain),
  irteFetch: oneOf(...assumptionValues.irteFetch),
  ioapicEdge: oneOf(...assumptionValues.ioapicEdge),
};

function timingOf(given: MachineOptions['timing'] = {}): MachineSetup['timing'] {
  refuseUnknown('timing', timingIds, given);
  for (const [id, value] of Object.entries(given)) {
    const cycles = typeof value === 'number' ? [value] : [value?.min, value?.default, value?.max];
    const fits = cycles.every((each, i) => Number.isInteger(each) && each >= (cycles[i - 1] ?? 0) && each <= 0xffffffff);
    if (!fits) throw new RangeError(`timing['${id}'] is a number of cycles, or {min, default, max} in ascending order`);
  }
  return given;
}
