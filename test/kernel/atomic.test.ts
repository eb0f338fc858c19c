import { describe, expect, test } from 'vitest';
import { Assembler, Declarations, eq, ne, type Builder, type Program, type Reg } from '../../src/kernel/index.js';
import { size } from './machine.js';

function data() {
  const d = new Declarations();
  const vectorLock = d.lock('vector_lock', []);
  const descLock = d.lock('desc_lock', ['irq']);
  return {
    d,
    vectorLock,
    descLock,
    free: d.variable('free', 'u16', ['cpu']),
    statistics: d.variable('statistics', 'u32', ['cpu'], { class: 'record' }),
    nested: d.variable('nested', 'u8', ['cpu'], { local: true }),
    slot: d.variable('slot', 'u16', ['cpu', 'vector'], { lock: vectorLock, visible: true }),
    matrix: d.mask('matrix', 'vector', ['cpu'], { lock: vectorLock }),
    state: d.variable('state', 'u8', ['irq'], { lock: descLock }),
    pending: d.mask('pending', 'cpu', ['irq'], { lock: descLock }),
    online: d.mask('online', 'cpu', [], { lock: vectorLock }),
  };
}

type Data = ReturnType<typeof data>;

interface Params {
  readonly cpu: Reg<'cpu'>;
  readonly irq: Reg<'irq'>;
  readonly other: Reg<'irq'>;
}

function entry(body: (b: Builder<undefined>, p: Params) => void, k: Assembler) {
  return k.routine('routine', { cpu: 'cpu', irq: 'irq', other: 'irq' }, body);
}

/** Assembles an entry with this body. */
function assemble(body: (b: Builder<undefined>, s: Data, p: Params) => void): () => Program {
  return () => {
    const s = data();
    const k = new Assembler(s.d);
    k.entry(entry((b, p) => body(b, s, p), k));
    return k.assemble(size);
  };
}

const tooMuch = /^the atomic block( "[^"]*")? at line \d+ of routine routine makes more than one access that another actor can observe: /;

describe('one observable access', () => {
  test('two are refused, with block and accesses', () => {
    const block = assemble((b, s, { cpu }) =>
      b.atomic(() => {
        b.store(s.free, [cpu], 1);
        b.store(s.free, [b.self], 2);
      }, 'take'),
    );
    expect(block).toThrow(
      /^the atomic block "take" at line 1 of routine routine makes more than one access that another actor can observe: "free\[cpu\] = 1" and "free\[self\] = 2"; split it/,
    );
  });

  test('one is fine, and one on each of two paths', () => {
    expect(
      assemble((b, s, { cpu }) =>
        b.atomic(() =>
          b.if(
            eq(cpu, 1),
            () => b.store(s.free, [cpu], 1),
            () => b.lapicWrite('eoi', 0),
          ),
        ),
      ),
    ).not.toThrow();
  });

  test('one in a loop is many', () => {
    expect(
      assemble((b, s, { cpu }) =>
        b.atomic(() =>
          b.while(
            () => ne(b.load(s.free, [cpu]), 0),
            () => {},
          ),
        ),
      ),
    ).toThrow(tooMuch);
  });

  test('one of the hardware and one to memory are two', () => {
    expect(
      assemble((b, s, { cpu }) =>
        b.atomic(() => {
          b.fetchAdd(s.free, [cpu], 1);
          b.ipi(7, 0x20);
        }),
      ),
    ).toThrow(tooMuch);
  });

  test('record-class and local variables do not count', () => {
    expect(
      assemble((b, s, { cpu }) =>
        b.atomic(() => {
          b.fetchAdd(s.statistics, [cpu], 1);
          b.fetchAdd(s.nested, [b.self], 1);
          b.store(s.nested, [b.self], 0);
          b.fetchAdd(s.free, [cpu], 1);
        }),
      ),
    ).not.toThrow();
  });

  test('a routine called from inside counts', () => {
    const s = data();
    const k = new Assembler(s.d);
    const touch = k.routine('touch', { cpu: 'cpu' }, (b, { cpu }) => b.store(s.free, [cpu], 1));
    k.entry(entry((b, { cpu }) => b.atomic(() => b.call(touch, { cpu })), k));
    expect(() => k.assemble(size)).not.toThrow();
    const t = data();
    const l = new Assembler(t.d);
    const twice = l.routine('touch', { cpu: 'cpu' }, (b, { cpu }) => b.store(t.free, [cpu], 1));
    l.entry(
      entry(
        (b, { cpu }) =>
          b.atomic(() => {
            b.call(twice, { cpu });
            b.call(twice, { cpu });
          }),
        l,
      ),
    );
    expect(() => l.assemble(size)).toThrow(tooMuch);
  });
});

const twoBits = (b: Builder<undefined>, s: Data): void =>
  b.atomic(() => {
    b.maskSet(s.matrix, [b.self], 0x20);
    b.maskSet(s.matrix, [b.self], 0x21);
  });

const twoOfIrq = (b: Builder<undefined>, s: Data, irq: Params['irq']): void =>
  b.atomic(() => {
    b.store(s.state, [irq], 1);
    b.maskSet(s.pending, [irq], b.self);
  });

const inherited =
  (pass: 'irq' | 'other', both: boolean): (() => Program) =>
  () => {
    const s = data();
    const k = new Assembler(s.d);
    const inner = k.routine('inner', { irq: 'irq' }, (b, { irq }) =>
      b.atomic(() => {
        b.store(s.state, [irq], 1);
        b.store(s.state, [irq], 2);
      }),
    );
    k.entry(
      entry((b, p) => {
        b.withLock(s.descLock, [p.irq], () => b.call(inner, { irq: p[pass] }));
        if (!both) b.call(inner, { irq: p.irq });
      }, k),
    );
    return k.assemble(size);
  };

const declared =
  (locked: boolean): (() => Program) =>
  () => {
    const s = data();
    const k = new Assembler(s.d);
    const inner = k.routine(
      'inner',
      { irq: 'irq' },
      (b, { irq }) =>
        b.atomic(() => {
          b.store(s.state, [irq], 1);
          b.store(s.state, [irq], 2);
        }),
      { holds: [s.descLock] },
    );
    k.entry(
      entry((b, { irq }) => {
        if (locked) b.lock(s.descLock, [irq]);
        b.call(inner, { irq });
        if (locked) b.unlock(s.descLock, [irq]);
      }, k),
    );
    return k.assemble(size);
  };

const referred =
  (unprotected: boolean): (() => Program) =>
  () => {
    const s = data();
    const scratch = s.d.mask('scratch', 'cpu', []);
    const k = new Assembler(s.d);
    const inner = k.routine('inner', { mask: 'ref' }, (b, { mask }) =>
      b.atomic(() => {
        b.maskSet(mask, 1);
        b.maskClear(mask, 2);
      }),
    );
    k.entry(
      entry(
        (b) =>
          b.withLock(s.vectorLock, [], () => {
            b.call(inner, { mask: b.ref(s.online) });
            if (unprotected) b.call(inner, { mask: b.ref(scratch) });
          }),
        k,
      ),
    );
    return k.assemble(size);
  };

test('a routine called from inside that makes two accesses is too much', () => {
  const s = data();
  const k = new Assembler(s.d);
  const both = k.routine('both', { cpu: 'cpu' }, (b, { cpu }) => {
    b.store(s.free, [cpu], 1);
    b.store(s.free, [b.self], 2);
  });
  k.entry(entry((b, { cpu }) => b.atomic(() => b.call(both, { cpu })), k));
  expect(() => k.assemble(size)).toThrow(tooMuch);
});

describe('protected variables', () => {
  test('any number of accesses under the lock, stores to visible ones too, and one observable besides', () => {
    expect(
      assemble((b, s, { cpu }) =>
        b.withLock(s.vectorLock, [], () =>
          b.atomic(() => {
            const vector = b.maskFirstFree(s.matrix, [cpu]);
            b.maskSet(s.matrix, [cpu], vector);
            b.store(s.slot, [cpu, vector], 5);
            b.store(s.slot, [b.self, vector], 6);
            b.fetchAdd(s.free, [cpu], -1);
          }),
        ),
      ),
    ).not.toThrow();
  });

  test('without the lock, before it and behind it they count', () => {
    expect(assemble((b, s) => twoBits(b, s))).toThrow(tooMuch);
    expect(
      assemble((b, s) => {
        b.withLock(s.vectorLock, [], () => b.cli());
        twoBits(b, s);
      }),
    ).toThrow(tooMuch);
    expect(assemble((b, s) => b.withLock(s.vectorLock, [], () => twoBits(b, s)))).not.toThrow();
  });

  test('a lock taken on one path only is not held', () => {
    expect(
      assemble((b, s, { cpu }) => {
        b.if(eq(cpu, 0), () => b.lock(s.vectorLock, []));
        b.atomic(() => {
          b.maskSet(s.matrix, [cpu], 0x20);
          b.maskSet(s.matrix, [cpu], 0x21);
        });
      }),
    ).toThrow(tooMuch);
  });

  test('a lock per irq protects the elements of that irq', () => {
    expect(assemble((b, s, { irq }) => b.withLock(s.descLock, [irq], () => twoOfIrq(b, s, irq)))).not.toThrow();
    expect(assemble((b, s, { irq, other }) => b.withLock(s.descLock, [irq], () => twoOfIrq(b, s, other)))).toThrow(tooMuch);
    // the register was set since: it is another irq now
    expect(
      assemble((b, s, { irq, other }) => {
        b.lock(s.descLock, [irq]);
        b.set(irq, other);
        twoOfIrq(b, s, irq);
      }),
    ).toThrow(tooMuch);
    expect(assemble((b, s, { irq, other }) => b.withLock(s.descLock, [irq], () => b.set(irq, other)))).toThrow(
      /^routine routine unlocks desc_lock at line 2 with a register that was set since the lock was taken/,
    );
  });

  test('what all callers hold is held, for the index they pass', () => {
    expect(inherited('irq', true)).not.toThrow();
    expect(inherited('other', true)).toThrow(/routine inner makes more than one/);
    expect(inherited('irq', false)).toThrow(/routine inner makes more than one/);
  });

  test('holds is believed inside and demanded of callers', () => {
    expect(declared(true)).not.toThrow();
    expect(declared(false)).toThrow(/^routine routine calls inner at line 1 without holding desc_lock; take the lock before/);
  });

  test('a mask behind a reference is protected if every mask it can be is', () => {
    expect(referred(false)).not.toThrow();
    expect(referred(true)).toThrow(/routine inner makes more than one/);
  });
});

test.each<[string, (b: Builder<undefined>, s: Data) => void]>([
  ['lock', (b, s) => b.lock(s.vectorLock, [])],
  ['unlock', (b, s) => b.unlock(s.vectorLock, [])],
  ['waitEq', (b, s) => b.waitEq(s.free, [b.self], 0)],
  ['waitNe', (b, s) => b.waitNe(s.free, [b.self], 0)],
  ['delay', (b) => b.delay(10)],
  ['cfgRead', (b) => void b.cfgRead(0, 'control')],
  ['cfgWrite', (b) => b.cfgWrite(0, 'data', 1)],
  ['cli', (b) => b.cli()],
  ['sti', (b) => b.sti()],
  ['saveFlags', (b) => void b.saveFlags()],
  ['restoreFlags', (b) => b.restoreFlags(b.let('bool', 1))],
  ['park', (b) => b.park()],
  ['end', (b) => b.end()],
])('%s never stands in a block, nor in what it calls', (word, use) => {
  expect(assemble((b, s) => b.atomic(() => use(b, s)))).toThrow(
    new RegExp(`^the atomic block at line 1 of routine routine contains ${word}; ${word} is always a step of its own`),
  );
  const s = data();
  const k = new Assembler(s.d);
  const inner = k.routine('inner', {}, (b) => use(b, s));
  k.entry(entry((b) => b.atomic(() => b.call(inner, {})), k));
  expect(() => k.assemble(size)).toThrow(new RegExp(`contains ${word} \\(in inner, which it calls\\)`));
});

test('accesses outside of the declared lock are listed', () => {
  const { lockless } = assemble((b, s, { cpu }) => {
    const slot = b.load(s.slot, [b.self, 0x20]);
    b.withLock(s.vectorLock, [], () => b.store(s.slot, [cpu, 0x20], slot));
  })();
  expect(lockless).toEqual([{ variable: 'slot', lock: 'vector_lock', routine: 'routine', line: 1 }]);
});
