/** The machine as one who embeds it sees it; what registers do is tested in lapic/ and ioapic/. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { loadModule } from '../../src/core/index.js';
import { Machine, type MachineOptions } from '../../src/machine/library.js';

const SVR = 0xfee000f0;

async function enabled(options: MachineOptions = {}): Promise<Machine> {
  const machine = await Machine.create(options);
  for (const cpu of machine.cpus) cpu.writeMmio(SVR, 0x1ff, 4);
  return machine;
}

describe('accesses', () => {
  test('of one, two, four and eight bytes reach guest memory, little endian; 64 bits are bigints', async () => {
    const machine = await Machine.create();
    const cpu = machine.cpu(0);
    cpu.writeMmio(0x100, 0x1122334455667788n, 8);
    cpu.writeMmio(0x102, 0xaa, 1);
    cpu.writeMmio(0x104, 0xbbcc, 2);
    expect(cpu.readMmio(0x100, 8)).toBe(0x1122bbcc55aa7788n);
    expect([cpu.readMmio(0x104, 4), cpu.readMmio(0x104, 2), cpu.readMmio(0x107, 1)]).toEqual([0x1122bbcc, 0xbbcc, 0x11]);
    expect([...machine.memory.subarray(0x100, 0x108)]).toEqual([0x88, 0x77, 0xaa, 0x55, 0xcc, 0xbb, 0x22, 0x11]);
  });

  test('where nothing is, reads give all ones and writes are lost', async () => {
    const cpu = (await Machine.create({ memory: 0x1000, ioapics: 0 })).cpu(0);
    cpu.writeMmio(0x1000, 1, 4);
    cpu.writeMmio(2n ** 63n, 1, 4);
    expect([cpu.readMmio(0x1000, 4), cpu.readMmio(0xfec00000, 1), cpu.readMmio(2n ** 63n, 8)]).toEqual([0xffffffff, 0xff, 2n ** 64n - 1n]);
  });

  test('that cannot be are refused in one sentence', async () => {
    const machine = await Machine.create();
    const cpu = machine.cpu(0);
    const sentences: readonly [() => unknown, string][] = [
      [() => cpu.readMmio(-1, 4), 'an address is a whole number from 0 to 0xffffffffffffffff, not -1'],
      [() => cpu.readMmio(0, 3 as 4), 'an access is 1, 2, 4 or 8 bytes wide, not 3'],
      [() => cpu.writeMmio(0, 256, 1), 'a value of 1 bytes is a whole number from 0 to 0xff, not 256'],
      [() => cpu.readMsr(2 ** 32), 'an MSR is a whole number from 0 to 0xffffffff, not 4294967296'],
      [() => cpu.writeMsr(0x10, 1.5), 'the value of an MSR is a whole number from 0 to 0xffffffffffffffff, not 1.5'],
      [() => cpu.localEvent('timer' as 'cmci'), 'a local event is thermal, perfMon or cmci, not timer'],
      [() => cpu.lint(2 as 1), 'LINT 2 does not exist: they are 0 to 1'],
      [() => machine.cpu(1), 'CPU 1 does not exist: they are 0 to 0'],
      [() => machine.ioapic(0).pin(0).set(true, 32), 'source 32 does not exist: they are 0 to 31'],
      [() => machine.ioapic(0).readMmio(0x1000, 4), 'offset 4096 does not exist: they are 0 to 4095'],
      [() => machine.dmaWrite32({ address: 0, data: -1 }), 'a DWORD is a whole number from 0 to 0xffffffff, not -1'],
      [() => machine.advance(-5), 'a number of cycles is a whole number from 0 to 0x4000000000000000, not -5'],
      [() => machine.restore(new Uint8Array(3)), `a snapshot of this machine has ${machine.snapshot().length} bytes, this one 3`],
    ];
    for (const [act, sentence] of sentences) expect(act).toThrow(new RangeError(sentence));
  });

  test('of requesters that are not among the devices are refused', async () => {
    const machine = await enabled({ devices: [0x00f8] });
    expect(machine.dmaWrite32({ requester: 0x00f8, address: 0xfee00000, data: 0x41 })).toBe(true);
    expect(() => machine.dmaWrite32({ address: 0, data: 0 })).toThrow(
      new RangeError('requester 0 is not among the devices of this machine'),
    );
  });
});

describe('time', () => {
  test('an MSI takes the way of hardware.md G.2, cycle by cycle', async () => {
    const machine = await enabled();
    machine.dmaWrite32({ address: 0xfee00000, data: 0x41 });
    machine.advance(1049);
    expect(machine.cpu(0).irr).toEqual([]);
    machine.advance(1);
    expect(machine.cpu(0).irr).toEqual([0x41]);
    expect([machine.now, machine.tsc, machine.cpu(0).readMsr(0x10)]).toEqual([1050n, 1050n, { ok: true, value: 1050n }]);
  });

  test('settle ends where nothing is on its way, and a timer does not keep it', async () => {
    const machine = await enabled();
    machine.cpu(0).writeMmio(0xfee00320, 0x20031, 4); // periodic
    machine.cpu(0).writeMmio(0xfee00380, 1000, 4);
    expect(machine.settle()).toBe(true);
    expect(machine.now).toBe(0n);
    machine.dmaWrite32({ address: 0xfee00000, data: 0x41 });
    expect([machine.settle(5), machine.now, machine.settle(), machine.now]).toEqual([false, 5n, true, 1050n]);
  });

  test('spans beyond 32 bits', async () => {
    const machine = await Machine.create();
    machine.advance(2 ** 40);
    machine.advance(2n ** 60n);
    expect(machine.now).toBe(2n ** 40n + 2n ** 60n);
  });

  test('a full pool of messages refuses a write, which then has not happened', async () => {
    const machine = await enabled({ messages: 2 });
    const write = (data: number): boolean => machine.dmaWrite32({ address: 0xfee00000, data });
    expect([write(0x41), write(0x42), write(0x43)]).toEqual([true, true, false]);
    machine.settle();
    expect(machine.cpu(0).irr).toEqual([0x41, 0x42]);
  });
});

describe('what happened', () => {
  test('comes as events by name, oldest first, also when there are more than the ring holds', async () => {
    const machine = await enabled({ cpus: 2 });
    machine.dmaWrite32({ address: 0xfee01000, data: 0x41 });
    machine.settle();
    machine.dmaWrite32({ address: 0xfee05000, data: 0x42 });
    machine.settle();
    expect(machine.events().filter(({ kind }) => kind === 'accept' || kind === 'drop')).toEqual([
      { time: 1050n, kind: 'accept', cpu: 1, vector: 0x41, merged: false },
      { time: 2100n, kind: 'drop', cpu: undefined, vector: 0x42, reason: 'noTarget' },
    ]);
    machine.cpu(0).writeMmio(0xfee00320, 0x20031, 4);
    machine.cpu(0).writeMmio(0xfee003e0, 0xb, 4);
    machine.cpu(0).writeMmio(0xfee00380, 1, 4); // every 30 cycles
    machine.advance(30 * 10_000);
    const accepted = machine.events().filter(({ kind }) => kind === 'accept');
    expect(accepted).toHaveLength(10_000);
    expect(accepted.at(-1)).toMatchObject({ time: 2100n + 300_000n, cpu: 0, vector: 0x31, merged: true });
    expect(machine.events()).toEqual([]);
  });

  test('is not kept without events, and the state is the same', async () => {
    const [one, other] = [await enabled(), await enabled({ events: false })];
    for (const machine of [one, other]) {
      machine.dmaWrite32({ address: 0xfee00000, data: 0x41 });
      machine.settle();
    }
    expect(other.events()).toEqual([]);
    expect(other.cpu(0).irr).toEqual(one.cpu(0).irr);
  });

  test('is counted in diagnostics', async () => {
    const machine = await enabled();
    machine.cpu(0).writeMmio(0xfee000b0, 0, 4);
    machine.dmaWrite32({ address: 0xfee09000, data: 0x41 });
    machine.settle();
    expect(machine.diagnostics).toMatchObject({ eoiWithoutIsr: 1, msiNoTarget: 1, irrMerge: 0, lapicUnaligned: 0 });
  });
});

describe('the module', () => {
  test('may come as bytes, compiled, or from an address', async () => {
    const address = new URL('../../build/irqlab.wasm', import.meta.url);
    const digests = [undefined, address, await readFile(address), await loadModule()].map(async (module) => {
      const machine = await Machine.create(module === undefined ? {} : { module });
      machine.advance(10);
      return machine.digest();
    });
    expect(new Set(await Promise.all(digests)).size).toBe(1);
  });

  test('keeps guest memory reachable when its memory grows', async () => {
    const machine = await Machine.create();
    const before = machine.memory;
    before[7] = 9;
    machine.core.exports.memory.grow(16);
    expect([before.length, machine.memory[7]]).toEqual([0, 9]);
  });
});
