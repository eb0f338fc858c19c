/** Machines with one PCI function, and the register accesses that software makes to set it up. */
import type { DeviceOptions } from '../../src/machine/deviceModel.js';
import { Machine, type DevicePort, type MachineOptions } from '../../src/machine/library.js';

/** Latencies by default (hardware.md G.2), cycles. */
export const APPLY = 1200;
export const ARRIVE = 750;
export const TO_ROOT = 750;
const TO_LAPIC = 300;
/** An MSI from its sample to the IRR. */
export const WAY = TO_ROOT + TO_LAPIC;

export const addressOf = (apicId: number): number => 0xfee00000 + (apicId << 12);

export class Bench {
  readonly machine: Machine;
  readonly device: DevicePort;

  constructor(machine: Machine, device = machine.device(0)) {
    this.machine = machine;
    this.device = device;
  }

  get msi(): number {
    return this.device.capabilities.msi!;
  }

  get msix(): number {
    return this.device.capabilities.msix!;
  }

  /** Offset of MSI's data register (C.1). */
  get dataAt(): number {
    return this.msi + (this.device.model.msi?.address64 ? 12 : 8);
  }

  get maskAt(): number {
    return this.dataAt + 4;
  }

  settle(): void {
    if (!this.machine.settle()) throw new Error('something is on its way for ever');
  }

  /** MSI with this destination and data; `control` 1 is enabled, one message. */
  program(apicId: number, data: number, control = 1): void {
    this.device.config.write(this.msi + 4, addressOf(apicId), 4);
    this.device.config.write(this.dataAt, data, 2);
    this.device.config.write(this.msi + 2, control, 2);
    this.settle();
  }

  /** Writes an entry of the MSI-X table. */
  entry(n: number, apicId: number, data: number, masked = false): void {
    this.device.msixTable.write(n * 16, addressOf(apicId), 8);
    this.device.msixTable.write(n * 16 + 8, data, 4);
    this.mask(n, masked);
    this.settle();
  }

  /** On its way only. */
  mask(n: number, masked: boolean): void {
    this.device.msixTable.write(n * 16 + 12, masked ? 1 : 0, 4);
  }

  /** MSI-X message control: 0x8000 enable, 0x4000 function mask. */
  control(value: number): void {
    this.device.config.write(this.msix + 2, value, 2);
    this.settle();
  }

  /** Command register: 6 memory space and bus master. */
  command(value: number): void {
    this.device.config.write(4, value, 2);
    this.settle();
  }

  /** Raises, and lets everything arrive. */
  raise(n = 0): void {
    this.device.raise(n);
    this.settle();
  }

  /** What is pending in the LAPICs: vectors by CPU. */
  get irr(): number[][] {
    return this.machine.cpus.map((cpu) => cpu.irr);
  }

  /** Samples since the last look: data, or how many accepts. */
  sampled(): number[] {
    return this.machine
      .events()
      .filter(({ kind }) => kind === 'sample')
      .map(({ data }) => data!);
  }

  drops(): (string | undefined)[] {
    return this.machine
      .events()
      .filter(({ kind }) => kind === 'drop')
      .map(({ reason }) => reason);
  }
}

/** Three CPUs with APIC ids 0 to 2, enabled by software, and a device. */
export async function bench(device: DeviceOptions, options: Omit<MachineOptions, 'devices'> = {}): Promise<Bench> {
  const machine = await Machine.create({ cpus: 3, ...options, devices: [device] });
  for (const cpu of machine.cpus) cpu.writeMmio(0xfee000f0, 0x1ff, 4);
  return new Bench(machine);
}

/** A device with an MSI-X table of that many entries, enabled; entry n goes to CPU 0, vector 0x40 + n, not masked. */
export async function msixBench(vectors: number, device: DeviceOptions = {}): Promise<Bench> {
  const b = await bench({ ...device, msix: { vectors, ...device.msix } });
  for (let n = 0; n < vectors; n++) b.entry(n, 0, 0x40 + n);
  b.control(0x8000);
  return b;
}
