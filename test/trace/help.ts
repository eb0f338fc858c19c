import { readFileSync } from 'node:fs';
import { importTrace, type Fact, type Import, type ImportOptions } from '../../src/trace/index.js';

/** The text of a trace as it was posted, by the name of its file. */
export function recording(file: string): string {
  return readFileSync(new URL(`../conformance/lkml/${file}`, import.meta.url), 'utf8');
}

export function imported(file: string, options?: ImportOptions): Import {
  return importTrace(recording(file), file, options);
}

export const recordings = ['2020-03-18-xhci-lost.trace', '2020-03-25-four-rounds.trace', '2020-05-two-step-steps.trace'] as const;

/** Facts whose name is or begins so, as `how value from`. */
export function facts({ facts: all }: Import, name: string): string[] {
  return all
    .filter((fact: Fact) => fact.name === name || fact.name.startsWith(`${name} `))
    .map(({ how, value, from }) => `${how}: ${value} [${from.join(',')}]`);
}

/** What a test cannot go on without. */
export function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('nothing is there');
  return value;
}
