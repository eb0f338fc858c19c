/** What ends a campaign early, as sentences; in the file is then what was there, and what came before. */
import type { RunJob } from './subject.js';

/** What is wrong with a file. */
export class FileError extends Error {}

/** A run that ended the worker it was in, or threw, twice. */
export class RunError extends Error {
  readonly job: RunJob;

  constructor(job: RunJob, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.job = job;
  }
}
