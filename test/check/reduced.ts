/** A search in full beside both levels of the reduction. */
import { expect } from 'vitest';
import type { ProgramMachine } from '../../src/machine/index.js';
import { search, type Found } from '../engine/toy.js';

const lengths = ({ failures }: Found): [string, number][] =>
  Object.entries(failures)
    .map(([name, { length }]): [string, number] => [name, length])
    .toSorted();

/** Properties that fail. */
export const names = (found: Found): string[] => Object.keys(found.failures).toSorted();

interface Compared {
  readonly full: Found;
  readonly states: readonly [number, number, number];
}

/** Searches in full and reduced and holds them to the same answer; undefined where the full search has more states than `most`. */
export async function compare(make: () => Promise<ProgramMachine>, most: number, what: string): Promise<Compared | undefined> {
  const full = await search(await make(), 0, most);
  if (full.status !== 'done') return undefined;
  const [first, second] = [await search(await make(), 1), await search(await make(), 2)];
  // INIT on a CPU that runs: the host searches in full
  if (first.status === 'cutShort' || second.status === 'cutShort') return undefined;
  expect([what, first.status, ...lengths(first)]).toEqual([what, 'done', ...lengths(full)]);
  expect([what, second.status, ...names(second)]).toEqual([what, 'done', ...names(full)]);
  expect(first.states).toBeLessThanOrEqual(full.states);
  expect(second.states).toBeLessThanOrEqual(first.states);
  return { full, states: [full.states, first.states, second.states] };
}
