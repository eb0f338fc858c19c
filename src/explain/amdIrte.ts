/** Remapping entries of AMD-Vi, of 32 and of 128 bits, and the device table entries above them (hardware.md F.2, F.3). */
import { bits, fieldsOf, flag, hexOf, oneOf, slice, type BitField, type Reserved } from './bits.js';
import { destinationText } from './destination.js';
import { both, told, type Told } from './explained.js';
import { vectorText } from './vectors.js';

/** What a unit does with a request that finds this entry. */
export type AmdOutcome =
  | { readonly what: 'blocked'; readonly recorded: boolean; readonly programmed: boolean }
  | { readonly what: 'remapped'; readonly vector: number; readonly destination: number; readonly logical: boolean; readonly mode: number }
  | { readonly what: 'guest'; readonly vector: number; readonly page: bigint; readonly running: boolean; readonly logs: boolean };

const isGuests = (word: bigint): boolean => bits(word, 7) === 1;

/** `wide`: entries of 128 bits (GAEn), in a unit that has guest mode; `xt`: destinations of 32 bits (XTEn). */
export function amdOutcome(word: bigint, wide: boolean, xt: boolean): AmdOutcome {
  const recorded = bits(word, 1) === 0;
  if (bits(word, 0) === 0) return { what: 'blocked', recorded, programmed: false };
  const vector = wide ? bits(word, 71, 64) : bits(word, 23, 16);
  if (isGuests(word)) {
    if (!wide) return { what: 'blocked', recorded, programmed: true };
    return { what: 'guest', vector, page: slice(word, 115, 76) << 12n, running: bits(word, 6) === 1, logs: bits(word, 2) === 1 };
  }
  const mode = bits(word, 4, 2);
  if (mode > 1) return { what: 'blocked', recorded, programmed: true };
  return { what: 'remapped', vector, destination: destinationOf(word, wide && xt), logical: bits(word, 6) === 1, mode };
}

function destinationOf(word: bigint, xt: boolean): number {
  return xt ? ((bits(word, 127, 120) << 24) | bits(word, 31, 8)) >>> 0 : bits(word, 15, 8);
}

const common: readonly BitField[] = [
  { name: 'RemapEn', hi: 0, lo: 0, say: flag('not in use: who asks for it gets an IO_PAGE_FAULT', 'in use') },
  { name: 'SupIOPF', hi: 1, lo: 1, say: flag('faults of this entry are logged', 'faults of this entry are not logged') },
];

const remapped: readonly BitField[] = [
  ...common,
  { name: 'IntType', hi: 4, lo: 2, say: oneOf('fixed', 'arbitrated (lowest priority)') },
  { name: 'RqEoi', hi: 5, lo: 5, say: flag('no EOI is asked for', 'an EOI is asked for') },
  { name: 'DM', hi: 6, lo: 6, say: flag('physical destination', 'logical destination') },
];

const narrow: readonly BitField[] = [
  ...remapped,
  { name: 'GuestMode', hi: 7, lo: 7, say: flag('remapped', 'must be 0 in an entry of 32 bits') },
  { name: 'destination', hi: 15, lo: 8, say: (dest, word) => destinationText(dest, bits(word, 6) === 1, false) },
  { name: 'vector', hi: 23, lo: 16, say: vectorText },
];

function destinationWords(word: bigint): string {
  const logical = !isGuests(word) && bits(word, 6) === 1;
  const all = destinationOf(word, true);
  return destinationText(all, logical, all > 0xff);
}

const high = (vector: string | ((value: number) => string)): readonly BitField[] => [
  { name: 'vector', hi: 71, lo: 64, say: vector },
  { name: 'dest high', hi: 127, lo: 120, say: 'bits 31:24 of the destination; count with XTEn only' },
];

const wide: readonly BitField[] = [
  ...remapped,
  { name: 'GuestMode', hi: 7, lo: 7, say: 'remapped' },
  { name: 'destination', hi: 31, lo: 8, say: (_, word) => destinationWords(word) },
  ...high(vectorText),
];

const guest: readonly BitField[] = [
  ...common,
  { name: 'GALogIntr', hi: 2, lo: 2, say: flag('no log entry if the vCPU does not run', 'a log entry if the vCPU does not run') },
  { name: 'IsRun', hi: 6, lo: 6, say: flag('the vCPU does not run', 'the vCPU runs: its core gets a doorbell') },
  { name: 'GuestMode', hi: 7, lo: 7, say: 'for a guest' },
  { name: 'destination', hi: 31, lo: 8, say: (_, word) => `where the vCPU runs: ${destinationWords(word)}` },
  { name: 'GATag', hi: 63, lo: 32, say: 'which vCPU, for the log' },
  ...high('of the guest'),
  { name: 'page', hi: 115, lo: 76, below: 12, say: "where the guest's vAPIC page is" },
];

const RESERVED = {
  narrow: [[31, 24]],
  wide: [
    [119, 72],
    [63, 32],
  ],
  guest: [
    [119, 116],
    [75, 72],
    [5, 5],
    [4, 3],
  ],
} as const satisfies Record<string, Reserved>;

function outcomeText(outcome: AmdOutcome): string {
  switch (outcome.what) {
    case 'blocked':
      return `a request that asks for it is aborted with an IO_PAGE_FAULT: ${outcome.programmed ? 'it is programmed wrongly' : 'RemapEn is 0'}`;
    case 'remapped':
      return `an interrupt becomes vector ${both(outcome.vector)}, ${outcome.mode === 0 ? 'fixed' : 'lowest priority'}, to ${outcome.logical ? 'logical destination' : 'APIC id'} ${both(outcome.destination)}`;
    case 'guest':
      return `an interrupt sets bit ${both(outcome.vector)} in the vAPIC page at ${hexOf(outcome.page)}, ${guestNotice(outcome)}`;
  }
}

function guestNotice({ running, logs }: Extract<AmdOutcome, { readonly what: 'guest' }>): string {
  if (running) return 'and rings the core where the vCPU runs';
  return logs ? 'and appends an entry to the GA log, so that the host wakes the vCPU' : 'and tells nobody';
}

function checkText(word: bigint, outcome: AmdOutcome): string | undefined {
  if (outcome.what !== 'blocked') return undefined;
  if (!outcome.programmed) return 'RemapEn, bit 0, is 1: IO_PAGE_FAULT';
  return isGuests(word) ? 'GuestMode must be 0 in an entry of 32 bits: IO_PAGE_FAULT' : 'IntType is 0 or 1: IO_PAGE_FAULT';
}

/** An entry of a device's table: the low 32 bits, or all 128. */
export function explainAmdWord(word: bigint, is128: boolean): Told {
  const guests = is128 && isGuests(word);
  const outcome = amdOutcome(word, is128, destinationOf(word, true) > 0xff);
  const [layout, reserved] = guests ? [guest, RESERVED.guest] : is128 ? [wide, RESERVED.wide] : [narrow, RESERVED.narrow];
  const silent = outcome.what === 'guest' && !outcome.running && !outcome.logs;
  return told(
    'amd-irte',
    `An AMD-Vi remapping entry of ${is128 ? 128 : 32} bits${guests ? ' for a guest' : ''}: ${outcomeText(outcome)}.`,
    {
      fields: fieldsOf(word, layout, reserved),
      check: checkText(word, outcome),
      causes: silent
        ? ['IsRun=0 with GALogIntr=0 is right for a vCPU that is preempted; if it blocks with this entry, nothing wakes it.']
        : [],
      next: outcome.what === 'blocked' && !outcome.recorded ? ['SupIOPF is set: the unit logs nothing, so there will be no line.'] : [],
    },
  );
}

// --- device table entries

const QUARTERS: readonly { readonly about: string; readonly layout: readonly BitField[] }[] = [
  {
    about: 'whether the entry counts, and the page tables of its device',
    layout: [
      { name: 'V', hi: 0, lo: 0, say: flag('not valid: interrupts of the device pass as they are', 'valid') },
      { name: 'TV', hi: 1, lo: 1, say: flag('no translation of DMA', 'DMA is translated') },
    ],
  },
  {
    about: 'the domain of the device',
    layout: [
      { name: 'domain', hi: 15, lo: 0, say: 'domain id, as in the events of the device' },
      { name: 'SE', hi: 33, lo: 33, say: flag('page faults are logged', 'one page fault is logged, no more') },
      { name: 'SA', hi: 34, lo: 34, say: flag('page faults are logged', 'no page fault is logged') },
    ],
  },
  {
    about: 'how interrupts of the device are remapped',
    layout: [
      { name: 'IV', hi: 0, lo: 0, say: flag('interrupts pass as they are', 'interrupts are governed by this entry') },
      { name: 'IntTabLen', hi: 4, lo: 1, say: (length) => (length > 11 ? 'reserved: at most 11' : `${2 ** length} entries`) },
      { name: 'IG', hi: 5, lo: 5, say: flag('interrupt faults are logged', 'interrupt faults are not logged') },
      { name: 'root', hi: 51, lo: 6, below: 6, say: 'where the table is, with the bit of memory encryption if it is on' },
      { name: 'InitPass', hi: 56, lo: 56, say: flag('INIT is blocked', 'INIT passes') },
      { name: 'EIntPass', hi: 57, lo: 57, say: flag('ExtINT is blocked', 'ExtINT passes') },
      { name: 'NMIPass', hi: 58, lo: 58, say: flag('NMI is blocked', 'NMI passes') },
      {
        name: 'IntCtl',
        hi: 61,
        lo: 60,
        say: oneOf('fixed interrupts are aborted', 'fixed interrupts pass as they are', 'fixed interrupts are remapped'),
      },
      { name: 'Lint0Pass', hi: 62, lo: 62, say: flag('blocked', 'passes') },
      { name: 'Lint1Pass', hi: 63, lo: 63, say: flag('blocked', 'passes') },
    ],
  },
  { about: 'nothing about interrupts', layout: [] },
];

/** One of the four words of a device table entry, as the kernel prints them after ILLEGAL_DEV_TABLE_ENTRY. */
export function explainDeviceWord(quarter: number, word: bigint): Told {
  const { about, layout } = QUARTERS[quarter] ?? QUARTERS[3]!;
  const wrong = quarter === 2 && (bits(word, 61, 60) === 3 || bits(word, 4, 1) > 11);
  return told('amd-dte', `A quarter of a device table entry of AMD-Vi: ${about}.`, {
    fields: fieldsOf(word, layout),
    check: wrong ? 'IntCtl is not 3, and IntTabLen is at most 11: ILLEGAL_DEV_TABLE_ENTRY' : undefined,
  });
}
