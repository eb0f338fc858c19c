/** What a list of operations costs that the core executes in one call (assembly/run/batch.ts). */
import { BatchWord, type BatchOp, type Core } from '../src/core/index.js';
import { median } from './median.js';

const ROUNDS = 9;
/** Each sample takes at least so long. */
const MILLISECONDS = 20;

export type Operation = readonly [op: BatchOp, who: number, a?: number, b?: number, c?: number];

/** Their words in turn. */
export function wordsOf(operations: readonly Operation[]): Uint32Array {
  const words = new Uint32Array(operations.length * BatchWord.words);
  operations.forEach((operation, i) =>
    words.set(
      operation.map((word) => word ?? 0),
      i * BatchWord.words,
    ),
  );
  return words;
}

/** Writes a list; the returned function executes it. */
export function list(core: Core, operations: readonly Operation[]): () => void {
  const at = core.exports.batchAt(operations.length);
  if (at === 0) throw new RangeError('out of memory for a list of operations');
  core.write(at, wordsOf(operations));
  return () => {
    if (core.exports.batchRun(operations.length) !== operations.length) throw new Error('the list ended early');
  };
}

/** CPU time that this process has used, milliseconds: what else runs on the machine does not count. */
function spent(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Nanoseconds of a call of each subject, measured in turn. */
export function costs(subjects: readonly (() => void)[]): number[] {
  const samples = subjects.map(() => [] as number[]);
  for (let round = 0; round <= ROUNDS; round++) {
    subjects.forEach((run, i) => {
      const began = spent();
      let calls = 0;
      let passed = 0;
      while (passed < MILLISECONDS) {
        run();
        calls++;
        passed = spent() - began;
      }
      // the first round warms the engine up
      if (round > 0) samples[i]?.push((passed * 1e6) / calls);
    });
  }
  return samples.map(median);
}
