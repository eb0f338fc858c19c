/** How vectors, messages, registers of devices and irqs are written. */
import { MmioReg, MsiReg } from '../../core/index.js';
import type { MsixEntryRegisters } from '../../machine/index.js';
import type { System } from '../../scenario/index.js';
import { hex } from '../../words.js';

/** "CPU 3, vector 0x21" of a compatibility-format message; "entry 2" of one that is remapped. */
export function describeMessage(system: System, address: number, data: number): string {
  if (isAmd(system)) return `entry ${data & 0x7ff}`;
  if (isRemappable(system, address)) {
    const handle = ((address >>> 5) & 0x7fff) | ((address & 4) << 13);
    return `entry ${handle + (address & 8 ? data & 0xffff : 0)}`;
  }
  return describeTarget(system, (address >>> 12) & 0xff, data & 0xff);
}

/** Messages pass units of AMD's, which take the entry from the data (hardware.md F.3). */
export function isAmd({ scenario }: System): boolean {
  return scenario.machine.iommu?.type === 'amd';
}

/** A message that asks for an entry of a remapping table, where there is one (hardware.md C.3.1). */
export function isRemappable(system: System, address: number): boolean {
  return isAmd(system) || (system.scenario.machine.iommu !== undefined && (address & 0x10) !== 0);
}

/** "CPU 3, vector 0x21" */
export function describeTarget(system: System, id: number, vector: number): string {
  const cpu = system.scenario.machine.cpus.findIndex((c) => c.apicId === id);
  return `${system.names.cpus[cpu] ?? `APIC id ${id}`}, vector ${hex(vector)}`;
}

/** What a value that is written to a register of a message means: its CPU, its vector. */
function valueText(system: System, register: 'address' | 'data' | 'other', value: number): string {
  if (isAmd(system) && register !== 'other') return register === 'address' ? hex(value) : describeMessage(system, 0, value);
  if (register === 'address') return describeMessage(system, value, 0).split(',')[0] ?? '';
  return register === 'data' ? `vector ${hex(value & 0xff)}` : hex(value);
}

/** `MSI data := vector 0x21`: a write to configuration space. */
export function configText(system: System, register: number, value: number): string {
  const kind = register === MsiReg.addrLo ? 'address' : register === MsiReg.data ? 'data' : 'other';
  return `${configNames[register as MsiReg] ?? hex(register)} := ${valueText(system, kind, value)}`;
}

/** `entry 1 data := vector 0x21`: a write to an MSI-X table, by its offset there; of a device of the chipset without the entry. */
export function writeText(system: System, offset: number, value: number, isChipset = false): string {
  const register = (offset >>> 2) & 3;
  const name = entryName(offset >>> 4, register, isChipset);
  if (register === MmioReg.control) return `${name} := ${value & 1 ? 'masked' : 'unmasked'}`;
  const kind = register === MmioReg.addrLo ? 'address' : register === MmioReg.data ? 'data' : 'other';
  return `${name} := ${valueText(system, kind, value)}`;
}

/** `MSI data`, `entry 3 address`: registers of devices as users call them. */
export const configNames: Readonly<Record<MsiReg, string>> = {
  [MsiReg.control]: 'MSI control',
  [MsiReg.addrLo]: 'MSI address',
  [MsiReg.addrHi]: 'MSI address high',
  [MsiReg.data]: 'MSI data',
  [MsiReg.mask]: 'MSI mask bits',
  [MsiReg.pending]: 'MSI pending bits',
  [MsiReg.msixControl]: 'MSI-X control',
};

const entryNames: Readonly<Record<MmioReg, string>> = {
  [MmioReg.addrLo]: 'address',
  [MmioReg.addrHi]: 'address high',
  [MmioReg.data]: 'data',
  [MmioReg.control]: 'vector control',
  [MmioReg.pending]: 'pending bits',
};

export function entryName(entry: number, register: number, isChipset = false): string {
  if (isChipset) return entryNames[register as MmioReg] ?? hex(register);
  if (register === MmioReg.pending) return `pending bits from entry ${32 * entry} on`;
  return `entry ${entry} ${entryNames[register as MmioReg] ?? hex(register)}`;
}

/** What a device would send: `CPU 3, vector 0x21`, or why it would send nothing. */
export function describeSent(system: System, message: MsixEntryRegisters | undefined): string {
  if (message === undefined) return 'nothing, its messages are disabled';
  return `${describeMessage(system, message.addrLo, message.data)}${message.masked ? ', masked' : ''}`;
}

/** "irq 0" of a model is an index; users know the number. */
export function irqNumber(system: System, text: string): string {
  return text.replace(/\birq (\d+)$/, (_, index: string) => `irq ${system.names.irqs[Number(index)] ?? index}`);
}
