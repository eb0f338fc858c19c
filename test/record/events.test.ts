import { describe, expect, test } from 'vitest';
import { act, handler, interrupt, msi, only, run, settle, steps, task, toy } from '../engine/toy.js';

describe('the event ring', () => {
  test('tells the way of an interrupt, in order and with its fields', async () => {
    const { machine } = await toy((k) => ({ handlers: { 0x30: handler(k, 'h', (b) => b.serve(0, 0)) } }), { sources: 1 });
    interrupt(machine, 0);
    settle(machine);
    expect(machine.events().map((e) => [e.kind, e.a, e.b, e.c])).toEqual([
      ['raise', 0, 0, 0],
      ['sample', 0, 0xfee00000, 0x4030],
      ['root', 0, 0xfee00000, 0x4030],
      ['accept', 0, 0x30, 0],
      ['acknowledge', 0, 0x30, 0],
      ['serve', 0, 0, 0],
      ['eoi', 0, 0x30, 0],
    ]);
  });

  test('micro-ops with their instruction and value only where asked for; they are not in the digest', async () => {
    const { machine, again } = await toy((k, d) => {
      const x = d.variable('x', 'u8', []);
      const t = task(k, 't', (b) => {
        b.store(x, [], 7);
        b.note('moved');
      });
      return { run: { 0: t } };
    });
    const detailed = await again({ record: 2 });
    for (const m of [machine, detailed]) settle(m);
    expect(machine.events().map((e) => e.kind)).toEqual(['note']);
    const events = detailed.events();
    expect(events.map((e) => e.kind)).toEqual(['step', 'note', 'step', 'step']);
    expect(events[0]).toMatchObject({ a: 0, c: 7 });
    expect(detailed.eventDigest()).toBe(machine.eventDigest());
  });

  test('keeps the newest when nobody drains it', async () => {
    const { machine } = await toy((k) => ({ run: { 0: task(k, 't', (b) => b.loop(() => b.note('moved'))) } }), { ring: 512 });
    for (let i = 0; i < 600; i++) {
      steps(machine, 0, 1);
      if (i === 550) act(machine, 'cpu');
    }
    expect(machine.events()).toHaveLength(512);
    expect(machine.events()).toEqual([]);
    steps(machine, 0, 3);
    expect(machine.events()).toHaveLength(3);
  });

  test('timed, a run stops before it overflows', async () => {
    const { machine } = await toy((k) => ({ run: { 0: task(k, 't', (b) => b.loop(() => b.note('moved'))) } }), { ring: 512, timed: true });
    expect(machine.run(10_000).status).toBe('ringFull');
    expect(machine.events().length).toBeLessThanOrEqual(512);
    const all = run(machine, 5000);
    expect(all.map((e) => Number(e.time))).toEqual(Array.from({ length: all.length }, (_, i) => Number(all[0]?.time) + i));
  });

  test('a search records nothing', async () => {
    const { machine } = await toy(() => ({}), { sources: 1, record: 0, ring: 0 });
    interrupt(machine, 0);
    settle(machine);
    expect([machine.events(), machine.counter('events'), machine.counter('acknowledged')]).toEqual([[], 0, 1]);
  });
});

test('coverage, notes and counters', async () => {
  const { machine } = await toy((k) => ({
    run: {
      0: task(k, 't', (b) => {
        b.note('moved');
        b.note('moved');
        b.ipi(0, 0x41);
        b.park();
        b.note('busy');
      }),
    },
  }));
  settle(machine);
  expect([
    machine.note('moved'),
    machine.note('busy'),
    machine.counter('ipis'),
    machine.counter('messages'),
    machine.counter('accepts'),
  ]).toEqual([2, 0, 1, 1, 1]);
  expect(machine.coverage().reduce((n, done) => n + done, 0)).toBe(4);
});

describe('who carries an event (J, oracle)', () => {
  test('it is lost in the step in which the last carrier goes: a LAPIC that is disabled drops it', async () => {
    const { machine } = await toy((k) => ({ run: { 0: task(k, 't', (b) => b.lapicWrite('svr', 0xff)) } }), { sources: 1 });
    act(machine, 'raise');
    act(machine, 'sample');
    steps(machine, 0, 1);
    expect(act(machine, 'message')).toEqual([]);
    expect(act(machine, 'message')).toEqual(['noLoss']);
    expect(only(machine.events(), 'lost')).toEqual([['lost', 0, 0, 0]]);
  });

  test('a merge is no loss: the pending one carries both', async () => {
    const { machine } = await toy(
      (k) => ({
        handlers: {
          0x30: handler(k, 'h', (b) => {
            b.serve(0, 0);
            b.serve(1, 0);
          }),
        },
        boot: (m) => m.setDevice(1, msi(0, 0x30)),
      }),
      { sources: 2 },
    );
    interrupt(machine, 0);
    interrupt(machine, 1);
    expect(settle(machine)).toEqual([]);
    expect(machine.counter('lost')).toBe(0);
  });

  test('a handler that returns without serving whom it carries loses it', async () => {
    const { machine } = await toy(
      (k) => ({ handlers: { 0x30: handler(k, 'h', (b) => b.serve(0, 0)) }, boot: (m) => m.setDevice(1, msi(0, 0x30)) }),
      {
        sources: 2,
      },
    );
    interrupt(machine, 0);
    interrupt(machine, 1);
    expect(settle(machine)).toEqual(['noLoss']);
    expect(only(machine.events(), 'lost')).toEqual([['lost', 1, 0, 0]]);
  });

  test('an IPI sent behind a look at the IRR stands for what was pending there', async () => {
    const { machine } = await toy(
      (k) => ({
        handlers: { 0x41: handler(k, 'h', (b) => b.serve(0, 0)) },
        run: {
          0: task(k, 't', (b) => {
            b.cli();
            b.if(b.irrBit(0x30), () => b.ipi(1, 0x41));
            b.park();
          }),
          1: task(k, 'u', (b) => b.ipiInit(0)),
        },
      }),
      { cpus: 2, sources: 1 },
    );
    steps(machine, 0, 1);
    interrupt(machine, 0);
    steps(machine, 0, 3);
    steps(machine, 1, 1);
    // INIT takes the IRR bit away; the IPI still carries the event
    expect(act(machine, 'message', 2 << 4)).toEqual([]);
    expect(settle(machine)).toEqual([]);
    expect(machine.counter('served')).toBe(1);
  });

  test('a pending flag of the kernel carries what its context had, and gives it back to the one that clears it', async () => {
    const { machine, kernel } = await toy(
      (k, d) => {
        const pending = d.variable('pending', 'bool', ['irq'], { carrier: true });
        return {
          pending,
          handlers: { 0x30: handler(k, 'h', (b) => b.store(pending, [0], 1)) },
          run: {
            0: task(k, 't', (b) => {
              b.waitEq(pending, [0], 1);
              b.store(pending, [0], 0);
              b.preemptOff();
            }),
          },
        };
      },
      { sources: 1 },
    );
    interrupt(machine, 0);
    act(machine, 'interrupt');
    for (let i = 0; i < 3; i++) expect(act(machine, 'cpu')).toEqual([]);
    expect(machine.variable(kernel.pending.slot)).toBe(1);
    for (let i = 0; i < 3; i++) expect(act(machine, 'cpu')).toEqual([]);
    // the task ends without having served it
    expect(act(machine, 'cpu')).toEqual(['noLoss']);
  });

  test('a message for several LAPICs carries its events to each', async () => {
    const { machine } = await toy(
      (k) => ({
        handlers: {
          0x30: k.routine('h', { vector: 'vector' }, (b) => {
            b.if({ op: 'eq', a: b.selfValue(), x: 1 }, () => b.serve(0, 0));
            b.lapicWrite('eoi', 0);
            b.iret();
          }),
        },
        boot: (m) => m.setDevice(0, msi(0xff, 0x30)),
      }),
      { cpus: 3, sources: 1 },
    );
    interrupt(machine, 0);
    for (const c of [0, 2]) {
      act(machine, 'interrupt', c);
      for (let i = 0; i < 2; i++) expect(act(machine, 'cpu', c)).toEqual([]);
    }
    expect(settle(machine)).toEqual([]);
    expect(machine.counter('lost')).toBe(0);
  });
});
