/** A wrong option is one clear sentence that says what would be right. */
import { describe, expect, test } from 'vitest';
import { Machine, type MachineOptions } from '../../src/machine/library.js';

const wrong: readonly [options: object, sentence: string][] = [
  [{ cpus: 0 }, 'Machine.create.cpus is a whole number from 1 to 4096, not the number 0'],
  [{ cpus: 2.5 }, 'Machine.create.cpus is a whole number from 1 to 4096, not the number 2.5'],
  [{ cpu: 2 }, 'cpu is an object of options, not the number 2'],
  [{ cpsu: 2 }, 'Machine.create has no option cpsu; did you mean cpus?'],
  [{ apicIds: [] }, 'apicIds is a list of 1 to 4096 APIC ids, one for each CPU'],
  [{ apicIds: [1, 1] }, 'two CPUs have the APIC id 1; each has one of its own'],
  [{ apicIds: [2 ** 32 - 1] }, 'an APIC id is a whole number from 0 to 4294967294, not the number 4294967295'],
  [{ apicIds: [0, 1], cpus: 3 }, 'there are 2 apicIds for 3 cpus; leave one of the two out'],
  [{ bootstrap: 1 }, 'Machine.create.bootstrap is a whole number from 0 to 0, not the number 1'],
  [{ ioapics: 17 }, 'Machine.create.ioapics is a whole number from 0 to 16, not the number 17'],
  [{ ioapics: [{ pins: 121 }] }, 'ioapics[0].pins is a whole number from 1 to 120, not the number 121'],
  [{ ioapics: [{ version: 0x30 }] }, 'ioapics[0].version is 32 or 17, not the number 48'],
  [{ ioapics: [{ address: 0xfec00100 }] }, 'ioapics[0].address is a multiple of 0x1000 below 2^32, not the number 4273996032'],
  [{ ioapics: [{}, { address: 0xfec00000 }] }, 'two IOAPICs have the address 0xfec00000; each has one of its own'],
  [{ ioapics: [{ pin: 1 }] }, 'ioapics[0] has no option pin; did you mean pins?'],
  [{ devices: [-1] }, 'a requester id is a whole number from 0 to 65535, not the number -1'],
  [{ iommus: 1 }, 'iommus is a list of an object of options each, not the number 1'],
  [{ iommus: [null] }, 'iommus[0] is an object of options, not nothing'],
  [{ iommus: Array.from({ length: 65 }, () => ({})) }, 'a machine has at most 64 IOMMUs, not 65'],
  [{ iommus: [{ base: 0 }] }, 'iommus[0] has no option base; there are type, address, scope, capabilities, cache and faults'],
  [{ iommus: [{ address: 0xfed90800 }] }, 'iommus[0].address is a multiple of 0x1000 below 2^32, and not 0, not the number 4275636224'],
  [{ iommus: [{ scope: {} }, { address: 0xfed90000 }] }, 'two IOMMUs have the address 0xfed90000; each has one of its own'],
  [{ iommus: [{ address: 0xfec00000 }] }, 'iommus[0] and ioapics[0] have the address 0xfec00000; each has one of its own'],
  [{ iommus: [{}, {}] }, 'iommus[0] and iommus[1] have no scope; one at most is for all the rest'],
  [{ iommus: [{ cache: 4 }] }, 'iommus[0].cache is an object of options, not the number 4'],
  [{ iommus: [{ cache: { entries: 48 } }] }, 'iommus[0].cache.entries is a power of two from 1 to 4096, not the number 48'],
  [{ iommus: [{ cache: { entries: 8, ways: 16 } }] }, 'iommus[0].cache.ways is a power of two from 1 to the 8 entries, not the number 16'],
  [{ iommus: [{ cache: { way: 4 } }] }, 'iommus[0].cache has no option way; did you mean ways?'],
  [{ iommus: [{ faults: { records: 129 } }] }, 'iommus[0].faults.records is a whole number from 1 to 128, not the number 129'],
  [{ iommus: [{ capabilities: { mhmv: 16 } }] }, 'iommus[0].capabilities.mhmv is a whole number from 0 to 15, not the number 16'],
  [{ iommus: [{ capabilities: { pi: 1 } }] }, 'iommus[0].capabilities.pi is true or false, not the number 1'],
  [{ iommus: [{ scope: { requesters: 5 } }] }, 'iommus[0].scope.requesters is a list of requester ids, not the number 5'],
  [
    { iommus: [{ scope: { requesters: [[9, 8]] } }] },
    'iommus[0].scope.requesters has whole numbers from 0 to 65535, each alone or as [first, last], not [9, 8]',
  ],
  [{ iommus: [{ scope: { ioapics: [1] } }] }, 'iommus[0].scope.ioapics has places of the 1 IOAPICs, counted from 0, not the number 1'],
  [
    { iommus: [{ scope: { requesters: [[0, 9]] } }, { scope: { requesters: [9] } }] },
    'requester 0x9 is in the scopes of iommus[0] and iommus[1]; it belongs to one unit',
  ],
  [{ iommus: [{ scope: { requesters: [0xff00], ioapics: [0] } }] }, 'requester 0xff00 is twice in the scope of iommus[0]; once is enough'],
  [{ assumptions: { iecDrain: 'cpu' } }, 'assumptions.iecDrain is "irr", "root-complex" or "none", not the text "cpu"'],
  [{ devices: 65537 }, 'Machine.create.devices is a whole number from 0 to 65536, not the number 65537'],
  [{ devices: [1, {}] }, 'devices is a list of requester ids or a list of objects, not of both: the number 1'],
  [{ devices: [{}, { requester: 8 }] }, 'two devices have the requester id 8; each has one of its own'],
  [{ devices: [{ msi: { vectors: 3 } }] }, 'devices[0].msi.vectors is 1, 2, 4, 8, 16 or 32, not the number 3'],
  [{ devices: [{}, { msix: { vectors: 2049 } }] }, 'devices[1].msix.vectors is a whole number from 1 to 2048, not the number 2049'],
  [{ devices: [{ msi: true }] }, 'devices[0].msi is an object of options, not true'],
  [{ devices: [{ msix: null }] }, 'devices[0].msix is an object of options, not nothing'],
  [{ devices: [{ misx: {} }] }, 'devices[0] has no option misx; did you mean msix?'],
  [{ pci: { virtExtDestId: 1 } }, 'pci.virtExtDestId is true or false, not the number 1'],
  [{ cpu: { vendor: 'via' } }, 'cpu.vendor is "intel" or "amd", not the text "via"'],
  [{ cpu: { x2apic: 1 } }, 'cpu.x2apic is true or false, not the number 1'],
  [{ cpu: { maxLvtIndex: 7 } }, 'cpu.maxLvtIndex is 6, 5, 4 or 3, not the number 7'],
  [{ cpu: { maxPhyAddr: 64 } }, 'cpu.maxPhyAddr is a whole number of bits from 36 to 52, not the number 64'],
  [
    { lapic: { policy: 'first' } },
    'lapic has no option policy; there are allowXapicIdWrite, lowestPriPolicy, pprEqualClassSub and startInX2apic',
  ],
  [{ cpu: { x2apic: false }, lapic: { startInX2apic: true } }, 'lapic.startInX2apic is false where cpu.x2apic is, not true'],
  [[], 'Machine.create is an object of options, not a list'],
  [{ assumptions: null }, 'assumptions is an object of options, not nothing'],
  [{ timing: { 'eoi.mmio': null } }, "timing['eoi.mmio'] is a number of cycles, or {min, default, max} in ascending order"],
  [{ memory: -1 }, 'Machine.create.memory is a whole number of bytes from 0 to 1073741824, not the number -1'],
  [{ messages: 0 }, 'Machine.create.messages is a whole number from 1 to 60000, not the number 0'],
  [{ seed: 0.5 }, 'Machine.create.seed is a whole number from 0 to 9007199254740991, not the number 0.5'],
  [{ assumptions: { push: 'far' } }, 'assumptions.push is "irr", "root-complex" or "none", not the text "far"'],
  [{ assumptions: { pusch: 'irr' } }, 'assumptions has no option pusch; did you mean push?'],
  [{ timing: { 'msi.dev_to_rd': 1 } }, 'timing has no option msi.dev_to_rd; did you mean msi.dev_to_rc?'],
  [
    { timing: { 'eoi.mmio': { min: 5, default: 4, max: 6 } } },
    "timing['eoi.mmio'] is a number of cycles, or {min, default, max} in ascending order",
  ],
];

describe('Machine.create refuses', () => {
  test.each(wrong)('%o', async (options, sentence) => {
    const made = Machine.create(options as MachineOptions);
    await expect(made).rejects.toThrow(new RangeError(sentence));
  });
});

test('everything has a default, and an empty list of IOMMUs is none', async () => {
  const machine = await Machine.create({ iommus: [] });
  expect([machine.cpus.length, machine.ioapics.length, machine.memory.length, machine.now]).toEqual([1, 1, 65536, 0n]);
});

describe('models of hardware.md J show in registers', () => {
  const version = async (options: MachineOptions): Promise<number> => (await Machine.create(options)).cpu(0).readMmio(0xfee00030, 4);

  test('VERSION: LVT entries and suppression of EOI broadcasts (A.2)', async () => {
    expect(await version({})).toBe(0x01060015);
    expect(await version({ cpu: { maxLvtIndex: 4, eoiBroadcastSuppress: false } })).toBe(0x00040015);
  });

  test('x2APIC and TSC-deadline mode exist or not (A.1, A.8.3)', async () => {
    const cpu = (await Machine.create({ cpu: { x2apic: false, tscDeadline: false } })).cpu(0);
    expect(cpu.writeMsr(0x1b, 0xfee00d00)).toEqual({ ok: false, exception: 'gp' });
    expect(cpu.readMsr(0x6e0).ok).toBe(false);
  });

  test('ids that do not fit into 8 bits: the LAPICs start in x2APIC mode, unless that is refused', async () => {
    const wide = await Machine.create({ apicIds: [0, 0x12345] });
    expect(wide.cpu(1).readMsr(0x802)).toEqual({ ok: true, value: 0x12345n });
    const narrow = await Machine.create({ apicIds: [0, 0x12345], lapic: { startInX2apic: false } });
    expect(narrow.cpu(1).readMmio(0xfee00020, 4)).toBe(0x45000000);
  });

  test('who starts at the reset vector (A.11)', async () => {
    const machine = await Machine.create({ cpus: 3, bootstrap: 2 });
    expect(machine.cpus.map(({ state }) => state)).toEqual(['waitForSipi', 'waitForSipi', 'running']);
    const base = machine.cpu(2).readMsr(0x1b);
    expect(base).toEqual({ ok: true, value: 0xfee00900n });
  });

  test('IOAPICs: version, pins, address, id (B.1)', async () => {
    const machine = await Machine.create({ ioapics: [{}, { version: 0x11, pins: 8, address: 0xfed00000, id: 9 }] });
    expect(machine.ioapic(1).read(1)).toBe(0x00070011);
    expect(machine.ioapic(1).read(0)).toBe(0x09000000);
    machine.cpu(0).writeMmio(0xfed00000, 1, 4);
    expect(machine.cpu(0).readMmio(0xfed00010, 4)).toBe(0x00070011);
    expect(() => machine.ioapic(1).pin(8)).toThrow(new RangeError('pin 8 does not exist: they are 0 to 7'));
  });
});
