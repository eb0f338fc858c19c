/** Pins of IOAPICs in programs: sources that drive them, messages and EOIs as steps, the accesses of a kernel. */
import { describe, expect, test } from 'vitest';
import type { Builder } from '../../src/kernel/index.js';
import type { ProgramMachine } from '../../src/machine/index.js';
import {
  act,
  enabled,
  entryLow,
  handler,
  inFlight,
  only,
  run,
  search,
  settle,
  smallIoapic,
  steps,
  task,
  toy,
  type ToyOptions,
} from '../engine/toy.js';

const PIN = 2;

interface Line {
  readonly kind?: 'level' | 'free';
  readonly masked?: boolean;
  /** what the handler does before EOI; left out: it serves the source */
  readonly handle?: (b: Builder) => void;
  readonly body?: (b: Builder) => void;
}

/** CPU 0 with a source on a pin whose vector is 0x30. */
async function line({ kind = 'level', masked = false, handle = (b) => b.serve(0, 0), body }: Line, options: ToyOptions = {}) {
  const { machine } = await toy(
    (k) => ({
      handlers: { 0x30: handler(k, 'h', handle), 0x31: handler(k, 'other') },
      ...(body && { run: { 0: task(k, 't', body) } }),
      boot: (m) => m.ioapic(0).write(0x10 + 2 * PIN, entryLow(0x30, { level: kind === 'level', masked })),
    }),
    {
      ioapics: [smallIoapic],
      devices: [{ chipset: 'pins' }],
      sources: [{ device: 0, message: PIN, kind, raises: 2 }],
      properties: ['noLoss', 'noStuckLine', 'noStuckIsr', 'noDuplicate'],
      ...options,
    },
  );
  return machine;
}

const low = (machine: ProgramMachine): number => machine.ioapic(0).read(0x10 + 2 * PIN);

describe('a line', () => {
  test('its message is a step, and so is the EOI that ends its service (B.3)', async () => {
    const machine = await line({});
    act(machine, 'raise', 0);
    expect(enabled(machine)).toEqual([`pin ${PIN}`]);
    act(machine, 'pin', PIN);
    expect(inFlight(machine)).toEqual([{ origin: 2, stage: 0, address: 0xfee00000, data: 0xc030 }]);
    settle(machine, 'message');
    expect(low(machine) & 0x4000).toBe(0x4000);
    act(machine, 'interrupt', 0);
    // handler, EOI
    steps(machine, 0, 2);
    expect([low(machine) & 0x4000, enabled(machine)]).toEqual([0x4000, ['cpu 0', 'message 1.0', 'raise 0']]);
    act(machine, 'message', 1 << 4);
    expect(low(machine) & 0x4000).toBe(0);
  });

  test('a line that is still asserted at the EOI sends again (B.3)', async () => {
    const machine = await line({ handle: () => undefined });
    act(machine, 'raise', 0);
    act(machine, 'pin', PIN);
    settle(machine, 'message');
    act(machine, 'interrupt', 0);
    settle(machine, 'cpu');
    settle(machine, 'message');
    expect(enabled(machine)).toEqual([`pin ${PIN}`]);
  });

  test('while it is masked it waits, and goes when it is unmasked (B.3)', async () => {
    const machine = await line({ masked: true, body: (b) => b.pinWrite(0, PIN, 0, entryLow(0x30, { level: true })) });
    act(machine, 'raise', 0);
    expect(enabled(machine)).toEqual(['cpu 0']);
    steps(machine, 0, 1);
    expect(enabled(machine)).toContain(`pin ${PIN}`);
  });

  test('a vector that is changed while the line is in service leaves it stuck: no-stuck-line fails (B.3, design 4)', async () => {
    const machine = await line({ body: (b) => b.pinWrite(0, PIN, 0, entryLow(0x31, { level: true })) });
    const found = await search(machine);
    expect(Object.keys(found.failures)).toContain('noStuckLine');
  });

  test('the EOI register ends the service under the old vector (B.1)', async () => {
    const machine = await line({ body: (b) => b.pinEoi(0, 0x30) });
    act(machine, 'raise', 0);
    act(machine, 'pin', PIN);
    settle(machine, 'message');
    expect(low(machine) & 0x4000).toBe(0x4000);
    machine.setCpu(0, { svr: 0x1ff, tpr: 0, run: 'running', interruptsOn: false });
    steps(machine, 0, 1);
    expect(low(machine) & 0x4000).toBe(0);
  });

  test('a read of the entry waits for the EOI that the CPU has sent before it (races.md ioapic-remote-irr-migrate)', async () => {
    const machine = await line({
      handle: (b) => {
        b.serve(0, 0);
        b.lapicWrite('eoi', 0);
        b.pinRead(0, PIN, 0);
      },
    });
    act(machine, 'raise', 0);
    act(machine, 'pin', PIN);
    settle(machine, 'message');
    act(machine, 'interrupt', 0);
    // handler, EOI
    steps(machine, 0, 2);
    expect(enabled(machine)).toEqual(['message 1.0', 'raise 0']);
    act(machine, 'message', 1 << 4);
    expect(enabled(machine)).toContain('cpu 0');
  });

  test('a wait for the end of its service (B.3)', async () => {
    const machine = await line({ body: (b) => b.pinWait(0, PIN) });
    act(machine, 'raise', 0);
    act(machine, 'pin', PIN);
    settle(machine, 'message');
    machine.setCpu(0, { svr: 0x1ff, tpr: 0, run: 'running', interruptsOn: false });
    expect(enabled(machine)).toEqual([]);
    machine.setCpu(0, { svr: 0x1ff, tpr: 0, run: 'running', interruptsOn: true });
    act(machine, 'interrupt', 0);
    // handler, EOI, iret
    steps(machine, 0, 3);
    expect(enabled(machine)).not.toContain('cpu 0');
    act(machine, 'message', 1 << 4);
    expect(enabled(machine)).toContain('cpu 0');
  });

  test.each(['level', 'free'] as const)('the LAPIC knows the trigger mode of what it has accepted: %s (A.12)', async (kind) => {
    const handle = (b: Builder): void => {
      b.serve(0, 0);
      b.if(b.tmrBit(0x30), () => b.flag('noStray', 0));
    };
    const { failures } = await search(await line({ kind, handle }, { properties: ['noStray'] }));
    expect(Object.keys(failures)).toEqual(kind === 'level' ? ['noStray'] : []);
  });

  test.each([0, 1, 2] as const)('a check of it holds, reduction %s', async (reduction) => {
    const found = await search(await line({}), reduction);
    expect([found.status, found.failures]).toEqual(['done', {}]);
    expect(found.rest).toBeGreaterThan(0);
  });

  test('an image keeps the pin of a message and the EOI on its way', async () => {
    const machine = await line({});
    act(machine, 'raise', 0);
    act(machine, 'pin', PIN);
    machine.setImage(machine.image());
    settle(machine, 'message');
    expect(low(machine) & 0x4000).toBe(0x4000);
    act(machine, 'interrupt', 0);
    steps(machine, 0, 2);
    machine.setImage(machine.image());
    settle(machine);
    expect(low(machine) & 0x4000).toBe(0);
  });
});

describe('an edge', () => {
  test('is latched, and sent once', async () => {
    const machine = await line({ kind: 'free' });
    act(machine, 'raise', 0);
    act(machine, 'pin', PIN);
    expect(inFlight(machine)).toEqual([{ origin: 2, stage: 0, address: 0xfee00000, data: 0x30 }]);
    expect(enabled(machine)).not.toContain(`pin ${PIN}`);
    settle(machine);
    expect(low(machine) & 0x5000).toBe(0);
  });

  test('is lost while the entry is masked (B.3)', async () => {
    const machine = await line({ kind: 'free', masked: true });
    expect(act(machine, 'raise', 0)).toEqual(['noLoss']);
    expect(only(machine.events(), 'lost')).toEqual([['lost', 0, 0, 0]]);
  });

  test('that comes while the one before is on its way is one with it', async () => {
    const machine = await line({ kind: 'free' });
    act(machine, 'raise', 0);
    act(machine, 'pin', PIN);
    act(machine, 'raise', 0);
    expect(settle(machine)).toEqual([]);
    expect(machine.owed(0)).toBe(false);
  });
});

test('with a clock a line is served as often as it is raised', async () => {
  const machine = await line({}, { timed: true, sources: [{ device: 0, message: PIN, kind: 'level', raises: 3, gaps: [50_000] }] });
  const events = run(machine, 400_000);
  expect(events.filter(({ kind }) => kind === 'serve')).toHaveLength(3);
  expect(events.filter(({ kind }) => kind === 'retire')).toHaveLength(3);
});
