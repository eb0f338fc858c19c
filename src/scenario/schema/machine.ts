/** What the key `machine` takes, and `universe` with it. */
import * as z from 'zod';
import { describe, hex } from '../../words.js';
import { MOST_VECTORS } from '../vectors.js';
import { choice, flag, list, mapping, mismatch, nonEmpty, whole } from '../fields.js';
import { cpuNumber, deviceName } from './values.js';

/** How far they go depends on what remaps interrupts (references.ts); a record of an event has room for 16 bits. */
export const apicIdNumber = whole('APIC id', 0, 65_534);
export const cpuCount = whole('the number of CPUs', 1, 4096);
export const socketCount = whole('the number of sockets', 1, 256);
export const socketNumber = whole('socket', 0, 255);
export const vcpuCount = whole('the number of vCPUs', 1, 8);
export const universeVectors = z.union([whole('the number of vectors', 1, MOST_VECTORS), z.literal('all')], {
  error: ({ input }) => mismatch('a number of vectors', input, `for example 4, or all: ${MOST_VECTORS}`),
});

const cpuEntry = mapping({ cpu: cpuNumber, apicId: apicIdNumber.optional(), online: flag().default(true) }, '{cpu: 0, apicId: 0}');

const unit = mapping(
  {
    devices: list(deviceName, '[nic]').min(1, nonEmpty('[nic]')).optional(),
    socket: socketNumber.optional().meta({ description: 'All devices of this socket' }),
  },
  '{devices: [nic]}',
);

/** Of a whole number from 1 on. */
const isPowerOfTwo = (n: number): boolean => Number.isInteger(Math.log2(n));

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
    entries: whole('the number of entries', 2, 65_536)
      .refine(isPowerOfTwo, {
        error: ({ input }) => `a table has a power of two of entries, not ${String(input)}; write 65536 for example`,
      })
      .optional()
      .meta({ description: 'vtd: entries of the remapping table (hardware.md D.3). Default: a power of two that holds all irqs' }),
    units: z
      .union(
        [
          list(unit, '[{devices: [nic]}]')
            .min(1, nonEmpty('[{devices: [nic]}]'))
            .max(64, { error: 'more than 64 units; write 64 at most' }),
          z.literal('per-socket'),
        ],
        { error: ({ input }) => mismatch('a list of units', input, 'for example [{devices: [nic]}], or per-socket') },
      )
      .default([{}])
      .meta({ description: 'Remapping units; one without devices takes all that are in no list; or one for each socket' }),
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

export const machine = mapping(
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
            .max(4096, { error: 'more than 4096 CPUs; write 4096 at most' }),
        ],
        {
          error: ({ input }) =>
            mismatch('a number of CPUs or a list of them', input, 'for example 2, or [{cpu: 0, apicId: 0}, {cpu: 3, apicId: 6}]'),
        },
      )
      .meta({ description: 'How many CPUs (numbered from 0, APIC id = number), or a list of them' }),
    sockets: socketCount.optional().meta({ description: 'CPUs and devices are split among them evenly, in order. Default 1' }),
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

export const universe = mapping({ vectors: universeVectors.default(4) }, '{vectors: 2}');
