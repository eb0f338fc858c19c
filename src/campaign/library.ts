/**
 * Runs of scenarios that were compiled ahead: machine, clock, injection, policies and counts, without the kernel models, the parser and the
 * checker. `irqlab compile` writes such a scenario, and a program or a page has it with it as JSON.
 *
 * @module irqlab/run
 */
export { openScenario, type RunnableScenario } from './compiled.js';
export type { DriveLimits, Measured, Outcome } from './outcome.js';
export type { InjectedCounts } from './driver.js';
export type { ModuleSource } from '../core/index.js';
export type {
  CompiledScenario,
  CpuView,
  Injected,
  IrqView,
  PolicyDescription,
  RunView,
  ScenarioMachine,
  Time,
  TimedOperation,
} from '../scenario/index.js';
export type { Policy, PolicySource } from '../workload/index.js';
