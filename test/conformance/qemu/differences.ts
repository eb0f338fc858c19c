/** Where hardware.md wants something else than QEMU does. Each row is one kind of operation and one register or field. */
import type { Difference, Seen } from '../recording/compare.js';
import type { QemuPlayer } from './play.js';

const list = (value: unknown): readonly number[] => (Array.isArray(value) ? (value as number[]) : []);
/** Vectors that QEMU has pending and we have not, and the other way round. */
const onlyTheirs = ({ theirs, ours }: Seen): string =>
  list(theirs)
    .filter((v) => !list(ours).includes(v))
    .join();
const onlyOurs = ({ theirs, ours }: Seen): string =>
  list(ours)
    .filter((v) => !list(theirs).includes(v))
    .join();
const IRR = /^cpu\d\.irr$/;

/** The entry that was written last, 64 bits each. */
const irte = ({ last }: Seen): readonly [low: bigint, high: bigint] => {
  const [, , low = '0', high = '0'] = last(/^irte /);
  return [BigInt(low), BigInt(high)];
};
/** Of two different buses: a check with the bounds exchanged says something else. */
const isBusRange = (high: bigint): boolean => ((high >> 18n) & 3n) === 2n && ((high >> 8n) & 0xffn) !== (high & 0xffn);
const sentTo = ({ last }: Seen): string => last(/^dev_msi /)[2] ?? '';
const hasTranslation = ({ last }: Seen): boolean => last(/^vtd_w64 0x20 /).length > 0;

/** The next operations see the vectors that were recorded. */
const adopt = (player: QemuPlayer, { field, theirs }: Seen): void => player.adopt(Number(field[3]), list(theirs));

const pending = (why: string, when: (seen: Seen) => boolean): Difference<QemuPlayer> => ({
  why,
  op: ['pending'],
  field: IRR,
  when,
  follow: adopt,
});

export const differences: readonly Difference<QemuPlayer>[] = [
  // --- what the unit is
  {
    why: 'CAP and ECAP say what a unit can do (D.1): both pass over DMA remapping, and have capabilities of their own',
    op: ['vtd_r64'],
    field: /^val$/,
    when: ({ line }) => line.endsWith(' 8') || line.endsWith(' 0x10'),
  },

  // --- compatibility format
  {
    why: 'CFI is a command, and shown in GSTS (D.1.1); QEMU ignores it',
    op: ['gcmd', 'vtd_r32'],
    field: /^(gsts|val)$/,
    when: ({ theirs, ours, last }) => last(/^gcmd /)[1] === '0x6800000' && Number(ours) === (Number(theirs) | 0x800000),
  },
  pending(
    'a message of compatibility format is blocked while CFIS=0 (D.2); QEMU lets it pass',
    (seen) => onlyTheirs(seen) === '67' && onlyOurs(seen) === '' && sentTo(seen) === '0xfee00000',
  ),

  // --- entries
  pending(
    'a redirected message goes to one of its targets (C.3.3, D.3.1); QEMU ignores RH',
    (seen) => (irte(seen)[0] & 8n) !== 0n && onlyTheirs(seen) === '86' && onlyOurs(seen) === '',
  ),
  pending(
    'an ExtINT message reaches the core, not IRR (A.8.4)',
    (seen) => ((irte(seen)[0] >> 5n) & 7n) === 7n && onlyTheirs(seen) === '91' && onlyOurs(seen) === '',
  ),
  pending('vectors below 16 never enter IRR (A.3)', (seen) => onlyTheirs(seen) === '15' && onlyOurs(seen) === ''),
  pending(
    'with EIME=0 a destination is bits 47:40, and other bits of DST are reserved (D.3.1, D.3.4); QEMU ignores them',
    (seen) => onlyTheirs(seen) === '103' && onlyOurs(seen) === '',
  ),

  // --- source validation
  pending(
    'with SVT=2 the first bus is in the high byte of SID (D.3.3); QEMU has the two the other way round',
    (seen) => isBusRange(irte(seen)[1]) && onlyTheirs(seen) !== onlyOurs(seen),
  ),
  pending(
    'the source of an IOAPIC is checked like any other (D.3.3); QEMU does not',
    (seen) => onlyTheirs(seen) === '133' && onlyOurs(seen) === '',
  ),

  // --- cache and queue
  pending(
    'an entry stays cached until it is invalidated (D.4); QEMU caches none',
    (seen) => irte(seen)[0] === 0x10000520001n && onlyTheirs(seen) === '82' && onlyOurs(seen) === '',
  ),
  {
    why: 'an index mask above ECAP.MHMV is an error of the queue (D.4.1, D.4.4); QEMU takes it',
    op: ['iec_index'],
    field: /^(done|head|fsts)$/,
    when: ({ line }) => line === 'iec_index 0 16',
    follow: (player, { field }) => {
      if (field === 'fsts') player.repair();
    },
  },

  // --- faults
  {
    why: 'faults of interrupt requests are recorded (D.6, D.7); QEMU records none',
    op: ['faults'],
    field: /^(fsts|frcd)$/,
    when: (seen) => !hasTranslation(seen) && (seen.field === 'fsts' ? seen.theirs === 0 : list(seen.theirs).length === 0),
    follow: (player, { field }) => {
      if (field === 'frcd') player.forgetFaults();
    },
  },
  {
    why: 'DMA remapping is not modelled: a DMA write goes where it says, and has no fault',
    op: ['faults', 'clear_faults'],
    field: /^(fsts|frcd)$/,
    when: hasTranslation,
  },
  pending('DMA remapping is not modelled: no fault event', (seen) => hasTranslation(seen) && onlyTheirs(seen) === '98'),
];
