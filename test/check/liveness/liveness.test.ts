/** Livelocks (design 4): fair runs that never end, in which something is never done; and none where every fair run does it. */
import { describe, expect, test } from 'vitest';
import { Actor } from '../../../src/core/index.js';
import {
  assembleSystem,
  assembleWith,
  drawDiagram,
  drawSvg,
  parseToken,
  replayToken,
  searchLivelocks,
  systemOf,
  tellLivelock,
  type Livelock,
  type LivenessResult,
  type System,
} from '../../../src/index.js';
import { given, scenarioOf, small, type Options } from '../help.js';
import { kernelOf, type Routines } from './livelocks.js';

const LIMITS = { memory: 2 ** 29, states: 1_000_000 };

function systemFrom(source: string, { model = '7.0', set = {}, assume = {} }: Options = {}): System {
  return assembleSystem(scenarioOf(source), { model: `linux-${model}`, behaviours: set, assumptions: assume, unbounded: true });
}

function livelocksOf(source: string, options: Options = {}): Promise<LivenessResult> {
  return searchLivelocks(systemFrom(source, options), LIMITS);
}

/** An edge-triggered MSI that moves while its handler runs, of a device that waits for nobody. */
const moved = small({ devices: [{ name: 'nic', kind: 'free', cpu: 1 }], operations: ['move: {irq: 24, to: [0]}'] });

/** Goes round the loop once, state by state: the actions enabled in each, and what is done. */
async function around(system: System, { path, loop }: Livelock, look: (enabled: readonly number[], action: number) => void): Promise<void> {
  const machine = await system.machine({ timed: false, record: 0 });
  let before = machine.image();
  path.forEach((action, i) => {
    if (i === loop) before = machine.image();
    const enabled = machine.enabled();
    expect(enabled).toContain(action);
    if (i >= loop) look(enabled, action);
    machine.apply(action);
  });
  expect(machine.image()).toEqual(before);
}

/** True of a step that somebody has to take sooner or later. */
function isClaimed(action: number): boolean {
  return ![Actor.raise, Actor.operation, Actor.drop].includes(action >>> 12);
}

describe('the edge that moves while its handler runs (races.md edge-migration-livelock)', () => {
  test.each([
    ['6.16 and before', moved, '6.15', {}, 'failed'],
    ['6.17', moved, '6.17', {}, 'safe'],
    ['6.15 with the repair alone', 'remapped-handler-left', '6.15', { edgeInProgress: 'wait' }, 'safe'],
    ['6.17 without it', 'remapped-handler-left', '6.17', { edgeInProgress: 'pending' }, 'failed'],
  ])('%s', async (_, source, model, set, verdict) => {
    const result = await livelocksOf(source, { model, set });
    expect(result).toMatchObject({ verdict, reason: undefined, reduction: { level: 1 } });
    expect(result.livelocks.map(({ obligation, which, raises }) => [obligation, which, raises])).toEqual(
      verdict === 'safe' ? [] : [['handlerEnds', 1, true]],
    );
  });

  test('the loop leads back to the state before it, nobody is passed over in it, and the old CPU never leaves its handler', async () => {
    const system = systemFrom(moved, { model: '6.15' });
    const [livelock] = (await searchLivelocks(system, LIMITS)).livelocks;
    let always: ReadonlySet<number> | undefined;
    const taken = new Set<number>();
    await around(system, given(livelock), (enabled, action) => {
      always = new Set(always === undefined ? enabled : enabled.filter((each) => always?.has(each)));
      taken.add(action);
    });
    expect([...given(always)].filter((action) => isClaimed(action) && !taken.has(action))).toEqual([]);
    // both CPUs go on, and the device raises; the old CPU takes no interrupt, for it is in its handler
    for (const action of [0, 1, (Actor.interrupt << 12) | 0, Actor.raise << 12]) expect(taken).toContain(action);
    expect(taken).not.toContain((Actor.interrupt << 12) | 1);
  });

  test('is found without the reduction too, which leaves out states; each search is the same again', async () => {
    const system = systemFrom('remapped-handler-left', { model: '6.15' });
    const reduced = await searchLivelocks(system, LIMITS);
    expect(await searchLivelocks(system, LIMITS)).toEqual(reduced);
    const full = await searchLivelocks(system, { ...LIMITS, reduction: 0 });
    expect(full.livelocks).toMatchObject([{ obligation: 'handlerEnds', which: 1, length: reduced.livelocks[0]?.length }]);
    expect(full.coverage.states).toBeGreaterThan(reduced.coverage.states);
  });

  test('is told as a stem and a loop, in text, as a picture, and as a token that is replayed', async () => {
    const system = systemFrom('remapped-handler-left', { model: '6.15' });
    const { livelocks } = await searchLivelocks(system, LIMITS);
    const { explanation, never, token, livelock } = await tellLivelock(system, given(livelocks[0]));
    expect(never).toEqual(['CPU 1 never leaves its handler']);
    const text = drawDiagram(explanation, 100);
    expect(text).toMatch(/>>> the loop begins[^]*again from step 13 on, for ever[^]*>>> LIVELOCK: CPU 1 never leaves its handler/);
    expect(text).toContain(`State after step ${livelock.length.stem + livelock.length.loop}:`);
    const svg = drawSvg(explanation);
    expect(svg.match(/bracket loop-edge/g)).toHaveLength(1);
    expect(token).toContain(`/raises=unbounded+loop=${livelock.loop}/`);
    const parsed = parseToken(token);
    const { replay, exact, repeats } = await replayToken(parsed, systemOf(parsed));
    expect([replay.steps.map(({ action }) => action), exact, repeats]).toEqual([livelock.path, true, true]);
    const other = await replayToken(parsed, systemOf(parsed, { model: 'linux-6.17' }));
    expect([other.exact, other.repeats]).toEqual([false, false]);
    const cut = parseToken(token.slice(0, token.lastIndexOf(',')));
    expect((await replayToken(cut, systemOf(cut))).repeats).toBe(false);
  });
});

describe('what else may never be done', () => {
  test('an irq does not move, though its device raises: no vector is left', async () => {
    const { livelocks } = await livelocksOf('msi-no-vector');
    expect(livelocks).toMatchObject([{ obligation: 'affinityTakesEffect', which: 0, raises: true }]);
  });

  test('a lost event is owed for ever, while another device goes on', async () => {
    const devices = [
      { name: 'lost', cpu: 1, affinity: [0, 1] },
      { name: 'other', cpu: 0, affinity: [0] },
    ];
    const { livelocks } = await livelocksOf(small({ devices, operations: ['offline: 1'] }), { model: '5.6' });
    expect(livelocks).toMatchObject([{ obligation: 'eventHandled', which: 0, raises: true }]);
  });
});

describe('no livelock', () => {
  test.each(['xhci-hotplug', 'masked-msi-move-back', 'msix-managed', 'level-pin-threaded-move', 'remapped-handler-left', 'teardown'])(
    'in %s, which is safe',
    async (name) => {
      expect(await livelocksOf(name)).toMatchObject({ verdict: 'safe', reason: undefined, coverage: { poolFull: false } });
    },
  );
});

describe('fairness, on kernels of a few lines', () => {
  const found = async (routines: Routines, reduction: 0 | 1 = 1): Promise<unknown> => {
    const system = assembleWith(scenarioOf(routines.scenario), kernelOf(routines), { unbounded: true });
    const { livelocks } = await searchLivelocks(system, { ...LIMITS, reduction });
    for (const livelock of livelocks) await around(system, livelock, () => undefined);
    return livelocks.map(({ obligation, which, raises }) => [obligation, which, raises]);
  };
  const scenario = (devices = '{name: nic, raises: 0, irqs: [{irq: 7, cpu: 0}]}'): string =>
    `version: 1\nname: mine\nmachine: {cpus: 2}\nparallel: true\ndevices: [${devices}]\noperations: [{move: {irq: 7, to: [1]}}, {move: {irq: 7, to: [0]}}]\n`;
  const raising = '{name: nic, kind: free, irqs: [{irq: 7, cpu: 0}]}';

  test('strong for locks: who asks for one that is free again and again gets it', async () => {
    const first: Routines['first'] = (b, { lock, op }) => {
      b.lock(lock, []);
      b.unlock(lock, []);
      b.opEnd(op);
    };
    const second: Routines['second'] = (b, { lock, op }) => {
      b.opEnd(op);
      b.loop(() => {
        b.lock(lock, []);
        b.unlock(lock, []);
      });
    };
    expect(await found({ scenario: scenario(), first, second })).toEqual([]);
    // whoever keeps it is another matter
    const keeps: Routines['second'] = (b, { lock, flag, op }) => {
      b.opEnd(op);
      b.lock(lock, []);
      b.loop(() => b.store(flag, [], 1));
    };
    expect(await found({ scenario: scenario(), first, second: keeps })).toEqual([['operationEnds', 0, false]]);
  });

  test('weak for the rest: who waits for a flag may miss it each time', async () => {
    const first: Routines['first'] = (b, { flag, op }) => {
      b.waitEq(flag, [], 1);
      b.opEnd(op);
    };
    const toggles: Routines['second'] = (b, { flag, op }) => {
      b.opEnd(op);
      b.loop(() => {
        b.store(flag, [], 1);
        b.store(flag, [], 0);
      });
    };
    expect(await found({ scenario: scenario(), first, second: toggles })).toEqual([['operationEnds', 0, false]]);
    const sets: Routines['second'] = (b, { flag, op }) => {
      b.opEnd(op);
      b.loop(() => b.store(flag, [], 1));
    };
    expect(await found({ scenario: scenario(), first, second: sets })).toEqual([]);
  });

  test.each([0, 1] as const)('a loop that nobody sees is one (reduction %i)', async (reduction) => {
    const first: Routines['first'] = (b, { lock, guarded }) => {
      b.lock(lock, []);
      b.loop(() => b.store(guarded, [], 1));
    };
    const second: Routines['second'] = (b, { op }) => b.opEnd(op);
    expect(await found({ scenario: scenario(), first, second }, reduction)).toEqual([['operationEnds', 0, false]]);
  });

  test('a storm that leaves a thread no time is none, a handler that waits for that thread is one', async () => {
    const first: Routines['first'] = (b, { flag, op }) => {
      b.store(flag, [], 1);
      b.store(flag, [], 0);
      b.opEnd(op);
    };
    const second: Routines['second'] = (b, { op }) => b.opEnd(op);
    expect(await found({ scenario: scenario(raising), first, second })).toEqual([]);
    const waits: Routines['handler'] = (b, { flag }) => b.waitEq(flag, [], 0);
    expect(await found({ scenario: scenario(raising), first, second, handler: waits })).toEqual([['handlerEnds', 0, true]]);
  });
});

describe('limits', () => {
  test('a search that is stopped does not know', async () => {
    const result = await searchLivelocks(systemFrom(moved), { ...LIMITS, states: 1 });
    expect(result).toMatchObject({ verdict: 'unknown' });
    const stopped = await searchLivelocks(systemFrom(moved), { ...LIMITS, progress: () => true });
    expect(stopped).toMatchObject({ verdict: 'unknown', reason: 'interrupted' });
    const little = await searchLivelocks(systemFrom(moved), { ...LIMITS, memory: 2 ** 19 });
    expect(little).toMatchObject({ verdict: 'unknown', reason: 'the memory limit was reached' });
  });

  test('where nothing raises, nothing is said', async () => {
    const { verdict, reason } = await livelocksOf(small({ devices: [{ cpu: 0, raises: 0 }] }));
    expect([verdict, reason]).toEqual(['unknown', 'vacuous: no device can go on raising for ever']);
  });

  test('a system whose raises are bounded is refused', async () => {
    await expect(searchLivelocks(assembleSystem(scenarioOf(moved), { model: 'linux-7.0' }), LIMITS)).rejects.toThrow(RangeError);
  });
});
