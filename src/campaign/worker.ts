/** A worker of a pool: runs what it is given, one after the other, and assembles each system once. Node only. */
import { workerData } from 'node:worker_threads';
import { assembleSystem, type Overrides, type System } from '../scenario/index.js';
import { figuresOf, type RunFigures } from './figures.js';
import type { RunJob, RunSubject } from './subject.js';
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

interface Models {
  modelFrom(name: string | undefined): Promise<Overrides['model']>;
}

const { subjects, models } = workerData as PoolTask;
const systems = new Map<number, System>();

async function systemOf(number: number): Promise<System> {
  const known = systems.get(number);
  if (known !== undefined) return known;
  const { scenario, overrides = {} } = subjects[number] as RunSubject;
  const named = models === undefined ? undefined : await ((await import(models)) as Models).modelFrom(overrides.model);
  const system = assembleSystem(scenario, { ...overrides, model: named ?? overrides.model });
  systems.set(number, system);
  return system;
}

/** Called by the pool. */
export async function runBatch(jobs: readonly RunJob[]): Promise<Ran[]> {
  const all: Ran[] = [];
  for (const { subject, seed } of jobs) {
    const system = await systemOf(subject);
    const began = performance.now();
    const figures = figuresOf(await runSystem(system, { ...subjects[subject]?.limits, seed }));
    all.push({ figures, ms: performance.now() - began });
  }
  return all;
}
