/**
 * Scenarios: what machine, what devices, what is done to them. A file in YAML or JSON becomes a value with every default filled in,
 * or a list of mistakes with line and column; the built-in scenarios are such files too.
 */
export { builtinScenarios, findScenario, type BuiltinScenario } from './builtin/index.js';
export { diagnosticToJson, formatDiagnostic, type Diagnostic, type DiagnosticJson } from './diagnostics.js';
export { memoryOf, type MemoryUse } from './memory.js';
export { requesterOf } from './message.js';
export { cpusOfSockets } from './sockets.js';
export { parseScenario, parseScenarioBytes, type Parsed } from './parse.js';
export {
  CYCLES_PER_US,
  FIRST_VECTOR,
  interArrivalCycles,
  type Assertion,
  type CpuDescription,
  type DeviceDescription,
  type InterArrival,
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
export {
  assembleSystem,
  assembleWith,
  describeOperation,
  restsOn,
  type Mode,
  type Names,
  type Overrides,
  type Settings,
  type System,
} from './system.js';
export type { Vocabulary } from './vocabulary.js';
export { joined, nearest } from '../words.js';
