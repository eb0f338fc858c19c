/** The room of comparisons: strategies side by side on the same workloads with the same seeds, and what may be said of them. */
export { comparisonDocument, type ComparisonDocument } from './document.js';
export {
  compare,
  subjectsOf,
  type Comparison,
  type CompareOptions,
  type Runner,
  type Plan,
  type Setting,
  type SettingResult,
  type Strategy,
  type StrategyResult,
} from './compare.js';
export type { Summary, Verdict } from './judge.js';
export { metrics, type Metric } from './metrics.js';
export { valueText, type Unit } from './text.js';
export { ownThread } from './ownThread.js';
export { comparisonPage, type PageAssets, type PageData } from './page.js';
export { timelineOf, type Timeline } from './timeline.js';
export { instantiate, machineNamed, workloads, type MachineKind, type Workload } from './workloads.js';
