import { describe, expect, test } from 'vitest';
import { Gcmd, VtdReg } from '../../src/core/index.js';
import { handle, QUEUE, remapped, TABLE, vtd, wait } from './help.js';

const { qie, ire, sirtp, cfi } = Gcmd;
/** GSTS as a number without sign. */
const bits = (...commands: number[]): number => commands.reduce((all, one) => all | one, 0) >>> 0;

describe('capabilities (D.1)', () => {
  test('say what the unit was made with', async () => {
    const v = await vtd({ off: true, unit: { cm: 1, esirtps: 1, mhmv: 9, wide: 1, faultRecords: 5 } });
    const [cap, ecap] = [v.read64(VtdReg.cap), v.read64(VtdReg.ecap)];
    expect([(cap >> 7n) & 1n, (cap >> 59n) & 1n, (cap >> 62n) & 1n, (cap >> 39n) & 1n]).toEqual([1n, 1n, 1n, 0n]);
    expect([((cap >> 24n) & 0x3ffn) * 16n, (cap >> 40n) & 0xffn]).toEqual([0x200n, 4n]);
    expect([ecap & 1n, (ecap >> 1n) & 1n, (ecap >> 3n) & 1n, (ecap >> 4n) & 1n, (ecap >> 20n) & 15n, (ecap >> 43n) & 1n]).toEqual([
      1n,
      1n,
      1n,
      1n,
      9n,
      1n,
    ]);
    const bare = await vtd({ off: true, unit: { pi: 0, eim: 0, coherent: 0 } });
    expect([(bare.read64(VtdReg.cap) >> 59n) & 1n, bare.read64(VtdReg.ecap) & 0x11n]).toEqual([0n, 0n]);
  });

  test('after reset both event messages are masked, and nothing is enabled', async () => {
    const v = await vtd({ off: true });
    expect([v.read(VtdReg.fectl), v.read(VtdReg.iectl), v.gsts, v.read(VtdReg.fsts)]).toEqual([0x80000000, 0x80000000, 0, 0]);
  });
});

describe('access (D.1)', () => {
  test('64-bit registers are two dwords; a CPU reaches them by MMIO', async () => {
    const v = await vtd({ off: true });
    v.b.write(0xfed90000 + VtdReg.irta, 0x1234_5807, 4);
    v.b.write(0xfed90000 + VtdReg.irta + 4, 1, 4);
    expect(v.read64(VtdReg.irta)).toBe(0x1_1234_5807n);
    expect(v.b.read(0xfed90000 + VtdReg.irta + 4)).toBe(1);
  });

  test('other widths and alignments read all ones and write nothing', async () => {
    const v = await vtd({ off: true });
    const e = v.b.core.exports;
    e.iommuWrite(0, VtdReg.fedata, 2, 0x55, 0);
    e.iommuWrite(0, VtdReg.fedata + 2, 4, 0x55, 0);
    e.iommuWrite(0, VtdReg.fedata, 8, 0x55, 0);
    expect([v.read(VtdReg.fedata), e.iommuRead(0, VtdReg.fedata, 2) >>> 0, e.iommuRead(9, 0, 4) >>> 0]).toEqual([
      0, 0xffffffff, 0xffffffff,
    ]);
  });

  test('reserved and read-only bits stay 0; EIME needs ECAP.EIM', async () => {
    const v = await vtd({ off: true, unit: { eim: 0 } });
    for (const reg of [VtdReg.iqt, VtdReg.iqa, VtdReg.irta, VtdReg.gsts, VtdReg.iqh, VtdReg.cap, VtdReg.feaddr, VtdReg.fectl])
      if (reg !== VtdReg.cap) v.write(reg, 0xffffffff);
    expect([VtdReg.iqt, VtdReg.iqa, VtdReg.irta, VtdReg.gsts, VtdReg.iqh, VtdReg.feaddr, VtdReg.fectl].map((reg) => v.read(reg))).toEqual([
      0x7fff0, 0xfffff807, 0xfffff00f, 0, 0, 0xfffffffc, 0x80000000,
    ]);
  });
});

describe('commands (D.1.1)', () => {
  test('GSTS shows one after gcmd.latency, not before', async () => {
    const v = await vtd({ off: true, timing: { 'gcmd.latency': 3000 } });
    v.write(VtdReg.gcmd, sirtp);
    v.b.advance(2999);
    expect(v.gsts).toBe(0);
    v.b.advance(1);
    expect(v.gsts).toBe(bits(sirtp));
  });

  test('SIRTP clears IRTPS until the new table is in force; one-shot bits stay shown, persistent ones are as written', async () => {
    const v = await vtd();
    expect(v.gsts).toBe(bits(sirtp, qie, ire));
    v.write(VtdReg.gcmd, bits(sirtp, qie, ire));
    expect(v.gsts).toBe(bits(qie, ire));
    v.b.settle();
    expect(v.gsts).toBe(bits(sirtp, qie, ire));
  });

  test('T53 a write that leaves IRE out turns remapping off', async () => {
    const v = await vtd();
    v.command(qie);
    expect(v.gsts).toBe(bits(sirtp, qie));
  });

  test('a second command before GSTS shows the first is not lost', async () => {
    const v = await vtd({ off: true });
    v.write(VtdReg.gcmd, sirtp);
    v.write(VtdReg.gcmd, qie);
    v.b.settle();
    expect(v.gsts).toBe(bits(sirtp, qie));
  });

  test('T54 IRTA takes effect with SIRTP only; without a flush cached entries of the old table are still used', async () => {
    const v = await vtd();
    v.entry(1, { vector: 0x41 });
    v.send(1);
    expect(v.got()).toEqual([0x41]);
    v.poke(0x8000 + 16, ...remapped({ vector: 0x51 }));
    v.poke(0x8000 + 32, ...remapped({ vector: 0x52 }));
    v.entry(2, { vector: 0x42 });
    v.write(VtdReg.irta, 0x8007);
    v.send(2);
    expect(v.got()).toEqual([0x42]);
    v.command(bits(sirtp, qie, ire));
    v.send(1);
    expect(v.got()).toEqual([0x41]);
    expect(v.b.diagnostic('staleIrteUsed')).toBe(1);
  });

  test('T54 with ESIRTPS the unit invalidates its cache itself', async () => {
    const v = await vtd({ unit: { esirtps: 1 } });
    v.entry(1, { vector: 0x41 });
    v.send(1);
    v.got();
    v.poke(0x8000 + 16, ...remapped({ vector: 0x51 }));
    v.write(VtdReg.irta, 0x8007);
    v.command(bits(sirtp, qie, ire));
    v.send(1);
    expect(v.got()).toEqual([0x51]);
  });

  test('IRES changes only after requests on their way are drained', async () => {
    const v = await vtd({ off: true, timing: { 'msi.dev_to_rc': 10, 'ir.to_lapic': 5000, 'gcmd.latency': 100 } });
    v.command(sirtp);
    v.b.dma(0, 0xfee00000, 0x41);
    v.b.advance(20);
    v.write(VtdReg.gcmd, ire);
    v.b.advance(4900);
    expect([v.gsts, v.b.irr()]).toEqual([bits(sirtp), []]);
    v.b.advance(200);
    expect([v.gsts, v.b.irr()]).toEqual([bits(sirtp, ire), [0x41]]);
  });

  test('QIE 1 -> 0 finishes what is queued, then IQH is 0', async () => {
    const v = await vtd({ timing: { 'qi.wait_write': 2000, 'gcmd.latency': 10 } });
    v.submit(wait(7));
    v.write(VtdReg.gcmd, ire);
    v.b.advance(1000);
    expect([v.gsts & qie, v.head]).toEqual([qie, 1]);
    v.b.settle();
    expect([v.gsts & qie, v.head, v.status]).toEqual([0, 0, 7]);
  });

  test('IQA and IQT may be written before QIE; nothing is fetched until then', async () => {
    const v = await vtd({ off: true });
    v.poke(QUEUE, ...wait(3));
    v.write(VtdReg.iqt, 16);
    v.b.settle();
    expect([v.status, v.head]).toEqual([0, 0]);
    v.command(qie);
    expect([v.status, v.head]).toEqual([3, 1]);
  });
});

describe('classification (D.2)', () => {
  test('T51 with IRES=0 a message in remappable format is misread as a compatibility message', async () => {
    const v = await vtd({ off: true });
    v.command(sirtp);
    v.entry(0x80, { vector: 0x55 });
    v.b.dma(0, handle(0x80), 0x4041); // handle bits 14:7 = 1 are a destination
    v.b.settle();
    expect([v.got(0), v.got(1)]).toEqual([[], [0x41]]);
  });

  test.each([
    [false, false, false],
    [false, true, true],
    [true, false, false],
    [true, true, false],
  ])('T52 a compatibility message with EIME %s and CFIS %s passes: %s', async (eime, cfis, passes) => {
    const v = await vtd({ eime });
    v.command(bits(qie, ire, ...(cfis ? [cfi] : [])));
    v.b.dma(0, 0xfee01000, 0x4041);
    v.b.settle();
    expect([v.got(1), v.faults()]).toEqual(passes ? [[0x41], []] : [[], [0x25]]);
  });

  test('requesters of a scope belong to its unit, others to the default unit or to none', async () => {
    const entry = { pi: 1, entries: 4, ways: 1, faultRecords: 8 };
    const units = [
      { ...entry, base: 0xfed90000, isDefault: 0 },
      { ...entry, base: 0xfed91000 },
    ];
    const v = await vtd({ iommus: units, scopes: [[0x100, 0x1ff, 0]] });
    v.b.dma(0x100, 0xfee00000, 0x41);
    v.b.dma(0x200, 0xfee00000, 0x42);
    v.b.settle();
    expect([v.got(), v.faults()]).toEqual([[0x42], [0x25]]);
  });

  test('a table is where IRTA says', async () => {
    const v = await vtd();
    expect(v.read64(VtdReg.irta)).toBe(BigInt(TABLE) | 7n);
  });
});
