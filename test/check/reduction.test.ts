/**
 * Both levels of the reduction say what the full search says: level 1 with the same lengths, level 2 with the same failing
 * properties (design 4). Over what is built in, random scenarios and random kernels; and where a wrong reduction goes wrong.
 */
import { describe, expect, test } from 'vitest';
import { eq, lt, type Builder } from '../../src/kernel/index.js';
import { search as searchSystem, type SearchResult, type System } from '../../src/index.js';
import { VarFlag, VarWord } from '../../src/core/index.js';
import type { Machine } from '../../src/machine/index.js';
import { randomKernel } from '../engine/kernels.js';
import { Dice, machineOf, randomSystem } from '../engine/systems.js';
import { handler, operation, search, task, toy, type Found, type Toy, type ToyKernel, type ToyOptions } from '../engine/toy.js';
import { LIMITS, small, systemFrom, type Options } from './help.js';

const lengths = ({ failures }: Found): [string, number][] =>
  Object.entries(failures)
    .map(([name, { length }]): [string, number] => [name, length])
    .toSorted();

const names = (found: Found): string[] => Object.keys(found.failures).toSorted();

interface Compared {
  readonly full: Found;
  readonly states: readonly [number, number, number];
}

/** Searches in full and reduced and holds them to the same answer; undefined where the full search has more states than `most`. */
async function compare(make: () => Promise<Machine>, most: number, what: string): Promise<Compared | undefined> {
  const full = await search(await make(), 0, most);
  if (full.status !== 'done') return undefined;
  const [first, second] = [await search(await make(), 1), await search(await make(), 2)];
  // INIT on a CPU that runs: the host searches in full
  if (first.status === 'cutShort' || second.status === 'cutShort') return undefined;
  expect([what, first.status, ...lengths(first)]).toEqual([what, 'done', ...lengths(full)]);
  expect([what, second.status, ...names(second)]).toEqual([what, 'done', ...names(full)]);
  expect(first.states).toBeLessThanOrEqual(full.states);
  expect(second.states).toBeLessThanOrEqual(first.states);
  return { full, states: [full.states, first.states, second.states] };
}

const found = ({ failures }: SearchResult): [string, number][] => failures.map((f): [string, number] => [f.property, f.length]).toSorted();

describe('what is built in', () => {
  const models = ['5.5', '5.6', '5.8', '5.9'];
  const variants: readonly (readonly [string, Options])[] = [
    ...['xhci-hotplug', 'xhci-torn-offline', 'torn-move', 'move-hotplug'].flatMap((name) =>
      models.map((model): [string, Options] => [name, { model }]),
    ),
    ['xhci-hotplug', { set: { retrigger: 'none' } }],
    ['xhci-hotplug', { set: { slotMark: 'none' } }],
    ['xhci-hotplug', { set: { irrScan: 'none' } }],
    ['xhci-hotplug', { set: { settleDelay: 'none' } }],
    ['xhci-hotplug', { set: { settleDelay: 'none' }, assume: { push: 'root-complex' } }],
    ['xhci-hotplug', { assume: { recognition: 'free' } }],
    ['xhci-hotplug', { assume: { sampling: 'then-delay' } }],
    ['xhci-hotplug', { assume: { push: 'none', delivery: 'unbounded' } }],
    ['xhci-hotplug', { assume: { softDisabled: 'holds' } }],
    ['xhci-torn-offline', { assume: { delivery: 'unbounded' } }],
    ['xhci-torn-offline', { assume: { push: 'root-complex' } }],
    ['xhci-torn-offline', { set: { msiUpdate: 'direct' } }],
    ['xhci-torn-offline', { set: { moveMark: 'none' } }],
    ['torn-move', { set: { msiUpdate: 'direct' } }],
    ['torn-move', { set: { completeMove: 'dead' } }],
    ['torn-move', { assume: { push: 'root-complex' } }],
    [small({ devices: [{ cpu: 1, raises: 1 }], operations: ['offline: 1', 'online: 1'] }), { model: '5.6' }],
  ];

  test('the same verdict, properties, lengths and coverage of the program, with fewer states', async () => {
    for (const [scenario, options] of variants) {
      const [full, first, second] = await Promise.all(
        ([0, 1, 2] as const).map((reduction) => searchSystem(systemFrom(scenario, options), { ...LIMITS, reduction })),
      );
      if (!full || !first || !second) throw new Error('no result');
      const what = [scenario, options];
      expect([what, first.verdict, first.reason, found(first), first.vacuity.notExecuted]).toEqual([
        what,
        full.verdict,
        full.reason,
        found(full),
        full.vacuity.notExecuted,
      ]);
      expect([what, second.verdict, second.reason, found(second).map(([name]) => name), second.vacuity.notExecuted]).toEqual([
        what,
        full.verdict,
        full.reason,
        found(full).map(([name]) => name),
        full.vacuity.notExecuted,
      ]);
      expect([first.reduction.level, second.reduction.level]).toEqual([1, 2]);
      expect(first.coverage.states).toBeLessThan(full.coverage.states * 0.75);
      expect(second.coverage.states).toBeLessThan(first.coverage.states);
    }
  });

  test('a way that is found is told in all its steps', async () => {
    for (const [scenario, options] of [
      ['xhci-hotplug', { model: '5.6' }],
      ['move-hotplug', {}],
      ['torn-move', { model: '5.5' }],
    ] as const) {
      const system = systemFrom(scenario, options);
      for (const reduction of [1, 2] as const) {
        const { failures } = await searchSystem(system, { ...LIMITS, reduction });
        expect(failures.length).toBeGreaterThan(0);
        for (const { property, path, length } of failures) {
          const machine = await system.machine({ timed: false, record: 0 });
          let visible = 0;
          let broken: readonly string[] = [];
          for (const action of path) {
            expect(machine.enabled()).toContain(action);
            const step = machine.apply(action);
            visible += step.visible ? 1 : 0;
            broken = step.broken;
          }
          machine.enabled();
          const atRest = machine.quiet === 'rest' ? machine.brokenAtRest() : machine.quiet === 'deadlock' ? ['progress'] : [];
          expect([...broken, ...atRest]).toContain(property);
          expect(visible).toBe(length);
        }
      }
    }
  });
});

describe('random programs', () => {
  test('100 kernels of a few lines: at least 50 of them fail something', async () => {
    let [compared, wrong] = [0, 0];
    const kinds = new Set<string>();
    const sum = [0, 0, 0];
    for (let seed = 0; compared < 100; seed++) {
      const kernel = await randomKernel(new Dice(seed));
      if (!kernel) continue;
      const result = await compare(() => kernel.again(), 2500, `kernel ${seed}`);
      if (!result) continue;
      compared++;
      if (names(result.full).length > 0) wrong++;
      for (const name of names(result.full)) kinds.add(name);
      result.states.forEach((n, i) => (sum[i] = (sum[i] ?? 0) + n));
    }
    expect(wrong).toBeGreaterThan(50);
    expect([...kinds].toSorted()).toEqual(expect.arrayContaining(['noDuplicate', 'noLeak', 'noLoss', 'noStray', 'progress']));
    const [full = 0, first = 0, second = 0] = sum;
    expect(first).toBeLessThan(full * 0.7);
    expect(second).toBeLessThan(first * 0.8);
  });

  test('100 scenarios', async () => {
    let [compared, wrong] = [0, 0];
    for (let seed = 0; compared < 100; seed++) {
      const system = randomSystem(new Dice(seed), { hotplug: true, assumptions: true, small: true });
      const make = (): Promise<Machine> => machineOf(system, false, { record: 0, ring: 0 });
      const result = await compare(make, 3000, `scenario ${seed}`);
      if (!result) continue;
      compared++;
      if (names(result.full).length > 0) wrong++;
    }
    expect(wrong).toBeGreaterThan(2);
  });
});

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
    const system: System = { ...systemFrom(small({ devices: [{ cpu: 0 }] })), machine: () => again() };
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

test('level 2 that is cut short says that its ways need not be shortest', async () => {
  const system = systemFrom('xhci-hotplug', { model: '5.6' });
  const whole = await searchSystem(system, { ...LIMITS, reduction: 2 });
  expect([whole.shortest, found(whole)]).toEqual([true, [['noLoss', 13]]]);
  let most = 0;
  // the second search, which looks for the shortest, is stopped when it begins
  const progress = ({ states }: { readonly states: number }): boolean => {
    const again = states < most;
    most = Math.max(most, states);
    return again;
  };
  const cut = await searchSystem(system, { ...LIMITS, reduction: 2, progress });
  expect([cut.verdict, cut.shortest, cut.failures.map(({ property }) => property)]).toEqual(['failed', false, ['noLoss']]);
  expect(cut.failures[0]?.length).toBeGreaterThanOrEqual(13);
});
