import { describe, expect, test } from 'vitest';
import { iec, remapped, vtd, type Vtd, type VtdOptions } from './help.js';

/** Sends by an entry that was changed since it was cached: true if the cached one was used. */
function isStale(v: Vtd, index: number): boolean {
  v.entry(index, { vector: 0x90 });
  v.send(index);
  return v.got()[0] !== 0x90;
}

function warm(v: Vtd, ...indexes: number[]): void {
  for (const index of indexes) {
    v.entry(index, { vector: 0x40 });
    v.send(index);
  }
  v.got();
}

describe('the entry cache (D.4)', () => {
  test('T43 after an update without invalidation the old entry is used', async () => {
    const v = await vtd();
    warm(v, 1);
    expect(isStale(v, 1)).toBe(true);
    expect(v.b.diagnostic('staleIrteUsed')).toBe(1);
  });

  test('T43 with random eviction both outcomes come up', async () => {
    const v = await vtd({ unit: { randomEvict: 1 } });
    const outcomes = new Set<boolean>();
    for (let i = 0; i < 100; i++) {
      warm(v, 1);
      outcomes.add(isStale(v, 1));
      v.submit(iec.global);
      v.b.settle();
    }
    expect([...outcomes].toSorted()).toEqual([false, true]);
  });

  test('T43 an entry that is pushed out by others is fetched anew; the least recently used goes first', async () => {
    const v = await vtd({ unit: { entries: 8, ways: 2 } });
    warm(v, 1, 5, 1, 9); // one set of four; 5 was used longest ago
    expect([isStale(v, 1), isStale(v, 5)]).toEqual([true, false]);
  });

  test('a freed entry may be used until it is invalidated, and is counted', async () => {
    const v = await vtd();
    warm(v, 1);
    v.raw(1, 0n, 0n);
    v.send(1);
    expect([v.got(), v.b.diagnostic('useAfterFreeIrte')]).toEqual([[0x40], 1]);
  });

  test.each([
    [0, true],
    [1, false],
  ])('with CM=%i a new entry is seen without invalidation: %s', async (cm, seen) => {
    const v = await vtd({ unit: { cm } });
    v.send(1);
    v.entry(1, { vector: 0x41 });
    v.send(1);
    expect(v.got()).toEqual(seen ? [0x41] : []);
    v.submit(iec.select(1));
    v.b.settle();
    v.send(1);
    expect(v.got()).toEqual([0x41]);
  });

  test('an entry that may not be programmed so is not cached, even with CM=1', async () => {
    const v = await vtd({ unit: { cm: 1 } });
    v.raw(1, 0x411001n, 0n);
    v.send(1);
    v.entry(1, { vector: 0x41 });
    v.send(1);
    expect(v.got()).toEqual([0x41]);
  });

  test('prefetch brings the other entries of the same 64 bytes, off by default', async () => {
    const all = async (options: VtdOptions): Promise<boolean[]> => {
      const v = await vtd(options);
      for (const index of [3, 4, 5, 7, 8]) v.entry(index, { vector: 0x40 });
      v.send(5);
      v.got();
      return [3, 4, 5, 7, 8].map((index) => isStale(v, index));
    };
    expect(await all({})).toEqual([false, false, true, false, false]);
    expect(await all({ unit: { prefetch: 1 } })).toEqual([false, true, true, true, false]);
  });

  test('without entries everything is fetched; units do not share theirs', async () => {
    const none = await vtd({ unit: { entries: 0 } });
    warm(none, 1);
    expect(isStale(none, 1)).toBe(false);
    const v = await vtd({
      iommus: [1, 2].map((n) => ({ base: 0xfed90000 + n * 0x1000, pi: 1, entries: 4, ways: 1, faultRecords: 1 })),
      scopes: [
        [0, 0xff, 0],
        [0x100, 0xffff, 1],
      ],
    });
    v.entry(1, { vector: 0x41 });
    v.write(0xb8, 0x8007, 1);
    v.write(0x18, 0x01000000, 1);
    v.b.settle();
    v.write(0x18, 0x02000000, 1);
    v.b.settle();
    v.poke(0x8010, ...remapped({ vector: 0x51 }));
    v.send(1, 0);
    v.send(1, 0x100);
    v.send(1, 0);
    expect(v.got().toSorted()).toEqual([0x41, 0x51]);
  });
});
