/**
 * The room of the hunt: failures that nobody wrote a scenario for. It makes up short programs of operations, smallest first, on kinds of
 * devices and platforms (universe.ts), searches each on each kernel, and groups what fails by its cause.
 */
export { type Limits } from './examine.js';
export { findingsHtml } from './html.js';
export { examineAll, headOf, Hunt, type Answer } from './hunt.js';
export { everything, type Item, type Only } from './items.js';
export { Keeper, keptHunt, KeptError, type Head, type Stretch } from './keep.js';
export { findingsPage } from './page.js';
export {
  inOrder,
  judgement,
  otherPrograms,
  placeOf,
  reported,
  shownOf,
  SIGNS,
  versionsText,
  type HuntReport,
  type ReportedFinding,
} from './report.js';
export { tell, type Shown, type Told } from './tell.js';
