/** What was written into a machine after it was made, as numbers: to do the same with another machine that is made alike. */
import type { Machine } from './machine.js';

/** 32-bit words of a block that differ from those before: how many to pass over, how many are alike, and what they are; again and again. */
export function changesSince(before: Uint8Array, now: Uint8Array): readonly number[] {
  const [old, words] = [wordsOf(before), wordsOf(now)];
  const changes: number[] = [];
  for (let at = 0, end = 0; at < words.length; at++) {
    const value = words[at];
    if (value === undefined || value === old[at]) continue;
    const first = at;
    while (words[at + 1] === value) at++;
    changes.push(first - end, at + 1 - first, value);
    end = at + 1;
  }
  return changes;
}

const wordsOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Uint32Array => new Uint32Array(buffer, byteOffset, byteLength >>> 2);

/** Writes them. Throws `RangeError` where the machine has no such words. */
export function change({ core }: Machine, changes: readonly number[]): void {
  const start = core.exports.blockStart();
  const words = new Uint32Array(core.exports.memory.buffer, start, (core.exports.blockStop() - start) >>> 2);
  for (let i = 0, at = 0; i < changes.length; i += 3) {
    const [skip = 0, count = 0, value = 0] = changes.slice(i, i + 3);
    const first = at + skip;
    at = first + count;
    if (!(skip >= 0 && count > 0 && at <= words.length)) throw new RangeError('the changes are those of another machine');
    words.fill(value, first, at);
  }
}
