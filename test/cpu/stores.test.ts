/** Store buffers of CPUs at register level (hardware.md A.2.3, H.1 T6). */
import { expect, describe, test } from 'vitest';
import { Machine, type MachineOptions, type OrderChoice } from '../../src/machine/library.js';

const FLAG = 0x100;
const [X2APIC, ICR, SVR, APIC_BASE] = [0xfee00d00, 0x830, 0x80f, 0x1b];

/** Two CPUs; a store takes longer than an IPI. */
async function two(order: Partial<OrderChoice> = {}, options: MachineOptions = {}): Promise<Machine> {
  return Machine.create({ cpus: 2, order: { storeLatency: 1000, ...order }, ...options });
}

async function x2apic(order: Partial<OrderChoice> = {}, options: MachineOptions = {}): Promise<Machine> {
  const machine = await two(order, options);
  for (const cpu of machine.cpus) {
    cpu.writeMsr(APIC_BASE, X2APIC - (cpu.index === 0 ? 0 : 0x100));
    cpu.writeMsr(SVR, 0x1ff);
  }
  return machine;
}

/** CPU 0 stores the flag and sends an IPI; what CPU 1 reads when it has got it. */
function seenBehindIpi(machine: Machine, fence: boolean): number {
  const [sender, receiver] = machine.cpus as [Machine['cpus'][0], Machine['cpus'][0]];
  sender.writeMmio(FLAG, 1, 4);
  if (fence) sender.fence();
  const x2 = sender.writeMsr(ICR, (1n << 32n) | 0x41n).ok;
  if (!x2) {
    sender.writeMmio(0xfee00310, 1 << 24, 4);
    sender.writeMmio(0xfee00300, 0x41, 4);
  }
  while (receiver.pendingVector() === undefined) machine.advance(1);
  return receiver.readMmio(FLAG, 4);
}

describe('T6 the receiver of an IPI reads what its sender has stored before', () => {
  test.each([
    ['a WRMSR to the x2APIC ICR without a fence: stale', {}, false, 0],
    ['with MFENCE;LFENCE', {}, true, 1],
    ['where a WRMSR to ICR waits for stores', { x2apicIpiMayPassStores: false }, false, 1],
    ['where stores take no time', { storeLatency: 0 }, false, 1],
  ] as const)('%s', async (_, order, fence, seen) => {
    expect(seenBehindIpi(await x2apic(order), fence)).toBe(seen);
  });

  test('a write to the xAPIC ICR is uncacheable and waits', async () => {
    const machine = await two();
    for (const cpu of machine.cpus) cpu.writeMmio(0xfee000f0, 0x1ff, 4);
    expect(seenBehindIpi(machine, false)).toBe(1);
  });

  test('with jitter the outcome is drawn: both come up', async () => {
    const outcomes = new Set<number>();
    for (let seed = 1; seed <= 20; seed++) outcomes.add(seenBehindIpi(await x2apic({}, { jitter: true, seed }), false));
    expect([...outcomes].toSorted()).toEqual([0, 1]);
  });
});

describe('a store (A.2.3)', () => {
  test('is seen by its own CPU at once, by others and in memory when its time is over', async () => {
    const machine = await two();
    machine.cpu(0).writeMmio(FLAG, 7, 4);
    const seen = (): number[] => [machine.cpu(0).readMmio(FLAG, 4), machine.cpu(1).readMmio(FLAG, 4), machine.memory[FLAG]!];
    expect(seen()).toEqual([7, 0, 0]);
    machine.advance(999);
    expect(seen()).toEqual([7, 0, 0]);
    machine.advance(1);
    expect(seen()).toEqual([7, 7, 7]);
  });

  test('is forwarded byte by byte, the youngest last', async () => {
    const machine = await two();
    const cpu = machine.cpu(0);
    machine.memory.set([1, 2, 3, 4, 5, 6, 7, 8], FLAG);
    cpu.writeMmio(FLAG + 2, 0xaabb, 2);
    cpu.writeMmio(FLAG + 3, 0xcc, 1);
    expect(cpu.readMmio(FLAG, 8)).toBe(0x08070605ccbb0201n);
    expect(cpu.readMmio(FLAG + 3, 2)).toBe(0x05cc);
    machine.settle();
    expect(machine.cpu(1).readMmio(FLAG, 8)).toBe(0x08070605ccbb0201n);
  });

  test('becomes visible behind those before it', async () => {
    const machine = await two({}, { jitter: true });
    for (let n = 0; n < 16; n++) machine.cpu(0).writeMmio(FLAG + n, 1, 1);
    for (let n = 0; n < 300; n++) {
      machine.advance(5);
      const seen = [...machine.memory.subarray(FLAG, FLAG + 16)];
      expect(seen).toEqual(seen.toSorted((a, b) => b - a));
    }
  });

  test('waits for room: sixteen are buffered', async () => {
    const machine = await two();
    for (let n = 0; n < 18; n++) machine.cpu(0).writeMmio(FLAG + n, 1, 1);
    expect([...machine.memory.subarray(FLAG, FLAG + 18)]).toEqual([1, 1, ...Array<number>(16).fill(0)]);
  });

  test.each<[string, (machine: Machine) => void, boolean]>([
    ['a write to an IOAPIC', ({ cpus: [cpu] }) => cpu!.writeMmio(0xfec00000, 0, 4), true],
    ['a write where nothing is', ({ cpus: [cpu] }) => cpu!.writeMmio(0xf0000000, 0, 4), true],
    ['a WRMSR to IA32_APIC_BASE, which serialises', ({ cpus: [cpu] }) => cpu!.writeMsr(APIC_BASE, 0xfee00900), true],
    ['a WRMSR to IA32_TSC_DEADLINE, which does not', ({ cpus: [cpu] }) => cpu!.writeMsr(0x6e0, 5), false],
    ['a read of memory', ({ cpus: [cpu] }) => cpu!.readMmio(0x200, 4), false],
    ['a fence of another CPU', ({ cpus }) => cpus[1]!.fence(), false],
  ])('%s makes it visible: or not', async (_, access, visible) => {
    const machine = await two();
    machine.cpu(0).writeMmio(FLAG, 7, 4);
    access(machine);
    expect(machine.memory[FLAG]).toBe(visible ? 7 : 0);
  });

  test('is in a snapshot, and settle waits for it', async () => {
    const machine = await two();
    machine.cpu(0).writeMmio(FLAG, 7, 4);
    const snapshot = machine.snapshot();
    expect([machine.settle(500), machine.settle(), machine.memory[FLAG]]).toEqual([false, true, 7]);
    machine.restore(snapshot);
    expect([machine.memory[FLAG], machine.settle(), machine.memory[FLAG]]).toEqual([0, true, 7]);
  });

  test('by the host itself is visible at once', async () => {
    const machine = await two();
    machine.memory[FLAG] = 9;
    expect(machine.cpu(1).readMmio(FLAG, 4)).toBe(9);
  });
});

test('the latency is refused beyond its range', async () => {
  await expect(two({ storeLatency: -1 })).rejects.toThrow(
    new RangeError('order.storeLatency is a whole number of cycles from 0 to 1000000, not the number -1'),
  );
});
