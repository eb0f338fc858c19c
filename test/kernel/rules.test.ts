import { describe, expect, test } from 'vitest';
import { Assembler, Declarations, eq, lt, type Builder, type Routine } from '../../src/kernel/index.js';
import { size } from './machine.js';

type Plain = Routine<Record<never, never>, undefined>;

function assembler() {
  const d = new Declarations();
  const out = d.variable('out', 'u32', [], { class: 'record' });
  return { out, k: new Assembler(d) };
}

function task(body: (b: Builder<undefined>) => void): () => unknown {
  const { k } = assembler();
  k.entry(k.routine('task', {}, body));
  return () => k.assemble(size);
}

describe('refusals', () => {
  test('recursion, naming the routines', () => {
    const { k } = assembler();
    const ping: Plain = k.routine('ping', {}, (b) => b.call(pong, {}));
    const pong: Plain = k.routine('pong', {}, (b) => b.call(ping, {}));
    k.entry(ping);
    expect(() => k.assemble(size)).toThrow(/^ping calls pong calls ping: routines cannot be recursive/);
  });

  test('calls nested more than 8 deep', () => {
    const { k } = assembler();
    const chain = (levels: number): void => {
      let below = k.routine(`a${levels}`, {}, (b) => b.cli());
      for (let n = levels - 1; n >= 0; n--) {
        const callee = below;
        below = k.routine(`a${n}`, {}, (b) => b.call(callee, {}));
      }
      k.entry(below);
    };
    chain(8);
    expect(() => k.assemble(size)).not.toThrow();
    const deep = assembler();
    let below = deep.k.routine('leaf', {}, (b) => b.cli());
    for (let n = 0; n < 9; n++) {
      const callee = below;
      below = deep.k.routine(`b${n}`, {}, (b) => b.call(callee, {}));
    }
    deep.k.entry(below);
    expect(() => deep.k.assemble(size)).toThrow(/b8 calls b7 .* calls leaf: calls nest 8 deep at most/);
  });

  test.each([
    ['sti', (b: Builder) => b.sti()],
    ['restoreFlags', (b: Builder) => b.restoreFlags(b.let('bool', 1))],
    ['end', (b: Builder) => b.end()],
  ])('%s in interrupt code, however it is reached', (word, use) => {
    const { k } = assembler();
    const helper = k.routine('helper', {}, (b) => use(b));
    k.interruptEntry(k.routine('common_interrupt', {}, (b) => b.call(helper, {})));
    expect(() => k.assemble(size)).toThrow(
      new RegExp(`^routine helper uses ${word} at line 1, but common_interrupt is an interrupt entry, reached from common_interrupt`),
    );
  });

  test('iret in a task', () => {
    expect(task((b) => b.iret())).toThrow(/^routine task uses iret at line 1, but task is the entry of a task/);
  });

  test('the same routine as interrupt and as task', () => {
    const { k } = assembler();
    const both = k.routine('both', {}, (b) => b.cli());
    k.entry(both);
    expect(() => k.interruptEntry(both)).toThrow(/both is the entry of an interrupt and of a task/);
    const other = assembler();
    const handler = other.k.routine('handler', {}, (b) => b.cli());
    other.k.interruptEntry(handler);
    other.k.entry(other.k.routine('main', {}, (b) => b.wake(b.self, 'thread', handler)));
    expect(() => other.k.assemble(size)).toThrow(/handler is woken as a task, but it is an interrupt entry/);
  });

  test('an endless loop without a step; one with a step or an exit is fine', () => {
    expect(task((b) => b.loop(() => {}))).toThrow(/^routine task has an endless loop at line 1 with no step in it/);
    expect(
      task((b) => {
        const n = b.let('u32', 0);
        b.loop(() => b.set(n, b.add(n, 1)));
      }),
    ).toThrow(/endless loop/);
    expect(task((b) => b.loop(() => b.cli()))).not.toThrow();
    expect(
      task((b) => {
        const n = b.let('u32', 0);
        b.while(lt(n, 5), () => b.set(n, b.add(n, 1)));
      }),
    ).not.toThrow();
  });

  test('an end without the result', () => {
    const { k } = assembler();
    k.routine('half', { x: 'u8' }, (b, { x }) => b.if(eq(x, 1), () => b.return(x)), 'u8');
    expect(() => k.assemble(size)).toThrow(/^routine half can reach its end without returning its result/);
  });

  test('a result or a held lock of an entry', () => {
    const { k } = assembler();
    const result = k.routine('result', {}, (b) => b.return(1), 'u8');
    k.entry(result);
    expect(() => k.assemble(size)).toThrow(/^result is an entry, so nobody takes its result/);
    const d = new Declarations();
    const lock = d.lock('lock', []);
    const other = new Assembler(d);
    other.entry(other.routine('holder', {}, (b) => b.cli(), { holds: [lock] }));
    expect(() => other.assemble(size)).toThrow(/^holder is an entry, so nobody holds lock for it/);
  });

  test('a register of another routine, break outside of a loop, a set of self, two routines of a name', () => {
    const { k, out } = assembler();
    let stray: ReturnType<Builder['load']> | undefined;
    k.routine('one', {}, (b) => {
      stray = b.load(out);
    });
    k.routine('two', {}, (b) => {
      if (stray) b.store(out, [], b.let('u32', stray));
    });
    expect(() => k.assemble(size)).toThrow(/^routine two uses out of routine one; pass it as a parameter/);
    expect(task((b) => b.break())).toThrow(/^routine task has a break outside of any loop/);
    expect(task((b) => b.set(b.self, 1))).toThrow(/^routine task sets self/);
    expect(() => k.routine('one', {}, () => {})).toThrow(/^routine one is declared twice/);
  });

  test('immediates that are no 32-bit integers, wrong numbers of indexes', () => {
    expect(task((b) => b.let('u32', 2 ** 32))).toThrow(/^routine task uses 4294967296 as an immediate/);
    expect(task((b) => b.let('u32', 1.5))).toThrow(/1\.5 as an immediate/);
    const { k, out } = assembler();
    k.routine('main', {}, (b) => b.store(out, [] as never, 1));
    expect(() => k.assemble(size)).not.toThrow();
    k.routine('other', {}, (b) => b.store(out, [1] as never, 1));
    expect(() => k.assemble(size)).toThrow(/gives 1 indexes to out, which has 0/);
  });

  test('a task woken with the wrong number of arguments', () => {
    const { k } = assembler();
    const woken = k.routine('woken', { irq: 'irq' }, (b, { irq }) => b.serve(irq, 1));
    k.entry(k.routine('main', {}, (b) => b.wake(b.self, 'thread', woken)));
    expect(() => k.assemble(size)).toThrow(/wakes woken with 0 arguments; it has 1/);
  });

  test('a variable declared local that is indexed with another CPU', () => {
    const d = new Declarations();
    const depth = d.variable('depth', 'u8', ['cpu'], { local: true });
    const k = new Assembler(d);
    k.routine('main', { cpu: 'cpu' }, (b, { cpu }) => {
      b.store(depth, [b.self], 1);
      b.store(depth, [cpu], 1);
    });
    expect(() => k.assemble(size)).toThrow(/^routine main touches depth of another CPU, but it is declared local/);
  });
});
