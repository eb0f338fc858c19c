/** The room of comparisons: strategies side by side on the same workloads with the same seeds, and what may be said of them. */
export { compare, type Comparison, type CompareOptions, type Plan, type Setting, type SettingResult, type Strategy, type StrategyResult } from './compare.js';
export type { Summary, Verdict } from './judge.js';
export { measure, type Measurement } from './measure.js';
export { metrics, valueText, type Metric, type Unit } from './metrics.js';
export { OwnThread, type RunJob, type Runner } from './runner.js';
export { instantiate, machineNamed, workloads, type MachineKind, type Workload } from './workloads.js';
