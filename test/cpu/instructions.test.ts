import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NONE, Op, Operand } from '../../src/core/index.js';
import { Machine, type MachineSetup } from '../../src/machine/index.js';
import { SELF, type Builder, type Reg } from '../../src/kernel/index.js';
import { settle, startTask, steps, task, toy } from '../engine/toy.js';

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

/** A machine whose CPU 0 starts at instruction 1 of `code`, words of `Op` in abi.ts. */
async function raw(
  code: readonly (readonly [op: number, a: number, b: number, c: number, imm: number, w2?: number, flags?: number])[],
): Promise<Machine> {
  const rows = [[Op.end, Operand.none, Operand.none, Operand.none, 0] as const, ...code];
  const words = rows.flatMap(([op, a, b, c, imm, w2 = 0, flags = 0]) => [(op | (a << 8) | (b << 16) | (c << 24)) >>> 0, imm, w2, flags]);
  const { setup } = await toy((_k, d) => {
    d.variable('small', 'u8', ['cpu'], { bits: 3 });
    d.mask('mask', 'cpu', []);
    d.list('list', ['cpu'], 'cpu');
    return {};
  });
  const program: MachineSetup['program'] = {
    ...setup.program,
    code: Uint32Array.from(words),
    live: new Uint8Array(rows.length * 8),
    handlers: new Map(),
  };
  const machine = await Machine.create({ ...setup, program });
  machine.setCpu(0, { svr: 0x1ff, tpr: 0, run: 'running', interruptsOn: true });
  startTask(machine, 0, 1);
  return machine;
}

const N = Operand.none;
const I = Operand.imm;

describe('what no program may do is a fault with its instruction, never a trap', () => {
  const end = [Op.end, N, N, N, 0] as const;
  const faults: [string, string, number, Parameters<typeof raw>[0]][] = [
    ['an index out of range', 'index', 2, [[Op.move, 0, N, I, 1], [Op.load, 1, 0, N, 0], end]],
    ['a slot that does not exist', 'index', 1, [[Op.load, 1, N, N, 0, 99], end]],
    ['a value wider than its variable is declared', 'index', 1, [[Op.store, I, N, N, 8], end]],
    ['a counter below zero', 'index', 1, [[Op.fetchAdd, 0, N, N, -1 >>> 0], end]],
    ['a bit beyond the mask', 'index', 1, [[Op.maskSet, N, N, I, 1, 1], end]],
    ['a reference to nowhere', 'index', 2, [[Op.move, 0, N, I, 0xfffffff0], [Op.maskTest, 1, 0, I, 0, 1, 4], end]],
    ['a reference into the program', 'index', 2, [[Op.move, 0, N, I, 64], [Op.maskSet, N, 0, I, 0, 1, 4], end]],
    ['a reference far behind the state', 'index', 2, [[Op.ref, 0, N, N, 0, 1], [Op.maskSet, N, 0, I, 0xffff0000, 1, 4], end]],
    ['a list node out of range', 'index', 1, [[Op.listPush, N, N, I, 3, 2 | (3 << 16)], end]],
    ['an unknown instruction', 'opcode', 1, [[31, N, N, N, 0], end]],
    ['an unknown observable instruction', 'opcode', 1, [[200, N, N, N, 0], end]],
    ['a jump out of the program', 'opcode', 4000, [[Op.jump, N, N, N, 4000], end]],
    ['running off the end', 'opcode', 2, [[Op.nop, N, N, N, 0]]],
    ['calls that nest too deep', 'depth', 1, [[Op.call, N, N, N, 1], end]],
    ['a return from nowhere', 'depth', 1, [[Op.ret, N, N, N, 0], end]],
    ['a loop without a step', 'runaway', 1, [[Op.jump, N, N, N, 1], end]],
    ['waking a task that runs', 'context', 1, [[Op.wake, N, Operand.self, I, 1], end]],
    ['the handler of a source that does not exist', 'index', 1, [[Op.serve, I, N, N, 9], end]],
    ['more than seven locks held', 'depth', 8, [...Array.from({ length: 8 }, () => [Op.preemptOff, N, N, N, 0] as const), end]],
  ];
  test.each(faults)('%s: %s', async (_, kind, at, code) => {
    const machine = await raw(code);
    const go = (): void => {
      machine.start();
      settle(machine, 'cpu');
    };
    expect(go).toThrow(`the kernel model is at fault (${kind}) at instruction ${at}`);
  });

  test('a vector without a handler', async () => {
    const { machine } = await toy(() => ({ handlers: {} }), { sources: 1 });
    settle(machine);
    const s = machine.enabled();
    expect(s).toHaveLength(1);
    for (let i = 0; i < 4; i++) machine.apply(machine.enabled()[0] ?? 0);
    expect(() => machine.apply(machine.enabled()[0] ?? 0)).toThrow(/at fault \(context\)/);
    // it is in service all the same (A.5)
    expect(machine.cpu(0).isr).toEqual([0x30]);
  });

  test('actions that are not enabled, or are none', async () => {
    const { machine } = await toy(
      (k, d) => {
        const lock = d.lock('lock', []);
        const t = task(k, 't', (b) => {
          b.withLock(lock, [], () => b.ipi(1, 0x41));
          b.cfgWrite(0, 'data', 0x4042);
          b.delay(5);
        });
        return { run: { 0: t, 1: task(k, 'u', (b) => b.withLock(lock, [], () => b.ipiInit(0))) } };
      },
      { cpus: 2, sources: 2, messages: 3 },
    );
    const start = machine.snapshot();
    let state = 12345;
    for (let round = 0; round < 200; round++) {
      machine.restore(start);
      for (let i = 0; i < 200; i++) {
        state = (Math.imul(state, 1103515245) + 12345) >>> 0;
        machine.core.exports.apply(state >>> 16);
        machine.core.exports.enabledActions();
      }
    }
    expect(machine.now).toBe(0n);
  });
});
