/** Instructions of the kernel: their operations and labels, and who executed one. */
import { labelOf } from '../../kernel/model/index.js';
import type { EventRecord } from '../../machine/index.js';
import type { System } from '../../scenario/index.js';

/** Operation code, and label, of an instruction. */
export function instructionAt(
  system: System,
  at: number,
): { readonly op: number; readonly label: System['built']['labels'][number] | undefined } {
  const { code } = system.built.program;
  return { op: (code[at * 4] ?? 0) & 0xff, label: labelOf(system.built, at) };
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
