/** What the thread that watches and the workers of a team tell each other. */
import type { Status } from '../../core/index.js';
import type { MachineSetup } from '../../machine/index.js';
import type { Findings, Reduction } from '../engine/index.js';
import { reportOf, type TeamMemory } from './post.js';

/** What a worker begins with. */
export interface WorkerTask {
  /** compiled once for all: what the engine has made of it so far is shared */
  readonly module: WebAssembly.Module;
  readonly setup: MachineSetup;
  /** the machine's block in the state in which the search begins */
  readonly block: Uint8Array;
  readonly worker: number;
  readonly workers: number;
  readonly memory: number;
  readonly wide: boolean;
  readonly reduction: Reduction;
  readonly states: number;
  readonly first: boolean;
  readonly depth: number;
  readonly resume: string | undefined;
  readonly team: TeamMemory;
}

/** What it says when the search has ended or was stopped. */
export interface WorkerEnd {
  readonly status: Status;
  readonly findings: Findings;
  readonly fault: readonly [number, number];
  readonly disk: number;
  readonly level: number;
  readonly round: number;
}

/** What it can be asked behind that; the answer carries the same number. */
export type Question = { readonly number: number } & (
  { readonly ask: 'lookUp'; readonly prefix: number } | { readonly ask: 'save'; readonly path: string } | { readonly ask: 'close' }
);

/** Words of a report: states (two words), transitions (two words), depth; what is left behind a round. */
export const Report = { states: 0, transitions: 2, depth: 4, now: 5, onward: 6, deeper: 7, knowsFirst: 8 } as const;
/** A number that was reported in two words. */
export function reportedNumber(control: Int32Array, worker: number, word: number): number {
  return reportOf(control, worker, word) + reportOf(control, worker, word + 1) * 2 ** 32;
}
