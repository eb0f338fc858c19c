import { describe, expect, test } from 'vitest';
import { VarClass, VarFlag, VarWord } from '../../assembly/state/abi/instructions.js';
import { Declarations } from '../../src/kernel/index.js';
import { size } from './machine.js';

function row(d: Declarations, slot: number, at = size): Record<string, number> {
  const words = d.variableTable(at).words.subarray(slot * VarWord.words, (slot + 1) * VarWord.words);
  const names = ['bytes', 'bits', 'storage', 'flags', 'dim0', 'dim1', 'address'] as const;
  return Object.fromEntries(names.map((name) => [name, words[VarWord[name]] ?? -1]));
}

describe('the table of variables', () => {
  test.each([
    ['bool', 1, 1],
    ['u8', 1, 8],
    ['vector', 1, 8],
    ['u16', 2, 16],
    ['cpu', 2, 2],
    ['irq', 2, 3],
    ['device', 2, 3],
    ['u32', 4, 32],
    ['apicId', 4, 32],
    ['ref', 4, 24],
  ] as const)('%s takes %i bytes in the state and %i bits in an image', (kind, bytes, bits) => {
    const d = new Declarations();
    d.variable('v', kind, []);
    expect(row(d, 0)).toEqual({ bytes, bits, storage: VarClass.check, flags: 0, dim0: 1, dim1: 1, address: 0 });
  });

  test('an index has room for one value more than there are', () => {
    for (const [cpus, bits] of [
      [1, 1],
      [3, 2],
      [4, 3],
      [7, 3],
      [8, 4],
      [4096, 13],
    ] as const) {
      const d = new Declarations();
      d.variable('owner', 'cpu', []);
      expect(row(d, 0, { ...size, cpus }).bits).toBe(bits);
    }
  });

  test('dimensions, classes and flags', () => {
    const d = new Declarations();
    const lock = d.lock('lock', ['irq']);
    const slots = d.variable('slots', 'u16', ['cpu', 'vector'], { bits: ({ irqs }) => 2 + irqs, lock });
    const carrier = d.variable('carrier', 'bool', ['irq'], { carrier: true, class: 'record' });
    const single = d.variable('single', 'u8', ['vector'], { class: 'fixed' });
    expect(row(d, lock.slot)).toMatchObject({ bytes: 2, bits: 2, flags: VarFlag.lock, dim0: 5, dim1: 1 });
    expect(row(d, slots.slot)).toMatchObject({ bytes: 2, bits: 7, flags: VarFlag.byVector, dim0: 3, dim1: 256 });
    expect(row(d, carrier.slot)).toMatchObject({ flags: VarFlag.carrier, storage: VarClass.record });
    // one dimension is dim0, and an image holds all of it
    expect(row(d, single.slot)).toMatchObject({ flags: 0, dim0: 256, dim1: 1, storage: VarClass.fixed });
    expect(slots.protectedBy).toBe(lock);
  });

  test('masks are words', () => {
    const d = new Declarations();
    const cpus = d.mask('cpus', 'cpu', ['irq']);
    const vectors = d.mask('vectors', 'vector', ['cpu']);
    expect(row(d, cpus.slot, { ...size, cpus: 33 })).toMatchObject({ bytes: 8, bits: 33, flags: VarFlag.mask, dim0: 5 });
    expect(row(d, vectors.slot)).toMatchObject({ bytes: 32, bits: 4, flags: VarFlag.mask | VarFlag.vectorMask, dim0: 3 });
  });

  test('a list is two variables of node + 1', () => {
    const d = new Declarations();
    const lock = d.lock('lock', []);
    const list = d.list('cleanup', ['cpu'], 'irq', { lock });
    expect([list.heads.name, list.next.name]).toEqual(['cleanup', 'cleanup_next']);
    expect(row(d, list.heads.slot)).toMatchObject({ bytes: 2, bits: 3, dim0: 3 });
    expect(row(d, list.next.slot)).toMatchObject({ bytes: 2, bits: 3, dim0: 5 });
    expect(list.next.protectedBy).toBe(lock);
  });

  test('initial values', () => {
    const d = new Declarations();
    d.variable('zero', 'u8', ['cpu']);
    d.variable('slots', 'u16', ['device', 'irq'], { initial: (_, device, irq) => (device ?? 0) * 10 + (irq ?? 0) });
    d.mask('online', 'cpu', [], { initial: (_, cpu) => cpu !== 1 });
    d.mask('affinity', 'cpu', ['irq'], { initial: (at, cpu, irq) => cpu === (irq ?? 0) % at.cpus });
    const { initial } = d.variableTable({ ...size, irqs: 4, devices: 2 });
    expect(initial.map((values) => values && [...values])).toEqual([undefined, [0, 1, 2, 3, 10, 11, 12, 13], [0b101], [1, 2, 4, 1]]);
    const wide = new Declarations();
    wide.mask('online', 'cpu', [], { initial: (_, cpu) => cpu === 31 || cpu === 32 });
    expect([...(wide.variableTable({ ...size, cpus: 40 }).initial[0] ?? [])]).toEqual([0x8000_0000, 1]);
  });
});

describe('refusals', () => {
  test('names, dimensions, bits, values', () => {
    const d = new Declarations();
    d.variable('x', 'u8', ['cpu'], { bits: 3, initial: () => 9 });
    expect(() => d.variable('x', 'u8', [])).toThrow(/^variable x is declared twice/);
    expect(() => d.variable('y', 'u8', ['cpu', 'irq', 'vector'])).toThrow(/^y has 3 dimensions; at most 2/);
    expect(() => d.variable('z', 'u8', ['irq'], { local: true })).toThrow(/^z is declared local, so it needs the dimension cpu/);
    expect(() => d.variableTable(size)).toThrow(/^the initial value 9 of x\[0\] is outside 0\.\.7/);
    const wide = new Declarations();
    wide.variable('w', 'u8', [], { bits: 9 });
    expect(() => wide.variableTable(size)).toThrow(/^w asks for 9 bits; a u8 has 1 to 8/);
  });
});
