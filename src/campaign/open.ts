/** The way to what only Node has: imported when it is called, so that a bundle for a browser has nothing of it. */
import type { RunPool } from './pool.js';
import type { PoolOptions, RunSubject } from './subject.js';

/** Worker threads for runs of these subjects. Node only. */
export async function openPool(subjects: readonly RunSubject[], options: PoolOptions = {}): Promise<RunPool> {
  const { RunPool: Pool } = await import('./pool.js');
  return new Pool(subjects, options);
}
