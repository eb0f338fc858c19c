import { describe, expect, test } from 'vitest';
import { AmdControl, AmdEvent, AmdReg } from '../../../src/core/index.js';
import { amd, DEVICES, tableOf } from './help.js';

const I = 0x8;

describe('whether a request is remapped (F.3)', () => {
  test.each([
    ['V=0', { v: 0 }],
    ['IV=0', { iv: 0 }],
    ['IntCtl=01', { intCtl: 1 }],
  ])('%s: it goes on unchanged', async (_, dte) => {
    const a = await amd();
    a.device(1, dte);
    a.entry(1, 0x45, { vector: 0x90 });
    expect([a.reaches(1, 0x45), a.log()]).toEqual([[0x45], []]);
  });

  test('IommuEn=0: it goes on unchanged, whatever the tables say', async () => {
    const a = await amd();
    a.switch(AmdControl.iommuEn, false);
    a.device(1, { intCtl: 0 });
    expect([a.reaches(1, 0x45), a.log()]).toEqual([[0x45], []]);
  });

  test('IntCtl=00: it is aborted', async () => {
    const a = await amd();
    a.device(1, { intCtl: 0 });
    expect([a.reaches(1, 0x45), a.codes()]).toEqual([[], [AmdEvent.ioPageFault]]);
  });

  test.each([
    ['IntCtl=11', { intCtl: 3 }],
    ['a table of more than 2^11 entries', { length: 12 }],
  ])('%s is illegal', async (_, dte) => {
    const a = await amd();
    a.device(1, dte);
    expect([a.reaches(1, 1), a.codes()]).toEqual([[], [AmdEvent.illegalDevTable]]);
  });

  test('a device beyond the device table is illegal; the last one in it is not', async () => {
    const a = await amd();
    a.device(127, {});
    a.entry(127, 1, { vector: 0x51 });
    expect(a.reaches(127, 1)).toEqual([0x51]);
    a.send(128, 1);
    expect([a.got(), a.log().map(({ code, requester }) => [code, requester])]).toEqual([[], [[AmdEvent.illegalDevTable, 128]]]);
  });

  test('messages of a requester outside of the scope do not pass the unit', async () => {
    const a = await amd({ unit: { scope: { requesters: [1] } } });
    a.device(2, { intCtl: 0 });
    expect(a.reaches(2, 0x45)).toEqual([0x45]);
  });
});

describe('messages that have no entry (F.2, F.3 step 3)', () => {
  test.each([
    ['NMI', 4, 4],
    ['INIT', 5, 1],
    ['ExtINT', 7, 2],
  ])('%s passes by its bit of the device entry only', async (_, mode, bit) => {
    const a = await amd();
    const cpu = a.machine.cpu(0);
    const seen = (): unknown => [cpu.takeNmi(), cpu.takeExtInt(), cpu.events.init];
    const before = seen();
    a.device(1, { pass: 7 & ~bit });
    a.send(1, mode << 8);
    expect([seen(), a.log().map(({ code, flags }) => [code, flags])]).toEqual([before, [[AmdEvent.ioPageFault, I]]]);
    a.device(2, { pass: bit });
    a.send(2, mode << 8);
    expect(seen()).not.toEqual(before);
    expect(a.log()).toEqual([]);
  });

  test('an ExtINT with a logical destination is blocked', async () => {
    const a = await amd();
    a.device(1, { pass: 7 });
    a.machine.cpu(0).writeMmio(0xfee000d0, 0x01000000, 4);
    a.send(1, 7 << 8, 0xfee01004);
    expect([a.machine.cpu(0).takeExtInt(), a.codes()]).toEqual([false, [AmdEvent.ioPageFault]]);
  });

  test.each([2, 3, 6])('delivery mode %i never passes', async (mode) => {
    const a = await amd();
    a.device(1, { pass: 15 });
    a.send(1, mode << 8);
    expect([a.machine.cpu(0).takeSmi(), a.codes()]).toEqual([false, [AmdEvent.ioPageFault]]);
  });
});

describe('which entry (F.3 steps 4 to 7)', () => {
  test('T59 the index is in the data, not in the address; each device has a table of its own; its length is checked; NMI passes by the device', async () => {
    const a = await amd();
    for (const [device, vector] of [
      [1, 0x51],
      [2, 0x62],
    ] as const) {
      a.device(device, { length: 4, pass: device === 1 ? 4 : 0 });
      a.entry(device, 5, { vector });
    }
    // the address would be handle 3 elsewhere
    expect([a.reaches(1, 5, 0xfee00070), a.reaches(2, 5, 0xfee00070)]).toEqual([[0x51], [0x62]]);
    expect(a.log()).toEqual([]);
    a.entry(1, 16, { vector: 0x71 });
    expect(a.reaches(1, 16)).toEqual([]);
    expect(a.log()).toEqual([{ code: AmdEvent.ioPageFault, requester: 1, domain: 0, flags: I, address: 0xfee00000n }]);
    a.send(1, 0x405);
    expect([a.machine.cpu(0).takeNmi(), a.got()]).toEqual([true, []]);
  });

  test('data bit 8 is part of it: 512 entries a device, fixed and arbitrated', async () => {
    const a = await amd();
    a.device(1, { length: 11 });
    a.entry(1, 0x105, { vector: 0x51 });
    a.entry(1, 0x405, { vector: 0x61 });
    expect([a.reaches(1, 0x105), a.reaches(1, 0x405), a.codes()]).toEqual([[0x51], [], [AmdEvent.ioPageFault]]);
  });

  test('with NumIntRemapMode 1 and address bit 2 it has all 11 bits; without that bit they stay a delivery mode', async () => {
    const a = await amd({ unit: { capabilities: { numIntRemap: true } }, controlHigh: 0x800 });
    a.device(1, { length: 11 });
    a.entry(1, 0x405, { vector: 0x61 });
    expect([a.reaches(1, 0x405, 0xfee00004), a.reaches(1, 0x405), a.codes()]).toEqual([[0x61], [], [AmdEvent.ioPageFault]]);
    expect(a.unit.read(AmdReg.features2, 8)).toBe(0x100n);
  });

  test.each([
    [0, 1],
    [5, 32],
    [8, 256],
  ])('IntTabLen %i is %i entries', async (length, entries) => {
    const a = await amd();
    a.device(1, { length });
    for (const index of [entries - 1, entries]) a.entry(1, index, { vector: 0x51 });
    expect([a.reaches(1, entries - 1), a.reaches(1, entries), a.codes()]).toEqual([[0x51], [], [AmdEvent.ioPageFault]]);
  });

  test('RemapEn=0 blocks', async () => {
    const a = await amd();
    a.device(1, { domain: 0x1234 });
    a.entry(1, 5, { remapEn: 0 });
    expect([a.reaches(1, 5), a.log()]).toEqual([
      [],
      [{ code: AmdEvent.ioPageFault, requester: 1, domain: 0x1234, flags: I, address: 0xfee00000n }],
    ]);
  });

  test('a table where no memory is: PAGE_TAB_HARDWARE_ERROR with the address of the entry', async () => {
    const a = await amd();
    a.device(1, { table: 0x40000 });
    expect([a.reaches(1, 5), a.log()]).toEqual([
      [],
      [{ code: AmdEvent.pageTabHardware, requester: 1, domain: 0, flags: I, address: 0x40014n }],
    ]);
  });

  test('a device table where no memory is: DEV_TAB_HARDWARE_ERROR with the address of the entry', async () => {
    const a = await amd();
    // of the requests of others before it, nothing is left
    a.device(2, { domain: 0x1234 });
    a.entry(2, 5, { vector: 0x52 });
    expect(a.reaches(2, 5)).toEqual([0x52]);
    a.unit.write(AmdReg.deviceTable, 0x50000, 8);
    expect([a.reaches(1, 5), a.log()]).toEqual([
      [],
      [{ code: AmdEvent.devTabHardware, requester: 1, domain: 0, flags: I, address: 0x50020n }],
    ]);
  });

  test('an IOAPIC asks by the vector of its entry, as its requester id', async () => {
    const a = await amd({ ioapics: [{ requester: 0x20 }] });
    a.device(0x20);
    a.poke(tableOf(0x20) + 4 * 7, 0x530001);
    a.machine.ioapic(0).write(0x10, 7);
    a.machine.ioapic(0).pin(0).set(true);
    a.machine.settle();
    expect(a.got()).toEqual([0x53]);
  });

  test('a level-triggered one stays so; its Remote IRR waits for an EOI with the vector of the IOAPIC entry (T31)', async () => {
    const a = await amd({ ioapics: [{ requester: 0x20 }] });
    a.device(0x20);
    a.poke(tableOf(0x20) + 4 * 7, 0x530001);
    const ioapic = a.machine.ioapic(0);
    ioapic.write(0x10, 0x8007);
    ioapic.pin(0).set(true);
    a.machine.settle();
    expect([a.machine.cpu(0).tmr, a.got()]).toEqual([[0x53], [0x53]]);
    ioapic.pin(0).set(false);
    a.machine.settle();
    expect(ioapic.read(0x10) & 0x4000).toBe(0x4000);
    a.machine.cpu(0).writeMmio(0xfec00040, 7, 4);
    expect(ioapic.read(0x10) & 0x4000).toBe(0);
  });
});

describe('the device table', () => {
  test('holds 128 devices a page', async () => {
    const a = await amd();
    a.unit.write(AmdReg.deviceTable, DEVICES + 1, 8);
    a.poke(DEVICES + 32 * 200, 1, 0, 0, 0, 0, 0);
    expect([a.reaches(200, 0x45), a.log()]).toEqual([[0x45], []]);
  });

  test('two units look into their own', async () => {
    const a = await amd({ iommus: [{ type: 'amd', scope: { requesters: [1] } }, { type: 'amd' }] });
    const other = a.machine.iommu(1);
    other.write(AmdReg.deviceTable, 0x3a000, 8);
    a.control(AmdControl.iommuEn, 0, other);
    a.device(1);
    a.entry(1, 5, { vector: 0x51 });
    a.poke(0x3a000 + 32 * 2, 1, 0, 0, 0, 0x3b001 | (5 << 1), 0x20000000);
    a.poke(0x3b000 + 4 * 5, 0x620001);
    expect([a.reaches(1, 5), a.reaches(2, 5), other.model.address]).toEqual([[0x51], [0x62], 0xfeb84000]);
  });

  test('an Intel and an AMD unit in one machine', async () => {
    const a = await amd({ iommus: [{ type: 'amd', scope: { requesters: [1] } }, {}] });
    a.device(1);
    a.entry(1, 5, { vector: 0x51 });
    const vtd = a.machine.iommu(1);
    a.poke(0x3a000 + 16 * 3, 0x610001, 0, 0, 0);
    vtd.write(0xb8, 0x3a003, 8);
    for (const bits of [0x1000000, 0x2000000]) {
      vtd.write(0x18, bits, 4);
      a.machine.settle();
    }
    expect([a.reaches(1, 5), a.reaches(2, 0, 0xfee00070)]).toEqual([[0x51], [0x61]]);
  });
});
