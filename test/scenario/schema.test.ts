/** The published JSON Schema, and the words of messages. */
import { describe, expect, test } from 'vitest';
import { jsonSchema } from '../../src/scenario/index.js';
import { editDistance, listed, nearest } from '../../src/words.js';

describe('JSON Schema', () => {
  interface Node {
    readonly properties: Readonly<Record<string, Node>>;
    readonly items: Node;
    readonly required: readonly string[];
    readonly additionalProperties: unknown;
    readonly [other: string]: unknown;
  }
  const schema = jsonSchema() as unknown as Node;

  test('names the required keys only', () => {
    expect(schema.required).toEqual(['version', 'name', 'machine', 'devices']);
    expect(schema.additionalProperties).toBe(false);
    expect(schema.properties['devices']?.items.required).toEqual(['name', 'irqs']);
  });

  test('has bounds and defaults', () => {
    expect(schema.properties['universe']?.properties['vectors']).toMatchObject({
      anyOf: [{ type: 'integer', minimum: 1, maximum: 185 }, { const: 'all' }],
      default: 4,
    });
    expect(schema.properties['devices']?.items.properties['raises']).toMatchObject({ minimum: 0, maximum: 15, default: 3 });
  });

  test('says that an operation has exactly one key', () => {
    expect(schema.properties['operations']?.items).toMatchObject({ minProperties: 1, maxProperties: 1 });
  });
});

describe('words', () => {
  test('a list of numbers', () => {
    expect([[0], [0, 3], [3, 0, 1], [0, 1, 2, 3, 4, 5, 6, 7], [0, 4, 5, 6, 7, 8]].map(listed)).toEqual([
      '0',
      '0 and 3',
      '0, 1 and 3',
      '0 to 7',
      '0 and 4 to 8',
    ]);
  });

  test('edit distance counts a swap as one', () => {
    expect([
      editDistance('', 'ab'),
      editDistance('ofline', 'offline'),
      editDistance('raisse', 'raises'),
      editDistance('abc', 'xyz'),
    ]).toEqual([2, 1, 1, 3]);
  });

  test('a word that is like none has no suggestion', () => {
    expect([
      nearest('Paralell', ['parallel', 'name']),
      nearest('zzz', ['parallel', 'name']),
      nearest('x'.repeat(100_000), ['name']),
    ]).toEqual(['parallel', undefined, undefined]);
  });
});
