import { describe, expect, test } from 'vitest';
import { AmdEvent, AmdReg } from '../../../src/core/index.js';
import { amd, instant, tableOf } from './help.js';

const RESERVED = 0x98;

describe.each([false, true])('a remapping entry (F.3.1, F.3.2), GAEn=%s', (ga) => {
  test('says vector and destination', async () => {
    const a = await amd({ ga });
    a.device(1);
    a.entry(1, 5, { vector: 0x51, dest: 1 });
    a.machine.cpu(1).writeMmio(0xfee000f0, 0x1ff, 4);
    a.send(1, 5);
    expect([a.got(0), a.got(1)]).toEqual([[], [0x51]]);
  });

  test('DM: the destination is logical', async () => {
    const a = await amd({ ga });
    for (const [c, ldr] of [
      [0, 1],
      [1, 2],
    ] as const)
      a.machine.cpu(c).writeMmio(0xfee000d0, ldr << 24, 4);
    a.device(1);
    a.entry(1, 5, { vector: 0x51, dest: 3, bits: 0x40 });
    a.send(1, 5);
    expect([a.got(0), a.got(1)]).toEqual([[0x51], [0x51]]);
  });

  test('IntType 1 is arbitrated: one of the set gets it', async () => {
    const a = await amd({ ga });
    for (const [c, ldr] of [
      [0, 1],
      [1, 2],
    ] as const)
      a.machine.cpu(c).writeMmio(0xfee000d0, ldr << 24, 4);
    a.device(1);
    a.entry(1, 5, { vector: 0x51, dest: 3, bits: 0x44 });
    a.send(1, 5);
    expect(a.got(0).length + a.got(1).length).toBe(1);
  });

  test.each([2, 3, 4, 5, 6, 7])('IntType %i is reserved: blocked', async (type) => {
    const a = await amd({ ga });
    a.device(1);
    a.entry(1, 5, { bits: type << 2 });
    expect([a.reaches(1, 5), a.log().map(({ code, flags }) => [code, flags])]).toEqual([[], [[AmdEvent.ioPageFault, RESERVED]]]);
  });

  test('GuestMode is not for hosts: blocked unless guests are on', async () => {
    const a = await amd({ ga });
    a.device(1);
    a.entry(1, 5, { bits: 0x80 });
    expect([a.reaches(1, 5), a.log().map(({ code, flags }) => [code, flags])]).toEqual([[], [[AmdEvent.ioPageFault, RESERVED]]]);
  });

  test('RqEoi and reserved bits do not count', async () => {
    const a = await amd({ ga });
    a.device(1);
    a.entry(1, 5, { vector: 0x51, bits: 0x20 });
    const at = tableOf(1) + (ga ? 16 * 5 + 4 : 4 * 5);
    a.poke(at, a.peek(at) | 0xff000000);
    expect(a.reaches(1, 5)).toEqual([0x51]);
  });

  test('a vector below 16 is refused by the LAPIC, not by the unit', async () => {
    const a = await amd({ ga });
    a.device(1);
    a.entry(1, 5, { vector: 5 });
    expect([a.reaches(1, 5), a.log()]).toEqual([[], []]);
    a.machine.cpu(0).writeMmio(0xfee00280, 0, 4);
    expect(a.machine.cpu(0).readMmio(0xfee00280, 4)).toBe(0x40);
  });

  test('trigger mode and level are those of the message', async () => {
    const a = await amd({ ga });
    a.device(1);
    a.entry(1, 5, { vector: 0x51 });
    a.send(1, 0xc005);
    expect(a.machine.cpu(0).tmr).toEqual([0x51]);
  });
});

describe('destinations of 128-bit entries (F.3.2)', () => {
  const ids = { apicIds: [0, 0x12345], ga: true };
  test.each([
    [true, [], [0x51]],
    // the low 8 bits are those of no CPU
    [false, [], []],
  ] as const)('XTEn=%s: 32 bits, else 8', async (xt, first, second) => {
    const a = await amd({ ...ids, xt });
    a.device(1);
    a.entry(1, 5, { vector: 0x51, dest: 0x12345 });
    a.send(1, 5);
    expect([a.got(0), a.got(1)]).toEqual([first, second]);
  });

  test('bits 127:120 are the highest', async () => {
    const a = await amd({ apicIds: [0, 0x05000001], ga: true, xt: true });
    a.device(1);
    a.entry(1, 5, { vector: 0x51, dest: 0x05000001 });
    a.send(1, 5);
    expect([a.got(0), a.got(1)]).toEqual([[], [0x51]]);
  });

  test('in entries of 32 bits there are 8, whatever XTEn', async () => {
    const a = await amd({ xt: true });
    a.device(1);
    a.entry(1, 5, { vector: 0x51, dest: 0 });
    expect(a.reaches(1, 5)).toEqual([0x51]);
  });

  test('a unit without the features has neither', async () => {
    const a = await amd({ unit: { capabilities: { ga: false, xt: false, guest: false } }, guest: true, xt: true });
    expect([a.unit.read(AmdReg.control, 8) & 0x4_0000_1e02_0000n, a.unit.read(AmdReg.features, 4)]).toEqual([0n, 0x40]);
  });
});

describe('entries are updated in one piece or two (F.7)', () => {
  test.each(['whole', 'halves'] as const)('irteFetch %s: what changes between the halves', async (irteFetch) => {
    const a = await amd({ ga: true, assumptions: { irteFetch }, timing: { ...instant, 'ir.miss': 500 } });
    a.device(1);
    a.entry(1, 5, { vector: 0x51, dest: 0 });
    a.machine.dmaWrite32({ requester: 1, address: 0xfee00000, data: 5 });
    a.machine.advance(100);
    a.entry(1, 5, { vector: 0x61, dest: 1 });
    a.machine.cpu(1).writeMmio(0xfee000f0, 0x1ff, 4);
    a.machine.settle();
    // the destination is in the low half, the vector in the high one
    expect([a.got(0), a.got(1), a.machine.diagnostics.tornIrteSampled]).toEqual(irteFetch === 'whole' ? [[], [0x61], 0] : [[0x61], [], 1]);
  });
});
