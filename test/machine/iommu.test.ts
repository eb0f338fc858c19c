/** Remapping units by the library: what belongs to whom, registers, faults, events (hardware.md D, J). */
import { describe, expect, test } from 'vitest';
import { Machine, type IommuOptions, type MachineOptions } from '../../src/machine/library.js';

const [CAP, ECAP, GCMD, GSTS, IRTA] = [0x08, 0x10, 0x18, 0x1c, 0xb8];
const [IRE, SIRTP] = [0x2000000, 0x1000000];
const TABLE = 0x2000;

/** Every unit remaps by a table of its own, in which entry 3 has this vector. */
async function remapping(vectors: readonly number[], options: MachineOptions): Promise<Machine> {
  const machine = await Machine.create(options);
  machine.cpu(0).writeMmio(0xfee000f0, 0x1ff, 4);
  const memory = new DataView(machine.memory.buffer, machine.memory.byteOffset);
  machine.iommus.forEach((unit, i) => {
    memory.setBigUint64(TABLE + 0x1000 * i + 16 * 3, BigInt(1 | (vectors[i]! << 16)), true);
    unit.write(IRTA, (TABLE + 0x1000 * i) | 3, 8);
    for (const command of [SIRTP, IRE]) {
      unit.write(GCMD, command, 4);
      machine.settle();
    }
  });
  machine.events();
  return machine;
}

const ENTRY_3 = 0xfee00070;

describe('a message is remapped by the unit that its requester belongs to', () => {
  const scoped: readonly IommuOptions[] = [{ scope: { requesters: [[0x100, 0x1ff], 0x28] } }, {}];

  test.each([
    ['within a range', 0x180, 0x51],
    ['alone', 0x28, 0x51],
    ['in no scope', 0x200, 0x61],
  ])('%s', async (_, requester, vector) => {
    const machine = await remapping([0x51, 0x61], { iommus: scoped });
    machine.dmaWrite32({ requester, address: ENTRY_3, data: 0 });
    machine.settle();
    expect(machine.cpu(0).irr).toEqual([vector]);
  });

  test('in no scope, and no unit is for the rest: it stays as it is', async () => {
    const machine = await remapping([0x51], { iommus: [{ scope: { requesters: [0x28] } }] });
    machine.dmaWrite32({ requester: 0x30, address: 0xfee00000, data: 0x71 });
    machine.settle();
    expect(machine.cpu(0).irr).toEqual([0x71]);
  });

  test('an IOAPIC by its place, whatever its requester id', async () => {
    const machine = await remapping([0x51, 0x61], {
      ioapics: [{}, { requester: 0xf0f8 }],
      iommus: [{ scope: { ioapics: [1] } }, { scope: { ioapics: [0] } }],
    });
    for (const [i, vector] of [
      [1, 0x51],
      [0, 0x61],
    ] as const) {
      // remappable format: handle 3 in bits 63:49, format bit 48 (B.2)
      machine.ioapic(i).write(0x11, (3 << 17) | 0x10000);
      machine.ioapic(i).write(0x10, 0);
      machine.ioapic(i).pin(0).set(true);
      machine.settle();
      expect(machine.cpu(0).irr).toContain(vector);
    }
  });
});

describe('a function behind a unit: what it has sent is pushed through the unit by a read-back (C.6 G3, D.3)', () => {
  test.each([
    ['remapped', 'ir.miss', 1n | (0x51n << 16n), 0n],
    // posted: the notification is pushed too; the descriptor at 0x4000 has NV 0x51 and NDST 0
    ['posted', 'ir.pi_post', 1n | (1n << 15n) | (0x33n << 16n) | (0x4000n << 32n), 0n],
  ] as const)('%s, however long that takes', async (_, slow, low, high) => {
    const machine = await remapping([0], { iommus: [{}], devices: [{ requester: 0x00f8, msi: {} }], timing: { [slow]: 50_000 } });
    const memory = new DataView(machine.memory.buffer, machine.memory.byteOffset);
    memory.setBigUint64(TABLE + 16 * 3, low, true);
    memory.setBigUint64(TABLE + 16 * 3 + 8, high, true);
    memory.setBigUint64(0x4000 + 32, 0x51n << 16n, true);
    const device = machine.device(0);
    const { msi } = device.capabilities;
    device.config.write(msi! + 4, ENTRY_3, 4);
    device.config.write(msi! + 2, 1, 2);
    device.config.read(msi!, 4);
    const before = machine.now;
    device.raise();
    device.config.read(msi!, 4);
    expect(Number(machine.now - before)).toBeGreaterThan(50_000);
    expect(machine.cpu(0).irr).toEqual([0x51]);
  });
});

test('options show in CAP and ECAP (D.1)', async () => {
  const capabilities = { cm: true, esirtps: true, pi: false, eim: false, c: false, mhmv: 3 };
  const machine = await Machine.create({ iommus: [{ capabilities, faults: { records: 5 } }] });
  const [cap, ecap] = [machine.iommu(0).read(CAP, 8), machine.iommu(0).read(ECAP, 8)];
  expect([(cap >> 7n) & 1n, (cap >> 62n) & 1n, (cap >> 59n) & 1n, (cap >> 40n) & 0xffn]).toEqual([1n, 1n, 0n, 4n]);
  expect([ecap & 1n, (ecap >> 4n) & 1n, (ecap >> 20n) & 15n]).toEqual([0n, 0n, 3n]);
});

test('any CPU reaches the registers at the address of the unit', async () => {
  const machine = await remapping([0x51], { cpus: 2, iommus: [{ address: 0xfed80000 }] });
  const cpu = machine.cpu(1);
  cpu.writeMmio(0xfed80000 + IRTA, 0x5003, 8);
  expect([machine.iommu(0).read(IRTA, 8), cpu.readMmio(0xfed80000 + GSTS, 4)]).toEqual([0x5003n, machine.iommu(0).read(GSTS, 4)]);
});

test('faults are those recorded, until software clears them (D.7)', async () => {
  const machine = await remapping([0x51], { iommus: [{}] });
  const unit = machine.iommu(0);
  machine.dmaWrite32({ requester: 0x28, address: 0xfee00090, data: 0 });
  machine.settle();
  machine.dmaWrite32({ requester: 0x30, address: 0xfee00410, data: 0 });
  machine.settle();
  expect(unit.faults).toEqual([
    { record: 0, reason: 0x22, requester: 0x28, index: 4 },
    { record: 1, reason: 0x21, requester: 0x30, index: 0x20 },
  ]);
  const records = Number((unit.read(CAP, 8) >> 24n) & 0x3ffn) * 16;
  unit.write(records + 12, 0x80000000, 4);
  expect(unit.faults.map(({ record }) => record)).toEqual([1]);
});

test('events say which entry was used, whether it was cached, and what was blocked', async () => {
  const machine = await remapping([0x51], { iommus: [{}] });
  for (const address of [ENTRY_3, ENTRY_3, 0xfee00090]) {
    machine.dmaWrite32({ requester: 0x28, address, data: 0 });
    machine.settle();
  }
  const events = machine.events().filter(({ kind }) => kind === 'remap' || kind === 'fault');
  expect(events.map((event) => ({ ...event, time: 0n }))).toEqual([
    { time: 0n, kind: 'remap', iommu: 0, index: 3, hit: false, posted: false },
    { time: 0n, kind: 'remap', iommu: 0, index: 3, hit: true, posted: false },
    { time: 0n, kind: 'fault', iommu: 0, index: 4, code: 0x22, requester: 0x28 },
  ]);
});

test('a snapshot has registers, cache and faults', async () => {
  const machine = await remapping([0x51], { iommus: [{}] });
  machine.dmaWrite32({ requester: 0x28, address: ENTRY_3, data: 0 });
  machine.dmaWrite32({ requester: 0x28, address: 0xfee00090, data: 0 });
  const snapshot = machine.snapshot();
  const on = (): unknown => {
    machine.settle();
    return [machine.digest(), machine.iommu(0).faults, machine.cpu(0).irr];
  };
  const first = on();
  machine.restore(snapshot);
  expect(machine.iommu(0).faults).toEqual([]);
  expect(on()).toEqual(first);
});

describe('an access is refused', () => {
  test.each<[string, (machine: Machine) => unknown, string]>([
    ['of another width', (machine) => machine.iommu(0).read(0, 2 as 4), 'a register access is 4 or 8 bytes wide, not 2'],
    ['behind the page', (machine) => machine.iommu(0).read(0x1000, 4), 'offset 4096 does not exist: they are 0 to 4095'],
    [
      'with more than its width holds',
      (machine) => machine.iommu(0).write(0, 2 ** 32, 4),
      'a value of 4 bytes is a whole number from 0 to 0xffffffff, not 4294967296',
    ],
    ['of a unit that is not there', (machine) => machine.iommu(1), 'IOMMU 1 does not exist: they are 0 to 0'],
  ])('%s', async (_, access, sentence) => {
    const machine = await Machine.create({ iommus: [{}] });
    expect(() => access(machine)).toThrow(new RangeError(sentence));
  });
});
