/** Read-modify-writes of one step, and the 16-byte store (hardware.md D.5, E.3, E.4). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PidWord } from '../../src/core/index.js';
import { Assembler, AssemblyError, Declarations, disassemble, SELF, type Builder } from '../../src/kernel/index.js';
import { search, settle, steps, task, toy, type ToyKernel } from '../engine/toy.js';

const word = fc.integer({ min: 0, max: 0xffffffff });

test('exchange gives what was there; a bit that is tested and set, or cleared, is told as it was', async () => {
  await fc.assert(
    fc.asyncProperty(word, word, fc.integer({ min: 0, max: 31 }), async (x, y, bit) => {
      const { machine, kernel } = await toy((k, d) => {
        const cells = [0, 1, 2].map((i) => d.variable(`cell${i}`, 'u32', ['cpu'], { initial: () => x }));
        const found = d.variable('found', 'u32', ['vector']);
        const number = d.variable('number', 'u8', [], { initial: () => bit });
        const t = task(k, 't', (b) => {
          b.store(found, [0], b.exchange(cells[0]!, [SELF], y));
          b.store(found, [1], b.let('u32', b.testAndSet(cells[1]!, [SELF], b.load(number))));
          b.store(found, [2], b.let('u32', b.testAndClear(cells[2]!, [SELF], bit)));
        });
        return { cells, found, run: { 0: t } };
      });
      settle(machine, 'cpu');
      const one = (x >>> bit) & 1;
      expect([0, 1, 2].map((i) => machine.variable(kernel.found.slot, i))).toEqual([x, one, one]);
      expect(kernel.cells.map(({ slot }) => machine.variable(slot))).toEqual([y, (x | (1 << bit)) >>> 0, (x & ~(1 << bit)) >>> 0]);
    }),
    { numRuns: 40, seed: 3 },
  );
});

/** A kernel with a descriptor of each CPU and a task on CPU 0. */
function descriptors(body: (b: Builder, pid: ReturnType<Declarations['descriptors']>) => void) {
  return (k: Assembler, d: Declarations): ToyKernel & { readonly pid: ReturnType<Declarations['descriptors']> } => {
    const pid = d.descriptors('pid', 'cpu');
    return { pid, run: { 0: task(k, 't', (b) => body(b, pid)) } };
  };
}

describe('the control half of a descriptor', () => {
  test('fields that are named change together, and the others stay, ON among them (E.4)', async () => {
    const { machine, kernel } = await toy(
      descriptors((b, pid) => {
        b.controlSet(pid, SELF, { sn: 0, nv: 0xf1, ndst: 0x700 });
        b.controlSet(pid, SELF, { sn: 1 });
        b.controlSet(pid, SELF, { on: 0, nv: 0xf2 });
      }),
      { cpus: 2 },
    );
    const control = (): string => [PidWord.control, PidWord.ndst].map((w) => machine.variable(kernel.pid.slot, 0, w).toString(16)).join();
    machine.setVariable(kernel.pid.slot, 0, PidWord.control, 0x330003);
    machine.setVariable(kernel.pid.slot, 0, PidWord.ndst, 0x100);
    const seen = [1, 1, 1].map((n) => (steps(machine, 0, n), control()));
    expect(seen).toEqual(['f10001,700', 'f10003,700', 'f20002,700']);
  });

  test('ON is tested and set, or cleared, in one step each', async () => {
    const { machine, kernel } = await toy((k, d) => {
      const pid = d.descriptors('pid', 'cpu');
      const found = d.variable('found', 'bool', ['vector']);
      const t = task(k, 't', (b) => {
        b.store(found, [0], b.setOn(pid, SELF));
        b.store(found, [1], b.isOn(pid, SELF));
        b.store(found, [2], b.clearOn(pid, SELF));
        b.store(found, [3], b.isOn(pid, SELF));
      });
      return { found, run: { 0: t } };
    });
    settle(machine, 'cpu');
    expect([0, 1, 2, 3].map((i) => machine.variable(kernel.found.slot, i))).toEqual([0, 1, 1, 0]);
  });

  test('what an image does not hold of a descriptor is said: a vector outside of the universe, a reserved word', async () => {
    const status = async (index: number, value: number): Promise<string> => {
      const { machine } = await toy(
        descriptors((b, pid) => b.exchange(pid, [SELF, index], value)),
        { universe: [0x30, 0x32] },
      );
      return (await search(machine)).status;
    };
    expect(await status(1, 1 << 17)).toBe('done');
    expect(await status(1, 1 << 18)).toBe('universe');
    expect(await status(0, 1)).toBe('universe');
    expect(await status(PidWord.control, 0xffffffff)).toBe('done');
    expect(await status(PidWord.ndst, 0xffffffff)).toBe('done');
    expect(await status(10, 1)).toBe('universe');
  });
});

test('four words of a row change in one step, as another row has them (D.5)', async () => {
  const { machine, kernel } = await toy(
    (k, d) => {
      const table = d.variable('table', 'u32', ['irte', 'word'], { dma: true, initial: (_, i, w) => 100 * i + w });
      const other = d.variable('other', 'u32', ['cpu', 'word'], { class: 'fixed', initial: (_, i, w) => 1000 * i + w });
      return { table, run: { 0: task(k, 't', (b) => b.storeRow(table, 1, other, b.let('cpu', 1))) } };
    },
    { cpus: 2, irtes: 2 },
  );
  const row = (i: number): number[] => [0, 1, 2, 3].map((w) => machine.variable(kernel.table.slot, i, w));
  expect(row(1)).toEqual([100, 101, 102, 103]);
  steps(machine, 0, 1);
  expect([row(0), row(1)]).toEqual([
    [0, 1, 2, 3],
    [1000, 1001, 1002, 1003],
  ]);
});

describe('the assembler', () => {
  const assembled = (body: (b: Builder, pid: ReturnType<Declarations['descriptors']>) => void) => {
    const d = new Declarations();
    const k = new Assembler(d);
    const pid = d.descriptors('pid', 'vcpu');
    k.entry(task(k, 't', (b) => body(b, pid)));
    return k.assemble({ cpus: 1, irqs: 0, devices: 0, vcpus: 2, vectors: 256, vectorLo: 0x30, vectorHi: 0x32 });
  };

  test('prints them, and marks what others see', () => {
    const program = assembled((b, pid) => {
      b.exchange(pid, [1, 2], 0);
      b.clearOn(pid, 1);
      b.controlSet(pid, 0, { nv: 0xf2, ndst: 0x100 });
    });
    const shown = disassemble(program).matchAll(/\*v +(?<text>.*?) *\{/g);
    // which registers it takes is nobody's business
    expect([...shown].map(({ groups }) => groups?.['text']?.replace(/ +/g, ' ').replace(/\br\d/g, 'r'))).toEqual([
      'exchange pid[r][r], 0',
      'bitClear pid[r][r], bit r',
      'controlSet pid[r], bits 0xff0000 of r, NDST r',
    ]);
  });

  test('refuses an expression that looks into a descriptor', () => {
    const d = new Declarations();
    const k = new Assembler(d);
    d.descriptors('pid', 'cpu');
    const names = (): void => k.invariant('own', 'pid[0][1] == 0');
    expect(names).toThrow('pid is indexed by virtual CPUs or words of a descriptor');
  });

  test('refuses two of them in one step', () => {
    const twice = (): unknown =>
      assembled((b, pid) =>
        b.atomic(() => {
          b.clearOn(pid, 0);
          b.exchange(pid, [0, 1], 0);
        }),
      );
    expect(twice).toThrow(AssemblyError);
    expect(twice).toThrow(
      'more than one access that another actor can observe: "test and clear bit 0 of pid[0][8]" and "exchange pid[0][1] with 0"',
    );
  });
});
