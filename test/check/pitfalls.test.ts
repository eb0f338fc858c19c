/** Where a wrong reduction goes wrong: small kernels made for it, searched in full and with both levels. */
import { describe, expect, test } from 'vitest';
import { VarFlag, VarWord } from '../../src/core/index.js';
import { search as searchSystem, type ScenarioMachine, type System } from '../../src/index.js';
import { eq, lt, type Builder } from '../../src/kernel/index.js';
import { handler, operation, search, task, toy, type Toy, type ToyKernel, type ToyOptions } from '../engine/toy.js';
import { LIMITS, small, systemFrom } from './help.js';
import { compare, names } from './reduced.js';

/** A kernel that is searched in full and reduced: the properties that fail. */
async function failing<K extends ToyKernel>(build: Parameters<typeof toy<K>>[0], options: ToyOptions): Promise<string[]> {
  const made: Toy<K> = await toy(build, { properties: ['noStray', 'noLeak', 'progress'], record: 0, ring: 0, ...options });
  const result = await compare(() => made.again(), Infinity, 'kernel');
  if (!result) throw new Error('the search did not end');
  return names(result.full);
}

describe('where a wrong reduction goes wrong', () => {
  test('a handler waits for the lock that the thread it interrupted holds', async () => {
    const spins = (masks: boolean) =>
      failing(
        (k, d) => {
          const lock = d.lock('lock', []);
          const kept = d.variable('kept', 'u8', [], { lock });
          const body = (b: Builder): void => b.withLock(lock, [], () => b.store(kept, [], 1));
          const thread = task(k, 'thread', (b) => {
            if (masks) b.cli();
            body(b);
            if (masks) b.sti();
          });
          return { run: { 0: thread }, handlers: { 0x30: handler(k, 'h', body) } };
        },
        { sources: [{ raises: 1 }] },
      );
    expect(await spins(false)).toEqual(['progress']);
    expect(await spins(true)).toEqual([]);
  });

  test('the stopper takes over in the middle of the thread, but not where it may not', async () => {
    const preempted = (off: boolean) =>
      failing(
        (k, d) => {
          const half = d.variable('half', 'bool', [], { initial: () => 0 });
          const stopper = task(k, 'stopper', (b) => b.if(b.load(half), () => b.flag('noStray')));
          const thread = task(k, 'thread', (b) => {
            b.note('busy');
            if (off) b.preemptOff();
            b.store(half, [], 1);
            b.note('moved');
            b.store(half, [], 0);
            if (off) b.preemptOn();
          });
          return { run: { 0: thread, 1: task(k, 'other', (b) => b.wake(0, 'stopper', stopper)) } };
        },
        { cpus: 2 },
      );
    expect(await preempted(false)).toEqual(['noStray']);
    expect(await preempted(true)).toEqual([]);
  });

  test('an unlock comes before the interrupt whose handler waits for it, or behind it', async () => {
    // what the handler sees depends on whether the thread has come to the store behind its unlock
    const result = await failing(
      (k, d) => {
        const lock = d.lock('lock', []);
        const kept = d.variable('kept', 'u8', [], { lock });
        const after = d.variable('after', 'bool', []);
        const thread = task(k, 'thread', (b) => {
          b.withLock(lock, [], () => b.store(kept, [], 1));
          b.store(after, [], 1);
        });
        const h = handler(k, 'h', (b) => {
          b.if(
            b.load(after),
            () => b.flag('noStray'),
            () => b.flag('noLeak'),
          );
          b.withLock(lock, [], () => b.load(kept));
        });
        return { run: { 0: thread }, handlers: { 0x30: h } };
      },
      { sources: [{ raises: 1 }] },
    );
    expect(result).toEqual(['noLeak', 'noStray', 'progress']);
  });

  test('a loop with nothing in it that others see', async () => {
    const result = await failing(
      (k, d) => {
        const lock = d.lock('lock', []);
        const kept = d.variable('kept', 'u8', [], { lock });
        const loops = task(k, 'loops', (b) =>
          b.withLock(lock, [], () => {
            b.loop(() => {
              b.load(kept);
              b.store(kept, [], 1);
            });
          }),
        );
        return { run: { 0: loops, 1: task(k, 'other', (b) => b.flag('noStray')) } };
      },
      { cpus: 2 },
    );
    expect(result).toEqual(['noStray']);
  });

  test('two CPUs that send each other IPIs for ever, and a third that breaks something', async () => {
    const result = await failing(
      (k, d) => {
        const x = d.variable('x', 'bool', []);
        const to0 = handler(k, 'to0', (b) => b.ipi(0, 0x40));
        const to1 = handler(k, 'to1', (b) => b.ipi(1, 0x41));
        const first = task(k, 'first', (b) => b.ipi(1, 0x41));
        const breaks = task(k, 'breaks', (b) => {
          b.store(x, [], 1);
          b.flag('noStray');
        });
        return { run: { 0: first, 2: breaks }, handlers: { 0x40: to1, 0x41: to0 } };
      },
      { cpus: 3, universe: [0x40, 0x42] },
    );
    expect(result).toEqual(['noStray']);
  });

  test('two CPUs that wake each other for ever, and a third that breaks something', async () => {
    const result = await failing(
      (k, d) => {
        const x = d.variable('x', 'bool', []);
        const wakes1 = k.routine('wakes1', {}, (b) => {
          b.wake(1, 'thread', wakes0);
          b.end();
        });
        const wakes0 = k.routine('wakes0', {}, (b) => {
          b.wake(0, 'thread', wakes1);
          b.end();
        });
        const breaks = task(k, 'breaks', (b) => {
          b.store(x, [], 1);
          b.flag('noStray');
        });
        return { run: { 0: wakes1, 2: breaks } };
      },
      { cpus: 3 },
    );
    expect(result).toEqual(['noStray']);
  });

  test('a violation behind an endless loop of another CPU', async () => {
    const result = await failing(
      (k, d) => {
        const [x, y] = [d.variable('x', 'bool', []), d.variable('y', 'u8', [])];
        const loops = task(k, 'loops', (b) => b.loop(() => b.store(x, [], 1)));
        const breaks = task(k, 'breaks', (b) => {
          for (let i = 0; i < 3; i++) b.store(y, [], i);
          b.flag('noStray');
        });
        return { run: { 0: loops, 1: breaks } };
      },
      { cpus: 2 },
    );
    expect(result).toEqual(['noStray']);
  });

  test('a message overtakes, or not: marks, stages and config writes', async () => {
    const torn = (assumptions: ToyOptions['assumptions']) =>
      failing(
        (k) => {
          const moves = operation(k, 'moves', (b) => {
            b.cfgWrite(0, 'addrLo', 0xfee01000);
            b.delay(5);
            b.if(b.irrBit(0x30), () => b.flag('noLeak'));
          });
          return { operations: [{ cpu: 1, routine: moves }], handlers: { 0x30: handler(k, 'h', (b) => b.flag('noStray')) } };
        },
        { cpus: 2, sources: [{ raises: 2 }], universe: [0x30, 0x31], assumptions: assumptions ?? {} },
      );
    expect(await torn({ recognition: 'free' })).toEqual(['noLeak', 'noStray']);
    expect(await torn({ push: 'root-complex', delivery: 'unbounded', recognition: 'free' })).toEqual(['noLeak', 'noStray']);
    expect(await torn({ push: 'none' })).toEqual(['noStray']);
  });

  test.each(['raise', 'operation'])('a state at rest before a %s that could have come first', async (what) => {
    const result = await failing(
      (k, d) => {
        const [x, seen] = [d.variable('x', 'u8', []), d.variable('seen', 'bool', [])];
        const see = (b: Builder): void => b.store(seen, [], 1);
        const writes = [0, 1].map((i) => task(k, `writes${i}`, (b) => b.store(x, [], i)));
        return {
          run: Object.fromEntries(writes.map((t, c) => [c, t])),
          handlers: { 0x30: handler(k, 'h', see) },
          operations: what === 'operation' ? [{ cpu: 2, routine: operation(k, 'sees', see) }] : [],
          judgeRest: task(k, 'judge', (b) => b.if(eq(b.load(seen), 0), () => b.flag('noLeak'))),
        };
      },
      { cpus: 3, sources: [{ raises: what === 'raise' ? 1 : 0 }], universe: [0x30, 0x31] },
    );
    expect(result).toEqual(['noLeak']);
  });

  test('operations in parallel, each waits for what the other writes', async () => {
    const result = await failing(
      (k, d) => {
        const [x, y] = [d.variable('x', 'bool', []), d.variable('y', 'bool', [])];
        const one = operation(k, 'one', (b) => {
          b.waitEq(y, [], 1);
          b.store(x, [], 1);
        });
        const two = operation(k, 'two', (b) => {
          b.if(b.load(x), () => b.flag('noStray'));
          b.store(y, [], 1);
          b.waitEq(x, [], 1);
        });
        return {
          operations: [
            { cpu: 0, routine: one },
            { cpu: 1, routine: two },
          ],
        };
      },
      { cpus: 2, parallel: true },
    );
    expect(result).toEqual([]);
  });

  test('a private loop that only counts ends in one step', async () => {
    const result = await failing(
      (k, d) => {
        const x = d.variable('x', 'u8', []);
        const counts = task(k, 'counts', (b) => {
          const i = b.let('u8', 0);
          b.while(lt(i, 3), () => b.set(i, b.add(i, 1)));
          b.store(x, [], i);
        });
        return { run: { 0: counts, 1: task(k, 'other', (b) => b.waitEq(x, [], 3)) } };
      },
      { cpus: 2 },
    );
    expect(result).toEqual([]);
  });
});

describe('INIT', () => {
  /** CPU 0 takes CPU 1 away from what it does; what that leaves behind is then looked at. */
  const build = () =>
    toy(
      (k, d) => {
        const lock = d.lock('lock', []);
        const kept = d.variable('kept', 'u8', [], { lock });
        const victim = task(k, 'victim', (b) => {
          b.lock(lock, []);
          b.store(kept, [], 1);
          b.store(kept, [], 2);
          b.park();
        });
        return { run: { 0: task(k, 'kills', (b) => b.ipiInit(1)), 1: victim } };
      },
      { cpus: 2, properties: ['progress'], record: 0, ring: 0 },
    );

  test('on a CPU that runs: a reduced search gives up', async () => {
    const { again } = await build();
    expect((await search(await again(), 0)).status).toBe('done');
    expect((await search(await again(), 1)).status).toBe('cutShort');
    expect((await search(await again(), 2)).status).toBe('cutShort');
  });

  test('the host searches in full then, and says why', async () => {
    const { again } = await build();
    const system: System = { ...systemFrom(small({ devices: [{ cpu: 0 }] })), machine: () => again() as Promise<ScenarioMachine> };
    const { coverage, reduction } = await searchSystem(system, { ...LIMITS, reduction: 2 });
    expect(reduction).toEqual({ level: 0, givenUp: 'INIT may hit a CPU that runs' });
    expect(coverage.states).toBe((await search(await again(), 0)).states);
  });
});

describe('what a property looks at in every state', () => {
  const build = () =>
    toy(
      (k, d) => {
        const lock = d.lock('lock', []);
        const kept = d.variable('kept', 'u8', [], { bits: 2, lock });
        const [x, y] = [d.variable('x', 'u8', [], { bits: 2 }), d.variable('y', 'u8', [], { bits: 2 })];
        const t = task(k, 't', (b) => {
          b.lock(lock, []);
          b.store(kept, [], 1);
          b.store(kept, [], 2);
          b.store(x, [], 1);
        });
        const u = task(k, 'u', (b) => {
          b.store(y, [], 1);
          b.store(y, [], 2);
        });
        return { run: { 0: t, 1: u }, slots: { kept: kept.slot, x: x.slot, y: y.slot } };
      },
      { cpus: 2, record: 0, ring: 0 },
    );

  /** States of a search with these variables watched. */
  async function states(reduction: 1 | 2, ...watched: ('kept' | 'x' | 'y')[]): Promise<number> {
    const { kernel, again, setup } = await build();
    const variables = setup.program.variables.slice();
    for (const name of watched) {
      const at = kernel.slots[name] * VarWord.words + VarWord.flags;
      variables[at] = (variables[at] ?? 0) | VarFlag.watched;
    }
    return (await search(await again({ program: { ...setup.program, variables } }), reduction)).states;
  }

  test('is written by no step that is joined', async () => {
    const all = await states(1);
    expect(await states(1, 'kept')).toBeGreaterThan(all);
    expect(await states(1, 'x')).toBe(all);
  });

  test('is written by no step that is put in front of others', async () => {
    const all = await states(2);
    expect(all).toBeLessThan(await states(1));
    expect(await states(2, 'x')).toBeGreaterThanOrEqual(all);
    expect(await states(2, 'x', 'y')).toBeGreaterThan(all);
  });
});
