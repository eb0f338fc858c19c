/** Routines of a user's own in place of a model's: found by name, built like any other, part of the fingerprint. */
import { describe, expect, test } from 'vitest';
import { Assembler, AssemblyError, Declarations, type OwnRoutines, type Program } from '../../src/kernel/index.js';
import { linux, ModelError } from '../../src/kernel/model/index.js';
import { assembleWith, findScenario, type System } from '../../src/scenario/index.js';
import { run, size } from './machine.js';

/** Two routines: one adds to a counter, the other calls it. */
function program(own: OwnRoutines): { program: Program; d: Declarations } {
  const d = new Declarations();
  const count = d.variable('count', 'u16', []);
  d.mask('seen_mask', 'cpu', []);
  d.list('waiting', ['cpu'], 'irq');
  const k = new Assembler(d, undefined, own);
  const add = k.routine('add_one', { irq: 'irq' }, (b) => void b.fetchAdd(count, [], 1));
  k.entry(
    k.routine('main', {}, (b) => {
      b.call(add, { irq: 3 });
      b.end();
    }),
  );
  return { program: k.assemble(size), d };
}

const counted = (own: OwnRoutines): number => {
  const made = program(own);
  return run(made.program, made.d, 'main').memory[0]?.[0] ?? -1;
};

describe('a body in place of the model’s', () => {
  test('is what callers reach', () => {
    expect(counted({})).toBe(1);
    expect(counted({ add_one: (b, _, kernel) => void b.fetchAdd(kernel.variable<'u16'>('count'), [], 5) })).toBe(5);
  });

  test('has the parameters of the routine', () => {
    expect(counted({ add_one: (b, { irq }, kernel) => b.store(kernel.variable<'u16'>('count'), [], b.add('u16', irq, 4)) })).toBe(7);
  });

  test('can put the body that it replaces in its middle', () => {
    expect(
      counted({
        add_one: (b, _, kernel) => {
          b.fetchAdd(kernel.variable<'u16'>('count'), [], 10);
          kernel.original();
        },
      }),
    ).toBe(11);
  });

  test('changes the fingerprint, unless it is the same', () => {
    const plain = program({}).program.fingerprint;
    expect(program({ add_one: (_b, _p, kernel) => kernel.original() }).program.fingerprint).toBe(plain);
    expect(program({ add_one: () => undefined }).program.fingerprint).not.toBe(plain);
  });

  test.each([
    [{ add_on: () => undefined }, 'there is no routine add_on; did you mean add_one?'],
    [{ elsewhere: () => undefined }, 'there is no routine elsewhere; there are add_one, main'],
    [{ add_one: (_b, _p, kernel) => void kernel.variable('counts') }, 'there is no variable counts; did you mean count?'],
    [{ add_one: (_b, _p, kernel) => void kernel.mask('count') }, 'there is no mask count; there are seen_mask'],
    [{ add_one: (_b, _p, kernel) => void kernel.list('wating') }, 'there is no list wating; did you mean waiting?'],
    [{ add_one: (_b, _p, kernel) => void kernel.routine('mian') }, 'there is no routine mian; did you mean main?'],
  ] as [OwnRoutines, string][])('%#: what does not exist is a sentence', (own, sentence) => {
    expect(() => program(own)).toThrow(new AssemblyError(sentence));
  });
});

describe('linux with changes', () => {
  const scenario = findScenario('move-hotplug')?.scenario;
  const systemOf = (...changes: Parameters<typeof linux>): System => {
    if (scenario === undefined) throw new Error('the scenario move-hotplug is missing');
    return assembleWith(scenario, linux(...changes));
  };

  test('is called after its version, or as it is told', () => {
    expect(linux('5.9').name).toBe('linux-5.9');
    expect(linux('5.9', { replace: { irq_complete_move: () => undefined } }).name).toBe('linux-5.9-own');
    expect(linux('5.9', { name: 'mine' }).name).toBe('mine');
  });

  test('names its own routines, and those of a version are none', () => {
    expect(linux('5.9', { replace: { irq_complete_move: () => undefined } }).own).toEqual(['irq_complete_move']);
    expect(linux('5.9', { behaviours: { irrScan: 'none' } }).own).toBeUndefined();
  });

  test('set keeps what was changed', () => {
    const set = linux('5.9', { behaviours: { irrScan: 'none' }, replace: { irq_complete_move: () => undefined } }).set?.({
      slotMark: 'none',
    });
    expect(set?.own).toEqual(['irq_complete_move']);
    expect(set?.behaviours.filter(({ evidence }) => evidence === 'set').map(({ name }) => name)).toEqual(
      expect.arrayContaining(['irrScan', 'slotMark']),
    );
  });

  test('replaced by what is there already is the same program', () => {
    const same = systemOf('5.9', { replace: { irq_complete_move: (_b, _p, kernel) => kernel.original() } });
    expect(same.built.fingerprint).toBe(systemOf('5.9').built.fingerprint);
  });

  test('a body that no kernel could have is refused in one sentence', () => {
    // it has to say whether a vector was found
    const own = { apic_set_affinity: () => undefined };
    expect(() => systemOf('5.9', { replace: own })).toThrow(ModelError);
    expect(() => systemOf('5.9', { replace: own })).toThrow(/^routine apic_set_affinity /);
  });
});
