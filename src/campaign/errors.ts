/** What ends a campaign early, as sentences; in the file is then what was there, and what came before. */
import type { RunJob } from './subject.js';

/** What is wrong with a file. */
export class FileError extends Error {}

/** A run ended the worker it was in, or threw, twice. */
export class RunError extends Error {
  readonly job: RunJob;
  /** what makes it again, as far as that is known: a command without the seed */
  readonly run: string;

  constructor(job: RunJob, cause: unknown, run = 'irqlab run') {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.job = job;
    this.run = run;
  }
}
