import { describe, expect, test } from 'vitest';
import { SELF } from '../../src/kernel/index.js';
import type { ProgramMachine } from '../../src/machine/index.js';
import { Dice, machineOf, models, randomSystem, system } from '../engine/systems.js';
import { act, msi, operation, search, steps, task, toy } from '../engine/toy.js';

const key = (image: Uint8Array): string => Buffer.from(image).toString('latin1');

/** One random step, or back to the start where nothing is enabled. */
function walk(dice: Dice, machine: ProgramMachine, start: Uint8Array): void {
  const actions = machine.enabled();
  if (actions.length === 0 || dice.below(200) === 0) machine.setImage(start);
  else machine.apply(dice.of(actions));
}

/**
 * Walks through `states` random states. Each is packed and unpacked into another machine, which is in the middle of something
 * else; both go on with the same random steps. Gives the number of different images met.
 */
function compare(dice: Dice, original: ProgramMachine, other: ProgramMachine, states: number): number {
  const seen = new Map<string, string>();
  const start = original.image();
  for (let i = 0; i < states; i++) {
    walk(dice, original, start);
    for (let n = dice.below(4); n > 0; n--) walk(dice, other, start);
    const image = original.image();
    other.setImage(image);
    const before = original.snapshot();
    for (let n = dice.below(8); ; n--) {
      const actions = original.enabled();
      expect(other.enabled()).toEqual(actions);
      expect(other.quiet).toBe(original.quiet);
      // equal images, equal futures
      const here = key(original.image());
      const enabled = `${actions.join()} ${original.quiet}`;
      expect(seen.get(here) ?? enabled).toBe(enabled);
      seen.set(here, enabled);
      if (actions.length === 0 || n <= 0) break;
      const action = dice.of(actions);
      expect(other.apply(action)).toEqual(original.apply(action));
    }
    expect(key(other.image())).toBe(key(original.image()));
    expect(other.brokenAtRest()).toEqual(original.brokenAtRest());
    original.restore(before);
    expect(key(original.image())).toBe(key(image));
  }
  return seen.size;
}

describe('unpack(pack(s)) behaves as s (design 3)', () => {
  test('in 10,000 random states of random scenarios, models and assumptions', async () => {
    const dice = new Dice(4);
    let images = 0;
    for (let i = 0; i < 50; i++) {
      const s = randomSystem(dice, { hotplug: i % 3 !== 0, assumptions: true });
      const changes = { parallel: dice.of([true, false]), messages: dice.of([2, 12]), record: 0 as const, ring: 0 };
      images += compare(dice, await machineOf(s, false, changes), await machineOf(s, false, changes), 200);
    }
    expect(images).toBeGreaterThan(10_000);
  });

  test('also in what few programs use: logical destinations, ESR, flags, stoppers, masks, lists, deep calls', async () => {
    const { machine, again } = await toy(
      (k, d) => {
        const word = d.variable('word', 'u32', []);
        const half = d.variable('half', 'u16', ['cpu'], { bits: 11 });
        const mask = d.mask('mask', 'cpu', ['irq']);
        const vectors = d.mask('vectors', 'vector', ['cpu']);
        const list = d.list('list', ['cpu'], 'irq');
        const lock = d.lock('lock', ['irq']);
        const leaf = k.routine(
          'leaf',
          { x: 'u32', y: 'u16' },
          (b, { x, y }) => {
            b.store(word, [], x);
            b.return(b.add('u32', b.load(word), y));
          },
          'u32',
        );
        const middle = k.routine('middle', { x: 'u32' }, (b, { x }) => {
          const kept = b.load(half, [SELF]);
          const sum = b.call(leaf, { x: b.add(x, 3), y: kept });
          b.store(word, [], b.add(sum, x));
        });
        const stopper = k.routine('stopper', { x: 'u32' }, (b, { x }) => {
          b.cli();
          b.call(middle, { x });
          b.restoreFlags(b.let('bool', 1));
          b.end();
        });
        const registers = operation(k, 'registers', (b) => {
          b.lapicWrite('ldr', 0x01000000);
          b.lapicWrite('dfr', 0x0fffffff);
          b.ipi(1, 0x05);
          b.lapicWrite('ldr', 0x02000000);
          b.lapicWrite('esr', 0);
          b.store(word, [], b.lapicRead('esr'));
          b.lapicWrite('dfr', 0xffffffff);
          b.lapicWrite('tpr', 0x22);
        });
        const memory = operation(k, 'memory', (b) => {
          const on = b.saveFlags();
          b.withLock(lock, [1], () => {
            b.maskSet(mask, [1], SELF);
            b.listPush(list, SELF, 1);
            b.listPush(list, SELF, 0);
            b.listRemove(list, SELF, 1);
          });
          b.store(half, [SELF], 0x7ff);
          b.call(middle, { x: 0x89abcdef });
          b.maskSet(vectors, [SELF], b.maskFirstFree(vectors, [SELF]));
          b.sti();
          b.preemptOff();
          b.preemptOn();
          b.restoreFlags(on);
        });
        const waker = operation(k, 'waker', (b) => {
          b.delay(100);
          b.wake(1, 'stopper', stopper, 0x12345678);
          b.cfgWrite(0, 'addrLo', 0xfee0100c);
          b.cfgWrite(0, 'control', 0x11);
        });
        return { operations: [registers, memory, waker].map((routine, i) => ({ cpu: [1, 1, 0][i] ?? 0, routine })) };
      },
      {
        cpus: 2,
        sources: [{ raises: 2 }, { raises: 2 }],
        assumptions: { recognition: 'free' },
        parallel: true,
        record: 0,
        ring: 0,
        probeRaises: 1,
      },
    );
    machine.setDevice(0, { ...msi(1, 0x31), addrLo: 0xfee0100c });
    const other = await again();
    expect(compare(new Dice(5), machine, other, 3000)).toBeGreaterThan(5000);
  });
});

test('what an image cannot hold is said: a vector outside of the universe, pending or stored (design 3)', async () => {
  const outside = async (pending: number, stored: number): Promise<string> => {
    const { machine } = await toy(
      (k, d) => {
        const table = d.variable('table', 'u8', ['cpu', 'vector']);
        const map = d.mask('map', 'vector', []);
        const t = task(k, 't', (b) => {
          b.store(table, [SELF, stored], 1);
          b.maskSet(map, [], stored);
        });
        return { run: { 0: t }, boot: (m) => m.setDevice(0, msi(0, pending)) };
      },
      { sources: [{ raises: 1 }], universe: [0x30, 0x32], systemVectors: [0x20] },
    );
    return (await search(machine)).status;
  };
  expect(await outside(0x31, 0x30)).toBe('done');
  expect(await outside(0x20, 0x31)).toBe('done');
  expect(await outside(0x32, 0x30)).toBe('universe');
  expect(await outside(0x30, 0x32)).toBe('universe');
});

test('an image is canonical: order of allocation, dead registers and finished tasks leave no trace (design 3)', async () => {
  const { machine, again } = await toy(
    (k, d) => {
      const x = d.variable('x', 'u32', []);
      const t = task(k, 't', (b) => b.store(x, [], b.add(b.load(x), 0)));
      return { run: { 0: t, 1: t } };
    },
    { cpus: 2, sources: 2 },
  );
  const other = await again();
  for (const [m, order] of [
    [machine, [0, 1]],
    [other, [1, 0]],
  ] as const) {
    for (const s of order) {
      act(m, 'raise', s);
      act(m, 'sample', s);
    }
    for (const c of order) steps(m, c, 3);
  }
  expect(key(machine.image())).toBe(key(other.image()));
});

describe('size of images (design 3)', () => {
  test('at most 320 bytes in the offline scenario of 5.9 with 3 CPUs, 2 devices and 4 vectors per CPU', async () => {
    const s = system(
      `
version: 1
name: size
machine: {cpus: 3}
universe: {vectors: 4}
devices:
  - {name: xhci, kind: handshake, raises: 2, irqs: [{irq: 122, cpu: 2, vector: 0x21}]}
  - {name: nic, kind: handshake, raises: 1, irqs: [{irq: 121, cpu: 1, vector: 0x21}]}
operations:
  - offline: 2
`,
      models[3],
    );
    const found = await search(await s.machine({ timed: false, record: 0 }));
    expect(found.status).toBe('done');
    expect(found.failures).toEqual({});
    expect(found.states).toBeGreaterThan(1000);
    expect(found.largestImage).toBeLessThanOrEqual(320);
  });
});
