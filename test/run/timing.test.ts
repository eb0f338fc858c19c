import { describe, expect, test } from 'vitest';
import type { EventRecord } from '../../src/machine/index.js';
import { handler, msi, only, run, task, toy } from '../engine/toy.js';
import { system } from '../engine/systems.js';

/** Cycle of the first event of a kind, or of number n. */
function at(events: readonly EventRecord[], kind: EventRecord['kind'], n = 0): number {
  const found = events.filter((e) => e.kind === kind)[n];
  if (!found) throw new Error(`no ${kind} ${n}`);
  return Number(found.time);
}

describe('composite sanity targets (G.2)', () => {
  /** CPU 0 sends an IPI to CPU 1 behind a note; the handler's first micro-op is a note. */
  const ipi = async (other?: 'waits' | 'sleeps') => {
    const { machine } = await toy(
      (k, d) => {
        const never = d.variable('never', 'bool', []);
        return {
          handlers: { 0x41: handler(k, 'h', (b) => b.note('swallowed')) },
          run: {
            0: task(k, 't', (b) => {
              b.delay(5000);
              b.note('moved');
              b.ipi(1, 0x41);
            }),
            ...(other && { 1: task(k, 'u', (b) => (other === 'waits' ? b.waitEq(never, [], 1) : b.delay(1_000_000))) }),
          },
        };
      },
      { cpus: 2, timed: true },
    );
    return run(machine, 20_000);
  };

  test('IPI in one socket: 120 + 450 + 365 = 935 cycles, then the handler runs', async () => {
    const events = await ipi();
    const sent = at(events, 'note');
    expect(at(events, 'ipi') - sent).toBe(120);
    expect(at(events, 'accept') - sent).toBe(570);
    expect(at(events, 'acknowledge') - sent).toBe(935);
    // its first micro-op, a note, costs a cycle
    expect(at(events, 'note', 1) - sent).toBe(936);
  });

  test.each(['waits', 'sleeps'] as const)('the same where the other CPU %s: the latency of recognition is paid once', async (how) => {
    const events = await ipi(how);
    expect(at(events, 'note', 1) - at(events, 'note')).toBe(936);
  });

  test('MSI without remapping: 750 + 300 + 365 = 1415 cycles from the sample on', async () => {
    const { machine } = await toy((k) => ({ handlers: { 0x30: handler(k, 'h', (b) => b.note('moved')) } }), {
      sources: [{ gaps: [1000], raises: 1 }],
      timed: true,
    });
    const events = run(machine, 10_000);
    const sent = at(events, 'sample');
    expect(['root', 'accept', 'acknowledge', 'note'].map((kind) => at(events, kind as EventRecord['kind']) - sent)).toEqual([
      750, 1050, 1415, 1416,
    ]);
  });

  test('a CPU that executes takes it between two micro-ops and drains first', async () => {
    const { machine } = await toy(
      (k, d) => {
        const n = d.variable('n', 'u32', []);
        return {
          handlers: { 0x30: handler(k, 'h', (b) => b.note('moved')) },
          run: { 0: task(k, 't', (b) => b.loop(() => b.fetchAdd(n, [], 1))) },
        };
      },
      { sources: [{ gaps: [1000], raises: 1 }], timed: true },
    );
    const events = run(machine, 10_000);
    const waited = at(events, 'acknowledge') - at(events, 'accept');
    expect(waited).toBeLessThanOrEqual(120);
    expect(at(events, 'note') - at(events, 'acknowledge')).toBe(365 + 1);
  });

  test('moving a message with three config writes takes 3 x 2400 cycles, with two windows of 2400 between effects', async () => {
    const { machine } = await toy(
      (k) => ({
        run: {
          0: task(k, 't', (b) => {
            b.note('moved');
            b.cfgWrite(0, 'addrLo', 0xfee01000);
            b.cfgWrite(0, 'addrHi', 0);
            b.cfgWrite(0, 'data', 0x4041);
            b.note('moved');
          }),
        },
      }),
      { sources: 1, timed: true },
    );
    const events = run(machine, 20_000);
    expect(at(events, 'note', 1) - at(events, 'note')).toBe(3 * 2400 + 1);
    expect([0, 1, 2].map((i) => at(events, 'cfg', i) - at(events, 'note'))).toEqual([1200, 3600, 6000]);
  });

  test('a config completion waits for what it pushes (C.6 G3)', async () => {
    const { machine } = await toy(
      (k) => ({
        run: {
          0: task(k, 't', (b) => {
            b.delay(500);
            b.cfgWrite(0, 'control', 1);
          }),
        },
        boot: (m) => m.setDevice(0, msi(1, 0x30)),
      }),
      { cpus: 2, sources: [{ gaps: [2000], raises: 1 }], timing: { 'msi.dev_to_rc': 9000 }, timed: true },
    );
    const events = run(machine, 30_000);
    // sampled before the write takes effect
    expect(at(events, 'sample')).toBeLessThan(at(events, 'cfg') + 1);
    const completions = events.filter((e) => e.kind === 'complete').map((e) => Number(e.time));
    expect(completions.at(-1)).toBe(at(events, 'accept'));
  });
});

describe('a CPU in a timed run', () => {
  test('takes what became pending during a handler as soon as that has returned', async () => {
    const { machine } = await toy(
      (k) => ({
        handlers: {
          0x30: handler(k, 'h', (b) => b.note('moved')),
          0x31: handler(k, 'g', (b) => b.delay(5000)),
        },
      }),
      {
        sources: [
          { gaps: [1500], raises: 1 },
          { gaps: [1000], raises: 1 },
        ],
        timed: true,
      },
    );
    const events = run(machine, 30_000);
    expect(only(events, 'acknowledge').map(([, , vector]) => vector)).toEqual([0x31, 0x30]);
    expect(at(events, 'accept', 1)).toBeLessThan(at(events, 'eoi'));
    // EOI, IRET 150, recognition 365
    expect(at(events, 'acknowledge', 1) - at(events, 'eoi')).toBe(150 + 365);
    expect(machine.cpu(0)).toMatchObject({ irr: [], isr: [] });
  });

  test('takes what became pending with interrupts off when its task has ended', async () => {
    const { machine } = await toy(
      (k) => ({
        run: {
          0: task(k, 't', (b) => {
            b.cli();
            b.delay(20_000);
            b.sti();
          }),
        },
      }),
      { sources: [{ gaps: [1000], raises: 1 }], timed: true },
    );
    const events = run(machine, 40_000);
    expect(at(events, 'acknowledge')).toBeGreaterThan(20_000);
    expect(only(events, 'eoi')).toHaveLength(1);
  });

  test('waits in an mdelay for its length, interrupts included', async () => {
    const { machine } = await toy(
      (k) => ({
        run: {
          0: task(k, 't', (b) => {
            b.note('moved');
            b.delay(10_000);
            b.note('cleaned');
          }),
        },
      }),
      { sources: [{ gaps: [1000], raises: 3 }], timed: true },
    );
    const events = run(machine, 40_000);
    expect(only(events, 'eoi')).toHaveLength(3);
    expect(at(events, 'note', 1) - at(events, 'note')).toBe(10_002);
  });

  test("the driver's handler costs what the device says", async () => {
    const { machine } = await toy((k) => ({ handlers: { 0x30: handler(k, 'h', (b) => b.serve(0, 40)) } }), {
      sources: [{ gaps: [1000], raises: 1, handlerCycles: 3000 }],
      timed: true,
    });
    const events = run(machine, 40_000);
    expect(at(events, 'eoi') - at(events, 'serve')).toBe(40 + 3000 + 120);
    expect(machine.latency()).toMatchObject({ count: 1 });
    const latency = at(events, 'serve') - at(events, 'raise');
    expect(only(events, 'serve')).toEqual([['serve', 0, latency, 0]]);
    expect(machine.latency().max).toBeGreaterThanOrEqual(latency);
    expect(machine.latency().max).toBeLessThan(latency * 1.0625);
  });

  test('EOI and other LAPIC writes have costs of their own', async () => {
    const { machine } = await toy(
      (k) => ({
        handlers: {
          0x30: handler(k, 'h', (b) => {
            b.note('moved');
            b.lapicWrite('tpr', 0);
            b.note('cleaned');
          }),
        },
      }),
      { sources: [{ gaps: [1000], raises: 1 }], timed: true, timing: { 'eoi.mmio': 77, 'lapic.mmio_write': 55 } },
    );
    const events = run(machine, 40_000);
    expect([at(events, 'note', 1) - at(events, 'note'), at(events, 'eoi') - at(events, 'note', 1)]).toEqual([56, 77]);
  });

  test('a handshake device that had something to say raises right behind its handler', async () => {
    const { machine } = await toy((k) => ({ handlers: { 0x30: handler(k, 'h', (b) => b.serve(0, 0)) } }), {
      sources: [{ kind: 'handshake', gaps: [500], raises: 3 }],
      timed: true,
    });
    const events = run(machine, 20_000);
    const [served, raised] = ['serve', 'raise'].map((kind) => events.filter((e) => e.kind === kind).map((e) => Number(e.time)));
    expect(raised).toEqual([500, (served?.[0] ?? 0) + 1, (served?.[1] ?? 0) + 1]);
  });

  test('a run stops where a property fails, and goes on from there', async () => {
    const { machine } = await toy((k) => ({ handlers: { 0x30: handler(k, 'h', (b) => b.flag('noStray')) } }), {
      sources: [{ gaps: [1000], raises: 2 }],
      timed: true,
      properties: ['noStray'],
    });
    expect(machine.run(100_000)).toEqual({ status: 'failed', broken: ['noStray'] });
    const first = machine.now;
    expect(machine.run(100_000).status).toBe('failed');
    expect(machine.now).toBeGreaterThan(first);
    expect(machine.run(100_000).status).toBe('more');
  });
});

test('a machine of 64 CPUs with 64 devices runs: what only a check asks for is left out', async () => {
  const devices = Array.from({ length: 64 }, (_, i) => `  - {name: d${i}, irqs: [{irq: ${i + 1}, cpu: ${i}, vector: 0x21}]}`);
  const s = system(`version: 1\nname: wide\nmachine: {cpus: 64}\ndevices:\n${devices.join('\n')}\n`, 'linux-5.9');
  const machine = await s.machine({ timed: true, record: 0 });
  machine.run(10_000_000);
  expect(machine.counter('served')).toBeGreaterThan(64);
});
