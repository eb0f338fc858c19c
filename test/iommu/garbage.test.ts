import { expect, test } from 'vitest';
import { Gcmd, VtdReg } from '../../src/core/index.js';
import { QUEUE, TABLE, handle, vtd } from './help.js';

function dice(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

const units = [
  {},
  { cm: 1, esirtps: 1, prefetch: 1, randomEvict: 1, entries: 8, ways: 3, wide: 1, faultRecords: 1, collapse: 1 },
  { entries: 1, ways: 9, faultRecords: 0, pi: 0, eim: 0, mhmv: 0 },
  { entries: 0, ways: 0, base: 0xffffffff, faultRecords: 128 },
];

test.each(units.map((unit, i) => [i, unit] as const))(
  'whatever queue, table and registers hold, nothing traps; a snapshot goes on as the machine does (unit %i)',
  async (i, unit) => {
    const v = await vtd({ unit, jitter: true, seed: 7 + i, messages: 12, assumptions: (i & 1) * 256 });
    const e = v.b.core.exports;
    const roll = dice(99 + i);
    const word = (): number => [roll(2 ** 32), roll(256), 0xffffffff, 0, 1 << roll(31)][roll(5)] ?? 0;
    const wild = (): bigint => (BigInt(word()) << 32n) | BigInt(word());
    const registers = Object.values(VtdReg).filter((r): r is number => typeof r === 'number');
    const gcmd = [Gcmd.qie, Gcmd.qie | Gcmd.ire, Gcmd.qie | Gcmd.ire | Gcmd.cfi, Gcmd.sirtp | Gcmd.qie | Gcmd.ire];
    const act = (): void => {
      const which = roll(12);
      if (which === 0) e.iommuWrite(roll(3), registers[roll(registers.length)] ?? 0, roll(9), word(), word());
      else if (which === 1) v.write(VtdReg.gcmd, gcmd[roll(gcmd.length)] ?? 0);
      else if (which === 2) v.poke(TABLE + 16 * roll(32), wild(), wild());
      else if (which === 3) v.entry(roll(32), { vector: roll(256), dest: roll(3), bits: BigInt(roll(256)) & 0xfen });
      else if (which === 4)
        v.poke(QUEUE + 16 * roll(256), BigInt(roll(6)) | (BigInt(roll(4)) << 4n) | (BigInt(roll(64)) << 27n), roll(3) === 0 ? wild() : 0n);
      else if (which === 5) v.write(VtdReg.iqt, roll(3) === 0 ? word() : 16 * roll(256));
      else if (which === 6) v.write(VtdReg.fsts, 0xff);
      else if (which === 7) e.mmioWrite(0, 0xfed90000 + roll(0x1000), 0, 1 << roll(4), word(), word());
      else if (which === 8) e.pinSet(0, roll(24), 0, roll(2));
      else if (which === 9) e.ioapicWrite(0, 0x10 + roll(48), word());
      else v.b.dma(roll(4), roll(4) === 0 ? 0xfee00000 | roll(0x1000) : handle(roll(40), roll(4) === 0), roll(8) === 0 ? word() : roll(4));
      e.runCycles(roll(400), 0);
      e.ringClear();
      if (roll(50) === 0) for (let c = 0; c < 2; c++) v.got(c);
      if (roll(200) === 0) v.setup({});
    };
    for (let n = 0; n < 6000; n++) act();
    const saved = v.b.snapshot();
    const finish = (): string => {
      e.settle(1_000_000, 0);
      e.ringClear();
      return v.b.digest();
    };
    const end = finish();
    v.b.restore(saved);
    expect(finish()).toBe(end);
    expect(v.b.counter('messages')).toBeGreaterThan(500);
  },
);
