/** Configuration space and MSI-X tables as software sees them (hardware.md C.1, C.2), and power states. */
import { describe, expect, test } from 'vitest';
import { Machine, type DeviceOptions } from '../../src/machine/library.js';
import { APPLY, bench, msixBench } from './help.js';

/** Dwords of the MSI capability when all its bits are written with ones, and then with zeros. */
async function msiDwords(msi: NonNullable<DeviceOptions['msi']>): Promise<[number[], number[]]> {
  const b = await bench({ msi });
  const all = (): number[] => Array.from({ length: 6 }, (_, i) => b.device.config.read(b.msi + 4 * i, 4));
  const write = (value: number): void => [0, 4, 8, 12, 16, 20].forEach((at) => b.device.config.write(b.msi + at, value, 4));
  write(0xffffffff);
  const ones = all();
  write(0);
  return [ones, all()];
}

describe('the MSI capability (C.1)', () => {
  test.each<[NonNullable<DeviceOptions['msi']>, number[], number]>([
    [{ address64: false }, [0x00010005, 0xfffffffc, 0xffff, 0, 0, 0], 0x00000005],
    [{}, [0x00810005, 0xfffffffc, 0xffffffff, 0xffff, 0, 0], 0x00800005],
    [{ address64: false, maskable: true, vectors: 4 }, [0x01250005, 0xfffffffc, 0xffff, 0xf, 0, 0], 0x01040005],
    [{ maskable: true, vectors: 32 }, [0x01db0005, 0xfffffffc, 0xffffffff, 0xffff, 0xffffffff, 0], 0x018a0005],
  ])('%o', async (msi, written, header) => {
    expect(await msiDwords(msi)).toEqual([written, [header, 0, 0, 0, 0, 0]]);
  });

  test('bytes and words of a register at any place; the others stay', async () => {
    const b = await bench({ msi: {} });
    const { config } = b.device;
    config.write(b.msi + 4, 0x11223344, 4);
    config.write(b.msi + 5, 0xaa, 1);
    config.write(b.msi + 6, 0xbbcc, 2);
    expect(config.read(b.msi + 4, 4)).toBe(0xbbccaa44);
    config.write(b.msi + 7, 0xeeff, 2);
    expect([config.read(b.msi + 4, 4), config.read(b.msi + 8, 4), config.read(b.msi + 7, 2)]).toEqual([0xffccaa44, 0xee, 0xeeff]);
  });

  test('a read that crosses a dword', async () => {
    const b = await bench({ msi: {} });
    b.device.config.write(b.msi + 4, 0x11223344, 4);
    b.device.config.write(b.msi + 8, 0x55667788, 4);
    expect(b.device.config.read(b.msi + 6, 4)).toBe(0x77881122);
  });
});

describe('the capability list', () => {
  const chain = async (options: DeviceOptions): Promise<number[][]> => {
    const { config } = (await Machine.create({ devices: [options] })).device(0);
    expect(config.read(6, 2) & 0x10).toBe(0x10);
    const found: number[][] = [];
    for (let at = config.read(0x34, 1); at !== 0; at = config.read(at + 1, 1)) found.push([config.read(at, 1), at]);
    return found;
  };

  test('has power management, MSI and MSI-X, as far as the device does', async () => {
    expect(await chain({})).toEqual([[1, 0x40]]);
    expect((await chain({ msi: {} })).map(([id]) => id)).toEqual([1, 5]);
    expect((await chain({ msix: {} })).map(([id]) => id)).toEqual([1, 0x11]);
    expect((await chain({ msi: {}, msix: {} })).map(([id]) => id)).toEqual([1, 5, 0x11]);
  });

  test('says where the port says it is', async () => {
    const { capabilities } = (await Machine.create({ devices: [{ msi: {}, msix: {} }] })).device(0);
    expect(await chain({ msi: {}, msix: {} })).toEqual([
      [1, capabilities.power],
      [5, capabilities.msi],
      [0x11, capabilities.msix],
    ]);
  });
});

describe('MSI-X (C.2)', () => {
  test('message control: table size less one, function mask and enable', async () => {
    const b = await bench({ msix: { vectors: 2048 } });
    const { config } = b.device;
    expect(config.read(b.msix + 2, 2)).toBe(0x7ff);
    config.write(b.msix + 2, 0xffff, 2);
    expect([config.read(b.msix + 2, 2), config.read(b.msix + 4, 4), config.read(b.msix + 8, 4)]).toEqual([0xc7ff, 0, 0x8000]);
  });

  test('an entry: masked at first, address bits 1:0 are 0, vector control has one bit', async () => {
    const { msixTable } = (await bench({ msix: { vectors: 3 } })).device;
    const entry = (n: number): number[] => [0, 4, 8, 12].map((at) => msixTable.read(16 * n + at, 4));
    expect(entry(2)).toEqual([0, 0, 0, 1]);
    for (const at of [0, 4, 8, 12]) msixTable.write(32 + at, 0xffffffff, 4);
    expect([entry(1), entry(2)]).toEqual([
      [0, 0, 0, 1],
      [0xfffffffc, 0xffffffff, 0xffffffff, 1],
    ]);
    expect(msixTable.read(40, 8)).toBe(0x1_ffff_ffffn);
  });

  test('accesses that are not aligned have no effect, read all ones and are counted', async () => {
    const b = await bench({ msix: {} });
    const { msixTable } = b.device;
    msixTable.write(2, 0xffffffff, 4);
    msixTable.write(4, 0n, 8);
    expect([msixTable.read(6, 4), msixTable.read(12, 4), b.machine.diagnostics.msixUndefined]).toEqual([0xffffffff, 1, 3]);
  });

  test('pending bits of many entries, by dwords and quadwords', async () => {
    const b = await msixBench(70);
    b.control(0xc000);
    for (const n of [0, 31, 32, 63, 64, 69]) b.device.raise(n);
    const { pendingBits } = b.device;
    expect([pendingBits.read(0, 4), pendingBits.read(4, 4), pendingBits.read(8, 8)]).toEqual([0x80000001, 0x80000001, 0x21n]);
  });

  test('wins where both are enabled', async () => {
    const b = await bench({ msi: {}, msix: {} });
    b.program(1, 0x51);
    b.entry(0, 2, 0x52);
    b.control(0x8000);
    b.raise();
    expect(b.irr).toEqual([[], [], [0x52]]);
  });
});

describe('power', () => {
  test('in D3 nothing is sent; an event stays pending where there is a bit for it, and goes out in D0', async () => {
    const b = await msixBench(1);
    b.device.power = 'D3';
    b.raise();
    expect([b.irr[0], b.device.pending, b.device.power]).toEqual([[], [0], 'D3']);
    b.device.power = 'D0';
    b.settle();
    expect([b.irr[0], b.device.power]).toEqual([[0x40], 'D0']);
  });

  test('in D3 plain MSI loses it', async () => {
    const b = await bench({ msi: {} });
    b.program(1, 0x51);
    b.device.power = 'D3';
    b.raise();
    b.device.power = 'D0';
    b.raise();
    expect([b.irr[1], b.sampled()]).toEqual([[0x51], [0x51]]);
  });

  test('in D3 the table does not answer, and writes to it are lost; config space does', async () => {
    const b = await bench({ msi: {}, msix: {} });
    b.device.power = 'D3';
    b.entry(0, 1, 0x51);
    b.program(2, 0x52);
    expect([b.device.msixTable.read(8, 4), b.device.config.read(b.dataAt, 2)]).toEqual([0xffffffff, 0x52]);
    b.device.power = 'D0';
    expect([b.device.msixTable.read(8, 4), b.device.msixTable.read(12, 4)]).toEqual([0, 1]);
  });

  test('software that only caches a message in D3 and writes it in D0: the old one is never sent', async () => {
    const b = await bench({ msi: {} });
    b.program(1, 0x51);
    b.device.power = 'D3';
    b.raise();
    b.device.power = 'D0';
    b.program(2, 0x52);
    b.raise();
    expect(b.irr).toEqual([[], [], [0x52]]);
  });

  test.each([
    [false, 0x51, 8],
    [true, 0, 0],
  ])('with softReset %s, data is %i in D0 again', async (softReset, data, noSoftReset) => {
    const b = await bench({ msi: {}, softReset });
    b.program(1, 0x51);
    b.device.power = 'D3';
    b.device.power = 'D0';
    expect([b.device.config.read(b.dataAt, 2), b.device.config.read(b.device.capabilities.power + 4, 4)]).toEqual([data, noSoftReset]);
  });

  test('by the power management capability, once the write arrives; D1 and D2 do not exist', async () => {
    const b = await bench({ msi: {} });
    const states = [3, 1, 0, 2].map((state) => {
      b.device.config.write(b.device.capabilities.power + 4, state, 2);
      b.machine.advance(APPLY - 1);
      const before = b.device.power;
      b.machine.advance(1);
      return [before, b.device.power];
    });
    expect(states).toEqual([
      ['D0', 'D3'],
      ['D3', 'D3'],
      ['D3', 'D0'],
      ['D0', 'D0'],
    ]);
  });

  test('a message that has been sent before D3 arrives', async () => {
    const b = await bench({ msi: {} });
    b.program(1, 0x51);
    b.device.raise();
    b.device.power = 'D3';
    b.settle();
    expect(b.irr[1]).toEqual([0x51]);
  });
});

test('without memory space enabled the table does not answer', async () => {
  const b = await msixBench(1);
  b.command(4);
  b.device.msixTable.write(8, 0x77, 4);
  expect(b.device.msixTable.read(8, 4)).toBe(0xffffffff);
  b.command(6);
  expect(b.device.msixTable.read(8, 4)).toBe(0x40);
});

test('a full pool holds messages back and loses none', async () => {
  const b = await bench({ msix: { vectors: 8 } }, { messages: 4 });
  for (let n = 0; n < 8; n++) b.entry(n, 0, 0x40 + n);
  b.control(0x8000);
  for (let n = 0; n < 8; n++) b.device.raise(n);
  expect([b.device.pending, b.device.config.write(b.msix + 2, 0, 2)]).toEqual([[4, 5, 6, 7], false]);
  b.settle();
  expect([b.irr[0], b.device.pending]).toEqual([Array.from({ length: 8 }, (_, n) => 0x40 + n), []]);
});

describe('accesses that cannot be are refused in one sentence', () => {
  test('by the port', async () => {
    const machine = await Machine.create({ devices: [{ msi: { vectors: 2 } }, { msix: { vectors: 3 } }] });
    const [msi, msix] = [machine.device(0), machine.device(1)];
    const sentences: readonly [() => unknown, string][] = [
      [() => machine.device(2), 'device 2 does not exist: they are 0 to 1'],
      [() => msi.config.read(0, 8 as 4), 'a config access is 1, 2 or 4 bytes wide, not 8'],
      [() => msi.config.read(254, 4), 'offset 254 is not in the configuration space, which has 256 bytes'],
      [() => msi.config.write(-1, 0, 4), 'an offset is a whole number from 0 to 0xffffffff, not -1'],
      [() => msi.config.write(0, 256, 1), 'a value of 1 bytes is a whole number from 0 to 0xff, not 256'],
      [() => msi.msixTable.read(0, 4), 'device 0 has no MSI-X capability: give it one by the option msix'],
      [() => msi.raise(2), 'event 2 does not exist: they are 0 to 1'],
      [() => msi.raise(-1), 'event -1 does not exist: they are 0 to 1'],
      [() => (msi.power = 'D1' as 'D0'), 'a power state is D0 or D3, not D1'],
      [() => msix.msixTable.write(48, 0, 4), 'offset 48 is not in the MSI-X table, which has 48 bytes'],
      [() => msix.msixTable.write(0, 0, 3 as 4), 'an access is 1, 2, 4 or 8 bytes wide, not 3'],
      [() => msix.pendingBits.read(8, 4), 'offset 8 is not in the pending bits, which has 8 bytes'],
      [() => machine.dmaWrite32({ requester: 0, address: 0, data: 0 }), 'requester 0 is not among the devices of this machine'],
    ];
    for (const [act, sentence] of sentences) expect(act).toThrow(new RangeError(sentence));
    expect([msi.requester, msix.requester]).toEqual([8, 16]);
  });
});
