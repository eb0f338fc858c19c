/** What was pasted, line by line. */
import { affinityForms } from './affinity.js';
import { amdForms } from './amd.js';
import { dumpForms } from './dumps.js';
import type { Explained, Told } from './explained.js';
import type { Form } from './form.js';
import { hypervisorForms } from './hypervisors.js';
import { intelCut, intelForms } from './intel.js';
import { symptomForms } from './symptoms.js';
import { unclaimedForms } from './unclaimed.js';

/** The first form that fits counts. */
const forms: readonly Form[] = [
  ...intelForms,
  ...amdForms,
  ...hypervisorForms,
  ...unclaimedForms,
  ...affinityForms,
  ...symptomForms,
  ...dumpForms,
];

/** Mails and consoles break lines; some kernels print one fault in two. */
const JOINED = 3;

/** A line is of no use behind this many characters. */
const LONGEST = 2000;

interface Fit {
  readonly told: Told;
  /** how many lines it took */
  readonly lines: number;
  readonly source: string;
}

function fit(text: string, among: readonly Form[], from: number, to: number): Told | undefined {
  for (const { pattern, tell } of among) {
    const found = pattern.exec(text);
    // of lines that were joined each has to say its part
    if (found === null || found.index >= from || found.index + found[0].length <= to) continue;
    const told = tell(found.groups ?? {}, text.slice(0, found.index));
    if (told !== undefined) return told;
  }
  return undefined;
}

/** Quotes of a mail, and what a console puts before a line that goes on. */
const continued = (line: string): string => line.replace(/^[\s>|]+/, '');

function fitAt(lines: readonly string[], at: number): Fit | undefined {
  const first = (lines[at] ?? '').slice(0, LONGEST);
  let joined = first;
  for (let count = 1; count <= JOINED && at + count <= lines.length; count++) {
    const to = count === 1 ? 0 : joined.length;
    if (count > 1) joined = `${joined} ${continued(lines[at + count - 1] ?? '').slice(0, LONGEST)}`;
    const told = fit(joined, forms, first.length, to);
    if (told !== undefined) return { told, lines: count, source: joined.replaceAll(/\s+/g, ' ') };
  }
  const told = fit(first, intelCut, first.length, 0);
  return told === undefined ? undefined : { told, lines: 1, source: first.replaceAll(/\s+/g, ' ') };
}

/** What was read of a pasted text. */
export interface ExplainedLines {
  /** in the order in which they were met, each once */
  readonly explanations: readonly Explained[];
  /** lines that are not empty and say nothing that is known about interrupts */
  readonly unread: number;
}

/**
 * Explains lines of a kernel log: faults of VT-d and AMD-Vi units, vectors without a handler, irqs that were switched off, moves
 * that failed, and what drivers say when an interrupt does not come; also what Xen and QEMU print of the same, MSI registers as lspci
 * shows them, and entries as debugfs does. Time, host name and quote marks may stand before a line; a line that was broken is joined.
 * The same thing said twice is explained once.
 */
export function explainLines(text: string): ExplainedLines {
  const lines = text.split(/\r?\n/);
  // the same fault again, at another time, is told once
  const met = new Map<string, Told & { readonly source: string; readonly lines: number[] }>();
  let unread = 0;
  for (let at = 0; at < lines.length;) {
    const found = fitAt(lines, at);
    if (found === undefined) {
      if ((lines[at] ?? '').trim() !== '') unread++;
      at++;
      continue;
    }
    const key = JSON.stringify(found.told);
    const known = met.get(key);
    if (known === undefined) met.set(key, { ...found.told, source: found.source.trim(), lines: [at + 1] });
    else known.lines.push(at + 1);
    at += found.lines;
  }
  return { explanations: [...met.values()], unread };
}
