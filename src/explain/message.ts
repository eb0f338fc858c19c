/** An MSI: address and data, in compatibility and in remappable format (hardware.md C.3, D.3). */
import { bits, fieldsOf, flag, hasReserved, hexOf, slice, type BitField, type Reserved } from './bits.js';
import { deliveryModes, deliveryText, destinationText } from './destination.js';
import { both, told, type ExplainedField, type Told } from './explained.js';
import { entryHints } from './hints.js';
import { vectorText } from './vectors.js';

/** What the hardware makes of address and data. */
export type Message =
  | { readonly format: 'none' }
  | {
      readonly format: 'compatibility';
      readonly destination: number;
      readonly logical: boolean;
      readonly redirect: boolean;
      readonly vector: number;
      readonly mode: number;
      readonly level: boolean;
    }
  | {
      readonly format: 'remappable';
      /** of 17 bits: the sum of handle and subhandle does not wrap */
      readonly index: number;
      /** reserved bits of the data are set */
      readonly reserved: boolean;
    };

export function decodeMessage(address: bigint, data: bigint): Message {
  if (slice(address, 63, 20) !== 0xfeen) return { format: 'none' };
  if (bits(address, 4) === 0)
    return {
      format: 'compatibility',
      destination: bits(address, 19, 12),
      logical: bits(address, 2) === 1,
      redirect: bits(address, 3) === 1,
      vector: bits(data, 7, 0),
      mode: bits(data, 10, 8),
      level: bits(data, 15) === 1,
    };
  const subhandle = bits(address, 3) === 1;
  const handle = (bits(address, 2) << 15) | bits(address, 19, 5);
  return {
    format: 'remappable',
    index: handle + (subhandle ? bits(data, 15, 0) : 0),
    reserved: subhandle && hasReserved(data, [[31, 16]]),
  };
}

const compatibilityAddress: readonly BitField[] = [
  { name: 'destination', hi: 19, lo: 12, say: (dest, word) => destinationText(dest, bits(word, 2) === 1, false) },
  { name: 'ext dest', hi: 11, lo: 5, say: 'bits 14:8 of the destination on KVM and Hyper-V, otherwise 0' },
  { name: 'format', hi: 4, lo: 4, say: 'compatibility' },
  { name: 'RH', hi: 3, lo: 3, say: flag('the destination as given', 'one CPU of the destination') },
  { name: 'DM', hi: 2, lo: 2, say: flag('physical destination', 'logical destination') },
];

const compatibilityData: readonly BitField[] = [
  { name: 'vector', hi: 7, lo: 0, say: vectorText },
  { name: 'delivery', hi: 10, lo: 8, say: deliveryText },
  { name: 'level', hi: 14, lo: 14, say: flag('de-assert', 'assert') },
  { name: 'trigger', hi: 15, lo: 15, say: flag('edge', 'level') },
];

const RESERVED_DATA: Reserved = [
  [31, 16],
  [13, 12],
];

const remappableAddress: readonly BitField[] = [
  { name: 'handle', hi: 19, lo: 5, say: 'bits 14:0 of the handle' },
  { name: 'format', hi: 4, lo: 4, say: 'remappable (VT-d)' },
  { name: 'SHV', hi: 3, lo: 3, say: flag('no subhandle: the handle is the index', 'the data holds a subhandle') },
  { name: 'handle 15', hi: 2, lo: 2, say: 'bit 15 of the handle' },
];

function placed(where: string, fields: readonly ExplainedField[]): ExplainedField[] {
  return fields.map((field) =>
    field.bits === '' ? { ...field, text: `${where} ${field.text}` } : { ...field, bits: `${where} ${field.bits}` },
  );
}

/** `words`: by whom it was read. */
export function explainMessage(address: bigint, data: bigint): Told {
  const message = decodeMessage(address, data);
  if (message.format === 'none') return noInterrupt(address, data);
  return message.format === 'compatibility' ? compatibility(address, data, message) : remappable(address, data, message);
}

function noInterrupt(address: bigint, data: bigint): Told {
  const cleared = address === 0n && data === 0n;
  return told(
    'msi',
    `${cleared ? 'A message that was cleared' : 'Not an interrupt'}: a device that sends it writes ${hexOf(data)} to memory at ${hexOf(address)}.`,
    {
      fields: [
        { name: 'address', value: hexOf(address), text: 'outside of 0xfee00000 to 0xfeefffff' },
        { name: 'data', value: hexOf(data), text: '' },
      ],
      check: 'address bits 63:20 must be 0xfee, otherwise the message is a DMA write',
      causes: cleared
        ? ['Linux clears the message of an irq that is deactivated. MSI must be off, or the entry masked, before that.']
        : [
            'The message was sent, or read, between the writes of its halves.',
            'Memory, or the MSI-X table behind its BAR, does not hold what it should.',
          ],
      next: ['lspci -vv: is MSI Enable+, and is the entry masked?'],
    },
  );
}

type Compatibility = Extract<Message, { readonly format: 'compatibility' }>;
type Remappable = Extract<Message, { readonly format: 'remappable' }>;

/** What a LAPIC or the fabric has against it. */
function refusal({ vector, mode, redirect, logical, destination }: Compatibility): string | undefined {
  if (mode === 3 || mode === 6) return `delivery mode ${mode} is reserved: nobody acts on it`;
  if (mode <= 1 && vector < 16) return `vector ${hexOf(vector, 2)} is below 0x10: the LAPIC refuses it and sets ESR bit 6`;
  if (redirect && !logical && destination === 0xff) return 'RH=1 with the physical broadcast 0xff matches no CPU';
  return undefined;
}

function compatibility(address: bigint, data: bigint, message: Compatibility): Told {
  const { vector, mode, level, logical, destination } = message;
  const what = mode <= 1 ? `vector ${both(vector)}, ${level ? 'level' : 'edge'}` : (deliveryModes[mode] ?? 'reserved');
  const to = `${logical ? 'logical destination' : 'APIC id'} ${both(destination)}`;
  return told('msi', `An MSI in compatibility format: ${what}, to ${to}.`, {
    fields: [
      ...placed('addr', fieldsOf(address, compatibilityAddress)),
      ...placed('data', fieldsOf(data, compatibilityData, RESERVED_DATA)),
    ],
    check: refusal(message),
    next: [
      'Behind a VT-d unit that remaps it is blocked with fault 0x25, unless EIME=0 and CFIS=1.',
      `Behind AMD-Vi it is entry ${both(bits(data, 10, 0))} of the table of its device, and says nothing of vector and CPU.`,
      'Without remapping: vector and CPU must be those in /sys/kernel/debug/irq/irqs/N.',
    ],
  });
}

function remappable(address: bigint, data: bigint, message: Remappable): Told {
  const { index, reserved } = message;
  const subhandle = bits(address, 3) === 1;
  const dataFields: readonly BitField[] = [
    { name: subhandle ? 'subhandle' : 'data', hi: 15, lo: 0, say: subhandle ? 'is added to the handle' : 'does not count without SHV' },
  ];
  const misread = `APIC id ${both(bits(address, 19, 12))}, vector ${both(bits(data, 7, 0))}`;
  return told('msi', `An MSI in the remappable format of VT-d: asks for entry ${both(index)} of the remapping table.`, {
    fields: [
      ...placed('addr', fieldsOf(address, remappableAddress)),
      ...placed('data', fieldsOf(data, dataFields, subhandle ? [[31, 16]] : [])),
      { name: 'index', value: both(index), text: 'handle plus subhandle: the entry that decides vector and CPU' },
    ],
    check: reserved
      ? 'data bits 31:16 must be 0 with a subhandle: VT-d fault 0x20'
      : index > 0xffff
        ? 'the index is beyond any table: VT-d fault 0x21'
        : undefined,
    next: [...entryHints(index), `If remapping is off it is misread: ${misread}.`],
  });
}
