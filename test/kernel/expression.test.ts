/** Own properties: what their language says, what it refuses, and that the core judges a state as the text reads. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Inspect, NONE, VarFlag, VarWord, Watched } from '../../src/core/index.js';
import { Assembler, Declarations, eq, ExpressionError, parseExpression, Terms, type Builder } from '../../src/kernel/index.js';
import { act, interrupt, msi, task, toy, type Toy } from '../engine/toy.js';
import { evaluate, expression, print, type World } from './expressions.js';

/** CPUs, irqs and devices are not called by their indexes. */
const parts = { cpus: [0, 3, 5], irqs: [122, 40], devices: ['xhci', 'nic-1.0'], vectors: { lo: 0x21, hi: 0x24 }, systemVectors: [0x20] };

function declare(d: Declarations) {
  const lock = d.lock('desc_lock', ['irq']);
  return {
    lock,
    slots: d.variable('vector_irq', 'u16', ['cpu', 'vector'], { values: { names: { UNUSED: 0, SHUTDOWN: 1 }, as: 'irq', from: 2 } }),
    target: d.variable('apicd_cpu', 'cpu', ['irq']),
    vector: d.variable('apicd_vector', 'vector', ['irq']),
    moving: d.variable('moving', 'bool', ['irq']),
    state: d.variable('stop_state', 'u8', [], { values: { names: { NONE: 0, RUN: 3 } } }),
    fixed: d.variable('fixed', 'u32', [], { class: 'fixed' }),
    counted: d.variable('counted', 'u32', [], { class: 'record' }),
    reference: d.variable('requested', 'ref', []),
    online: d.mask('cpu_online_mask', 'cpu', []),
    alloc: d.mask('alloc_map', 'vector', ['cpu']),
    list: d.list('cleanup_list', ['cpu'], 'irq'),
  };
}

/** A machine of the parts above that judges every state by these expressions. */
async function judged(
  own: Readonly<Record<string, string>>,
  boot: (machine: Toy<object>['machine'], data: ReturnType<typeof declare>) => void = () => undefined,
) {
  const made = await toy(
    (k, d) => {
      const data = declare(d);
      for (const [name, text] of Object.entries(own)) k.invariant(name, text);
      return { data, boot: (machine) => boot(machine, data) };
    },
    { cpus: 3, apicIds: [0, 6, 10], sources: 2, universe: [0x21, 0x24], parts, properties: Object.keys(own) },
  );
  return { ...made, holds: (name: string) => !made.machine.judge(made.setup.program.judgeAlways ?? 0).includes(name) };
}

/** What one expression says of a state. */
async function says(text: string, boot?: Parameters<typeof judged>[1]): Promise<boolean> {
  return (await judged({ p: text }, boot)).holds('p');
}

describe('what is read', () => {
  test.each([
    ['vector_irq[cpu 3][0x21] == irq 40', true],
    ['vector_irq[3][33] == irq 122', false],
    ['vector_irq[cpu 3][0x22] == SHUTDOWN', true],
    ['UNUSED == vector_irq[cpu 5][0x22]', true],
    ['vector_irq[cpu 0][0x21] != SHUTDOWN', true],
    ['apicd_cpu[irq 40] == cpu 5', true],
    ['apicd_cpu[40] == 5', true],
    ['5 == apicd_cpu[40]', true],
    ['apicd_vector[irq 122] == 0x23', true],
    ['apicd_vector[irq 122] & 3 == 3', true],
    ['moving[irq 40]', true],
    ['moving[irq 122]', false],
    ['moving[irq 122] == false', true],
    ['moving[irq 122] != moving[irq 40]', true],
    ['moving[irq 40] == 1', true],
    ['stop_state == RUN', true],
    ['stop_state > 2', true],
    ['cpu_online_mask[cpu 3]', true],
    ['cpu_online_mask[cpu 0]', false],
    ['alloc_map[cpu 5][0x22]', true],
    ['alloc_map[cpu 5][0x23]', false],
    ['cleanup_list[cpu 3][irq 122] && cleanup_list[cpu 3][irq 40]', true],
    ['cleanup_list[cpu 0][irq 122]', false],
    ['desc_lock[irq 40] == cpu 3', true],
    ['desc_lock[irq 122] == free', true],
    ['desc_lock[irq 40] == desc_lock[irq 122]', false],
    ['vector_irq[apicd_cpu[irq 40]][apicd_vector[irq 40]] == UNUSED', true],
    ['all i in irq: apicd_cpu[i] != cpu 3', true],
    ['any i in irq: apicd_cpu[i] == cpu 5 && vector_irq[cpu 3][0x21] == i', true],
    ['all c in cpu: any v in vector: vector_irq[c][v] != UNUSED', false],
    ['any d in device: msi_vector[d] == 0x31 && d == device nic-1.0', true],
    ['msi_target_cpu[device nic-1.0] == cpu 3', true],
    ['msi_target_cpu[device xhci] == none', true],
    ['msi_address[device xhci] == 0xfee63000 && msi_data[device xhci] == 0x4030 && msi_address_high[device xhci] == 0', true],
    ['msi_enabled[device xhci]', true],
    ['lapic_enabled[cpu 0] && !lapic_enabled[cpu 3]', true],
    ['online[cpu 0] && !online[cpu 5]', true],
    ['interrupts_on[cpu 0] && !interrupts_on[cpu 3]', true],
  ])('%s: %s', async (text, expected) => {
    const found = await says(text, (machine, d) => {
      machine.setVariable(d.slots.slot, 1, 0x21, 1 + 2);
      machine.setVariable(d.slots.slot, 1, 0x22, 1);
      machine.setVariable(d.target.slot, 1, 0, 2);
      machine.setVariable(d.vector.slot, 0, 0, 0x23);
      machine.setVariable(d.vector.slot, 1, 0, 0x21);
      machine.setVariable(d.moving.slot, 1, 0, 1);
      machine.setVariable(d.state.slot, 0, 0, 3);
      machine.setMaskBit(d.online.slot, 0, 1);
      machine.setMaskBit(d.alloc.slot, 2, 0x22);
      machine.setVariable(d.list.heads.slot, 1, 0, 2);
      machine.setVariable(d.list.next.slot, 1, 0, 1);
      machine.setVariable(d.lock.slot, 1, 0, 2);
      machine.setDevice(0, msi(99, 0x30));
      machine.setDevice(1, msi(6, 0x31));
      machine.setCpu(1, { svr: 0xff, tpr: 0, run: 'running', interruptsOn: false });
      machine.setCpu(2, { svr: 0xff, tpr: 0, run: 'waitForSipi', interruptsOn: false });
    });
    expect(found).toBe(expected);
  });

  test('interrupts on their way: raised, in flight, pending, in service, and paid for', async () => {
    const own = {
      owed: 'owed[irq 122]',
      raised: 'raised[irq 122]',
      flying: 'in_flight == 1',
      'of-device': 'in_flight_of[device xhci] == 1',
      pending: 'irr[cpu 0][0x21]',
      service: 'isr[cpu 0][0x21]',
    };
    const { machine, holds } = await judged(own, (m) => m.setDevice(0, msi(0, 0x21)));
    const now = (): string => Object.keys(own).filter(holds).join(' ');
    expect(now()).toBe('');
    act(machine, 'raise', 0);
    expect(now()).toBe('owed raised');
    act(machine, 'sample', 0);
    expect(now()).toBe('owed flying of-device');
    act(machine, 'message', 0);
    act(machine, 'message', 0);
    expect(now()).toBe('owed pending');
    act(machine, 'interrupt', 0);
    expect(now()).toBe('owed service');
    interrupt(machine, 1);
    expect(now()).toBe('owed service');
  });

  test('an index that does not exist makes the property fail, whichever way it is asked', async () => {
    const nobody = (m: Toy<object>['machine'], d: ReturnType<typeof declare>): void => m.setVariable(d.target.slot, 0, 0, NONE);
    for (const text of ['cpu_online_mask[apicd_cpu[irq 122]]', '!cpu_online_mask[apicd_cpu[irq 122]]'])
      expect(await says(text, nobody)).toBe(false);
    expect(await says('apicd_cpu[irq 122] == cpu 0 && cpu_online_mask[apicd_cpu[irq 122]] || in_flight == 0', nobody)).toBe(true);
    // an empty slot is no irq
    expect(await says('moving[vector_irq[cpu 0][0x21]] == false')).toBe(false);
    expect(await says('vector_irq[cpu 0][0x21] == UNUSED || moving[vector_irq[cpu 0][0x21]]')).toBe(true);
  });
});

describe('random expressions', () => {
  test('are judged as their text reads, and always find room in the registers of a context', async () => {
    const values = fc.record({
      slots: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 9, maxLength: 9 }),
      target: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2, maxLength: 2 }),
      vector: fc.array(fc.integer({ min: 0x20, max: 0x24 }), { minLength: 2, maxLength: 2 }),
      moving: fc.array(fc.boolean(), { minLength: 2, maxLength: 2 }),
      state: fc.integer({ min: 0, max: 4 }),
    });
    let both = 0;
    await fc.assert(
      fc.asyncProperty(expression, values, async (tree, world: World) => {
        const text = print(tree);
        const wanted = evaluate(tree, world);
        let found: boolean;
        try {
          found = await says(text, (machine, d) => {
            world.slots.forEach((value, i) => machine.setVariable(d.slots.slot, Math.floor(i / 3), 0x21 + (i % 3), value));
            world.target.forEach((value, i) => machine.setVariable(d.target.slot, i, 0, value));
            world.vector.forEach((value, i) => machine.setVariable(d.vector.slot, i, 0, value));
            world.moving.forEach((value, i) => machine.setVariable(d.moving.slot, i, 0, value ? 1 : 0));
            machine.setVariable(d.state.slot, 0, 0, world.state);
          });
        } catch (error) {
          // what reads nothing, or needs too many registers, is refused by itself and says so
          if (error instanceof ExpressionError && /reads nothing|too many values/.test(error.message)) return;
          throw new Error(text, { cause: error });
        }
        if (found) both |= 1;
        else both |= 2;
        expect([text, found]).toEqual([text, wanted]);
      }),
      { numRuns: 300, seed: 7 },
    );
    expect(both).toBe(3);
  });
});

/** What is said about an expression, as `at: message`. */
function mistake(text: string): string {
  const d = new Declarations();
  declare(d);
  try {
    new Terms({ ...parts, data: d }).whole(parseExpression(text));
    return 'nothing';
  } catch (error) {
    if (error instanceof ExpressionError) return `${error.at}: ${error.message}`;
    throw error;
  }
}

/** A text, or a pattern for one. */
const said = (expected: string | RegExp): unknown => (typeof expected === 'string' ? expected : expect.stringMatching(expected));

describe('mistakes', () => {
  test.each([
    ['owed[irq 40] = 1', '13: "=" means nothing here; write == to compare'],
    ['owed[irq 40] and true', '13: "and" cannot stand here; write && for "and"'],
    ['not owed[irq 40]', '0: "not" cannot stand here; write ! for "not"'],
    ['owed[irq 40] -> true', '13: "->" cannot stand here; write !a || b for "a implies b"'],
    ['(owed[irq 40]', '13: the expression ends here; expected ) to close the bracket'],
    ['owed[irq 40]]', '12: "]" cannot stand here; expected an operator such as && or the end'],
    ['', '0: the expression is empty; write a condition, for example !owed[irq 24]'],
    ['in_flight < 1 < 2', '14: comparisons do not follow each other; write both, joined with &&, or put one in ( )'],
    ['in_flight < 4294967296', '12: 4294967296 has more than 32 bits; write 0xffffffff at most'],
    ['owed[irq 7]', '5: irq 7 does not exist; the devices have irq 40 and 122'],
    ['owed[cpu 3]', '5: owed has the index [irq], and cpu 3 is a CPU; write for example owed[irq 122]'],
    ['owed', '0: owed has the index [irq], and none are given; write for example owed[irq 122]'],
    ['in_flight[irq 40] == 0', '0: in_flight has no index, and 1 is given; write for example in_flight'],
    ['vector_irk[cpu 3][0x21] == UNUSED', '0: unknown name "vector_irk"; did you mean "vector_irq"?'],
    ['1 == vector_irq[cpu 3][0x21]', '0: irq 1 does not exist; the devices have irq 40 and 122'],
    ['vector_irq[cpu 3][0x21] == UNSED', '27: vector_irq[cpu 3][0x21] is never UNSED; write UNUSED, SHUTDOWN or an irq'],
    [
      'vector_irq[cpu 3][0x21] == cpu 3',
      '27: vector_irq[cpu 3][0x21] is an irq and cpu 3 is a CPU; compare with UNUSED, SHUTDOWN or an irq, for example UNUSED',
    ],
    ['vector_irq[cpu 3][0x20] == UNUSED', '18: vector 0x20 is outside of the universe; write 0x21 to 0x23'],
    ['irr[cpu 3][0x1f + 4]', 'nothing'],
    ['irr[cpu 3][0x20]', 'nothing'],
    ['irr[cpu 3][0x24]', '11: vector 0x24 is outside of the universe; write 0x21 to 0x23'],
    [
      'apicd_cpu[irq 40]',
      '0: expected a condition, and apicd_cpu[irq 40] is a CPU; compare it with a CPU, for example apicd_cpu[irq 40] == cpu 5',
    ],
    ['apicd_cpu[irq 40] == 7', '21: CPU 7 does not exist; the machine has CPUs 0, 3 and 5'],
    ['apicd_cpu[irq 40] < cpu 3', '0: < compares numbers, and apicd_cpu[irq 40] is a CPU; use == or !='],
    ['apicd_cpu[irq 40] + 1 == 2', '0: + takes numbers, and apicd_cpu[irq 40] is a CPU; compare it instead'],
    ['owed[irq 40] & owed[irq 122]', '0: & takes numbers, and owed[irq 40] is true or false; write && for "and"'],
    ['msi_target_cpu[xhci] == none', '15: a device is named with the word device before it; write device xhci'],
    ['msi_target_cpu[device usb] == none', '15: device "usb" does not exist; there is xhci and nic-1.0'],
    ['requested == 0', '0: requested is a reference to a mask, which cannot be compared; name the mask itself'],
    ['counted == 0', '0: counted is no part of the state, it is only counted; name another variable'],
    ['all i in irqs: owed[i]', '9: all goes over cpu, irq, device or vector, not "irqs"; write for example all i in irq: owed[i]'],
    ['all irq in irq: owed[irq]', '4: all needs a name of its own here; write for example all i in irq: owed[i]'],
    ['all owed in irq: owed[owed]', '0: owed stands for something else already; choose another name'],
    ['any i in irq: owed[i] && i == 3', '30: irq 3 does not exist; the devices have irq 40 and 122'],
    ['vector_irq[0][0x21] == desc_lock[irq 40]', /^23: vector_irq\[0\]\[0x21\] is an irq and desc_lock\[irq 40\] is a CPU; /],
    [
      'vector_irq[0][0x21] == cleanup_list_next[irq 40]',
      /^23: .* may be UNUSED or SHUTDOWN, cleanup_list_next\[irq 40\] END; compare each with an irq$/,
    ],
    [
      'fixed == 0',
      /^0: this reads nothing that changes, so it is the same in every state; name a variable or hardware, for example owed\[irq 122\]$/,
    ],
    ['all i in irq: i == irq 40', /^0: this reads nothing that changes/],
    [
      'all a in cpu: all b in cpu: all c in cpu: all d in cpu: all e in cpu: all f in vector: all g in vector: irr[a][f] == irr[b][g] && irr[c][f] == irr[d][g]',
      /^0: this reads up to \d+ things in every state, and 6000 is the limit; name those that are meant$/,
    ],
  ])('%s', (text, expected) => {
    expect(mistake(text)).toEqual(said(expected));
  });

  test('what is too long, nested too deeply, or keeps too many values', () => {
    const repeated = (text: string, n: number): string => text.repeat(n);
    expect(mistake(`${repeated('(', 70)}owed[irq 40]${repeated(')', 70)}`)).toMatch(/^\d+: this is nested more than 60 deep/);
    expect(mistake(`${repeated('!owed[irq 40] || ', 300)}true`)).toMatch(/^0: the expression has \d+ characters; write 4000 at most/);
    const eight = 'abcdefgh'
      .split('')
      .map((name) => `all ${name} in device: `)
      .join('');
    expect(mistake(`${eight}msi_enabled[a]`)).toBe('0: this keeps too many values at a time; make two assertions of it');
  });

  test('no text does more than be refused', () => {
    const words = fc.constantFrom(
      ...'owed irr [ ] ( ) irq cpu device all any in : i == != < > <= & && || ! + - 3 0x21 true vector_irq UNUSED é = |'.split(' '),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(words).map((list) => list.join(' ')),
        ),
        (text) => {
          expect(typeof mistake(text)).toBe('string');
        },
      ),
      { numRuns: 3000, seed: 3 },
    );
  });
});

describe('in a model', () => {
  const assemble = (build: (k: Assembler, d: ReturnType<typeof declare>) => void) => {
    const d = new Declarations();
    const k = new Assembler(d, parts);
    const data = declare(d);
    build(k, data);
    const size = { cpus: 3, irqs: 2, devices: 2, vectors: 256, vectorLo: 0x21, vectorHi: 0x24 } as const;
    return { program: k.assemble(size), data, table: (watched: ReadonlySet<number>) => d.variableTable(size, watched).words };
  };

  test('a condition may be built with the builder instead', async () => {
    const made = await toy((k, d) => {
      const x = d.variable('x', 'u8', [], { initial: () => 7 });
      k.invariant('is-seven', (b) => eq(b.load(x), 7));
      k.invariant('is-eight', (b) => eq(b.load(x), 8), 'atRest');
      return {};
    });
    expect(made.machine.judge(made.setup.program.judgeAlways ?? 0)).toEqual([]);
    expect(made.machine.judge(made.setup.program.judgeRest)).toEqual(['is-eight']);
  });

  test('what is read in every state is marked for who leaves states out; what is read at rest is not', () => {
    const { program, data, table } = assemble((k) => {
      k.invariant('a', 'vector_irq[cpu 0][0x21] == UNUSED || cleanup_list[cpu 0][irq 40] || in_flight == 0');
      k.invariant('b', 'lapic_enabled[cpu 0] && moving[irq 40]', 'atRest');
    });
    expect([...program.judges.watched].toSorted((a, b) => a - b)).toEqual([data.slots.slot, data.list.heads.slot, data.list.next.slot]);
    expect(program.judges.watchedHardware).toBe(Watched.messages);
    const flags = (slot: number): number => (table(program.judges.watched)[slot * VarWord.words + VarWord.flags] ?? 0) & VarFlag.watched;
    expect([flags(data.slots.slot), flags(data.moving.slot)]).toEqual([VarFlag.watched, 0]);
  });

  test.each([
    ['irr[cpu 0][0x21]', Watched.cpus],
    ['msi_vector[device xhci] == 0x21 || owed[irq 40]', Watched.devices | Watched.messages],
    ['in_flight_of[device xhci] == 0', Watched.messages],
    ['operations_ended == 0', Watched.messages],
    ['moving[irq 40]', 0],
  ])('hardware that is watched by %s: %i', (text, expected) => {
    expect(assemble((k) => k.invariant('a', text)).program.judges.watchedHardware).toBe(expected);
  });

  test('the fingerprint covers them', () => {
    const prints = ['moving[irq 40]', 'moving[irq 122]', '!moving[irq 40]'].map(
      (text) => assemble((k) => k.invariant('a', text)).program.fingerprint,
    );
    expect(new Set([...prints, assemble(() => undefined).program.fingerprint]).size).toBe(4);
  });

  test('there is room for 22', () => {
    const many = (n: number) => () =>
      assemble((k) => Array.from({ length: n }, (_, i) => k.invariant(`p${i}`, 'in_flight == 0'))).program.judges.own.length;
    expect(many(22)()).toBe(22);
    expect(many(23)).toThrow('there are more than 22 own properties, p22 among them; join some with &&');
  });

  test('hardware of others is for judges alone, and a judge changes nothing', () => {
    const inspecting = (k: Assembler): void => k.entry(task(k, 't', (b) => void b.inspect('owed', [0])));
    expect(() => assemble(inspecting)).toThrow(
      'routine t uses inspect at line 1, but t is the entry of a task; inspect is not possible there',
    );
    const writing = (k: Assembler, d: ReturnType<typeof declare>): void =>
      k.judge('always', k.routine('judge_w', {}, (b: Builder) => b.store(d.state, [], 1)) as never);
    expect(() => assemble(writing)).toThrow(
      /routine judge_w uses store at line 1, but judge_every_state is a judge, .*store is not possible there/,
    );
  });

  test('every field that can be inspected has a name in the language', async () => {
    const names = Object.keys(Inspect).filter((name) => Number.isNaN(Number(name)));
    expect(names).toHaveLength(19);
  });
});

test('a judge leaves no trace: what a CPU carries, the events and the state are as before', async () => {
  const one = await judged({ p: 'owed[irq 122]' });
  act(one.machine, 'raise', 0);
  one.machine.events();
  const before = one.machine.digest();
  expect(one.holds('p')).toBe(true);
  expect(one.machine.events()).toEqual([]);
  // all but counters and coverage
  expect(one.machine.digest()).toBe(before);
});
