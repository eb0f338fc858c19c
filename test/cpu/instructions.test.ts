import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NONE } from '../../src/core/index.js';
import { SELF, type Builder, type Reg } from '../../src/kernel/index.js';
import { settle, steps, task, toy } from '../engine/toy.js';

const u32 = fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.constantFrom(0, 1, 31, 32, 0x7fffffff, 0x80000000, 0xffffffff));

describe('private instructions', () => {
  const binary = ['add', 'sub', 'and', 'or', 'xor', 'shl', 'shr'] as const;
  const reference: Record<(typeof binary)[number], (x: bigint, y: bigint) => bigint> = {
    add: (x, y) => x + y,
    sub: (x, y) => x - y,
    and: (x, y) => x & y,
    or: (x, y) => x | y,
    xor: (x, y) => x ^ y,
    shl: (x, y) => x << (y & 31n),
    shr: (x, y) => x >> (y & 31n),
  };

  test('arithmetic and comparison on 32 unsigned bits, with a register and with an immediate', async () => {
    await fc.assert(
      fc.asyncProperty(u32, u32, async (x, y) => {
        const { machine, kernel } = await toy((k, d) => {
          const left = d.variable('left', 'u32', [], { initial: () => x });
          const right = d.variable('right', 'u32', [], { initial: () => y });
          const outs = [...binary, ...binary].map((op, i) => d.variable(`${op}_${i}`, 'u32', []));
          const less = d.variable('less', 'bool', []);
          const equal = d.variable('equal', 'bool', []);
          const t = task(k, 't', (b) => {
            const [a, c] = [b.load(left), b.load(right)];
            outs.forEach((out, i) => b.store(out, [], b[binary[i % binary.length] ?? 'add'](a, i < binary.length ? c : y)));
            b.if({ op: 'lt', a, x: c }, () => b.store(less, [], 1));
            b.if({ op: 'eq', a, x: y }, () => b.store(equal, [], 1));
          });
          return { outs, less, equal, run: { 0: t } };
        });
        settle(machine, 'cpu');
        const expected = binary.map((op) => Number(BigInt.asUintN(32, reference[op](BigInt(x), BigInt(y)))));
        expect(kernel.outs.map((out) => machine.variable(out.slot))).toEqual([...expected, ...expected]);
        expect(machine.variable(kernel.less.slot)).toBe(x < y ? 1 : 0);
        expect(machine.variable(kernel.equal.slot)).toBe(x === y ? 1 : 0);
      }),
      { numRuns: 40, seed: 1 },
    );
  });

  test('constants say what the machine is made of', async () => {
    const { machine, kernel } = await toy(
      (k, d) => {
        const out = d.variable('out', 'u32', ['vector']);
        let n = 0;
        const keep = (b: Builder, value: Reg): void => b.store(out, [n++], b.let('u32', value));
        const t = task(k, 't', (b) => {
          keep(b, b.constant('apicId', 2));
          keep(b, b.constant('cpuOfApicId', 4));
          keep(b, b.constant('cpuOfApicId', 3));
          keep(b, b.constant('cpuOfApicId', 0xffffffff));
          keep(b, b.constant('cpus'));
          keep(b, b.constant('sources'));
          keep(b, b.constant('vectorLo'));
          keep(b, b.constant('vectorHi'));
          keep(b, b.constant('deviceOf', 2));
          keep(b, b.constant('addr64', 0));
          keep(b, b.constant('addr64', 1));
          keep(b, b.selfValue());
        });
        return { out, run: { 1: t } };
      },
      {
        cpus: 3,
        apicIds: [0, 2, 4],
        devices: [{ address64: false }, { address64: true }],
        sources: [{ device: 0 }, { device: 1 }, { device: 1 }],
        universe: [0x20, 0x30],
      },
    );
    settle(machine, 'cpu');
    const values = Array.from({ length: 12 }, (_, i) => machine.variable(kernel.out.slot, i));
    expect(values).toEqual([4, 2, NONE, NONE, 3, 3, 0x20, 0x30, 1, 0, 1, 1]);
  });

  test('eight calls deep and back, each frame with its own registers', async () => {
    const { machine, kernel } = await toy((k, d) => {
      const out = d.variable('out', 'u32', []);
      let inner = k.routine('f0', { x: 'u32' }, (b, { x }) => b.return(b.add(x, 1)), 'u32');
      for (let i = 1; i < 8; i++) {
        const callee = inner;
        inner = k.routine(`f${i}`, { x: 'u32' }, (b, { x }) => b.return(b.add(b.call(callee, { x }), x)), 'u32');
      }
      return { out, run: { 0: task(k, 't', (b) => b.store(out, [], b.call(inner, { x: 5 }))) } };
    });
    steps(machine, 0, 1);
    expect(machine.variable(kernel.out.slot)).toBe(5 * 8 + 1);
  });
});

describe('loads and stores', () => {
  test('values of one, two and four bytes, two dimensions, index by register and by self', async () => {
    const { machine, kernel } = await toy(
      (k, d) => {
        const bytes = d.variable('bytes', 'u8', ['cpu', 'irq']);
        const halves = d.variable('halves', 'u16', ['irq', 'cpu']);
        const words = d.variable('words', 'u32', ['cpu']);
        const t = task(k, 't', (b) => {
          b.store(bytes, [SELF, 1], 0xfe);
          b.store(halves, [1, SELF], 0xfedc);
          b.store(words, [SELF], 0xfedcba98);
          b.store(bytes, [0, 0], b.load(bytes, [2, 1]));
          b.store(words, [0], b.fetchAdd(words, [SELF], 0x10));
        });
        return { bytes, halves, words, run: { 2: t } };
      },
      { cpus: 3, sources: 2 },
    );
    settle(machine, 'cpu');
    const { bytes, halves, words } = kernel;
    expect([machine.variable(bytes.slot, 2, 1), machine.variable(bytes.slot, 0, 0), machine.variable(bytes.slot, 1, 1)]).toEqual([
      0xfe, 0xfe, 0,
    ]);
    expect(machine.variable(halves.slot, 1, 2)).toBe(0xfedc);
    expect([0, 1, 2].map((c) => machine.variable(words.slot, c))).toEqual([0xfedcbaa8, 0, 0xfedcbaa8]);
  });

  test('fetchAdd is one step, gives the new value, and counts down as well', async () => {
    const { machine, kernel } = await toy((k, d) => {
      const n = d.variable('n', 'u8', [], { initial: () => 200 });
      const seen = d.variable('seen', 'u8', []);
      return { n, seen, run: { 0: task(k, 't', (b) => b.store(seen, [], b.fetchAdd(n, [], -3))) } };
    });
    steps(machine, 0, 1);
    expect(machine.variable(kernel.n.slot)).toBe(197);
    steps(machine, 0, 1);
    expect(machine.variable(kernel.seen.slot)).toBe(197);
  });

  test('scan finds the next element of the universe that is not empty', async () => {
    const { machine, kernel } = await toy(
      (k, d) => {
        const table = d.variable('table', 'u8', ['cpu', 'vector'], {
          initial: (_, c, v) => (c === 1 && [0x1f, 0x22, 0x25, 0x28].includes(v) ? 9 : 7),
        });
        const found = d.variable('found', 'u16', ['vector']);
        const t = task(k, 't', (b) => {
          [0, 0x22, 0x23, 0x26, 0xff].forEach((from, i) => b.store(found, [i], b.let('u16', b.scan(table, [1], from, 7))));
        });
        return { found, run: { 0: t } };
      },
      { cpus: 2, universe: [0x20, 0x28] },
    );
    settle(machine, 'cpu');
    expect(Array.from({ length: 5 }, (_, i) => machine.variable(kernel.found.slot, i))).toEqual([0x22, 0x22, 0x25, NONE, NONE]);
  });
});
