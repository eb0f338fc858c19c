/** `irqlab explain`: a kernel line or a raw value in plain words. */
import { Option, type Command } from 'commander';
import { readFileSync } from 'node:fs';
import {
  explainAmdIrte,
  explainIrte,
  explainLines,
  explainMsi,
  explainPid,
  explainRte,
  requesterOf,
  type Explained,
  type ExplainedLines,
  type IrteContext,
} from '../explain/index.js';
import { quote } from '../words.js';
import { explanationsText } from './explained.js';
import { formatOption } from './options.js';
import { InputError, plural, print, printJson, style, width, type Format } from './output.js';

interface ExplainOptions {
  readonly irte?: readonly string[];
  readonly msi?: readonly string[];
  readonly rte?: readonly string[];
  readonly pid?: readonly string[];
  readonly amdIrte?: readonly string[];
  readonly x2apic?: boolean;
  readonly xapic?: boolean;
  readonly requester?: number;
  readonly format: Format;
}

type Kind = 'irte' | 'msi' | 'rte' | 'pid' | 'amdIrte';

/** How many words each takes, and how they are written. */
const usages: Readonly<Record<Kind, { readonly flag: string; readonly words: readonly number[]; readonly right: string }>> = {
  irte: { flag: '--irte', words: [2], right: '--irte HIGH LOW' },
  msi: { flag: '--msi', words: [2], right: '--msi ADDRESS DATA' },
  rte: { flag: '--rte', words: [1, 2], right: '--rte VALUE of 64 bits, or --rte HIGH LOW' },
  pid: { flag: '--pid', words: [8, 16], right: '--pid and 8 words of 64 bits or 16 of 32, the lowest first' },
  amdIrte: { flag: '--amd-irte', words: [1, 2], right: '--amd-irte VALUE of 32 bits, or --amd-irte HIGH LOW of 128' },
};

/** All of them are hexadecimal, as dumps write them. */
function wordOf(text: string): bigint {
  const digits = /^(?:0x)?([0-9a-f]+)$/i.exec(text)?.[1];
  if (digits === undefined) throw new InputError(`${quote(text)} is no hexadecimal number; write e.g. 0x800024000d`);
  return BigInt(`0x${digits}`);
}

function wordsOf(kind: Kind, texts: readonly string[]): readonly bigint[] {
  const { flag, words, right } = usages[kind];
  const all = texts.flatMap((text) => text.split(/[:,\s]+/).filter((each) => each !== '')).map(wordOf);
  if (!words.includes(all.length)) throw new InputError(`${flag} takes ${words.join(' or ')} numbers, not ${all.length}; write ${right}`);
  return all;
}

function rteOf([first = 0n, second]: readonly bigint[]): bigint {
  if (second === undefined) return first;
  if (first >> 32n !== 0n || second >> 32n !== 0n)
    throw new InputError('--rte HIGH LOW are halves of 32 bits; write one value of 64 bits, or two of 32');
  return (first << 32n) | second;
}

function valueOf(kind: Kind, words: readonly bigint[], context: IrteContext): Explained {
  const [first = 0n, second = 0n] = words;
  switch (kind) {
    case 'irte':
      return explainIrte(first, second, context);
    case 'msi':
      return explainMsi(first, second);
    case 'rte':
      return explainRte(rteOf(words));
    case 'pid':
      return explainPid(words, context);
    case 'amdIrte':
      return words.length === 1 ? explainAmdIrte(first) : explainAmdIrte(first, second);
  }
}

function values(options: ExplainOptions): Explained[] {
  const eime = options.x2apic === true ? true : options.xapic === true ? false : undefined;
  return (Object.keys(usages) as Kind[]).flatMap((kind) => {
    const texts = options[kind];
    if (texts === undefined) return [];
    try {
      return [valueOf(kind, wordsOf(kind, texts), { eime, requester: options.requester })];
    } catch (error) {
      if (error instanceof RangeError) throw new InputError(`${error.message}; write ${usages[kind].right}`);
      throw error;
    }
  });
}

const WHAT =
  'DMAR or AMD-Vi faults, "No irq handler for vector", "nobody cared" and the like, or a value: --irte, --msi, --rte, --pid, --amd-irte';

function standardInput(): string {
  if (process.stdin.isTTY) throw new InputError('nothing to explain; give a line in quotes, or pipe a log in: dmesg | irqlab explain');
  try {
    return new TextDecoder().decode(readFileSync(0));
  } catch {
    throw new InputError('the standard input cannot be read; give a line in quotes, or pipe a log in: dmesg | irqlab explain');
  }
}

/** Quoted lines are one argument each; a line without quotes is one word each. */
function linesOf(words: readonly string[]): string {
  return words.join(words.some((word) => /\s/.test(word)) ? '\n' : ' ');
}

function requester(text: string): number {
  const id = requesterOf(text);
  if (id === undefined) throw new InputError(`${quote(text)} is no requester; write e.g. 65:00.0`);
  return id;
}

function explainPasted(words: readonly string[]): ExplainedLines {
  const text = words.length > 0 ? linesOf(words) : standardInput();
  if (text.trim() === '') throw new InputError(`there is nothing to explain in an empty text; explain knows ${WHAT}`);
  const explained = explainLines(text);
  if (explained.explanations.length > 0) return explained;
  const what = explained.unread === 1 ? `${quote(text.trim())} says nothing` : `none of ${plural(explained.unread, 'line')} says anything`;
  throw new InputError(`${what} about interrupts that explain knows; it knows ${WHAT}`);
}

export function addExplain(program: Command): void {
  program
    .command('explain')
    .summary('a kernel line, or the value of an entry or a message, in plain words')
    .description(
      `Takes lines of a kernel log (also of Xen and QEMU), from the arguments or the standard input, or raw values in hexadecimal, and says what each field means, which check failed, what usually causes it, what to look at next, and which built-in scenarios end alike. It knows ${WHAT}. Time and host name before a line do no harm, lines that a mail has broken are joined, all others are counted.`,
    )
    .argument('[line...]', 'a line, or several; without it the standard input is read')
    .addOption(new Option('--irte <high low...>', 'a VT-d remapping entry, remapped or posted: its high and its low 64 bits'))
    .addOption(new Option('--msi <address data...>', 'address and data of an MSI, or of an MSI-X entry'))
    .addOption(new Option('--rte <value...>', 'an IOAPIC redirection entry: 64 bits, or its high and its low 32 bits'))
    .addOption(new Option('--pid <words...>', 'a posted-interrupt descriptor: 8 words of 64 bits or 16 of 32, the lowest first'))
    .addOption(new Option('--amd-irte <value...>', 'an AMD-Vi remapping entry: 32 bits, or the high and the low 64 bits of 128'))
    .addOption(new Option('--x2apic', 'the table has destinations of 32 bits (EIME=1)').conflicts('xapic'))
    .addOption(new Option('--xapic', 'the table has destinations of 8 bits (EIME=0)'))
    .addOption(new Option('--requester <device>', 'with --irte: who asks for the entry, e.g. 65:00.0').argParser(requester))
    .addOption(formatOption())
    .action((lines: readonly string[], options: ExplainOptions) => {
      const given = values(options);
      if (given.length > 0 && lines.length > 0)
        throw new InputError('give lines or values, not both; a value follows its option, e.g. --msi 0xfee00338 0');
      const { explanations, unread } = given.length > 0 ? { explanations: given, unread: 0 } : explainPasted(lines);
      if (options.format === 'json') printJson({ command: 'explain', explanations, unread });
      else {
        print(explanationsText(explanations, width()));
        if (unread > 0) print(`\n${style.dim(`${plural(unread, 'other line')} not explained.`)}`);
      }
    });
}
