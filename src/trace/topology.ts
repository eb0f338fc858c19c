/** Which CPU has which APIC id, as far as a trace tells. */
import type { Happening } from './moves.js';

export interface ApicId {
  readonly cpu: number;
  readonly apicId: number;
  readonly how: 'read' | 'inferred' | 'assumed';
  /** Lines that show it. */
  readonly lines: readonly number[];
}

export interface Topology {
  /** Numbers of the CPUs that printed something, ascending, with their lines. */
  readonly seen: ReadonlyMap<number, readonly number[]>;
  /** Read from moves: they are made by the CPU that is the old target. */
  readonly read: readonly ApicId[];
  /** APIC id = factor * CPU, if at least two pairs agree, CPU 0 not counted since it fits every factor, and none speaks against it. */
  readonly factor?: number;
}

export function topologyOf(happenings: readonly Happening[]): Topology {
  const seen = new Map<number, number[]>();
  const read = new Map<number, { apicId: number; lines: number[] }>();
  for (const happening of happenings) {
    const lines = seen.get(happening.cpu);
    if (lines === undefined) seen.set(happening.cpu, [happening.line]);
    else lines.push(happening.line);
    // A move by a task may run anywhere.
    if (happening.kind !== 'move' || happening.move.cause.kind === 'unknown') continue;
    const { cpu, oldApicId } = happening.move;
    const known = read.get(cpu);
    const foreign = [...read].some(([other, { apicId }]) => other !== cpu && apicId === oldApicId);
    if (known === undefined && !foreign) read.set(cpu, { apicId: oldApicId, lines: [happening.line] });
    else if (known?.apicId === oldApicId) known.lines.push(happening.line);
  }
  const pairs = [...read].toSorted(([a], [b]) => a - b).map(([cpu, { apicId, lines }]): ApicId => ({ cpu, apicId, how: 'read', lines }));
  const [first] = pairs.filter(({ cpu }) => cpu > 0);
  const factor = first === undefined ? undefined : first.apicId / first.cpu;
  const agree = factor !== undefined && Number.isInteger(factor) && factor > 0 && pairs.every(({ cpu, apicId }) => apicId === cpu * factor);
  const informative = pairs.filter(({ cpu }) => cpu > 0).length;
  const ordered = new Map([...seen].toSorted(([a], [b]) => a - b));
  return { seen: ordered, read: pairs, ...(agree && informative >= 2 ? { factor } : {}) };
}

/** The APIC id of a CPU: read, by the rule, or else its own number. */
export function apicIdOf({ read, factor }: Topology, cpu: number): ApicId {
  const known = read.find((pair) => pair.cpu === cpu);
  if (known !== undefined) return known;
  const apicId = cpu * (factor ?? 1);
  return { cpu, apicId, how: factor === undefined ? 'assumed' : 'inferred', lines: [] };
}

/** The CPU that has an APIC id, by the same three ways; undefined if the id fits none. */
export function cpuOf(topology: Topology, apicId: number): number | undefined {
  const known = topology.read.find((pair) => pair.apicId === apicId);
  if (known !== undefined) return known.cpu;
  const cpu = apicId / (topology.factor ?? 1);
  // A CPU whose id was read to be another does not have this one.
  return Number.isInteger(cpu) && topology.read.every((pair) => pair.cpu !== cpu) ? cpu : undefined;
}
