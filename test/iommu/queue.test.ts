import { describe, expect, test } from 'vitest';
import { Gcmd, Iommu, Table, VtdReg } from '../../src/core/index.js';
import { handle, iec, instant, QUEUE, STATUS, vtd, wait, type Vtd } from './help.js';

const IQE = 16;
const { qie, ire } = Gcmd;
const error = (v: Vtd): number => v.read(VtdReg.iqercd) & 15;

/** Fills the cache with these entries, vector 0x40 + index, and then rewrites them to 0x60 + index. */
async function stale(...indexes: number[]): Promise<Vtd> {
  const v = await vtd();
  for (const index of indexes) {
    v.entry(index, { vector: 0x40 + index });
    v.send(index);
    v.entry(index, { vector: 0x60 + index });
  }
  v.got();
  return v;
}

/** Which of the entries are no longer cached. */
function refetched(v: Vtd, ...indexes: number[]): number[] {
  return indexes.filter((index) => {
    v.send(index);
    return v.got()[0] === 0x60 + index;
  });
}

describe('invalidation of the entry cache (D.4.1)', () => {
  test('T46 bit 4 clear: global', async () => {
    const v = await stale(1, 2);
    v.submit([4n | (1n << 32n), 0n]);
    v.b.settle();
    expect(refetched(v, 1, 2)).toEqual([1, 2]);
    expect(v.b.events('invalidate').map(([, , , first, count]) => [first, count])).toEqual([[0, 0]]);
  });

  test('T46 bit 4 set: the one entry', async () => {
    const v = await stale(1, 2);
    v.submit(iec.select(1));
    v.b.settle();
    expect(refetched(v, 1, 2)).toEqual([1]);
  });

  test('T47 a mask takes the aligned group: IM 2, IIDX 5 are entries 4 to 7', async () => {
    const v = await stale(3, 4, 5, 6, 7, 8);
    v.submit(iec.select(5, 2));
    v.b.settle();
    expect(refetched(v, 3, 4, 5, 6, 7, 8)).toEqual([4, 5, 6, 7]);
    expect(v.b.events('invalidate').map(([, , , first, count]) => [first, count])).toEqual([[4, 4]]);
  });

  test('a mask larger than ECAP.MHMV is an error where it counts, without meaning in a global one', async () => {
    const v = await vtd({ unit: { mhmv: 3 } });
    v.submit([4n | (4n << 27n), 0n], iec.select(0, 3), iec.select(0, 4));
    v.b.settle();
    expect([v.read(VtdReg.fsts) & IQE, error(v), v.head]).toEqual([IQE, 4, 2]);
  });

  test('when the epoch of the cache wraps, nothing old comes back', async () => {
    const v = await stale(1);
    v.b.core.setU32(v.b.core.exports.table(Table.iommus) + Iommu.epoch, 0xffffffff);
    v.submit(iec.global);
    v.b.settle();
    expect(refetched(v, 1)).toEqual([1]);
  });
});

describe('waits (D.4.2)', () => {
  test('write their status last, after what was queued before', async () => {
    const v = await vtd();
    v.submit(iec.global, wait(0x1234_5678));
    v.b.advance(10 + 10 + 9);
    expect(v.status).toBe(0);
    v.b.advance(1);
    expect([v.status, v.head]).toEqual([0x12345678, 2]);
  });

  test('T44 IQH moves on before the entry is dropped; only a wait tells', async () => {
    const v = await vtd({ timing: { ...instant, 'qi.iec_inv': 5000 } });
    v.entry(1, { vector: 0x41 });
    v.send(1);
    v.entry(1, { vector: 0x61 });
    v.got();
    v.submit(iec.select(1), wait(1));
    v.b.advance(100);
    expect([v.head, v.status]).toEqual([1, 0]);
    v.b.dma(0, handle(1), 0);
    v.b.advance(100);
    expect(v.got()).toEqual([0x41]);
    v.b.settle();
    v.send(1);
    expect([v.status, v.got()]).toEqual([1, [0x61]]);
  });

  test('status and interrupt are independent', async () => {
    const v = await vtd();
    v.write(VtdReg.iedata, 0x4072);
    v.write(VtdReg.ieaddr, 0xfee01000);
    v.write(VtdReg.iectl, 0);
    v.submit(wait(5, { event: true }));
    v.b.settle();
    expect([v.status, v.read(VtdReg.ics), v.got(1)]).toEqual([5, 1, [0x72]]);
    // IWC is still set: no new event
    v.submit(wait(6, { event: true, status: false }));
    v.b.settle();
    expect([v.status, v.got(1)]).toEqual([5, []]);
    v.write(VtdReg.ics, 1);
    v.submit(wait(7, { event: true, status: false }));
    v.b.settle();
    expect(v.got(1)).toEqual([0x72]);
    v.submit(wait(0, { status: false }));
    v.b.settle();
    expect([v.status, v.head, v.read(VtdReg.fsts)]).toEqual([5, 4, 0]);
  });

  test('a masked event is kept, sent on unmask, and withdrawn with IWC', async () => {
    const v = await vtd();
    v.write(VtdReg.iedata, 0x4072);
    v.write(VtdReg.ieaddr, 0xfee01000);
    v.submit(wait(0, { event: true, status: false }));
    v.b.settle();
    expect([v.got(1), v.read(VtdReg.iectl)]).toEqual([[], 0xc0000000]);
    v.write(VtdReg.iectl, 0);
    v.b.settle();
    expect(v.got(1)).toEqual([0x72]);
    v.write(VtdReg.iectl, 0x80000000);
    v.write(VtdReg.ics, 1);
    v.submit(wait(0, { event: true, status: false }));
    v.b.settle();
    v.write(VtdReg.ics, 1);
    v.write(VtdReg.iectl, 0);
    v.b.settle();
    expect(v.got(1)).toEqual([]);
  });
});

describe('draining (D.4.3)', () => {
  const slow = { ...instant, 'ir.to_lapic': 5000 };

  async function inTransit(assumptions: number): Promise<Vtd> {
    const v = await vtd({ assumptions, timing: slow });
    v.entry(1, { vector: 0x41 });
    v.b.dma(0, handle(1), 0);
    v.b.advance(20);
    v.entry(1, { vector: 0x51, dest: 1 });
    v.submit(iec.select(1), wait(1));
    return v;
  }

  test('a wait ends only when requests that used an invalidated entry are in the IRR', async () => {
    const v = await inTransit(0);
    v.b.advance(4900);
    expect([v.status, v.b.irr()]).toEqual([0, []]);
    v.b.advance(200);
    expect([v.status, v.b.irr()]).toEqual([1, [0x41]]);
  });

  test.each([
    [64, 'out of the unit'],
    [128, 'not at all'],
  ])('with assumptions %i it drains them %s', async (assumptions) => {
    const v = await inTransit(assumptions);
    v.b.advance(100);
    expect([v.status, v.b.irr()]).toEqual([1, []]);
  });

  test('requests by other entries are not waited for', async () => {
    const v = await vtd({ timing: slow });
    v.entry(2, { vector: 0x42 });
    v.b.dma(0, handle(2), 0);
    v.b.advance(20);
    v.submit(iec.select(1), wait(1));
    v.b.advance(100);
    expect([v.status, v.b.irr()]).toEqual([1, []]);
  });

  test('T45 drained is not handled: the old vector may wait in the IRR of the old CPU', async () => {
    const v = await vtd();
    v.entry(1, { vector: 0x41 });
    v.send(1);
    v.entry(1, { vector: 0x51, dest: 1 });
    v.submit(iec.select(1), wait(1));
    v.b.settle();
    expect([v.status, v.b.irr(0)]).toEqual([1, [0x41]]);
    v.send(1);
    expect([v.b.irr(0), v.b.irr(1)]).toEqual([[0x41], [0x51]]);
  });

  test('a request that has not reached the unit yet uses the new entry, and nobody waits for it', async () => {
    const v = await vtd({ timing: { ...instant, 'msi.dev_to_rc': 5000 } });
    v.entry(1, { vector: 0x41 });
    v.send(1);
    v.got();
    v.b.dma(0, handle(1), 0);
    v.entry(1, { vector: 0x51 });
    v.submit(iec.select(1), wait(1));
    v.b.advance(100);
    expect(v.status).toBe(1);
    v.b.settle();
    expect(v.got()).toEqual([0x51]);
  });

  test('a posted request is drained when its notification has arrived', async () => {
    const v = await vtd({ timing: slow });
    v.raw(1, 0x45_8001n | (0x1400n << 32n), 0n);
    v.b.poke(0x1420, 0xf2_0000n);
    v.b.dma(0, handle(1), 0);
    v.b.advance(17);
    v.submit(iec.select(1), wait(1));
    v.b.advance(4900);
    expect(v.status).toBe(0);
    v.b.settle();
    expect([v.status, v.b.irr()]).toEqual([1, [0xf2]]);
  });
});

describe('processing (D.4.4)', () => {
  test('wraps at its end', async () => {
    const v = await vtd();
    for (let i = 0; i < 300; i++) {
      v.submit(wait(i));
      v.b.settle();
      expect(v.status).toBe(i);
    }
    expect(v.head).toBe(300 % 256);
  });

  test.each([
    ['type 0', [0n, 0n], 3],
    ['type 6 without scalable mode', [6n, 0n], 3],
    ['type 0x15', [0x205n, 0n], 3],
    ['a reserved bit of an invalidation', [0x24n, 0n], 4],
    ['a reserved bit of its high half', [4n, 1n], 4],
    ['a reserved bit of a wait', [0x105n, 0n], 4],
    ['page-request drain without page requests', [0x85n, 0n], 4],
    ['a reserved bit of a status address', [5n, 1n], 4],
    ['a status address outside of memory', [0x25n, 0x10000n], 0],
  ] as const)('T57 %s freezes the queue at it, until it is repaired and IQE cleared', async (_, bad, reason) => {
    const v = await vtd();
    v.submit(wait(1), bad, wait(3));
    v.b.settle();
    expect([v.status, v.head, v.read(VtdReg.fsts) & IQE, error(v)]).toEqual([1, 1, IQE, reason]);
    v.submit(wait(4));
    v.b.settle();
    expect([v.status, v.head]).toEqual([1, 1]);
    v.poke(QUEUE + 16, ...wait(2));
    v.write(VtdReg.fsts, IQE);
    v.b.settle();
    expect([v.status, v.head, v.read(VtdReg.fsts)]).toEqual([4, 4, 0]);
  });

  test('a tail behind the end, and a queue outside of memory', async () => {
    const v = await vtd();
    v.write(VtdReg.iqt, 0x1000);
    v.b.settle();
    expect([v.read(VtdReg.fsts) & IQE, error(v)]).toEqual([IQE, 1]);
    v.write(VtdReg.iqt, 0x10);
    v.write(VtdReg.iqa + 4, 1);
    v.write(VtdReg.fsts, IQE);
    v.b.settle();
    expect([v.read(VtdReg.fsts) & IQE, error(v)]).toEqual([IQE, 2]);
  });

  test('an error is a condition of the fault event', async () => {
    const v = await vtd();
    v.write(VtdReg.fedata, 0x4073);
    v.write(VtdReg.feaddr, 0xfee01000);
    v.write(VtdReg.fectl, 0);
    v.submit([0n, 0n]);
    v.b.settle();
    expect(v.got(1)).toEqual([0x73]);
  });

  test('descriptors of 256 bits, where they are allowed', async () => {
    const v = await vtd({ unit: { wide: 1 } });
    v.write(VtdReg.iqa, QUEUE | 0x800);
    v.poke(QUEUE, ...wait(8));
    v.poke(QUEUE + 32, ...wait(9));
    v.write(VtdReg.iqt, 64);
    v.b.settle();
    expect([v.status, v.read(VtdReg.iqh)]).toEqual([9, 64]);
    v.write(VtdReg.iqt, 80);
    v.b.settle();
    expect(error(v)).toBe(6);
    const narrow = await vtd();
    narrow.write(VtdReg.iqa, QUEUE | 0x800);
    narrow.write(VtdReg.iqt, 32);
    narrow.b.settle();
    expect(error(narrow)).toBe(5);
  });

  test('commands for other caches pass', async () => {
    const v = await vtd();
    v.submit([1n | (1n << 4n), 0n], [2n | (1n << 4n), 0n], [3n, 0n], wait(1));
    v.b.settle();
    expect([v.status, v.read(VtdReg.fsts)]).toEqual([1, 0]);
  });

  test('a queue that is off fetches nothing', async () => {
    const v = await vtd();
    v.command(ire);
    v.submit(wait(1));
    v.b.settle();
    expect([v.b.memory(STATUS), v.head]).toEqual([0, 0]);
    v.command(qie | ire);
    expect(v.status).toBe(1);
  });
});
