/**
 * A machine at register level, whose program is the host: for who embeds the hardware and needs no kernel.
 *
 * `Machine.create` makes one. Register accesses act at the current cycle; what they send is in flight until `advance` or `settle`
 * lets time pass. What a guest does wrong is an architectural outcome: #GP, a bit in ESR, a counter in `diagnostics`. What the host
 * does wrong is a `RangeError` of one sentence.
 *
 * In the examples that do not make a machine of their own, `machine` has one CPU, one IOAPIC, one IOMMU and one device, `cpu` is that
 * CPU with its Local APIC enabled by software, `ioapic` is that IOAPIC, `iommu` is that IOMMU, which remaps nothing as long as nobody
 * has enabled it, and `device` is a PCI function with MSI and MSI-X. Letters with numbers, as A.4, are sections of the hardware
 * contract: A the Local APIC, B the IOAPIC, C messages, D remapping, E posting, F remapping by AMD-Vi, G timing, J models.
 *
 * @module irqlab
 */
export { Machine, type DmaWrite } from './machine.js';
export type { MachineOptions, PciChoice } from './options.js';
export type { OrderChoice } from './order.js';
export type { CpuModel, LapicChoice } from './lapic.js';
export type { CpuEvents, CpuPort, Gp, Lint, ReadOutcome, Value, WriteOutcome, Written } from './cpu.js';
export type { Capabilities, ConfigSpacePort, DevicePort, MsixTablePort, PendingBitsPort } from './device.js';
export type { DeviceModel, DeviceOptions, MsiModel, MsixModel } from './deviceModel.js';
export type { IoapicModel, IoapicPort, Pin } from './ioapic.js';
export type { IommuEvent, IommuFault, IommuPort } from './iommu.js';
export type { IommuModel, IommuOptions } from './iommus.js';
export type { AmdCache, AmdCapabilities, AmdModel } from './amd.js';
export type { IommuCache, IommuCapabilities, IommuFaults, VtdModel } from './vtd.js';
export type { IommuScope, Parts, UnitCache, UnitModel } from './unitOptions.js';
export type { MachineEvent } from './events.js';
export type { Diagnostics } from './diagnostics.js';
export type { Assumptions } from './assumptions.js';
export { timingIds, type Latency } from './timing.js';
export type { Width } from './numbers.js';
export type { ModuleSource } from '../core/index.js';
