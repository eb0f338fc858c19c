/**
 * What the debug prints of the 2020 thread say (linux.md 1): who worked on it put them into msi_set_affinity, fixup_irqs, do_IRQ and the
 * driver's handler, since no tracepoint shows a message being written. The wording changed from mail to mail; all forms that were
 * posted are read.
 */
import type { TraceLine } from './ftrace.js';

/** One print, by what it says. APIC ids are ids even where the label says "cpu". */
export type Print =
  /** The driver's handler runs. `source` is the driver's name, from the function's. */
  | { readonly kind: 'handler'; readonly source: string }
  /** A whole move in one line. */
  | {
      readonly kind: 'move';
      readonly steps: 'direct' | 'two-step';
      readonly irq: number;
      readonly vector: number;
      readonly apicId: number;
      readonly oldVector: number;
      readonly oldApicId: number;
    }
  /** A vector is allocated at the new target; the message is not yet written. */
  | { readonly kind: 'allocated'; readonly apicId: number; readonly vector?: number; readonly thisApicId?: number }
  /** First half of a two-step move is written: new vector, old destination. */
  | { readonly kind: 'redirected'; readonly vector: number; readonly oldApicId: number }
  /** Second half is written. */
  | { readonly kind: 'final'; readonly vector: number; readonly apicId: number }
  /** The IRR of the old CPU has been looked at; `irr` is what it held of the new vector. */
  | { readonly kind: 'checked'; readonly irr: number; readonly irq: number; readonly vector: number; readonly apicId: number }
  /** fixup_irqs found the old vector pending and sent it to the new CPU. */
  | { readonly kind: 'retriggered'; readonly irq: number; readonly vector: number }
  /** An interrupt is entered. */
  | { readonly kind: 'entered'; readonly vector: number };

interface Form {
  readonly event: string;
  readonly pattern: RegExp;
  /** `n` gives the decimal number that the pattern names. */
  readonly read: (n: (name: string) => number) => Print;
}

const wholeMove = (steps: 'direct' | 'two-step', pattern: RegExp): Form => ({
  event: 'msi_set_affinity',
  pattern,
  read: (n) => ({ kind: 'move', steps, irq: n('irq'), vector: n('to'), apicId: n('new'), oldVector: n('from'), oldApicId: n('old') }),
});

const forms: readonly Form[] = [
  wholeMove('direct', /^direct update msi (?<irq>\d+), vector (?<from>\d+) -> (?<to>\d+), apicid: (?<old>\d+) -> (?<new>\d+)$/),
  wholeMove('two-step', /^twostep update msi, irq (?<irq>\d+), vector (?<from>\d+) -> (?<to>\d+), apicid: (?<old>\d+) -> (?<new>\d+)$/),
  wholeMove('direct', /^Direct Update: irq (?<irq>\d+) Ovec=(?<from>\d+) Oapic (?<old>\d+) Nvec (?<to>\d+) Napic (?<new>\d+)$/),
  {
    event: 'msi_set_affinity',
    pattern: /^quirk: \d+: new vector allocated, new cpu = (?<new>\d+)$/,
    read: (n) => ({ kind: 'allocated', apicId: n('new') }),
  },
  {
    event: 'msi_set_affinity',
    pattern: /^quirk\[\d+\] new vector allocated, new apic = (?<new>\d+) vector = (?<to>\d+) this apic = (?<this>\d+)$/,
    read: (n) => ({ kind: 'allocated', apicId: n('new'), vector: n('to'), thisApicId: n('this') }),
  },
  {
    event: 'msi_set_affinity',
    pattern: /^Redirect to new vector (?<to>\d+) on old (?:cpu|apic) (?<old>\d+)$/,
    read: (n) => ({ kind: 'redirected', vector: n('to'), oldApicId: n('old') }),
  },
  {
    event: 'msi_set_affinity',
    pattern: /^Transition to new target (?:cpu|apic) (?<new>\d+) vector (?<to>\d+)$/,
    read: (n) => ({ kind: 'final', vector: n('to'), apicId: n('new') }),
  },
  {
    event: 'msi_set_affinity',
    pattern: /^Update Done \[IRR (?<irr>\d+)\]: irq (?<irq>\d+) (?:localsw: )?Nvec (?<to>\d+) Napic (?<new>\d+)$/,
    read: (n) => ({ kind: 'checked', irr: n('irr'), irq: n('irq'), vector: n('to'), apicId: n('new') }),
  },
  {
    event: 'fixup_irqs',
    pattern: /^retrigger vector (?<to>\d+) irq (?<irq>\d+)$/,
    read: (n) => ({ kind: 'retriggered', irq: n('irq'), vector: n('to') }),
  },
  { event: 'do_IRQ', pattern: /^vector: (?<to>\d+) desc [0-9a-f]+$/, read: (n) => ({ kind: 'entered', vector: n('to') }) },
];

/** What a line says, or undefined if it says nothing about moves or interrupts. */
export function printOf({ event, fields }: TraceLine): Print | undefined {
  // Handlers are recognised by their name: xhci_irq, ahci_irq.
  const handler = /^(?<source>[a-z0-9_]+)_irq$/.exec(event)?.groups?.['source'];
  if (handler !== undefined && fields === `${handler} irq`) return { kind: 'handler', source: handler };
  for (const form of forms) {
    const found = form.event === event ? form.pattern.exec(fields.trim())?.groups : undefined;
    if (found === undefined) continue;
    return Object.entries(found).every(([name, digits]) => Number(digits) <= (largest[name] ?? 0))
      ? form.read((name) => Number(found[name]))
      : undefined;
  }
  return undefined;
}

/** Numbers beyond these are no machine's: the line is somebody else's. */
const largest: Readonly<Record<string, number>> = { irq: 65535, from: 255, to: 255, old: 254, new: 254, this: 254, irr: 1 };
