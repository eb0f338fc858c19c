/** Vectors that nobody expected: no handler, spurious vectors, an irq that nobody cared for. */
import { bits, hexOf } from './bits.js';
import { both, part, told, type ExplainedField, type Told } from './explained.js';
import { decimal, form, hexadecimal, type Form } from './form.js';
import { IRQ_DEBUG, VECTOR_EVENTS } from './hints.js';
import { amdTwoMovers, freedStray, noDrain, noFlush, torn, tornOffline } from './races.js';
import { isaIrqOf, vectorText } from './vectors.js';

// --- no handler

interface Unclaimed {
  readonly cpu: number;
  readonly vector: number;
  /** how the line has it */
  readonly printed: string;
  /** what the vector is */
  readonly what: string;
  /** the ISA irq that it belongs to */
  readonly isa: number | undefined;
  readonly extra?: readonly ExplainedField[];
}

const SPURIOUS_8259 =
  'The 8259 raises irq 7 (15) by itself when a request goes away before it is acknowledged, and a line of it is not masked: on all CPUs at boot it is firmware that leaves the 8259 open, and does no harm.';

const CAUSES = [
  'The irq moved, and a message for the old CPU or with the old vector arrived after that vector was given up: torn between the writes of address and data, or by an old remapping entry.',
  'The irq was freed or shut down while a message of it was on its way; or its device was never silenced.',
  'The CPU went offline and came back, or the slot was cleared, while the vector stood in its IRR.',
  'The device still has the message of firmware or of the kernel before kexec.',
  'The same vector on many CPUs at once: a destination that is the broadcast id (APIC id 255 without interrupt remapping), or a logical destination of several CPUs.',
];

/** A CPU took a vector whose slot is empty. */
export function noHandler({ cpu, vector, printed, what, isa, extra = [] }: Unclaimed): Told {
  const spurious = isa === 7 || isa === 15;
  return told(
    'no-irq-handler',
    `CPU ${cpu} took vector ${both(vector)}, and no irq has it there. Whatever sent it is not served${spurious ? '; here most likely nothing has' : ': if it was an edge, the interrupt is lost'}.`,
    {
      fields: [part('cpu', String(cpu), 'who took it'), part('vector', printed, `${hexOf(vector, 2)}: ${what}`), ...extra],
      check:
        'vector_irq[vector] of this CPU holds an irq; marked slots (shut down, sent again) swallow a vector silently, empty ones print this',
      causes: spurious ? [SPURIOUS_8259, ...CAUSES] : CAUSES,
      next: [
        VECTOR_EVENTS,
        `/sys/kernel/debug/irq/domains/VECTOR: what is allocated on CPU ${cpu}; ${IRQ_DEBUG}`,
        'lspci -vv, "Address" and "Data" of each MSI: irqlab explain --msi ADDRESS DATA; without remapping they name CPU and vector',
      ],
      resembles: spurious ? [] : [torn, tornOffline, freedStray, noFlush, noDrain, amdTwoMovers],
    },
  );
}

function linuxUnclaimed(cpu: string | undefined, vector: string | undefined): Told {
  const v = decimal(vector);
  return noHandler({ cpu: decimal(cpu), vector: v, printed: `${vector ?? ''} (decimal)`, what: vectorText(v), isa: isaIrqOf(v) });
}

// --- spurious vectors

function spuriousVector(vector: number, cpu: number, how: string): Told {
  const placeholder = vector === 0xef;
  const pending = !/not pending/i.test(how);
  return told('spurious-vector', `CPU ${cpu} took vector ${both(vector)}, which has no handler of its own.`, {
    fields: [
      part('cpu', String(cpu), 'who took it'),
      part('vector', hexOf(vector, 2), vectorText(vector)),
      part(
        'in service',
        pending ? 'yes' : 'no',
        pending ? 'the LAPIC had it in service: somebody sent it' : 'the LAPIC did not have it in service: no EOI was written',
      ),
    ],
    causes: placeholder
      ? [
          'A device sent the message of an irq that is not active: Linux gives (0xef, first CPU) to irqs that are reserved but not requested, and to managed irqs without a CPU. The device was enabled before request_irq, or not silenced.',
          'A VMM sent a message that it had read before the driver requested the irq.',
        ]
      : ['Somebody sends a vector that Linux keeps for itself: a wrong message, or a VMM.'],
    next: [
      VECTOR_EVENTS,
      'lspci -vv: whose MSI has this vector in its data (without remapping), or asks for an entry that has it: irqlab explain --msi ADDRESS DATA',
    ],
  });
}

function spuriousApic(cpu: number): Told {
  return told(
    'spurious-apic',
    `The LAPIC of CPU ${cpu} gave the spurious vector 0xff: an interrupt was announced, and gone when the CPU asked for its vector.`,
    {
      fields: [part('cpu', String(cpu), 'whose LAPIC'), part('vector', '0xff', 'no bit is in service, and no EOI may be written')],
      check:
        'at the acknowledge the highest vector in the IRR is of a higher class than PPR; otherwise the LAPIC answers with SVR bits 7:0',
      causes: [
        'The interrupt was masked, or TPR raised, between the request and the acknowledge.',
        'A message with vector 0xff.',
        'A VMM whose interrupt window and virtual LAPIC disagree (nested virtualisation with APICv).',
      ],
      next: ['The row SPU of /proc/interrupts: how often. Nothing is lost by it.'],
    },
  );
}

// --- nobody cared

function nobodyCared(irq: string): Told {
  return told(
    'nobody-cared',
    `irq ${irq} was switched off: of 100,000 interrupts 99,900 were not taken by any of its handlers. Its devices get no interrupt any more, or are polled.`,
    {
      fields: [part('irq', irq, 'a line shared by all devices in its row of /proc/interrupts')],
      check: 'at least one handler returns IRQ_HANDLED for an interrupt',
      causes: [
        'A device on the line asserts it and has no driver, or its driver does not see it: not bound, suspended, or its interrupt status reads as 0 or all ones.',
        'A level line with the wrong polarity or trigger mode (ACPI _CRS, _PRT): it is active when nobody wants anything.',
        'The handler acknowledges the device too late, or the write is posted and not read back: the line is still high at the EOI.',
        'A driver switched its device to MSI, and the device still asserts INTx.',
      ],
      next: [
        'The lines behind it: call trace and "handlers:", all that were asked',
        `/proc/irq/${irq}/spurious: counts; /proc/interrupts: who shares it; /sys/kernel/debug/irq/irqs/${irq}`,
        `lspci -vv: which functions have IRQ ${irq}, DisINTx- and INTx+ in their Status`,
        'booting with irqpoll keeps the devices alive, slowly',
      ],
    },
  );
}

function disabling(irq: string): Told {
  return told('nobody-cared', `irq ${irq} was switched off, since nobody took its interrupts.`, {
    fields: [part('irq', irq, 'its devices are polled or dead from here on')],
    next: ['The line "nobody cared" before it, and the handlers between'],
  });
}

function bogus(irq: string, value: string): Told {
  return told('nobody-cared', `A handler of irq ${irq} returned ${hexOf(hexadecimal(value))}, which is no irqreturn_t.`, {
    fields: [part('irq', irq), part('returned', hexOf(hexadecimal(value)), '0 is IRQ_NONE, 1 IRQ_HANDLED, 2 IRQ_WAKE_THREAD')],
    causes: ['A handler with the wrong return type, or one that was freed: its code is gone.'],
    next: ['The handlers that are listed behind it'],
  });
}

// --- errors of the LAPIC

const ERRORS = [
  'send checksum error (P6, Pentium)',
  'receive checksum error (P6, Pentium)',
  'send accept error (P6, Pentium): nobody took it',
  'receive accept error (P6, Pentium)',
  'redirectable IPI: lowest priority where the CPU has none',
  'send illegal vector: an IPI with a vector below 0x10',
  'received illegal vector: a message with a vector below 0x10',
  'illegal register address: an access to a reserved offset of the LAPIC',
] as const;

const ILLEGAL_VECTOR = 0x60;

function apicError(cpu: number, before: number | undefined, now: number): Told {
  const set = ERRORS.flatMap((text, bit): ExplainedField[] => ((now >> bit) & 1 ? [{ name: `ESR bit ${bit}`, value: '1', text }] : []));
  return told(
    'apic-error',
    `The LAPIC of CPU ${cpu} reports ${set.map(({ text }) => text.split(/[:(]/)[0]?.trim()).join(', ') || 'no error that is known'}.`,
    {
      fields: [
        part('cpu', String(cpu)),
        ...(before === undefined ? [] : [part('before', hexOf(before, 2), 'ESR as it was read first: errors of before')]),
        part('ESR', hexOf(now, 2), 'as it was read after the write that latches it'),
        ...set,
      ],
      check: (now & ILLEGAL_VECTOR) !== 0 ? 'a fixed interrupt has a vector of 0x10 or more' : undefined,
      causes: [
        ...((now & 0x40) !== 0
          ? [
              'A device or IOAPIC pin sends data with vector 0: its message was cleared, or is a remappable one that reaches the LAPIC unremapped.',
            ]
          : []),
        ...((now & 0x20) !== 0 ? ['Software sends an IPI with a vector that it has not set.'] : []),
        ...((now & 0x0f) !== 0 ? ['On CPUs of today these bits are reserved; on the old APIC bus it was a fault of the board.'] : []),
      ],
      next: [
        'The row ERR of /proc/interrupts: how often',
        ...((now & 0x40) !== 0 ? ['lspci -vv, "Data" of each MSI that is enabled: irqlab explain --msi ADDRESS DATA'] : []),
      ],
    },
  );
}

// --- others

function spurious8259(irq: number): Told {
  return told('spurious-8259', `The 8259 gave irq ${irq} although nobody had asked for it.`, {
    fields: [
      part(
        'irq',
        String(irq),
        irq === 7 || irq === 15
          ? 'what an 8259 answers if the request is gone'
          : 'not one that an 8259 makes up by itself: its handler ran without need',
      ),
    ],
    causes: [
      'A line went away between the request and the acknowledge: noise, or a driver that silenced its device meanwhile. It is printed once and does no harm.',
    ],
    next: ['The row ERR of /proc/interrupts: how often'],
  });
}

function unknownNmi(reason: number, cpu: string): Told {
  const word = BigInt(reason);
  return told('unknown-nmi', `CPU ${cpu} got an NMI that no handler claimed.`, {
    fields: [
      part('reason', hexOf(reason, 2), 'port 0x61, which says little today'),
      { name: '  SERR', bits: '7', value: String(bits(word, 7)), text: 'a memory or PCI system error' },
      { name: '  IOCHK', bits: '6', value: String(bits(word, 6)), text: 'an I/O check' },
    ],
    causes: [
      'A performance counter overflowed after its event was gone, or two NMIs were merged into one and handled with the first.',
      'A message with delivery mode NMI, the NMI button or a watchdog of the board.',
    ],
    next: ['/proc/interrupts, rows NMI and PMI', 'trace event nmi:nmi_handler: which handlers ran'],
  });
}

export const unclaimedForms: readonly Form[] = [
  // do_IRQ to 5.7, common_interrupt, __common_interrupt, call_irq_handler to 6.16
  form(/\b\w+: (?<cpu>\d+)\.(?<vector>\d+) No irq handler for vector/, ({ cpu, vector }) => linuxUnclaimed(cpu, vector)),
  form(/\bNo irq handler for (?<cpu>\d+)\.(?<vector>\d+)/, ({ cpu, vector }) => linuxUnclaimed(cpu, vector)),
  form(
    /spurious APIC interrupt (?:through vector (?<old>[0-9a-f]{2})|\(vector (?<now>0x[0-9a-f]{2})\)) on CPU#(?<cpu>\d+)/i,
    ({ old, now, cpu }) => {
      const vector = hexadecimal(old ?? now);
      return vector === 0xff ? spuriousApic(decimal(cpu)) : spuriousVector(vector, decimal(cpu), '');
    },
  ),
  form(
    /Spurious interrupt (?:\(vector (?<braced>0x[0-9a-f]{1,2})\)|vector (?<bare>0x[0-9a-f]{1,2})) on CPU#(?<cpu>\d+)\. (?<how>Acked|Not pending)/i,
    ({ braced, bare, cpu, how = '' }) => spuriousVector(hexadecimal(braced ?? bare), decimal(cpu), how),
  ),
  form(/spurious 8259A interrupt: IRQ(?<irq>\d+)/, ({ irq }) => spurious8259(decimal(irq))),
  form(/\birq (?<irq>\d+): nobody cared/, ({ irq = '' }) => nobodyCared(irq)),
  form(/\bDisabling IRQ #(?<irq>\d+)/, ({ irq = '' }) => disabling(irq)),
  form(/\birq event (?<irq>\d+): bogus return value (?<value>[0-9a-f]+)/, ({ irq = '', value = '' }) => bogus(irq, value)),
  form(/APIC error on CPU(?<cpu>\d+): (?<first>[0-9a-f]{2})(?:\((?<second>[0-9a-f]{2})\))?/, ({ cpu, first, second }) =>
    apicError(decimal(cpu), second === undefined ? undefined : hexadecimal(first), hexadecimal(second ?? first)),
  ),
  form(/NMI received for unknown reason (?<reason>[0-9a-f]{2})(?: on CPU (?<cpu>\d+))?/, ({ reason, cpu = '?' }) =>
    unknownNmi(hexadecimal(reason), cpu),
  ),
  form(/timer doesn't work through Interrupt-remapped IO-APIC/, () =>
    told('no-timer', 'The timer interrupt (irq 0, pin 2 of the IOAPIC) does not arrive, and interrupt remapping is on: the kernel stops.', {
      check: 'jiffies go on after pin 2 of the IOAPIC was set up',
      causes: [
        'The remapping unit blocks it: a fault line of the IOAPIC before this one says why (its id in the ACPI tables is wrong, its entry is not present, or the message has the compatibility format).',
        'The unit does not execute its commands: in a kdump kernel it uses the tables of the one before.',
      ],
      next: ['The DMAR or AMD-Vi lines before it', 'intremap=off: if it boots then, remapping is the cause'],
    }),
  ),
];
