/** The life of an irq: requested, freed, disabled, managed, through a suspend (linux.md 2.3, 2.11; races.md). */
import { describe, expect, test } from 'vitest';
import { search } from '../../../src/index.js';
import { LIMITS, small, systemFrom, verdictOf, type Options } from '../../check/help.js';
import { Walk } from './walk.js';

const [SHUTDOWN_SLOT, SHUTDOWN, STARTED, DISABLED] = [1, 0, 1, 2];

/** One device on CPU 1; `device`: how its irq is. */
function one(operations: readonly string[], device: object = {}, more = ''): string {
  return small({ devices: [{ cpu: 1, vector: 0x22, ...device }], operations, more });
}

const managed = { affinity: [1], managed: true, vector: 0x21 };

describe('request and free', () => {
  test('a freed irq has no message and keeps its vector; requested again it has its message again', async () => {
    const walk = await Walk.begin(one(['free: 24', 'request: 24']));
    const before = walk.message(0);
    walk.operation(0);
    expect([walk.message(0), walk.variable('irq_started', 0), walk.target(0)]).toEqual([[0, 0], SHUTDOWN, [1, 0x22]]);
    walk.operation(1);
    expect([walk.message(0), walk.variable('irq_started', 0)]).toEqual([before, STARTED]);
    walk.raise('d0');
    expect(walk.replay.machine.owed(0)).toBe(false);
  });

  test('a device whose irq nobody has raises nothing', async () => {
    const walk = await Walk.begin(one(['request: 24'], { requested: false }));
    expect(walk.enabled('d0', 'raise')).toBe(false);
    walk.operation(0);
    expect(walk.enabled('d0', 'raise')).toBe(true);
  });

  test('free waits for the handler that runs, 4.19 only with the message gone already (4001d8e8762f)', async () => {
    const accesses = async (model: string): Promise<string[]> => {
      const walk = await Walk.begin(one(['free: 24']), { model });
      walk.operation(0);
      return walk.accesses(0);
    };
    const gone = ['read control', 'write addrLo 0', 'write addrHi 0', 'write data 0'];
    const [old, now] = [await accesses('4.19'), await accesses('5.9')];
    expect(old.filter((a) => gone.includes(a))).toEqual(gone);
    // one critical section, or two with the wait between them
    expect([old, now].map((list) => list.filter((a) => a === 'lock desc_lock').length)).toEqual([1, 2]);
  });

  test('an irq that nobody has stays on a CPU that goes; requested, it moves before it is unmasked (5.14)', async () => {
    const walk = await Walk.begin(one(['offline: 1', 'request: 24'], { requested: false }), { model: '5.14' });
    walk.operation(0);
    expect(walk.target(0)).toEqual([1, 0x22]);
    walk.operation(1);
    expect([walk.target(0), walk.message(0)]).toEqual([
      [0, 0x21],
      [0, 0x21],
    ]);
  });

  const dormant = one(['offline: 1', 'request: 24'], { requested: false });
  test.each<[string, string, Options, unknown]>([
    ['request, free and request again are safe', one(['free: 24', 'request: 24']), {}, 'safe'],
    // races.md startup-affinity-unsafe: it is started, and then moved by another CPU than its own
    ['5.9: started on a CPU that is gone, and moved behind that', dormant, {}, ['noLoss', 'noStray']],
    ['5.9 with startupAffinity=beforeUnmask', dormant, { set: { startupAffinity: 'beforeUnmask' } }, 'safe'],
    ['5.14', dormant, { model: '5.14' }, 'safe'],
  ])('%s', async (_, scenario, options, expected) => {
    expect(await verdictOf(scenario, options)).toEqual(expected);
  });

  test('5.8: a move of an irq that is not activated is done when it is (2.4)', async () => {
    const moved = one(['free: 24', 'move: {irq: 24, to: [0]}', 'request: 24'], { vector: 0x21 });
    for (const [model, cpu] of [
      ['5.6', 1],
      ['5.8', 0],
    ] as const) {
      const walk = await Walk.begin(moved, { model });
      for (const n of [0, 1, 2]) walk.operation(n);
      expect([model, walk.target(0)[0]]).toEqual([model, cpu]);
    }
  });
});

describe('disable and enable', () => {
  test('an event that comes while it is disabled is kept, and handled when it is enabled', async () => {
    const walk = await Walk.begin(one(['disable: 24', 'enable: 24']));
    walk.operation(0);
    walk.raise('d0');
    expect([walk.variable('irqs_pending', 0), walk.variable('irq_started', 0), walk.replay.machine.owed(0)]).toEqual([1, DISABLED, true]);
    walk.operation(1);
    expect([walk.variable('irqs_pending', 0), walk.replay.machine.owed(0), walk.replay.machine.note('retrigger')]).toEqual([0, false, 1]);
  });

  test('twice disabled, it is enabled with the second enable', async () => {
    const walk = await Walk.begin(one(['disable: 24', 'disable: 24', 'enable: 24', 'enable: 24']));
    for (const n of [0, 1, 2]) walk.operation(n);
    expect(walk.variable('irq_started', 0)).toBe(DISABLED);
    walk.operation(3);
    expect(walk.variable('irq_started', 0)).toBe(STARTED);
  });

  test('an offline between the two is safe', async () => {
    expect(await verdictOf(one(['disable: 24', 'offline: 1', 'enable: 24'], { raises: 1 }))).toBe('safe');
  });

  test('a disable that never ends leaves an event behind, which is no loss', async () => {
    expect(await verdictOf(one(['disable: 24'], { raises: 1 }))).toBe('safe');
  });
});

describe('managed irqs', () => {
  test('with its last CPU it is shut down: message 0, slot SHUTDOWN, the vector reserved; with the CPU it comes back', async () => {
    const walk = await Walk.begin(one(['offline: 1', 'online: 1'], managed));
    expect([walk.mask('managed_map', 1), walk.variable('managed_allocated', 1), walk.variable('available', 1)]).toEqual([[0x21], 1, 1]);
    walk.operation(0);
    expect([walk.message(0), walk.target(0), walk.variable('irq_started', 0)]).toEqual([[0, 0], [0, 0xef], SHUTDOWN]);
    expect([walk.mask('alloc_map', 1), walk.mask('managed_map', 1), walk.variable('managed_shutdown', 0)]).toEqual([[], [0x21], 1]);
    expect(walk.variable('vector_irq', 1, 0x21)).toBe(SHUTDOWN_SLOT);
    walk.operation(1);
    expect([walk.message(0), walk.target(0), walk.variable('irq_started', 0)]).toEqual([[2, 0x21], [1, 0x21], STARTED]);
  });

  test('with another CPU of its affinity online it moves there, to the vector that is reserved', async () => {
    const walk = await Walk.begin(
      small({ cpus: [0, 1, 2], devices: [{ cpu: 1, vector: 0x22, affinity: [1, 2], managed: true }], operations: ['offline: 1'] }),
    );
    walk.operation(0);
    expect([walk.target(0), walk.variable('managed_allocated', 2), walk.variable('available', 2)]).toEqual([[2, 0x21], 1, 1]);
  });

  test.each([
    ['4.19', 0],
    ['5.4', 2],
  ])('%s chooses of the CPUs with a reserved vector %s', async (model, cpu) => {
    const walk = await Walk.begin(
      small({
        cpus: [0, 1, 2],
        vectors: 4,
        devices: [
          { cpu: 1, vector: 0x21, affinity: [0, 1, 2], managed: true },
          { cpu: 0, vector: 0x22, affinity: [0], managed: true },
        ],
        operations: ['offline: 1'],
      }),
      { model },
    );
    walk.operation(0);
    expect(walk.target(0)[0]).toBe(cpu);
  });

  test('a vector that is reserved is given to nobody else', async () => {
    const walk = await Walk.begin(
      small({
        vectors: 3,
        devices: [
          { cpu: 1, vector: 0x22 },
          { cpu: 0, vector: 0x21, affinity: [0], managed: true },
        ],
        operations: ['offline: 1'],
      }),
    );
    walk.operation(0);
    expect(walk.target(0)).toEqual([0, 0x22]);
  });

  test('disabled when its CPU went, it is started all the same when that comes back; from 6.15 on it stays disabled', async () => {
    const plugged = one(['disable: 24', 'offline: 1', 'online: 1', 'enable: 24'], managed);
    for (const [model, started] of [
      ['6.12', STARTED],
      ['6.15', SHUTDOWN],
    ] as const) {
      const walk = await Walk.begin(plugged, { model });
      for (const n of [0, 1, 2]) walk.operation(n);
      expect([model, walk.variable('irq_started', 0)]).toEqual([model, started]);
      walk.operation(3);
      expect(walk.variable('irq_started', 0)).toBe(STARTED);
    }
  });

  test.each<[string, Options, unknown]>([
    // races.md free-irq-in-flight: the slot of what is still on its way is empty
    ['4.19: a late vector is a stray', { model: '4.19' }, ['noStray']],
    ['5.9: it is swallowed', {}, 'safe'],
    ['5.9 with shutdownMark=none', { set: { shutdownMark: 'none' } }, ['noStray']],
    ['7.0', { model: '7.0' }, 'safe'],
  ])('its last CPU goes and comes back, %s', async (_, options, expected) => {
    expect(await verdictOf(one(['offline: 1', 'online: 1'], managed), options)).toEqual(expected);
  });
});

describe('suspend', () => {
  test('its CPU gone, a device in D3 is not written; it has its new message when it has power again', async () => {
    const walk = await Walk.begin(one(['suspend: true']));
    const before = walk.message(0);
    walk.operation(0);
    walk.operation(1);
    expect([walk.message(0), walk.target(0)]).toEqual([before, [0, 0x21]]);
    walk.operation(2);
    walk.operation(3);
    expect([walk.message(0), walk.variable('irq_started', 0)]).toEqual([[0, 0x21], STARTED]);
  });

  test.each(['5.9', '6.12.117', '7.0'])('is safe on %s', async (model) => {
    expect(await verdictOf(one(['suspend: true'], { raises: 1 }), { model })).toBe('safe');
  });
});

test.each(['4.19', '5.9', '7.0'])('%s: all levels of the reduction find the same failures', async (model) => {
  const scenarios = [
    one(['offline: 1', 'online: 1'], managed),
    one(['offline: 1', 'request: 24'], { requested: false }),
    one(['suspend: true'], { raises: 1 }),
  ];
  for (const scenario of scenarios) {
    const found = async (reduction: 0 | 1 | 2): Promise<string[]> => {
      const { failures } = await search(systemFrom(scenario, { model }), { ...LIMITS, reduction });
      return failures.map(({ property, length }) => (reduction === 2 ? property : `${property} ${length}`)).toSorted();
    };
    const whole = await found(0);
    expect(await found(1)).toEqual(whole);
    expect(await found(2)).toEqual(whole.map((each) => each.split(' ')[0]));
  }
});

describe('a CPU that goes, comes and goes again', () => {
  test.each([
    ['offline: 1', 'online: 1', 'offline: 1'],
    ['suspend: true', 'suspend: true'],
  ])('does not wait for the thread that brought it up (%s, %s ...)', async (...operations) => {
    const result = await search(systemFrom(one(operations), { model: '7.0' }), LIMITS);
    expect(result.failures.map(({ property }) => property)).not.toContain('progress');
    expect(result.reason).toBeUndefined();
  });
});
