/** The bench compares like with like: irqlab and Spin reach the same number of states by the same number of transitions. */
import { afterAll, describe, expect, test } from 'vitest';
import { missing, Verifier } from '../../bench/peer/spin.js';
import { peerSystem, type Bounds } from '../../bench/peer/system.js';
import { search } from '../../src/check/index.js';

const cases: readonly (readonly [bounds: Bounds, states: number, transitions: number])[] = [
  [{ update: 'two-step', devices: 1, raises: 2, moves: 2 }, 6_470, 15_484],
  [{ update: 'two-step', devices: 2, raises: 1, moves: 1 }, 5_990, 14_222],
  [{ update: 'two-step', devices: 3, raises: 1, moves: 1 }, 75_783, 229_822],
  [{ update: 'direct', devices: 1, raises: 3, moves: 2 }, 16_544, 45_671],
  [{ update: 'direct', devices: 2, raises: 1, moves: 1 }, 5_327, 12_373],
];

const title = ({ update, devices, raises, moves }: Bounds): string => `${update}, ${devices} devices, ${raises} raises, ${moves} moves`;

describe('irqlab', () => {
  test.each(cases.map((each) => [title(each[0]), ...each] as const))('%s', async (_, bounds, states, transitions) => {
    const { coverage, failures } = await search(peerSystem(bounds), { memory: 2 ** 30, states: Infinity, reduction: 0 });
    expect(coverage).toMatchObject({ states, transitions, poolFull: false, probed: 0 });
    expect(failures.map((f) => f.property)).toEqual(bounds.update === 'direct' ? ['noStray', 'noLoss'] : []);
  });

  test('bounds that one of the two cannot hold are refused', () => {
    expect(() => peerSystem({ update: 'direct', devices: 3, raises: 4, moves: 1 })).toThrow(RangeError);
  });
});

const lacking = missing();

describe.skipIf(lacking !== undefined)(`Spin${lacking === undefined ? '' : ` (skipped: ${lacking})`}`, () => {
  const made: Verifier[] = [];
  afterAll(() => made.forEach((verifier) => verifier.remove()));

  test.each(cases.map((each) => [title(each[0]), ...each] as const))('%s', async (_, bounds, states, transitions) => {
    const verifier = await Verifier.generate(bounds);
    made.push(verifier);
    const pan = await verifier.compile({ name: 'as it is', compile: ['-O1'], run: [] }, states);
    // goes on behind errors, as irqlab does
    const run = await pan(['-c0']);
    expect(run).toMatchObject({ states, transitions });
    expect(run.errors > 0).toBe(bounds.update === 'direct');
  });
});
