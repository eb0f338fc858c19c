import { describe, expect, test } from 'vitest';
import { FaultReason, VtdReg } from '../../src/core/index.js';
import { handle, PID, posted, remapped, TABLE, vtd } from './help.js';

describe('a request in remappable format (D.3)', () => {
  test('gets vector and destination of its entry; its data does not count', async () => {
    const v = await vtd();
    v.entry(5, { vector: 0x61, dest: 1 });
    v.b.dma(0x80, handle(5), 0xdead_beef);
    v.b.settle();
    expect([v.got(0), v.got(1), v.b.events('fault')]).toEqual([[], [0x61], []]);
  });

  test('takes ir.miss the first time, ir.hit after that (G.2)', async () => {
    const v = await vtd({ timing: {} });
    v.entry(5, { vector: 0x61 });
    for (const cycles of [750 + 300 + 300, 750 + 30 + 300]) {
      v.b.dma(0, handle(5), 0);
      const from = v.b.now;
      v.b.settle();
      expect([v.b.now - from, v.got()]).toEqual([cycles, [0x61]]);
    }
    expect(v.b.events('remap').map(([, , , index, how]) => [index, how & 3])).toEqual([
      [5, 1],
      [5, 0],
    ]);
  });

  test('its index is handle plus subhandle where SHV is set', async () => {
    const v = await vtd();
    v.entry(12, { vector: 0x62 });
    v.b.dma(0, handle(8, true), 4);
    v.b.settle();
    expect(v.got()).toEqual([0x62]);
  });

  test('bit 15 of the handle is address bit 2', async () => {
    const v = await vtd({ size: 15, memory: 0x90000 });
    v.entry(0x8001, { vector: 0x63 });
    v.send(0x8001);
    expect(v.got()).toEqual([0x63]);
  });

  test('T50 handle and subhandle do not wrap: 0xffff + 1 is beyond any table', async () => {
    const v = await vtd({ size: 15, memory: 0x110000 });
    v.entry(0, { vector: 0x64 });
    v.b.dma(0, handle(0xffff, true), 1);
    v.b.settle();
    expect([v.got(), v.faults()]).toEqual([[], [FaultReason.indexBeyondTable]]);
  });

  test.each([
    [false, 5],
    [true, 5],
  ])('T58 with EIME %s destination %i stands where it should', async (eime, dest) => {
    const v = await vtd({ eime, cpus: 6 });
    v.entry(1, { vector: 0x65, dest });
    v.send(1);
    expect([v.got(dest), v.faults()]).toEqual([[0x65], []]);
    v.raw(2, ...remapped({ vector: 0x66, dest }, !eime));
    v.send(2);
    expect([v.got(dest), v.faults().length]).toEqual([[], eime ? 0 : 1]);
  });

  test('with EIME destination 0xff is CPU 255, and ids beyond 8 bits are reached (A.7.1)', async () => {
    const v = await vtd({ eime: true, x2apicIds: [0, 255, 0x12345] });
    v.entry(1, { vector: 0x41, dest: 255 });
    v.entry(2, { vector: 0x42, dest: 0x12345 });
    v.send(1);
    v.send(2);
    expect([v.b.irr(0), v.b.irr(1), v.b.irr(2)]).toEqual([[], [0x41], [0x42]]);
  });

  test('logical destinations go to the whole set; with redirection hint, or lowest priority, to one of it', async () => {
    const v = await vtd();
    v.b.lapic(0, 0xd0, 0x01000000);
    v.b.lapic(1, 0xd0, 0x02000000);
    v.entry(1, { vector: 0x41, dest: 3, bits: 4n });
    v.entry(2, { vector: 0x43, dest: 3, bits: 4n | 8n });
    v.entry(3, { vector: 0x44, dest: 3, bits: 4n | 0x20n });
    for (const index of [1, 2, 3]) v.send(index);
    expect([v.b.irr(0), v.b.irr(1)]).toEqual([
      [0x41, 0x44],
      [0x41, 0x43],
    ]);
  });

  test('NMI by its delivery mode', async () => {
    const v = await vtd();
    v.entry(1, { vector: 0, bits: 4n << 5n });
    v.send(1);
    expect(v.b.cpuEvent(0, 'nmi')).toBe(1);
  });
});

describe('the source of a request (D.3.3)', () => {
  test.each([
    [0, [0x1234], [0x1235, 0x1230]],
    [1, [0x1234, 0x1230], [0x1235]],
    [2, [0x1234, 0x1232, 0x1230, 0x1236], [0x1235, 0x123c]],
    [3, [0x1230, 0x1237], [0x1238]],
  ])('SVT 1, SQ %i', async (sq, pass, fail) => {
    const v = await vtd();
    v.entry(1, { vector: 0x41, sid: 0x1234, svt: 1, sq });
    for (const requester of pass) v.send(1, requester);
    expect(v.faults()).toEqual([]);
    for (const requester of fail) v.send(1, requester);
    expect(v.faults()).toEqual(fail.map(() => FaultReason.sourceInvalid));
  });

  test('SVT 0 takes any', async () => {
    const v = await vtd();
    v.entry(1, { vector: 0x41, sid: 0x1234 });
    v.send(1, 0x4321);
    expect(v.got()).toEqual([0x41]);
  });

  test('T49 SVT 2 is a range of buses, its first in the high byte', async () => {
    const v = await vtd();
    v.entry(1, { vector: 0x41, sid: 0x0305, svt: 2 });
    for (const bus of [3, 4, 5]) v.send(1, bus << 8);
    expect(v.faults()).toEqual([]);
    for (const bus of [2, 6]) v.send(1, bus << 8);
    expect(v.faults()).toEqual([0x26, 0x26]);
  });

  test('it is checked on a hit too (D.4)', async () => {
    const v = await vtd();
    v.entry(1, { vector: 0x41, sid: 8, svt: 1 });
    v.send(1, 8);
    v.send(1, 9);
    expect([v.got(), v.faults()]).toEqual([[0x41], [0x26]]);
  });
});

describe('time (H.1)', () => {
  test('T1 T2 a message on its way keeps the entry it has used: retargeted in transit it comes to the old CPU', async () => {
    const v = await vtd({ timing: { 'ir.to_lapic': 1000 } });
    v.entry(1, { vector: 0x41, dest: 0 });
    v.b.dma(0, handle(1), 0);
    v.b.advance(750 + 300 + 10);
    v.entry(1, { vector: 0x51, dest: 1 });
    v.b.settle();
    expect([v.got(0), v.got(1)]).toEqual([[0x41], []]);
  });

  test('T1 retargeted before it reaches the unit it comes to the new CPU', async () => {
    const v = await vtd({ timing: {} });
    v.entry(1, { vector: 0x41, dest: 0 });
    v.b.dma(0, handle(1), 0);
    v.b.advance(740);
    v.entry(1, { vector: 0x51, dest: 1 });
    v.b.settle();
    expect([v.got(0), v.got(1)]).toEqual([[], [0x51]]);
  });

  test('T4 past the unit is not yet in the IRR', async () => {
    const v = await vtd({ timing: {} });
    v.entry(1, { vector: 0x41 });
    v.b.dma(0, handle(1), 0);
    v.b.advance(750 + 300 + 299);
    expect([v.b.events('remap').length, v.b.irr()]).toEqual([1, []]);
    v.b.advance(1);
    expect(v.b.irr()).toEqual([0x41]);
  });

  test('T5 data that a requester has written before is in memory before the remapped interrupt, and before the posted one', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const v = await vtd({ jitter: true, seed, timing: { 'dma.write_visible': { min: 1, default: 10, max: 9000 } } });
      v.entry(1, { vector: 0x41 });
      v.raw(2, ...posted(PID, { vector: 0x42 }));
      for (const index of [1, 2]) {
        v.b.dma(7, 0x100, 1);
        v.b.dma(7, handle(index), 0);
      }
      v.b.settle();
      const kinds = v.b.events('write', 'accept', 'post').map(([, kind, , vector]) => (kind === 'accept' ? vector : kind));
      expect([kinds.indexOf(0x41) > kinds.indexOf('write'), kinds.indexOf('post') > kinds.lastIndexOf('write')]).toEqual([true, true]);
    }
  });

  test('messages of one requester for one CPU stay in order, whether their entries are cached or not', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const v = await vtd({ jitter: true, seed, timing: {} });
      v.entry(1, { vector: 0x41 });
      v.entry(2, { vector: 0x42 });
      v.send(2);
      v.got();
      v.b.events();
      v.b.dma(7, handle(1), 0);
      v.b.dma(7, handle(2), 0);
      v.b.settle();
      expect(v.b.events('accept').map(([, , , vector]) => vector)).toEqual([0x41, 0x42]);
    }
  });
});

describe('an entry replaced by two stores (D.5)', () => {
  test('T48 between them a request sees half of each; a store of 16 bytes cannot be seen so', async () => {
    const v = await vtd();
    v.entry(1, { vector: 0x41, sid: 8, svt: 1 });
    const [low] = remapped({ vector: 0x51, sid: 9, svt: 1 });
    v.b.poke(TABLE + 16, low); // low half first: the new vector with the old source
    v.send(1, 8);
    expect(v.got()).toEqual([0x51]);
  });

  test.each([
    [0, [0x51]],
    [256, [0x41]],
  ])('with assumptions %i a whole store while the entry is fetched gives %j', async (assumptions, vectors) => {
    const v = await vtd({ assumptions, timing: { 'ir.miss': 1000 } });
    v.entry(1, { vector: 0x41, sid: 8, svt: 1 });
    v.b.dma(9, handle(1), 0);
    v.b.advance(750 + 500);
    v.entry(1, { vector: 0x51, sid: 9, svt: 1 });
    v.b.settle();
    expect([v.got(), v.b.diagnostic('tornIrteSampled')]).toEqual([vectors, assumptions === 0 ? 0 : 1]);
  });
});

test('a blocked request leaves no trace at any LAPIC (D.3)', async () => {
  const v = await vtd();
  v.send(1);
  expect([v.b.irr(), v.b.read(0xfee00280), v.read(VtdReg.fsts) & 2]).toEqual([[], 0, 2]);
});
