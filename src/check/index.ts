/** The room of checking: the search driven in batches, counterexamples told and drawn, tokens made and replayed. */
export { describeAction } from './actions.js';
export { causeOf, type Cause } from './cause.js';
export { changeText, type Change, type Named, type States } from './changes.js';
export { CheckpointError } from './errors.js';
export type { Blocked, Choice } from './choices.js';
export { drawDiagram, type Style } from './diagram.js';
export {
  checkDocument,
  checkJsonSchema,
  checkResultOf,
  collisionChance,
  type Checked,
  type CheckResult,
  type AssumptionsResult,
  type RaisesResult,
  type Told,
} from './document.js';
export { standardOf, verdictEffect, type Standard, type VerdictChange, type VerdictEffect } from './effects.js';
export { explain, type ExplainOptions } from './explain.js';
export type { Explanation, Row } from './explanation.js';
export type { Field } from './fields.js';
export type { Flight, Span } from './flights.js';
export * from './inspect.js';
export * from './liveness/index.js';
export type { Mark } from './marks.js';
export type { InFlight } from './messages.js';
export { minimise } from './minimise.js';
export { escapeXml } from './picture/ink.js';
export { drawSvg, type PictureOptions } from './picture/svg.js';
export { findRace, type Race } from './race.js';
export { firsts, isComplete, nothingNewFrom, raisesResultOf, verdictOf, withRaises, type CheckedAt, type RaisesRange } from './raises.js';
export { Replay, replayPath, type ReplayedStep, type Way } from './replay.js';
export { search, type Coverage, type Effort, type Failure, type PropertyName, type SearchLimits, type SearchResult } from './search.js';
export { placeText, type Place, type Standing } from './stands.js';
export { parseToken, replayToken, systemOf, TokenError, tokenOf, type Replayed, type Token } from './token.js';
export {
  assumptionsGivenUp,
  strategiesOf,
  strategyCell,
  strategyGroups,
  type Cell,
  type Given,
  type Group,
  type Strategy,
} from './strategies.js';
export { systemOn, verdictsOf, type Verdict, type VerdictLimits } from './verdicts.js';
export { Walk, type Judgement, type Taken } from './walk.js';
export { weakestAssumptions, type Assumed, type Searched, type Weakest } from './weakest.js';
export { wrap } from './wrap.js';
