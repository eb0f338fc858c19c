import { expect, test } from 'vitest';
import type { Builder } from '../../src/kernel/index.js';
import { act, enabled, explore, handler, interrupt, steps, task, toy } from '../engine/toy.js';

/** CPU 0 does `body` with vector 0x30 pending from the first micro-op on, which is cli. */
async function pending(body: (b: Builder) => void) {
  const { machine } = await toy(
    (k) => ({
      handlers: { 0x30: handler(k, 'h') },
      run: {
        0: task(k, 't', (b) => {
          b.cli();
          body(b);
          b.preemptOff();
          b.preemptOn();
        }),
      },
    }),
    { sources: 1 },
  );
  steps(machine, 0, 1);
  interrupt(machine, 0);
  return machine;
}

test('with IF=0 nothing is taken (A.5)', async () => {
  const machine = await pending(() => undefined);
  expect(enabled(machine)).toEqual(['cpu 0', 'raise 0']);
});

test('STI: one more micro-op, then the interrupt (A.5, T19)', async () => {
  const machine = await pending((b) => b.sti());
  steps(machine, 0, 1);
  expect(machine.cpu(0).interruptsOn).toBe(true);
  expect(enabled(machine)).toEqual(['cpu 0', 'raise 0']);
  steps(machine, 0, 1);
  expect(enabled(machine)).toEqual(['interrupt 0', 'raise 0']);
});

test('STI;CLI takes none on any way (A.5, T19)', async () => {
  const machine = await pending((b) => {
    for (let i = 0; i < 3; i++) {
      b.sti();
      b.cli();
    }
    b.park();
  });
  let taken = 0;
  explore(machine, (m) => {
    if (enabled(m).includes('interrupt 0')) taken++;
  });
  expect(taken).toBe(0);
});

test('STI with IF=1 already casts no shadow (A.5)', async () => {
  const machine = await pending((b) => {
    b.sti();
    b.preemptOff();
  });
  steps(machine, 0, 2);
  act(machine, 'interrupt');
  steps(machine, 0, 2);
  interrupt(machine, 0);
  expect(enabled(machine)).toContain('interrupt 0');
});

test('STI and a wait that does not end: the interrupt is taken, as with HLT (A.5, T19)', async () => {
  const { machine } = await toy(
    (k, d) => {
      const never = d.variable('never', 'bool', []);
      const t = task(k, 't', (b) => {
        b.cli();
        b.sti();
        b.waitEq(never, [], 1);
      });
      return { handlers: { 0x30: handler(k, 'h') }, run: { 0: t } };
    },
    { sources: 1 },
  );
  steps(machine, 0, 1);
  interrupt(machine, 0);
  steps(machine, 0, 1);
  expect(enabled(machine)).toEqual(['interrupt 0', 'raise 0']);
});

test('restored flags and IRET cast no shadow (A.5, design 4)', async () => {
  const machine = await pending((b) => b.restoreFlags(b.let('bool', 1)));
  steps(machine, 0, 1);
  expect(enabled(machine)).toEqual(['interrupt 0', 'raise 0']);
  act(machine, 'interrupt');
  steps(machine, 0, 1);
  interrupt(machine, 0);
  steps(machine, 0, 1);
  expect(enabled(machine)).toEqual(['interrupt 0', 'raise 0']);
});

test('a config access is one instruction: nothing is taken between effect and completion (A.5, C.6)', async () => {
  const { machine } = await toy(
    (k) => ({
      handlers: { 0x30: handler(k, 'h'), 0x31: handler(k, 'g') },
      run: { 0: task(k, 't', (b) => b.cfgWrite(0, 'control', 1)) },
    }),
    { sources: 2 },
  );
  steps(machine, 0, 1);
  interrupt(machine, 1);
  expect(enabled(machine)).toEqual(['cpu 0', 'raise 0', 'raise 1']);
  steps(machine, 0, 1);
  expect(enabled(machine)).toContain('interrupt 0');
});

test('an mdelay is interrupted, and goes on behind the handler (A.5)', async () => {
  const { machine } = await toy((k) => ({ handlers: { 0x30: handler(k, 'h') }, run: { 0: task(k, 't', (b) => b.delay(1000)) } }), {
    sources: 1,
  });
  steps(machine, 0, 1);
  interrupt(machine, 0);
  expect(enabled(machine)).toEqual(['interrupt 0', 'raise 0']);
  act(machine, 'interrupt');
  steps(machine, 0, 2);
  expect(machine.instruction(0)).toBeDefined();
  steps(machine, 0, 2);
  expect(machine.instruction(0)).toBeUndefined();
});
