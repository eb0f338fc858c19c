import { describe, expect, test } from 'vitest';
import { FaultReason, VtdReg } from '../../src/core/index.js';
import { handle, PID, posted, remapped, vtd, type Vtd, type VtdOptions } from './help.js';

const PFO = 1;
const PPF = 2;
const FPD = 2n;

interface Case {
  readonly reason: keyof typeof FaultReason;
  readonly what: string;
  readonly options?: VtdOptions;
  /** makes the entry, with FPD if asked for, and sends */
  readonly act: (v: Vtd, fpd: bigint) => void;
}

const entry =
  (low: bigint, high = 0n) =>
  (v: Vtd, fpd: bigint) => {
    v.raw(1, low | fpd, high);
    v.send(1);
  };

const good = 0x410001n;
/** A posted entry and what stands in its descriptor. */
const descriptor =
  (control: bigint, further = 0n) =>
  (v: Vtd, fpd: bigint) => {
    v.raw(1, posted(PID, { vector: 0x42 })[0] | fpd, 0n);
    v.poke(PID + 32, control, further);
    v.send(1);
  };

const unqualified: readonly Case[] = [
  { reason: 'requestReserved', what: 'SHV and data above 16 bits', act: (v) => void (v.b.dma(0, handle(1, true), 0x10000), v.b.settle()) },
  { reason: 'indexBeyondTable', what: 'an index behind the table', act: (v) => v.send(256) },
  { reason: 'irteUnreadable', what: 'no memory at the entry', options: { memory: 0x4000 }, act: (v) => v.send(1) },
  { reason: 'compatibilityBlocked', what: 'compatibility format', act: (v) => void (v.b.dma(0, 0xfee00000, 0x41), v.b.settle()) },
];

const qualified: readonly Case[] = [
  { reason: 'notPresent', what: 'P=0', act: entry(0x410000n) },
  { reason: 'irteReserved', what: 'bit 12', act: entry(good | 0x1000n) },
  { reason: 'irteReserved', what: 'bit 24', act: entry(good | (1n << 24n)) },
  { reason: 'irteReserved', what: 'bit 84', act: entry(good, 1n << 20n) },
  { reason: 'irteReserved', what: 'bit 127', act: entry(good, 1n << 63n) },
  { reason: 'irteReserved', what: 'delivery mode 3', act: entry(good | (3n << 5n)) },
  { reason: 'irteReserved', what: 'delivery mode 6', act: entry(good | (6n << 5n)) },
  { reason: 'irteReserved', what: 'destination bit 0 without EIME', act: entry(good | (1n << 32n)) },
  { reason: 'irteReserved', what: 'SVT 3', act: entry(good, 3n << 18n) },
  { reason: 'irteReserved', what: 'posted, bit 2', act: entry(0x8001n | 4n) },
  { reason: 'irteReserved', what: 'posted, bit 37', act: entry(0x8001n | (1n << 37n)) },
  { reason: 'irteReserved', what: 'posted, bit 84', act: entry(0x8001n, 1n << 20n) },
  { reason: 'irteReserved', what: 'posted without CAP.PI', options: { unit: { pi: 0 } }, act: entry(0x8001n) },
  { reason: 'sourceInvalid', what: 'another requester', act: entry(good, (1n << 18n) | 5n) },
  { reason: 'pidUnreadable', what: 'a descriptor outside of memory', act: entry(0x8001n | (0x40000n << 32n)) },
  { reason: 'pidReserved', what: 'descriptor bit 258', act: descriptor(4n) },
  { reason: 'pidReserved', what: 'descriptor bit 287', act: descriptor(1n << 31n) },
  { reason: 'pidReserved', what: 'descriptor bit 320', act: descriptor(0n, 1n) },
];

describe('reasons (D.6)', () => {
  test.each([...unqualified, ...qualified])('$reason: $what', async ({ reason, options, act }) => {
    const v = await vtd(options);
    act(v, 0n);
    expect([v.faults(), v.b.irr(), v.b.irr(1)]).toEqual([[FaultReason[reason]], [], []]);
  });

  test.each(qualified)(
    'T55 FPD hides the record of $reason ($what), the request is blocked all the same',
    async ({ reason, options, act }) => {
      const v = await vtd(options);
      act(v, FPD);
      expect([v.faults(), v.b.irr(), v.read(VtdReg.fsts)]).toEqual([[], [], 0]);
      expect(v.b.events('fault').map(([, , , b]) => b >>> 16)).toEqual([FaultReason[reason]]);
    },
  );

  test('the order of checks: P, source, format (D.3)', async () => {
    const v = await vtd();
    v.raw(1, 0x1000n, (1n << 18n) | 5n);
    v.raw(2, good | 0x1000n, (1n << 18n) | 5n);
    v.send(1);
    v.send(2);
    expect(v.faults()).toEqual([FaultReason.notPresent, FaultReason.sourceInvalid]);
  });

  test('available bits 11:8 are not reserved, with EIME no destination bit is', async () => {
    const v = await vtd({ eime: true });
    v.raw(1, good | 0xf00n | (0xffffffffn << 32n), 0n);
    v.send(1);
    expect(v.faults()).toEqual([]);
  });
});

describe('records (D.7)', () => {
  test('hold index, requester and reason; ones written to F free them', async () => {
    const v = await vtd();
    v.send(9, 0x1234);
    expect(v.record(0)).toEqual({ reason: 0x22, requester: 0x1234, index: 9 });
    expect(v.read(VtdReg.fsts)).toBe(PPF);
    v.write(VtdReg.frcd + 8, 0xffffffff);
    v.write(VtdReg.frcd + 12, 0x7fffffff);
    expect(v.read(VtdReg.fsts)).toBe(PPF);
    v.write(VtdReg.frcd + 12, 0x80000000);
    expect([v.record(0), v.read(VtdReg.fsts)]).toEqual([undefined, 0]);
  });

  test('are used in a circle; FRI is the one that came first', async () => {
    const v = await vtd({ unit: { faultRecords: 3 } });
    v.send(1);
    v.send(2);
    v.faults();
    v.send(3);
    v.send(4);
    expect([v.record(2)?.index, v.record(0)?.index, v.read(VtdReg.fsts)]).toEqual([3, 4, PPF | (2 << 8)]);
  });

  test('T56 with all pending the next fault is lost: PFO, and nothing is recorded until that is cleared', async () => {
    const v = await vtd({ unit: { faultRecords: 2 } });
    for (const index of [1, 2, 3]) v.send(index);
    expect([v.record(0)?.index, v.record(1)?.index, v.read(VtdReg.fsts)]).toEqual([1, 2, PFO | PPF]);
    v.faults();
    v.send(4);
    expect([v.faults(), v.read(VtdReg.fsts) & PFO]).toEqual([[], PFO]);
    v.write(VtdReg.fsts, PFO);
    v.send(5);
    expect(v.record(0)?.index).toBe(5);
  });

  test('with collapse a requester has at most one pending', async () => {
    const v = await vtd({ unit: { collapse: 1 } });
    v.send(1, 7);
    v.send(2, 7);
    v.send(3, 8);
    expect([v.record(0)?.index, v.record(1)?.index, v.record(2)]).toEqual([1, 3, undefined]);
  });

  test('the index of a fault behind a subhandle is the sum', async () => {
    const v = await vtd();
    v.b.dma(0, handle(8, true), 3);
    v.b.settle();
    expect(v.record(0)?.index).toBe(11);
  });
});

describe('the fault event (D.7.3)', () => {
  const IM = 0x80000000;
  const IP = 0x40000000;

  async function listening(options: VtdOptions = {}): Promise<Vtd> {
    const v = await vtd(options);
    v.write(VtdReg.fedata, 0x4071);
    v.write(VtdReg.feaddr, 0xfee01000);
    v.write(VtdReg.fectl, 0);
    return v;
  }

  test('is sent for the first condition and not again while one is up', async () => {
    const v = await listening();
    v.send(1);
    expect([v.got(1), v.read(VtdReg.fectl)]).toEqual([[0x71], 0]);
    v.send(2);
    expect(v.got(1)).toEqual([]);
    v.faults();
    v.send(3);
    expect(v.got(1)).toEqual([0x71]);
  });

  test('is kept while masked and sent on unmask', async () => {
    const v = await listening();
    v.write(VtdReg.fectl, IM);
    v.send(1);
    expect([v.got(1), v.read(VtdReg.fectl)]).toEqual([[], (IM | IP) >>> 0]);
    v.write(VtdReg.fectl, 0);
    v.b.settle();
    expect([v.got(1), v.read(VtdReg.fectl)]).toEqual([[0x71], 0]);
  });

  test('is withdrawn where all conditions are cleared first', async () => {
    const v = await listening();
    v.write(VtdReg.fectl, IM);
    v.send(1);
    v.faults();
    v.write(VtdReg.fectl, 0);
    v.b.settle();
    expect([v.got(1), v.read(VtdReg.fectl)]).toEqual([[], 0]);
  });

  test('is never remapped or posted, and reaches 32-bit ids with EIME (D.2, D.3.4)', async () => {
    const v = await listening({ eime: true, x2apicIds: [0, 0x12301] });
    v.write(VtdReg.feuaddr, 0x12300);
    v.send(1);
    expect([v.b.irr(1), v.faults()]).toEqual([[0x71], [0x22]]);
  });

  test('waits for room in a full pool', async () => {
    const v = await listening({ messages: 2, timing: { 'ir.to_lapic': 5000 } });
    v.raw(2, ...remapped({ vector: 0x44 }));
    v.b.dma(0, handle(1), 0);
    v.b.dma(0, handle(2), 0);
    v.b.advance(1060);
    v.b.dma(0, handle(2), 0);
    v.b.settle();
    expect(v.got(1)).toEqual([0x71]);
  });
});
