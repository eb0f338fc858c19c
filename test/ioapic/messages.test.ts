import { describe, expect, test } from 'vitest';
import { board, rte, type Board } from './help.js';

const LEVEL = rte.level | 0x51;

describe('time (G.2)', () => {
  test('pin to message 60, to the root complex 900, to the LAPIC 300 cycles', async () => {
    const b = await board();
    b.setLow(1, 0x31);
    b.pulse(1);
    b.settle();
    expect(b.events('pin', 'root', 'accept').map(([time, kind]) => [time, kind])).toEqual([
      [60, 'pin'],
      [960, 'root'],
      [1260, 'accept'],
    ]);
  });

  test('each is a setting', async () => {
    const b = await board({ timing: { 'ioapic.pin_to_msg': 1, 'ioapic.to_ir': 2, 'ir.to_lapic': 4 } });
    b.setLow(1, 0x31);
    b.pulse(1);
    b.settle();
    expect(b.now).toBe(7);
  });

  test('with jitter within their ranges, and messages of one IOAPIC for one LAPIC in order (C.6)', async () => {
    const times = new Set<number>();
    for (let seed = 1; seed <= 30; seed++) {
      const b = await board({ jitter: true, seed });
      for (let pin = 0; pin < 8; pin++) b.setLow(pin, 0x31 + pin);
      for (let pin = 0; pin < 8; pin++) {
        b.pulse(pin);
        b.advance(301);
      }
      b.settle();
      const events = b.events('pin', 'accept');
      const accepted = events.filter(([, kind]) => kind === 'accept').map(([, , , v]) => v);
      expect(accepted).toEqual([0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38]);
      const first = events[0]?.[0] ?? 0;
      expect(first).toBeGreaterThanOrEqual(10);
      expect(first).toBeLessThanOrEqual(300);
      times.add(first);
    }
    expect(times.size).toBeGreaterThan(10);
  });
});

describe('EOI broadcast (A.12)', () => {
  /** Pin 2 of each IOAPIC in service at CPU 0 with the vectors given, inactive again. */
  async function inService(vectors: readonly number[], options: Parameters<typeof board>[0] = {}): Promise<Board> {
    const b = await board({ ioapics: vectors.map(() => ({})), ...options });
    vectors.forEach((vector, i) => {
      b.setLow(2, rte.level | vector, i);
      b.pin(2, true, 0, i);
    });
    b.settle();
    vectors.forEach((_, i) => b.pin(2, false, 0, i));
    b.events('pin');
    return b;
  }

  test('reaches every IOAPIC after 900 cycles; until then remote IRR is 1', async () => {
    const b = await inService([0x51, 0x51, 0x61]);
    b.acknowledge();
    b.eoi();
    b.acknowledge();
    const at = b.now;
    b.eoi();
    expect(b.isr()).toEqual([]);
    b.advance(899);
    expect([b.low(2, 0), b.low(2, 1)]).toEqual([LEVEL | rte.remoteIrr, LEVEL | rte.remoteIrr]);
    b.advance(1);
    expect([b.low(2, 0), b.low(2, 1), b.low(2, 2)]).toEqual([LEVEL, LEVEL, rte.level | 0x61]);
    const retired = b.events('retire').map(([time, , i, vector, n]) => [time, i, vector, n]);
    expect(retired.filter(([, , vector]) => vector === 0x51)).toEqual([
      [at + 900, 0, 0x51, 1],
      [at + 900, 1, 0x51, 1],
      [at + 900, 2, 0x51, 0],
    ]);
  });

  test('between the EOI and remote IRR the CPU may take another interrupt (A.12 step 6)', async () => {
    const b = await inService([0x51]);
    expect(b.acknowledge()).toBe(0x51);
    b.dma(1, 0xfee00000, 0x4041);
    b.settle();
    b.eoi();
    expect(b.acknowledge()).toBe(0x41);
    expect(b.isr()).toEqual([0x41]);
    expect(b.low(2) & rte.remoteIrr).not.toBe(0);
    b.settle();
    expect(b.low(2)).toBe(LEVEL);
    expect(b.isr()).toEqual([0x41]);
  });

  test('an edge-triggered vector broadcasts nothing', async () => {
    const b = await board();
    b.setLow(2, 0x31);
    b.pulse(2);
    b.settle();
    b.acknowledge();
    b.eoi();
    b.settle();
    expect(b.events('retire')).toEqual([]);
  });

  test('finds the pool full: it arrives at once, and is not lost', async () => {
    const b = await inService([0x51], { messages: 2 });
    b.acknowledge();
    b.dma(1, 0, 1);
    b.dma(1, 0, 1);
    b.eoi();
    expect(b.low(2)).toBe(LEVEL);
  });

  test('each on its own way: with jitter IOAPICs hear of it at different times (T7)', async () => {
    const b = await inService([0x51, 0x51], { jitter: true, timing: { 'ioapic.eoi_broadcast': { min: 1, default: 900, max: 3000 } } });
    b.acknowledge();
    b.eoi();
    b.settle();
    expect(new Set(b.events('retire').map(([time]) => time)).size).toBe(2);
  });
});

describe('a full pool of messages', () => {
  test('holds a pin back: its edge stays latched, and it looks again', async () => {
    const b = await board({ messages: 1 });
    b.setLow(1, 0x31);
    b.dma(1, 0xfee01000, 0x4044);
    b.pulse(1);
    b.advance(1049);
    expect(b.events('pin')).toEqual([]);
    expect(b.low(1)).toBe(0x31 | rte.pending);
    expect(b.settle()).toBe(true);
    expect([b.irr(0), b.irr(1)]).toEqual([[0x31], [0x44]]);
  });

  test('a level that becomes inactive meanwhile is not sent', async () => {
    const b = await board({ messages: 1 });
    b.setLow(1, LEVEL);
    b.dma(1, 0xfee01000, 0x4044);
    b.pin(1, true);
    b.advance(500);
    b.pin(1, false);
    b.settle();
    expect(b.irr(0)).toEqual([]);
  });
});

describe('delivery modes that are no vectors (B.3, A.6.2)', () => {
  test('lowest priority: one of the logical set', async () => {
    const b = await board();
    b.lapic(0, 0xd0, 0x01000000);
    b.lapic(1, 0xd0, 0x02000000);
    b.setDestination(1, 3);
    for (const vector of [0x30, 0x31]) {
      b.setLow(1, rte.logical | 0x100 | vector);
      b.pulse(1);
      b.settle();
    }
    expect([b.irr(0), b.irr(1)]).toEqual([[0x30], [0x31]]);
  });

  test.each([
    ['SMI', 2, 'smi'],
    ['NMI', 4, 'nmi'],
    ['INIT', 5, 'init'],
    ['ExtINT', 7, 'extInt'],
  ] as const)('%s reaches its CPU, sets no IRR bit and is accepted', async (_, mode, event) => {
    const b = await board();
    b.setLow(1, mode << 8);
    b.pulse(1);
    b.settle();
    expect(b.cpuEvent(0, event)).toBe(1);
    expect(b.irr(0)).toEqual([]);
    expect(b.low(1)).toBe(mode << 8);
    b.advance(100_000);
    expect(b.events('pin')).toHaveLength(1);
  });
});

test('what a core drops has been accepted by its LAPIC: an NMI to a CPU that waits for SIPI is not tried again (A.5)', async () => {
  const b = await board();
  b.setDestination(1, 1);
  b.setLow(1, 0x400);
  b.pulse(1);
  b.settle();
  expect(b.low(1)).toBe(0x400);
  b.advance(100_000);
  expect(b.events('pin')).toHaveLength(1);
  expect(b.cpuEvent(1, 'nmi')).toBe(0);
});

test('a snapshot holds pins, requests, retries, data and messages in flight: a restored machine goes on identically', async () => {
  const busy = (b: Board): void => {
    b.setLow(1, LEVEL);
    b.setLow(2, 0x31);
    b.setLow(3, rte.level | 0x61);
    b.setDestination(3, 9);
    b.setLow(4, rte.level | 0x71, 1);
    for (const pin of [1, 2, 3]) b.pin(pin, true);
    b.pin(4, true, 0, 1);
    b.settle();
    b.acknowledge();
    b.eoi();
    b.acknowledge();
    b.eoi();
    b.dma(1, 0x80, 0xabcd);
    b.dma(1, 0xfee01000, 0x4044);
    b.pin(2, false);
    b.pin(2, true);
  };
  const options = { ioapics: [{}, {}], jitter: true };
  const b = await board(options);
  busy(b);
  for (let cycle = 0; cycle < 20; cycle++) {
    const block = b.snapshot();
    const rest = (machine: Board): string[] => {
      machine.advance(9000);
      return [machine.digest(), String(machine.irr(0)), String(machine.irr(1)), String(machine.memory(0x80))];
    };
    const once = rest(b);
    const other = await board({ ...options, seed: 7 });
    other.advance(12_345);
    other.restore(block);
    expect(rest(other)).toEqual(once);
    b.restore(block);
    b.advance(131);
  }
});
