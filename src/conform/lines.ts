/**
 * Lines of a recording: one time line of what a guest kernel printed (G) and what QEMU saw it do (Q).
 *
 *     seconds.microseconds G cpu event: fields
 *     seconds.microseconds Q cpu event fields        (cpu - or -1: QEMU does not say which)
 */
import type { Diagnostic } from '../scenario/index.js';
import { quote } from '../words.js';

export interface RecordedLine {
  readonly file: string;
  /** from 1 */
  readonly line: number;
  /** microseconds from the recording's first mark */
  readonly time: number;
  readonly source: 'guest' | 'qemu';
  /** undefined: not known */
  readonly cpu: number | undefined;
  readonly event: string;
  readonly fields: string;
  /** where the fields begin, from 1 */
  readonly column: number;
}

/** What is wrong with a recording, one sentence each. */
export class RecordingError extends Error {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(({ message }) => message).join('; '));
    this.diagnostics = diagnostics;
  }
}

const pattern = /^(\d{1,9})\.(\d{6}) ([GQ]) (-1|-|\d{1,4}) ([A-Za-z_]\w*):? ?(.*)$/;
/** Mistakes that are told; a file with more of them is another kind of file. */
const TOLD = 5;

/** What a line says, from its parts. */
type Read = (found: RegExpExecArray) => Pick<RecordedLine, 'time' | 'source' | 'cpu' | 'event' | 'fields'>;

/** Lines of one file, in its order; empty ones and those that begin with # say nothing. Throws `RecordingError`. */
function parsed(text: string, file: string, form: RegExp, expected: string, read: Read): RecordedLine[] {
  const wrong: Diagnostic[] = [];
  const lines: RecordedLine[] = [];
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    if (raw === '' || raw.startsWith('#')) continue;
    const found = raw.length > 1000 ? null : form.exec(raw);
    if (found === null) {
      wrong.push({ file, line: index + 1, column: 1, message: `${quote(raw)} is no line of a recording; expected ${expected}` });
      if (wrong.length === TOLD) break;
      continue;
    }
    const parts = read(found);
    lines.push({ file, line: index + 1, ...parts, column: raw.length - parts.fields.length + 1 });
  }
  if (wrong.length > 0) throw new RecordingError(wrong);
  return lines;
}

/** A time line of both sources. Throws `RecordingError`. */
export function parseLines(text: string, file: string): RecordedLine[] {
  const expected = '"seconds G cpu event: fields" or "seconds Q cpu event fields"';
  return parsed(text, file, pattern, expected, ([, seconds, micros, source, cpu = '', event = '', fields = '']) => ({
    time: Number(seconds) * 1_000_000 + Number(micros),
    source: source === 'G' ? 'guest' : 'qemu',
    cpu: cpu.startsWith('-') ? undefined : Number(cpu),
    event,
    fields,
  }));
}

const logPattern = /^\d+ (\d{1,12})\.(\d{6}) (\w+) ?(.*)$/;

/** QEMU's own log: `N SECONDS event fields`. Throws `RecordingError`. */
export function parseLog(text: string, file: string): RecordedLine[] {
  return parsed(text, file, logPattern, '"number seconds event fields"', ([, seconds, micros, event = '', fields = '']) => {
    const cpu = /^cpu=(\d+)/.exec(fields)?.[1];
    return {
      time: Number(seconds) * 1_000_000 + Number(micros),
      source: 'qemu',
      cpu: cpu === undefined ? undefined : Number(cpu),
      event,
      fields,
    };
  });
}

/** A number in the fields, `name=0x2` or `name 0x2`. Throws `RecordingError` where it is missing. */
export function numberOf(line: RecordedLine, name: string): number {
  const found = new RegExp(String.raw`(?:^|[\s,])${name}[= ]\s*(-?(?:0x[0-9a-f]+|\d+))\b`, 'i').exec(line.fields);
  if (found !== null) {
    const text = found[1] ?? '';
    return text.startsWith('-') ? -Number(text.slice(1)) : Number(text);
  }
  throw new RecordingError([
    { file: line.file, line: line.line, column: line.column, message: `${line.event} without ${name}; expected "${name}=" and a number` },
  ]);
}

/** A 64-bit number in the fields. Throws `RecordingError` where it is missing. */
export function wideNumberOf(line: RecordedLine, name: string): bigint {
  const found = new RegExp(String.raw`(?:^|\s)${name}=(0x[0-9a-f]{1,16}|\d{1,19})\b`, 'i').exec(line.fields)?.[1];
  if (found !== undefined) return BigInt(found);
  throw new RecordingError([
    { file: line.file, line: line.line, column: line.column, message: `${line.event} without ${name}; expected "${name}=" and a number` },
  ]);
}
