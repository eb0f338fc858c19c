/** Devices of programs that can do more than a plain MSI: mask bits, several messages, MSI-X. */
import { describe, expect, test } from 'vitest';
import type { Builder, Declarations } from '../../src/kernel/index.js';
import type { ProgramMachine } from '../../src/machine/index.js';
import {
  act,
  enabled as steppable,
  inFlight,
  msi,
  only,
  run,
  settle,
  steps,
  task,
  toy,
  type ToyDevice,
  type ToyOptions,
} from '../engine/toy.js';

/** CPUs that run these bodies, one each, and a device whose sources ask for its messages in order. */
async function machineWith(
  device: ToyDevice,
  bodies: readonly ((b: Builder, d: { seen: ReturnType<typeof variable> }) => void)[],
  options: ToyOptions = {},
  sources = 1,
) {
  return toy(
    (k, d) => {
      const seen = variable(d);
      return { seen, run: Object.fromEntries(bodies.map((body, c) => [c, task(k, `t${c}`, (b) => body(b, { seen }))])) };
    },
    {
      cpus: Math.max(1, bodies.length),
      devices: [device],
      sources: Array.from({ length: sources }, (_, message) => ({ device: 0, message })),
      ...options,
    },
  );
}

/** What is enabled besides raises. */
function enabled(machine: ProgramMachine): string[] {
  return steppable(machine).filter((each) => !each.startsWith('raise'));
}

function variable(d: Declarations) {
  return d.variable('seen', 'u32', []);
}

describe('MSI with mask bits', () => {
  test('what is masked stays pending and goes when it is unmasked, once for several events (E6, E7, E9)', async () => {
    const { machine, kernel } = await machineWith({ maskable: true }, [
      (b, { seen }) => {
        b.cfgWrite(0, 'mask', 1);
        b.store(seen, [], b.cfgRead(0, 'pending'));
        b.cfgWrite(0, 'mask', 0);
      },
    ]);
    steps(machine, 0, 2);
    act(machine, 'raise', 0);
    expect(enabled(machine)).toEqual(['cpu 0']);
    steps(machine, 0, 3);
    expect(machine.variable(kernel.seen.slot)).toBe(1);
    steps(machine, 0, 1);
    expect(enabled(machine)).toEqual(['cpu 0', 'sample 0']);
    act(machine, 'sample', 0);
    expect(inFlight(machine)).toHaveLength(1);
    expect(enabled(machine)).not.toContain('sample 0');
  });

  test('each message has a bit of its own, and the low bits of its data (C.1, C.5)', async () => {
    const { machine } = await machineWith({ maskable: true, vectors: 4 }, [(b) => b.cfgWrite(0, 'control', 0x21)], {}, 4);
    settle(machine);
    machine.setDevice(0, { ...msi(0, 0x40), control: 0x21, mask: 0b0101 });
    for (const s of [0, 1, 2, 3]) act(machine, 'raise', s);
    expect(enabled(machine).filter((each) => each.startsWith('sample'))).toEqual(['sample 1', 'sample 3']);
    act(machine, 'sample', 1);
    act(machine, 'sample', 3);
    expect(inFlight(machine).map(({ data }) => data)).toEqual([0x4041, 0x4043]);
    expect(machine.messageOf(2)).toEqual({ addrLo: 0xfee00000, addrHi: 0, data: 0x4042, masked: true });
  });

  test('with MSI off an event is lost, masked or not (E10)', async () => {
    const { machine } = await machineWith({ maskable: true }, [(b) => b.cfgWrite(0, 'mask', 1)]);
    settle(machine);
    machine.setDevice(0, { ...msi(0, 0x40), control: 0, mask: 1 });
    expect(machine.messageOf(0)).toBeUndefined();
    act(machine, 'raise', 0);
    act(machine, 'sample', 0);
    expect(only(machine.events(), 'drop')).toEqual([['drop', 0, 0, 5]]);
  });
});

describe('MSI-X', () => {
  test('a write is posted: the CPU goes on, and it takes effect in a step of its own (C.6 G6)', async () => {
    const { machine } = await machineWith({ entries: 2 }, [(b) => b.mmioWrite(0, 1, 'control', 1)]);
    expect(machine.entryOf(0, 1).masked).toBe(false);
    steps(machine, 0, 1);
    expect([machine.entryOf(0, 1).masked, enabled(machine)]).toEqual([false, ['cpu 0', 'message 2.0']]);
    act(machine, 'message', 2 << 4);
    expect(machine.entryOf(0, 1).masked).toBe(true);
  });

  test('writes to one device land in order; between them it samples a mixture (E3)', async () => {
    const { machine } = await machineWith({ entries: 1 }, [
      (b) => {
        b.mmioWrite(0, 0, 'addrLo', 0xfee01000);
        b.mmioWrite(0, 0, 'data', 0x4055);
      },
    ]);
    settle(machine, 'cpu');
    expect(enabled(machine)).toEqual(expect.arrayContaining(['message 2.0']));
    expect(enabled(machine)).not.toContain('message 2.1');
    act(machine, 'message', 2 << 4);
    act(machine, 'raise', 0);
    act(machine, 'sample', 0);
    expect(inFlight(machine)[0]).toMatchObject({ origin: 0, address: 0xfee01000, data: 0x4030 });
  });

  test('a read passes no write of any CPU; a config access neither (C.6)', async () => {
    const { machine, kernel } = await machineWith({ entries: 1 }, [
      (b, { seen }) => b.store(seen, [], b.mmioRead(0, 0, 'data')),
      (b) => b.mmioWrite(0, 0, 'data', 0x4055),
      (b) => b.cfgWrite(0, 'msixControl', 0x8000),
    ]);
    steps(machine, 1, 1);
    expect(enabled(machine)).toEqual(['cpu 1', 'message 4.0']);
    act(machine, 'message', 4 << 4);
    expect(enabled(machine)).toEqual(['cpu 0', 'cpu 1', 'cpu 2']);
    settle(machine);
    expect(machine.variable(kernel.seen.slot)).toBe(0x4055);
  });

  test('the completion of a read pushes what the device has sent before (G3)', async () => {
    const { machine } = await machineWith({ entries: 1 }, [(b) => void b.mmioRead(0, 0, 'control')]);
    act(machine, 'raise', 0);
    act(machine, 'sample', 0);
    steps(machine, 0, 1);
    expect(enabled(machine)).toEqual(['message 0.0']);
    settle(machine, 'message');
    expect(enabled(machine)).toContain('cpu 0');
  });

  test('an mdelay waits for writes on their way', async () => {
    const { machine } = await machineWith({ entries: 1 }, [
      (b) => {
        b.mmioWrite(0, 0, 'control', 1);
        b.delay(10);
      },
    ]);
    steps(machine, 0, 2);
    expect(enabled(machine)).toEqual(['message 2.0']);
    act(machine, 'message', 2 << 4);
    expect(enabled(machine)).toEqual(['cpu 0']);
  });

  test('a full pool holds the writer back', async () => {
    const twice = (b: Builder): void => {
      b.mmioWrite(0, 0, 'control', 1);
      b.mmioWrite(0, 0, 'control', 0);
    };
    const { machine } = await machineWith({ entries: 1 }, [twice], { messages: 1 });
    steps(machine, 0, 1);
    expect(enabled(machine)).toEqual(['message 2.0']);
  });

  test('the function mask masks all; pending bits say what waits (E13)', async () => {
    const { machine, kernel } = await machineWith(
      { entries: 2 },
      [
        (b, { seen }) => {
          b.cfgWrite(0, 'msixControl', 0xc000);
          b.store(seen, [], b.mmioRead(0, 0, 'pending'));
          b.cfgWrite(0, 'msixControl', 0x8000);
        },
      ],
      {},
      2,
    );
    steps(machine, 0, 2);
    act(machine, 'raise', 1);
    expect(enabled(machine)).toEqual(['cpu 0']);
    steps(machine, 0, 3);
    expect(machine.variable(kernel.seen.slot)).toBe(0b10);
    steps(machine, 0, 1);
    expect(enabled(machine)).toContain('sample 1');
  });

  test.each([
    ['off', 0x4055],
    ['latch-at-unmask', 0x4030],
  ] as const)('an entry that is changed while it is unmasked: entry cache %s (E5)', async (entryCache, data) => {
    const { machine } = await machineWith({ entries: 1, entryCache }, [(b) => b.mmioWrite(0, 0, 'data', 0x4055)]);
    settle(machine);
    expect(machine.messageOf(0)?.data).toBe(data);
  });

  test('32 bits of data survive in an image', async () => {
    const { machine } = await machineWith({ entries: 1 }, [(b) => b.mmioWrite(0, 0, 'data', 0xabcd4055)]);
    steps(machine, 0, 1);
    const image = machine.image();
    settle(machine);
    machine.setImage(image);
    expect(inFlight(machine)).toEqual([{ origin: 2, stage: 1, address: 8, data: 0xabcd4055 }]);
    settle(machine);
    act(machine, 'raise', 0);
    act(machine, 'sample', 0);
    machine.setImage(machine.image());
    expect(inFlight(machine)).toMatchObject([{ origin: 0, data: 0xabcd4055 }]);
  });
});

describe('with a clock', () => {
  test('a write arrives after mmio.write_arrive, a read takes mmio.read and comes behind it', async () => {
    const timing = { 'mmio.write_arrive': 5000, 'mmio.read': 9000, 'mem.hit': 0 };
    const { machine, kernel } = await machineWith(
      { entries: 1 },
      [
        (b, { seen }) => {
          b.mmioWrite(0, 0, 'data', 0x4055);
          b.store(seen, [], b.mmioRead(0, 0, 'data'));
        },
      ],
      { timed: true, timing },
    );
    const events = run(machine, 40_000);
    const at = (kind: string): bigint => events.find((e) => e.kind === kind)?.time ?? -1n;
    expect(at('table') - at('access')).toBe(5000n);
    expect(machine.variable(kernel.seen.slot)).toBe(0x4055);
    expect(at('complete') - at('table')).toBe(4000n);
  });

  test('what is masked goes when it is unmasked', async () => {
    const { machine } = await machineWith(
      { entries: 1 },
      [
        (b) => {
          b.mmioWrite(0, 0, 'control', 1);
          b.delay(100_000);
          b.mmioWrite(0, 0, 'control', 0);
        },
      ],
      { timed: true, sources: [{ gaps: [50_000], raises: 1 }] },
    );
    const events = run(machine, 300_000);
    const [masked, unmasked] = events.filter((e) => e.kind === 'table');
    const [raised, sampled] = [events.find((e) => e.kind === 'raise'), events.find((e) => e.kind === 'sample')];
    expect(Number(masked?.time)).toBeLessThan(Number(raised?.time));
    expect(Number(sampled?.time)).toBeGreaterThanOrEqual(Number(unmasked?.time));
    expect(events.filter((e) => e.kind === 'sample')).toHaveLength(1);
  });
});
