/** What the key `machine` takes, and `universe` with it. */
import * as z from 'zod';
import { describe, hex } from '../../words.js';
import { choice, flag, list, mapping, mismatch, nonEmpty, whole } from '../fields.js';
import { cpuNumber, deviceName } from './values.js';

/** Destinations have 8 bits without interrupt remapping, and 255 is the broadcast (hardware.md A.7.1). */
export const apicIdNumber = whole('APIC id', 0, 254);
/** Without interrupt remapping a message reaches APIC ids 0 to 254. */
export const cpuCount = whole('the number of CPUs', 1, 255);
export const vcpuCount = whole('the number of vCPUs', 1, 8);
/** More do not fit below the first ISA vector (linux.md 2.2). */
export const universeVectors = whole('the number of vectors', 1, 16);

const cpuEntry = mapping({ cpu: cpuNumber, apicId: apicIdNumber.optional(), online: flag().default(true) }, '{cpu: 0, apicId: 0}');

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

export const universe = mapping({ vectors: universeVectors.default(4) }, '{vectors: 2}');
