/** The way to what only Node has: imported when it is called, so that a bundle for a browser has nothing of it. */
import type { Merged } from './merge.js';
import type { RunPool } from './pool.js';
import type { PoolOptions, RunSubject } from './subject.js';

/** Worker threads for runs of these subjects. Node only. */
export async function openPool(subjects: readonly RunSubject[], options: PoolOptions = {}): Promise<RunPool> {
  const { RunPool: Pool } = await import('./pool.js');
  return Pool.open(subjects, options);
}

/**
 * Adds up the files of shards, or of parts, of one campaign; with `out` writes them as one file, which is there when it is whole. Of a
 * complete campaign that file is what one machine would have made, byte for byte. Node only.
 *
 * Throws `FileError` for files of different campaigns, for a seed that came to different results, and for lines that cannot be read, and
 * as the file system does; then nothing is written.
 */
export async function mergeCampaigns(files: readonly string[], out?: string): Promise<Merged> {
  const { mergeFiles } = await import('./merge.js');
  return mergeFiles(files, out);
}
