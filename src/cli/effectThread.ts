/** A thread of `irqlab behaviours --effect`: a scenario on the model as it is, or one behaviour of it otherwise. */
import { workerData } from 'node:worker_threads';
import { standardOf, verdictEffect } from '../check/index.js';
import { conform, sequenceEffect, type Conformance } from '../conform/index.js';
import { ModelError, type KernelModel } from '../kernel/model/index.js';
import type { Scenario } from '../scenario/index.js';
import type { Effect, EffectTask, Question } from './effects.js';
import { modelNamed } from './options.js';
import { recordingAt } from './recordings.js';
import { answerAll } from './threads.js';

const { model: name, scenarios, folders, states } = workerData as EffectTask;
const limits = { memory: 2 ** 30, states, look: () => Promise.resolve(false) };

const model: KernelModel = await modelNamed(name);

let conformances: Promise<readonly Conformance[]> | undefined;

/** The recordings beside the model as it is; read when they are needed first. */
function recorded(): Promise<readonly Conformance[]> {
  conformances ??= Promise.all(folders.map((folder) => conform(recordingAt(folder), model)));
  return conformances;
}

async function effect({ behaviour, value, standards }: Extract<Question, { ask: 'effect' }>): Promise<Effect> {
  try {
    const changed = model.set?.({ [behaviour]: value }) ?? model;
    const found = await verdictEffect(standards, changed, limits);
    const sequence = found.change === undefined ? await sequenceEffect(await recorded(), changed) : undefined;
    return { behaviour, value, ...found, sequence };
  } catch (error) {
    if (error instanceof ModelError) return { behaviour, value, refused: error.message };
    throw error;
  }
}

answerAll((question: Question) =>
  question.ask === 'standard' ? standardOf(scenarios[question.scenario] as Scenario, model, limits) : effect(question),
);
