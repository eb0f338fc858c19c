/** Facts about the machine and its irqs. */
import type { Fact } from './facts.js';
import type { Known } from './imported.js';
import { requestedGaps } from './rhythm.js';
import { apicIdOf, cpuOf } from './topology.js';

export function machineFacts({ topology, parts, moves, options: { loop } }: Known): Fact[] {
  const { seen, read, factor } = topology;
  const cuts = parts.slice(1).map(({ firstLine }) => firstLine);
  const targets = [...new Set(moves.map(({ apicId }) => apicId))].filter((apicId) => read.every((pair) => pair.apicId !== apicId));
  return [
    ...(cuts.length === 0
      ? []
      : [
          {
            name: 'parts',
            value: `${parts.length} pieces, not one trace`,
            how: 'inferred',
            from: cuts,
            note: 'At these lines time goes backwards, or an interrupt is at a CPU that it had been moved away from: another boot, or lines left out. Times are compared within a part only.',
          } satisfies Fact,
        ]),
    { name: 'CPUs that print', value: [...seen.keys()].join(', '), how: 'read', from: [...seen.values()].map(([line]) => line ?? 0) },
    ...read.map(({ cpu, apicId, lines }): Fact => ({
      name: `CPU ${cpu}`,
      value: `APIC id ${apicId}`,
      how: 'read',
      from: lines,
      note: 'The CPU that writes a move is its old target.',
    })),
    ...(factor === undefined
      ? []
      : [
          {
            name: 'APIC ids',
            value: `APIC id = ${factor} * CPU`,
            how: 'inferred',
            from: read.flatMap(({ lines }) => lines.slice(0, 1)),
            note: `${read.length} pairs agree and none speaks against it.`,
          } satisfies Fact,
        ]),
    ...targets.map((apicId): Fact => {
      const cpu = cpuOf(topology, apicId);
      const from = moves.filter((move) => move.apicId === apicId).flatMap(({ lines }) => lines.slice(-1));
      return cpu === undefined
        ? { name: `APIC id ${apicId}`, value: 'a CPU that is not known', how: 'read', from }
        : {
            name: `CPU ${cpu}`,
            value: `APIC id ${apicId}`,
            how: apicIdOf(topology, cpu).how,
            from,
            note: 'A target that prints nothing itself.',
          };
    }),
    ...(loop === undefined
      ? []
      : [
          { name: 'machine', value: `${loop.cpus} CPUs`, how: 'assumed', from: [], note: 'Given by the caller.' } satisfies Fact,
          {
            name: 'loop',
            value: `online ${loop.toggled.join(',')}; affinity ${loop.masks.map((cpus) => cpus.join(',')).join('; ')}; offline`,
            how: 'assumed',
            from: [],
            note: `Given by the caller: online, affinity of all irqs to each of the lists in turn, offline.`,
          } satisfies Fact,
        ]),
  ];
}

export function irqFacts({ moves, parts, traced, options: { loop } }: Known): Fact[] {
  const irqs = [...new Set(moves.map(({ irq }) => irq))].toSorted((a, b) => a - b);
  const runs = parts.flatMap((part) => part.runs);
  return irqs.flatMap((irq) => {
    const own = moves.filter((move) => move.irq === irq);
    const vectors = [...new Set(own.flatMap(({ oldVector, vector }) => [oldVector ?? vector, vector]))];
    const name = loop?.devices[irq];
    return [
      {
        name: `irq ${irq}`,
        value: `${vectors.length === 1 ? 'vector' : 'vectors'} ${vectors.map((vector) => `${vector} (0x${vector.toString(16)})`).join(', ')}`,
        how: 'read',
        from: own.flatMap(({ lines }) => lines),
      } satisfies Fact,
      ...(name === undefined
        ? []
        : [{ name: `irq ${irq}`, value: `device ${name}`, how: 'assumed', from: [], note: 'Given by the caller.' } satisfies Fact]),
      ...(irq !== traced
        ? []
        : [
            {
              name: `irq ${irq}`,
              value: `handled by ${runs[0]?.source ?? ''}_irq`,
              how: 'inferred',
              from: runs.map(({ line }) => line),
              note: 'The handler runs at the CPUs that this irq is moved to and away from.',
            } satisfies Fact,
          ]),
      ...(irq === traced ? [] : rareFacts(parts, irq)),
    ];
  });
}

/** Of an irq whose handler is not traced. */
function rareFacts(parts: Known['parts'], irq: number): Fact[] {
  const gaps = requestedGaps(parts, irq);
  const us = gaps.map((gap) => gap.us).toSorted((a, b) => a - b);
  if (us.length === 0) return [];
  return [
    {
      name: `irq ${irq}`,
      value: `${us.length} gaps, ${us[0]} to ${us.at(-1)} us`,
      how: 'inferred',
      from: gaps.flatMap(({ lines }) => lines),
      note: 'An interrupt of it shows only where it carries a move that was asked for. It may come more often.',
    },
  ];
}
