/**
 * Scenarios: what machine, what devices, what is done to them. A file in YAML or JSON becomes a value with every default filled in,
 * or a list of mistakes with line and column; the built-in scenarios are such files too.
 */
export { builtinScenarios, findScenario, type BuiltinScenario } from './builtin/index.js';
export { compileSystem, contentOf, machineOfCompiled, type CompiledScenario } from './compiled.js';
export { diagnosticToJson, formatDiagnostic, type Diagnostic, type DiagnosticJson } from './diagnostics.js';
export { exponential } from './quantiles.js';
export { memoryOf, type MemoryUse } from './memory.js';
export { requesterOf } from './message.js';
export { cpusOfSockets } from './sockets.js';
export { parseScenario, parseScenarioBytes, type Parsed } from './parse.js';
export { describeOperation } from './requests.js';
export {
  CYCLES_PER_US,
  FIRST_VECTOR,
  cyclesOf,
  type Assertion,
  type CpuDescription,
  type DeviceDescription,
  type Bounds,
  type Bursty,
  type HandlerCycles,
  type Injected,
  type InterArrival,
  type PolicyDescription,
  type Replay,
  type ReplayUnit,
  type Time,
  type TimedOperation,
  type IommuDescription,
  type IrqDescription,
  type MachineDescription,
  type MessageDescription,
  type Operation,
  type RunSettings,
  type Scenario,
  type TimingValue,
  type Universe,
} from './scenario.js';
export { jsonSchema } from './schema/index.js';
export { stringifyScenario } from './stringify.js';
export { assembleSystem, assembleWith, restsOn, type Mode, type Names, type Overrides, type Settings, type System } from './system.js';
export { ScenarioMachine, type CpuView, type IrqView, type RunView } from './scenarioMachine.js';
export type { Vocabulary } from './vocabulary.js';
export { joined, nearest } from '../words.js';
