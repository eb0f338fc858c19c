/** Values as JSON, with what JSON does not have. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pooled, unpooled } from '../../src/scenario/pooled.js';

const throughText = (value: unknown): unknown => unpooled(JSON.parse(JSON.stringify(pooled(value))) as ReturnType<typeof pooled>);

test('any of them comes back', () => {
  const leaf = fc.oneof(
    fc.integer(),
    fc.constant(Infinity),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)),
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 5 }),
    fc.uint32Array({ maxLength: 5 }),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('value'), { maxLength: 4 }),
      // few keys and values: much of it stands there twice
      fc.dictionary(fc.constantFrom('a', 'b', 'of'), tie('value'), { maxKeys: 3, noNullPrototype: true }),
      fc.array(fc.tuple(fc.integer({ max: 3 }), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
    ),
  }));
  fc.assert(
    fc.property(value, (each) => {
      expect(throughText([each, { again: each }, [each]])).toEqual([each, { again: each }, [each]]);
    }),
    { numRuns: 500, seed: 1 },
  );
});

test('what stands there twice is written once, and one object when it is read', () => {
  const list = [100, 200, 300];
  const { parts, value } = pooled([{ list }, { list: [...list] }, [1], [1]]);
  expect(JSON.stringify({ parts, value })).toBe('{"parts":[{"list":[100,200,300]}],"value":[{"$":0},{"$":0},[1],[1]]}');
  const [first, second] = throughText([list, [...list]]) as readonly (readonly number[])[];
  expect(first).toBe(second);
});

test('what is left out stays out, and what is no data is a mistake', () => {
  expect(throughText({ a: undefined, b: 1 })).toEqual({ b: 1 });
  for (const none of [() => 0, 1n, NaN, -Infinity]) expect(() => pooled({ none })).toThrow(/ is no data$/);
});
