/** What Linux prints of AMD-Vi units: the event log, commands, device table entries, how remapping was enabled. */
import { explainDeviceWord } from './amdIrte.js';
import { tellAmdEvent, type AmdLogEvent } from './amdEvents.js';
import { fieldsOf, type BitField } from './bits.js';
import { DEVICE, deviceOf, deviceOfId, type Device } from './device.js';
import { part, told } from './explained.js';
import { decimal, form, hexadecimal, wideHexadecimal, type Form } from './form.js';

// --- events

const EVENTS =
  'ILLEGAL_DEV_TABLE_ENTRY|IO_PAGE_FAULT|DEV_TAB_HARDWARE_ERROR|PAGE_TAB_HARDWARE_ERROR|ILLEGAL_COMMAND_ERROR|COMMAND_HARDWARE_ERROR|IOTLB_INV_TIMEOUT|INVALID_DEVICE_REQUEST|INVALID_PPR_REQUEST|RMP_PAGE_FAULT|RMP_HW_ERROR';

/** `name=value` of the rest of an event; which there are differs by version. */
function valueOf(rest: string, name: string): string | undefined {
  return new RegExp(`\\b${name}=(\\S+?)(?=[\\s\\]]|$)`).exec(rest)?.[1];
}

/** Where the line has no device=, the driver's name and device stand before it. */
function deviceBefore(before: string): Device | undefined {
  const found = new RegExp(`(${DEVICE}): (?:AMD-Vi: )?(?:Event logged )?\\[?$`, 'i').exec(before)?.[1];
  return found === undefined ? undefined : deviceOf(found);
}

function eventOf(rest: string, before: string): AmdLogEvent {
  const device = valueOf(rest, 'device');
  const domain = valueOf(rest, 'domain');
  const flags = valueOf(rest, 'flags');
  return {
    device: device === undefined ? deviceBefore(before) : deviceOf(device),
    domain: domain === undefined ? undefined : hexadecimal(domain),
    address: wideHexadecimal(valueOf(rest, 'address') ?? valueOf(rest, 'gpa')),
    flags: flags === undefined ? undefined : hexadecimal(flags),
  };
}

const eventForms: readonly Form[] = [
  form(
    // some versions print what stands in the bracket as a line of its own
    new RegExp(`(?:Event logged\\s+\\[?)?\\b(?<name>${EVENTS}) (?<rest>(?:device=|domain=|vmg_tag=)?[^\\]]*\\b(?:address|gpa)=[^\\]]*\\])`),
    ({ name = '', rest = '' }, before) => tellAmdEvent(name, eventOf(rest, before)),
  ),
];

/** Events that the kernel has no name for, as four dwords. */
const unknownEvent: Form = form(
  /UNKNOWN (?:type=\S+ )?event\[0\]=0x(?<first>[0-9a-f]{8}) event\[1\]=0x(?<second>[0-9a-f]{8}) event\[2\]=0x(?<third>[0-9a-f]{8}) event\[3\]=0x(?<fourth>[0-9a-f]{8})/,
  ({ first, second, third, fourth }) => {
    const code = hexadecimal(second) >>> 28;
    return told('amd-event', `An AMD-Vi unit logged event ${code}, which this kernel does not know.`, {
      fields: [
        part('device', deviceOfId(hexadecimal(first) & 0xffff).name, 'bits 15:0 of event[0]'),
        part('code', String(code), 'bits 31:28 of event[1]'),
        part('address', `0x${fourth ?? ''}${third ?? ''}`),
      ],
      next: ['A newer kernel, or the manual of the unit (AMD 48882)'],
    });
  },
);

// --- what is printed behind an event

const COMMANDS: Readonly<Record<number, string>> = {
  1: 'COMPLETION_WAIT',
  2: 'INVALIDATE_DEVTAB_ENTRY',
  3: 'INVALIDATE_IOMMU_PAGES',
  4: 'INVALIDATE_IOTLB_PAGES',
  5: 'INVALIDATE_INTERRUPT_TABLE',
  6: 'PREFETCH_IOMMU_PAGES',
  7: 'COMPLETE_PPR_REQUEST',
  8: 'INVALIDATE_IOMMU_ALL',
};

const commandLayouts: readonly (readonly BitField[])[] = [
  [{ name: 'dword 0', hi: 31, lo: 0, say: 'device id in bits 15:0; of a wait: store, interrupt, flush in bits 2:0 and the address above' }],
  [{ name: 'opcode', hi: 31, lo: 28, say: (op) => COMMANDS[op] ?? 'none that is known' }],
  [{ name: 'dword 2', hi: 31, lo: 0, say: 'of a wait: what is stored, low half' }],
  [{ name: 'dword 3', hi: 31, lo: 0, say: 'of a wait: what is stored, high half' }],
];

const detailForms: readonly Form[] = [
  form(/\bDTE\[(?<quarter>[0-3])\]: (?<word>[0-9a-f]{16})\b/, ({ quarter, word }) =>
    explainDeviceWord(decimal(quarter), wideHexadecimal(word)),
  ),
  form(/\bCMD\[(?<dword>[0-3])\]: (?<word>[0-9a-f]{8})\b/, ({ dword, word }) =>
    told('amd-command', `Dword ${dword ?? ''} of the AMD-Vi command that was refused.`, {
      fields: fieldsOf(wideHexadecimal(word), commandLayouts[decimal(dword)] ?? []),
    }),
  ),
];

// --- the unit itself

const unitForms: readonly Form[] = [
  form(/Completion-Wait loop timed out/, () =>
    told('amd-wait', 'An AMD-Vi unit did not complete its commands in time: what was to be invalidated may still be cached.', {
      check: 'the unit stores the data of a COMPLETION_WAIT before the kernel gives up',
      causes: [
        'The command buffer stands still (see ILLEGAL_COMMAND_ERROR and COMMAND_HARDWARE_ERROR before it), or the device table is not the one that the unit uses, as in a kdump kernel.',
        'A device does not answer an ATS invalidation (IOTLB_INV_TIMEOUT).',
        'The unit or its link is asleep.',
      ],
      next: [
        'Linux ignores the failure when it moves an interrupt: messages by the old entry may go on to the old CPU and vector ("No irq handler").',
        'The first AMD-Vi line before it, not the last.',
      ],
    }),
  ),
  form(/IOMMU (?<log>Event|GA|PPR) [Ll]og (?:restarting|overflow)/, ({ log = '' }) =>
    told('amd-log', `The ${log} log of an AMD-Vi unit was full: entries are lost.`, {
      causes: [
        log === 'GA'
          ? 'vCPUs that slept were not told of interrupts: they wait until something else wakes them.'
          : 'One device faults all the time; what others did is not in the log.',
      ],
      next: ['The lines before it: which device it is'],
    }),
  ),
  form(/IOAPIC\[(?<id>\d+)\] not in IVRS table/, ({ id = '' }) =>
    told('amd-mode', `AMD-Vi: the IVRS table of the firmware does not name IOAPIC ${id}; without the southbridge's remapping stays off.`, {
      fields: [part('ioapic', id, 'its id in the MADT')],
      causes: ['An error in the ACPI tables of the firmware.'],
      next: [`ivrs_ioapic[${id}]=00:14.0 on the kernel command line, if it is the southbridge's; the ids that IVRS has: amd_iommu_dump`],
    }),
  ),
  form(/AMD-Vi: (?<what>Interrupt remapping enabled|Disabling interrupt remapping)/, ({ what = '' }) => {
    const on = what.endsWith('enabled');
    return told('amd-mode', `AMD-Vi: interrupt remapping is ${on ? 'on' : 'off'}.`, {
      fields: [
        part(
          'remapping',
          on ? 'on' : 'off',
          on ? 'the data of an MSI is an index into the table of its device' : 'MSIs go to the CPU and vector that they name',
        ),
      ],
    });
  }),
];

export const amdForms: readonly Form[] = [...eventForms, unknownEvent, ...detailForms, ...unitForms];
