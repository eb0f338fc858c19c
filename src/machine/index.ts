/**
 * The room of the machine: topology, devices, register-level access, timing, assumptions, events, snapshots. No kernel. What the
 * rooms below call a machine has a program; who embeds the hardware sees `library.ts`.
 */
export { AMD_UNIT_BYTES } from './amdUnit.js';
export { alternatives, assumptionsAbout, assumptionText, assumptionValues, defaultAssumptions, type Assumptions } from './assumptions.js';
export { change, changesSince } from './changes.js';
export type { FunctionModel } from './deviceModel.js';
export type { EventRecord, RecordTaker } from './events.js';
export { Layout, stateBytes } from './fill.js';
export { VarWord } from '../core/index.js';
export { percentiles, quantile, type Bucket, type Percentiles } from './histogram.js';
export { iommusOf, type IommuModel } from './iommus.js';
export type { IoapicModel } from './ioapic.js';
export { defaultLapicModel, type LapicModel } from './lapic.js';
export { ModelFault, type FaultPlace } from './fault.js';
export { ProgramMachine } from './program.js';
export type { MsixEntryRegisters } from './programState.js';
export { builtinProperties, propertiesOf } from './properties.js';
export type { GaugeReading, MeterReading } from './meters.js';
export { refuseTooLarge } from './setup.js';
export type { GaugeSetup, InjectedOperation, MachineSetup, Meters, OperationSetup, ProgramSetup, SourceSetup, Spread } from './setup.js';
export { timingIds, type Latency } from './timing.js';
