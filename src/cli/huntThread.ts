/** A thread of `irqlab hunt`: tries programs on the kernels, or tells a finding. */
import { workerData } from 'node:worker_threads';
import { examineAll, tell } from '../hunt/index.js';
import type { HuntQuestion, HuntTask } from './hunting.js';
import { modelNamed } from './options.js';
import { answerAll } from './threads.js';

const { models: names, all: allNames, states } = workerData as HuntTask;
const limits = { states };
const models = await Promise.all(names.map(modelNamed));

answerAll(async (question: HuntQuestion) => {
  if (question.ask === 'examine') return examineAll(question.batch, models, limits);
  const others = await Promise.all(allNames.map(async (name) => models[names.indexOf(name)] ?? modelNamed(name)));
  return tell(question.shown, models, others, limits);
});
