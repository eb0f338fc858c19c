/** What a unit of work costs in CPU time: what else runs on the machine does not count. */
import { BatchWord, type BatchOp, type Core } from '../src/core/index.js';
import { median } from './report.js';

/** How much is measured: `--quick` looks at less. */
export interface Effort {
  readonly quick: boolean;
  /** samples of each subject */
  readonly rounds: number;
  /** what a sample takes at least, milliseconds */
  readonly milliseconds: number;
}

export const thorough: Effort = { quick: false, rounds: 9, milliseconds: 20 };
export const quick: Effort = { quick: true, rounds: 5, milliseconds: 8 };

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

/** Writes a list, which the core executes in one call (assembly/run/batch.ts); the returned function executes it. */
export function list(core: Core, operations: readonly Operation[]): () => void {
  const at = core.exports.batchAt(operations.length);
  if (at === 0) throw new RangeError('out of memory for a list of operations');
  core.write(at, wordsOf(operations));
  return () => {
    if (core.exports.batchRun(operations.length) !== operations.length) throw new Error('the list ended early');
  };
}

/** CPU time that this process has used, milliseconds. */
export function spent(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Throws where the core and the same algorithm in TypeScript have not returned the same, operation by operation. */
export function refuseDifferent(name: string, core: Core, words: Uint32Array): void {
  const at = core.exports.blockStop();
  for (let i = 0; i < words.length / BatchWord.words; i++) {
    const ours = core.u32(at + (i * BatchWord.words + BatchWord.result) * 4);
    const theirs = words[i * BatchWord.words + BatchWord.result];
    if (ours !== theirs) throw new Error(`${name}: operation ${i} gives ${ours} in the core, ${theirs} in TypeScript`);
  }
}

/** Nanoseconds of a call of each subject, measured in turn. */
export function costs(subjects: readonly (() => void)[], { rounds, milliseconds }: Effort): number[] {
  const samples = subjects.map(() => [] as number[]);
  for (let round = 0; round <= rounds; round++) {
    subjects.forEach((run, i) => {
      const began = spent();
      let calls = 0;
      let passed = 0;
      while (passed < milliseconds) {
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
