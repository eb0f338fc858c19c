/** Remapping entries of VT-d, remapped and posted (hardware.md D.3.1 to D.3.4). */
import { FaultReason } from '../core/index.js';
import { bits, fieldsOf, flag, hasReserved, hexOf, oneOf, slice, type BitField, type Reserved } from './bits.js';
import { deliveryModes, deliveryText, destinationText } from './destination.js';
import { deviceOfId } from './device.js';
import { both, part, told, type ExplainedField, type Told } from './explained.js';
import { checkOf, faultWords } from './faults.js';
import { vectorText } from './vectors.js';

/** What an entry is read with. */
export interface IrteContext {
  /** EIME of the table: destinations of 32 bits. Left out: not known. */
  readonly eime?: boolean | undefined;
  /** who asks for the entry, in 16 bits; left out: whoever may */
  readonly requester?: number | undefined;
}

/** What a unit does with a request that finds this entry. */
export type IrteOutcome =
  | { readonly what: 'blocked'; readonly reason: FaultReason; readonly recorded: boolean }
  | {
      readonly what: 'remapped';
      readonly vector: number;
      readonly destination: number;
      readonly logical: boolean;
      readonly redirect: boolean;
      readonly mode: number;
      readonly level: boolean;
    }
  | { readonly what: 'posted'; readonly vector: number; readonly descriptor: bigint; readonly urgent: boolean };

const RESERVED: Reserved = [
  [127, 84],
  [31, 24],
  [14, 12],
];
const RESERVED_POSTED: Reserved = [
  [95, 84],
  [37, 24],
  [13, 12],
  [7, 2],
];
/** Around the eight bits of a destination. */
const RESERVED_XAPIC: Reserved = [
  [63, 48],
  [39, 32],
];

const SQ_MASKS = [0xffff, 0xfffb, 0xfff9, 0xfff8] as const;

function accepts(word: bigint, requester: number): boolean {
  const sid = bits(word, 79, 64);
  switch (bits(word, 83, 82)) {
    case 1:
      return ((requester ^ sid) & (SQ_MASKS[bits(word, 81, 80)] ?? 0xffff)) === 0;
    case 2:
      return sid >> 8 <= requester >> 8 && requester >> 8 <= (sid & 0xff);
    default:
      return true;
  }
}

const isPosted = (word: bigint): boolean => bits(word, 15) === 1;

/** What may not be programmed so; empty for a valid entry. */
function mistakes(word: bigint, eime: boolean): string[] {
  const svt = bits(word, 83, 82) === 3 ? ['SVT=3 is reserved'] : [];
  if (isPosted(word)) return [...svt, ...(hasReserved(word, RESERVED_POSTED) ? ['reserved bits of the posted format are set'] : [])];
  const mode = bits(word, 7, 5);
  return [
    ...svt,
    ...(mode === 3 || mode === 6 ? [`DLM=${mode} is reserved`] : []),
    ...(hasReserved(word, RESERVED) ? ['reserved bits are set'] : []),
    ...(!eime && hasReserved(word, RESERVED_XAPIC) ? ['in xAPIC mode (EIME=0) bits 63:48 and 39:32 are reserved'] : []),
  ];
}

const destinationOf = (word: bigint, eime: boolean): number => (eime ? bits(word, 63, 32) : bits(word, 47, 40));

const descriptorOf = (word: bigint): bigint => (slice(word, 127, 96) << 32n) | (slice(word, 63, 38) << 6n);

/** A unit that can post interrupts (CAP.PI) reads the entry: steps 5 to 7 of D.3, in their order. */
export function irteOutcome(high: bigint, low: bigint, eime: boolean, requester?: number): IrteOutcome {
  const word = (high << 64n) | low;
  const recorded = bits(word, 1) === 0;
  if (bits(word, 0) === 0) return { what: 'blocked', reason: FaultReason.notPresent, recorded };
  if (requester !== undefined && !accepts(word, requester)) return { what: 'blocked', reason: FaultReason.sourceInvalid, recorded };
  if (mistakes(word, eime).length > 0) return { what: 'blocked', reason: FaultReason.irteReserved, recorded };
  const vector = bits(word, 23, 16);
  if (isPosted(word)) return { what: 'posted', vector, descriptor: descriptorOf(word), urgent: bits(word, 14) === 1 };
  return {
    what: 'remapped',
    vector,
    destination: destinationOf(word, eime),
    logical: bits(word, 2) === 1,
    redirect: bits(word, 3) === 1,
    mode: bits(word, 7, 5),
    level: bits(word, 4) === 1,
  };
}

// --- in words

const common: readonly BitField[] = [
  { name: 'P', hi: 0, lo: 0, say: flag('not present: who asks for it gets fault 0x22', 'present') },
  {
    name: 'FPD',
    hi: 1,
    lo: 1,
    say: flag('faults of this entry are recorded', 'faults of this entry are not recorded, but blocked all the same'),
  },
];

function sidText(sid: number, word: bigint): string {
  switch (bits(word, 83, 82)) {
    case 1:
      return deviceOfId(sid).name;
    case 2:
      return `buses ${hexOf(sid >> 8, 2)} to ${hexOf(sid & 0xff, 2)}`;
    default:
      return 'does not count with this SVT';
  }
}

const source: readonly BitField[] = [
  { name: 'SID', hi: 79, lo: 64, say: sidText },
  {
    name: 'SQ',
    hi: 81,
    lo: 80,
    say: oneOf('all bits of the SID count', 'bit 2 does not count', 'bits 2:1 do not count', 'the function does not count'),
  },
  {
    name: 'SVT',
    hi: 83,
    lo: 82,
    say: oneOf('whoever sends may use it', 'only the requester SID may use it', 'only these buses may use it', 'reserved'),
  },
];

const remappedLayout = (eime: boolean | undefined): readonly BitField[] => [
  ...common,
  { name: 'DM', hi: 2, lo: 2, say: flag('physical destination', 'logical destination') },
  { name: 'RH', hi: 3, lo: 3, say: flag('the destination as given', 'one CPU of the destination') },
  { name: 'TM', hi: 4, lo: 4, say: flag('edge', 'level') },
  { name: 'DLM', hi: 7, lo: 5, say: deliveryText },
  { name: 'AVAIL', hi: 11, lo: 8, say: "software's own" },
  { name: 'IM', hi: 15, lo: 15, say: 'remapped format' },
  { name: 'vector', hi: 23, lo: 16, say: vectorText },
  { name: 'DST', hi: 63, lo: 32, say: (_, word) => destinationWords(word, eime) },
  ...source,
];

const postedLayout: readonly BitField[] = [
  ...common,
  { name: 'AVAIL', hi: 11, lo: 8, say: "software's own" },
  { name: 'URG', hi: 14, lo: 14, say: flag('notifies unless SN is set', 'urgent: notifies even if SN is set') },
  { name: 'IM', hi: 15, lo: 15, say: 'posted format' },
  { name: 'vector', hi: 23, lo: 16, say: 'virtual: the bit that is set in PIR' },
  { name: 'PDA low', hi: 63, lo: 38, say: 'bits 31:6 of the address of the descriptor' },
  ...source,
  { name: 'PDA high', hi: 127, lo: 96, say: 'bits 63:32 of it' },
];

/** EIME as far as the entry itself tells: an xAPIC destination leaves the bits around it 0. */
function eimeOf(word: bigint, eime: boolean | undefined): boolean | undefined {
  return eime ?? (hasReserved(word, RESERVED_XAPIC) ? true : undefined);
}

function destinationWords(word: bigint, eime: boolean | undefined): string {
  const logical = bits(word, 2) === 1;
  const known = eimeOf(word, eime);
  const [wide, narrow] = [true, false].map((each) => destinationText(destinationOf(word, each), logical, each));
  if (known !== undefined) return `${known ? wide : narrow}${known ? '' : ', out of bits 47:40'}`;
  if (destinationOf(word, true) === destinationOf(word, false)) return narrow ?? '';
  return `in xAPIC mode (EIME=0) ${narrow}; in x2APIC mode (EIME=1) ${wide}`;
}

function outcomeText(outcome: IrteOutcome, word: bigint, eime: boolean | undefined): string {
  if (outcome.what === 'blocked') return `a request that asks for it is blocked: ${faultWords(outcome.reason)}`;
  const from = { 1: `from ${deviceOfId(bits(word, 79, 64)).name}`, 2: 'from some buses' }[bits(word, 83, 82)] ?? 'from anybody';
  if (outcome.what === 'posted')
    return `an interrupt ${from} sets bit ${both(outcome.vector)} of the posted-interrupt descriptor at ${hexOf(outcome.descriptor)}`;
  const mode = deliveryModes[outcome.mode] ?? 'reserved';
  const where = `${outcome.logical ? 'logical destination' : 'APIC id'} ${destinationNumber(word, eime)}`;
  return `an interrupt ${from} becomes vector ${both(outcome.vector)}, ${mode}, ${outcome.level ? 'level' : 'edge'}, to ${where}`;
}

function destinationNumber(word: bigint, eime: boolean | undefined): string {
  const known = eimeOf(word, eime);
  const [wide, narrow] = [destinationOf(word, true), destinationOf(word, false)];
  if (known !== undefined) return both(known ? wide : narrow);
  return wide === narrow ? both(wide) : `${both(narrow)} (xAPIC mode) or ${both(wide)} (x2APIC mode)`;
}

function failedCheck(reason: FaultReason, word: bigint, eime: boolean): string {
  return reason === FaultReason.irteReserved ? `${mistakes(word, eime).join('; ')}: fault ${hexOf(reason)}` : checkOf(reason);
}

/** An entry of a VT-d remapping table, in its high and its low half. */
export function explainIrteWord(high: bigint, low: bigint, { eime, requester }: IrteContext = {}): Told {
  const word = (high << 64n) | low;
  const outcome = irteOutcome(high, low, eimeOf(word, eime) ?? false, requester);
  const blocked = outcome.what === 'blocked';
  const posted = isPosted(word);
  const descriptor: ExplainedField[] = posted
    ? [
        {
          name: 'PDA',
          value: hexOf(descriptorOf(word)),
          text: 'address of the descriptor, of 64 bytes; irqlab explain --pid says what they hold',
        },
      ]
    : [];
  const asked: ExplainedField[] = requester === undefined ? [] : [part('requester', deviceOfId(requester).name, 'who asks for it')];
  const reserved = posted ? RESERVED_POSTED : [...RESERVED, ...(eime === false ? RESERVED_XAPIC : [])];
  return told('irte', `A VT-d remapping entry, ${posted ? 'posted' : 'remapped'} format: ${outcomeText(outcome, word, eime)}.`, {
    fields: [...asked, ...fieldsOf(word, posted ? postedLayout : remappedLayout(eime), reserved), ...descriptor],
    check: blocked ? failedCheck(outcome.reason, word, eimeOf(word, eime) ?? false) : undefined,
    causes:
      blocked && bits(word, 0) === 1 && posted
        ? ['Two halves of different entries: a posted entry must be written with one store of 16 bytes.']
        : [],
    next: blocked && !outcome.recorded ? ['FPD is set: the unit tells nobody, so there will be no line in the log.'] : [],
  });
}
