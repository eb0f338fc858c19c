import { describe, expect, test } from 'vitest';
import { Op } from '../../assembly/state/abi/instructions.js';
import { Assembler, decode, Declarations, disassemble, eq, type Program } from '../../src/kernel/index.js';
import { fingerprint } from '../../src/kernel/fingerprint.js';
import { run, size } from './machine.js';

interface Changes {
  note?: string;
  value?: number;
  variable?: string;
  visible?: boolean;
}

function model({ note, value = 0xfffe, variable = 'vector_irq', visible = true }: Changes = {}) {
  const d = new Declarations();
  const lock = d.lock('vector_lock', []);
  const slots = d.variable(variable, 'u16', ['cpu', 'vector'], {
    visible,
    lock,
    values: { names: { RETRIGGERED: 0xfffe }, as: 'irq' },
  });
  const k = new Assembler(d);
  const mark = k.routine('mark', { vector: 'vector' }, (b, { vector }) => {
    b.store(slots, [b.self, vector], value);
    b.store(slots, [b.self, vector], 0, note);
  });
  k.interruptEntry(
    k.routine('common_interrupt', { vector: 'vector' }, (b, { vector }) => {
      b.withLock(lock, [], () => b.call(mark, { vector }));
      b.if(eq(b.load(slots, [b.self, vector]), 0), () => b.ipi(b.constant('apicId', b.self), vector));
      b.lapicWrite('eoi', 0);
    }),
  );
  k.entry(k.routine('idle', {}, (b) => b.park()));
  return { d, k, mark };
}

const assemble = (changes?: Changes): Program => model(changes).k.assemble(size);

describe('entries', () => {
  test('interrupts end with iret, tasks with end, called routines with ret; nothing starts at instruction 0', () => {
    const d = new Declarations();
    const k = new Assembler(d);
    const helper = k.routine('helper', {}, (b) => b.preemptOff());
    k.interruptEntry(k.routine('handler', {}, (b) => b.call(helper, {})));
    k.entry(k.routine('task', {}, (b) => b.call(helper, {})));
    const woken = k.routine('woken', {}, (b) => b.cli());
    k.entry(k.routine('waker', {}, (b) => b.wake(b.self, 'stopper', woken)));
    const program = k.assemble(size);
    expect([...program.entries.keys()]).toEqual(['handler', 'task', 'waker', 'woken']);
    const last = (name: string): string | undefined => {
      for (let i = program.entries.get(name) ?? 0; ; i++) {
        const { op } = decode(program.code, i);
        if (op === Op.end || op === Op.iret || op === Op.ret) return Op[op];
      }
    };
    expect([...program.entries.keys()].map(last)).toEqual(['iret', 'end', 'end', 'end']);
    expect(Math.min(...program.entries.values())).toBe(1);
    expect(Op[decode(program.code, program.code.length / 4 - 1).op]).toBe('ret');
  });

  test('a routine that is entry and called is there twice', () => {
    const d = new Declarations();
    const out = d.variable('out', 'u8', [], { class: 'record' });
    const k = new Assembler(d);
    const both = k.routine('both', { x: 'u8' }, (b, { x }) => b.store(out, [], x));
    k.entry(both);
    k.entry(
      k.routine('main', {}, (b) => {
        b.call(both, { x: 5 });
        b.fetchAdd(out, [], 1);
      }),
    );
    const program = k.assemble(size);
    expect(run(program, d, 'both', [9]).memory).toEqual([[9]]);
    expect(run(program, d, 'main').memory).toEqual([[6]]);
  });

  test('a routine can be given another body', () => {
    const { k, mark } = model();
    const before = assemble();
    k.replace(mark, { vector: 'vector' }, (b) => b.cli());
    const after = k.assemble(size);
    expect(after.fingerprint).not.toBe(before.fingerprint);
    expect(() => k.replace(mark, { vector: 'vector' }, (b) => b.cli())).toThrow(/^routine mark is assembled already/);
  });
});

describe('labels', () => {
  test('line is the ordinal of the observable instruction, which private ones before it share', () => {
    const program = assemble();
    const start = program.entries.get('common_interrupt') ?? 0;
    const seen = Array.from({ length: program.code.length / 4 - start }, (_, i) => decode(program.code, start + i)).map(({ op, label }) => {
      const { routine = '', line = 0, text = '' } = program.labels[label] ?? {};
      return `${Op[op]} ${routine}:${line} ${text}`;
    });
    expect(seen.slice(0, 9)).toEqual([
      'lock common_interrupt:1 lock vector_lock',
      'call common_interrupt:2 call mark',
      'unlock common_interrupt:2 unlock vector_lock',
      'load common_interrupt:3 read vector_irq[self][vector]',
      'jumpNe common_interrupt:4 if vector_irq == 0',
      'constant common_interrupt:4 apicId(self)',
      'ipi common_interrupt:4 IPI vector to apicId(self)',
      'move common_interrupt:5 0',
      'lapicWrite common_interrupt:5 EOI',
    ]);
    expect(seen).toContain('store mark:1 vector_irq[self][vector] = RETRIGGERED');
    expect(seen).toContain('store mark:2 vector_irq[self][vector] = irq 0');
  });

  test('a note takes the place of the text', () => {
    const program = assemble({ note: 'no longer marked' });
    expect(program.labels).toContainEqual(expect.objectContaining({ routine: 'mark', line: 2, text: 'no longer marked' }));
  });
});

test('what a note covers still says which variable each instruction is about', () => {
  const d = new Declarations();
  const x = d.variable('x', 'u8', ['vector']);
  const k = new Assembler(d);
  // the index is moved to a register first, which is about no variable
  k.entry(k.routine('body', {}, (b) => b.atomic(() => b.store(x, [3], 1), 'stores x')));
  const { code, labels } = k.assemble(size);
  const ofOp = (op: Op): unknown[] =>
    Array.from({ length: code.length / 4 }, (_, i) => i * 4)
      .filter((at) => (code[at]! & 0xff) === (op as number))
      .map((at) => labels[code[at + 3]! >>> 8]);
  const about = { routine: 'body', line: 1, text: 'stores x' };
  expect([ofOp(Op.move), ofOp(Op.store)]).toMatchObject([[about], [{ ...about, slot: x.slot }]]);
});

const ofLastWord = (w3: number): string => fingerprint(Uint32Array.of(Op.cli, 0, 0, w3), new Map(), []);

describe('fingerprint', () => {
  test('is the same whenever the same model is assembled', () => {
    expect(assemble().fingerprint).toMatch(/^[0-9a-f]{16}$/);
    expect(assemble().fingerprint).toBe(assemble().fingerprint);
    expect(assemble()).toEqual({ ...assemble(), variables: expect.any(Array) });
  });

  test('does not depend on texts or on the size of the machine', () => {
    expect(assemble({ note: 'other words' }).fingerprint).toBe(assemble().fingerprint);
    expect(model().k.assemble({ ...size, cpus: 64 }).fingerprint).toBe(assemble().fingerprint);
  });

  test('does not depend on the numbers of labels, but on flags', () => {
    expect(ofLastWord(0x500)).toBe(ofLastWord(0x600));
    expect(ofLastWord(0x501)).not.toBe(ofLastWord(0x500));
  });

  test('changes with code and declarations', () => {
    const all = [{}, { value: 7 }, { variable: 'vector_table' }, { visible: false }].map((changes) => assemble(changes).fingerprint);
    expect(new Set(all).size).toBe(all.length);
  });
});

test('the disassembly shows every instruction with its live registers and its label', () => {
  const text = disassemble(assemble());
  expect(text).toContain('common_interrupt:  (entry)');
  expect(text).toMatch(/\n {4}1 \* {3}lock {10}vector_lock +\{r0:8\} +; 1: lock vector_lock\n/);
  expect(text).toMatch(/\*v {2}store +65534, vector_irq\[self\]\[r0\] +\{r0:8\} +; 1: vector_irq\[self\]\[vector\] = RETRIGGERED/);
  expect(text).toMatch(/jumpNe +r1, 0, @8/);
  expect(text.trimEnd().split('\n').length).toBe(assemble().code.length / 4 + 3);
});
