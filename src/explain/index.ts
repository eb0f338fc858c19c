/**
 * Plain words for what a log or a register shows of an interrupt: a line of a kernel, or the value of an entry, a message, a
 * descriptor, becomes its fields, the check that failed, what usually leads there, what to look at next, and the built-in scenarios
 * that end alike. Nothing is executed here; that values are read as the hardware reads them is held by tests that ask the machine.
 */
export { requesterOf } from './device.js';
export type { ExplainedField, Explained, Resemblance } from './explained.js';
export type { IrteContext } from './irte.js';
export { explainLines, type ExplainedLines } from './lines.js';
export { races } from './races.js';
export { explainAmdIrte, explainIrte, explainMsi, explainPid, explainRte } from './values.js';
