/** How vectors, messages, irqs and places in the kernel are written. */
import type { System } from '../scenario/index.js';
import { hex } from '../words.js';
import type { ReplayedStep } from './replay.js';

export { hex };

/** "CPU 3, vector 0x21" of a compatibility-format message; "entry 2" of one that is remapped. */
export function describeMessage(system: System, address: number, data: number): string {
  if (isRemappable(system, address)) {
    const handle = ((address >>> 5) & 0x7fff) | ((address & 4) << 13);
    return `entry ${handle + (address & 8 ? data & 0xffff : 0)}`;
  }
  return describeTarget(system, (address >>> 12) & 0xff, data & 0xff);
}

/** A message that asks for an entry of a remapping table, where there is one (hardware.md C.3.1). */
export function isRemappable({ scenario }: System, address: number): boolean {
  return scenario.machine.iommu !== undefined && (address & 0x10) !== 0;
}

/** "CPU 3, vector 0x21" */
export function describeTarget(system: System, id: number, vector: number): string {
  const cpu = system.scenario.machine.cpus.findIndex((c) => c.apicId === id);
  return `${system.names.cpus[cpu] ?? `APIC id ${id}`}, vector ${hex(vector)}`;
}

/** "irq 0" of a model is an index; users know the number. */
export function irqNumber(system: System, text: string): string {
  return text.replace(/\birq (\d+)$/, (_, index: string) => `irq ${system.names.irqs[Number(index)] ?? index}`);
}

/** Operation code, and label, of an instruction. */
export function instructionAt(
  system: System,
  at: number,
): { readonly op: number; readonly label: System['built']['labels'][number] | undefined } {
  const { code } = system.built.program;
  return { op: (code[at * 4] ?? 0) & 0xff, label: system.built.labels[(code[at * 4 + 3] ?? 0) >>> 8] };
}

/** Instruction that a CPU's step began with, and the CPU; undefined where it is no step of a CPU. */
export function instructionOf(step: ReplayedStep): { readonly cpu: number; readonly at: number } | undefined {
  const event = step.events.find((e) => e.kind === 'step');
  return event && { cpu: event.a, at: event.b };
}
