/** The room of checking: the search driven in batches, counterexamples told and drawn, tokens made and replayed. */
export { describeAction } from './actions.js';
export { changeText, type Change, type Named, type States } from './changes.js';
export type { Blocked, Choice } from './choices.js';
export { drawDiagram, wrap, type Style } from './diagram.js';
export {
  checkDocument,
  checkJsonSchema,
  checkResultOf,
  collisionChance,
  type Checked,
  type CheckResult,
  type RaisesResult,
  type Told,
} from './document.js';
export { explain, type Explanation, type Row } from './explain.js';
export { firsts, isComplete, nothingNewFrom, raisesResultOf, verdictOf, withRaises, type CheckedAt, type RaisesRange } from './raises.js';
export type { Field } from './fields.js';
export * from './inspect.js';
export type { InFlight } from './messages.js';
export { Replay, replayPath, type ReplayedStep } from './replay.js';
export { CheckpointError } from './checkpoint.js';
export { search, type Coverage, type Effort, type Failure, type PropertyName, type SearchLimits, type SearchResult } from './search.js';
export { placeText, type Place, type Standing } from './stands.js';
export { parseToken, replayToken, systemOf, TokenError, tokenOf, type Replayed, type Token } from './token.js';
export { Walk, type Judgement, type Taken } from './walk.js';
