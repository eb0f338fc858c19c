import { describe, expect, test } from 'vitest';
import { board, rte } from './help.js';

describe('registers by index (B.1)', () => {
  test('ID: bits 27:24 are writable, nothing else', async () => {
    const b = await board();
    expect(b.register(0)).toBe(0);
    b.setRegister(0, 0xffffffff);
    expect(b.register(0)).toBe(0x0f000000);
    b.setRegister(0, 0x05ffffff);
    expect(b.register(0)).toBe(0x05000000);
  });

  test('VERSION: version and the last entry, read-only', async () => {
    for (const [version, pins, value] of [
      [0x20, 24, 0x00170020],
      [0x11, 24, 0x00170011],
      [0x20, 1, 0x00000020],
      [0x20, 240, 0x00ef0020],
    ] as const) {
      const b = await board({ ioapics: [{ version, pins }] });
      expect(b.register(1)).toBe(value);
      b.setRegister(1, 0xffffffff);
      expect(b.register(1)).toBe(value);
    }
  });

  test('ARB ID follows the ID and ignores writes', async () => {
    const b = await board();
    expect(b.register(2)).toBe(0);
    b.setRegister(0, 0x0f000000);
    b.setRegister(2, 0);
    expect(b.register(2)).toBe(0x0f000000);
  });

  test('entries: masked after reset', async () => {
    const b = await board();
    for (let pin = 0; pin < 24; pin++) {
      expect(b.low(pin)).toBe(0x10000);
      expect(b.register(0x11 + 2 * pin)).toBe(0);
    }
  });

  test('an index that nothing has reads 0 and takes no write', async () => {
    const b = await board();
    for (const index of [3, 0xf, 0x40, 0xff, 0x100, 0xffffffff]) {
      b.setRegister(index, 0xffffffff);
      expect(b.register(index)).toBe(0);
    }
    expect(b.register(0, 7)).toBe(0);
    b.setRegister(0, 0xffffffff, 7);
    expect(b.register(0)).toBe(0);
  });

  test('any number of pins up to 240, each of its own', async () => {
    const b = await board({ ioapics: [{ pins: 240 }] });
    for (let pin = 0; pin < 240; pin++) {
      b.setLow(pin, 0x10000 | pin);
      b.setDestination(pin, pin);
    }
    for (let pin = 0; pin < 240; pin++) {
      expect(b.low(pin)).toBe(0x10000 | pin);
      expect(b.register(0x11 + 2 * pin)).toBe((pin << 24) >>> 0);
    }
  });
});

describe('window (B.1)', () => {
  test('IOREGSEL takes bits 7:0, by any width; IOWIN is the register it names', async () => {
    const b = await board();
    b.write(b.window(0), 0xffffff01);
    expect(b.read(b.window(0))).toBe(1);
    expect(b.read(b.window(0x10))).toBe(0x00170020);
    b.write(b.window(0), 0x10, 1);
    b.write(b.window(0x10), 0x10031);
    expect(b.low(0)).toBe(0x10031);
  });

  test('IOWIN answers accesses of 32 bits only', async () => {
    const b = await board();
    b.write(b.window(0), 0x10);
    for (const bytes of [1, 2, 8] as const) {
      b.write(b.window(0x10), 0x42, bytes);
      expect(b.low(0)).toBe(0x10000);
      expect(b.read(b.window(0x10), bytes)).toBe(0);
    }
  });

  test('what no register has reads 0 and takes no write', async () => {
    const b = await board();
    const before = b.digest();
    for (const offset of [4, 0x14, 0x20, 0x44, 0x80, 0xffc]) {
      b.write(b.window(offset), 0xffffffff);
      expect(b.read(b.window(offset))).toBe(0);
    }
    expect(b.digest()).toBe(before);
  });

  test('the EOI register is write-only, and of version 0x20 only', async () => {
    for (const version of [0x20, 0x11] as const) {
      const b = await board({ ioapics: [{ version }] });
      b.setLow(3, rte.level | 0x51);
      b.pin(3, true);
      b.settle();
      b.pin(3, false);
      expect(b.low(3)).toBe(rte.level | rte.remoteIrr | 0x51);
      expect(b.read(b.window(0x40))).toBe(0);
      // bits 7:0 are the vector; other widths are ignored
      b.write(b.window(0x40), 0x51, 2);
      expect(b.low(3) & rte.remoteIrr).not.toBe(0);
      b.write(b.window(0x40), 0xffffff51);
      expect(b.low(3)).toBe(version === 0x20 ? rte.level | 0x51 : rte.level | rte.remoteIrr | 0x51);
    }
  });

  test('two IOAPICs: windows, ids and entries of their own', async () => {
    const b = await board({ ioapics: [{ id: 1 }, { id: 9, base: 0xfec10000, pins: 8, version: 0x11 }] });
    expect([b.register(0, 0), b.register(0, 1), b.register(1, 1)]).toEqual([0x01000000, 0x09000000, 0x00070011]);
    b.write(0xfec10000, 0x12);
    b.write(0xfec10010, 0x10044);
    expect([b.low(1, 0), b.low(1, 1)]).toEqual([0x10000, 0x10044]);
    expect([b.read(0xfec00000), b.read(0xfec10000)]).toEqual([0, 0x12]);
  });

  test('beside the windows nothing answers: all ones', async () => {
    const b = await board();
    expect(b.read(0xfec01000)).toBe(0xffffffff);
    expect(b.read(0xfebffffc)).toBe(0xffffffff);
  });
});

describe('entries (B.2)', () => {
  test('delivery status and remote IRR are read-only, reserved bits 47:17 read 0', async () => {
    const b = await board();
    b.setLow(0, 0xffffffff);
    expect(b.low(0)).toBe(0x1afff);
    b.setRegister(0x11, 0xffffffff);
    expect(b.register(0x11)).toBe(0xffff0000);
  });

  test('a write keeps delivery status and remote IRR as they are', async () => {
    const b = await board();
    b.setLow(2, rte.level | 0x51);
    b.pin(2, true);
    expect(b.low(2)).toBe(rte.level | rte.pending | 0x51);
    b.setLow(2, rte.level | 0x51);
    expect(b.low(2)).toBe(rte.level | rte.pending | 0x51);
    b.settle();
    expect(b.low(2)).toBe(rte.level | rte.remoteIrr | 0x51);
    b.setLow(2, rte.level | rte.pending | 0x51);
    expect(b.low(2)).toBe(rte.level | rte.remoteIrr | 0x51);
  });

  test.each([
    ['physical destination', 0x0031, 0x01000000, 0xfee01000, 0x0031],
    ['logical destination', 0x0831, 0x03000000, 0xfee03004, 0x0031],
    ['lowest priority', 0x0931, 0x03000000, 0xfee03004, 0x0131],
    ['level: with the level bit', 0x8031, 0, 0xfee00000, 0xc031],
    ['NMI', 0x0400, 0, 0xfee00000, 0x0400],
    ['ExtINT is edge whatever bit 15 says', 0x8700, 0, 0xfee00000, 0x0700],
    ['bits 55:48 go to 11:4: extended destination', 0x0031, 0x01fe0000, 0xfee01fe0, 0x0031],
    ['remappable format: bit 48, index in 63:49 and bit 11', 0x0831, 0x02030000, 0xfee02034, 0x0031],
  ])('the message of an entry: %s', async (_, low, high, address, data) => {
    const b = await board();
    b.setRegister(0x11, high);
    b.setLow(0, low);
    b.pin(0, true);
    b.settle();
    expect(b.events('pin')).toEqual([[60, 'pin', 0, address, data]]);
  });

  test('without remapping a message of remappable format arrives as what its bits say', async () => {
    const b = await board();
    b.setRegister(0x11, 0x01010000);
    b.setLow(0, 0x31);
    b.pulse(0);
    b.settle();
    expect([b.irr(0), b.irr(1)]).toEqual([[], [0x31]]);
  });

  test('an entry is written in two halves: between them an unmasked one sends a mixture', async () => {
    const b = await board();
    b.setDestination(4, 0);
    b.setLow(4, 0x31);
    // to CPU 1 with vector 0x41
    b.setDestination(4, 1);
    b.pulse(4);
    b.settle();
    b.setLow(4, 0x41);
    expect([b.irr(0), b.irr(1)]).toEqual([[], [0x31]]);
  });

  test('the entry is sampled when the message leaves; what is written later changes nothing (0.3 steps 2 and 3)', async () => {
    const b = await board();
    b.setLow(4, 0x31);
    b.pulse(4);
    b.advance(59);
    b.setLow(4, 0x32);
    b.advance(1);
    b.setLow(4, 0x33);
    b.setDestination(4, 1);
    b.settle();
    expect([b.irr(0), b.irr(1)]).toEqual([[0x32], []]);
  });
});
