/** The room of timed runs: one seeded run of a scenario, with its counts and latencies. */
export type { DeadlineReport, Held, LateEvent } from './lateness.js';
export type { InjectedCounts } from './driver.js';
export { timedRun, type RunLimits, type RunResult } from './timed.js';
