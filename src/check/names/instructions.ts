/** Instructions of the kernel: their operations and labels, and who executed one. */
import type { EventRecord } from '../../machine/index.js';
import type { System } from '../../scenario/index.js';

/** Operation code, and label, of an instruction. */
export function instructionAt(
  system: System,
  at: number,
): { readonly op: number; readonly label: System['built']['labels'][number] | undefined } {
  const { code } = system.built.program;
  return { op: (code[at * 4] ?? 0) & 0xff, label: system.built.labels[(code[at * 4 + 3] ?? 0) >>> 8] };
}

/** `routine:line text` of an instruction. */
export function labelAt(system: System, instruction: number): string {
  const { label } = instructionAt(system, instruction);
  return label === undefined ? `instruction ${instruction}` : `${label.routine}:${label.line} ${label.text}`;
}

/** Instruction that a CPU's step began with, and the CPU; undefined where it is no step of a CPU. */
export function instructionOf({
  events,
}: {
  readonly events: readonly EventRecord[];
}): { readonly cpu: number; readonly at: number } | undefined {
  const event = events.find((e) => e.kind === 'step');
  return event && { cpu: event.a, at: event.b };
}
