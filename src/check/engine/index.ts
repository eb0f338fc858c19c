/** The room of the engine: what one worker of a search works with and leaves. What is for Node only (spill.ts, checkpoint.ts) is imported by its own name. */
export { Engine, type Reduction, type Share, type Slot } from './engine.js';
export { CheckpointError } from './errors.js';
export { neverJudged } from './evaluated.js';
export { Alone, behindRound, type Explorer, type Findings, type Watch } from './explorer.js';
export { Paths, type LookUp } from './paths.js';
export { joinFailures, joinShares } from './share.js';
export { activityOf, joinActivities, vacuityOf, type Activity, type Vacuity } from './vacuity.js';
