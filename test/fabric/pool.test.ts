import { describe, expect, test } from 'vitest';
import { act, enabled, inFlight, only, run, search, task, toy } from '../engine/toy.js';

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
      expect((await search(machine)).status).toBe('done');
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
    expect(() => act(machine, 'cpu')).toThrow(expect.objectContaining({ kind: 'pool' }));
    expect(inFlight(machine)).toHaveLength(1);
  });
});
