/** What the assembler proves about instructions for the reduction of a check (src/kernel/movers.ts, flow/steps.ts). */
import { describe, expect, test } from 'vitest';
import { Mover, Op } from '../../assembly/state/abi/instructions.js';
import { Assembler, Declarations, decode, eq, lt, ne, type Builder, type Program, type Reg } from '../../src/kernel/index.js';
import { size } from './machine.js';

function data() {
  const d = new Declarations();
  const [one, perIrq] = [d.lock('one', []), d.lock('per_irq', ['irq'])];
  return {
    d,
    one,
    perIrq,
    kept: d.variable('kept', 'u8', [], { lock: one }),
    state: d.variable('state', 'u8', ['irq'], { lock: perIrq }),
    total: d.variable('total', 'u8', [], { lock: perIrq }),
    mask: d.mask('mask', 'cpu', ['irq'], { lock: perIrq }),
    whole: d.mask('whole', 'cpu', [], { lock: one }),
    stored: d.variable('stored', 'ref', [], { lock: one }),
    list: d.list('list', ['irq'], 'irq', { lock: perIrq }),
    open: d.variable('open', 'u8', []),
    mine: d.variable('mine', 'u8', ['cpu'], { local: true }),
    never: d.variable('never', 'u8', []),
    fixed: d.variable('fixed', 'u8', [], { class: 'fixed' }),
    written: d.variable('written', 'u8', [], { class: 'fixed' }),
    record: d.variable('record', 'u8', [], { class: 'record' }),
  };
}

type Data = ReturnType<typeof data>;
type Body = (b: Builder, s: Data, irq: Reg<'irq'>, other: Reg<'irq'>) => void;

interface Given {
  /** the rest of the program */
  readonly beside?: Body;
  readonly judge?: Body;
}

/** Movers of the instructions of a task, those of one kind or all. */
function program(body: Body, { beside, judge }: Given = {}): Program {
  const s = data();
  const k = new Assembler(s.d);
  const routine = (name: string, of: Body) =>
    k.routine(name, { irq: 'irq', other: 'irq' }, (b, { irq, other }) => of(b as unknown as Builder, s, irq, other));
  k.entry(routine('task', body));
  if (beside) k.entry(routine('beside', beside));
  if (judge)
    k.judge(
      'atRest',
      k.routine('judge', {}, (b) => judge(b as unknown as Builder, s, b.let('irq', 0), b.let('irq', 0))),
    );
  return k.assemble(size);
}

const words = (mover: number): string =>
  (mover & Mover.quiet ? 'quiet' : mover & Mover.masked ? 'masked' : 'no') + (mover & Mover.loopHead ? ' head' : '');

/** What may be joined of each observable instruction of the task, with the name of its op. */
function movers(body: Body, given: Given = {}): string[] {
  const { code, movers: found, labels } = program(body, given);
  return [...found.keys()].flatMap((pc) => {
    const { op, label } = decode(code, pc);
    return pc === 0 || op < Op.firstObservable || labels[label]?.routine !== 'task' ? [] : [`${Op[op]} ${words(found[pc] ?? 0)}`];
  });
}

const locked = (b: Builder, s: Data, body: () => void): void => b.withLock(s.one, [], body);

describe('under its lock', () => {
  test('a variable is touched unseen, and the lock is released where no interrupt comes', () => {
    const task: Body = (b, s) =>
      locked(b, s, () => {
        b.store(s.kept, [], 1);
        b.load(s.kept);
        b.fetchAdd(s.kept, [], 1);
      });
    expect(movers(task)).toEqual(['lock no', 'store quiet', 'load quiet', 'fetchAdd quiet', 'unlock masked', 'end masked']);
  });

  const touch: Body = (b, s) =>
    locked(b, s, () => {
      b.store(s.kept, [], 1);
      b.load(s.kept);
    });

  test.each<readonly [string, Given, string, string]>([
    ['another reads it without the lock: only reads are unseen', { beside: (b, s) => void b.load(s.kept) }, 'no', 'quiet'],
    ['another waits for it without the lock', { beside: (b, s) => b.waitEq(s.kept, [], 1) }, 'no', 'quiet'],
    ['another writes it without the lock', { beside: (b, s) => b.store(s.kept, [], 2) }, 'no', 'no'],
    ['another takes the lock too', { beside: touch }, 'quiet', 'quiet'],
    ['another releases a lock it does not hold', { beside: (b, s) => b.unlock(s.one, []) }, 'no', 'no'],
    ['a judge reads it: nothing happens beside it', { judge: (b, s) => void b.load(s.kept) }, 'quiet', 'quiet'],
  ])('%s', (_, given, store, load) => {
    const found = movers(touch, given);
    expect(found.slice(1, 3)).toEqual([`store ${store}`, `load ${load}`]);
  });

  test('of an index: the element with the same one', () => {
    const task: Body = (b, s, irq, other) => {
      b.lock(s.perIrq, [irq]);
      b.store(s.state, [irq], 1);
      b.load(s.state, [irq]);
      b.unlock(s.perIrq, [irq]);
      b.lock(s.perIrq, [other]);
      b.store(s.state, [other], 1);
      b.unlock(s.perIrq, [other]);
    };
    expect(movers(task).filter((m) => m.startsWith('store') || m.startsWith('load'))).toEqual(['store quiet', 'load quiet', 'store quiet']);
    const wrong: Body = (b, s, irq, other) => {
      b.lock(s.perIrq, [irq]);
      b.store(s.state, [other], 1);
      b.unlock(s.perIrq, [irq]);
    };
    expect(movers(wrong)[1]).toBe('store no');
    expect(movers(task, { beside: wrong })[1]).toBe('store no');
  });

  test('a lock with an index does not protect what has none', () => {
    const task: Body = (b, s, irq) => b.withLock(s.perIrq, [irq], () => b.store(s.total, [], 1));
    expect(movers(task)[1]).toBe('store no');
  });

  test('that a routine declares: the index that its callers pass counts', () => {
    const called = (passes: (irq: Reg<'irq'>, other: Reg<'irq'>) => Reg<'irq'>): string[] => {
      const s = data();
      const k = new Assembler(s.d);
      const callee = k.routine('task', { irq: 'irq' }, (b, { irq }) => b.store(s.state, [irq], 1), { holds: [s.perIrq] });
      const caller = k.routine('caller', { irq: 'irq', other: 'irq' }, (b, { irq, other }) => {
        b.lock(s.perIrq, [irq]);
        b.call(callee, { irq: passes(irq, other) });
        b.unlock(s.perIrq, [irq]);
      });
      k.entry(caller);
      const { code, movers: found } = k.assemble(size);
      return [...found.keys()].filter((pc) => decode(code, pc).op === Op.store).map((pc) => words(found[pc] ?? 0));
    };
    expect(called((irq) => irq)).toEqual(['quiet']);
    expect(called((_, other) => other)).toEqual(['no']);
  });

  test('a list walks along any node: a lock of one index is not enough', () => {
    const task: Body = (b, s, irq) => b.withLock(s.perIrq, [irq], () => b.listRemove(s.list, irq, irq));
    expect(movers(task)[1]).toBe('listRemove no');
  });

  test('a reference: to a mask with one lock, but not to one of many', () => {
    const by: Body = (b, s, irq) => {
      b.lock(s.one, []);
      b.lock(s.perIrq, [irq]);
      b.maskSet(b.ref(s.whole), [], 1);
      b.maskSet(b.ref(s.mask, [irq]), [], 1);
      b.unlock(s.perIrq, [irq]);
      b.unlock(s.one, []);
    };
    expect(movers(by).filter((m) => m.startsWith('mask'))).toEqual(['maskSet quiet', 'maskSet no']);
  });

  test('a reference that was stored may be read by anybody, and refer to it', () => {
    const task: Body = (b, s) =>
      locked(b, s, () => {
        b.maskSet(s.whole, [], 1);
        b.store(s.stored, [], b.ref(s.whole));
      });
    expect(movers(task).slice(1, 3)).toEqual(['maskSet quiet', 'store quiet']);
    const clears: Body = (b, s) => {
      const ref = b.let('ref', 0);
      locked(b, s, () => b.set(ref, b.load(s.stored)));
      b.maskClear(ref, [], 1);
    };
    expect(movers(task, { beside: clears }).slice(1, 3)).toEqual(['maskSet no', 'store quiet']);
  });
});

test('without a lock: what only this CPU touches, what nobody writes', () => {
  const task: Body = (b, s) => {
    b.store(s.mine, [b.self], 1);
    b.load(s.open);
    b.load(s.never);
    b.load(s.fixed);
    b.load(s.written);
    b.store(s.record, [], 1);
  };
  const beside: Body = (b, s) => {
    b.store(s.open, [], 1);
    b.store(s.written, [], 1);
  };
  expect(movers(task, { beside })).toEqual(['store masked', 'load no', 'load quiet', 'load quiet', 'load no', 'store no', 'end masked']);
});

test('whatever others order themselves by is a step of its own', () => {
  const task: Body = (b, s, irq) => {
    const flags = b.saveFlags();
    b.cli();
    b.sti();
    b.restoreFlags(flags);
    b.preemptOff();
    b.preemptOn();
    b.note('moved');
    b.flag('noStray');
    b.opEnd(0);
    b.waitNe(s.open, [], 1);
    b.serve(irq, 0);
    b.delay(1);
    b.ipi(0, 0x40);
    b.cfgWrite(0, 'data', 1);
    b.lapicWrite('eoi', 0);
    b.irrBit(0x40);
  };
  expect(movers(task)).toEqual([
    'saveFlags masked',
    'cli masked',
    'sti masked',
    'restoreFlags masked',
    'preemptOff no',
    'preemptOn quiet',
    'note quiet',
    'flag no',
    'opEnd masked',
    'waitNe no',
    'serve no',
    'delay no',
    'ipi no',
    'cfgWrite no',
    'lapicWrite no',
    'irrBit no',
    'end masked',
  ]);
});

describe('loops', () => {
  test('the first step behind a backward jump is a head, in what is called too', () => {
    const s = data();
    const k = new Assembler(s.d);
    const callee = k.routine('callee', {}, (b) => b.note('moved'));
    k.entry(
      k.routine('task', {}, (b) => {
        b.note('busy');
        b.while(ne(b.let('u8', 1), 0), () => {
          b.call(callee, {});
          b.note('cleaned');
        });
      }),
    );
    const { code, movers: found } = k.assemble(size);
    const notes = [...found.keys()].filter((pc) => decode(code, pc).op === Op.note);
    expect(notes.map((pc) => words(found[pc] ?? 0))).toEqual(['quiet', 'quiet', 'quiet head']);
  });

  test('a loop inside of an atomic block has none', () => {
    const task: Body = (b, s) =>
      locked(b, s, () =>
        b.atomic(() => {
          const i = b.let('u8', 0);
          b.while(lt(i, 3), () => {
            b.store(s.kept, [], 1);
            b.set(i, b.add(i, 1));
          });
        }),
      );
    expect(movers(task)).toEqual(['lock no', 'store quiet', 'unlock masked', 'end masked']);
  });
});

describe('no trace before', () => {
  /** Whether a thread that stands in front of `park` has left none. */
  const traceless = (body: Body): boolean => {
    const { code, movers: found } = program((b, s, irq, other) => {
      body(b, s, irq, other);
      b.park();
    });
    const park = [...found.keys()].find((pc) => decode(code, pc).op === Op.park) ?? 0;
    return ((found[park] ?? 0) & Mover.traceless) !== 0;
  };

  test('a step of its own and what writes nothing', () => {
    expect(traceless((b, s) => b.store(s.open, [], 1))).toBe(true);
    expect(
      traceless((b, s) => {
        b.store(s.open, [], 1);
        b.cli();
        b.note('moved');
      }),
    ).toBe(true);
  });

  test('not behind the begin of a task, nor behind a write that may have been joined', () => {
    expect(traceless((b) => b.cli())).toBe(false);
    expect(traceless((b, s) => locked(b, s, () => b.store(s.kept, [], 1)))).toBe(false);
    expect(
      traceless((b, s) => {
        b.store(s.open, [], 1);
        b.if(eq(b.load(s.open), 1), () => b.opEnd(0));
      }),
    ).toBe(false);
  });
});
