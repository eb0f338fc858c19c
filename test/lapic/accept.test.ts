import { describe, expect, test } from 'vitest';
import { act, enabled, handler, interrupt, lapic, msi, only, settle, steps, task, toy } from '../engine/toy.js';

describe('acceptance', () => {
  test('a message sets its bit in the IRR (A.3)', async () => {
    const { machine } = await toy(() => ({}), { sources: 2 });
    interrupt(machine, 1);
    expect(machine.cpu(0).irr).toEqual([0x31]);
    expect(only(machine.events(), 'accept')).toEqual([['accept', 0, 0x31, 0]]);
  });

  test('one event in service and one pending; a third merges with the second (A.3, T11)', async () => {
    const { machine } = await toy((k) => ({ handlers: { 0x30: handler(k, 'h') } }), { sources: 1 });
    interrupt(machine, 0);
    act(machine, 'interrupt');
    for (let i = 0; i < 3; i++) interrupt(machine, 0);
    expect(machine.cpu(0)).toMatchObject({ isr: [0x30], irr: [0x30] });
    expect(only(machine.events(), 'accept').map(([, , , merged]) => merged)).toEqual([0, 0, 1, 1]);
    settle(machine);
    expect(machine.counter('acknowledged')).toBe(2);
    expect(machine.cpu(0)).toMatchObject({ isr: [], irr: [] });
  });

  test.each([
    { vector: 0x00, legal: false },
    { vector: 0x0f, legal: false },
    { vector: 0x10, legal: true },
    { vector: 0x1f, legal: true },
    { vector: 0xff, legal: true },
  ])('vector $vector: legal $legal, otherwise ESR bit 6 and no IRR bit (A.3, A.10, T16)', async ({ vector, legal }) => {
    const { machine, kernel } = await toy(
      (k, d) => {
        const esr = d.variable('esr', 'u32', []);
        const latch = task(k, 'latch', (b) => {
          b.cli();
          b.lapicWrite('esr', 0);
          b.store(esr, [], b.lapicRead('esr'));
        });
        return { esr, run: { 0: latch }, boot: (m) => m.setDevice(0, msi(0, vector)) };
      },
      { sources: 1 },
    );
    steps(machine, 0, 1);
    interrupt(machine, 0);
    expect(machine.cpu(0).irr).toEqual(legal ? [vector] : []);
    steps(machine, 0, 3);
    expect(machine.variable(kernel.esr.slot)).toBe(legal ? 0 : 0x40);
  });

  test('TMR follows the message accepted last, vector by vector; EOI leaves it (A.3, T18)', async () => {
    const { machine } = await toy(
      (k) => ({
        handlers: { 0x30: handler(k, 'h') },
        boot: (m) => {
          m.setDevice(0, { ...msi(0, 0x30), data: 0xc030 });
          m.setDevice(1, msi(0, 0x30));
          m.setDevice(2, { ...msi(0, 0x31), data: 0xc031 });
        },
      }),
      { sources: 3 },
    );
    interrupt(machine, 0);
    expect(lapic(machine).tmr).toEqual([0x30]);
    settle(machine);
    expect(machine.cpu(0)).toMatchObject({ irr: [], isr: [] });
    expect(lapic(machine).tmr).toEqual([0x30]);
    interrupt(machine, 2);
    interrupt(machine, 1);
    expect(lapic(machine).tmr).toEqual([0x31]);
    // pending already: merged, and TMR is the new message's all the same
    interrupt(machine, 0);
    expect(lapic(machine).tmr).toEqual([0x30, 0x31]);
  });
});

describe('software disable (SVR bit 8)', () => {
  /** A CPU that switches its LAPIC off with interrupts off, then switches them on. */
  const disabling = (softDisabled: 'dispatches' | 'holds') =>
    toy(
      (k) => {
        const h = handler(k, 'h');
        const t = task(k, 't', (b) => {
          b.cli();
          b.lapicWrite('svr', 0xff);
          b.sti();
          b.cli();
          b.sti();
          b.preemptOff();
          b.lapicWrite('svr', 0x1ff);
        });
        return { handlers: { 0x30: h, 0x31: h }, run: { 0: t } };
      },
      { sources: 2, assumptions: { softDisabled } },
    );

  test('what is new is dropped, what is pending stays (A.9.1, T12)', async () => {
    const { machine } = await disabling('dispatches');
    steps(machine, 0, 1);
    interrupt(machine, 1);
    steps(machine, 0, 1);
    interrupt(machine, 0);
    expect(machine.cpu(0)).toMatchObject({ irr: [0x31], enabled: false });
    expect(only(machine.events(), 'drop')).toEqual([['drop', 0, 0x30, 0]]);
  });

  test('what is pending is still dispatched, and EOI works (A.9.1, T12)', async () => {
    const { machine } = await disabling('dispatches');
    steps(machine, 0, 1);
    interrupt(machine, 1);
    steps(machine, 0, 5);
    expect(enabled(machine)).toEqual(['interrupt 0', 'raise 0', 'raise 1']);
    act(machine, 'interrupt');
    expect(machine.cpu(0)).toMatchObject({ irr: [], isr: [0x31], enabled: false });
    steps(machine, 0, 2);
    expect(machine.cpu(0).isr).toEqual([]);
  });

  test('what is pending is held where that is assumed, until the LAPIC is enabled again (A.9.1)', async () => {
    const { machine } = await disabling('holds');
    steps(machine, 0, 1);
    interrupt(machine, 1);
    steps(machine, 0, 5);
    expect(enabled(machine)).toContain('cpu 0');
    expect(enabled(machine)).not.toContain('interrupt 0');
    steps(machine, 0, 1);
    expect(enabled(machine)).toContain('interrupt 0');
  });
});
