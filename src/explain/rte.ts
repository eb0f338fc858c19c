/** Redirection entries of an IOAPIC (hardware.md B.2): what they hold, and the message they make. */
import { bits, fieldsOf, flag, hexOf, type BitField, type Reserved } from './bits.js';
import { deliveryModes, deliveryText, destinationText } from './destination.js';
import { both, told, type ExplainedField, type Told } from './explained.js';
import { entryHints } from './hints.js';
import { vectorText } from './vectors.js';

const EXTINT = 7;

/** The message that the entry makes; one formula for all formats. ExtINT is edge, whatever bit 15 says. */
export function rteMessage(rte: bigint): { readonly address: number; readonly data: number } {
  const address = (0xfee00000 | (bits(rte, 63, 48) << 4) | (bits(rte, 11) << 2)) >>> 0;
  return { address, data: bits(rte, 10, 0) | (isLevel(rte) ? 0xc000 : 0) };
}

const isLevel = (rte: bigint): boolean => bits(rte, 15) === 1 && bits(rte, 10, 8) !== EXTINT;
const isRemappable = (rte: bigint): boolean => bits(rte, 48) === 1;

const status: readonly BitField[] = [
  { name: 'DS', hi: 12, lo: 12, say: flag('idle', 'a message waits to be accepted') },
  { name: 'polarity', hi: 13, lo: 13, say: flag('active high', 'active low') },
  {
    name: 'remote IRR',
    hi: 14,
    lo: 14,
    say: flag('no EOI is owed', 'a LAPIC has accepted it and the EOI is still to come; until then the pin sends nothing'),
  },
  { name: 'trigger', hi: 15, lo: 15, say: flag('edge', 'level') },
  { name: 'mask', hi: 16, lo: 16, say: flag('unmasked', 'masked: edges are lost, a level is sent after the unmask') },
];

const compatibility: readonly BitField[] = [
  { name: 'vector', hi: 7, lo: 0, say: vectorText },
  { name: 'delivery', hi: 10, lo: 8, say: deliveryText },
  { name: 'DM', hi: 11, lo: 11, say: flag('physical destination', 'logical destination') },
  ...status,
  { name: 'ext dest', hi: 55, lo: 49, say: 'bits 14:8 of the destination on KVM and Hyper-V, otherwise 0' },
  { name: 'destination', hi: 63, lo: 56, say: (dest, rte) => destinationText(dest, bits(rte, 11) === 1, false) },
];

const remappable: readonly BitField[] = [
  { name: 'vector', hi: 7, lo: 0, say: 'what the EOI is matched with; Linux puts the number of the pin here' },
  { name: 'delivery', hi: 10, lo: 8, say: (mode) => (mode === 0 ? 'must be 0' : 'must be 0: it becomes part of the subhandle') },
  { name: 'index 15', hi: 11, lo: 11, say: 'bit 15 of the index' },
  ...status,
  { name: 'format', hi: 48, lo: 48, say: 'remappable (VT-d)' },
  { name: 'index', hi: 63, lo: 49, say: 'bits 14:0 of the index, 63:56 above 55:49' },
];

const RESERVED: Reserved = [[47, 17]];

/** Bits 14:7 of the index stand above bits 6:0. */
function indexOf(rte: bigint): number {
  return (bits(rte, 11) << 15) | bits(rte, 63, 49);
}

function check(rte: bigint): string | undefined {
  if (isRemappable(rte) && bits(rte, 10, 8) !== 0) return 'bits 10:8 must be 0 in remappable format';
  const mode = bits(rte, 10, 8);
  if (!isRemappable(rte) && mode <= 1 && bits(rte, 7, 0) < 16 && bits(rte, 16) === 0)
    return `vector ${hexOf(bits(rte, 7, 0), 2)} is below 0x10: the LAPIC refuses it, unless the entry is remapped by AMD-Vi`;
  return undefined;
}

/** A level line whose EOI is missing is dead. */
function stuck(rte: bigint): string[] {
  if (bits(rte, 14) === 0) return [];
  return [
    'Remote IRR=1 while no handler runs means that the EOI never came back: its vector was not the one that stands in the entry (moved in service), it went by an IPI (edge, so no broadcast), or EOI broadcast is suppressed.',
  ];
}

function next(rte: bigint): string[] {
  const message = rteMessage(rte);
  const sends = `It sends address ${hexOf(message.address)}, data ${hexOf(message.data)}.`;
  const index = bits(rte, 10, 0);
  return isRemappable(rte)
    ? [
        sends,
        ...entryHints(indexOf(rte)),
        'TM of that entry must agree with the trigger here, or the EOI is not broadcast (Linux sends it by itself).',
      ]
    : [sends, `Behind AMD-Vi bits 10:0 are the index of its entry, ${both(index)}, and vector and destination do not count.`];
}

/** A redirection entry of 64 bits. */
export function explainRteWord(rte: bigint): Told {
  const mode = deliveryModes[bits(rte, 10, 8)] ?? 'reserved';
  const trigger = `${isLevel(rte) ? 'level' : 'edge'}, active ${bits(rte, 13) === 1 ? 'low' : 'high'}`;
  const what = isRemappable(rte)
    ? `asks for entry ${both(indexOf(rte))} of the VT-d remapping table`
    : `vector ${both(bits(rte, 7, 0))}, ${mode}, to ${bits(rte, 11) === 1 ? 'logical destination' : 'APIC id'} ${both(bits(rte, 63, 56))}`;
  const fields: ExplainedField[] = fieldsOf(
    rte,
    isRemappable(rte) ? remappable : compatibility,
    isRemappable(rte) ? RESERVED : [...RESERVED, [48, 48]],
  );
  return told('rte', `An IOAPIC redirection entry, ${bits(rte, 16) === 1 ? 'masked' : 'unmasked'}: ${trigger}; ${what}.`, {
    fields,
    check: check(rte),
    causes: stuck(rte),
    next: next(rte),
  });
}
