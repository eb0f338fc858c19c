/** Whatever a request meets, something becomes of it: a message that arrives, a fault, or a drop that is told. */
import { expect, test } from 'vitest';
import { Cpu, Gcmd, RunState, Table, VtdReg } from '../../src/core/index.js';
import { PID, QUEUE, TABLE, handle, posted, vtd } from './help.js';

function dice(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

test('30,000 requests against random entries, queues and registers: each ends as a message, a fault or a drop (hardware.md D.2, D.3)', async () => {
  const v = await vtd({ seed: 5 });
  const e = v.b.core.exports;
  const roll = dice(123);
  const word = (): number => [roll(2 ** 32), roll(256), 0xffffffff, 0, 1 << roll(31)][roll(5)] ?? 0;
  const wild = (): bigint => (BigInt(word()) << 32n) | BigInt(word());
  const gcmd = [Gcmd.qie | Gcmd.ire, Gcmd.qie | Gcmd.ire, Gcmd.qie | Gcmd.ire | Gcmd.cfi, Gcmd.qie, Gcmd.sirtp | Gcmd.qie | Gcmd.ire];
  const cpus = e.table(Table.cpus);
  const waiting = (): number => [0, 1].filter((c) => v.b.core.u8(cpus + c * Cpu.size + Cpu.run) === RunState.waitForSipi).length;
  const outcomes = new Map<string, number>();
  const ends = ['accept', 'drop', 'fault', 'latch', 'init', 'post'] as const;
  for (let n = 0; n < 30_000; n++) {
    const what = roll(8);
    if (what < 2) v.poke(TABLE + 16 * roll(16), wild(), wild());
    else if (what === 2) v.raw(roll(16), ...posted(roll(4) === 0 ? word() & ~63 : PID, { vector: roll(256) }));
    else if (what < 5) v.entry(roll(16), { vector: roll(256), dest: roll(3), bits: BigInt(roll(256)) & 0xfen });
    if (roll(6) === 0) v.submit([BigInt(roll(6)) | (BigInt(roll(4)) << 4n) | (BigInt(roll(18)) << 27n), 0n]);
    if (roll(20) === 0) v.poke(QUEUE + 16 * roll(256), wild(), wild());
    if (roll(40) === 0) v.write(VtdReg.gcmd, gcmd[roll(gcmd.length)] ?? 0);
    if (roll(50) === 0) v.write(VtdReg.fsts, 0xff);
    if (roll(400) === 0) v.setup({});
    v.b.settle();
    e.ringClear();
    const before = waiting();
    v.b.dma(
      roll(4),
      roll(4) === 0 ? 0xfee00000 | (roll(4) << 12) | (roll(4) << 2) : handle(roll(20), roll(4) === 0),
      roll(8) === 0 ? word() : roll(4),
    );
    v.b.settle();
    // a core that waits for a SIPI and gets it starts, of which there is no event
    const started = waiting() < before ? 'startup' : undefined;
    const end = v.b.events(...ends)[0]?.[1] ?? started ?? `nothing of request ${n}`;
    outcomes.set(end, (outcomes.get(end) ?? 0) + 1);
    for (let c = 0; c < 2; c++) {
      v.got(c);
      v.b.enable(c);
    }
  }
  expect([...outcomes.keys()].filter((end) => end.startsWith('nothing'))).toEqual([]);
  const often = ['accept', 'drop', 'fault', 'latch', 'post'].filter((kind) => (outcomes.get(kind) ?? 0) > 50);
  expect(often).toEqual(['accept', 'drop', 'fault', 'latch', 'post']);
});
