/** What a search is asked, and what it answers. */
import type { Reduction, Vacuity } from '../engine/index.js';

/** `noLoss` and the other built-in ones, or the name of an own property. */
export type PropertyName = string;

/** What was covered: the same for any number of workers, and behind a resume. */
export interface Coverage {
  readonly states: number;
  readonly transitions: number;
  /** of those: what the others lead to is found at the same distance by others */
  readonly executed: number;
  /** states at rest; those in which the probe had ended */
  readonly rest: number;
  readonly probed: number;
  /** visible steps on the longest shortest way */
  readonly depth: number;
  /** bytes of the largest image, and of an image on average */
  readonly largestImage: number;
  readonly averageImage: number;
  /** the pool of messages in flight was full in some state: a bound that was reached */
  readonly poolFull: boolean;
}

/** What it took. */
export interface Effort {
  readonly workers: number;
  /** bytes of memory taken by the search; those of the visited set alone; those on disk */
  readonly memory: number;
  readonly visited: number;
  readonly disk: number;
}

/** A failing property with its shortest way. */
export interface Failure {
  readonly property: PropertyName;
  /** visible steps */
  readonly length: number;
  readonly path: readonly number[];
}

export interface SearchResult {
  readonly verdict: 'safe' | 'failed' | 'unknown';
  /** why it is unknown */
  readonly reason: string | undefined;
  readonly coverage: Coverage;
  /** bits of a fingerprint */
  readonly fingerprintBits: 64 | 128;
  /** the reduction that was in force, and why it is not the one that was asked for */
  readonly reduction: { readonly level: Reduction; readonly givenUp: string | undefined };
  /** the ways to failures are shortest; level 2 of the reduction finds some way, and level 1 then a shortest one, unless a limit ends it */
  readonly shortest: boolean;
  readonly effort: Effort;
  /** the checkpoint that was written */
  readonly kept: string | undefined;
  readonly failures: readonly Failure[];
  readonly vacuity: Vacuity;
}

export interface SearchLimits {
  /** bytes, over all workers */
  readonly memory: number;
  /** states after which the search ends, at the end of a round */
  readonly states: number;
  /** end as soon as the shortest way to some failure is known; otherwise the search goes on for the other properties */
  readonly first?: boolean | undefined;
  /** called between batches; true stops the search */
  readonly progress?: (coverage: Coverage) => boolean | Promise<boolean>;
  /** bits of a fingerprint; default 64 */
  readonly fingerprint?: 64 | 128 | undefined;
  /** of the reduction (design 4): 0 none, 1 keeps lengths, 2 keeps verdict and failing properties; default 1 */
  readonly reduction?: Reduction | undefined;
  /** visible steps behind which it ends, as if nothing came later */
  readonly depth?: number | undefined;
  /** worker threads (Node only); default 1 */
  readonly workers?: number | undefined;
  /** a checkpoint to go on from: the same system, fingerprint and reduction (Node only) */
  readonly resume?: string | undefined;
  /** where to write a checkpoint if the search is stopped or a limit ends it (Node only) */
  readonly save?: string | undefined;
  /** write it only if the search is stopped, not if a limit ends it */
  readonly keepOnlyInterrupted?: boolean | undefined;
  /** what a checkpoint should say about the system, so that it can be made again */
  readonly about?: unknown;
}
