/** Instructions as users read them. */
import type { System } from '../scenario/index.js';

/** `routine:line text` of an instruction. */
export function labelAt(system: System, instruction: number): string {
  const word = system.built.program.code[instruction * 4 + 3] ?? 0;
  const label = system.built.labels[word >>> 8];
  return label === undefined ? `instruction ${instruction}` : `${label.routine}:${label.line} ${label.text}`;
}
