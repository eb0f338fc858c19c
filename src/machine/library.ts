/** What one who embeds the hardware sees: a machine at register level, whose program is the host. */
export type { ModuleSource } from '../core/index.js';
export type { Assumptions } from './assumptions.js';
export type { CpuEvents, CpuPort, Gp, Lint, ReadOutcome, WriteOutcome } from './cpu.js';
export type { MachineEvent } from './events.js';
export type { IoapicModel, IoapicPort, Pin } from './ioapic.js';
export type { Diagnostics } from './diagnostics.js';
export { Machine, type DmaWrite } from './machine.js';
export type { Width } from './numbers.js';
export type { CpuModel, LapicChoice } from './lapic.js';
export type { MachineOptions } from './options.js';
export { timingIds, type Latency } from './timing.js';
