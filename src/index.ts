/** The public API of irqlab, and nothing else. */
export { timedRun, type RunLimits, type RunResult } from './campaign/index.js';
export {
  checkJsonSchema,
  checkResultOf,
  changeText,
  drawDiagram,
  drawSvg,
  explain,
  minimise,
  parseToken,
  replayToken,
  search,
  systemOf,
  TokenError,
  tokenOf,
  type Checked,
  type CheckResult,
  Walk,
  type Change,
  type Choice,
  type Coverage,
  type Explanation,
  type Failure,
  type Judgement,
  type Replayed,
  type SearchLimits,
  type SearchResult,
  type Taken,
  type Token,
} from './check/index.js';
export { loadModule, type ModuleSource } from './core/index.js';
export { findModel, ModelError, modelNames, type KernelModel } from './kernel/model/index.js';
export { defaultAssumptions, Machine, ModelFault, type Assumptions, type EventRecord, type MachineSetup } from './machine/index.js';
export {
  assembleSystem,
  builtinScenarios,
  findScenario,
  formatDiagnostic,
  jsonSchema,
  parseScenario,
  stringifyScenario,
  type Diagnostic,
  type Overrides,
  type Scenario,
  type System,
} from './scenario/index.js';
export { checkScenario, formatFacts, importTrace, runScenario, type Import } from './trace/index.js';
