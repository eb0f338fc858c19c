/** The same in the words of Xen and QEMU. */
import { tellAmdEvent } from './amdEvents.js';
import { DEVICE, deviceOf, deviceOfId } from './device.js';
import { both, part, type Told } from './explained.js';
import { decimal, form, hexadecimal, wideHexadecimal, type Form } from './form.js';
import { vtdFault } from './intel.js';
import { explainIrteWord } from './irte.js';
import { explainMessage } from './message.js';
import { noHandler } from './unclaimed.js';

/** Xen gives ISA irqs the vectors from here on. */
const XEN_ISA = 0xe0;

function xenUnclaimed(cpu: number, vector: number, irq: string, serviced: boolean): Told {
  const isa = vector >= XEN_ISA && vector < XEN_ISA + 16 ? vector - XEN_ISA : undefined;
  return noHandler({
    cpu,
    vector,
    printed: `${vector.toString(16)} (hexadecimal)`,
    what: isa === undefined ? 'of the range that Xen gives to devices' : `ISA irq ${isa} in Xen`,
    isa,
    extra: [
      part(
        'irq',
        irq,
        serviced
          ? 'negative: none; the vector was in service in the LAPIC'
          : 'negative: none; not in service in the LAPIC, so it came from the 8259',
      ),
    ],
  });
}

/** What Xen has in place of the files of Linux. */
function inXen(told: Told | undefined): Told | undefined {
  if (told === undefined) return undefined;
  const next = ['xl debug-keys i, M, z, V, then xl dmesg: irqs and their vectors, MSIs, IOAPIC pins, remapping entries'];
  return { ...told, next, resembles: [] };
}

const xen: readonly Form[] = [
  form(
    new RegExp(
      `INTR-REMAP: Request device \\[(?<device>${DEVICE})\\] fault index (?<index>[0-9a-f]+).*?INTR-REMAP: reason (?<reason>[0-9a-f]{1,2}) -`,
      'i',
    ),
    ({ device = '', index, reason = '' }) =>
      inXen(vtdFault(deviceOf(device), hexadecimal(index), hexadecimal(reason), `${reason} (hexadecimal)`)),
  ),
  form(
    new RegExp(`AMD-Vi: (?<name>[A-Z_]+): (?<device>${DEVICE}) d\\S+ addr (?<address>[0-9a-f]+) flags (?<flags>0x[0-9a-f]+)`),
    ({ name = '', device = '', address, flags }) =>
      inXen(
        tellAmdEvent(name, { device: deviceOf(device), domain: undefined, address: wideHexadecimal(address), flags: hexadecimal(flags) }),
      ),
  ),
  form(
    /AMD-Vi: (?<name>[A-Z_]+): domain = (?<domain>\d+), device id = (?<device>0x[0-9a-f]+), fault address = (?<address>0x[0-9a-f]+), flags = (?<flags>0x[0-9a-f]+)/,
    ({ name = '', domain, device, address, flags }) =>
      inXen(
        tellAmdEvent(name, {
          device: deviceOfId(hexadecimal(device)),
          domain: decimal(domain),
          address: wideHexadecimal(address),
          flags: hexadecimal(flags),
        }),
      ),
  ),
  form(
    /CPU(?<cpu>\d+): No irq handler for vector (?<vector>[0-9a-f]{2}) \(IRQ (?<irq>-?\d+)(?<lapic>, LAPIC)?\)/,
    ({ cpu, vector, irq = '', lapic }) => inXen(xenUnclaimed(decimal(cpu), hexadecimal(vector), irq, lapic !== undefined)),
  ),
];

const qemu: readonly Form[] = [
  form(/invalid IR MSI \(sid=(?<sid>\d+), address=(?<address>0x[0-9a-f]+), data=(?<data>0x[0-9a-f]+)\)/, ({ sid, address, data }) => {
    const message = explainMessage(wideHexadecimal(address), wideHexadecimal(data));
    return { ...message, fields: [part('sid', sid ?? '', `requester ${deviceOfId(decimal(sid)).name}`), ...message.fields] };
  }),
  form(
    /(?:non-present|non-zero reserved) IRTE \(index=(?<index>\d+), high=(?<high>0x[0-9a-f]+), low=(?<low>0x[0-9a-f]+)\)/,
    ({ index, high, low }) => {
      const entry = explainIrteWord(wideHexadecimal(high), wideHexadecimal(low));
      return { ...entry, fields: [part('entry', both(decimal(index)), 'its index'), ...entry.fields] };
    },
  ),
];

export const hypervisorForms: readonly Form[] = [...xen, ...qemu];
