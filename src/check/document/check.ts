/**
 * What `irqlab check --format json` prints: one definition for the document that is made, its type, and the published JSON
 * Schema. A reader must let keys pass that it does not know: version 1 may get more of them.
 */
import * as z from 'zod';
import { restsOn, type System } from '../../scenario/index.js';
import { kebab } from '../../words.js';
import type { Explanation } from '../narration/index.js';
import { drawDiagram } from '../picture/index.js';
import type { Failure, SearchResult } from '../search/index.js';
import { livenessResult } from './liveness.js';

/** A failure with everything that is printed about it. */
export interface Told {
  readonly failure: Failure;
  readonly explanation: Explanation;
  readonly token: string;
}

/** A search that has ended, one way or the other. */
export interface Checked {
  readonly system: System;
  readonly result: SearchResult;
  readonly told: readonly Told[];
  readonly ms: number;
  /** stopped by Ctrl-C */
  readonly interrupted: boolean;
}

/** Columns of the diagrams in a document. */
const DIAGRAM = 100;

const count = z.int().min(0);
const names = z.array(z.string());
const verdict = z.enum(['safe', 'failed', 'unknown']);
const reason = z.string().nullable().meta({ description: 'Why the verdict is unknown, or the search not complete' });
const version = z.literal(1);
const seconds = z.number().min(0).meta({ description: 'Wall clock' });

const failure = z.object({
  property: z
    .string()
    .meta({ description: 'A built-in property such as no-loss, an invariant of the model, or an assertion of the scenario' }),
  steps: count.meta({ description: 'Visible steps of the shortest way to it' }),
  token: z.string().meta({ description: 'irqlab run --schedule TOKEN replays it' }),
  diagram: z.string().meta({ description: `The way as text, ${DIAGRAM} columns wide` }),
});

const bounds = z.object({
  cpus: count,
  vectors: count.meta({ description: 'Vectors per CPU besides system vectors' }),
  raises: z.record(z.string(), count).meta({ description: 'Events, by device' }),
  operations: count,
  messages: count.meta({ description: 'Messages in flight at once' }),
  probeRaises: count.meta({ description: 'Raises per irq in the probe' }),
});

const coverage = z.object({
  states: count,
  transitions: count,
  executed: count.meta({ description: 'Transitions taken; the others lead to states found at the same distance in other ways' }),
  rest: count.meta({ description: 'States at rest' }),
  probed: count.meta({ description: 'States at rest after the probe' }),
  depth: count.meta({ description: 'Visible steps on the longest shortest way' }),
  largestImage: count.meta({ description: 'Bytes' }),
  averageImage: z.number().min(0).meta({ description: 'Bytes' }),
  poolFull: z.boolean().meta({ description: 'The bound on messages in flight was reached' }),
  fingerprintBits: z.union([z.literal(64), z.literal(128)]),
  reduction: z.union([z.literal(0), z.literal(1), z.literal(2)]).meta({ description: 'Level of the reduction' }),
  collisionChance: z.number().min(0).meta({ description: 'Chance that two states counted as one' }),
});

const effort = z.object({
  workers: count,
  memory: count.meta({ description: 'Bytes taken by the search' }),
  visited: count.meta({ description: 'Bytes of that for the set of visited states' }),
  disk: count.meta({ description: 'Bytes of temporary files' }),
});

const vacuity = z.object({
  handlerRuns: count,
  retriggers: count,
  swallowed: count,
  neverHandled: names.meta({ description: 'Devices whose handler never ran' }),
  neverEnded: names.meta({ description: 'Operations that never ended' }),
  notExecuted: names.meta({ description: 'Micro-ops that were never executed, routine:line text' }),
  microOps: count,
  neverEvaluated: names.meta({ description: 'Own properties of which something was never evaluated, a sentence each' }),
  kinds: names.meta({ description: 'What happened at all: swallowed, retrigger, stray and so on' }),
});

const checkResult = z
  .object({
    version,
    command: z.literal('check'),
    scenario: z.string(),
    model: z.string(),
    fingerprint: z.string().meta({ description: 'Of the kernel model and the own properties' }),
    verdict,
    reason,
    interrupted: z.boolean(),
    checkpoint: z.string().nullable().meta({ description: 'File from which --resume goes on' }),
    properties: names.meta({ description: 'All that were checked' }),
    failures: z.array(failure).meta({ description: 'Shortest first' }),
    bounds,
    assumptions: z.record(z.string(), z.string()),
    own: names.optional().meta({ description: "Routines of the user's own" }),
    behaviours: z.record(z.string(), z.object({ value: z.string(), evidence: z.string() })),
    coverage,
    vacuity,
    effort,
    seconds,
  })
  .meta({ title: 'One check' });

const raisesResult = z
  .object({
    version,
    command: z.literal('check'),
    scenario: z.string(),
    model: z.string(),
    verdict: verdict.meta({ description: 'Of all bounds together' }),
    reason,
    interrupted: z.boolean(),
    raises: z.object({ from: count, to: count }),
    nothingNewFrom: count.nullable().meta({ description: 'From this bound on, nothing happened for the first time' }),
    checks: z.array(
      checkResult.extend({
        raises: count,
        first: z
          .object({ failures: names, microOps: names, kinds: names })
          .meta({ description: 'What happened at this bound for the first time' }),
      }),
    ),
    seconds,
  })
  .meta({ title: 'A check with several bounds of raises' });

const errorResult = z
  .object({
    errors: z.array(
      z.object({
        file: z.string(),
        line: count.meta({ description: '0: not about a file' }),
        column: count,
        wrong: z.string(),
        right: z.string(),
      }),
    ),
  })
  .meta({ title: 'The input was wrong' });

const assumed = z.record(z.string(), z.string());

const assumptionsResult = z
  .object({
    version,
    command: z.literal('check'),
    scenario: z.string(),
    model: z.string(),
    verdict: verdict.meta({ description: 'Under the assumptions in force' }),
    interrupted: z.boolean(),
    assumptions: assumed.meta({ description: 'In force' }),
    weakest: z
      .array(assumed)
      .meta({ description: 'Sets under which it is safe, and no weaker one is known to be; either: of alternatives any' }),
    needed: z
      .array(z.object({ givenUp: assumed, checks: z.array(checkResult) }))
      .meta({ description: 'What cannot be given up, alone or together, with the checks that fail without it' }),
    undecided: z.array(assumed).meta({ description: 'Sets of which no search came to its end; weaker ones were not searched' }),
    searches: count,
    seconds,
  })
  .meta({ title: 'The weakest assumptions of a check' });

/** Whatever `irqlab check --format json` prints. */
export const checkDocument = z.union([livenessResult, raisesResult, assumptionsResult, checkResult, errorResult]);

export type CheckResult = z.output<typeof checkResult>;
export type RaisesResult = z.output<typeof raisesResult>;
export type AssumptionsResult = z.output<typeof assumptionsResult>;

/** JSON Schema (draft 2020-12) of what `irqlab check --format json` prints. */
export function checkJsonSchema(): Record<string, unknown> {
  // what is read, not what is written: keys that are not known pass
  const { $schema, ...rest } = z.toJSONSchema(checkDocument, { io: 'input' });
  return { $schema, title: 'irqlab check, version 1', ...rest };
}

/** Chance that two of so many states had one fingerprint: n^2 / 2^(bits + 1). */
export function collisionChance({ coverage: { states }, fingerprintBits }: SearchResult): number {
  return Number((states ** 2 / 2 ** (fingerprintBits + 1)).toPrecision(1));
}

/** The document of one check. */
export function checkResultOf({ system, result, told, ms, interrupted }: Checked): CheckResult {
  const { scenario, model, built, properties } = system;
  const setup = system.setup({ timed: false, record: 0 });
  return {
    version: 1,
    command: 'check',
    scenario: scenario.name,
    model: model.name,
    fingerprint: built.fingerprint,
    verdict: result.verdict,
    reason: result.reason ?? null,
    interrupted,
    checkpoint: result.kept ?? null,
    properties: properties.map(kebab),
    failures: told.map((each) => ({
      property: kebab(each.failure.property),
      steps: each.failure.length,
      token: each.token,
      diagram: drawDiagram(each.explanation, DIAGRAM),
    })),
    bounds: {
      cpus: scenario.machine.cpus.length,
      vectors: scenario.universe.vectors,
      raises: Object.fromEntries(scenario.devices.map((d) => [d.name, d.raises])),
      operations: scenario.operations.length,
      messages: setup.messages,
      probeRaises: setup.probeRaises,
    },
    assumptions: { ...restsOn(system) },
    ...(model.own === undefined ? {} : { own: [...model.own] }),
    behaviours: Object.fromEntries(model.behaviours.map(({ name, value, evidence }) => [name, { value, evidence }])),
    coverage: {
      ...result.coverage,
      fingerprintBits: result.fingerprintBits,
      reduction: result.reduction.level,
      collisionChance: collisionChance(result),
    },
    vacuity: {
      ...result.vacuity,
      neverHandled: [...result.vacuity.neverHandled],
      neverEnded: [...result.vacuity.neverEnded],
      notExecuted: [...result.vacuity.notExecuted],
      neverEvaluated: [...result.vacuity.neverEvaluated],
      kinds: [...result.vacuity.kinds],
    },
    effort: result.effort,
    seconds: ms / 1000,
  };
}
