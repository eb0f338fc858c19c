/**
 * A Debian kernel (6.12.117) sets up interrupt remapping: every register write of its boot and every descriptor of its queue, as
 * QEMU has traced them, played on a unit. The lines are those of the trace that concern the unit, as they were.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Iec, Iommu, Table } from '../../../src/core/index.js';
import { Machine, type IommuPort } from '../../../src/machine/library.js';

/** A write to the unit; what QEMU said about it: GSTS before a command, descriptors that were fetched. */
interface Write {
  readonly line: string;
  readonly offset: number;
  readonly value: number;
  readonly width: 4 | 8;
  statusBefore?: number;
  readonly descriptors: (readonly [low: bigint, high: bigint])[];
}

const BASE = 0xfed90000;
const [GCMD, GSTS, FSTS, IQH, IQT, IQA, IRTA] = [0x18, 0x1c, 0x34, 0x80, 0x88, 0x90, 0xb8];
const [QIES, IRES, IRTPS] = [0x4000000, 0x2000000, 0x1000000];

function recorded(): Write[] {
  const writes: Write[] = [];
  const file = readFileSync(new URL('a_ir_affinity_k612_boot.trace', import.meta.url), 'utf8');
  for (const line of file.split('\n').filter((each) => each !== '' && !each.startsWith('#'))) {
    const write = /mmio_write cpu=\d intel_iommu addr=(\S+) val=(\S+) size=([48])/.exec(line);
    const command = /vtd_reg_write_gcmd status (\S+)/.exec(line);
    const descriptor = /vtd_inv_desc invalidate desc type \w+ high (\S+) low (\S+)/.exec(line);
    const last = writes.at(-1);
    if (write !== null) {
      const [address, value, width] = write.slice(1).map(Number);
      writes.push({ line, offset: address! - BASE, value: value!, width: width as 4 | 8, descriptors: [] });
    } else if (command !== null && last !== undefined) last.statusBefore = Number(command[1]);
    else if (descriptor !== null && last !== undefined) last.descriptors.push([BigInt(descriptor[2]!), BigInt(descriptor[1]!)]);
    else throw new Error(`what is this: ${line}`);
  }
  return writes;
}

const writes = recorded();
/** Up to the write that enables remapping. */
const initialisation = writes.slice(0, writes.findIndex(({ offset, value }) => offset === GCMD && (value & IRES) !== 0) + 1);

async function made(): Promise<{ machine: Machine; unit: IommuPort; memory: DataView }> {
  const machine = await Machine.create({ iommus: [{ address: BASE }], memory: 72 << 20 });
  machine.cpu(0).writeMmio(0xfee000f0, 0x1ff, 4);
  const { memory } = machine;
  return { machine, unit: machine.iommu(0), memory: new DataView(memory.buffer, memory.byteOffset) };
}

/** A write as the CPU did it; its descriptors are in the queue before. */
function play({ machine, unit, memory }: Awaited<ReturnType<typeof made>>, write: Write): void {
  const queue = Number(unit.read(IQA, 8) & ~0xfffn);
  let at = Number(unit.read(IQH, 8));
  for (const [low, high] of write.descriptors) {
    memory.setBigUint64(queue + at, low, true);
    memory.setBigUint64(queue + at + 8, high, true);
    at = (at + 16) % 0x1000;
  }
  machine.cpu(0).writeMmio(BASE + write.offset, write.value, write.width);
}

/** Where a wait writes its status, and what. */
function statusOf({ descriptors }: Write): { at: number; data: number } {
  const [low, high] = descriptors.at(-1)!;
  return { at: Number(high & ~3n), data: Number(low >> 32n) };
}

/** Entries in the cache. */
function cached({ machine, unit }: Awaited<ReturnType<typeof made>>): number {
  const { core } = machine;
  const epoch = core.u32(core.exports.table(Table.iommus) + Iommu.epoch);
  const entries = Array.from({ length: unit.model.cache.entries }, (_, e) => core.exports.table(Table.iecs) + e * Iec.size);
  return entries.filter((at) => core.u32(at + Iec.epoch) === epoch).length;
}

describe('a kernel sets up interrupt remapping (hardware.md D.1.1, D.4)', () => {
  test('its writes come in the order that is walked through below', () => {
    const names = new Map(Object.entries({ GCMD, IQT, IQA, IRTA }).map(([name, offset]) => [offset, name]));
    expect(initialisation.map(({ offset, value }) => `${names.get(offset)} := 0x${value.toString(16)}`)).toEqual([
      'IQT := 0x0',
      'IQA := 0x41f7000',
      'GCMD := 0x4000000',
      'IRTA := 0x430000f',
      'GCMD := 0x5000000',
      'IQT := 0x20',
      'GCMD := 0x6000000',
    ]);
  });

  test('each step leaves the unit as the kernel expects it', async () => {
    const all = await made();
    const { machine, unit, memory } = all;
    const [tail, queue, enableQueue, table, setTable, flush, enable] = initialisation as [Write, Write, Write, Write, Write, Write, Write];
    const gsts = (): number => unit.read(GSTS, 4);
    const command = (write: Write, after: number): void => {
      expect(gsts()).toBe(write.statusBefore);
      play(all, write);
      // it takes time, and software polls
      expect(gsts()).not.toBe(after);
      machine.settle();
      expect(gsts()).toBe(after);
    };

    play(all, tail);
    expect([unit.read(IQT, 8), gsts()]).toEqual([0n, 0]);
    play(all, queue);
    expect([unit.read(IQA, 8), gsts()]).toEqual([0x41f7000n, 0]);
    command(enableQueue, QIES);
    expect([unit.read(IQH, 8), unit.read(IQT, 8)]).toEqual([0n, 0n]);

    play(all, table);
    machine.settle();
    expect([unit.read(IRTA, 8), gsts()]).toEqual([0x430000fn, QIES]);
    command(setTable, QIES | IRTPS);

    const { at, data } = statusOf(flush);
    expect(memory.getUint32(at, true)).toBe(0);
    play(all, flush);
    expect([unit.read(IQH, 8), unit.read(IQT, 8)]).toEqual([0n, 0x20n]);
    machine.settle();
    expect([unit.read(IQH, 8), unit.read(FSTS, 4), memory.getUint32(at, true)]).toEqual([0x20n, 0, data]);
    expect(cached(all)).toBe(0);
    command(enable, QIES | IRTPS | IRES);
    expect([unit.read(IQH, 8), cached(all), unit.faults]).toEqual([0x20n, 0, []]);
  });

  test('a global invalidation empties a cache that was in use', async () => {
    const all = await made();
    const { machine, unit, memory } = all;
    for (const write of initialisation) {
      play(all, write);
      machine.settle();
    }
    memory.setBigUint64(0x4300000, 0x510001n, true);
    machine.dmaWrite32({ requester: 0x28, address: 0xfee00010, data: 0 });
    machine.settle();
    expect([cached(all), machine.cpu(0).irr]).toEqual([1, [0x51]]);
    const [flush] = initialisation.filter(({ descriptors }) => descriptors.length > 0);
    play(all, { ...flush!, value: 0x40 });
    machine.settle();
    expect([cached(all), unit.read(IQH, 8)]).toEqual([0, 0x40n]);
  });

  test('whatever it invalidates afterwards is gone from the cache when the status is written, and nothing else is', async () => {
    const all = await made();
    const { machine, unit, memory } = all;
    for (const write of initialisation) {
      play(all, write);
      machine.settle();
    }
    const later = writes.slice(initialisation.length);
    /** remapped by entry i: was it in the cache */
    const hit = (index: number): boolean => {
      machine.events();
      machine.dmaWrite32({ requester: 0x28, address: (0xfee00010 | (index << 5)) >>> 0, data: 0 });
      machine.settle();
      const [remap] = machine.events().filter(({ kind }) => kind === 'remap');
      return remap?.hit === true;
    };
    const other = 0x3ff;
    for (const index of [other, ...later.flatMap(({ descriptors }) => descriptors.map(([low]) => Number((low >> 32n) & 0xffffn)))])
      memory.setBigUint64(0x4300000 + 16 * index, 0x510001n, true);
    hit(other);
    const expected = later.map((write) => expectedBehind(write));
    const seen = later.map((write) => {
      const before = unit.read(GSTS, 4);
      const [invalidate] = write.descriptors;
      const index = Number(((invalidate?.[0] ?? 0n) >> 32n) & 0xffffn);
      if (invalidate !== undefined) hit(index);
      const cachedBefore = invalidate === undefined || hit(index);
      play(all, write);
      machine.settle();
      const registers = { line: write.line, before, cachedBefore, gsts: unit.read(GSTS, 4), fsts: unit.read(FSTS, 4) };
      if (invalidate === undefined) return registers;
      const status = memory.getUint32(statusOf(write).at, true);
      return { ...registers, head: unit.read(IQH, 8), status, cachedBehind: hit(index), otherCached: hit(other) };
    });
    expect(seen).toEqual(expected);
    expect(later.filter(({ descriptors }) => descriptors.length > 0).length).toBe(63);
    expect(unit.faults).toEqual([]);
  });
});

/** Once remapping is on, commands change nothing, and the entry that an invalidation names is gone when its wait is complete. */
function expectedBehind(write: Write): object {
  const on = QIES | IRTPS | IRES;
  const registers = { line: write.line, before: write.statusBefore ?? on, cachedBefore: true, gsts: on, fsts: 0 };
  if (write.descriptors.length === 0) return registers;
  return { ...registers, head: BigInt(write.value), status: statusOf(write).data, cachedBehind: false, otherCached: true };
}
