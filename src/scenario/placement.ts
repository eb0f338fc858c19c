/** Where each irq starts: the defaults of `cpu` and `vector`, which need the machine and the other irqs. */
import type { IrqOutline } from './outline.js';
import { FIRST_VECTOR } from './scenario.js';

export interface Placement {
  readonly cpu: number;
  /** Absent if no vector of the universe is free on that CPU. */
  readonly vector: number | undefined;
}

/**
 * The start of every irq, in the order given; undefined for one that has no CPU to start at.
 *
 * Vectors that the file names are taken first, then each irq without one gets the lowest that is free on its CPU: the file's order
 * then decides nothing that its author wrote.
 *
 * @param online numbers of the CPUs that are online at the start, in ascending order
 */
export function placeIrqs(irqs: readonly IrqOutline[], online: readonly number[], vectors: number): readonly (Placement | undefined)[] {
  const cpus = irqs.map(
    ({ cpu, affinity }) =>
      cpu?.value ?? online.find((candidate) => affinity === undefined || affinity.some(({ value }) => value === candidate)),
  );
  const taken = new Set(irqs.flatMap(({ vector }, i) => (vector === undefined ? [] : [slot(cpus[i], vector.value)])));
  return irqs.map(({ vector }, i) => {
    const cpu = cpus[i];
    if (cpu === undefined) return undefined;
    if (vector !== undefined) return { cpu, vector: vector.value };
    const free = Array.from({ length: vectors }, (_, n) => FIRST_VECTOR + n).find((candidate) => !taken.has(slot(cpu, candidate)));
    if (free !== undefined) taken.add(slot(cpu, free));
    return { cpu, vector: free };
  });
}

function slot(cpu: number | undefined, vector: number): string {
  return `${cpu}:${vector}`;
}
