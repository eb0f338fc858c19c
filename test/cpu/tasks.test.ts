import { describe, expect, test } from 'vitest';
import { eq, SELF, type Builder } from '../../src/kernel/index.js';
import { act, enabled, explore, handler, interrupt, msi, only, operation, run, settle, steps, task, toy } from '../engine/toy.js';

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

  test('a task gets the value it is woken with; it may wake itself again only when it has ended', async () => {
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

describe('steps', () => {
  test('an atomic block is one step, with the private instructions behind it', async () => {
    const { machine, kernel } = await toy((k, d) => {
      const lock = d.lock('lock', []);
      const pair = [d.variable('one', 'u8', [], { lock }), d.variable('two', 'u8', [], { lock })] as const;
      const t = task(k, 't', (b) => {
        b.lock(lock, []);
        b.atomic(() => {
          b.store(pair[0], [], 1);
          b.store(pair[1], [], b.add(b.load(pair[0]), 1));
        });
        b.unlock(lock, []);
      });
      return { pair, run: { 0: t } };
    });
    const values = (): number[] => kernel.pair.map((v) => machine.variable(v.slot));
    steps(machine, 0, 1);
    expect(values()).toEqual([0, 0]);
    steps(machine, 0, 1);
    expect(values()).toEqual([1, 2]);
  });

  test('a config access and a delay are two: effect and completion (C.6 G6)', async () => {
    const { machine } = await toy(
      (k) => ({
        run: {
          0: task(k, 't', (b) => {
            b.cfgWrite(0, 'data', 0x4055);
            b.delay(10);
          }),
        },
      }),
      { sources: 1 },
    );
    steps(machine, 0, 1);
    expect(machine.device(0).data).toBe(0x4055);
    const kinds = (): string[] => machine.events().map((e) => e.kind);
    expect(kinds()).toEqual(['cfg']);
    steps(machine, 0, 1);
    expect(kinds()).toEqual(['complete']);
    steps(machine, 0, 2);
    expect(kinds()).toEqual(['complete']);
  });

  test('visible are accesses to hardware and to variables declared so; a config access only where it takes effect (design 4)', async () => {
    const { machine } = await toy(
      (k, d) => {
        const plain = d.variable('plain', 'u8', []);
        const shown = d.variable('shown', 'u8', [], { visible: true });
        const t = task(k, 't', (b) => {
          b.store(plain, [], 1);
          b.store(shown, [], 1);
          b.load(shown);
          b.lapicWrite('tpr', 0);
          b.cfgWrite(0, 'data', 0x4030);
          b.ipi(0, 0x41);
        });
        return { run: { 0: t } };
      },
      { sources: 1 },
    );
    const visible = Array.from({ length: 7 }, () => machine.apply(0).visible);
    expect(visible).toEqual([false, true, false, true, true, false, true]);
  });

  test('a judge changes nothing, whoever has CPU 0 (design 4)', async () => {
    const { machine } = await toy((k, d) => {
      const n = d.variable('n', 'u8', []);
      const judge = task(k, 'judge', (b) => {
        const value = b.load(n);
        b.if(eq(value, 1), () => b.flag('inStep', value));
      });
      const t = task(k, 't', (b) => {
        const x = b.fetchAdd(n, [], 1);
        b.preemptOff();
        b.store(n, [], b.add(x, 1));
      });
      return { run: { 0: t }, judgeRest: judge };
    });
    const entry = machine.setup.program.judgeRest;
    expect(machine.judge(entry)).toEqual([]);
    steps(machine, 0, 1);
    const before = machine.digest();
    expect(machine.judge(entry)).toEqual(['inStep']);
    expect(machine.digest()).toBe(before);
    steps(machine, 0, 2);
    expect(machine.variable(0)).toBe(2);
  });
});

describe('operations', () => {
  const three = (parallel: boolean) =>
    toy(
      (k, d) => {
        const log = d.variable('log', 'u8', []);
        const say = (n: number) => operation(k, `op${n}`, (b) => b.store(log, [], n));
        return {
          log,
          operations: [
            { cpu: 0, routine: say(1) },
            { cpu: 1, routine: say(2) },
            { cpu: 0, routine: say(3) },
          ],
        };
      },
      { cpus: 2, parallel },
    );

  test('begin in order, each after the one before has ended (design 4)', async () => {
    const { machine } = await three(false);
    expect(enabled(machine)).toEqual(['operation 0']);
    act(machine, 'operation', 0);
    steps(machine, 0, 1);
    expect(enabled(machine)).toEqual(['cpu 0']);
    steps(machine, 0, 1);
    expect(enabled(machine)).toEqual(['cpu 0', 'operation 1']);
  });

  test('in parallel begin in any order, where their CPU is free', async () => {
    const { machine } = await three(true);
    expect(enabled(machine)).toEqual(['operation 0', 'operation 1', 'operation 2']);
    act(machine, 'operation', 2);
    expect(enabled(machine)).toEqual(['cpu 0', 'operation 1']);
  });

  test('get their number and two arguments', async () => {
    const { machine, kernel } = await toy((k, d) => {
      const out = d.variable('out', 'u32', ['vector']);
      const routine = k.routine('r', { op: 'u8', x: 'u32', y: 'u32' }, (b, { op, x, y }) => {
        b.store(out, [0], b.let('u32', op));
        b.store(out, [1], x);
        b.store(out, [2], y);
        b.opEnd(op);
        b.end();
      });
      return { out, operations: [0, 1].map((i) => ({ cpu: 0, routine, args: [i * 10, i * 100] as const })) };
    });
    for (const o of [0, 1]) {
      act(machine, 'operation', o);
      settle(machine);
    }
    expect([0, 1, 2].map((i) => machine.variable(kernel.out.slot, i))).toEqual([1, 10, 100]);
    expect([machine.ended(0), machine.ended(1)]).toEqual([true, true]);
  });

  test.each([false, true])('timed: begin with their pauses between, also if they end within an atomic block: %s', async (atomic) => {
    const { machine } = await toy(
      (k) => {
        const routine = k.routine('r', { op: 'u8' }, (b, { op }) => {
          if (atomic) b.atomic(() => b.opEnd(b.let('u8', op)));
          else b.opEnd(op);
          b.end();
        });
        return { operations: [1000, 5000, 200].map((pause) => ({ cpu: 0, routine, pause })) };
      },
      { timed: true },
    );
    const events = run(machine, 50_000);
    expect(only(events, 'opBegin').map(([, o]) => o)).toEqual([0, 1, 2]);
    const at = (kind: string, o: number): bigint => events.find((e) => e.kind === kind && e.a === o)?.time ?? -1n;
    expect(at('opBegin', 0)).toBe(1000n);
    expect(at('opBegin', 1) - at('opEnd', 0)).toBe(5000n);
  });
});
