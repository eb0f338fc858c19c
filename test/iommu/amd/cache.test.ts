import { describe, expect, test } from 'vitest';
import { AmdEvent, AmdReg } from '../../../src/core/index.js';
import { amd, command, PAGE, tableOf, type Amd, type AmdOptions } from './help.js';

async function warm(options: AmdOptions = {}, devices: readonly number[] = [1]): Promise<Amd> {
  const a = await amd(options);
  for (const device of devices) {
    a.device(device);
    for (const index of [3, 5]) {
      a.entry(device, index, { vector: 0x40 });
      a.send(device, index);
    }
  }
  a.got();
  return a;
}

/** Whether the entry that was cached is used, though memory has another. */
function isStale(a: Amd, device: number, index: number): boolean {
  a.entry(device, index, { vector: 0x90 });
  return a.reaches(device, index)[0] !== 0x90;
}

describe('remapping entries (F.4)', () => {
  test('are cached by device and index; a use of what memory has no more is counted', async () => {
    const a = await warm({}, [1, 2]);
    expect([isStale(a, 1, 3), isStale(a, 2, 3), isStale(a, 1, 4)]).toEqual([true, true, false]);
    expect([a.machine.diagnostics.staleIrteUsed, a.machine.diagnostics.useAfterFreeIrte]).toEqual([2, 0]);
    a.entry(1, 5, { remapEn: 0 });
    expect([a.reaches(1, 5), a.machine.diagnostics.useAfterFreeIrte]).toEqual([[0x40], 1]);
  });

  test('T60 INVALIDATE_INTERRUPT_TABLE drops all of one device, and of that device only', async () => {
    const a = await warm({}, [1, 2]);
    a.run(command.interrupts(1));
    a.events();
    for (const device of [1, 2]) for (const index of [3, 5]) a.send(device, index);
    expect(a.events('remap').map(({ index, hit }) => [index, hit])).toEqual([
      [3, false],
      [5, false],
      [3, true],
      [5, true],
    ]);
  });

  test('that are not usable are not cached', async () => {
    const a = await warm();
    a.entry(1, 7, { remapEn: 0 });
    a.entry(1, 8, { bits: 0x1c });
    for (const index of [7, 8]) expect(a.reaches(1, index)).toEqual([]);
    expect([isStale(a, 1, 7), isStale(a, 1, 8)]).toEqual([false, false]);
  });

  test.each([true, false])('IRTCacheDis: they are not cached at all (set after reset: %s)', async (irtCacheDis) => {
    const a = await warm(irtCacheDis ? { unit: { cache: { irtCacheDis } }, controlHigh: 0x8000000 } : { controlHigh: 0x8000000 });
    expect([isStale(a, 1, 3), a.machine.diagnostics.staleIrteUsed]).toEqual([false, 0]);
  });

  test('IRTCacheDis is what the option says until software writes control', async () => {
    const a = await amd({
      iommus: [
        { type: 'amd', cache: { irtCacheDis: true }, scope: { requesters: [1] } },
        { type: 'amd', cache: { irtCacheDis: true } },
      ],
    });
    expect(a.machine.iommu(1).read(AmdReg.control, 8)).toBe(0x800_0000_0000_0000n);
  });

  test('with random eviction an update may be seen without invalidation, or not (T43)', async () => {
    const a = await amd({ unit: { cache: { randomEvict: true } } });
    a.device(1);
    const outcomes = new Set<boolean>();
    for (let i = 0; i < 60; i++) {
      a.entry(1, 3, { vector: 0x40 });
      a.run(command.interrupts(1));
      a.reaches(1, 3);
      outcomes.add(isStale(a, 1, 3));
    }
    expect([...outcomes].toSorted()).toEqual([false, true]);
  });

  test('the least recently used of a set goes first', async () => {
    const a = await amd({ unit: { cache: { entries: 2, ways: 2 } } });
    a.device(1);
    for (const index of [3, 4, 3, 5]) {
      a.entry(1, index, { vector: 0x40 });
      a.reaches(1, index);
    }
    expect([isStale(a, 1, 3), isStale(a, 1, 4)]).toEqual([true, false]);
  });

  test('a miss takes a fetch for the device and one for the entry, a hit takes ir.hit (G.2)', async () => {
    const a = await amd({ timing: {} });
    a.device(1);
    for (const index of [3, 5]) a.entry(1, index, { vector: 0x51 });
    for (const [index, lookup] of [
      [3, 600],
      [5, 300],
      [5, 30],
    ] as const) {
      const from = a.machine.now;
      a.send(1, index);
      expect(Number(a.machine.now - from)).toBe(750 + lookup + 300);
    }
  });
});

describe('device table entries (F.4)', () => {
  test('are cached, valid or not; INVALIDATE_DEVTAB_ENTRY drops that of one device', async () => {
    const a = await amd();
    for (const device of [1, 2]) expect(a.reaches(device, 0x45)).toEqual([0x45]);
    for (const device of [1, 2]) a.device(device, { intCtl: 0 });
    expect([a.reaches(1, 0x45), a.reaches(2, 0x45), a.machine.diagnostics.staleIrteUsed]).toEqual([[0x45], [0x45], 2]);
    a.run(command.device(1));
    expect([a.reaches(1, 0x45), a.reaches(2, 0x45)]).toEqual([[], [0x45]]);
  });

  test('a new table needs both: the device entry alone leaves the remapping entries of the old one', async () => {
    const a = await warm();
    a.device(1, { table: tableOf(2) });
    a.entry(2, 3, { vector: 0x77 });
    expect(a.reaches(1, 3)).toEqual([0x40]);
    a.run(command.device(1));
    expect(a.reaches(1, 3)).toEqual([0x40]);
    a.run(command.interrupts(1));
    expect(a.reaches(1, 3)).toEqual([0x77]);
  });

  test('one that is pushed out by others is fetched anew', async () => {
    const a = await amd({ unit: { cache: { deviceEntries: 1 } } });
    a.reaches(1, 0x45);
    a.reaches(2, 0x45);
    a.device(1, { intCtl: 0 });
    expect(a.reaches(1, 0x45)).toEqual([]);
  });

  test('INVALIDATE_ALL drops all of both', async () => {
    const a = await warm({}, [1, 2]);
    a.device(2, { intCtl: 0 });
    a.run(command.all);
    expect([isStale(a, 1, 3), a.reaches(2, 3)]).toEqual([false, []]);
  });
});

describe('of a guest (F.4)', () => {
  test('IsRun, destination and tag are not cached, all else is', async () => {
    const a = await amd({ guest: true });
    a.device(1);
    a.guest(1, 5, { vector: 0x41, running: true, dest: 3 });
    a.send(1, 5);
    a.events();
    a.guest(1, 5, { vector: 0x42, running: true, dest: 7 });
    a.send(1, 5);
    const [remap, post] = a.events('remap', 'post');
    expect([remap!.hit, post!.vector, post!.destination, a.machine.diagnostics.staleIrteUsed]).toEqual([true, 0x41, 7, 1]);
    a.guest(1, 5, { vector: 0x41, running: false, dest: 7 });
    a.send(1, 5);
    expect([a.events('post')[0]!.notified, a.machine.diagnostics.staleIrteUsed]).toEqual([false, 1]);
    expect(a.peek(PAGE + 0x220)).toBe(2);
    expect(a.log().map(({ code }) => code)).not.toContain(AmdEvent.ioPageFault);
  });
});
