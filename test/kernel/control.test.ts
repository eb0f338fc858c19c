import { describe, expect, test } from 'vitest';
import { InsnFlag, Op } from '../../assembly/state/abi/instructions.js';
import {
  all,
  any,
  Assembler,
  decode,
  Declarations,
  eq,
  lt,
  ne,
  not,
  type Builder,
  type Reg,
  type Variable,
} from '../../src/kernel/index.js';
import { run, size } from './machine.js';

/** What a task with parameters x and y leaves in the four elements of `out`. */
function outcome(
  body: (b: Builder, out: Variable<'u32', readonly ['device']>, x: Reg<'u32'>, y: Reg<'u32'>) => void,
  x = 0,
  y = 0,
): number[] {
  const d = new Declarations();
  const out = d.variable('out', 'u32', ['device'], { class: 'record' });
  const k = new Assembler(d);
  k.entry(k.routine('main', { x: 'u32', y: 'u32' }, (b, p) => body(b, out, p.x, p.y)));
  return run(k.assemble(size), d, 'main', [x, y]).memory[0] ?? [];
}

const branches = (b: Builder, out: Variable<'u32', readonly ['device']>, x: Reg<'u32'>): void => {
  b.if(
    eq(x, 3),
    () => b.store(out, [0], 1),
    () => b.store(out, [0], 2),
  );
  b.if(lt(x, 4), () => b.store(out, [1], 5));
};

const combinations = (b: Builder, out: Variable<'u32', readonly ['device']>, x: Reg<'u32'>, y: Reg<'u32'>): void => {
  const touched = (n: number) => () => ne(b.fetchAdd(out, [n], 1), 0);
  b.if(all(eq(x, 1), touched(1)), () => b.fetchAdd(out, [0], 1));
  b.if(any(eq(x, 1), touched(2)), () => b.fetchAdd(out, [0], 10));
  b.if(not(any(eq(x, 1), not(eq(y, 1)))), () => b.fetchAdd(out, [0], 100));
  b.if(all(any(eq(x, 1), eq(y, 1)), not(all(eq(x, 1), eq(y, 1)))), () => b.fetchAdd(out, [3], 1));
};

describe('structured control flow', () => {
  test('if with and without else', () => {
    expect(outcome(branches, 3)).toEqual([1, 5, 0, 0]);
    expect(outcome(branches, 4)).toEqual([2, 0, 0, 0]);
  });

  test('while evaluates a function each time, with break and continue', () => {
    const result = outcome((b, out) => {
      b.while(
        () => lt(b.load(out, [0]), 10),
        () => {
          const n = b.fetchAdd(out, [0], 1);
          b.if(eq(b.and(n, 1), 1), () => b.continue());
          b.if(eq(n, 8), () => b.break());
          b.fetchAdd(out, [1], 1);
        },
      );
    });
    expect(result).toEqual([8, 3, 0, 0]);
  });

  test('conditions combine, and parts given as functions are evaluated only if they count', () => {
    expect(outcome(combinations, 1, 0)).toEqual([11, 1, 0, 1]);
    expect(outcome(combinations, 0, 1)).toEqual([110, 0, 1, 1]);
    expect(outcome(combinations, 1, 1)).toEqual([11, 1, 0, 0]);
    expect(outcome(combinations, 0, 0)).toEqual([10, 0, 1, 0]);
  });

  test('a flag is a condition', () => {
    expect(outcome((b, out, x) => b.if(b.let('bool', x), () => b.store(out, [0], 1)), 1)[0]).toBe(1);
    expect(outcome((b, out, x) => b.if(b.let('bool', x), () => b.store(out, [0], 1)), 0)[0]).toBe(0);
  });
});

describe('leaving from inside', () => {
  test('return and break release the locks of withLock around them', () => {
    const d = new Declarations();
    const lock = d.lock('lock', []);
    const inner = d.lock('inner', ['irq']);
    const k = new Assembler(d);
    k.entry(
      k.routine('main', { irq: 'irq' }, (b, { irq }) => {
        b.loop(() =>
          b.withLock(lock, [], () => {
            b.withLock(inner, [irq], () => {
              b.if(eq(irq, 1), () => b.break());
              b.if(eq(irq, 2), () => b.return());
            });
          }),
        );
      }),
    );
    const program = k.assemble(size);
    const locks = (irq: number): string[] =>
      run(program, d, 'main', [irq]).stops.flatMap((at) => {
        const { op, slot } = decode(program.code, at);
        return op === Op.lock || op === Op.unlock ? [`${Op[op]} ${program.variables[slot]?.name}`] : [];
      });
    const balanced = ['lock lock', 'lock inner', 'unlock inner', 'unlock lock'];
    expect(locks(1)).toEqual(balanced);
    expect(locks(2)).toEqual(balanced);
  });

  test('return and break from an atomic block end its step', () => {
    const d = new Declarations();
    const out = d.variable('out', 'u8', [], { class: 'record' });
    const k = new Assembler(d);
    const early = k.routine('early', { x: 'u8' }, (b, { x }) => {
      b.loop(() => {
        b.atomic(() => {
          b.store(out, [], 1);
          b.if(eq(x, 1), () => b.return());
          b.if(eq(x, 2), () => b.break());
          b.store(out, [], 2);
        });
        b.return();
      });
      b.store(out, [], 3);
    });
    k.entry(
      k.routine('main', { x: 'u8' }, (b, { x }) => {
        b.call(early, { x });
        b.store(out, [], 4);
      }),
    );
    const program = k.assemble(size);
    const steps = (x: number): string[] =>
      run(program, d, 'main', [x]).stops.map((at) => {
        const { op, imm, flags } = decode(program.code, at);
        return op === Op.store ? `${imm}${flags & InsnFlag.joined ? ' joined' : ''}` : (Op[op] ?? '');
      });
    // each block is one step: whatever follows it is a step of its own
    expect(steps(0)).toEqual(['1 joined', '4', 'end']);
    expect(steps(1)).toEqual(['1 joined', '4', 'end']);
    expect(steps(2)).toEqual(['1 joined', '3', '4', 'end']);
  });

  test('a block in a routine called from a block does not end the step', () => {
    const d = new Declarations();
    const out = d.variable('out', 'u8', [], { class: 'record' });
    const k = new Assembler(d);
    const inner = k.routine('inner', {}, (b) => b.atomic(() => b.store(out, [], 1)));
    k.entry(
      k.routine('main', {}, (b) => {
        b.atomic(() => {
          b.call(inner, {});
          b.atomic(() => b.store(out, [], 2));
          b.store(out, [], 3);
        });
        b.call(inner, {});
      }),
    );
    const program = k.assemble(size);
    const { stops } = run(program, d, 'main');
    expect(stops.map((at) => Op[decode(program.code, at).op])).toEqual(['call', 'store', 'end']);
  });
});

test('jumps to jumps are threaded and what cannot be reached is gone', () => {
  const d = new Declarations();
  const out = d.variable('out', 'u8', [], { class: 'record' });
  const k = new Assembler(d);
  k.entry(
    k.routine('main', { x: 'u8' }, (b, { x }) => {
      b.loop(() => {
        b.if(
          eq(x, 1),
          () =>
            b.if(
              eq(b.load(out), 1),
              () => b.store(out, [], 1),
              () => b.store(out, [], 2),
            ),
          () => {
            b.if(
              eq(x, 2),
              () => b.store(out, [], 5),
              () => {},
            );
            b.return();
            b.store(out, [], 3);
          },
        );
      });
      b.store(out, [], 4);
    }),
  );
  const { code } = k.assemble(size);
  const insns = Array.from({ length: code.length / 4 }, (_, i) => decode(code, i));
  expect(insns.filter((i) => i.op === Op.store).map((i) => i.imm)).toEqual([1, 2, 5]);
  const targets = insns.filter(({ op }) => op >= Op.jump && op <= Op.jumpGe).map(({ imm }) => insns[imm]?.op);
  expect(targets.length).toBeGreaterThan(0);
  expect(targets).not.toContain(Op.jump);
  expect(insns.filter(({ op, imm }, i) => op === Op.jump && imm === i + 1)).toEqual([]);
});
