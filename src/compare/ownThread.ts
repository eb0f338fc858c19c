/** Runs on the thread that asks: for pages, and for comparisons that are over before a worker has begun. */
import { figuresOf, RunError, runSystem, type RunFigures, type RunSubject } from '../campaign/index.js';
import { ModelError } from '../kernel/model/index.js';
import { ModelFault } from '../machine/index.js';
import { assembleSystem, type System } from '../scenario/index.js';
import type { Runner } from './compare.js';

/** Runs these subjects, with built-in models, one run after the other. */
export function ownThread(subjects: readonly RunSubject[]): Runner {
  const systems = new Map<number, System>();
  const figures = async (subject: number, seed: number): Promise<RunFigures> => {
    const { scenario, overrides, limits } = subjects[subject] as RunSubject;
    const system = systems.get(subject) ?? assembleSystem(scenario, overrides);
    systems.set(subject, system);
    return figuresOf(await runSystem(system, { ...limits, seed }));
  };
  return {
    async run(jobs, got, stopped) {
      for (const job of jobs) {
        const ran = await figures(job.subject, job.seed).catch((error: unknown): never => {
          throw error instanceof ModelError || error instanceof ModelFault ? new RunError(job, error) : error;
        });
        if (got([ran], [job]) === true || stopped()) return;
      }
    },
  };
}
