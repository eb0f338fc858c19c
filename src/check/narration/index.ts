/** The room of narration: a way told step by step, with the marks, messages, race and cause that make it an explanation. */
export { causeOf, type Cause } from './cause.js';
export { explain, type ExplainOptions } from './explain.js';
export type { Explanation, Row } from './explanation.js';
export type { Flight, Span } from './flights.js';
export { brokenMark, type Mark } from './marks.js';
export { narrate, type Lane } from './narrate.js';
