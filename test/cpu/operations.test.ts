import { describe, expect, test } from 'vitest';
import { act, enabled, only, operation, run, settle, steps, toy } from '../engine/toy.js';

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
