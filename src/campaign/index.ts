/** The room of timed runs: one seeded run of a scenario, with its counts and latencies; many of them over worker threads. */
export { campaign, type CampaignOptions, type CampaignProgress, type CampaignResult } from './campaign.js';
export { compileScenario } from './compile.js';
export { openScenario, type RunnableScenario } from './compiled.js';
export type { DriveLimits, Measured, Outcome } from './outcome.js';
export { FileError, RunError } from './errors.js';
export { figuresOf, type Counts, type RunFigures } from './figures.js';
export type { DeadlineReport, Held, LateEvent } from './deadline.js';
export { Driver, type InjectedCounts } from './driver.js';
export type { Merged } from './merge.js';
export { mergeCampaigns, openPool } from './open.js';
export type { RunPool } from './pool.js';
export { seedsText, type Seeds } from './seeds.js';
export type { PoolOptions, RunJob, RunSubject } from './subject.js';
export type { FailureKind, Tallied } from './tally.js';
export { runSystem, timedRun, type RunLimits, type RunResult } from './timed.js';
