/** What toy emulators get wrong about IOAPICs (hardware.md H.3). */
import { expect, test } from 'vitest';
import { board, rte, type Board } from './help.js';

const LEVEL = rte.level | 0x51;

/** CPU c takes the interrupt and ends it. */
function serve(b: Board, c = 0): number {
  const vector = b.acknowledge(c);
  b.eoi(c);
  b.settle();
  return vector;
}

test('T29 an edge at a masked pin is lost, a level is looked at again when it is unmasked', async () => {
  const b = await board();
  b.setLow(1, rte.masked | 0x31);
  b.setLow(2, rte.masked | LEVEL);
  b.pulse(1);
  b.pin(2, true);
  b.settle();
  expect(b.diagnostic('edgeLostMasked')).toBe(1);
  b.setLow(1, 0x31);
  b.setLow(2, LEVEL);
  b.settle();
  expect(b.irr()).toEqual([0x51]);
});

test('T30 a held level is sent once, and once more for every EOI', async () => {
  const b = await board();
  b.setLow(2, LEVEL);
  b.pin(2, true);
  b.settle();
  b.advance(100_000);
  for (let eois = 0; eois < 10; eois++) {
    expect(b.counter('accepts')).toBe(eois + 1);
    expect(serve(b)).toBe(0x51);
  }
  b.pin(2, false);
  serve(b);
  b.advance(100_000);
  expect(b.counter('accepts')).toBe(11);
  expect(b.low(2)).toBe(LEVEL);
});

test('T31 an EOI is matched by vector: all level entries that have it, none that does not, whatever the pin', async () => {
  const b = await board({ ioapics: [{}, {}] });
  for (const [pin, i, vector] of [
    [2, 0, 0x51],
    [7, 0, 0x51],
    [2, 1, 0x51],
    [3, 1, 0x52],
  ] as const) {
    b.setLow(pin, rte.level | vector, i);
    b.pin(pin, true, 0, i);
  }
  b.settle();
  for (const [pin, i] of [
    [2, 0],
    [7, 0],
    [2, 1],
    [3, 1],
  ] as const)
    b.pin(pin, false, 0, i);
  const remote = (): number[] => [b.low(2, 0), b.low(7, 0), b.low(2, 1), b.low(3, 1)].map((low) => (low & rte.remoteIrr ? 1 : 0));
  expect(remote()).toEqual([1, 1, 1, 1]);
  expect(serve(b)).toBe(0x52);
  expect(remote()).toEqual([1, 1, 1, 0]);
  expect(serve(b)).toBe(0x51);
  expect(remote()).toEqual([0, 0, 0, 0]);
  // a vector that differs from the one the LAPIC retires, as under remapping when the two are not kept equal
  b.setLow(2, rte.level | 0x31);
  b.pin(2, true);
  b.settle();
  b.write(b.window(0x40), 0x51);
  b.settle();
  expect(b.low(2)).toBe(rte.level | rte.remoteIrr | 0x31);
});

test.each(['trigger mode', 'EOI register'] as const)(
  'T32 a vector changed in service leaves the line dead until software helps: %s',
  async (help) => {
    const b = await board();
    b.setLow(2, LEVEL);
    b.pin(2, true);
    b.settle();
    expect(b.diagnostic('remoteIrrStuck')).toBe(0);
    b.setLow(2, rte.level | 0x61);
    expect(b.diagnostic('remoteIrrStuck')).toBe(1);
    expect(serve(b)).toBe(0x51);
    b.advance(1_000_000);
    expect(b.low(2)).toBe(rte.level | rte.remoteIrr | 0x61);
    expect([b.irr(), b.isr()]).toEqual([[], []]);
    if (help === 'EOI register') {
      b.write(b.window(0x40), 0x61);
    } else {
      b.setLow(2, 0x61);
      b.setLow(2, rte.level | 0x61);
    }
    b.settle();
    expect(b.irr()).toEqual([0x61]);
  },
);

test('T33 a shared line is a set of sources: no source ends what another asserts, and none counts twice', async () => {
  const b = await board();
  b.setLow(2, LEVEL);
  b.pin(2, true, 0);
  b.pin(2, true, 1);
  b.pin(2, false, 0);
  b.pin(2, false, 0);
  b.settle();
  expect(b.irr()).toEqual([0x51]);
  b.pin(2, true, 1);
  b.pin(2, false, 1);
  serve(b);
  b.settle();
  expect(b.irr()).toEqual([]);
  expect(b.low(2)).toBe(LEVEL);
});

test('T34 with the EOI broadcast suppressed remote IRR stays until software writes the EOI register', async () => {
  const b = await board();
  b.lapic(0, 0xf0, 0x11ff);
  b.setLow(2, LEVEL);
  b.pin(2, true);
  b.settle();
  expect(serve(b)).toBe(0x51);
  b.advance(1_000_000);
  expect(b.low(2)).toBe(LEVEL | rte.remoteIrr);
  expect(b.counter('accepts')).toBe(1);
  b.write(b.window(0x40), 0x51);
  b.settle();
  expect(b.counter('accepts')).toBe(2);
});
