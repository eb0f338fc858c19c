import { describe, expect, test } from 'vitest';
import { SELF, type Builder } from '../../src/kernel/index.js';
import { enabled, explore, interrupt, run, settle, steps, task, toy } from '../engine/toy.js';

describe('locks and waits', () => {
  const contended = (b: Builder, lock: Parameters<Builder['lock']>[0], n: Parameters<Builder['fetchAdd']>[0]): void => {
    b.lock(lock, []);
    b.fetchAdd(n, [], 1);
    b.fetchAdd(n, [], -1);
    b.unlock(lock, []);
  };

  test('a lock has one holder; another waits in front of it, without a step', async () => {
    const { machine } = await toy(
      (k, d) => {
        const lock = d.lock('lock', []);
        const n = d.variable('n', 'u8', []);
        const t = task(k, 't', (b) => contended(b, lock, n));
        return { run: { 0: t, 1: t } };
      },
      { cpus: 2 },
    );
    steps(machine, 0, 1);
    expect(enabled(machine)).toEqual(['cpu 0']);
    steps(machine, 0, 3);
    expect(enabled(machine)).toEqual(['cpu 0', 'cpu 1']);
  });

  test('on no way are two inside', async () => {
    const { machine, kernel } = await toy(
      (k, d) => {
        const lock = d.lock('lock', []);
        const n = d.variable('n', 'u8', []);
        const t = task(k, 't', (b) => contended(b, lock, n));
        return { n, run: { 0: t, 1: t, 2: t } };
      },
      { cpus: 3 },
    );
    let most = 0;
    explore(machine, (m) => (most = Math.max(most, m.variable(kernel.n.slot))));
    expect(most).toBe(1);
  });

  test('one that waits takes interrupts, and waits on afterwards', async () => {
    const { machine } = await toy(
      (k, d) => {
        const go = d.variable('go', 'bool', []);
        return { run: { 0: task(k, 't', (b) => b.waitEq(go, [], 1)) } };
      },
      { sources: 1 },
    );
    interrupt(machine, 0);
    settle(machine);
    expect(machine.counter('acknowledged')).toBe(1);
    expect(machine.instruction(0)).toBeDefined();
    expect(enabled(machine)).toEqual(['raise 0']);
  });

  test('waitEq and waitNe on an element with an index', async () => {
    const { machine } = await toy(
      (k, d) => {
        const phase = d.variable('phase', 'u8', ['cpu']);
        return {
          run: {
            0: task(k, 't', (b) => {
              b.waitNe(phase, [1], 0);
              b.store(phase, [0], 2);
            }),
            1: task(k, 'u', (b) => {
              b.store(phase, [SELF], 1);
              b.waitEq(phase, [0], 2);
            }),
          },
        };
      },
      { cpus: 2 },
    );
    expect(enabled(machine)).toEqual(['cpu 1']);
    steps(machine, 1, 1);
    expect(enabled(machine)).toEqual(['cpu 0']);
    steps(machine, 0, 2);
    expect(enabled(machine)).toEqual(['cpu 0', 'cpu 1']);
  });

  test.each(['store', 'fetchAdd', 'listPush', 'listRemove', 'unlock'] as const)('timed: %s wakes who waits for it', async (how) => {
    const { machine, kernel } = await toy(
      (k, d) => {
        const value = d.variable('value', 'u8', []);
        const lock = d.lock('lock', []);
        const list = d.list('list', ['cpu'], 'irq');
        const woken = d.variable('woken', 'bool', []);
        const waker = task(k, 'waker', (b) => {
          if (how === 'unlock') b.lock(lock, []);
          if (how === 'listRemove') b.listPush(list, 1, 0);
          b.delay(10_000);
          if (how === 'store') b.store(value, [], 1);
          if (how === 'fetchAdd') b.fetchAdd(value, [], 1);
          if (how === 'listPush') b.listPush(list, 1, 0);
          if (how === 'listRemove') b.listRemove(list, 1, 0);
          if (how === 'unlock') b.unlock(lock, []);
        });
        const sleeper = task(k, 'sleeper', (b) => {
          b.delay(5000);
          if (how === 'unlock') b.lock(lock, []);
          else if (how === 'listPush') b.waitNe(list.heads, [1], 0);
          else if (how === 'listRemove') b.waitEq(list.heads, [1], 0);
          else b.waitEq(value, [], 1);
          b.store(woken, [], 1);
          if (how === 'unlock') b.unlock(lock, []);
        });
        return { woken, run: { 0: waker, 1: sleeper } };
      },
      { cpus: 2, sources: 1, timed: true },
    );
    run(machine, 9000);
    expect(machine.variable(kernel.woken.slot)).toBe(0);
    run(machine, 5000);
    expect(machine.variable(kernel.woken.slot)).toBe(1);
  });
});
