/** The room of teams: workers in threads that share one search. Node only, and so imported only when it is needed. */
export { MOST_WORKERS, Team } from './team.js';
