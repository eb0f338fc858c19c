/** How vectors, messages, irqs and places in the kernel are written. */
import type { System } from '../scenario/index.js';
import { hex } from '../words.js';
import type { ReplayedStep } from './replay.js';

export { hex };

/** "CPU 3, vector 0x21" of a compatibility-format message. */
export function describeMessage(system: System, address: number, data: number): string {
  const id = (address >>> 12) & 0xff;
  const cpu = system.scenario.machine.cpus.findIndex((c) => c.apicId === id);
  return `${system.names.cpus[cpu] ?? `APIC id ${id}`}, vector ${hex(data & 0xff)}`;
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
