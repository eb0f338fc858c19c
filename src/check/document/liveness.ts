/** What `irqlab check --liveness` has found, told; and the document of it. */
import * as z from 'zod';
import { restsOn, type System } from '../../scenario/index.js';
import { kebab } from '../../words.js';
import { fairnessText, neverDone, obligations, type Livelock, type LivenessResult } from '../liveness/index.js';
import { explain, type Explanation } from '../narration/index.js';
import { drawDiagram } from '../picture/index.js';
import { tokenOf } from '../ways/index.js';

/** A livelock with everything that is printed about it. */
export interface ToldLivelock {
  readonly livelock: Livelock;
  /** what is never done, a sentence each */
  readonly never: readonly string[];
  readonly explanation: Explanation;
  readonly token: string;
}

/** A check of liveness that has ended, one way or the other. */
export interface LivenessChecked {
  readonly system: System;
  readonly result: LivenessResult;
  readonly told: readonly ToldLivelock[];
  readonly ms: number;
  /** stopped by Ctrl-C */
  readonly interrupted: boolean;
}

/** Replays a livelock and tells it: stem and loop. */
export async function tellLivelock(system: System, livelock: Livelock, verbose = false): Promise<ToldLivelock> {
  const { path, loop } = livelock;
  const never = neverDone(system, livelock);
  const explanation = await explain(system, { path, loop: { from: loop, never } }, { verbose });
  return { livelock, never, explanation, token: await tokenOf(system, path, loop) };
}

/** Columns of the diagrams in a document. */
const DIAGRAM = 100;

const count = z.int().min(0);

export const livenessResult = z
  .object({
    version: z.literal(1),
    command: z.literal('check'),
    liveness: z.literal(true),
    scenario: z.string(),
    model: z.string(),
    fingerprint: z.string().meta({ description: 'Of the kernel model and the own properties' }),
    verdict: z.enum(['safe', 'failed', 'unknown']),
    reason: z.string().nullable().meta({ description: 'Why the verdict is unknown, or the search not complete' }),
    interrupted: z.boolean(),
    obligations: z.array(z.string()).meta({ description: 'What has to be done sooner or later in every fair run' }),
    livelocks: z.array(
      z.object({
        obligation: z.string().meta({ description: 'What is never done: one of the obligations' }),
        never: z.array(z.string()).meta({ description: 'The same, and what else is never done in this loop, a sentence each' }),
        raises: z.boolean().meta({ description: 'Devices go on raising in the loop; otherwise it keeps itself going' }),
        stem: count.meta({ description: 'Visible steps before the loop' }),
        loop: count.meta({ description: 'Visible steps of the loop' }),
        token: z.string().meta({ description: 'irqlab run --schedule TOKEN replays the stem, and the loop once' }),
        diagram: z.string().meta({ description: `Both as text, ${DIAGRAM} columns wide` }),
      }),
    ),
    fairness: z.array(z.string()).meta({ description: 'What is taken for granted about who goes on' }),
    bounds: z.object({
      cpus: count,
      vectors: count.meta({ description: 'Vectors per CPU besides system vectors' }),
      operations: count,
      messages: count.meta({ description: 'Messages in flight at once' }),
      messagesOfASource: count.meta({ description: 'Those of one interrupt source among them' }),
    }),
    assumptions: z.record(z.string(), z.string()),
    behaviours: z.record(z.string(), z.object({ value: z.string(), evidence: z.string() })),
    coverage: z.object({
      states: count,
      transitions: count,
      loops: z
        .object({ raising: count, quiet: count })
        .meta({ description: 'Parts in which a run may stay for ever while devices go on raising, and while they do not' }),
      memory: count.meta({ description: 'Bytes of the graph' }),
      poolFull: z.boolean().meta({ description: 'The bound on messages in flight was reached' }),
      reduction: z.union([z.literal(0), z.literal(1)]).meta({ description: 'Level of the reduction' }),
    }),
    seconds: z.number().min(0).meta({ description: 'Wall clock' }),
  })
  .meta({ title: 'A check of liveness' });

export type LivenessDocument = z.output<typeof livenessResult>;

/** The document of a check of liveness. */
export function livenessResultOf({ system, result, told, ms, interrupted }: LivenessChecked): LivenessDocument {
  const { scenario, model, built } = system;
  const setup = system.setup({ timed: false, record: 0 });
  return {
    version: 1,
    command: 'check',
    liveness: true,
    scenario: scenario.name,
    model: model.name,
    fingerprint: built.fingerprint,
    verdict: result.verdict,
    reason: result.reason ?? null,
    interrupted,
    obligations: obligations.map(kebab),
    livelocks: told.map(({ livelock, never, explanation, token }) => ({
      obligation: kebab(livelock.obligation),
      never: [...never],
      raises: livelock.raises,
      stem: livelock.length.stem,
      loop: livelock.length.loop,
      token,
      diagram: drawDiagram(explanation, DIAGRAM),
    })),
    fairness: [...fairnessText],
    bounds: {
      cpus: scenario.machine.cpus.length,
      vectors: scenario.universe.vectors,
      operations: scenario.operations.length,
      messages: setup.messages,
      messagesOfASource: setup.flying ?? 0,
    },
    assumptions: { ...restsOn(system) },
    behaviours: Object.fromEntries(model.behaviours.map(({ name, value, evidence }) => [name, { value, evidence }])),
    coverage: { ...result.coverage, reduction: result.reduction.level },
    seconds: ms / 1000,
  };
}
