/** Where each irq starts: the defaults of `cpu` and `vector`, which need the machine and the other irqs. */
import type { IrqOutline } from './outline/index.js';
import { vectorsOf } from './vectors.js';

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
 * @param vectors how many the universe has
 */
export function placeIrqs(irqs: readonly IrqOutline[], online: readonly number[], vectors: number): readonly (Placement | undefined)[] {
  const choose = chooser(online);
  const cpus = irqs.map((irq) => irq.cpu?.value ?? choose(irq));
  const taken = new Map<number, Set<number>>();
  const takenOn = (cpu: number): Set<number> => {
    const known = taken.get(cpu) ?? new Set();
    taken.set(cpu, known);
    return known;
  };
  irqs.forEach(({ vector }, i) => {
    const cpu = cpus[i];
    if (vector !== undefined && cpu !== undefined) takenOn(cpu).add(vector.value);
  });
  const all = vectorsOf(vectors);
  return irqs.map(({ vector }, i) => {
    const cpu = cpus[i];
    if (cpu === undefined) return undefined;
    if (vector !== undefined) return { cpu, vector: vector.value };
    const used = takenOn(cpu);
    const free = all.find((candidate) => !used.has(candidate));
    if (free !== undefined) used.add(free);
    return { cpu, vector: free };
  });
}

/** The CPU of an irq that names none: the lowest of its affinity, or of several in a short form one after the other. */
function chooser(online: readonly number[]): (irq: IrqOutline) => number | undefined {
  const known = new Set(online);
  const able = new Map<IrqOutline['affinity'], { readonly cpus: readonly number[]; turn: number }>();
  return ({ affinity, spread }) => {
    const list = able.get(affinity) ?? {
      cpus: affinity === undefined ? online : affinity.flatMap(({ value }) => (known.has(value) ? [value] : [])).toSorted((a, b) => a - b),
      turn: 0,
    };
    able.set(affinity, list);
    return list.cpus[spread === undefined ? 0 : list.turn++ % list.cpus.length];
  };
}
