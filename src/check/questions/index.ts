/** The room of questions that take many searches: kernels and scenarios, strategies, assumptions, bounds. */
export { standardOf, verdictEffect, type Standard, type VerdictChange, type VerdictEffect } from './effects.js';
export { firsts, isComplete, nothingNewFrom, raisesResultOf, verdictOf, withRaises, type CheckedAt, type RaisesRange } from './raises.js';
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
export { weakestAssumptions, type Assumed, type Searched, type Weakest } from './weakest.js';
