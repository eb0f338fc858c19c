/**
 * Conformance: whether a kernel model touches hardware in the order in which a real kernel was recorded to do it. A recording is read
 * into operations, the model is led through each on a machine of the same shape, and both are compared in one normal form.
 */
export type { Access } from './access.js';
export { conform, excuseCounts, type Compared, type Conformance, type Line } from './compare.js';
export { sequenceEffect, type SequenceChange } from './effects.js';
export { excuses, type Excuse } from './excuses.js';
export { folderFiles, readFolder, type Files, type RecordedFolder } from './folder.js';
export type { RecordedIrq } from './irqs.js';
export { RecordingError } from './lines.js';
export { kinds, type Context, type OperationKind, type RecordedOperation } from './operations.js';
export { readRecording, type Recording } from './recording.js';
export type { Reached } from './sequences.js';
