import { describe, expect, test } from 'vitest';
import { eq } from '../../src/kernel/index.js';
import { steps, task, toy } from '../engine/toy.js';

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
    expect(machine.msiOf(0).data).toBe(0x4055);
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
