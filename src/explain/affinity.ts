/** What Linux prints when interrupts move, when CPUs go offline, and when vectors run out. */
import { both, part, told } from './explained.js';
import { decimal, form, hexadecimal, type Form } from './form.js';
import { errnoText, IRQ_DEBUG, VECTOR_EVENTS } from './hints.js';
import { freedStray, lapicEarly, leak, noVector, torn } from './races.js';
import { vectorText } from './vectors.js';

const MATRIX = '/sys/kernel/debug/irq/domains/VECTOR: vectors allocated and available on each CPU';
const ENOSPC = -28;

export const affinityForms: readonly Form[] = [
  form(/\bIRQ ?(?<irq>\d+): no longer affine to CPU(?<cpu>\d+)/i, ({ irq = '', cpu = '' }) =>
    told('irq-moved', `irq ${irq} was moved away from CPU ${cpu}, which goes offline, to a CPU that its affinity does not name.`, {
      fields: [part('irq', irq), part('cpu', cpu, 'which goes offline')],
      causes: [
        'No other CPU of its affinity mask is online. This is as it should be; the old mask is not restored when the CPU comes back.',
      ],
      next: [`/proc/irq/${irq}/smp_affinity_list, effective_affinity_list: where it is now`],
      resembles: [lapicEarly],
    }),
  ),
  form(/\bIRQ ?(?<irq>\d+): set affinity failed\((?<error>-?\d+)\)/i, ({ irq = '', error }) => {
    const code = decimal(error);
    return told(
      'move-failed',
      `irq ${irq} could not be moved off a CPU that goes offline: ${errnoText(code)}. It stays there, and its interrupts are lost.`,
      {
        fields: [part('irq', irq), part('error', String(code), errnoText(code))],
        check: code === ENOSPC ? 'a CPU of the mask has a free vector' : 'the chip of the irq can move it',
        causes:
          code === ENOSPC
            ? [
                'The CPUs of its affinity mask have no vector left: too many queues for too few CPUs. From Linux 6.10 on all online CPUs are tried then.',
                'Vectors have leaked: each CPU that goes offline in the middle of a move may leave one behind (before 6.10).',
              ]
            : ['The interrupt chip has no way to move it, as chips behind a demultiplexer: harmless if its parent moves.'],
        next: [MATRIX, `/proc/irq/${irq}/effective_affinity_list`],
        resembles: code === ENOSPC ? [noVector, leak] : [],
      },
    );
  }),
  form(/IRQ fixup: irq (?<irq>\d+) move in progress, old vector (?<vector>\d+)/, ({ irq = '', vector }) =>
    told('move-unfinished', `irq ${irq} was still being moved when a CPU concerned went offline: its old vector was freed by force.`, {
      fields: [part('irq', irq), part('vector', vector ?? '', `${both(decimal(vector))}: ${vectorText(decimal(vector))}`)],
      causes: [
        'Its affinity was changed (irqbalance, a driver), and no interrupt has arrived on the new CPU since, or the cleanup has not run.',
        'If a message with the old vector is still on its way it finds an empty slot: "No irq handler for vector".',
      ],
      next: [VECTOR_EVENTS, `/proc/interrupts, row ${irq}: does it still count?`],
      resembles: [leak, torn],
    }),
  ),
  form(/Moved interrupt pending in old target APIC (?<irq>\d+)/, ({ irq = '' }) =>
    told(
      'move-pending',
      `irq ${irq} has moved, and its old vector is still pending in the IRR of the old CPU: it is kept for another jiffy. The number in the line is the irq.`,
      {
        fields: [part('irq', irq, 'printed where the text says APIC')],
        causes: [
          'The old CPU has had interrupts disabled for a jiffy and more, or the device sent just before the move. Nothing is lost; it is printed once.',
        ],
        next: [
          'trace event irq_vectors:vector_free_moved: when the old vector was freed',
          'trace-cmd with irqsoff: who keeps interrupts off there',
        ],
      },
    ),
  ),
  form(/\bCPU (?<cpu>\d+) has (?<used>\d+) vectors, (?<free>\d+) available\. Cannot disable CPU/, ({ cpu = '', used = '', free = '' }) =>
    told('no-vectors', `CPU ${cpu} cannot go offline: the other CPUs have ${free} vectors left, and it has ${used} to give away.`, {
      fields: [
        part('cpu', cpu),
        part('has', used, 'vectors allocated on it, without managed ones'),
        part('available', free, 'on all other online CPUs together'),
      ],
      check: 'the other CPUs have as many free vectors as this one has allocated',
      causes: ['Too many queues for the CPUs that would remain.', 'Vectors have leaked (before 6.10).'],
      next: [MATRIX, VECTOR_EVENTS],
      resembles: [leak],
    }),
  ),
  form(/Reserved vectors (?<reserved>\d+) > available (?<free>\d+)\. IRQ request may fail/, ({ reserved = '', free = '' }) =>
    told('no-vectors', `After this CPU is gone ${reserved} irqs that have no vector yet share ${free} vectors: request_irq may fail.`, {
      fields: [part('reserved', reserved, 'irqs that were set up and not requested'), part('available', free, 'vectors')],
      causes: ['Linux promises more vectors than there are (reservation mode); it is no error until they are requested.'],
      next: [MATRIX],
    }),
  ),
  form(/\birq (?<irq>\d+): Affinity broken due to vector space exhaustion/, ({ irq = '' }) =>
    told('no-vectors', `irq ${irq} got a vector on a CPU outside of its affinity mask: those of the mask had none left.`, {
      fields: [part('irq', irq)],
      causes: [
        'The CPUs of the mask have all their vectors in use.',
        'Before Linux 5.11 the node of the device was tried before the mask, and the line came up without need.',
      ],
      next: [MATRIX, `/proc/irq/${irq}/smp_affinity_list against effective_affinity_list`],
      resembles: [noVector],
    }),
  ),
  form(/Managed startup (?:for )?irq (?<irq>\d+),? (?<why>but no CPU|no vector available)/, ({ irq = '', why = '' }) =>
    told(
      'no-vectors',
      `The managed irq ${irq} could not be started: ${why === 'but no CPU' ? 'no CPU of its mask is online' : 'no CPU of its mask has a vector left'}.`,
      {
        fields: [part('irq', irq, 'its affinity is set by the kernel')],
        next: [`/proc/irq/${irq}/smp_affinity_list`, MATRIX],
      },
    ),
  ),
  form(
    /Flags mismatch irq (?<irq>\d+)\. (?<mine>[0-9a-f]{8}) \((?<who>[^)]*)\) vs\. (?<theirs>[0-9a-f]{8}) \((?<other>[^)]*)\)/,
    ({ irq = '', mine, who = '', theirs, other = '' }) =>
      told('irq-shared', `${who} cannot have irq ${irq}: ${other} has it, and they do not agree how to share it.`, {
        fields: [part(who, `0x${mine ?? ''}`, sharing(hexadecimal(mine))), part(other, `0x${theirs ?? ''}`, sharing(hexadecimal(theirs)))],
        check: 'both set IRQF_SHARED, and agree in trigger, IRQF_ONESHOT and IRQF_PERCPU',
        causes: ['One of them does not share; or an irq that was freed and given to another is requested by its old number.'],
        next: [`/proc/interrupts, row ${irq}: who has it`],
        resembles: [],
      }),
  ),
  form(/APIC: Stale IRR: (?<words>[0-9a-f, ]+)/i, ({ words = '' }) =>
    told('stale-irr', 'The LAPIC of a CPU that comes up has vectors pending from before, which nobody took.', {
      fields: [part('IRR', pendingIn(words), 'pending; they are taken as soon as interrupts are enabled, and find no handler')],
      causes: [
        'Messages came after the CPU went offline: an irq had not left it. INIT clears the IRR on hardware; a VMM that does not keeps it.',
        'Firmware, or the kernel before kexec, left them.',
      ],
      next: [VECTOR_EVENTS, IRQ_DEBUG],
      resembles: [lapicEarly, freedStray],
    }),
  ),
];

function sharing(flags: number): string {
  const trigger = ['', 'rising edge', 'falling edge', 'both edges', 'high level', '', '', '', 'low level'][flags & 15] ?? '';
  return [
    (flags & 0x80) !== 0 ? 'shared' : 'not shared',
    ...(trigger === '' ? [] : [trigger]),
    ...((flags & 0x2000) !== 0 ? ['one shot'] : []),
  ].join(', ');
}

/** Words of 32 vectors each, the highest first: as %pb prints a bitmap. */
function pendingIn(words: string): string {
  const vectors = words
    .split(',')
    .toReversed()
    .flatMap((word, n) =>
      Array.from({ length: 32 }, (_, bit) => bit).flatMap((bit) => ((hexadecimal(word.trim() || '0') >>> bit) & 1 ? [n * 32 + bit] : [])),
    );
  return vectors.length === 0 ? 'none' : vectors.map((v) => `0x${v.toString(16)}`).join(' ');
}
