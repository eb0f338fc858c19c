/** The room of timed runs: one seeded run of a scenario, with its counts and latencies; many of them over worker threads. */
export { figuresOf, type RunFigures } from './figures.js';
export type { DeadlineReport, Held, LateEvent } from './lateness.js';
export { openPool } from './open.js';
export type { RunPool } from './pool.js';
export type { PoolOptions, RunJob, RunSubject } from './subject.js';
export { runSystem, timedRun, type RunLimits, type RunResult } from './timed.js';
