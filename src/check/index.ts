/** The room of checking: the search driven in batches, counterexamples told and drawn, tokens made and replayed. */
export { describeAction } from './actions.js';
export { drawDiagram, type Style } from './diagram.js';
export { explain, type ExplainOptions } from './explain.js';
export type { Explanation, Row } from './explanation.js';
export type { Flight, Span } from './flights.js';
export type { Mark } from './marks.js';
export { minimise } from './minimise.js';
export { Replay, replayPath, type ReplayedStep, type Way } from './replay.js';
export { search, type Coverage, type Failure, type PropertyName, type SearchLimits, type SearchResult, type Vacuity } from './search.js';
export { parseToken, replayToken, systemOf, TokenError, tokenOf, type Replayed, type Token } from './token.js';
export { findRace, type Race } from './race.js';
export { wrap } from './wrap.js';
export { drawSvg, type PictureOptions } from './picture/svg.js';
