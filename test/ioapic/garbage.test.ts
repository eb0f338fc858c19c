import { expect, test } from 'vitest';
import { BatchOp, BatchWord } from '../../src/core/index.js';
import { board } from './help.js';

/** Numbers that are not there, borders, and what is there. */
function dice(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

test('whatever it is fed, nothing traps, and the same numbers give the same state', async () => {
  const run = async (): Promise<string> => {
    const b = await board({ ioapics: [{ pins: 24 }, { pins: 240, version: 0x11 }], messages: 8, jitter: true });
    const e = b.core.exports;
    const roll = dice(4711);
    const word = (): number => [roll(256), roll(2 ** 32), 0xfec00000 + roll(0x1100), 0xfee00000 + roll(0x1000), 0xffffffff][roll(5)] ?? 0;
    const small = (): number => (roll(8) === 0 ? word() : roll(26));
    for (let i = 0; i < 20_000; i++) {
      if (i % 20 === 0) b.enable(roll(2));
      const which = roll(8);
      if (which === 0) e.ioapicRead(small(), word());
      else if (which === 1) e.ioapicWrite(roll(3), 0x10 + roll(64), word());
      else if (which === 2) e.pinSet(roll(3), small(), word(), roll(2));
      else if (which === 3) e.dmaWrite(word(), word(), roll(6) === 0 ? word() : 0, word());
      else if (which === 4) e.mmioWrite(small(), word(), roll(6) === 0 ? word() : 0, roll(10), word(), word());
      else if (which === 5) e.mmioRead(small(), word(), roll(6) === 0 ? word() : 0, roll(10));
      else if (which === 6) e.settle(roll(3000), 0);
      else e.runCycles(roll(3000), 0);
      e.ringClear();
    }
    expect(b.counter('accepts')).toBeGreaterThan(50);
    expect(b.events('retire', 'pin', 'write')).toEqual([]);
    return b.digest();
  };
  expect(await run()).toBe(await run());
});

test('a batch does what single calls do, and no more than there is room for', async () => {
  const [one, other] = [await board(), await board()];
  const program = [
    [BatchOp.mmioWrite, 0, 0xfec00000, 0x10],
    [BatchOp.mmioWrite, 0, 0xfec00010, 0x8051],
    [BatchOp.pinSet, 0, 0, 0, 1],
    [BatchOp.dmaWrite, 1, 0x80, 77],
    [BatchOp.advance, 0, 2000],
    [BatchOp.acknowledge, 0],
    [BatchOp.mmioRead, 0, 0x80, 4],
    [BatchOp.msrRead, 0, 0x10],
    [BatchOp.msrWrite, 0, 0x80b, 0],
    [99, 0],
  ];
  const at = one.core.exports.batchAt(program.length);
  program.forEach((words, i) => one.core.write(at + i * BatchWord.words * 4, Uint32Array.from(words)));
  expect(one.core.exports.batchRun(1000)).toBe(program.length);
  const results = program.map((_, i) => one.core.u32(at + (i * BatchWord.words + BatchWord.result) * 4));
  // EOI as an MSR is #GP in xAPIC mode
  expect(results).toEqual([0, 0, 0, 1, 0, 0x51, 77, 2000, 1, 0]);
  other.write(0xfec00000, 0x10);
  other.write(0xfec00010, 0x8051);
  other.pin(0, true);
  other.dma(1, 0x80, 77);
  other.advance(2000);
  other.acknowledge();
  expect(one.digest()).toBe(other.digest());
  expect(one.core.exports.batchAt(0xffffffff)).toBe(0);
  expect(one.core.exports.batchRun(1)).toBe(0);
});
