/** The facts of an import, in the order in which a reader asks for them. */
import type { Fact } from './facts.js';
import { ASSUMED_KERNEL, type Known } from './imported.js';
import { irqFacts, machineFacts } from './machineFacts.js';
import { moveFacts, rhythmFacts, stepFacts } from './moveFacts.js';
import { deathFacts, trafficFacts } from './trafficFacts.js';

export function evidence(known: Known): readonly Fact[] {
  if (known.count.trace === 0) return [];
  const facts = [
    ...machineFacts(known),
    ...irqFacts(known),
    ...trafficFacts(known),
    ...known.moves.flatMap((move) => moveFacts(move, known)),
    ...rhythmFacts(known),
    ...deathFacts(known),
    ...stepFacts(known),
    ...assumedFacts(known),
  ];
  // What was read of several lines may name one of them twice.
  return facts.map((fact) => ({ ...fact, from: [...new Set(fact.from)].toSorted((a, b) => a - b) }));
}

function assumedFacts({ moves, options: { kernel } }: Known): Fact[] {
  const twoStep = moves.filter(({ steps }) => steps === 'two-step');
  return [
    ...(twoStep.length === 0
      ? [
          {
            name: 'device',
            value: 'MSI without mask bits',
            how: 'assumed',
            from: [],
            note: 'A direct update is written for any device.',
          } satisfies Fact,
        ]
      : [
          {
            name: 'device',
            value: 'MSI without mask bits',
            how: 'inferred',
            from: twoStep.flatMap(({ lines }) => lines),
            note: 'Only a message that cannot be masked is moved in two steps.',
          } satisfies Fact,
        ]),
    { name: 'device', value: '64-bit message address', how: 'assumed', from: [] },
    {
      name: 'device',
      value: 'handshake: waits for its handler',
      how: 'assumed',
      from: [],
      note: 'As xHCI does: the next event comes only after the handler has run.',
    },
    {
      name: 'kernel',
      value: kernel ?? ASSUMED_KERNEL,
      how: 'assumed',
      from: [],
      note: kernel === undefined ? 'No line says so; give the version.' : 'Given by the caller.',
    },
  ];
}
