/** Descriptors of the invalidation queue of VT-d (hardware.md D.4). */
import { bits, fieldsOf, flag, type BitField } from './bits.js';
import { both, told, type Told } from './explained.js';

/** IQERCD: why the queue has stopped. */
export const queueErrors: Readonly<Record<number, string>> = {
  0: 'no information',
  1: 'the tail pointer is wrong',
  2: 'the descriptor could not be fetched',
  3: 'the type of the descriptor is unknown',
  4: 'a reserved field of the descriptor is not 0',
  5: 'IQA asks for descriptors of another width',
};

const TYPES: Readonly<Record<number, string>> = {
  1: 'context-cache invalidation',
  2: 'IOTLB invalidation',
  3: 'device-TLB invalidation',
  4: 'interrupt entry cache invalidation',
  5: 'invalidation wait',
  6: 'PASID-based IOTLB invalidation',
  7: 'PASID-cache invalidation',
  8: 'PASID-based device-TLB invalidation',
  9: 'page group response',
};

const IEC = 4;
const WAIT = 5;

/** The type is in bits 3:0, and 11:9 above them. */
const typeOf = (word: bigint): number => (bits(word, 11, 9) << 4) | bits(word, 3, 0);

const type: BitField = { name: 'type', hi: 3, lo: 0, say: (_, word) => TYPES[typeOf(word)] ?? 'unknown' };

const iec: readonly BitField[] = [
  type,
  { name: 'G', hi: 4, lo: 4, say: flag('all entries', 'entries by their index') },
  {
    name: 'IM',
    hi: 31,
    lo: 27,
    say: (mask, word) => (bits(word, 4) === 0 ? 'does not count' : mask === 0 ? 'one entry' : `${2 ** mask} entries, aligned`),
  },
  { name: 'IIDX', hi: 47, lo: 32, say: (index, word) => (bits(word, 4) === 0 ? 'does not count' : `around entry ${both(index)}`) },
];

const wait: readonly BitField[] = [
  type,
  { name: 'IF', hi: 4, lo: 4, say: flag('no interrupt', 'an interrupt when all before it is done') },
  { name: 'SW', hi: 5, lo: 5, say: flag('no status write', 'the status is written when all before it is done') },
  { name: 'FN', hi: 6, lo: 6, say: flag('what follows may begin before', 'what follows waits too') },
  { name: 'status', hi: 63, lo: 32, say: 'what is written' },
  { name: 'address', hi: 127, lo: 66, below: 2, say: 'where' },
];

/** A descriptor of 128 bits; `which`: where in the queue it was. */
export function explainQueueWord(word: bigint, which: string): Told {
  const number = typeOf(word);
  const layout = number === IEC ? iec : number === WAIT ? wait : [type];
  const about =
    number === IEC
      ? 'remapping entries that were changed'
      : number === WAIT
        ? 'tells the kernel that all before it is done'
        : 'nothing about interrupts, but it stands in their way';
  return told('vtd-queue', `A descriptor of a VT-d invalidation queue, ${which}: ${TYPES[number] ?? 'of an unknown type'} (${about}).`, {
    fields: fieldsOf(word, layout),
  });
}
