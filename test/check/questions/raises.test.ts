/** Bounds of raises, one after the other: what happens at each for the first time. */
import { describe, expect, test } from 'vitest';
import {
  firsts,
  isComplete,
  nothingNewFrom,
  search,
  verdictOf,
  withRaises,
  type Checked,
  type SearchResult,
} from '../../../src/check/index.js';
import { assembleSystem } from '../../../src/index.js';
import { LIMITS, scenarioOf, small } from '../help.js';

const result = (changes: {
  failures?: readonly string[];
  notExecuted?: readonly string[];
  kinds?: readonly string[];
  reason?: string;
}): { result: SearchResult } => {
  const { failures = [], notExecuted = [], kinds = [], reason } = changes;
  return {
    result: {
      verdict: failures.length > 0 ? 'failed' : reason === undefined ? 'safe' : 'unknown',
      reason,
      failures: failures.map((property) => ({ property, length: 1, path: [] })),
      vacuity: { notExecuted, kinds } as unknown as SearchResult['vacuity'],
      coverage: {} as SearchResult['coverage'],
      effort: {} as SearchResult['effort'],
      fingerprintBits: 64,
      reduction: { level: 0, givenUp: undefined },
      shortest: true,
      kept: undefined,
    },
  };
};

function told(all: readonly ReturnType<typeof result>[]) {
  return firsts(all.map((each, i) => ({ raises: i + 2, checked: each as unknown as Checked })));
}

describe('what is new', () => {
  test('a property, a micro-op or a kind counts at the first bound that has it, never again', () => {
    const all = told([
      result({ notExecuted: ['a', 'b', 'c'], kinds: ['swallowed'] }),
      result({ notExecuted: ['b', 'c'], kinds: ['swallowed'], failures: ['noLoss'] }),
      result({ notExecuted: ['a', 'c'], kinds: ['stray', 'swallowed'], failures: ['noLoss', 'my-own'] }),
      result({ notExecuted: ['a', 'b', 'c'], failures: ['my-own'] }),
    ]);
    expect(all.map(({ raises, first }) => [raises, first.failures, first.microOps, first.kinds])).toEqual([
      [2, [], [], ['swallowed']],
      [3, ['no-loss'], ['a'], []],
      [4, ['my-own'], ['b'], ['stray']],
      [5, [], [], []],
    ]);
    expect(nothingNewFrom(all)).toBe(5);
  });

  test('nothing is said of a bound that was not searched', () => {
    expect(nothingNewFrom(told([result({})]))).toBe(undefined);
    expect(nothingNewFrom(told([result({}), result({ kinds: ['stray'] })]))).toBe(undefined);
    expect(nothingNewFrom(told([result({}), result({}), result({})]))).toBe(3);
  });

  test('the verdict on all: failed before unknown before safe', () => {
    const of = (...all: readonly ReturnType<typeof result>[]) => verdictOf(told(all));
    expect(of(result({}), result({}))).toEqual({ verdict: 'safe', reason: undefined });
    expect(of(result({}), result({ reason: 'r' }))).toEqual({ verdict: 'unknown', reason: 'r' });
    expect(of(result({ failures: ['noLoss'] }), result({ reason: 'r' }))).toEqual({ verdict: 'failed', reason: 'r' });
  });

  test('a search that came to its end with nothing in it is complete', () => {
    expect(
      [result({}), result({ reason: 'vacuous: no device' }), result({ reason: 'the memory limit was reached' })].map((r) =>
        isComplete(r.result),
      ),
    ).toEqual([true, true, false]);
  });
});

test('every device gets the bound but those that raise nothing', () => {
  const scenario = scenarioOf(
    small({
      devices: [
        { cpu: 0, vector: 0x21, raises: 2 },
        { cpu: 0, vector: 0x22, raises: 0 },
      ],
    }),
  );
  expect(withRaises(scenario, 5).devices.map(({ raises }) => raises)).toEqual([5, 0]);
});

test('more raises can bring something new: the micro-ops of a vector that is found pending twice', async () => {
  const scenario = scenarioOf('xhci-hotplug');
  const checks = [];
  for (const raises of [1, 2]) {
    const system = assembleSystem(withRaises(scenario, raises), {});
    checks.push({ raises, checked: { system, result: await search(system, LIMITS), told: [], ms: 0, interrupted: false } });
  }
  const [one, two] = firsts(checks);
  expect(one?.checked.result.coverage.states).toBeLessThan(two?.checked.result.coverage.states ?? 0);
  expect(one?.first.kinds).toContain('retrigger');
});
