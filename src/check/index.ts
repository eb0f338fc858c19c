/** The room of checking: the search driven in batches, counterexamples told and drawn, tokens made and replayed. */
export { describeAction, type Field, type InFlight } from './names/index.js';
export {
  search,
  type Coverage,
  type Effort,
  type Failure,
  type PropertyName,
  type SearchLimits,
  type SearchResult,
} from './search/index.js';
export { CheckpointError } from './engine/index.js';
export {
  fairnessText,
  obligations,
  searchLivelocks,
  type Livelock,
  type LivenessLimits,
  type LivenessResult,
  type Obligation,
} from './liveness/index.js';
export {
  findRace,
  minimise,
  parseToken,
  Replay,
  replayPath,
  replayToken,
  systemOf,
  TokenError,
  tokenOf,
  type Race,
  type Replayed,
  type ReplayedStep,
  type Token,
  type Way,
} from './ways/index.js';
export {
  causeOf,
  explain,
  type Cause,
  type ExplainOptions,
  type Explanation,
  type Flight,
  type Mark,
  type Row,
  type Span,
} from './narration/index.js';
export * from './walk/index.js';
export * from './picture/index.js';
export * from './document/index.js';
export * from './questions/index.js';
