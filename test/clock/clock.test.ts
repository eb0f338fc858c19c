import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { Timing } from '../../src/core/index.js';
import { timingIds } from '../../src/machine/index.js';
import { timingTable } from '../../src/machine/timing.js';
import { openQueue } from './queue.js';

const NODES = 24;
const FOREVER = 2n ** 62n;

interface Event {
  readonly node: number;
  readonly due: bigint;
  readonly phase: number;
  readonly order: number;
}

/** The queue as a sorted array: by cycle, phase, then by number in that of CPUs and first come first served in others. */
class Reference {
  now = 0n;
  #order = 0;
  events: Event[] = [];

  arm(node: number, due: bigint, phase: number): void {
    this.disarm(node);
    this.events.push({ node, due: due > this.now ? due : this.now, phase, order: this.#order++ });
    this.events.sort((a, b) => Number(a.due - b.due) || a.phase - b.phase || (a.phase === 1 ? a.node - b.node : a.order - b.order));
  }
  disarm(node: number): void {
    this.events = this.events.filter((e) => e.node !== node);
  }
  next(limit: bigint): number {
    const [first] = this.events;
    if (!first || first.due > limit) {
      this.now = limit > this.now ? limit : this.now;
      return -1;
    }
    this.events.shift();
    this.now = first.due;
    return first.node;
  }
}

let queue: Awaited<ReturnType<typeof openQueue>>;
beforeAll(async () => {
  queue = await openQueue(NODES);
}, 60_000);

/** Distances at which the levels of the wheel begin and end, and anything between. */
const distance = fc.oneof(
  fc.bigInt({ min: 0n, max: 3n }),
  fc.bigInt({ min: 0n, max: 300n }),
  fc.bigInt({ min: 0n, max: 70_000n }),
  fc.bigInt({ min: 0n, max: 20_000_000n }),
  fc.bigInt({ min: 2n ** 31n, max: 2n ** 33n }),
  fc.bigInt({ min: 2n ** 40n, max: 2n ** 41n }),
  fc.constantFrom(255n, 256n, 65_535n, 65_536n, 2n ** 24n, 2n ** 32n - 1n, 2n ** 32n),
);

const action = fc.oneof(
  { weight: 5, arbitrary: fc.record({ arm: fc.nat(NODES - 1), distance, phase: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ disarm: fc.nat(NODES - 1) }) },
  { weight: 4, arbitrary: fc.record({ next: distance }) },
  { weight: 1, arbitrary: fc.constant({ again: true }) },
);

test('the wheel gives what a sorted array gives: cycle, then phase, then CPUs by number and others first in first out; far events too', () => {
  const reference = new Reference();
  // one long life: the clock never goes back
  reference.now = queue.now();
  fc.assert(
    fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
      let last: { due: bigint; phase: number } = { due: 0n, phase: 0 };
      const given: (number | bigint)[] = [];
      const wanted: (number | bigint)[] = [];
      for (const a of actions) {
        if ('arm' in a) {
          last = { due: reference.now + a.distance, phase: a.phase };
          reference.arm(a.arm, last.due, last.phase);
          queue.armAt(a.arm, last.due, last.phase);
        } else if ('again' in a) {
          // another node for the same cycle and phase, armed at another time
          const node = Number(reference.now % BigInt(NODES));
          reference.arm(node, last.due, last.phase);
          queue.armAt(node, last.due, last.phase);
        } else if ('disarm' in a) {
          reference.disarm(a.disarm);
          queue.disarm(a.disarm);
        } else {
          const limit = reference.now + a.next;
          given.push(queue.next(limit));
          wanted.push(reference.next(limit));
        }
        given.push(queue.now());
        wanted.push(reference.now);
      }
      expect(given).toEqual(wanted);
      for (const { node, due } of reference.events) {
        expect(queue.armed(node)).toBe(1);
        expect(queue.due(node)).toBe(due);
      }
      while (reference.events.length > 0) expect(queue.next(FOREVER)).toBe(reference.next(FOREVER));
      expect(queue.now()).toBe(reference.now);
    }),
    { numRuns: 400, seed: 42 },
  );
});

test('what is armed for a cycle that has passed is due in this one', async () => {
  const q = await openQueue(2);
  expect(q.next(1000n)).toBe(-1);
  q.armAt(1, 5n, 0);
  expect([q.due(1), q.next(1000n), q.now()]).toEqual([1000n, 1, 1000n]);
});

test('moving the clock in small steps and in one gives the same order', async () => {
  const [ahead, slow] = [await openQueue(50), await openQueue(50)];
  for (let n = 0; n < 50; n++) {
    const due = BigInt((n * 7919) % 3000) * 7n;
    for (const q of [ahead, slow]) q.armAt(n, due, n % 4);
  }
  const order = (q: typeof ahead, step: bigint): string[] => {
    const seen: string[] = [];
    for (let limit = 0n; limit <= 22_000n; limit += step) {
      for (let n = q.next(limit); n >= 0; n = q.next(limit)) seen.push(`${n} at ${q.now()}`);
    }
    return seen;
  };
  expect(order(slow, 1n)).toEqual(order(ahead, 22_000n));
});

const MASK = 2n ** 64n - 1n;

/** SplitMix64's finaliser. */
function finalise(x: bigint): bigint {
  let z = x;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return z ^ (z >> 31n);
}

test('a stream is SplitMix64, seeded from the seed, its purpose and its number in that, so that another actor shifts nobody’s', async () => {
  // the published first outputs for seed 1234567
  const published = [6457827717110365317n, 3203168211198807973n, 9817491932198370423n];
  published.forEach((value, i) => expect(finalise((1234567n + BigInt(i + 1) * 0x9e3779b97f4a7c15n) & MASK)).toBe(value));

  for (const seed of [1, 0xfffffff]) {
    const q = await openQueue(3, seed);
    for (let stream = 0; stream < 6; stream++) {
      // three CPUs and no device: transit of their IPIs is purpose 2, their recognition purpose 3
      const purpose = stream < 3 ? 2n : 3n;
      let state = finalise(BigInt(seed) ^ finalise((purpose << 32n) + BigInt(stream % 3)));
      for (let i = 0; i < 5; i++) {
        state = (state + 0x9e3779b97f4a7c15n) & MASK;
        expect(BigInt.asUintN(64, q.draw(stream))).toBe(finalise(state));
      }
    }
  }
});

test('a stream that draws more does not shift another', async () => {
  const [calm, busy] = [await openQueue(3), await openQueue(3)];
  for (let i = 0; i < 100; i++) {
    for (let n = 0; n < 10; n++) busy.draw(1);
    expect(busy.draw(2)).toBe(calm.draw(2));
  }
});

test('numbers below n are spread evenly', async () => {
  const q = await openQueue(1);
  const counts = Array.from({ length: 10 }, () => 0);
  for (let i = 0; i < 100_000; i++) {
    const x = q.below(0, 10);
    counts[x] = (counts[x] ?? 0) + 1;
  }
  // standard deviation 95
  for (const n of counts) expect(Math.abs(n - 10_000)).toBeLessThan(475);
});

test('every latency stays within its bounds and reaches both; without jitter it is the default (G.1)', async () => {
  const table = timingTable(Object.fromEntries(timingIds.map((id) => [id, { min: 7, default: 9, max: 12 }])));
  const q = await openQueue(1, 5, table);
  for (let timing = 0; timing < Timing.count; timing++) {
    const drawn = new Set(Array.from({ length: 200 }, () => q.latency(timing, 0)));
    expect([...drawn].toSorted((a, b) => a - b)).toEqual([7, 8, 9, 10, 11, 12]);
  }
});
