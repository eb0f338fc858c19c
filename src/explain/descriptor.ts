/** Posted-interrupt descriptors of VT-d (hardware.md E). */
import { bits, fieldsOf, flag, hasReserved, hexOf, slice, type BitField, type Reserved } from './bits.js';
import { destinationText } from './destination.js';
import { both, told, type ExplainedField, type Told } from './explained.js';
import { vectorText } from './vectors.js';

export const DESCRIPTOR_BITS = 512;

const layout = (eime: boolean | undefined): readonly BitField[] => [
  { name: 'ON', hi: 256, lo: 256, say: flag('no notification is outstanding', 'a notification was sent; further posts send none') },
  { name: 'SN', hi: 257, lo: 257, say: flag('posts notify', 'posts do not notify, unless they are urgent') },
  { name: 'NV', hi: 279, lo: 272, say: vectorText },
  { name: 'NDST', hi: 319, lo: 288, say: (_, word) => notified(word, eime) },
];

const RESERVED: Reserved = [
  [271, 258],
  [287, 280],
  [511, 320],
];

function notified(word: bigint, eime: boolean | undefined): string {
  const [wide, narrow] = [bits(word, 319, 288), bits(word, 303, 296)];
  const known = eime ?? (wide === narrow << 8 ? undefined : true);
  if (known !== undefined || wide === 0) return destinationText(known === true ? wide : narrow, false, known === true);
  return `in xAPIC mode ${destinationText(narrow, false, false)}; in x2APIC mode ${destinationText(wide, false, true)}`;
}

/** Vectors that are set in PIR, ascending. */
function requests(word: bigint): number[] {
  return Array.from({ length: 256 }, (_, vector) => vector).filter((vector) => slice(word, vector, vector) === 1n);
}

function notice(word: bigint): { readonly summary: string; readonly causes: readonly string[] } {
  const [pending, on, sn] = [requests(word).length, bits(word, 256) === 1, bits(word, 257) === 1];
  if (pending === 0 && on)
    return { summary: 'ON is set without a request: harmless, but posts stay silent until somebody clears ON.', causes: [] };
  if (pending === 0) return { summary: 'nothing is pending.', causes: [] };
  if (on) return { summary: 'a notification is on its way or was not handled yet.', causes: [] };
  return {
    summary: 'nobody will be notified of them: they wait until somebody reads PIR.',
    causes: [
      sn
        ? 'They were posted while SN was set. Who clears SN must read PIR afterwards, and set ON and notify if it is not empty (KVM before 5.0 did not).'
        : 'They were posted while SN was set and it was cleared without a look at PIR; or ON was cleared after PIR was read, not before.',
    ],
  };
}

/** A descriptor of 512 bits. */
export function explainDescriptor(word: bigint, eime?: boolean): Told {
  const pending = requests(word);
  const { summary, causes } = notice(word);
  const reserved = hasReserved(word, RESERVED);
  const pir: ExplainedField = {
    name: 'PIR',
    bits: '255:0',
    value: pending.length === 0 ? '0' : `${pending.length} set`,
    text: pending.length === 0 ? 'no vector is requested' : `requested: ${pending.map((v) => hexOf(v, 2)).join(', ')}`,
  };
  return told(
    'pid',
    `A posted-interrupt descriptor with ${pending.length === 0 ? 'no request' : `vector${pending.length === 1 ? '' : 's'} ${list(pending)} requested`}: ${summary}`,
    {
      fields: [pir, ...fieldsOf(word, layout(eime), RESERVED)],
      check: reserved ? 'reserved bits must be 0: VT-d blocks a post with fault 0x28' : undefined,
      causes: reserved ? ['The words do not come from a descriptor, or software keeps data of its own in them.', ...causes] : causes,
      next: [
        'The entry that points here: irqlab explain --irte HI LO',
        'trace events kvm:kvm_pi_irte_update, kvm:kvm_apicv_accept_irq: who posts, and whether the vCPU takes it',
      ],
    },
  );
}

function list(vectors: readonly number[]): string {
  const shown = vectors.slice(0, 4).map(both).join(', ');
  return vectors.length > 4 ? `${shown} and ${vectors.length - 4} more` : shown;
}
