/** What is commonly got wrong about devices: hardware.md H.1 and H.4, each trap by its number. */
import { describe, expect, test } from 'vitest';
import { Machine } from '../../src/machine/library.js';
import { addressOf, APPLY, ARRIVE, Bench, bench, msixBench, TO_ROOT, WAY } from './help.js';

describe('H.1 time and ordering', () => {
  test('T1 a message on its way goes to the CPU that was its target when it was sent', async () => {
    const b = await bench({ msi: {} });
    b.program(0, 0x51);
    b.device.config.write(b.msi + 4, addressOf(1), 4);
    b.machine.advance(APPLY - 10);
    b.device.raise();
    b.machine.advance(WAY - 1);
    expect(b.irr).toEqual([[], [], []]);
    b.machine.advance(1);
    expect(b.irr).toEqual([[0x51], [], []]);
    b.settle();
    b.raise();
    expect(b.irr).toEqual([[0x51], [0x51], []]);
  });

  test('T1 raise, sample, root complex and acceptance are steps apart', async () => {
    const b = await bench({ msi: {} });
    b.program(0, 0x51);
    b.machine.events();
    const start = b.machine.now;
    b.raise();
    expect(b.machine.events().map(({ time, kind }) => [Number(time - start), kind])).toEqual([
      [0, 'raise'],
      [0, 'sample'],
      [TO_ROOT, 'root'],
      [WAY, 'accept'],
    ]);
  });

  test('T2 nor does new data change it', async () => {
    const b = await bench({ msi: {} });
    b.program(0, 0x51);
    b.device.config.write(b.dataAt, 0x52, 2);
    b.machine.advance(APPLY - 10);
    b.device.raise();
    b.settle();
    expect(b.irr[0]).toEqual([0x51]);
  });

  /** A device that raises `at` cycles behind the first of the writes, which are made as said. */
  async function raisedAt(at: number, writes: readonly (readonly [number, (b: Bench) => void])[]): Promise<string> {
    const b = await bench({ msi: {} });
    b.program(1, 0x51);
    const start = Number(b.machine.now);
    for (const [cycle, step] of [...writes, [at, () => b.device.raise()] as const].toSorted(([one], [other]) => one - other)) {
      b.machine.advance(BigInt(start + cycle) - b.machine.now);
      step(b);
    }
    b.settle();
    return b.irr.flatMap((vectors, c) => vectors.map((v) => `CPU ${c} vector ${v.toString(16)}`)).join();
  }
  const address = (b: Bench): unknown => b.device.config.write(b.msi + 4, addressOf(2), 4);
  const data = (b: Bench): unknown => b.device.config.write(b.dataAt, 0x52, 2);

  test('T3 two config writes leave a window in which a torn message goes out', async () => {
    const windows = [1100, 1300, 3500, 3700].map((at) =>
      raisedAt(at, [
        [0, address],
        [2400, data],
      ]),
    );
    expect(await Promise.all(windows)).toEqual(['CPU 1 vector 51', 'CPU 2 vector 51', 'CPU 2 vector 51', 'CPU 2 vector 52']);
  });

  test('T3 with the new vector first on the old CPU there is no such pair', async () => {
    const windows = [1100, 1300, 3500, 3700].map((at) =>
      raisedAt(at, [
        [0, data],
        [2400, address],
      ]),
    );
    expect(await Promise.all(windows)).toEqual(['CPU 1 vector 51', 'CPU 1 vector 52', 'CPU 1 vector 52', 'CPU 2 vector 52']);
  });

  test('T4 a read-back says that messages are past the root complex, not that they are in the IRR', async () => {
    const b = await bench({ msi: { maskable: true } }, { assumptions: { push: 'root-complex' }, timing: { 'ir.to_lapic': 5000 } });
    b.program(0, 0x51);
    const start = b.machine.now;
    b.device.raise();
    b.device.config.write(b.maskAt, 1, 4);
    b.device.config.read(b.maskAt, 4);
    expect(b.machine.now - start).toBe(2700n);
    expect(b.irr[0]).toEqual([]);
    b.machine.advance(TO_ROOT + 5000 - 2700);
    expect(b.irr[0]).toEqual([0x51]);
    b.raise();
    expect([b.machine.events().filter(({ kind }) => kind === 'sample').length, b.device.pending]).toEqual([1, [0]]);
  });

  /** Whether the handler finds new data, over many latencies of a DMA write that is slow. */
  async function fresh(relaxed: boolean): Promise<Set<boolean>> {
    const seen = new Set<boolean>();
    for (let seed = 1; seed <= 30; seed++) {
      const b = await bench({ msi: {} }, { jitter: true, seed, timing: { 'dma.write_visible': { min: 3000, default: 7500, max: 20000 } } });
      b.program(0, 0x51);
      b.machine.dmaWrite32({ requester: b.device.requester, address: 0x40, data: 7, relaxed });
      b.device.raise();
      while (b.machine.cpu(0).pendingVector() === undefined) b.machine.advance(10);
      seen.add(b.machine.memory[0x40] === 7);
    }
    return seen;
  }

  test('T5 a message stays behind the data that its device wrote before', async () => {
    expect(await fresh(false)).toEqual(new Set([true]));
  });

  test('T5 with relaxed ordering on the data it does not', async () => {
    expect(await fresh(true)).toContain(false);
  });

  test('T5 nor behind the data of another device', async () => {
    const machine = await Machine.create({ devices: [{ msi: {} }, { msi: {} }], timing: { 'dma.write_visible': 7500 } });
    machine.cpu(0).writeMmio(0xfee000f0, 0x1ff, 4);
    const b = new Bench(machine, machine.device(1));
    b.program(0, 0x51);
    machine.dmaWrite32({ requester: machine.device(0).requester, address: 0x40, data: 7 });
    b.device.raise();
    machine.advance(WAY);
    expect([machine.cpu(0).irr, machine.memory[0x40]]).toEqual([[0x51], 0]);
  });
});

describe('H.4 MSI and MSI-X', () => {
  test('T36 events at a masked MSI-X entry are one message when it is unmasked', async () => {
    const b = await msixBench(1);
    b.mask(0, true);
    b.settle();
    for (let i = 0; i < 3; i++) b.raise();
    expect(b.irr[0]).toEqual([]);
    b.mask(0, false);
    b.settle();
    expect([b.irr[0], b.sampled()]).toEqual([[0x40], [0x40]]);
  });

  test('T37 plain MSI has nothing that holds an event: disabled, raised, enabled, it is lost', async () => {
    const b = await bench({ msi: {} });
    b.program(0, 0x51);
    b.device.config.write(b.msi + 2, 0, 2);
    b.settle();
    b.raise();
    b.device.config.write(b.msi + 2, 1, 2);
    b.settle();
    expect([b.irr[0], b.device.pending]).toEqual([[], []]);
  });

  test('T38 clearing the function mask looks for pending bits', async () => {
    const b = await msixBench(40);
    b.control(0xc000);
    b.raise(37);
    expect(b.device.pendingBits.read(0, 8)).toBe(1n << 37n);
    b.control(0x8000);
    expect([b.irr[0], b.device.pending]).toEqual([[0x40 + 37], []]);
  });

  test('T39 an entry edited live: a function that latches sends the old one until it is unmasked again', async () => {
    const b = await msixBench(1, { msix: { entryCache: 'latch-at-unmask' } });
    b.device.msixTable.write(0, addressOf(1), 8);
    b.device.msixTable.write(8, 0x61, 4);
    b.settle();
    b.raise();
    expect(b.irr).toEqual([[0x40], [], []]);
    b.mask(0, true);
    b.mask(0, false);
    b.settle();
    b.raise();
    expect(b.irr).toEqual([[0x40], [0x61], []]);
  });

  test('T40 a mask that is written is still on its way: until a read-back the old entry may go out', async () => {
    const b = await msixBench(1);
    b.mask(0, true);
    b.machine.advance(ARRIVE - 1);
    b.device.raise();
    b.machine.advance(1);
    b.device.raise();
    b.settle();
    expect([b.irr[0], b.sampled(), b.device.pending]).toEqual([[0x40], [0x40], [0]]);
  });

  test('T40 behind the read-back nothing more comes, and what was sent has arrived', async () => {
    const b = await msixBench(1);
    b.device.raise();
    b.mask(0, true);
    expect(b.device.msixTable.read(12, 4)).toBe(1);
    expect(b.irr[0]).toEqual([0x40]);
    b.raise();
    expect(b.sampled()).toEqual([0x40]);
  });

  test('T41 of several messages the vector number replaces the low bits of data, also where those are not zero', async () => {
    const b = await bench({ msi: { vectors: 4 } });
    b.program(0, 0x41, 0x21);
    for (let n = 0; n < 4; n++) b.raise(n);
    expect(b.sampled()).toEqual([0x40, 0x41, 0x42, 0x43]);
  });

  test('T41 of those that software has not enabled, low bits of the number count', async () => {
    const b = await bench({ msi: { vectors: 8 } });
    b.program(0, 0x41, 0x11);
    for (let n = 0; n < 4; n++) b.raise(n);
    expect(b.sampled()).toEqual([0x40, 0x41, 0x40, 0x41]);
  });

  describe('T42 a destination of 15 bits', () => {
    const at = async (address: number, virtExtDestId: boolean): Promise<number[]> => {
      const machine = await Machine.create({ apicIds: [0, 44, 300], pci: { virtExtDestId } });
      for (const cpu of machine.cpus) cpu.writeMsr(0x80f, 0x1ff);
      machine.dmaWrite32({ address, data: 0x51 });
      machine.settle();
      return machine.cpus.filter(({ irr }) => irr.length > 0).map(({ index }) => index);
    };
    const to300 = addressOf(300 & 0xff) + ((300 >> 8) << 5);

    test('exists where the platform says so and the format bit is 0', async () => {
      expect(await at(to300, true)).toEqual([2]);
      expect(await at(to300, false)).toEqual([1]);
    });

    test('is none with the format bit 1', async () => {
      expect(await at(to300 + 0x10, true)).toEqual([1]);
    });
  });
});
