/** The memory-mapped form of the registers (hardware.md A.2, A.2.1). */
import { describe, expect, test } from 'vitest';
import { board, MASKED, reg, type Board } from './board.js';

/** Offset, name, reset value, value read after all bits were written. */
const rows: readonly (readonly [number, string, number, number])[] = [
  [0x020, 'ID', 0x01000000, 0x01000000],
  [0x030, 'VERSION', 0x01060015, 0x01060015],
  [0x080, 'TPR', 0, 0xff],
  [0x090, 'APR', 0, 0],
  [0x0a0, 'PPR', 0, 0],
  [0x0b0, 'EOI', 0, 0],
  [0x0c0, 'RRD', 0, 0],
  [0x0d0, 'LDR', 0, 0xff000000],
  [0x0e0, 'DFR', 0xffffffff, 0xffffffff],
  [0x0f0, 'SVR', 0xff, 0x11ff],
  ...Array.from({ length: 24 }, (_, i) => [0x100 + i * 16, ['ISR', 'TMR', 'IRR'][i >> 3] ?? '', 0, 0] as const),
  [0x280, 'ESR', 0, 0],
  // a masked entry stays masked: SVR is not enabled
  [0x2f0, 'LVT CMCI', MASKED, 0x107ff],
  [0x300, 'ICR', 0, 0xccfff],
  [0x310, 'ICR high', 0, 0xff000000],
  [0x320, 'LVT timer', MASKED, 0x700ff],
  [0x330, 'LVT thermal', MASKED, 0x107ff],
  [0x340, 'LVT perfmon', MASKED, 0x107ff],
  [0x350, 'LVT LINT0', MASKED, 0x1a7ff],
  [0x360, 'LVT LINT1', MASKED, 0x1a7ff],
  [0x370, 'LVT error', MASKED, 0x100ff],
  [0x380, 'initial count', 0, 0xffffffff],
  [0x390, 'current count', 0, 0],
  [0x3e0, 'divide', 0, 0xb],
];
const reserved = [0x000, 0x010, 0x040, 0x050, 0x060, 0x070, 0x290, 0x2a0, 0x2b0, 0x2c0, 0x2d0, 0x2e0, 0x3a0, 0x3b0, 0x3c0, 0x3d0, 0x3f0];

const page = (b: Board, offset: number, width: number): bigint => {
  const lo = b.e.mmioRead(1, 0xfee00000 + offset, 0, width) >>> 0;
  return (BigInt(b.e.highWord() >>> 0) << 32n) | BigInt(lo);
};
/** Reads ESR without the write that latches: what is collected. */
const collected = (b: Board): number => b.esr(1);

describe('rows of A.2', () => {
  test('the table of this test has every offset below 0x400 once', () => {
    expect([...rows.map(([offset]) => offset), ...reserved].toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 64 }, (_, i) => i * 16),
    );
  });

  test.each(rows)('%# 0x%x %s: reset value, writable bits, no error', async (offset, name, reset, written) => {
    const b = await board({ cold: true });
    expect(b.read(1, offset)).toBe(reset);
    // after RESET nothing is to be delivered by what is written: ICR asks for a reserved delivery mode
    b.write(1, offset, 0xffffffff);
    expect([name, b.read(1, offset)]).toEqual([name, written]);
    expect(collected(b)).toBe(0);
  });

  test.each(reserved)('0x%x is reserved: reads 0, writes go nowhere, ESR bit 7', async (offset) => {
    const b = await board({ cold: true });
    expect(b.read(1, offset)).toBe(0);
    expect(collected(b)).toBe(0x80);
    b.write(1, offset, 0xffffffff);
    expect(collected(b)).toBe(0x80);
    expect(b.read(1, offset)).toBe(0);
  });

  test('behind 0x3ff nothing is there, and no error', async () => {
    const b = await board();
    for (let offset = 0x400; offset < 0x1000; offset += 16) {
      b.write(1, offset, 1);
      expect(b.read(1, offset)).toBe(0);
    }
    expect(collected(b)).toBe(0);
  });

  test.each([
    [6, []],
    [5, [0x2f0]],
    [4, [0x2f0, 0x330]],
    [3, [0x2f0, 0x330, 0x340]],
  ] as const)('largest LVT index %i: VERSION says so, the others are reserved', async (maxLvtIndex, absent) => {
    const b = await board({ model: { maxLvtIndex, eoiBroadcastSuppress: false } });
    expect(b.read(1, 0x30)).toBe((maxLvtIndex << 16) | 0x15);
    for (const offset of [0x2f0, 0x320, 0x330, 0x340, 0x350, 0x360, 0x370]) {
      const isAbsent = absent.some((o) => o === offset);
      expect([offset, b.read(1, offset), collected(b)]).toEqual([offset, isAbsent ? 0 : MASKED, isAbsent ? 0x80 : 0]);
    }
    b.write(1, reg.svr, 0x11ff);
    expect(b.read(1, reg.svr)).toBe(0x1ff);
  });

  test('bit v & 31 of word v >> 5', async () => {
    const b = await board();
    for (const v of [0x10, 0x3f, 0x80, 0xff]) {
      b.raise(v, true);
      const word = (v >> 5) << 4;
      expect(b.read(0, reg.irr + word)).toBe((1 << (v & 31)) >>> 0);
      expect(b.read(0, reg.tmr + word)).toBe((1 << (v & 31)) >>> 0);
      b.acknowledge();
      expect([b.read(0, reg.irr + word), b.read(0, reg.isr + word)]).toEqual([0, (1 << (v & 31)) >>> 0]);
      b.eoi();
      b.restore((await board()).snapshot());
    }
  });
});

describe('APR and PPR (A.4.2, A.4.3)', () => {
  /** TPR, in service, requested, PPR, APR. */
  test.each([
    [0x00, 0, 0, 0x00, 0x00],
    [0x35, 0, 0, 0x35, 0x35],
    [0x35, 0, 0x31, 0x35, 0x35],
    [0x35, 0, 0x41, 0x35, 0x40],
    [0x35, 0x21, 0, 0x35, 0x35],
    [0x35, 0x51, 0, 0x50, 0x10],
    [0x75, 0x31, 0x81, 0x75, 0x80],
  ])('TPR %x, ISRV %x, IRRV %x: PPR %x, APR %x', async (tpr, isrv, irrv, ppr, apr) => {
    const b = await board();
    if (isrv > 0) {
      b.raise(isrv);
      b.acknowledge();
    }
    b.write(0, reg.tpr, tpr);
    if (irrv > 0) b.raise(irrv);
    expect([b.read(0, reg.ppr), b.read(0, reg.apr)]).toEqual([ppr, apr]);
  });

  test('where the classes are equal the sub-class is that of TPR, or 0 by the model', async () => {
    for (const pprEqualClassSub of ['tpr', 'zero'] as const) {
      const b = await board({ model: { pprEqualClassSub } });
      b.raise(0x31);
      b.acknowledge();
      b.write(0, reg.tpr, 0x35);
      expect(b.read(0, reg.ppr)).toBe(pprEqualClassSub === 'tpr' ? 0x35 : 0x30);
      b.eoi();
      expect(b.read(0, reg.ppr)).toBe(0x35);
    }
  });
});

describe('width and alignment (A.2.1)', () => {
  const unaligned = (b: Board): number => b.diagnostic('lapicUnaligned');

  test('32 bits at the other dwords of a register: read 0, written nothing', async () => {
    const b = await board();
    for (const more of [4, 8, 12]) {
      expect(page(b, reg.version + more, 4)).toBe(0n);
      b.e.mmioWrite(1, 0xfee00000 + reg.tpr + more, 0, 4, 0x30, 0);
    }
    expect([b.read(1, reg.tpr), unaligned(b)]).toEqual([0, 6]);
  });

  test('8 and 16 bits of the first dword are read; writes other than 32 bits are ignored', async () => {
    const b = await board();
    expect([0, 1, 2, 3].map((byte) => page(b, reg.version + byte, 1))).toEqual([0x15n, 0n, 6n, 1n]);
    expect([0, 1, 2].map((byte) => page(b, reg.version + byte, 2))).toEqual([0x15n, 0x600n, 0x106n]);
    expect(unaligned(b)).toBe(0);
    for (const width of [1, 2, 8]) b.e.mmioWrite(1, 0xfee00000 + reg.tpr, 0, width, 0x30, 0);
    expect([b.read(1, reg.tpr), unaligned(b)]).toEqual([0, 3]);
    expect(page(b, reg.version + 5, 2)).toBe(0n);
  });

  test('a read that spans dwords is all ones in its width', async () => {
    const b = await board();
    expect(page(b, reg.version, 8)).toBe(0xffffffff_ffffffffn);
    expect(page(b, reg.version + 3, 2)).toBe(0xffffn);
    expect(page(b, reg.version + 1, 4)).toBe(0xffffffffn);
    expect(unaligned(b)).toBe(3);
  });

  test('64 bits at ICR send nothing', async () => {
    const b = await board();
    b.e.mmioWrite(1, 0xfee00000 + reg.icr, 0, 8, 0x41, 0);
    b.settle();
    expect([b.irr(0), b.read(1, reg.icr), unaligned(b)]).toEqual([[], 0, 1]);
  });

  test('what is not in the page of the CPU is nothing: all ones', async () => {
    const b = await board();
    expect(page(b, 0x1000, 4)).toBe(0xffffffffn);
    expect(b.e.mmioRead(1, 0xfee00030, 1, 4) >>> 0).toBe(0xffffffff);
    expect(b.e.mmioRead(9, 0xfee00030, 0, 2)).toBe(0xffff);
  });
});

describe('EOI (A.12)', () => {
  test('the value says nothing; without a vector in service there is no effect', async () => {
    const b = await board();
    b.raise(0x41);
    b.write(0, reg.eoi, 0x41);
    expect([b.irr(), b.counter('eoiWithoutIsr')]).toEqual([[0x41], 1]);
    b.acknowledge();
    b.write(0, reg.eoi, 0xdeadbeef);
    expect(b.isr()).toEqual([]);
  });
});
