import { describe, expect, test } from 'vitest';
import { Actor } from '../../src/core/index.js';
import type { Assembler } from '../../src/kernel/index.js';
import { enabled, operation, search, task, toy } from '../engine/toy.js';

describe('rest, probe and deadlock (design 4)', () => {
  test('a deadlock is a begun task that nothing can end: not while an event can still come, nor while an operation can begin', async () => {
    const waiting = async (raises: number, parallel: boolean) => {
      const { machine } = await toy(
        (k, d) => {
          const go = d.variable('go', 'bool', []);
          const h = k.routine('h', { vector: 'vector' }, (b) => {
            b.store(go, [], 1);
            b.lapicWrite('eoi', 0);
            b.iret();
          });
          const waits = operation(k, 'waits', (b) => b.waitEq(go, [], 1));
          const frees = operation(k, 'frees', (b) => b.store(go, [], 1));
          return {
            handlers: { 0x30: h },
            operations: [
              { cpu: 0, routine: waits },
              { cpu: 1, routine: frees },
            ],
          };
        },
        { cpus: 2, sources: [{ raises }], parallel, properties: ['progress'] },
      );
      return Object.keys((await search(machine)).failures);
    };
    expect(await waiting(0, false)).toEqual(['progress']);
    expect(await waiting(1, false)).toEqual([]);
    expect(await waiting(0, true)).toEqual([]);
  });

  test('at rest nothing is enabled but raises and operations; then the probe may begin, and nothing else does any more', async () => {
    const { machine } = await toy((k) => ({ operations: [{ cpu: 0, routine: operation(k, 'nothing', () => undefined) }] }), {
      sources: [{ raises: 2 }],
      probeRaises: 4,
    });
    expect(enabled(machine)).toEqual(['raise 0', 'operation 0', 'probe 0']);
    expect(machine.quiet).toBe('rest');
    machine.apply((Actor.probe << 12) | 0);
    expect(enabled(machine)).toEqual(['probe 1']);
  });

  test('the probe raises each source four times, in order, each followed to rest; a source that owes is passed over', async () => {
    const { machine } = await toy(
      (k) => ({
        handlers: {
          0x30: k.routine('a', { vector: 'vector' }, (b) => {
            b.serve(0, 0);
            b.lapicWrite('eoi', 0);
            b.iret();
          }),
          // the driver's handler is never entered
          0x31: k.routine('b', { vector: 'vector' }, (b) => {
            b.lapicWrite('eoi', 0);
            b.iret();
          }),
          0x32: k.routine('c', { vector: 'vector' }, (b) => {
            b.serve(2, 0);
            b.lapicWrite('eoi', 0);
            b.iret();
          }),
        },
      }),
      { sources: 3, probeRaises: 4, properties: ['noLoss'] },
    );
    machine.apply(Actor.probe << 12);
    const raised: number[] = [];
    for (let actions = machine.enabled(); actions.length > 0; actions = machine.enabled()) {
      expect(actions).toHaveLength(1);
      machine.events();
      machine.apply(actions[0] ?? 0);
      raised.push(...machine.events().flatMap((e) => (e.kind === 'raise' ? [e.a] : [])));
    }
    expect(raised).toEqual([0, 0, 0, 0, 1, 2, 2, 2, 2]);
    expect(machine.brokenAtRest()).toEqual(['noLoss']);
  });

  test('judges run at rest and after the probe, also in the last state of all, and a fault in one is reported', async () => {
    const judged = (where: 'judgeRest' | 'judgeProbe', fault: boolean) =>
      toy(
        (k, d) => {
          const x = d.variable('x', 'u8', ['cpu']);
          const judge = task(k, 'judge', (b) => {
            if (fault) b.store(x, [5], 1);
            else b.flag('inStep');
          });
          return { [where]: judge };
        },
        { sources: [{ raises: 0 }], probeRaises: 1, properties: ['inStep'] },
      );
    for (const where of ['judgeRest', 'judgeProbe'] as const) {
      const found = await search((await judged(where, false)).machine);
      // at once, or after the probe's raise, sample, two message stages, acknowledge and EOI
      expect(found.failures.inStep?.length).toBe(where === 'judgeRest' ? 0 : 6);
      expect((await search((await judged(where, true)).machine)).status).toBe('fault');
    }
  });

  test('a property that is not asked for is not reported', async () => {
    const flagging = (k: Assembler) => ({ run: { 0: task(k, 't', (b) => b.flag('noLeak')) } });
    expect(Object.keys((await search((await toy(flagging, { properties: ['noLeak'] })).machine)).failures)).toEqual(['noLeak']);
    expect((await search((await toy(flagging, { properties: ['noStray'] })).machine)).failures).toEqual({});
  });
});
