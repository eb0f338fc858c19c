/** Events of an AMD-Vi unit's log (hardware.md F.6): what their fields say, which check failed, what usually leads there. */
import { bits, hexOf, slice } from './bits.js';
import { amdSenderWords, type Device } from './device.js';
import { both, part, told, type ExplainedField, type Told } from './explained.js';
import { amdToggle } from './races.js';

// --- addresses

/** Interrupts have a range of their own in HyperTransport; units print it with or without the sign above bit 39. */
function isHyperTransport(address: bigint): boolean {
  return slice(address, 39, 24) === 0xfdf8n;
}

function isInterruptAddress(address: bigint): boolean {
  return isHyperTransport(address) || slice(address, 63, 20) === 0xfeen;
}

const MESSAGE_TYPES = ['fixed', 'arbitrated', 'SMI', 'NMI', 'INIT', 'startup', 'ExtINT', 'EOI'];

/** What the address of an interrupt says of its message. */
function addressFields(address: bigint): ExplainedField[] {
  const whole = part('address', hexOf(address), 'the interrupt range');
  if (!isHyperTransport(address))
    return [whole, part('destination', hexOf(bits(address, 19, 12), 2), 'bits 19:12: does not count where the message is remapped')];
  const low = bits(address, 23, 16);
  const mode = bits(address, 4, 2);
  const index = mode <= 1 ? `: entry ${both((mode << 8) | low)} of the device's table, if data bits 10:9 are 0` : '';
  return [
    whole,
    part('data', hexOf(low, 2), `bits 23:16 of the address: data bits 7:0${index}`),
    part('destination', hexOf(bits(address, 15, 8), 2), 'bits 15:8: does not count where the message is remapped'),
    part('type', String(mode), `bits 4:2: ${MESSAGE_TYPES[mode] ?? ''}`),
  ];
}

// --- flags

const FLAGS: readonly (readonly [bit: number, name: string, clear: string, set: string])[] = [
  [0, 'GN', '', 'a guest address'],
  [1, 'NX', '', 'an instruction fetch'],
  [2, 'US', '', 'with user rights'],
  [3, 'I', 'a memory access, no interrupt', 'an interrupt request'],
  [4, 'PR', 'the entry was not present', 'the entry was present'],
  [5, 'RW', 'a read', 'a write'],
  [6, 'PE', '', 'the device had not the right to'],
  [7, 'RZ', '', 'a reserved bit was not 0'],
  [8, 'TR', '', 'a translation request'],
];

/** `told0`: flags of which 0 says something, too. */
function flagFields(flags: number, told0: readonly string[]): ExplainedField[] {
  return [
    part('flags', hexOf(flags, 4)),
    ...FLAGS.filter(([bit, name]) => (flags >> bit) & 1 || told0.includes(name)).map(([bit, name, clear, set]): ExplainedField => {
      const value = (flags >> bit) & 1;
      return { name: `  ${name}`, bits: String(bit), value: String(value), text: value === 1 ? set : clear };
    }),
  ];
}

// --- events

/** What an event line holds. */
export interface AmdLogEvent {
  readonly device: Device | undefined;
  readonly domain: number | undefined;
  readonly address: bigint;
  /** not of all events */
  readonly flags: number | undefined;
}

/** `told0`: see `flagFields`; left out where the flags mean something else. */
function eventFields({ device, domain, address, flags }: AmdLogEvent, told0?: readonly string[]): ExplainedField[] {
  return [
    ...(device === undefined ? [] : [amdSenderWords(device).field]),
    ...(domain === undefined ? [] : [part('domain', hexOf(domain, 4), 'domain id in the device table entry of the device')]),
    ...(isInterruptAddress(address) ? addressFields(address) : [part('address', hexOf(address))]),
    ...(flags === undefined ? [] : told0 === undefined ? [part('flags', hexOf(flags, 4))] : flagFields(flags, told0)),
  ];
}

const of = (device: Device | undefined): string => (device === undefined ? 'a device' : device.name);

function hints(device: Device | undefined): string[] {
  return [
    ...(device === undefined ? [] : amdSenderWords(device).hints),
    'amd_iommu_dump on the kernel command line: which unit a device is behind, and the ids of IOAPICs and HPETs (IVHD)',
    'trace events irq_vectors:vector_activate, vector_deactivate: when the entry was set up and cleared',
  ];
}

function isInterrupt({ flags, address }: AmdLogEvent): boolean {
  return ((flags ?? 0) & 8) !== 0 || isInterruptAddress(address);
}

function pageFault(event: AmdLogEvent): Told {
  const { device } = event;
  if (!isInterrupt(event))
    return told(
      'amd-dma-fault',
      `A DMA access of ${of(device)} was refused. This is not an interrupt's matter: no interrupt was blocked.`,
      {
        fields: eventFields(event, ['I', 'PR', 'RW']),
        causes: [
          'The driver unmapped the buffer, or never mapped it, while the device still used it; or firmware lets the device use memory that no IVMD of the IVRS table reserves.',
        ],
        next: ['The driver of the device and what it maps: trace events iommu:map, iommu:unmap'],
      },
    );
  const { why, check } = pageFaultReason(event);
  return told('amd-fault', `An AMD-Vi unit aborted an interrupt of ${of(device)}: ${why}. The interrupt is lost.`, {
    fields: eventFields(event, ['I', 'PR']),
    check,
    causes: [
      'The irq was freed, shut down or not yet activated, and its device sends all the same; or it kept an old message over a reset or resume.',
      'Linux before 5.9 changed an entry of 128 bits by clearing RemapEn, writing the halves and setting it again: a message in between faults, most often with guests (AVIC) and frequent moves. The first repair (5.8.8, 5.9-rc) left RemapEn at 0 in guest mode.',
      'An IOAPIC pin or the HPET was unmasked before its entry was made: one such fault at boot does no harm.',
    ],
    next: hints(device),
    resembles: [amdToggle],
  });
}

/** Of a message that no entry is asked for, the bit of the device table entry that lets it pass. */
const PASSES: Readonly<Record<number, string>> = { 3: 'NMIPass', 4: 'InitPass', 6: 'EIntPass' };

function pageFaultReason({ address, flags = 0 }: AmdLogEvent): { readonly why: string; readonly check: string } {
  const type = isHyperTransport(address) ? bits(address, 4, 2) : 0;
  if (type > 1)
    return {
      why: `its type, ${MESSAGE_TYPES[type] ?? ''}, is not let pass`,
      check: `${PASSES[type] ?? 'a bit'} of the device table entry is 1: messages of this type are never remapped`,
    };
  if ((flags & 0x90) === 0x90)
    return { why: 'its entry is programmed wrongly', check: 'IntType is 0 or 1, and GuestMode only where guest mode is enabled' };
  return {
    why: 'it has no entry that is in use',
    check: 'the index is below 2^IntTabLen, RemapEn (bit 0 of the entry) is 1, and IntCtl of the device table entry is not 0',
  };
}

/** Of INVALID_DEVICE_REQUEST the upper flags are a type. Logs and drivers confirm 1 and 5; the others are from memory of the manual. */
const REQUEST_TYPES = [
  'a read, or a write that waits for an answer, in the interrupt range',
  'a translated request of a device that may not translate',
  'port I/O of a device that may not do it (IoCtl)',
  'a posted write to the system management range that is not allowed',
  'a read, or a write that waits for an answer, in the system management range',
  'an interrupt or EOI of a device whose interrupts are to be aborted (IntCtl=0)',
  'a posted write to a reserved part of the interrupt range',
  'an access to the system management range that is not allowed',
];

function invalidRequest(event: AmdLogEvent): Told {
  const { device, flags } = event;
  const type = ((flags ?? 0) >> 9) & 7;
  const interrupt = type === 5;
  return told(
    interrupt ? 'amd-fault' : 'amd-request',
    interrupt
      ? `An AMD-Vi unit aborted an interrupt message of ${of(device)}: no interrupts are allowed from this id. The message is lost.`
      : `An AMD-Vi unit refused a request of ${of(device)}: ${REQUEST_TYPES[type] ?? ''}.`,
    {
      fields: [...eventFields(event), { name: '  type', bits: '11:9', value: String(type), text: REQUEST_TYPES[type] ?? '' }],
      check: interrupt ? 'IntCtl, bits 189:188 of the device table entry, is not 0' : undefined,
      causes: interrupt
        ? [
            'Nobody has set up interrupts for this id. From a root complex (00:00.0, 40:00.0) it is as a rule a message or EOI of firmware or of a GPU that is being reset: as long as every device works, it does no harm.',
            'A device sends with an id that the IVRS table does not name (an alias behind a bridge).',
          ]
        : ['A device, or its firmware, uses an address that is none for it.'],
      next: hints(device),
    },
  );
}

function illegalEntry(event: AmdLogEvent): Told {
  const interrupt = isInterrupt(event);
  return told(
    'amd-device-entry',
    `An AMD-Vi unit found the device table entry of ${of(event.device)} programmed wrongly${interrupt ? ', when it sent an interrupt. The interrupt is lost' : ''}.`,
    {
      fields: eventFields(event, ['I']),
      check: interrupt
        ? 'of the device table entry: IntCtl is not 3, IntTabLen is at most 11, and what it asks for is enabled in the control register'
        : 'of the device table entry: reserved bits are 0, and what it asks for is enabled in the control register',
      causes: [
        'After resume or kexec: the control register lacks a bit that the entry needs (EPHEn in Linux 6.10 to 6.13), or the table is of the previous kernel.',
        'Something else wrote there.',
      ],
      next: [
        'The lines DTE[0] to DTE[3] behind it: DTE[2] has the interrupt fields',
        'dmesg | grep -i "Control Reg" (Linux 6.13 and later): the control register of the unit',
      ],
    },
  );
}

const HARDWARE: Readonly<Record<string, readonly [summary: string, cause: string]>> = {
  DEV_TAB_HARDWARE_ERROR: ['could not read the device table', 'The table base points where no memory is, or a memory error.'],
  PAGE_TAB_HARDWARE_ERROR: [
    'could not read a page table or an interrupt remapping table',
    'A root pointer in the device table entry points where no memory is, or a memory error.',
  ],
  COMMAND_HARDWARE_ERROR: [
    'could not read its command buffer, and stands still',
    'The buffer base points where no memory is, or a memory error.',
  ],
  ILLEGAL_COMMAND_ERROR: [
    'met a command that it does not know, and stands still',
    'A command with reserved bits, or one that this unit has not; or a device that hangs.',
  ],
  IOTLB_INV_TIMEOUT: ['got no answer from a device whose TLB it should invalidate (ATS)', 'The device hangs, is asleep or was reset.'],
  INVALID_PPR_REQUEST: ['got a page request that is none', 'A device with ATS and PRI misbehaves.'],
  RMP_PAGE_FAULT: ['refused an access by the reverse map table (SEV-SNP)', 'The page belongs to a guest, or to nobody.'],
  RMP_HW_ERROR: ['could not read the reverse map table (SEV-SNP)', 'A memory error.'],
};

function hardwareEvent(name: string, event: AmdLogEvent): Told | undefined {
  const known = HARDWARE[name];
  if (known === undefined) return undefined;
  const [summary, cause] = known;
  const stops = name === 'ILLEGAL_COMMAND_ERROR' || name === 'COMMAND_HARDWARE_ERROR';
  return told('amd-event', `An AMD-Vi unit ${summary}${event.device === undefined ? '' : `; device ${event.device.name}`}.`, {
    fields: eventFields(event),
    causes: [cause],
    next: stops
      ? [
          'Until the command buffer is reset no entry is invalidated and every completion wait times out.',
          'The lines CMD[0] to CMD[3] behind it: the command',
        ]
      : [],
  });
}

/** An event, whoever has printed it. */
export function tellAmdEvent(name: string, event: AmdLogEvent): Told | undefined {
  if (name === 'IO_PAGE_FAULT') return pageFault(event);
  if (name === 'INVALID_DEVICE_REQUEST') return invalidRequest(event);
  if (name === 'ILLEGAL_DEV_TABLE_ENTRY') return illegalEntry(event);
  return hardwareEvent(name, event);
}
