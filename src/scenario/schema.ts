/**
 * The format of a scenario file, version 1: what each key takes, its bounds, its default, and what is said when it is wrong.
 *
 * One definition for three uses: validation, the types of the input, and the published JSON Schema. What needs more than one key
 * to be judged (does this CPU exist?) stands in references.ts.
 */
import * as z from 'zod';
import { assumptionValues } from '../machine/index.js';
import { choice, exactlyOne, flag, list, mapping, mismatch, nonEmpty, text, whole } from './fields.js';
import { describe, hex } from '../words.js';

/** Names that may stand for a scenario, and what a wrong one could become. */
const scenarioName = text('a name', /^[a-z0-9-]+$/, (input) => {
  const near = input
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return `use lower-case letters, digits and dashes${near === '' ? '' : `, for example ${near}`}`;
});

/** The number of a CPU, as the user calls it. */
export const cpuNumber = whole('CPU', 0, 4095);
/** Destinations have 8 bits without interrupt remapping, and 255 is the broadcast (hardware.md A.7.1). */
export const apicIdNumber = whole('APIC id', 0, 254);
export const irqNumber = whole('irq', 0, 65535);
export const vectorNumber = whole('vector', 0, 255, hex);
/** More do not fit below the first ISA vector (linux.md 2.2). */
export const universeVectors = whole('the number of vectors', 1, 16);
/** Without interrupt remapping a message reaches APIC ids 0 to 254. */
export const cpuCount = whole('the number of CPUs', 1, 255);

/** The number of a virtual CPU: its place in the list. */
export const vcpuNumber = whole('vCPU', 0, 7);
export const vcpuCount = whole('the number of vCPUs', 1, 8);

/** Entries that a table of MSI-X may have at most. */
export const messageCount = whole('the number of messages', 1, 2048);

/** A message of a PCI device; of a comparator of an HPET, of a remapping unit's fault event. */
export const messageTypes = ['msi', 'msix', 'hpet', 'dmar', 'ioapic'] as const;

const microseconds = whole('the time', 1, 1_000_000_000);
const cycles = (what: string) => whole(what, 0, 1_000_000_000);

const cpuEntry = mapping({ cpu: cpuNumber, apicId: apicIdNumber.optional(), online: flag().default(true) }, '{cpu: 0, apicId: 0}');

const deviceName = text('the name of a device', /^[A-Za-z0-9][A-Za-z0-9_.:-]*$/, () => 'use letters, digits and _ . : -');

const unit = mapping({ devices: list(deviceName, '[nic]').min(1, nonEmpty('[nic]')).optional() }, '{devices: [nic]}');

const iommuType = choice('type of IOMMU', ['vtd', 'amd']);

const iommuMapping = mapping(
  {
    type: iommuType,
    cachingMode: flag()
      .optional()
      .meta({ description: 'vtd: entries that are not present may be cached (hardware.md D.4). Default false' }),
    postedMsi: flag().optional().meta({
      description: 'vtd: messages of PCI devices are posted (hardware.md E.5), as Linux does with intremap=posted_msi. Default false',
    }),
    ga: flag().optional().meta({ description: 'amd: entries have 128 bits, otherwise 32 (hardware.md F.3). Default true' }),
    xt: flag().optional().meta({ description: 'amd: destinations have 32 bits, otherwise 8 (hardware.md F.3.2). Default: as ga' }),
    guest: flag().optional().meta({ description: 'amd: entries may be a guest’s (hardware.md F.3.3). Default false' }),
    numIntRemap: flag().optional().meta({ description: 'amd: a device may have 2048 entries (hardware.md F.3). Default false' }),
    irtCacheDis: flag().optional().meta({ description: 'amd: remapping entries are not cached (hardware.md F.4). Default false' }),
    guestLog: whole('the number of entries', 1, 15)
      .optional()
      .meta({ description: 'amd: entries that the log of guests has room for in a check (hardware.md F.3.3). Default 15' }),
    units: list(unit, '[{devices: [nic]}]')
      .min(1, nonEmpty('[{devices: [nic]}]'))
      .max(15, { error: 'more than 15 units; write 15 at most' })
      .default([{}])
      .meta({ description: 'Remapping units; one without devices takes all that are in no list' }),
  },
  '{type: vtd}',
);

const ioapic = mapping(
  {
    version: z
      .literal([0x20, 0x11], {
        error: ({ input }) =>
          `version is ${typeof input === 'number' ? hex(input) : describe(input)}; write 0x20, with an EOI register, or 0x11, without`,
      })
      .default(0x20),
  },
  '{version: 0x11}',
);

const machine = mapping(
  {
    ioapic: ioapic.optional().meta({ description: 'The IOAPIC, which there is if a device is on a pin; version 0x11 has no EOI register' }),
    iommu: z
      .union([iommuMapping, iommuType], {
        error: ({ input }) =>
          typeof input === 'string'
            ? `unknown type of IOMMU "${input}"; write one of vtd or amd`
            : mismatch('a type of IOMMU or a mapping', input, 'for example vtd, or {type: amd}'),
      })
      .optional()
      .meta({ description: 'Interrupt remapping; left out: none' }),
    cpus: z
      .union(
        [
          cpuCount,
          list(cpuEntry, '[{cpu: 0, apicId: 0}]')
            .min(1, nonEmpty('[{cpu: 0, apicId: 0}]'))
            .max(255, { error: 'more than 255 CPUs; write 255 at most' }),
        ],
        {
          error: ({ input }) =>
            mismatch('a number of CPUs or a list of them', input, 'for example 2, or [{cpu: 0, apicId: 0}, {cpu: 3, apicId: 6}]'),
        },
      )
      .meta({ description: 'How many CPUs (numbered from 0, APIC id = number), or a list of them' }),
    vcpus: z
      .union([vcpuCount, list(cpuNumber, '[1]').min(1, nonEmpty('[1]')).max(8, { error: 'more than 8 vCPUs; write 8 at most' })], {
        error: ({ input }) => mismatch('a number of vCPUs or a list of CPUs', input, 'for example 1, or [1]: vCPU 0 runs on CPU 1'),
      })
      .optional()
      .meta({
        description:
          'vtd: how many virtual CPUs there are that devices may post to (hardware.md E.4), the first on the last CPU, and so on; or the CPU that each runs on at the start',
      }),
  },
  '{cpus: 2}',
);

const gaps = list(microseconds, '[50, 120]').min(1, nonEmpty('[50, 120]'));
const cycleGaps = list(whole('the gap', 1, 1_000_000_000_000), '[150000]').min(1, nonEmpty('[150000]'));
const interArrival = exactlyOne(mapping({ us: gaps.optional(), cycles: cycleGaps.optional() }, '{us: [50, 120, 600]}'), 'interArrival', [
  'us',
  'cycles',
]);

const cpuList = list(cpuNumber, '[0, 3]').min(1, nonEmpty('[0]'));

const irq = mapping(
  {
    irq: irqNumber,
    cpu: cpuNumber.optional().meta({ description: 'Target at the start; default the lowest CPU of the affinity that is online' }),
    vector: vectorNumber.optional().meta({ description: 'Default: the lowest of the universe that is free on that CPU' }),
    affinity: cpuList.optional().meta({ description: 'Default: all CPUs' }),
    managed: flag().optional().meta({ description: 'Its affinity is the kernel’s: with its last CPU it is shut down. Default false' }),
    threaded: flag().optional().meta({ description: 'The driver’s handler runs in a thread. Default false' }),
    vcpu: vcpuNumber.optional().meta({ description: 'The vCPU that its messages are posted to at the start. Default: none' }),
    requested: flag().optional().meta({ description: 'Whether a driver has requested it at the start. Default true' }),
  },
  '{irq: 122, cpu: 3}',
);

const device = mapping(
  {
    name: deviceName,
    kind: choice('kind of device', ['handshake', 'free', 'level']).default('handshake'),
    message: mapping(
      {
        type: choice('type of message', messageTypes).default('msi'),
        address64: flag().optional().meta({ description: 'MSI: the address has an upper half; default true' }),
        maskable: flag().optional().meta({ description: 'MSI: each message has a mask bit; default false' }),
        vectors: messageCount.optional().meta({ description: 'Default: as many as there are irqs, for MSI rounded up to a power of two' }),
        pin: whole('pin', 0, 119).optional().meta({ description: 'Input of the IOAPIC; default 0' }),
        trigger: choice('trigger', ['edge', 'level']).optional().meta({ description: 'Of the pin; default edge, for kind: level level' }),
      },
      '{type: msi, address64: true}',
    ).prefault({}),
    raises: whole('the number of raises', 0, 15).default(3),
    interArrival: interArrival.default({ us: [100] }),
    handlerCycles: cycles('the cost of the handler').default(3000),
    irqs: list(irq, '[{irq: 122, cpu: 3}]').min(1, nonEmpty('[{irq: 122, cpu: 3}]')),
  },
  '{name: nic, irqs: [{irq: 24}]}',
);

const operationKeys = [
  'offline',
  'online',
  'move',
  'request',
  'free',
  'disable',
  'enable',
  'teardown',
  'allocate',
  'suspend',
  'post',
  'unpost',
  'load',
  'preempt',
  'block',
  'wake',
  'pause',
] as const;

const operation = exactlyOne(
  mapping(
    {
      offline: cpuNumber.optional(),
      online: cpuNumber.optional(),
      move: mapping(
        {
          irq: irqNumber,
          to: cpuList,
          on: cpuNumber.optional().meta({ description: 'Whose task asks for it; default the lowest CPU that stays online' }),
        },
        '{irq: 122, to: [1]}',
      ).optional(),
      request: irqNumber.optional().meta({ description: 'A driver requests the irq' }),
      free: irqNumber.optional().meta({ description: 'The driver frees it; its device is quiet from then on' }),
      disable: irqNumber.optional(),
      enable: irqNumber.optional(),
      teardown: deviceName
        .optional()
        .meta({ description: 'The driver gives the irqs of its device back, which it has freed: vectors, remapping entries, MSI enable' }),
      allocate: deviceName.optional().meta({ description: 'It allocates them again' }),
      suspend: z
        .literal(true, { error: 'write suspend: true, or leave it out' })
        .optional()
        .meta({ description: 'Devices lose power, all CPUs but one go offline, come back, and devices have power again' }),
      post: mapping({ irq: irqNumber, vcpu: vcpuNumber }, '{irq: 24, vcpu: 0}')
        .optional()
        .meta({ description: 'Messages of the irq are posted to a vCPU (hardware.md D.3.2)' }),
      unpost: irqNumber.optional().meta({ description: 'They go to the host again' }),
      load: mapping({ vcpu: vcpuNumber, cpu: cpuNumber }, '{vcpu: 0, cpu: 1}')
        .optional()
        .meta({ description: 'The thread of a vCPU goes to a CPU; one that is blocked blocks there' }),
      preempt: vcpuNumber.optional().meta({ description: 'The vCPU loses its CPU, and has it again at some later time' }),
      block: vcpuNumber.optional().meta({ description: 'The guest executes HLT, if it runs; an event of a device wakes the vCPU' }),
      wake: vcpuNumber.optional().meta({ description: 'Something other than a device wakes it' }),
      pause: mapping({ us: microseconds }, '{us: 300}').optional(),
    },
    'offline: 3',
  ),
  'an operation',
  operationKeys,
);

const expression = text('an expression', /\S/, () => 'write a condition in quotes, for example "!owed[irq 24]"').meta({
  description: 'A condition on the state, e.g. all i in irq: !owed[i]; irqlab models NAME --names lists what it can name',
});

export const assertionKeys = ['always', 'atRest', 'afterProbe'] as const;

const assertion = exactlyOne(
  mapping(
    { name: scenarioName, always: expression.optional(), atRest: expression.optional(), afterProbe: expression.optional() },
    '{name: nothing-owed, atRest: "!owed[irq 24]"}',
  ),
  'an assertion',
  assertionKeys,
  1,
);

const assumptions = mapping(
  {
    sampling: choice('value of sampling', assumptionValues.sampling).default('at-once'),
    push: choice('value of push', assumptionValues.push).default('irr'),
    delivery: choice('value of delivery', assumptionValues.delivery).default('within-mdelay'),
    recognition: choice('value of recognition', assumptionValues.recognition).default('prompt'),
    softDisabled: choice('value of softDisabled', assumptionValues.softDisabled).default('dispatches'),
    iecDrain: choice('value of iecDrain', assumptionValues.iecDrain).default('irr'),
    irteFetch: choice('value of irteFetch', assumptionValues.irteFetch).default('whole'),
    ioapicEdge: choice('value of ioapicEdge', assumptionValues.ioapicEdge).default('lost'),
  },
  '{delivery: unbounded}',
);

const timingValue = z.union(
  [
    cycles('the time'),
    mapping({ min: cycles('the time'), default: cycles('the time'), max: cycles('the time') }, '{min: 6000, default: 7200, max: 9000}'),
  ],
  { error: ({ input }) => mismatch('a number of cycles', input, 'for example 9000, or {min: 6000, default: 7200, max: 9000}') },
);

const MAX_SECONDS = 1_000_000;
const seconds = z
  .number({ error: ({ input }) => mismatch('a number of seconds', input, 'for example 60') })
  .gt(0, { error: ({ input }) => `${String(input)} seconds is out of range; write more than 0` })
  .max(MAX_SECONDS, { error: ({ input }) => `${String(input)} seconds is out of range; write ${MAX_SECONDS} at most` });

/** The default model: the newest that is safe in the scenarios of the thread. */
const DEFAULT_MODEL = 'linux-5.9';

const namedText = (example: string) =>
  z.string({
    error: ({ input }) =>
      mismatch('a text', input, typeof input === 'number' || typeof input === 'boolean' ? `write "${input}"` : `for example ${example}`),
  });

/** The whole file, as its author may write it. */
export const scenarioFile = mapping(
  {
    version: z.literal(1, { error: ({ input }) => `version is ${describe(input)}, this program reads version 1; write version: 1` }),
    name: scenarioName,
    about: namedText('about: what it shows').optional(),
    model: text('the name of a model', /^[a-z][a-z0-9.-]*$/, () => `for example ${DEFAULT_MODEL}`).default(DEFAULT_MODEL),
    behaviours: z
      .record(z.string(), namedText('settleDelay: none'), {
        error: ({ input }) => mismatch('a mapping', input, 'for example {settleDelay: none}'),
      })
      .default({}),
    assumptions: assumptions.prefault({}),
    machine,
    universe: mapping({ vectors: universeVectors.default(4) }, '{vectors: 2}').prefault({}),
    devices: list(device, '[{name: nic, irqs: [{irq: 24}]}]')
      .min(1, nonEmpty('[{name: nic, irqs: [{irq: 24}]}]'))
      .max(64, { error: 'more than 64 devices; write 64 at most' }),
    operations: list(operation, '[{offline: 3}]').default([]),
    parallel: flag().default(false).meta({
      description: 'Operations begin in any order; what takes no CPU offline or online runs beside that, if a CPU besides one stays online',
    }),
    assert: list(assertion, '[{name: nothing-owed, atRest: "!owed[irq 24]"}]').default([]),
    run: mapping(
      { repeat: flag().default(false), seconds: seconds.default(1), seed: whole('seed', 0, 0xffff_ffff).default(1) },
      '{seconds: 60, seed: 1}',
    ).prefault({}),
    timing: z
      .record(z.string(), timingValue, { error: ({ input }) => mismatch('a mapping', input, 'for example {cfg.write: 9000}') })
      .default({}),
  },
  'version: 1',
);

/** A file that the schema accepts, with the defaults that need no look at another key. */
export type ScenarioFile = z.output<typeof scenarioFile>;

/** How a key is written that is missing, for the message that says so. */
export const examples: Readonly<Record<string, string>> = {
  version: 'version: 1',
  name: 'name: my-scenario',
  machine: 'machine: {cpus: 2}',
  cpus: 'cpus: 2',
  cpu: 'cpu: 0',
  devices: 'devices: [{name: nic, irqs: [{irq: 24}]}]',
  irqs: 'irqs: [{irq: 24}]',
  irq: 'irq: 24',
  to: 'to: [1]',
  us: 'us: 300',
  vcpu: 'vcpu: 0',
  min: 'min: 6000',
  default: 'default: 7200',
  max: 'max: 9000',
};

/** JSON Schema (draft 2020-12) of a scenario file, for editors. References between keys are beyond it. */
export function jsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(scenarioFile, { io: 'input' });
  return { $schema, title: 'irqlab scenario, version 1', ...rest };
}
