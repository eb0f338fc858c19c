import { describe, expect, test } from 'vitest';
import type { Assumptions } from '../../src/machine/index.js';
import { act, enabled, explore, inFlight, msi, only, run, search, settle, steps, task, toy } from '../engine/toy.js';

/** Device 0 has sent two messages: to the CPUs and with the vectors given. */
async function twoSent(first: [number, number], second: [number, number]) {
  const { machine } = await toy(() => ({}), { cpus: 2, sources: 1 });
  for (const [cpu, vector] of [first, second]) {
    machine.setDevice(0, msi(cpu, vector));
    act(machine, 'raise');
    act(machine, 'sample');
  }
  return machine;
}

const messages = (machine: Parameters<typeof enabled>[0]): string[] => enabled(machine).filter((a) => a.startsWith('message'));

describe('order of messages (C.6)', () => {
  test('posted writes of one function reach the root complex in order', async () => {
    const machine = await twoSent([0, 0x30], [1, 0x31]);
    expect(messages(machine)).toEqual(['message 0.0']);
    act(machine, 'message');
    expect(inFlight(machine).map((m) => m.stage)).toEqual([1, 0]);
  });

  test('behind it, those for one LAPIC stay in order', async () => {
    const machine = await twoSent([0, 0x30], [0, 0x31]);
    act(machine, 'message');
    expect(messages(machine)).toEqual(['message 0.0', 'message 0.1']);
    act(machine, 'message', 1);
    expect(messages(machine)).toEqual(['message 0.0']);
  });

  test('those for different LAPICs do not: both orders are reached', async () => {
    const machine = await twoSent([0, 0x30], [1, 0x31]);
    expect(orders(machine)).toEqual(['0 1', '1 0']);
  });

  test('nor do messages of different devices (G7)', async () => {
    const { machine } = await toy(() => ({}), { cpus: 2, sources: 2 });
    machine.setDevice(1, msi(1, 0x31));
    for (const s of [0, 1]) {
      act(machine, 'raise', s);
      act(machine, 'sample', s);
    }
    expect(orders(machine)).toEqual(['0 1', '1 0']);
  });

  test('nor IPI and MSI, nor the IPIs of a CPU (G7)', async () => {
    const { machine } = await toy(
      (k) => ({
        run: {
          0: task(k, 't', (b) => {
            b.ipi(0, 0x41);
            b.ipi(1, 0x41);
          }),
        },
      }),
      { cpus: 3, sources: 1 },
    );
    machine.setDevice(0, msi(2, 0x31));
    act(machine, 'raise');
    act(machine, 'sample');
    steps(machine, 0, 2);
    expect(orders(machine)).toHaveLength(6);
  });

  /** The orders in which CPUs have got their first vector, over all ways of the messages. */
  function orders(machine: Parameters<typeof enabled>[0]): string[] {
    const found = new Set<string>();
    const go = (order: readonly number[]): void => {
      const at = machine.snapshot();
      const actions = machine.enabled().filter((a) => a >>> 12 === 2);
      if (actions.length === 0) found.add(order.join(' '));
      for (const action of actions) {
        machine.restore(at);
        machine.events();
        machine.apply(action);
        go([...order, ...only(machine.events(), 'accept').map(([, c]) => c)]);
      }
      machine.restore(at);
    };
    go([]);
    return [...found].toSorted();
  }

  test('in any state, what has passed the root complex was sent before what has not, and equal destinations before each other', async () => {
    const { machine } = await toy((k) => ({ run: { 0: task(k, 't', (b) => b.cfgWrite(0, 'addrLo', 0xfee01000)) } }), {
      cpus: 2,
      sources: [{ raises: 3 }],
    });
    let most = 0;
    explore(machine, (m) => {
      const flying = inFlight(m);
      most = Math.max(most, flying.length);
      const stages = flying.map((f) => f.stage);
      expect(stages).toEqual(stages.toSorted((a, b) => b - a));
    });
    expect(most).toBe(3);
  });
});

describe('completions push (C.6 G3)', () => {
  /** CPU 0 writes to device 0 while a message of it and one of device 1 fly; another of device 0 follows. */
  const writing = async (push: Assumptions['push']) => {
    const { machine } = await toy((k) => ({ run: { 0: task(k, 't', (b) => b.cfgWrite(0, 'control', 1)) } }), {
      cpus: 2,
      sources: 2,
      assumptions: { push },
    });
    for (const d of [0, 1]) machine.setDevice(d, msi(1, 0x30 + d));
    for (const s of [0, 1]) {
      act(machine, 'raise', s);
      act(machine, 'sample', s);
    }
    steps(machine, 0, 1);
    act(machine, 'raise', 0);
    act(machine, 'sample', 0);
    return machine;
  };
  const completes = (machine: Parameters<typeof enabled>[0]): boolean => enabled(machine).includes('cpu 0');

  test('as far as the IRR: not before the last earlier message of the function has landed', async () => {
    const machine = await writing('irr');
    expect(completes(machine)).toBe(false);
    act(machine, 'message', 0);
    expect(completes(machine)).toBe(false);
    act(machine, 'message', 0);
    expect(completes(machine)).toBe(true);
    expect(inFlight(machine).map((m) => m.origin)).toEqual([0, 1]);
  });

  test('as far as the root complex', async () => {
    const machine = await writing('root-complex');
    expect(completes(machine)).toBe(false);
    act(machine, 'message', 0);
    expect(completes(machine)).toBe(true);
  });

  test('not at all', async () => {
    expect(completes(await writing('none'))).toBe(true);
  });

  test('with nothing in flight it completes at once, and a read pushes like a write', async () => {
    const { machine } = await toy(
      (k) => ({
        run: {
          0: task(k, 't', (b) => {
            b.cfgRead(0, 'control');
            b.cfgRead(0, 'data');
          }),
        },
      }),
      { cpus: 2, sources: 1 },
    );
    steps(machine, 0, 2);
    act(machine, 'raise');
    act(machine, 'sample');
    steps(machine, 0, 1);
    expect(completes(machine)).toBe(false);
    settle(machine, 'message');
    expect(completes(machine)).toBe(true);
  });
});

describe('an mdelay (design 4)', () => {
  const delaying = async (delivery: Assumptions['delivery']) => {
    const { machine } = await toy(
      (k) => ({
        run: {
          0: task(k, 't', (b) => b.delay(3_000_000)),
          1: task(k, 'u', (b) => {
            b.ipi(0, 0x41);
            b.delay(3_000_000);
          }),
        },
      }),
      { cpus: 2, sources: 2, assumptions: { delivery, recognition: 'free' } },
    );
    machine.setDevice(1, msi(1, 0x31));
    act(machine, 'raise', 0);
    act(machine, 'sample', 0);
    return machine;
  };

  test('ends when all that was in flight at its start has landed; newer ones may still fly', async () => {
    const machine = await delaying('within-mdelay');
    steps(machine, 0, 1);
    steps(machine, 1, 1);
    act(machine, 'raise', 1);
    act(machine, 'sample', 1);
    // CPU 1's delay begins later and waits for three
    steps(machine, 1, 1);
    const ends = (): string[] => enabled(machine).filter((a) => a.startsWith('cpu'));
    expect(ends()).toEqual([]);
    act(machine, 'message', 0);
    act(machine, 'message', 0);
    expect(ends()).toEqual(['cpu 0']);
    act(machine, 'message', 1 << 4);
    act(machine, 'message', 1 << 4);
    expect(ends()).toEqual(['cpu 0']);
    act(machine, 'message', 3 << 4);
    expect(ends()).toEqual(['cpu 0', 'cpu 1']);
  });

  test('waits for nothing where delivery is unbounded', async () => {
    const machine = await delaying('unbounded');
    steps(machine, 0, 2);
    expect(inFlight(machine)).toHaveLength(1);
  });

  test('that INIT ends waits for nothing any more: the core that comes back is not held by it (A.11)', async () => {
    const { machine } = await toy(
      (k) => ({
        run: {
          0: task(k, 't', (b) => {
            b.ipiInit(1);
            b.ipiSipi(1);
          }),
          1: task(k, 'u', (b) => b.delay(1000)),
        },
        start: task(k, 'start', (b) => b.cfgRead(1, 'data')),
      }),
      { cpus: 2, sources: 2 },
    );
    act(machine, 'raise', 0);
    act(machine, 'sample', 0);
    steps(machine, 1, 1);
    for (let i = 0; i < 2; i++) {
      steps(machine, 0, 1);
      act(machine, 'message', 2 << 4);
    }
    steps(machine, 1, 1);
    expect(enabled(machine)).toContain('cpu 1');
  });
});

describe('a full pool blocks the sender (design 3)', () => {
  test('a device that has raised, and a CPU in front of an IPI, wait for room', async () => {
    for (const send of ['ipi', 'ipiInit', 'ipiSipi'] as const) {
      const { machine } = await toy((k) => ({ run: { 0: task(k, 't', (b) => (send === 'ipi' ? b.ipi(0, 0x41) : b[send](0))) } }), {
        cpus: 2,
        sources: 2,
        messages: 1,
      });
      act(machine, 'raise', 0);
      act(machine, 'sample', 0);
      act(machine, 'raise', 1);
      expect(enabled(machine)).toEqual(['message 0.0', 'raise 0']);
      act(machine, 'message');
      act(machine, 'message');
      expect(enabled(machine)).toContain('sample 1');
    }
  });

  test('the search says that it met one', async () => {
    for (const messageBound of [1, 2]) {
      const { machine } = await toy(() => ({}), { sources: [{ raises: 1 }], messages: messageBound });
      expect(search(machine).status).toBe('done');
      const poolFull = machine.core.u64(machine.core.exports.searchStats() + 6 * 8);
      expect(poolFull).toBe(messageBound === 1 ? 1n : 0n);
    }
  });

  test.each(['ipi', 'ipiInit', 'ipiSipi'] as const)('timed, %s waits and is sent later', async (send) => {
    const { machine } = await toy(
      (k) => ({
        run: {
          0: task(k, 't', (b) => {
            for (let i = 0; i < 3; i++) {
              if (send === 'ipi') b.ipi(1, 0x41);
              else b[send](1);
            }
          }),
        },
      }),
      { cpus: 2, messages: 1, timed: true },
    );
    const events = run(machine, 20_000);
    expect(only(events, 'ipi')).toHaveLength(3);
    const times = events.filter((e) => e.kind === 'ipi').map((e) => e.time);
    expect((times[1] ?? 0n) - (times[0] ?? 0n)).toBeGreaterThan(450n);
    expect(inFlight(machine)).toEqual([]);
  });

  test('an IPI within an atomic block that finds it full is a fault of the model, and nothing is overwritten', async () => {
    const { machine } = await toy(
      (k, d) => {
        const one = d.variable('one', 'vector', []);
        const t = task(k, 't', (b) => b.atomic(() => b.ipi(0, b.let('vector', 0x41))));
        return { one, run: { 0: t } };
      },
      { sources: 1, messages: 1 },
    );
    act(machine, 'raise');
    act(machine, 'sample');
    expect(() => act(machine, 'cpu')).toThrow(/at fault \(pool\)/);
    expect(inFlight(machine)).toHaveLength(1);
  });
});

test('timed: messages of one device keep their order, whatever the latencies (C.6)', async () => {
  let shuffled = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const { machine } = await toy(() => ({}), {
      cpus: 2,
      sources: [{ gaps: [1, 5, 90], raises: 200 }],
      timing: { 'msi.sample': 1 },
      timed: true,
      jitter: true,
      messages: 64,
      seed,
    });
    const events = Array.from({ length: 100 }, (_, i) => {
      machine.setDevice(0, msi((i * 7 + seed) % 3 === 0 ? 1 : 0, 16 + i));
      return run(machine, 100);
    }).flat();
    events.push(...run(machine, 10_000));
    const once = (vectors: readonly number[]): number[] => [...new Set(vectors)];
    const sampled = once(only(events, 'sample').map(([, , , data]) => data & 0xff));
    expect(sampled.length).toBeGreaterThan(50);
    expect(once(only(events, 'root').map(([, , , data]) => data & 0xff))).toEqual(sampled);
    const accepted = only(events, 'accept');
    for (const cpu of [0, 1]) {
      const own = once(accepted.filter(([, c]) => c === cpu).map(([, , vector]) => vector));
      expect(own).toEqual(own.toSorted((x, y) => x - y));
    }
    const all = once(accepted.map(([, , vector]) => vector));
    expect(all.toSorted((x, y) => x - y)).toEqual(sampled);
    if (all.join() !== sampled.join()) shuffled++;
  }
  // between the two LAPICs there is no order
  expect(shuffled).toBeGreaterThan(0);
});
