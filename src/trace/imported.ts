/** What an import holds. */
import type { Diagnostic } from '../scenario/index.js';
import type { Fact } from './facts.js';
import type { Loop } from './loop.js';
import type { Move } from './moves.js';
import type { Part } from './parts.js';
import type { Step } from './steps.js';
import type { Topology } from './topology.js';
import type { Silence, Traffic } from './traffic.js';

/** What the lines cannot tell and the caller may know, from the mail around them for example. */
export interface ImportOptions {
  /** Version of the kernel, `5.6`; names the model linux-5.6. */
  readonly kernel?: string;
  /** What ran beside the trace. */
  readonly loop?: Loop;
}

/** A trace, imported. */
export interface Import {
  readonly file: string;
  readonly options: ImportOptions;
  /** How many lines of which kind. */
  readonly count: { readonly trace: number; readonly annotations: number; readonly garbage: number };
  /** Lines that could not be read (the first few), and what is missing for a scenario. */
  readonly diagnostics: readonly Diagnostic[];
  readonly topology: Topology;
  /** The irq whose driver's handler is traced. */
  readonly traced?: number;
  readonly parts: readonly Part[];
  readonly moves: readonly Move[];
  readonly traffic: Traffic;
  /** One for each part in which the handler ran. */
  readonly silences: readonly Silence[];
  /** Durations of the steps of moves, in the order of a move. */
  readonly steps: readonly Step[];
  /** Time of writing one message, where it was printed. */
  readonly written?: Step;
  readonly facts: readonly Fact[];
}

/** Nobody says in a trace which kernel it was; this is the one of the thread. */
export const ASSUMED_KERNEL = '5.6';

/** All that facts are made from. */
export type Known = Omit<Import, 'facts'>;
