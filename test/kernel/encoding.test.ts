import { describe, expect, test } from 'vitest';
import { Constant, InsnFlag, LapicReg, Level, MsiReg, Op, Operand } from '../../assembly/state/abi/instructions.js';
import { Note, Property } from '../../assembly/state/abi/outcomes.js';
import { Assembler, decode, Declarations, eq, ge, lt, ne, type Builder, type Decoded, type Reg } from '../../src/kernel/index.js';
import { size } from './machine.js';

const { imm, none, self } = Operand;

function setup() {
  const d = new Declarations();
  const lockless = { class: 'record' } as const;
  return {
    d,
    flagged: d.variable('flagged', 'u8', [], { visible: true }),
    perCpu: d.variable('per_cpu', 'u16', ['cpu'], lockless),
    vectorIrq: d.variable('vector_irq', 'u16', ['cpu', 'vector'], { visible: true }),
    online: d.mask('online', 'cpu', [], { visible: true }),
    affinity: d.mask('affinity', 'cpu', ['irq']),
    map: d.mask('map', 'vector', ['cpu']),
    list: d.list('list', ['cpu'], 'irq'),
    vectorLock: d.lock('vector_lock', []),
    descLock: d.lock('desc_lock', ['irq']),
  };
}

type Setup = ReturnType<typeof setup>;

/** The instructions of one task with parameters cpu (register 0) and irq (register 1). */
function assemble(body: (b: Builder, s: Setup, p: { cpu: Reg<'cpu'>; irq: Reg<'irq'> }) => void): Decoded[] {
  const s = setup();
  const k = new Assembler(s.d);
  k.entry(k.routine('task', { cpu: 'cpu', irq: 'irq' }, (b, p) => body(b, s, p)));
  const { code } = k.assemble(size);
  return Array.from({ length: code.length / 4 }, (_, i) => decode(code, i)).slice(1);
}

const fields = ({ op, a, b, c, imm: value }: Decoded): (string | number)[] => [Op[op] ?? '?', a, b, c, value];

describe('private instructions', () => {
  test('arithmetic: a = b op c, or the immediate', () => {
    const code = assemble((b, s, { cpu, irq }) => {
      b.store(s.perCpu, [cpu], b.add('u16', irq, 3));
      b.store(s.perCpu, [cpu], b.sub('u16', irq, cpu));
      b.store(s.perCpu, [cpu], b.shr('u16', irq, b.self));
    });
    expect(code.filter((i) => i.op < Op.jump).map(fields)).toEqual([
      ['add', 2, 1, imm, 3],
      ['sub', 2, 1, 0, 0],
      ['shr', 1, 1, self, 0],
    ]);
  });

  test('a negative immediate is a 32-bit word', () => {
    const [move] = assemble((b, s, { cpu }) => b.store(s.perCpu, [cpu], b.let('u16', -1)));
    expect(move && fields(move)).toEqual(['move', 1, none, imm, 0xffffffff]);
  });

  test('a comparison with an immediate has it in w2, the target in imm', () => {
    for (const [build, op] of [
      [eq, Op.jumpNe],
      [ne, Op.jumpEq],
      [lt, Op.jumpGe],
      [ge, Op.jumpLt],
    ] as const) {
      const [jump] = assemble((b, _, { cpu }) => b.if(build(cpu, 0x12345), () => b.cli()));
      expect(jump).toMatchObject({ op, a: 0, b: imm, w2: 0x12345, imm: 3 });
    }
  });

  test('a comparison of registers; an immediate on the left of == changes sides, self goes to a register', () => {
    const [both] = assemble((b, _, { cpu, irq }) => b.if(eq<'u16'>(b.let('u16', cpu), b.let('u16', irq)), () => b.cli()));
    expect(both).toMatchObject({ op: Op.jumpNe, a: 0, b: 1, w2: 0 });
    const [left] = assemble((b, _, { cpu }) => b.if(eq(2, cpu), () => b.cli()));
    expect(left).toMatchObject({ op: Op.jumpNe, a: 0, b: imm, w2: 2 });
    const [move, jump] = assemble((b, _, { cpu }) => b.if(eq(cpu, b.self), () => b.cli()));
    expect(move && fields(move)).toEqual(['move', 1, none, self, 0]);
    expect(jump).toMatchObject({ op: Op.jumpNe, a: 0, b: 1 });
  });

  test('ref and constant', () => {
    const code = assemble((b, s, { irq }) => {
      b.maskSet(b.ref(s.affinity, [irq]), 1);
      b.store(s.perCpu, [b.self], b.let('u16', b.constant('apicId', b.self)));
      b.store(s.perCpu, [b.self], b.let('u16', b.constant('deviceOf', irq)));
      b.store(s.perCpu, [b.self], b.let('u16', b.constant('vectorHi')));
    });
    expect(code[0]).toMatchObject({ op: Op.ref, a: 0, b: 1, c: none, slot: setup().affinity.slot });
    expect(code.filter((i) => i.op === Op.constant).map(fields)).toEqual([
      ['constant', 0, self, none, Constant.apicId],
      ['constant', 0, 1, none, Constant.deviceOf],
      ['constant', 0, none, none, Constant.vectorHi],
    ]);
  });

  test('call and ret: the target is an instruction index', () => {
    const s = setup();
    const k = new Assembler(s.d);
    const inner = k.routine('inner', {}, (b) => b.cli());
    k.entry(k.routine('outer', {}, (b) => b.call(inner, {})));
    const { code } = k.assemble(size);
    expect([1, 2, 3, 4].map((i) => fields(decode(code, i)))).toEqual([
      ['call', none, none, none, 3],
      ['end', none, none, none, 0],
      ['cli', none, none, none, 0],
      ['ret', none, none, none, 0],
    ]);
  });
});

describe('shared memory', () => {
  test('load, store, fetchAdd, waits', () => {
    const code = assemble((b, s, { cpu }) => {
      const vector = b.let('vector', b.load(s.perCpu, [cpu]));
      b.store(s.vectorIrq, [b.self, vector], 0xfffe);
      b.store(s.flagged, [], cpu === undefined ? 0 : b.let('u8', cpu));
      b.fetchAdd(s.perCpu, [cpu], -1);
      b.waitEq(s.vectorIrq, [cpu, vector], 7);
      b.waitNe(s.flagged, [], 0);
    });
    const { perCpu, vectorIrq, flagged } = setup();
    expect(code.slice(0, 6)).toMatchObject([
      { op: Op.load, a: 1, b: 0, c: none, slot: perCpu.slot, flags: 0 },
      { op: Op.store, a: imm, b: self, c: 1, imm: 0xfffe, slot: vectorIrq.slot, flags: InsnFlag.visible },
      { op: Op.store, a: 0, b: none, c: none, slot: flagged.slot, flags: InsnFlag.visible },
      // nobody reads the sum, so it has no register
      { op: Op.fetchAdd, a: none, b: 0, c: none, imm: 0xffffffff, slot: perCpu.slot },
      { op: Op.waitEq, a: none, b: 0, c: 1, imm: 7, slot: vectorIrq.slot, flags: 0 },
      { op: Op.waitNe, b: none, c: none, imm: 0, slot: flagged.slot },
    ]);
  });

  test('an immediate index is moved to a register', () => {
    const code = assemble((b, s) => b.store(s.vectorIrq, [2, 0x30], 1));
    expect(code.slice(0, 2).map(fields)).toEqual([
      ['move', 1, none, imm, 2],
      ['move', 0, none, imm, 0x30],
    ]);
    expect(code[2]).toMatchObject({ op: Op.store, b: 1, c: 0 });
  });

  test('masks by variable', () => {
    const code = assemble((b, s, { cpu, irq }) => {
      b.maskSet(s.affinity, [irq], cpu);
      b.maskClear(s.online, [], b.self);
      b.if(b.maskTest(s.online, [], 2), () => b.cli());
      b.fetchAdd(s.perCpu, [b.maskFirst(s.affinity, [irq], s.online)], 1);
      b.fetchAdd(s.perCpu, [b.maskFirst(s.online, [])], 1);
      b.store(s.perCpu, [cpu], b.maskCount(s.affinity, [irq]));
      b.maskSet(s.map, [cpu], b.maskFirstFree(s.map, [cpu]));
      b.fetchAdd(s.perCpu, [b.maskMost(s.affinity, [irq], s.perCpu, s.online)], 1);
      b.fetchAdd(s.perCpu, [b.maskLeast(s.online, s.perCpu)], 1);
    });
    const { affinity, online, map, perCpu } = setup();
    const of = (op: Op): Decoded[] => code.filter((i) => i.op === op);
    expect(of(Op.maskSet)).toMatchObject([
      { a: none, b: 1, c: 0, slot: affinity.slot, slot2: 0xffff, flags: 0 },
      { b: 0, slot: map.slot },
    ]);
    expect(of(Op.maskClear)).toMatchObject([{ b: none, c: self, slot: online.slot, flags: InsnFlag.visible }]);
    expect(of(Op.maskTest)).toMatchObject([{ a: 2, b: none, c: imm, imm: 2, slot: online.slot, flags: 0 }]);
    expect(of(Op.maskFirst)).toMatchObject([
      { b: 1, c: none, slot: affinity.slot, slot2: online.slot },
      { b: none, slot: online.slot, slot2: 0xffff },
    ]);
    expect(of(Op.maskCount)).toMatchObject([{ b: 1, slot: affinity.slot, slot2: 0xffff }]);
    expect(of(Op.maskFirstFree)).toMatchObject([{ b: 0, c: none, slot: map.slot }]);
    expect(of(Op.maskMost)).toMatchObject([{ b: 1, slot: affinity.slot, slot2: online.slot, imm: perCpu.slot }]);
    expect(of(Op.maskLeast)).toMatchObject([{ b: none, slot: online.slot, slot2: 0xffff, imm: perCpu.slot }]);
  });

  test('masks by reference; the index of a reference may be empty or left out', () => {
    const code = assemble((b, s, { cpu, irq }) => {
      const mask = b.ref(s.affinity, [irq]);
      b.maskSet(mask, cpu);
      b.maskClear(mask, [], cpu);
      b.if(b.maskTest(mask, 5), () => b.cli());
      b.fetchAdd(s.perCpu, [b.maskFirst(mask, [], s.online)], 1);
      b.fetchAdd(s.perCpu, [b.maskMost(mask, s.perCpu, s.online)], 1);
    });
    const { online, perCpu } = setup();
    const byRef = { b: 1, slot: 0xffff, flags: InsnFlag.byRef };
    expect(code.filter((i) => i.op >= Op.maskSet && i.op <= Op.maskMost)).toMatchObject([
      { op: Op.maskSet, c: 0, ...byRef },
      { op: Op.maskClear, c: 0, ...byRef },
      { op: Op.maskTest, c: imm, imm: 5, ...byRef },
      { op: Op.maskFirst, slot2: online.slot, ...byRef },
      { op: Op.maskMost, slot2: online.slot, imm: perCpu.slot, ...byRef },
    ]);
  });

  test('maskCopy: a is the reference written, the source slot[b] or a reference, AND with slot2[c]', () => {
    const { affinity, online } = setup();
    const code = assemble((b, s, { irq }) => {
      const to = b.ref(s.online);
      b.maskCopy(to, s.affinity, [irq]);
      b.maskCopy(to, s.affinity, [irq], [s.online, []]);
      b.maskCopy(to, s.online, [], [s.affinity, [irq]]);
      b.maskCopy(to, b.ref(s.affinity, [irq]), [s.online, []]);
    }).filter((i) => i.op === Op.maskCopy);
    // the destination is online, which is visible; the assembler finds that out through the reference
    expect(code).toMatchObject([
      { a: 0, b: 1, c: none, slot: affinity.slot, slot2: 0xffff, flags: InsnFlag.visible },
      { a: 0, b: 1, c: none, slot: affinity.slot, slot2: online.slot, flags: InsnFlag.visible | InsnFlag.and },
      { a: 0, b: none, c: 1, slot: online.slot, slot2: affinity.slot, flags: InsnFlag.visible | InsnFlag.and },
      { a: 0, b: 1, slot: 0xffff, slot2: online.slot, flags: InsnFlag.visible | InsnFlag.and | InsnFlag.byRef },
    ]);
  });

  test('scan starts in the register that takes the result', () => {
    const { vectorIrq } = setup();
    const code = assemble((b, s) => {
      const vector = b.scan(s.vectorIrq, [b.self], 0x20, 0);
      b.store(s.vectorIrq, [b.self, vector], 0);
    });
    expect(code.slice(0, 2)).toMatchObject([
      { op: Op.move, a: 0, c: imm, imm: 0x20 },
      { op: Op.scan, a: 0, b: self, imm: 0, slot: vectorIrq.slot },
    ]);
  });

  test('lists', () => {
    const { list } = setup();
    const code = assemble((b, s, { cpu, irq }) => {
      b.listPush(s.list, cpu, irq);
      b.listRemove(s.list, b.self, irq);
    });
    expect(code.slice(0, 2)).toMatchObject([
      { op: Op.listPush, b: 0, c: 1, slot: list.heads.slot, slot2: list.next.slot },
      { op: Op.listRemove, b: self, c: 1, slot: list.heads.slot, slot2: list.next.slot },
    ]);
  });

  test('locks', () => {
    const { vectorLock, descLock } = setup();
    const code = assemble((b, s, { irq }) => b.withLock(s.descLock, [irq], () => b.withLock(s.vectorLock, [], () => b.cli())));
    expect(code.slice(0, 5)).toMatchObject([
      { op: Op.lock, b: 1, slot: descLock.slot },
      { op: Op.lock, b: none, slot: vectorLock.slot },
      { op: Op.cli },
      { op: Op.unlock, b: none, slot: vectorLock.slot },
      { op: Op.unlock, b: 1, slot: descLock.slot },
    ]);
  });
});

describe('CPU and devices', () => {
  test('flags, preemption, halting', () => {
    const code = assemble((b) => {
      b.cli();
      b.sti();
      b.restoreFlags(b.saveFlags());
      b.preemptOff();
      b.preemptOn();
      b.delay(3_000_000);
      b.park();
    });
    expect(code.map(fields)).toEqual([
      ['cli', none, none, none, 0],
      ['sti', none, none, none, 0],
      ['saveFlags', 0, none, none, 0],
      ['restoreFlags', 0, none, none, 0],
      ['preemptOff', none, none, none, 0],
      ['preemptOn', none, none, none, 0],
      ['delay', none, none, none, 3_000_000],
      ['park', none, none, none, 0],
    ]);
  });

  test('wake: an immediate level is the thread, the stopper is in a register', () => {
    const s = setup();
    const k = new Assembler(s.d);
    const task = k.routine('task', { irq: 'irq' }, (b, { irq }) => b.serve(irq, 1));
    const idle = k.routine('idle', {}, (b) => b.park());
    k.entry(
      k.routine('main', { cpu: 'cpu', irq: 'irq' }, (b, { cpu, irq }) => {
        b.wake(cpu, 'stopper', task, irq);
        b.wake(b.self, 'thread', idle);
      }),
    );
    const { code, entries } = k.assemble(size);
    const wakes = Array.from({ length: code.length / 4 }, (_, i) => decode(code, i)).filter((i) => i.op === Op.wake);
    expect(wakes).toMatchObject([
      { a: 1, b: 0, c: 2, imm: entries.get('task') },
      { a: none, b: self, c: imm, imm: entries.get('idle') },
    ]);
    expect(decode(code, 1)).toMatchObject({ op: Op.move, a: 2, imm: Level.stopper });
  });

  test('config space, LAPIC and IPIs are visible steps', () => {
    const visible = InsnFlag.visible;
    const code = assemble((b, _, { cpu, irq }) => {
      const device = b.constant('deviceOf', irq);
      b.cfgWrite(device, 'data', b.cfgRead(device, 'control'));
      b.lapicWrite('svr', b.lapicRead('tpr'));
      b.if(b.irrBit(b.let('vector', cpu)), () => b.ipi(b.constant('apicId', cpu), 0x20));
      b.ipi(7, b.let('vector', cpu));
      b.ipiInit(7);
      b.ipiSipi(b.constant('apicId', cpu));
      b.serve(irq, 500);
    });
    expect(code.filter((i) => i.op >= Op.cfgRead)).toMatchObject([
      { op: Op.cfgRead, a: 2, b: 3, c: none, imm: MsiReg.control, flags: visible },
      { op: Op.cfgWrite, a: 2, b: 3, imm: MsiReg.data, flags: visible },
      { op: Op.lapicRead, b: none, imm: LapicReg.tpr, flags: visible },
      { op: Op.lapicWrite, b: none, imm: LapicReg.svr, flags: visible },
      { op: Op.irrBit, b: 0, flags: visible },
      { op: Op.ipi, b: imm, imm: 0x20, flags: visible },
      { op: Op.ipi, b: 0, imm: 0, flags: visible },
      { op: Op.ipiInit, b: none, flags: visible },
      { op: Op.ipiSipi, b: none, flags: visible },
      { op: Op.serve, a: 1, imm: 500, flags: visible },
    ]);
  });

  test('what a model tells the checker', () => {
    const code = assemble((b, _, { irq }) => {
      b.flag('noStray', irq);
      b.flag(Property.noLeak);
      b.note('retrigger', irq);
      b.opEnd(3);
      b.opEnd(b.let('u8', irq));
    });
    expect(code.slice(0, 5).map(fields)).toEqual([
      ['flag', 1, none, none, Property.noStray],
      ['flag', none, none, none, Property.noLeak],
      ['note', 1, none, none, Note.retrigger],
      ['opEnd', imm, none, none, 3],
      ['opEnd', 1, none, none, 0],
    ]);
  });
});
