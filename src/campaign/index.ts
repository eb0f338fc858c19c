/** The room of timed runs: one seeded run of a scenario, with its counts and latencies. */
export type { DeadlineReport, Held, LateEvent } from './lateness.js';
export { timedRun, type InjectedCounts, type RunLimits, type RunResult } from './timed.js';
