/** A worker of a pool: runs what it is given, one after the other, and assembles each system once. Node only. */
import { workerData } from 'node:worker_threads';
import type { System } from '../scenario/index.js';
import { figuresOf, type RunFigures } from './figures.js';
import { systemOfSubject, type RunJob, type RunSubject } from './subject.js';
import { runSystem } from './timed.js';

/** What all workers of a pool begin with. */
export interface PoolTask {
  readonly subjects: readonly RunSubject[];
  readonly models: string | undefined;
}

/** What a run came to, and how long it took, milliseconds. */
export interface Ran {
  readonly figures: RunFigures;
  readonly ms: number;
}

const { subjects, models } = workerData as PoolTask;
const systems = new Map<number, Promise<System>>();

/** Called by the pool. */
export async function runBatch(jobs: readonly RunJob[]): Promise<Ran[]> {
  const all: Ran[] = [];
  for (const { subject, seed } of jobs) {
    const common = subjects[subject] as RunSubject;
    const assembled = systems.get(subject) ?? systemOfSubject(common, models);
    systems.set(subject, assembled);
    const system = await assembled;
    const began = performance.now();
    const figures = figuresOf(await runSystem(system, { ...common.limits, seed }));
    all.push({ figures, ms: performance.now() - began });
  }
  return all;
}
