import { describe, expect, test } from 'vitest';
import type { Assumptions } from '../../src/machine/index.js';
import { act, enabled, inFlight, msi, settle, steps, task, toy } from '../engine/toy.js';

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
