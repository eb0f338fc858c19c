/** Who has sent it: requester ids, as lspci writes them. */
import { part, type ExplainedField } from './explained.js';

/** How a function is written in a line: `65:00.0`, `0000:65:00.0`, and `0x65:0x00.0` by Linux 5.14. */
export const DEVICE = '(?:[0-9a-f]{4,5}:)?(?:0x)?[0-9a-f]{2}:(?:0x)?[0-9a-f]{2}\\.[0-7]';

export interface Device {
  /** as lspci -s takes it: the segment only where it is not 0 */
  readonly name: string;
  /** bus, device and function in 16 bits */
  readonly id: number;
}

const byte = (n: number): string => n.toString(16).padStart(2, '0');

/** The function with these 16 bits. */
export function deviceOfId(id: number, segment = ''): Device {
  const name = `${byte(id >> 8)}:${byte((id >> 3) & 31)}.${id & 7}`;
  return { name: /^0*$/.test(segment) ? name : `${segment}:${name}`, id };
}

/** The function that a line names in the form of `DEVICE`. */
export function deviceOf(text: string): Device {
  const parts = text.toLowerCase().replaceAll('0x', '').split(/[:.]/);
  const [fn = '0', slot = '0', bus = '0', segment = ''] = parts.toReversed();
  return deviceOfId((parseInt(bus, 16) << 8) | ((parseInt(slot, 16) & 31) << 3) | parseInt(fn, 16), segment);
}

/** The id of a function as a user writes it, `65:00.0` or 16 bits in hexadecimal; undefined where it is neither. */
export function requesterOf(text: string): number | undefined {
  if (new RegExp(`^${DEVICE}$`, 'i').test(text)) return deviceOf(text).id;
  return /^0x[0-9a-f]{1,4}$/i.test(text) ? Number(text) : undefined;
}

function idText(id: number): string {
  return `requester id 0x${id.toString(16).padStart(4, '0')}`;
}

/** What an id most likely belongs to. */
type Sender = 'function' | 'chipset' | 'root' | 'gone';

/** Behind VT-d ids with a bus of 0xf0 or more are as a rule those of IOAPICs and HPETs. */
function vtdSender({ id }: Device): Sender {
  if (id === 0xffff) return 'gone';
  if (id === 0) return 'root';
  return id >> 8 >= 0xf0 ? 'chipset' : 'function';
}

/** Behind AMD-Vi the IOAPIC of the southbridge sends as 00:14.0, those of northbridges as function 1 of their device 0. */
function amdSender({ id }: Device): Sender {
  if (id === 0xffff) return 'gone';
  if (id === 0) return 'root';
  return id === 0xa0 || (id & 0xff) === 1 ? 'chipset' : 'function';
}

function fieldFor({ name, id }: Device, sender: Sender): ExplainedField {
  const about: Readonly<Record<Sender, string>> = {
    function: `; "lspci -s ${name}" names it`,
    chipset:
      '; if lspci does not list it, or as a bridge, LPC or SMBus function, it is an IOAPIC or the HPET, which send with an id out of the ACPI tables',
    root: ': the host bridge, or a function that was reset and has no bus number any more',
    gone: ': all ones, as what does not answer reads',
  };
  return part('device', name, `${idText(id)}${about[sender]}`);
}

/** How to see what it sends. */
function hintsFor({ name }: Device, sender: Sender): string[] {
  if (sender === 'function')
    return [`lspci -vv -s ${name}: Address and Data of its MSI; irqlab explain --msi ADDRESS DATA says what they ask for`];
  if (sender === 'chipset') return ['apic=debug on the kernel command line prints each pin of the IOAPICs; explain takes those lines too'];
  return [];
}

/** Who has sent it, and how to see what. */
export interface SenderWords {
  readonly field: ExplainedField;
  readonly hints: readonly string[];
}

export function vtdSenderWords(device: Device): SenderWords {
  const sender = vtdSender(device);
  const ids = sender === 'chipset' ? ['dmesg | grep -E "(IOAPIC|HPET) id": what the DMAR table has for each unit'] : [];
  return { field: fieldFor(device, sender), hints: [...hintsFor(device, sender), ...ids] };
}

export function amdSenderWords(device: Device): SenderWords {
  const sender = amdSender(device);
  return { field: fieldFor(device, sender), hints: hintsFor(device, sender) };
}
