/**
 * The file of a hunt: a line that says what is hunted, and one behind it for each stretch of items that is done. Lines are only ever
 * added, so that whatever ends the program, the file is good up to the last whole line.
 */
import { appendFileSync, existsSync, truncateSync, writeFileSync } from 'node:fs';
import { linesOf } from '../campaign/lines.js';
import type { Outcome } from './examine.js';
import type { Only } from './items.js';

/** What a hunt is about; it can only be gone on with the same. */
export interface Head {
  readonly irqlab: 'hunt';
  readonly version: 1;
  /** as the command names them */
  readonly models: readonly string[];
  readonly only: Only;
  readonly states: number;
  /** of the order of items, and of the kernels' programs */
  readonly digest: string;
}

/** Items from the end of the stretch before up to this one; what is not said of one is that nothing fails, in one search. */
export interface Stretch {
  readonly to: number;
  readonly searches: number;
  readonly states: number;
  /** by the number of the item */
  readonly told: readonly (readonly [item: number, outcomes: readonly Outcome[]])[];
}

/** What is wrong with a file, as a sentence. */
export class KeptError extends Error {}

/** What is kept in a file. Throws `KeptError` for one that is none of a hunt. */
export function keptHunt(file: string): { readonly head: Head; readonly stretches: readonly Stretch[] } {
  const [first, ...rest] = [...linesOf(file)].map(({ text }) => parsed(text));
  if (first === undefined || !isHead(first))
    throw new KeptError(`${file} is no file of a hunt; name one that irqlab hunt wrote, or a new one`);
  const end = rest.findIndex((each) => each === undefined);
  if (end >= 0) throw new KeptError(`${file}: line ${end + 2} cannot be read; remove it and what follows`);
  return { head: first, stretches: rest as Stretch[] };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function isHead(value: unknown): value is Head {
  const { irqlab, version } = (typeof value === 'object' && value !== null ? value : {}) as Partial<Head>;
  return irqlab === 'hunt' && version === 1;
}

/** A file that grows with a hunt. */
export class Keeper {
  readonly #file: string;

  /** Begins a file, or goes on behind the last whole line of one. */
  constructor(file: string, head: Head) {
    this.#file = file;
    if (existsSync(file)) truncateSync(file, [...linesOf(file)].at(-1)?.end ?? 0);
    else writeFileSync(file, `${JSON.stringify(head)}\n`);
  }

  add(stretch: Stretch): void {
    appendFileSync(this.#file, `${JSON.stringify(stretch)}\n`);
  }
}
