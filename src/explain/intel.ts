/** What Linux prints of VT-d units: faults, the invalidation queue, how remapping was enabled, its table in debugfs. */
import { bits, hexOf } from './bits.js';
import { DEVICE, deviceOf, deviceOfId, vtdSenderWords, type Device } from './device.js';
import { both, part, told, type ExplainedField, type Told } from './explained.js';
import { faultOf } from './faults.js';
import { decimal, form, hexadecimal, wideHexadecimal, type Form } from './form.js';
import { entryHints } from './hints.js';
import { explainIrteWord } from './irte.js';
import { explainQueueWord, queueErrors } from './queue.js';
import { noDrain } from './races.js';

const BLOCKED = 0x25;
const POSTING = [0x27, 0x28];

// --- interrupt faults

/** With reason 0x25 units put bits of the address where the index would be: 19:5, and bit 2 on top (D.7.1). */
function addressBits(index: number): string {
  const logical = index >> 15 !== 0;
  return `no index with this reason; read as bits of the address: to ${logical ? 'logical destination' : 'APIC id'} ${both((index >> 7) & 0xff)}`;
}

function indexField(index: number, reason: number): ExplainedField {
  if (reason === BLOCKED) return part('index', hexOf(index), addressBits(index));
  return part('index', hexOf(index), `entry ${index} of the remapping table`);
}

/** An interrupt that a unit refused. `printed`: how the reason stands in the line. */
export function vtdFault(device: Device, index: number, reason: number, printed: string): Told {
  const fault = faultOf(reason);
  const sender = vtdSenderWords(device);
  const fields = [
    sender.field,
    indexField(index, reason),
    part(
      'reason',
      printed,
      fault === undefined ? 'none that is known' : `${printed === hexOf(reason) ? '' : `${hexOf(reason)}: `}${fault.words}`,
    ),
  ];
  if (fault === undefined)
    return told(
      'vtd-fault',
      `A VT-d unit refused an interrupt of ${device.name}, for a reason that is not known here. The interrupt is lost.`,
      { fields },
    );
  return told('vtd-fault', `A VT-d unit refused an interrupt of ${device.name}: ${fault.words}. The interrupt is lost.`, {
    fields,
    check: fault.check,
    causes: fault.causes,
    next: [...(reason === BLOCKED || reason === 0x20 ? [] : entryHints(index)), ...sender.hints, ...fault.next],
    resembles: fault.resembles,
  });
}

/** Hexadecimal with its prefix; Linux before 5.14 prints it in decimal. */
function reasonOf(prefix: string | undefined, digits: string | undefined): number {
  return prefix === undefined ? decimal(digits) : hexadecimal(digits);
}

function printedReason(prefix: string | undefined, digits = ''): string {
  return prefix === undefined ? `${digits} (decimal)` : `${prefix}${digits}`;
}

const interruptFaults: readonly Form[] = [
  form(
    new RegExp(
      `INTR-REMAP\\] Request device \\[(?<device>${DEVICE})\\] fault index (?:0x)?(?<index>[0-9a-f]+) \\[fault reason (?<prefix>0x)?(?<reason>[0-9a-f]{1,2})\\]`,
      'i',
    ),
    ({ device = '', index, prefix, reason }) =>
      vtdFault(deviceOf(device), hexadecimal(index), reasonOf(prefix, reason), printedReason(prefix, reason)),
  ),
  // two lines, before Linux 4.7
  form(
    new RegExp(
      `INTR-REMAP: Request device ?\\[\\[(?<device>${DEVICE})\\] fault index (?<index>[0-9a-f]+)\\b.*?INTR-REMAP:\\s*\\[fault reason (?<reason>\\d+)\\]`,
      'i',
    ),
    ({ device = '', index, reason }) => vtdFault(deviceOf(device), hexadecimal(index), decimal(reason), printedReason(undefined, reason)),
  ),
];

/** A line that was cut behind the index. */
const cut: Form = form(
  new RegExp(`INTR-REMAP\\]?:? Request device ?\\[+(?<device>${DEVICE})\\] fault index (?:0x)?(?<index>[0-9a-f]+)`, 'i'),
  ({ device = '', index }) =>
    told('vtd-fault', `A VT-d unit refused an interrupt of ${deviceOf(device).name}. The line was cut: the reason is missing.`, {
      fields: [
        vtdSenderWords(deviceOf(device)).field,
        part('index', `0x${index ?? ''}`, `entry ${hexadecimal(index)} of the remapping table`),
      ],
      next: ['The whole line, up to "[fault reason ...]", says which check failed.', ...entryHints(hexadecimal(index))],
    }),
);

// --- DMA faults

function dmaFault(device: Device, how: string, address: bigint, reason: number, text: string): Told {
  const fault = POSTING.includes(reason) ? faultOf(reason) : undefined;
  const fields = [vtdSenderWords(device).field, part('address', hexOf(address)), part('reason', hexOf(reason), text)];
  if (fault !== undefined)
    return told(
      'vtd-fault',
      `A VT-d unit refused an interrupt of ${device.name}: ${fault.words}. Linux does not know this reason and prints it as a DMA fault.`,
      {
        fields: [...fields, part('index', hexOf(bits(address, 63, 48)), 'bits 63:48 of what is printed as an address')],
        check: fault.check,
        causes: fault.causes,
        next: [...entryHints(bits(address, 63, 48)), ...fault.next],
      },
    );
  const near = address >> 20n === 0xfeen;
  return told('vtd-dma-fault', `A DMA ${how} of ${device.name} was refused. This is not an interrupt's matter: no interrupt was blocked.`, {
    fields,
    causes: near
      ? ['The address is in the interrupt range: a write of 4 bytes there is an interrupt, everything else is refused.']
      : [
          'The driver unmapped the buffer, or never mapped it, while the device still used it; or firmware lets the device use memory that no RMRR of the DMAR table reserves.',
        ],
    next: ['The driver of the device and what it maps: trace events iommu:map, iommu:unmap'],
  });
}

const REQUEST = `Request device \\[(?<device>${DEVICE})\\](?: PASID (?:0x)?[0-9a-f]+)? fault addr (?:0x)?(?<address>[0-9a-f]+)`;

const dmaFaults: readonly Form[] = [
  form(
    new RegExp(
      `\\[DMA (?<how>Read|Write)[^\\]]*\\] ${REQUEST}\\s*\\[fault reason (?<prefix>0x)?(?<reason>[0-9a-f]{1,2})\\]\\s*(?<text>.*)`,
      'i',
    ),
    ({ device = '', how = '', address, prefix, reason, text = '' }) =>
      dmaFault(deviceOf(device), how.toLowerCase(), wideHexadecimal(address), reasonOf(prefix, reason), text.trim()),
  ),
  form(
    new RegExp(`DMAR:\\[DMA (?<how>Read|Write)\\] ${REQUEST}.*?DMAR:\\[fault reason (?<reason>\\d+)\\]\\s*(?<text>.*)`, 'i'),
    ({ device = '', how = '', address, reason, text = '' }) =>
      dmaFault(deviceOf(device), how.toLowerCase(), wideHexadecimal(address), decimal(reason), text.trim()),
  ),
];

// --- status and queue

const STATUS: readonly (readonly [bit: number, name: string, text: string])[] = [
  [0, 'PFO', 'all fault records were in use: further faults were blocked and not recorded'],
  [1, 'PPF', 'a fault record is pending: the lines behind this one say what'],
  [4, 'IQE', 'the invalidation queue stands still at a bad descriptor'],
  [5, 'ICE', 'an invalid completion of a device-TLB invalidation'],
  [6, 'ITE', 'a device-TLB invalidation timed out'],
  [7, 'PRO', 'the page request queue has overflowed'],
];

function faultStatus(value: number): Told {
  const set = STATUS.filter(([bit]) => (value >>> bit) & 1);
  const first = value >>> 8;
  const fields = set.map(([bit, name, text]): ExplainedField => ({ name, bits: String(bit), value: '1', text }));
  return told(
    'vtd-status',
    `The fault status register (FSTS) of a VT-d unit, ${hexOf(value)}: ${set.map(([, name]) => name).join(', ') || 'no bit that is known'}.`,
    {
      fields:
        (value & 2) === 0
          ? fields
          : [...fields, { name: 'FRI', bits: '15:8', value: String(first), text: 'the fault record that was pending first' }],
      next:
        (value & 0x70) !== 0
          ? ['While the queue stands still no entry of the remapping table is invalidated, so that moved interrupts go on by old entries.']
          : [],
    },
  );
}

function queueFault(what: string, code: number): Told {
  const sid = deviceOfId(code & 0xffff);
  if (/queue error/i.test(what))
    return told('vtd-queue', 'The invalidation queue of a VT-d unit has stopped at a bad descriptor.', {
      fields: [part('reason', hexOf(code), queueErrors[code] ?? 'none that is known (0xf: the unit reads as all ones, it is off or gone)')],
      causes: ['A descriptor with reserved bits or an unknown type, a wrong tail; or the registers of the unit read as all ones.'],
      next: [
        'The line "QI HEAD" behind it has the descriptor.',
        'Waits of other CPUs were aborted too: an entry may have been changed without its invalidation.',
      ],
    });
  return told('vtd-queue', `The invalidation queue of a VT-d unit: ${what.toLowerCase()}.`, {
    fields: [vtdSenderWords(sid).field],
    causes: ['A device did not answer an invalidation of its TLB (ATS): it hangs, is asleep, or was reset.'],
    next: ['All waits in the queue were aborted and are sent again: invalidations of remapping entries come late, not never.'],
  });
}

const queueForms: readonly Form[] = [
  form(/DRHD: handling fault status reg (?<value>[0-9a-f]+)/i, ({ value }) => faultStatus(hexadecimal(value))),
  form(
    /VT-d detected (?<what>Invalidation (?:Queue|Time-out|Completion) Error): (?:Reason|SID) (?<code>[0-9a-f]+)/i,
    ({ what = '', code }) => queueFault(what, hexadecimal(code)),
  ),
  form(/QI (?<place>HEAD|PRIOR): .*?qw0 = (?<low>0x[0-9a-f]+), qw1 = (?<high>0x[0-9a-f]+)/i, ({ place = '', low, high }) =>
    explainQueueWord(
      (wideHexadecimal(high) << 64n) | wideHexadecimal(low),
      place.toUpperCase() === 'HEAD' ? 'the one where the queue stands' : 'the one before',
    ),
  ),
];

// --- how it was enabled

const modeForms: readonly Form[] = [
  form(/Enabled IRQ remapping in (?<mode>x2apic|xapic) mode/i, ({ mode = '' }) => {
    const wide = mode.toLowerCase() === 'x2apic';
    return told('vtd-mode', `Interrupt remapping is on, in ${wide ? 'x2APIC' : 'xAPIC'} mode (EIME=${wide ? 1 : 0}).`, {
      fields: [
        part('destinations', wide ? '32 bits' : '8 bits', wide ? 'bits 63:32 of an entry' : 'bits 47:40 of an entry'),
        part(
          'compatibility',
          wide ? 'blocked' : 'by CFIS',
          wide ? 'messages in compatibility format get fault 0x25' : 'Linux leaves CFIS=0: they get fault 0x25',
        ),
      ],
    });
  }),
  form(/ioapic (?<id>\d+) has no mapping iommu, interrupt remapping will be disabled/i, ({ id = '' }) =>
    told('vtd-mode', `Interrupt remapping stays off: the DMAR table of the firmware names no unit for IOAPIC ${id}.`, {
      fields: [part('ioapic', id, 'its id in the MADT, to be found in the device scopes of the DMAR table')],
      causes: ['An error in the ACPI tables of the firmware.'],
      next: ['acpidump, iasl -d: the device scopes of DMAR against the IOAPICs of APIC (MADT)'],
    }),
  ),
  form(/IRQ remapping doesn't support X2APIC mode/, () =>
    told('vtd-mode', 'The LAPICs stay in xAPIC mode: interrupt remapping is off, or not all units have destinations of 32 bits.', {
      fields: [part('destinations', '8 bits', 'CPUs with an APIC id of 255 or more cannot be used; 255 itself is the broadcast id')],
      causes: ['Firmware asks for it (x2APIC opt out in the DMAR table), remapping was switched off, or a unit lacks ECAP.EIM.'],
      next: ['dmesg | grep -E "DMAR-IR|x2apic|AMD-Vi"'],
    }),
  ),
  form(/This system BIOS has enabled interrupt remapping\b/i, () =>
    told(
      'vtd-mode',
      'Interrupt remapping is switched off: this chipset (5500, 5520, X58) does not drain messages when an entry is invalidated.',
      {
        causes: ['An erratum of the chipset: an old message may arrive after the invalidation is complete, and finds its vector freed.'],
        next: ['A firmware update; or live without remapping'],
        resembles: [noDrain],
      },
    ),
  ),
];

// --- debugfs

const tableForms: readonly Form[] = [
  // entry, source, (destination or PDA), vector, high, low
  form(
    new RegExp(
      `^[\\s>|]*(?<index>\\d{1,5})\\s+(?<device>${DEVICE})\\s+(?:[0-9a-f]{8}\\s+){1,2}[0-9a-f]{2}\\s+(?<high>[0-9a-f]{16})\\s+(?<low>[0-9a-f]{16})\\s*$`,
      'i',
    ),
    ({ index, high, low }) => {
      const entry = explainIrteWord(wideHexadecimal(high), wideHexadecimal(low));
      return { ...entry, fields: [part('entry', both(decimal(index)), 'its index in the table of the unit'), ...entry.fields] };
    },
  ),
];

/** Slots of the queue as debugfs lists them: number, two or four words, status. */
const queueSlots: Form = form(
  /^[\s>|]*(?<slot>\d{1,5})\s+(?<low>[0-9a-f]{16})\s+(?<high>[0-9a-f]{16})(?:\s+[0-9a-f]{16}){1,3}\s*$/i,
  ({ slot = '', low, high }) => explainQueueWord((wideHexadecimal(high) << 64n) | wideHexadecimal(low), `slot ${slot}`),
);

export const intelForms: readonly Form[] = [...interruptFaults, ...dmaFaults, ...queueForms, ...modeForms, ...tableForms, queueSlots];

/** For lines that no form fits, even with those behind them. */
export const intelCut: readonly Form[] = [cut];
