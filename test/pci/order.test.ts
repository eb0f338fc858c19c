/** The order in which accesses and messages arrive: the guarantees of hardware.md C.6, each by its number. */
import { describe, expect, test } from 'vitest';
import { Machine } from '../../src/machine/library.js';
import { addressOf, APPLY, ARRIVE, Bench, bench, msixBench, TO_ROOT, WAY } from './help.js';

/** Two devices, each with MSI that goes to the CPU of its place. */
async function two(options: Parameters<typeof Machine.create>[0] = {}): Promise<[Bench, Bench]> {
  const machine = await Machine.create({ cpus: 2, ...options, devices: [{ msi: {} }, { msi: {} }] });
  for (const cpu of machine.cpus) cpu.writeMmio(0xfee000f0, 0x1ff, 4);
  const [one, other] = [new Bench(machine), new Bench(machine, machine.device(1))];
  one.program(0, 0x50);
  other.program(1, 0x51);
  return [one, other];
}

test('G1 data that a device has written before its message is visible before the interrupt', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const [b] = await two({ jitter: true, seed, timing: { 'dma.write_visible': { min: 0, default: 1, max: 9000 } } });
    for (let i = 0; i < 4; i++) b.machine.dmaWrite32({ requester: b.device.requester, address: 4 * i, data: 7 });
    b.device.raise();
    while (b.machine.cpu(0).irr.length === 0) b.machine.advance(1);
    expect(new Uint32Array(b.machine.memory.slice(0, 16).buffer)).toEqual(new Uint32Array([7, 7, 7, 7]));
  }
});

describe('G3 a read completes only behind the messages that the device has sent before', () => {
  test.each<[string, (b: Bench) => unknown, number]>([
    ['of configuration space', (b) => b.device.config.read(0, 4), 2700],
    ['of the MSI-X table', (b) => b.device.msixTable.read(0, 4), 2400],
    ['of the pending bits', (b) => b.device.pendingBits.read(0, 4), 2400],
  ])('%s', async (_, read, roundTrip) => {
    const quick = await msixBench(1);
    let start = quick.machine.now;
    quick.device.raise();
    read(quick);
    expect(Number(quick.machine.now - start)).toBe(roundTrip);
    const slow = await bench({ msix: {} }, { timing: { 'msi.dev_to_rc': 20000 } });
    slow.entry(0, 0, 0x40);
    slow.control(0x8000);
    start = slow.machine.now;
    slow.device.raise();
    read(slow);
    expect([Number(slow.machine.now - start), slow.irr[0]]).toEqual([20300, [0x40]]);
  });

  test.each([
    ['irr', 20300],
    ['root-complex', 20000],
    ['none', 2700],
  ] as const)('as far as the assumption push says: %s', async (push, cycles) => {
    const [b] = await two({ assumptions: { push }, timing: { 'msi.dev_to_rc': 20000 } });
    const start = b.machine.now;
    b.device.raise();
    b.device.config.read(0, 4);
    expect(Number(b.machine.now - start)).toBe(cycles);
  });

  test('not behind one that it sends later', async () => {
    const b = await bench({ msix: {} }, { timing: { 'msi.dev_to_rc': 20000, 'mmio.write_arrive': 1300 } });
    b.entry(0, 0, 0x40, true);
    b.control(0x8000);
    b.raise();
    const { readArrival, readCompletion, readPushed } = b.machine.core.exports;
    const value = readArrival(0, 0);
    b.mask(0, false);
    b.machine.advance(value - Number(b.machine.now));
    readCompletion(0, 0);
    b.machine.advance(500);
    expect([b.sampled(), readPushed(0)]).toEqual([[0x40], 0]);
    readCompletion(0, 0);
    expect(readPushed(0)).toBe(Number(b.machine.now) - 400 + 20000);
  });
});

test('G4 after mask and read-back no message comes any more', async () => {
  for (let at = 0; at < 3000; at += 150) {
    const b = await msixBench(1);
    b.machine.advance(at);
    b.device.raise();
    b.mask(0, true);
    b.machine.advance(at);
    b.device.raise();
    b.device.msixTable.read(12, 4);
    const { irr } = b;
    b.raise();
    expect(b.irr).toEqual(irr);
  }
});

test('G5 reading one device says nothing of the messages of another', async () => {
  const [one, other] = await two({ timing: { 'msi.dev_to_rc': 20000 } });
  other.device.raise();
  one.device.config.read(0, 4);
  expect(other.irr[1]).toEqual([]);
  other.device.config.read(0, 4);
  expect(other.irr[1]).toEqual([0x51]);
});

test('G5 relaxed data is not pushed', async () => {
  const [b] = await two({ timing: { 'dma.write_visible': 20000 } });
  const { requester } = b.device;
  b.machine.dmaWrite32({ requester, address: 0, data: 1, relaxed: true });
  b.device.config.read(0, 4);
  expect(b.machine.memory[0]).toBe(0);
  b.machine.dmaWrite32({ requester, address: 4, data: 1 });
  b.device.config.read(0, 4);
  expect(b.machine.memory[4]).toBe(1);
});

describe('G6 a write returns before it is there', () => {
  test('to configuration space, whose register changes after cfg.apply_offset', async () => {
    const b = await bench({ msi: {} });
    const value = (): number => b.machine.core.exports.configRead(0, b.dataAt, 2);
    b.device.config.write(b.dataAt, 0x55, 2);
    b.machine.advance(APPLY - 1);
    expect(value()).toBe(0);
    b.machine.advance(1);
    expect(value()).toBe(0x55);
  });

  test('to the table, after mmio.write_arrive', async () => {
    const b = await bench({ msix: {} });
    const value = (): number => b.machine.core.exports.msixRead(0, 8, 4);
    b.device.msixTable.write(8, 0x55, 4);
    b.machine.advance(ARRIVE - 1);
    expect(value()).toBe(0);
    b.machine.advance(1);
    expect(value()).toBe(0x55);
  });

  test('a read sees it, whatever the latencies', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const b = await bench({ msi: {}, msix: {} }, { jitter: true, seed });
      b.device.msixTable.write(8, seed, 4);
      b.device.config.write(b.dataAt, seed, 2);
      expect([b.device.msixTable.read(8, 4), b.device.config.read(b.dataAt, 2)]).toEqual([seed, seed]);
    }
  });

  test('posted writes stay in order, whatever the latencies', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const b = await bench({ msix: { vectors: 2 } }, { jitter: true, seed });
      for (let n = 0; n < 8; n++) b.device.msixTable.write(8, n, 4);
      b.settle();
      const values = b.machine.events().filter(({ kind }) => kind === 'table');
      expect(values.map(({ data }) => data)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    }
  });

  test('a posted write may pass a config write; a config write passes nothing', async () => {
    const b = await bench({ msi: {}, msix: {} }, { timing: { 'cfg.apply_offset': 5000, 'mmio.write_arrive': 3000 } });
    b.device.config.write(b.dataAt, 1, 2);
    b.device.msixTable.write(8, 2, 4);
    b.settle();
    const swapped = await bench({ msi: {}, msix: {} }, { timing: { 'cfg.apply_offset': 100, 'mmio.write_arrive': 3000 } });
    swapped.device.msixTable.write(8, 2, 4);
    swapped.device.config.write(swapped.dataAt, 1, 2);
    swapped.settle();
    const order = ({ machine }: Bench): unknown[] => machine.events().map(({ time, kind }) => [Number(time), kind]);
    expect([order(b), order(swapped)]).toEqual([
      [
        [3000, 'table'],
        [5000, 'cfg'],
      ],
      [
        [3000, 'table'],
        [3000, 'cfg'],
      ],
    ]);
  });
});

test('G7 messages of different devices have no order', async () => {
  const first = new Set<number>();
  for (let seed = 1; seed <= 20; seed++) {
    const [one, other] = await two({ jitter: true, seed });
    one.device.raise();
    other.device.raise();
    one.settle();
    first.add(one.machine.events().find(({ kind }) => kind === 'accept')!.cpu!);
  }
  expect(first).toEqual(new Set([0, 1]));
});

test('messages of one device stay in order as far as the root complex', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const b = await bench({ msi: { vectors: 8 } }, { jitter: true, seed });
    b.program(0, 0x40, 0x31);
    for (let n = 0; n < 8; n++) b.device.raise(n);
    b.settle();
    const roots = b.machine.events().filter(({ kind }) => kind === 'root');
    expect(roots.map(({ data }) => data)).toEqual([0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47]);
  }
});

test('a snapshot holds accesses and messages in flight', async () => {
  const b = await bench({ msi: {}, msix: { vectors: 2 } });
  b.program(1, 0x51);
  b.device.raise();
  b.device.config.write(b.msi + 4, addressOf(2), 4);
  b.machine.advance(TO_ROOT + 10);
  const before = b.machine.snapshot();
  b.settle();
  b.raise();
  const [digest, { irr }] = [b.machine.digest(), b];
  b.machine.restore(before);
  expect(b.irr).toEqual([[], [], []]);
  b.settle();
  b.raise();
  expect([b.machine.digest(), b.irr, WAY]).toEqual([digest, irr, 1050]);
});
