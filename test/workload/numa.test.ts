import { expect, test } from 'vitest';
import { policiesOf, type Policy, type RunView } from '../../src/index.js';

/** Two nodes of two CPUs; irqs as [irq, its node, its CPU, cycles of its handlers so far]. */
function view(ms: number, irqs: readonly (readonly [number, number, number, number])[], online = [0, 1, 2, 3]): RunView {
  return {
    time: ms * 3_000_000,
    until: (ms + 1) * 3_000_000,
    online,
    cpus: [0, 1, 2, 3].map((cpu) => ({ cpu, node: cpu >> 1, online: online.includes(cpu), handled: 0, cycles: 0 })),
    irqs: irqs.map(([irq, node, cpu, cycles]) => ({ irq, node, cpu, movable: irq !== 9, handled: 0, cycles })),
    pending: 0,
    plugging: 0,
  };
}

/** What it moves, as irq -> CPU. */
const moves = ([policy]: readonly Policy[], now: RunView): Record<string, number | undefined> =>
  Object.fromEntries((policy?.next(now) ?? []).map((each) => ('move' in each ? [each.move.irq, each.move.to[0]] : ['?', undefined])));

test('numa: irqs come back to the node of their device, then each node is balanced for itself', () => {
  const policy = policiesOf([{ numa: { everyUs: 1000 } }], 1);
  // nothing is due before the first millisecond
  expect(moves(policy, view(0, [[1, 0, 2, 0]]))).toEqual({});
  // irq 1 is of node 0 and stands on CPU 2; irqs 3 and 4 make CPU 3 busy while CPU 2 has nothing
  const strayed = view(1, [
    [1, 0, 2, 100],
    [3, 1, 3, 900],
    [4, 1, 3, 800],
  ]);
  expect(moves(policy, strayed)).toEqual({ 1: 0, 3: 2 });
  // what an irq has cost before does not count: now irq 4 alone is busy, and there is nothing to gain
  const settled = view(2, [
    [1, 0, 0, 150],
    [3, 1, 2, 900],
    [4, 1, 3, 5000],
  ]);
  expect(moves(policy, settled)).toEqual({});
});

test('numa: a node without a CPU lends its irqs to nobody, and what may not be moved stays', () => {
  const policy = policiesOf([{ numa: { everyUs: 1000 } }], 1);
  const away = view(
    1,
    [
      [1, 1, 0, 500],
      [9, 0, 2, 500],
    ],
    [0, 1],
  );
  expect(moves(policy, away)).toEqual({});
});
