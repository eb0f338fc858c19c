import { describe, expect, test } from 'vitest';
import { AmdReg } from '../../../src/core/index.js';
import { Machine, type IommuOptions } from '../../../src/machine/library.js';
import { amd } from './help.js';

const unit = async (options: Omit<Extract<IommuOptions, { type: 'amd' }>, 'type'> = {}): Promise<Machine> =>
  Machine.create({ iommus: [{ type: 'amd', ...options }] });

describe('registers (F.1)', () => {
  test.each([
    ['device table', AmdReg.deviceTable, 0x000f_ffff_ffff_f1ffn],
    ['command buffer base', AmdReg.commandBase, 0x0f0f_ffff_ffff_f000n],
    ['event log base', AmdReg.eventBase, 0x0f0f_ffff_ffff_f000n],
    ['log of guests', AmdReg.gaBase, 0x0f0f_ffff_ffff_f000n],
    ['its tail address', AmdReg.gaTailAddress, 0x000f_ffff_ffff_fff8n],
    ['own interrupt, events', AmdReg.xtEvent, 0xff00_00ff_ffff_ff04n],
    ['own interrupt, pages', AmdReg.xtPpr, 0xff00_00ff_ffff_ff04n],
    ['own interrupt, guests', AmdReg.xtGa, 0xff00_00ff_ffff_ff04n],
    ['command head', AmdReg.commandHead, 0x7fff0n],
    ['command tail', AmdReg.commandTail, 0x7fff0n],
    ['event head', AmdReg.eventHead, 0x7fff0n],
    ['event tail', AmdReg.eventTail, 0x7fff0n],
    ['guest head', AmdReg.gaHead, 0x7fff8n],
    ['guest tail', AmdReg.gaTail, 0x7fff8n],
    ['extended features', AmdReg.features, 0n],
    ['what is not there', 0x38, 0n],
  ])('%s keeps the bits that it has', async (_, offset, bits) => {
    const port = (await unit()).iommu(0);
    const before = port.read(offset, 8);
    port.write(offset, 0xffff_ffff_ffff_ffffn, 8);
    expect(port.read(offset, 8) & ~before).toBe(bits);
    expect(BigInt(port.read(offset, 4)) | (BigInt(port.read(offset + 4, 4)) << 32n)).toBe(port.read(offset, 8));
  });

  test('the MSI of the unit has 32-bit registers', async () => {
    const port = (await unit()).iommu(0);
    for (const offset of [AmdReg.msiLow, AmdReg.msiHigh, AmdReg.msiData]) port.write(offset, 0xffffffff, 4);
    expect([AmdReg.msiLow, AmdReg.msiHigh, AmdReg.msiData].map((offset) => port.read(offset, 4))).toEqual([0xfffffffc, 0xffffffff, 0xffff]);
  });

  test.each([
    [{}, 0x2000c4],
    [{ xt: false }, 0x2000c0],
    [{ ga: false }, 0x200044],
    [{ guest: false }, 0xc4],
  ])('extended features with %o', async (capabilities, features) => {
    expect((await unit({ capabilities })).iommu(0).read(AmdReg.features, 4)).toBe(features);
  });

  test('any CPU reaches them at the address of the unit, in four pages', async () => {
    const machine = await Machine.create({ cpus: 2, iommus: [{ type: 'amd', address: 0xfea00000 }] });
    const cpu = machine.cpu(1);
    cpu.writeMmio(0xfea02008, 0x40, 4);
    cpu.writeMmio(0xfea00000, 0x1234567001n, 8);
    expect([machine.iommu(0).read(AmdReg.commandTail, 4), machine.iommu(0).read(AmdReg.deviceTable, 8)]).toEqual([0x40, 0x1234567001n]);
    expect([cpu.readMmio(0xfea02008, 4), cpu.readMmio(0xfea04000, 4), cpu.readMmio(0xfea02008, 2)]).toEqual([0x40, 0xffffffff, 0xffff]);
  });

  test('status bits of overflow and interrupts are cleared by ones, the others are not', async () => {
    const a = await amd();
    const before = a.status;
    a.unit.write(AmdReg.status, 0xffffffff, 4);
    expect([before, a.status]).toEqual([0x18, 0x18]);
  });

  test('a snapshot has registers, caches and commands on their way', async () => {
    const a = await amd();
    a.device(1);
    a.entry(1, 5, { vector: 0x51 });
    a.machine.dmaWrite32({ requester: 1, address: 0xfee00000, data: 5 });
    a.submit([0, 0x80000000, 0, 0]);
    const snapshot = a.machine.snapshot();
    const on = (): unknown => {
      a.machine.settle();
      return [a.machine.digest(), a.head, a.machine.cpu(0).irr];
    };
    const first = on();
    a.machine.restore(snapshot);
    expect(on()).toEqual(first);
  });
});

describe('what a unit may be', () => {
  test.each<[readonly unknown[], string]>([
    [[{ type: 'arm' }], 'iommus[0].type is "vtd" or "amd", not the text "arm"'],
    [[{ type: 'amd', faults: {} }], 'iommus[0] has no option faults; there are type, address, scope, capabilities and cache'],
    [[{ type: 'amd', address: 0xfeb81000 }], 'iommus[0].address is a multiple of 0x4000 below 2^32, and not 0, not the number 4273475584'],
    [[{ type: 'amd', capabilities: { pi: true } }], 'iommus[0].capabilities has no option pi; there are ga, xt, guest and numIntRemap'],
    [[{ type: 'amd', cache: { deviceEntries: 3 } }], 'iommus[0].cache.deviceEntries is a power of two from 1 to 4096, not the number 3'],
    [[{ type: 'amd', address: 0xfec00000 }], 'iommus[0] and ioapics[0] have the address 0xfec00000; each has one of its own'],
    [
      [{ type: 'amd', address: 0xfea00000, scope: {} }, { address: 0xfea02000 }],
      'iommus[0] and iommus[1] have the address 0xfea02000; each has one of its own',
    ],
  ])('%o is refused', async (iommus, sentence) => {
    await expect(Machine.create({ iommus: iommus as IommuOptions[] })).rejects.toThrow(new RangeError(sentence));
  });

  test('an access behind its registers is refused', async () => {
    const port = (await unit()).iommu(0);
    expect(() => port.read(0x4000, 4)).toThrow(new RangeError('offset 16384 does not exist: they are 0 to 16383'));
  });

  test('a VT-d unit has no event log, an AMD unit no fault records', async () => {
    const machine = await Machine.create({ iommus: [{ scope: {} }, { type: 'amd' }] });
    expect([machine.iommu(0).eventLog, machine.iommu(1).faults]).toEqual([[], []]);
  });
});
