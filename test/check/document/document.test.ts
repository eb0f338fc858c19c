/** The published JSON Schema of a check's output, against documents as they are made. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  checkDocument,
  checkJsonSchema,
  checkResultOf,
  explain,
  firsts,
  livenessResultOf,
  raisesResultOf,
  search,
  searchLivelocks,
  tellLivelock,
  tokenOf,
  withRaises,
  type Checked,
} from '../../../src/check/index.js';
import { assembleSystem, linux, type KernelModel, type Scenario } from '../../../src/index.js';
import { LIMITS, scenarioOf, small } from '../help.js';

async function checked(scenario: Scenario, model: string | KernelModel, states = Infinity): Promise<Checked> {
  const system = assembleSystem(scenario, { model });
  const result = await search(system, { ...LIMITS, states });
  const told = [];
  for (const failure of result.failures) {
    told.push({ failure, explanation: await explain(system, failure), token: await tokenOf(system, failure.path) });
  }
  return { system, result, told, ms: 1234.5, interrupted: false };
}

/** As a reader gets it. */
const sent = (document: unknown): unknown => JSON.parse(JSON.stringify(document));

const published = z.fromJSONSchema(checkJsonSchema() as Parameters<typeof z.fromJSONSchema>[0]);

/** All keys of a document, lists and what is named by the user (`*`) taken together. */
function keysOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => keysOf(item, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) =>
    keysOf(inner, `${path}.${/\.(?:bounds\.raises|assumptions|behaviours|givenUp|(?:weakest|undecided)\[\])$/.test(path) ? '*' : key}`),
  );
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | false;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/** All keys a schema names, written alike. */
function named(schema: Schema, path = ''): string[] {
  if (schema.anyOf !== undefined) return schema.anyOf.flatMap((each) => named(each, path));
  if (schema.items !== undefined) return named(schema.items, `${path}[]`);
  if (schema.properties !== undefined) return Object.entries(schema.properties).flatMap(([key, inner]) => named(inner, `${path}.${key}`));
  if (schema.additionalProperties) return named(schema.additionalProperties, `${path}.*`);
  return [path];
}

const scenario = scenarioOf('xhci-hotplug');
const own = { ...scenario, assert: [{ name: 'stays', always: 'apicd_cpu[irq 122] == cpu 3' }] };
/** A kernel with a routine of the user's own, which does what it did. */
const ownRoutine = linux('5.6', { replace: { irq_complete_move: (_, __, kernel) => kernel.original() } });
const silent = scenarioOf(small({ devices: [{ cpu: 0, raises: 0 }] }));

const documents: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['safe', async () => checkResultOf(await checked(scenario, 'linux-5.9'))],
  ['failed', async () => checkResultOf(await checked(scenario, 'linux-5.6'))],
  ['an own property fails', async () => checkResultOf(await checked(own, 'linux-5.9'))],
  ['an own routine', async () => checkResultOf(await checked(scenario, ownRoutine))],
  ['unknown: a limit', async () => checkResultOf(await checked(scenario, 'linux-5.9', 100))],
  ['unknown: vacuous', async () => checkResultOf(await checked(silent, 'linux-5.9'))],
  [
    'several bounds',
    async () => {
      const checks = [];
      for (const raises of [1, 2]) checks.push({ raises, checked: await checked(withRaises(scenario, raises), ownRoutine) });
      return raisesResultOf({ from: 1, to: 2 }, firsts(checks));
    },
  ],
  [
    'a livelock',
    async () => {
      const system = assembleSystem(scenarioOf('msi-move'), { model: 'linux-6.15', unbounded: true });
      const result = await searchLivelocks(system, LIMITS);
      const told = [];
      for (const livelock of result.livelocks) told.push(await tellLivelock(system, livelock));
      return livenessResultOf({ system, result, told, ms: 1234.5, interrupted: false });
    },
  ],
  [
    // as test/cli/weakest.test.ts sees it made
    'the weakest assumptions',
    async () => {
      const failing = checkResultOf(await checked(scenario, 'linux-5.6'));
      const { scenario: name, model, verdict, assumptions } = failing;
      const sets = { weakest: [{ push: 'irr' }], undecided: [{ push: 'none' }], searches: 2, seconds: 1 };
      const needed = [{ givenUp: { push: 'irr' }, checks: [failing] }];
      return { version: 1, command: 'check', scenario: name, model, verdict, interrupted: false, assumptions, needed, ...sets };
    },
  ],
  ['errors', async () => Promise.resolve({ errors: [{ file: 'irqlab', line: 0, column: 0, wrong: 'a', right: 'b' }] })],
];

describe('a document', () => {
  test.each(documents)('%s: the schema accepts it and names its keys', async (_, make) => {
    const document = sent(await make());
    expect(checkDocument.safeParse(document).error).toBe(undefined);
    expect(published.safeParse(document).error).toBe(undefined);
    const known = new Set(named(checkJsonSchema() as Schema));
    const empty = new Set(['.failures[]']);
    expect(keysOf(document).filter((key) => !known.has(key) && !empty.has(key))).toEqual([]);
  });

  test('every key that the schema names is in some document', async () => {
    const made = await Promise.all(documents.map(async ([, make]) => keysOf(sent(await make()))));
    const seen = new Set(made.flat());
    const lists = [
      'neverHandled[]',
      'neverEnded[]',
      'neverEvaluated[]',
      'first.failures[]',
      'first.microOps[]',
      'first.kinds[]',
      'kinds[]',
      'notExecuted[]',
      'own[]',
    ];
    const missing = [...new Set(named(checkJsonSchema() as Schema))].filter(
      (key) => !seen.has(key) && !lists.some((end) => key.endsWith(end)),
    );
    expect(missing).toEqual([]);
  });

  test('the schema refuses what is no verdict, and lets keys pass that it does not know', async () => {
    const document = sent(checkResultOf(await checked(scenario, 'linux-5.6'))) as Record<string, unknown>;
    expect(published.safeParse({ ...document, workers: 4 }).success).toBe(true);
    expect(published.safeParse({ ...document, verdict: 'maybe' }).success).toBe(false);
    expect(published.safeParse({ ...document, version: 2 }).success).toBe(false);
    const { coverage: _, ...less } = document;
    expect(published.safeParse(less).success).toBe(false);
  });
});
