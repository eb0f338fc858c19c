/** Timers of a kernel (design 3, 4): when they fire, and what their firing is to a check and to the clock. */
import { describe, expect, test } from 'vitest';
import { eq, type Assembler, type Builder, type Declarations } from '../../src/kernel/index.js';
import { act, enabled, explore, only, run, search, settle, steps, task, toy, type ToyOptions } from '../engine/toy.js';

/** A timer of 1000 cycles that counts in `fired`; CPU 0 does what the test says, and whatever other CPUs do. */
async function timed(body: (b: Builder, arm: (cpu?: number) => void) => void, options: ToyOptions = {}) {
  return toy((k: Assembler, d: Declarations) => {
    const fired = d.variable('fired', 'u8', [], { bits: 3 });
    const count = task(k, 'count', (b) => b.fetchAdd(fired, [], 1));
    const timer = k.timer('tick', count, 1000);
    const run0 = task(k, 't', (b) => body(b, (cpu = 0) => b.timerArm(cpu, timer)));
    return { fired, timer, run: { 0: run0 } };
  }, options);
}

describe('in a check', () => {
  test('an armed timer may fire at any later step: it is never rest while one is armed', async () => {
    const { machine, kernel } = await timed((_, arm) => arm());
    steps(machine, 0, 1);
    expect(enabled(machine)).toEqual(['cpu 0', 'timer 0']);
    steps(machine, 0, 1);
    expect([enabled(machine), machine.quiet]).toEqual([['timer 0'], undefined]);
    act(machine, 'timer', 0);
    expect(enabled(machine)).toEqual(['cpu 0']);
    settle(machine);
    expect([machine.variable(kernel.fired.slot), machine.quiet]).toEqual([1, 'rest']);
  });

  test('it does not fire with interrupts off, nor in the shadow of sti', async () => {
    const { machine } = await timed((b, arm) => {
      b.cli();
      arm();
      b.sti();
      b.note('busy');
    });
    steps(machine, 0, 2);
    expect(enabled(machine)).toEqual(['cpu 0']);
    steps(machine, 0, 1);
    expect(enabled(machine)).toEqual(['cpu 0']);
    steps(machine, 0, 1);
    expect(enabled(machine)).toEqual(['cpu 0', 'timer 0']);
  });

  test('it fires on its CPU, whoever arms it, and runs above the task there', async () => {
    const { machine } = await timed((_, arm) => arm(1), { cpus: 2 });
    steps(machine, 0, 1);
    expect(enabled(machine)).toEqual(['cpu 0', 'timer 16']);
    act(machine, 'timer', 16);
    expect(enabled(machine)).toEqual(['cpu 0', 'cpu 1']);
  });

  test('its routine is interrupted by a vector, and not by another timer', async () => {
    const { machine } = await timed((_, arm) => arm(), { sources: 1 });
    settle(machine, 'cpu');
    act(machine, 'timer', 0);
    act(machine, 'raise', 0);
    act(machine, 'sample', 0);
    settle(machine, 'message');
    expect(enabled(machine)).toContain('interrupt 0');
    settle(machine, 'interrupt');
    settle(machine);
    expect(machine.counter('acknowledged')).toBe(1);
  });

  test('cancelled, it does not fire', async () => {
    const { machine } = await toy((k) => {
      const timer = k.timer(
        'tick',
        task(k, 'nothing', (b) => b.note('busy')),
        1000,
      );
      return {
        run: {
          0: task(k, 't', (b) => {
            b.timerArm(b.self, timer);
            b.timerCancel(b.self, timer);
          }),
        },
      };
    });
    steps(machine, 0, 2);
    expect(enabled(machine)).toEqual(['cpu 0']);
  });

  test('a halted CPU takes none: the machine is at rest', async () => {
    const { machine } = await timed((b, arm) => {
      arm();
      b.park();
    });
    steps(machine, 0, 2);
    expect([enabled(machine), machine.quiet]).toEqual([[], 'rest']);
  });

  test('one that arms itself again until something has happened ends when it has', async () => {
    const { machine } = await toy(
      (k, d) => {
        const done = d.variable('done', 'bool', []);
        const seen = d.variable('seen', 'bool', []);
        let again: (b: Builder) => void = () => undefined;
        const check = task(k, 'check', (b) =>
          b.if(
            eq(b.load(done), 0),
            () => again(b),
            () => b.store(seen, [], 1),
          ),
        );
        const timer = k.timer('poll', check, 1000);
        again = (b) => b.timerArm(b.self, timer);
        return {
          run: {
            0: task(k, 't', (b) => {
              b.timerArm(1, timer);
              b.store(done, [], 1);
            }),
          },
          judgeRest: task(k, 'judge', (b) => b.if(eq(b.load(seen), 0), () => b.flag('noLeak'))),
        };
      },
      { cpus: 2, properties: ['noLeak', 'progress'], record: 0, ring: 0 },
    );
    for (const reduction of [0, 1, 2] as const) {
      const found = await search(machine, reduction);
      expect([found.status, found.failures, found.rest]).toEqual(['done', {}, 1]);
    }
  });

  test('its bits are part of an image', async () => {
    const { machine } = await timed((_, arm) => arm());
    const before = machine.image();
    steps(machine, 0, 2);
    const armed = machine.image();
    expect(Buffer.compare(before, armed)).not.toBe(0);
    act(machine, 'timer', 0);
    machine.setImage(armed);
    expect(enabled(machine)).toEqual(['timer 0']);
    expect(explore(machine)).toBe(4);
  });
});

describe('with time', () => {
  test('it fires so many cycles after it was armed', async () => {
    const { machine } = await timed((_, arm) => arm(), { timed: true, record: 2 });
    const events = run(machine, 5000);
    const armed = events.find((e) => e.kind === 'step');
    const [fired] = events.filter((e) => e.kind === 'timer');
    expect(only(events, 'timer')).toEqual([['timer', 0, 0, 0]]);
    const after = Number((fired?.time ?? 0n) - (armed?.time ?? 0n));
    expect(after).toBeGreaterThanOrEqual(1000);
    expect(after).toBeLessThan(2000);
  });

  test('due while interrupts are off, it fires as soon as they are on', async () => {
    const { machine } = await timed(
      (b, arm) => {
        b.cli();
        arm();
        b.delay(3000);
        b.sti();
        b.delay(3000);
      },
      { timed: true, record: 2 },
    );
    const events = run(machine, 10_000);
    const [fired] = events.filter((e) => e.kind === 'timer');
    expect(Number(fired?.time)).toBeGreaterThan(3000);
    expect(Number(fired?.time)).toBeLessThan(4500);
  });

  test('armed again before it fires, it fires once, later', async () => {
    const { machine, kernel } = await timed(
      (b, arm) => {
        arm();
        b.delay(600);
        arm();
      },
      { timed: true },
    );
    const events = run(machine, 1500);
    expect(only(events, 'timer')).toEqual([]);
    expect(only(run(machine, 2000), 'timer')).toHaveLength(1);
    expect(machine.variable(kernel.fired.slot)).toBe(1);
  });
});
