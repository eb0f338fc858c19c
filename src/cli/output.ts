/** How the commands speak: data on stdout, progress and errors on stderr, colours where a terminal wants them. */
import pc from 'picocolors';
import { wrap } from '../check/index.js';
import { diagnosticToJson, formatDiagnostic, type Diagnostic } from '../scenario/index.js';

export type Format = 'text' | 'json';

/** 0 fine, 1 a property failed, 2 the input is wrong, 3 unknown, 70 irqlab itself is wrong, 130 interrupted. */
export const Exit = { ok: 0, failed: 1, input: 2, unknown: 3, internal: 70, interrupted: 130 } as const;

/** The user's input is wrong: one diagnostic per mistake, no stack trace. */
export class InputError extends Error {
  readonly diagnostics: readonly Diagnostic[];

  constructor(problems: readonly Diagnostic[] | string) {
    const diagnostics = typeof problems === 'string' ? [{ file: 'irqlab', line: 0, column: 0, message: problems }] : problems;
    super(diagnostics.map((d) => d.message).join('; '));
    this.diagnostics = diagnostics;
  }
}

/** Columns that the name of a field takes. */
export const FIELD = 14;

/** Columns to write in: the terminal's, or 80 in a pipe. */
export function width(): number {
  const columns = process.stdout.isTTY ? process.stdout.columns : 80;
  return Math.max(40, Math.min(columns || 80, 120));
}

export const style = {
  dim: pc.dim,
  bold: pc.bold,
  alarm: (text: string): string => pc.bold(pc.red(text)),
  good: (text: string): string => pc.bold(pc.green(text)),
  unsure: (text: string): string => pc.bold(pc.yellow(text)),
};

export function print(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? v.toString() : v), 2));
}

/** `  name        text`, the text broken into lines behind the name. */
export function field(name: string, text: string): string[] {
  return wrap(text, width() - FIELD).map((line, i) => (i === 0 ? `  ${name}` : '').padEnd(FIELD) + line);
}

/** `head: words`, broken into lines: the head bold, the words as `paint` has them. */
export function headline(head: string, words: string, paint: (text: string) => string): string {
  const [first = '', ...rest] = wrap(`${head}: ${words}`, width());
  // a head longer than a line is broken itself, and then stays as it is
  const start = first.startsWith(`${head}:`) ? `${style.bold(`${head}:`)}${paint(first.slice(head.length + 1))}` : first;
  return [start, ...rest.map(paint)].join('\n');
}

/** Errors, one a line; as JSON on stdout where JSON was asked for, so that a program gets one document either way. */
export function printErrors(diagnostics: readonly Diagnostic[], format: Format): void {
  if (format === 'json') printJson({ errors: diagnostics.map(diagnosticToJson) });
  else for (const d of diagnostics) process.stderr.write(`${d.line === 0 ? `irqlab: ${d.message}` : formatDiagnostic(d)}\n`);
}

export function count(n: number): string {
  return n.toLocaleString('en-US');
}

/** `1 operation`, `2 operations`. */
export function plural(n: number, one: string): string {
  return `${count(n)} ${one}${n === 1 ? '' : 's'}`;
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

/** `4:59` */
export function clock(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  const rest = String(s % 60).padStart(2, '0');
  return s < 3600 ? `${Math.floor(s / 60)}:${rest}` : `${Math.floor(s / 3600)}:${String(Math.floor(s / 60) % 60).padStart(2, '0')}:${rest}`;
}

/** A line on stderr that replaces itself; silent where stderr is no terminal. */
export class Progress {
  #shown = 0;

  show(text: string): void {
    if (!process.stderr.isTTY) return;
    // what does not fit would begin a line that nothing replaces
    const fits = text.slice(0, (process.stderr.columns || 80) - 1);
    process.stderr.write(`\r${fits.padEnd(this.#shown)}`);
    this.#shown = fits.length;
  }

  done(): void {
    if (this.#shown > 0) process.stderr.write(`\r${' '.repeat(this.#shown)}\r`);
    this.#shown = 0;
  }
}

/** True from the first Ctrl-C on; the work stops with what it has. A second one ends the program at once. */
export class Interrupt {
  stopped = false;
  readonly #handler = (): void => {
    if (this.stopped) process.exit(Exit.interrupted);
    this.stopped = true;
  };

  constructor() {
    process.on('SIGINT', this.#handler);
  }

  /** Lets signals in; for the callbacks between batches. */
  async look(): Promise<boolean> {
    await new Promise((resolve) => setImmediate(resolve));
    return this.stopped;
  }

  done(): void {
    process.off('SIGINT', this.#handler);
  }
}
