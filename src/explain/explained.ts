/** What is said about a line or a value. */

/** Bits of a value, or a part of a line, and what they mean. */
export interface ExplainedField {
  /** as the manuals call it: `vector`, `SVT` */
  readonly name: string;
  /** where it stands in a value, e.g. `23:16`; a part of a line has none */
  readonly bits?: string;
  /** as it was given, or in hexadecimal */
  readonly value: string;
  /** in plain words; may be empty */
  readonly text: string;
}

/** A race among the built-in scenarios that ends in the same symptom. */
export interface Resemblance {
  /** name of the scenario */
  readonly scenario: string;
  /** what shows it, for a shell */
  readonly command: string;
  /** what happens there */
  readonly text: string;
}

/** What a line or a value says. */
export interface Explained {
  /** what it is, e.g. `vtd-fault`; for programs */
  readonly kind: string;
  /** the line or value that is explained */
  readonly source: string;
  /** where it stood in what was pasted, from 1, each time; empty for a value */
  readonly lines: readonly number[];
  /** one or two sentences */
  readonly summary: string;
  /** each part of it */
  readonly fields: readonly ExplainedField[];
  /** the check that failed; undefined where none did */
  readonly check: string | undefined;
  /** what usually leads to it, the likeliest first */
  readonly causes: readonly string[];
  /** what to look at next: files of /sys and /proc, commands, trace events */
  readonly next: readonly string[];
  readonly resembles: readonly Resemblance[];
}

/** What is said, without what it is said about. */
export type Told = Omit<Explained, 'source' | 'lines'>;

type Parts = Partial<Pick<Told, 'fields' | 'check' | 'causes' | 'next' | 'resembles'>>;

export function told(kind: string, summary: string, parts: Parts = {}): Told {
  return { kind, summary, check: undefined, fields: [], causes: [], next: [], resembles: [], ...parts };
}

/** A part of a line. */
export function part(name: string, value: string, text = ''): ExplainedField {
  return { name, value, text };
}

/** `0x25 (37)`: both ways in which a number is found elsewhere. */
export function both(value: number): string {
  return value < 10 ? String(value) : `0x${value.toString(16)} (${value})`;
}
