import { describe, expect, test } from 'vitest';
import { SELF, type Builder } from '../../src/kernel/index.js';
import { act, handler, interrupt, msi, run, settle, steps, task, toy } from '../engine/toy.js';

describe('contexts of a CPU', () => {
  /** CPU 1 runs a thread and then says 1; CPU 0 wakes its stopper, which says 2 and 3; a handler says 9. */
  const stopping = (thread: (b: Builder) => void = () => undefined) =>
    toy(
      (k, d) => {
        const who = d.variable('who', 'u8', []);
        const stopper = task(k, 'stopper', (b) => {
          b.store(who, [], 2);
          b.store(who, [], 3);
        });
        return {
          who,
          handlers: { 0x30: handler(k, 'h', (b) => b.store(who, [], 9)) },
          run: {
            0: task(k, 't', (b) => b.wake(1, 'stopper', stopper)),
            1: task(k, 'u', (b) => {
              thread(b);
              b.store(who, [], 1);
            }),
          },
          boot: (m) => m.setDevice(0, msi(1, 0x30)),
        };
      },
      { cpus: 2, sources: 1 },
    );

  /** What CPU 1 says in its next n micro-ops. */
  const says = ({ machine, kernel }: Awaited<ReturnType<typeof stopping>>, n: number): number[] =>
    Array.from({ length: n }, () => {
      steps(machine, 1, 1);
      return machine.variable(kernel.who.slot);
    });

  test('a stopper takes over from the thread and runs to its end; the thread goes on where it was (design 3)', async () => {
    const p = await stopping();
    steps(p.machine, 0, 1);
    expect(says(p, 4)).toEqual([2, 3, 3, 1]);
  });

  test.each([
    ['while it holds a lock or has switched preemption off', 1, (b: Builder) => [b.preemptOff(), b.preemptOn()], [0, 2, 3]],
    ['while preemption is off twice', 2, (b: Builder) => [b.preemptOff(), b.preemptOff(), b.preemptOn(), b.preemptOn()], [0, 0, 2]],
    ['while it runs with interrupts off', 1, (b: Builder) => [b.cli(), b.restoreFlags(b.let('bool', 1))], [0, 2, 3]],
    ['in the shadow of STI (A.5)', 2, (b: Builder) => [b.cli(), b.sti(), b.note('busy')], [0, 2, 3]],
  ] as const)('not %s', async (_, before, thread, said) => {
    const p = await stopping(thread as (b: Builder) => void);
    steps(p.machine, 1, before);
    steps(p.machine, 0, 1);
    expect(says(p, 3)).toEqual(said);
  });

  test('once the stopper has the CPU, the thread does not get it back before its end, IF=0 or not', async () => {
    const p = await stopping();
    steps(p.machine, 0, 1);
    steps(p.machine, 1, 1);
    expect(says(p, 1)).toEqual([3]);
  });

  test('an interrupt comes above both, and returns to the one it interrupted', async () => {
    const p = await stopping();
    steps(p.machine, 0, 1);
    steps(p.machine, 1, 1);
    interrupt(p.machine, 0);
    act(p.machine, 'interrupt', 1);
    expect(says(p, 4)).toEqual([9, 9, 9, 3]);
  });

  test.each([false, true])('who wakes a task that still works waits for its end; timed: %s', async (timed) => {
    const { machine, kernel } = await toy(
      (k, d) => {
        const log = d.variable('log', 'u32', []);
        const work = k.routine('work', { x: 'u32' }, (b, { x }) => {
          const before = b.load(log);
          b.delay(5000);
          b.store(log, [], b.add(b.shl(before, 8), x));
          b.end();
        });
        const t = task(k, 't', (b) => {
          for (const x of [1, 2, 3]) b.wake(1, 'thread', work, x);
        });
        return { log, run: { 0: t } };
      },
      { cpus: 2, timed },
    );
    if (timed) {
      run(machine, 100_000);
    } else {
      steps(machine, 0, 1);
      settle(machine);
    }
    expect(machine.variable(kernel.log.slot)).toBe(0x010203);
  });

  test('a task gets the value it is woken with', async () => {
    const { machine, kernel } = await toy((k, d) => {
      const got = d.variable('got', 'u32', []);
      const woken = k.routine('woken', { x: 'u32' }, (b, { x }) => {
        b.store(got, [], x);
        b.end();
      });
      return { got, run: { 0: task(k, 't', (b) => b.wake(SELF, 'stopper', woken, 0xfedcba98)) } };
    });
    settle(machine);
    expect(machine.variable(kernel.got.slot)).toBe(0xfedcba98);
    expect(machine.instruction(0)).toBeUndefined();
  });
});

describe('flags', () => {
  test('saving gives IF and clears it; restoring sets it as it was', async () => {
    const { machine, kernel } = await toy((k, d) => {
      const seen = d.mask('seen', 'vector', []);
      const t = task(k, 't', (b) => {
        const on = b.saveFlags();
        const off = b.saveFlags();
        b.if(on, () => b.maskSet(seen, [], 0x20));
        b.if(off, () => b.maskSet(seen, [], 0x21));
        b.restoreFlags(off);
        b.preemptOff();
        b.restoreFlags(on);
      });
      return { seen, run: { 0: t } };
    });
    const flags = Array.from({ length: 6 }, () => {
      steps(machine, 0, 1);
      return machine.cpu(0).interruptsOn;
    });
    expect(flags).toEqual([false, false, false, false, false, true]);
    expect(machine.maskBits(kernel.seen.slot)).toEqual([0x20]);
  });
});
