import { describe, expect, test } from 'vitest';
import { Op } from '../../assembly/state/abi/instructions.js';
import { Assembler, AssemblyError, decode, Declarations, eq, ne, type Program, type Reg } from '../../src/kernel/index.js';
import { run, size } from './machine.js';

/** Registers that are live before instruction i, with their bits. */
function live(program: Program, i: number): Record<string, number> {
  const row = [...program.live.subarray(i * 8, i * 8 + 8)];
  return Object.fromEntries(row.flatMap((bits, r) => (bits > 0 ? [[`r${r}`, bits]] : [])));
}

function find(program: Program, op: Op, nth = 0): number {
  const all = Array.from({ length: program.code.length / 4 }, (_, i) => i).filter((i) => decode(program.code, i).op === op);
  return all[nth] ?? -1;
}

describe('liveness', () => {
  const d = new Declarations();
  const slots = d.variable('slots', 'u16', ['cpu', 'vector'], { bits: 3 });
  const owner = d.variable('owner', 'cpu', ['irq']);
  const wide = d.variable('wide', 'u32', ['irq']);
  const online = d.mask('online', 'cpu', []);

  function assemble(body: Parameters<typeof Assembler.prototype.routine>[2]): Program {
    const k = new Assembler(d);
    k.entry(k.routine('task', { vector: 'vector', irq: 'irq' }, body));
    return k.assemble(size);
  }

  test('a register is live from where it is set to where it is read last, with the bits it can have', () => {
    const program = assemble((b, { vector, irq }) => {
      const slot = b.load(slots, [b.self, vector as Reg<'vector'>]);
      b.cli();
      b.store(wide, [irq as Reg<'irq'>], b.let('u32', slot));
      b.sti();
    });
    // 8 bits of a vector, 3 of an irq of 5, 3 of the variable
    expect(live(program, find(program, Op.load))).toEqual({ r0: 8, r1: 3 });
    expect(live(program, find(program, Op.cli))).toEqual({ r0: 3, r1: 3 });
    expect(live(program, find(program, Op.sti))).toEqual({});
  });

  test('a register is live on the path that reads it only, and around a loop', () => {
    const program = assemble((b, { irq }) => {
      b.if(
        eq(b.load(wide, [irq as Reg<'irq'>]), 0),
        () => b.cli(),
        () => b.loop(() => b.store(wide, [irq as Reg<'irq'>], 1)),
      );
    });
    expect(live(program, find(program, Op.cli))).toEqual({});
    expect(live(program, find(program, Op.store))).toEqual({ r1: 3 });
  });

  test('an index that may be NONE has 16 bits until it is known not to be', () => {
    const program = assemble((b, { irq }) => {
      const cpu = b.maskFirst(online, []);
      b.cli();
      b.if(ne(cpu, 0xffff), () => {
        const known = b.checked(cpu);
        b.sti();
        b.store(owner, [irq as Reg<'irq'>], known);
      });
    });
    const bits = (op: Op): number[] => Object.values(live(program, find(program, op)));
    expect(bits(Op.cli).toSorted((x, y) => x - y)).toEqual([3, 16]);
    expect(bits(Op.sti).toSorted((x, y) => x - y)).toEqual([2, 3]);
  });

  test('a result is not live behind the call for those who look from above', () => {
    const k = new Assembler(d);
    const inner = k.routine(
      'inner',
      { irq: 'irq' },
      (b, { irq }) => {
        b.cli();
        b.return(b.load(wide, [irq]));
      },
      'u32',
    );
    k.entry(k.routine('task', { irq: 'irq' }, (b, { irq }) => b.store(wide, [irq], b.call(inner, { irq }))));
    const program = k.assemble(size);
    const behind = find(program, Op.call) + 1;
    expect(Op[decode(program.code, behind).op]).toMatch(/move|nop/);
    expect(live(program, behind)).toEqual({ r0: 3 });
  });

  test('a result that nobody reads needs no register', () => {
    const program = assemble((b, { irq }) => {
      b.fetchAdd(wide, [irq as Reg<'irq'>], 1);
      b.let('u32', 5);
    });
    expect(decode(program.code, 1)).toMatchObject({ op: Op.fetchAdd, a: 14 });
    expect(Op[decode(program.code, 2).op]).toBe('end');
  });
});

describe('allocation', () => {
  test('parameters of an entry are in registers 0, 1, 2', () => {
    const d = new Declarations();
    const out = d.variable('out', 'u32', ['device'], { class: 'record' });
    const k = new Assembler(d);
    k.entry(
      k.routine('main', { x: 'u32', y: 'u32', z: 'u32' }, (b, { x, y, z }) => {
        b.store(out, [0], z);
        b.store(out, [1], y);
        b.store(out, [2], x);
      }),
    );
    expect(run(k.assemble(size), d, 'main', [7, 8, 9]).memory[0]).toEqual([9, 8, 7, 0]);
  });

  test('what a caller needs after a call survives it', () => {
    const d = new Declarations();
    const out = d.variable('out', 'u32', ['device'], { class: 'record' });
    const k = new Assembler(d);
    const leaf = k.routine(
      'leaf',
      { x: 'u32' },
      (b, { x }) => {
        const values = [1, 2, 3].map((n) => b.add('u32', b.load(out, [3]), n));
        b.set(x, b.add(x, 100));
        b.return(values.reduce((sum, v) => b.add(sum, v), x));
      },
      'u32',
    );
    const middle = k.routine('middle', { x: 'u32' }, (b, { x }) => b.return(b.add(b.call(leaf, { x }), x)), 'u32');
    k.entry(
      k.routine('main', { x: 'u32' }, (b, { x }) => {
        const kept = b.load(out, [2]);
        b.store(out, [0], b.call(middle, { x }));
        b.store(out, [1], b.add(kept, x));
      }),
    );
    expect(run(k.assemble(size), d, 'main', [5]).memory[0]).toEqual([116, 5, 0, 0]);
  });

  test('a parameter handed down unchanged stays in its register however deep, without a move', () => {
    const d = new Declarations();
    const out = d.variable('out', 'u32', ['irq'], { class: 'record' });
    const k = new Assembler(d);
    let below = k.routine('level8', { irq: 'irq', x: 'u32' }, (b, { irq, x }) => b.store(out, [irq], x));
    for (let level = 7; level >= 1; level--) {
      const callee = below;
      below = k.routine(`level${level}`, { irq: 'irq', x: 'u32' }, (b, { irq, x }) => {
        b.call(callee, { irq, x });
        b.fetchAdd(out, [irq], 1);
        b.store(out, [irq], b.add(b.load(out, [irq]), x));
      });
    }
    const top = below;
    k.entry(
      k.routine('main', { irq: 'irq', x: 'u32' }, (b, { irq, x }) => {
        b.call(top, { irq, x });
        b.store(out, [0], x);
        b.store(out, [1], b.let('u32', irq));
      }),
    );
    const program = k.assemble(size);
    expect(find(program, Op.move)).toBe(find(program, Op.move, 0));
    const moves = Array.from({ length: program.code.length / 4 }, (_, i) => decode(program.code, i)).filter(
      (i) => i.op === Op.move && i.c < 8,
    );
    expect(moves).toEqual([]);
    expect(run(program, d, 'main', [4, 10]).memory[0]).toEqual([10, 4, 0, 0, 10 + 7 * 11]);
  });

  test('a parameter that the callee changes does not stay in the register of its argument', () => {
    const d = new Declarations();
    const out = d.variable('out', 'u32', ['device'], { class: 'record' });
    const k = new Assembler(d);
    const inner = k.routine('inner', { x: 'u32' }, (b, { x }) => {
      b.set(x, 99);
      b.store(out, [0], x);
    });
    const outer = k.routine('outer', { x: 'u32' }, (b, { x }) => b.call(inner, { x }));
    k.entry(
      k.routine('main', { x: 'u32' }, (b, { x }) => {
        b.call(outer, { x });
        b.store(out, [1], x);
      }),
    );
    expect(run(k.assemble(size), d, 'main', [5]).memory[0]).toEqual([99, 5, 0, 0]);
  });

  test('entries keep their parameters apart from those of a routine they share', () => {
    const d = new Declarations();
    const out = d.variable('out', 'u32', ['device'], { class: 'record' });
    const k = new Assembler(d);
    const shared = k.routine('shared', { y: 'u32' }, (b, { y }) => b.store(out, [1], y));
    k.entry(k.routine('passes', { x: 'u32' }, (b, { x }) => b.call(shared, { y: x })));
    k.entry(
      k.routine('keeps', { x: 'u32' }, (b, { x }) => {
        b.call(shared, { y: 7 });
        b.store(out, [0], x);
      }),
    );
    const program = k.assemble(size);
    expect(run(program, d, 'passes', [5]).memory[0]).toEqual([0, 5, 0, 0]);
    expect(run(program, d, 'keeps', [5]).memory[0]).toEqual([5, 7, 0, 0]);
  });

  test('registers of two frames that share a number have the same bits, so that rows can be joined bit by bit', () => {
    const d = new Declarations();
    const online = d.mask('online', 'cpu', []);
    const owner = d.variable('owner', 'cpu', ['cpu']);
    const k = new Assembler(d);
    const inner = k.routine('inner', { cpu: 'cpu' }, (b, { cpu }) => {
      b.cli();
      b.store(owner, [cpu], 1);
    });
    k.entry(
      k.routine('main', { cpu: 'cpu' }, (b, { cpu }) => {
        b.call(inner, { cpu });
        b.store(owner, [cpu], 2);
        // the other call passes what may be NONE
        b.call(inner, { cpu: b.maskFirst(online, []) });
      }),
    );
    const program = k.assemble(size);
    const [inCallee] = Object.values(live(program, find(program, Op.cli)));
    const [inCaller] = Object.values(live(program, find(program, Op.call) + 1));
    expect([inCallee, inCaller]).toEqual([16, 16]);
  });

  test('nine registers are refused, with who holds them', () => {
    const d = new Declarations();
    const out = d.variable('out', 'u32', ['device'], { class: 'record' });
    const build = (kept: number, own: number): Program => {
      const k = new Assembler(d);
      const inner = k.routine('inner', {}, (b) => {
        const values = Array.from({ length: own }, (_, n) => b.load(out, [b.let('device', b.self)], `load ${n}`));
        b.fetchAdd(out, [0], 1);
        for (const value of values) b.store(out, [b.let('device', b.self)], value);
      });
      k.entry(
        k.routine('outer', { x: 'u32' }, (b, { x }) => {
          const values = Array.from({ length: kept - 1 }, (_, n) => b.add(x, n + 1));
          b.call(inner, {});
          for (const value of [x, ...values]) b.store(out, [b.let('device', b.self)], value);
        }),
      );
      return k.assemble(size);
    };
    expect(() => build(4, 3)).not.toThrow();
    expect(() => build(5, 3)).toThrow(AssemblyError);
    expect(() => build(5, 3)).toThrow(
      /^routine inner needs 9 registers at line 4, and a context has 8: it uses .*; its callers keep x \(outer\), x \+ 1 \(outer\)/,
    );
  });

  test('a register that is not set on every path is refused', () => {
    const d = new Declarations();
    const out = d.variable('out', 'u32', [], { class: 'record' });
    const k = new Assembler(d);
    k.entry(
      k.routine('main', { x: 'u32' }, (b, { x }) => {
        let late: Reg<'u32'> | undefined;
        b.if(eq(x, 1), () => {
          late = b.let('u32', 5, 'late');
        });
        if (late) b.store(out, [], late);
      }),
    );
    expect(() => k.assemble(size)).toThrow(/routine main reads late on a path on which it has not been set/);
  });
});
