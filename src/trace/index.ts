/**
 * Traces: what was recorded on real machines, read into facts, each with its lines, and into scenarios that can be checked and run.
 */
export { withReplays } from './arrivals.js';
export { formatFacts, type Fact, type FormatFactsOptions } from './facts.js';
export { formatTime, parseFtrace, type FtraceText, type TraceFlags, type TraceLine } from './ftrace.js';
export { importTrace } from './import.js';
export type { Import, ImportOptions } from './imported.js';
export { cpusOfMask, type Loop } from './loop.js';
export type { Cause, HandlerRun, Moment, Move } from './moves.js';
export type { Part } from './parts.js';
export { xhciLost20200318 } from './recordings/xhciLost20200318.js';
export { checkScenario, runScenario } from './scenarios.js';
export type { Step } from './steps.js';
export type { ApicId, Topology } from './topology.js';
export type { Gap, Silence, Traffic } from './traffic.js';
