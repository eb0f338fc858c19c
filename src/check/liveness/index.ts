/** The room of liveness: the graph of all states, its fair loops, and what is never done in them. */
export { searchLivelocks, type Livelock, type LivenessLimits, type LivenessResult } from './search.js';
export { obligations, type Obligation } from './unfinished.js';
export { fairnessText, neverDone } from './words.js';
