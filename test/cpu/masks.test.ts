import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NONE } from '../../src/core/index.js';
import { SELF, type Reg } from '../../src/kernel/index.js';
import { settle, task, toy } from '../engine/toy.js';

describe('masks', () => {
  const bits = (value: bigint, width: number): number[] =>
    Array.from({ length: width }, (_, i) => i).filter((i) => (value >> BigInt(i)) & 1n);

  test('of 1 to 200 bits: set, clear, test, first, count, most, least, copy, with a second mask and by reference', async () => {
    const mask = (width: number) => fc.bigInt({ min: 0n, max: (1n << BigInt(width)) - 1n });
    const cases = fc.integer({ min: 1, max: 200 }).chain((width) =>
      fc.record({
        width: fc.constant(width),
        one: fc.oneof(mask(width), fc.constant(0n)),
        two: fc.oneof(mask(width), fc.constant((1n << BigInt(width)) - 1n)),
        keys: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: width, maxLength: width }),
        bit: fc.integer({ min: 0, max: width - 1 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(cases, async ({ width, one, two, keys, bit }) => {
        const { machine, kernel } = await toy(
          (k, d) => {
            const a = d.mask('a', 'cpu', [], { initial: (_, i) => ((one >> BigInt(i)) & 1n) === 1n });
            const second = d.mask('b', 'cpu', [], { initial: (_, i) => ((two >> BigInt(i)) & 1n) === 1n });
            const set = d.mask('set', 'cpu', ['cpu'], { initial: (_, i) => ((one >> BigInt(i)) & 1n) === 1n });
            const copies = d.mask('copies', 'cpu', ['cpu']);
            const key = d.variable('key', 'u8', ['cpu'], { initial: (_, c) => keys[c] ?? 0 });
            const out = d.variable('out', 'u16', ['vector']);
            let n = 0;
            const t = task(k, 't', (b) => {
              const keep = (value: Reg): void => b.store(out, [n++], b.let('u16', value));
              const ref = b.ref(a);
              const at = b.let('cpu', bit);
              for (const and of [undefined, second]) {
                for (const m of [a, ref]) {
                  keep(m === a ? b.maskFirst(a, [], and) : b.maskFirst(ref, and));
                  keep(m === a ? b.maskCount(a, [], and) : b.maskCount(ref, and));
                  keep(m === a ? b.maskMost(a, [], key, and) : b.maskMost(ref, key, and));
                  keep(m === a ? b.maskLeast(a, [], key, and) : b.maskLeast(ref, key, and));
                }
              }
              keep(b.maskTest(a, [], at));
              keep(b.maskTest(ref, at));
              b.maskSet(set, [0], at);
              b.maskCopy(b.ref(copies, [0]), a, [], [second, []]);
              b.maskClear(b.ref(set, [0]), bit);
              b.maskSet(b.ref(set, [0]), bit);
              b.maskCopy(b.ref(copies, [0]), ref, [second, []]);
            });
            return { a, set, copies, out, run: { 0: t } };
          },
          { cpus: width, timed: true, universe: [0x20, 0x21] },
        );
        machine.run(1_000_000);
        const best = (set: number[], sign: number): number =>
          set.reduce((found, i) => (found === NONE || sign * (keys[i] ?? 0) > sign * (keys[found] ?? 0) ? i : found), NONE);
        const expected = [one, one & two].flatMap((value) => {
          const set = bits(value, width);
          const four = [set[0] ?? NONE, set.length, best(set, 1), best(set, -1)];
          return [...four, ...four];
        });
        const tested = bits(one, width).includes(bit) ? 1 : 0;
        const values = Array.from({ length: 18 }, (_, i) => machine.variable(kernel.out.slot, i));
        expect(values).toEqual([...expected, tested, tested]);
        expect(machine.maskBits(kernel.set.slot, 0)).toEqual(bits(one | (1n << BigInt(bit)), width));
        expect(machine.maskBits(kernel.copies.slot, 0)).toEqual(bits(one & two, width));
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  test('the first free vector is looked for in the universe only', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }),
        fc.integer({ min: 0x20, max: 0xf0 }),
        fc.integer({ min: 1, max: 15 }),
        async (used, lo, n) => {
          const taken = used | ((1n << BigInt(lo + (n >> 1))) - 1n);
          const { machine, kernel } = await toy(
            (k, d) => {
              const map = d.mask('map', 'vector', ['cpu'], { initial: (_, v) => ((taken >> BigInt(v)) & 1n) === 1n });
              const out = d.variable('out', 'u16', []);
              return { out, run: { 0: task(k, 't', (b) => b.store(out, [], b.let('u16', b.maskFirstFree(map, [SELF])))) } };
            },
            { universe: [lo, lo + n] },
          );
          settle(machine, 'cpu');
          const free = Array.from({ length: n }, (_, i) => lo + i).find((v) => ((taken >> BigInt(v)) & 1n) === 0n);
          expect(machine.variable(kernel.out.slot)).toBe(free ?? NONE);
        },
      ),
      { numRuns: 40, seed: 3 },
    );
  });
});

test('lists: push at the head, remove from anywhere, removing what is not there does nothing', async () => {
  const action = fc.record({ push: fc.boolean(), head: fc.integer({ min: 0, max: 2 }), node: fc.integer({ min: 0, max: 4 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 20 }), async (wanted) => {
      // a node is in one list at most: what a kernel has to see to
      const lists: number[][] = [[], [], []];
      const actions = wanted.filter(({ push, node, head }) => {
        if (push && lists.some((list) => list.includes(node))) return false;
        const list = lists[head] ?? [];
        lists[head] = push ? [node, ...list] : list.filter((n) => n !== node);
        return true;
      });
      const { machine, kernel } = await toy(
        (k, d) => {
          const list = d.list('list', ['cpu'], 'irq');
          const t = task(k, 't', (b) => {
            for (const { push, head, node } of actions) b[push ? 'listPush' : 'listRemove'](list, head, node);
          });
          return { list, run: { 0: t } };
        },
        { cpus: 3, sources: 5 },
      );
      settle(machine, 'cpu');
      const follow = (head: number): number[] => {
        const nodes: number[] = [];
        for (let n = machine.variable(kernel.list.heads.slot, head); n !== 0; n = machine.variable(kernel.list.next.slot, n - 1))
          nodes.push(n - 1);
        return nodes;
      };
      expect([0, 1, 2].map(follow)).toEqual(lists);
    }),
    { numRuns: 60, seed: 5 },
  );
});
