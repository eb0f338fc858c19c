/** The room of the search: alone or by a team, gone on with where one stopped, and what it is asked and answers. */
export type { Coverage, Effort, Failure, PropertyName, SearchLimits, SearchResult } from './report.js';
export { reasons, refuseFault, search, sharesMasks } from './search.js';
