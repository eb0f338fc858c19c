/** Registers that tools print: MSI by lspci, IOAPIC pins by the kernel (apic=debug), counters of /proc/interrupts. */
import { both, part, told } from './explained.js';
import { decimal, form, hexadecimal, wideHexadecimal, type Form } from './form.js';
import { explainMessage } from './message.js';
import { explainRteWord } from './rte.js';

type Pin = Readonly<Record<string, string | undefined>>;

/** The entry that a printed pin has. */
function rteOf({ enabled, trigger, polarity, vector, irr, status, logical, dest, mode, index }: Pin): bigint {
  const flags =
    ((status === '1' ? 1 : 0) << 12) |
    ((polarity === 'low' ? 1 : 0) << 13) |
    ((irr === '1' ? 1 : 0) << 14) |
    ((trigger === 'level' ? 1 : 0) << 15) |
    ((enabled === 'enabled' ? 0 : 1) << 16);
  const low = BigInt(hexadecimal(vector) | flags);
  if (index !== undefined) {
    const i = BigInt(hexadecimal(index));
    return low | ((i >> 15n) << 11n) | (1n << 48n) | ((i & 0x7fffn) << 49n);
  }
  const destination = hexadecimal(dest);
  return (
    low |
    BigInt(decimal(mode) << 8) |
    (logical === 'logical' ? 0x800n : 0n) |
    (BigInt(destination & 0xff) << 56n) |
    (BigInt(destination >> 8) << 49n)
  );
}

export const dumpForms: readonly Form[] = [
  form(/\bAddress: (?<address>[0-9a-f]{8,16})\s+Data: (?<data>[0-9a-f]{4,8})\b/, ({ address, data }) =>
    explainMessage(wideHexadecimal(address), wideHexadecimal(data)),
  ),
  form(
    /\bpin(?<pin>[0-9a-f]{2}), (?<enabled>enabled|disabled)\s*, (?<trigger>edge|level)\s*, (?<polarity>high|low)\s*, V\((?<vector>[0-9a-f]{2})\), IRR\((?<irr>[01])\), S\((?<status>[01])\), (?:remapped, I\((?<index>[0-9a-f]{4})\)|(?<logical>logical|physical)\s*, D\((?<dest>[0-9a-f]{2,4})\), M\((?<mode>[0-7])\))/i,
    (pin) => {
      const entry = explainRteWord(rteOf(pin));
      return { ...entry, fields: [part('pin', both(hexadecimal(pin['pin'])), 'of this IOAPIC'), ...entry.fields] };
    },
  ),
  form(/^[\s>|]*(?<row>ERR|MIS|SPU):(?<counts>(?:\s+\d+)+)/, ({ row = '', counts = '' }) => {
    const count = counts
      .trim()
      .split(/\s+/)
      .reduce((sum, each) => sum + Number(each), 0);
    const rows: Readonly<Record<string, readonly [string, string]>> = {
      ERR: [
        'errors that LAPICs and the 8259 have reported',
        'the lines "APIC error on CPU" (printed with apic=debug only) and "spurious 8259A interrupt"',
      ],
      MIS: [
        'level interrupts of IOAPIC pins whose EOI was not broadcast, since they were taken as edges; the kernel ended them by itself',
        'a few after CPUs went offline are normal: a pending level interrupt is sent on as an IPI',
      ],
      SPU: ['vectors that had no handler of their own', 'the lines "Spurious interrupt" and "Spurious APIC interrupt"'],
    };
    const [what, where] = rows[row]!;
    return told('counter', `${count === 0 ? 'None' : count} of ${what}.`, {
      fields: [part(row, String(count), what)],
      next: count === 0 ? [] : [where],
    });
  }),
];
