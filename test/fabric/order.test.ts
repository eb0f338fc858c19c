import { describe, expect, test } from 'vitest';
import { act, enabled, explore, inFlight, msi, only, run, steps, task, toy } from '../engine/toy.js';

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
