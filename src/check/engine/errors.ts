/** A file that is no checkpoint, or not of this search; one sentence. */
export class CheckpointError extends Error {}
