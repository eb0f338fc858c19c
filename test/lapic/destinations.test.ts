/** Who a message is for (hardware.md A.7). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { board, LOGICAL, reg, to, type Board } from './board.js';

/** Ids that no dense table would hold: spread over 32 bits, all low bytes alike for a part of them. */
function sparse(n: number): number[] {
  return Array.from({ length: n }, (_, i) => (i % 3 === 0 ? i * 0x100 + 0x11 : (Math.imul(i, 0x9e3779b1) ^ 0x5bd1e995) >>> 0));
}

/** CPUs that accept a vector sent by CPU 0. */
function reached(b: Board, low: number, dest: number): number[] {
  b.ipi(0, low, dest);
  b.settle();
  const holders = b.holders(low & 0xff);
  for (const c of holders) {
    while (b.acknowledge(c) >= 0) {
      if ((Number(b.rdmsr(c, 0x1b)) & 0x400) !== 0) b.wrmsr(c, 0x80b, 0);
      else b.eoi(c);
    }
  }
  return holders;
}

describe('4096 CPUs with ids spread over 32 bits', () => {
  const ids = sparse(4096);

  test('x2APIC mode: each id reaches its CPU, other ids nobody, 0xffffffff all', async () => {
    const b = (await board({ cpus: ids, messages: 512 })).x2apic();
    for (let c = 0; c < 4096; c += 97) expect(reached(b, 0x41, ids[c] ?? 0)).toEqual([c]);
    const absent = [0x12, 0x7fffffff, 0xff, 0xfffffffe].filter((id) => !ids.includes(id));
    for (const id of absent) expect(reached(b, 0x41, id)).toEqual([]);
    expect(reached(b, 0x42, 0xffffffff)).toHaveLength(4096);
    expect(reached(b, 0x43 | to.others, 0)).toHaveLength(4095);
  });

  test('xAPIC mode sees low bytes: all whose id ends so accept (A.7.1)', async () => {
    const b = await board({ cpus: ids, messages: 512 });
    for (const byte of [0x11, 0x12, 0xfe]) {
      expect(reached(b, 0x41, byte)).toEqual([...ids.keys()].filter((c) => ((ids[c] ?? 0) & 0xff) === byte));
    }
    expect(reached(b, 0x42, 0xff)).toHaveLength(4096);
  });
});

describe('ids', () => {
  test('several LAPICs with the id that software gave them: all accept', async () => {
    const b = await board({ cpus: 4, model: { allowXapicIdWrite: true } });
    b.write(1, reg.id, 0x55000000);
    b.write(3, reg.id, 0x55000000);
    expect(reached(b, 0x41, 0x55)).toEqual([1, 3]);
    expect(reached(b, 0x41, 1)).toEqual([]);
    expect(reached(b, 0x41, 2)).toEqual([2]);
    b.raise(0x42, false, 0x55);
    expect(b.holders(0x42)).toEqual([1, 3]);
  });

  test('without allowXapicIdWrite the id is what the hardware gave', async () => {
    const b = await board();
    b.write(1, reg.id, 0x55000000);
    expect(b.read(1, reg.id)).toBe(0x01000000);
  });

  test('mixed modes: an x2APIC destination reaches xAPIC receivers by its low byte', async () => {
    const b = (await board({ cpus: [0, 1, 0x101, 0x201, 0x2ff] })).x2apic(0, 2, 4);
    expect(reached(b, 0x41, 0x101)).toEqual([1, 2, 3]);
    expect(reached(b, 0x41, 0x2ff)).toEqual([1, 3, 4]);
    expect(reached(b, 0x41, 0xffffffff)).toEqual([0, 1, 2, 3, 4]);
    b.raise(0x42, false, 1);
    expect(b.holders(0x42)).toEqual([1, 3]);
  });

  test('a mode that changes is seen by the next message', async () => {
    const b = await board({ cpus: [0, 0x105] });
    expect(reached(b, 0x41, 5)).toEqual([1]);
    b.x2apic();
    expect(reached(b, 0x41, 5)).toEqual([]);
    expect(reached(b, 0x41, 0x105)).toEqual([1]);
    b.e.resetCpu(1);
    b.write(1, reg.svr, 0x1ff);
    expect(reached(b, 0x41, 5)).toEqual([1]);
  });

  test('a LAPIC that is disabled as a whole is no target, not even of a broadcast', async () => {
    const b = await board({ cpus: 3 });
    b.wrmsr(1, 0x1b, 0xfee00000);
    expect(reached(b, 0x41, 0xff)).toEqual([0, 2]);
    expect(reached(b, 0x41 | to.all, 0)).toEqual([0, 2]);
    b.wrmsr(1, 0x1b, 0xfee00800);
    b.write(1, reg.svr, 0x1ff);
    expect(reached(b, 0x41 | to.all, 0)).toEqual([0, 1, 2]);
  });
});

describe('logical', () => {
  test('xAPIC flat and cluster, each LAPIC by its own DFR (A.7.2)', async () => {
    const b = await board({ cpus: 4 });
    [0x01, 0x02, 0x12, 0x11].forEach((ldr, c) => b.write(c, reg.ldr, (ldr << 24) >>> 0));
    expect(reached(b, 0x41 | LOGICAL, 0x02)).toEqual([1, 2]);
    for (const c of [2, 3]) b.write(c, reg.dfr, 0);
    expect(reached(b, 0x41 | LOGICAL, 0x13)).toEqual([0, 1, 2, 3]);
    expect(reached(b, 0x41 | LOGICAL, 0x02)).toEqual([1]);
    expect(reached(b, 0x41 | LOGICAL, 0xff)).toEqual([0, 1, 2, 3]);
    expect(reached(b, 0x41 | LOGICAL, 0)).toEqual([]);
    b.write(3, reg.dfr, 0x70000000);
    expect(reached(b, 0x41 | LOGICAL, 0x13)).toEqual([0, 1, 2]);
  });

  test('x2APIC: cluster in the high half, a mask of sixteen in the low one (A.7.3)', async () => {
    const b = (await board({ cpus: [0x00, 0x0f, 0x10, 0x11, 0x1f, 0x120] })).x2apic();
    expect(reached(b, 0x41 | LOGICAL, 0x0001_8003)).toEqual([2, 3, 4]);
    expect(reached(b, 0x41 | LOGICAL, 0x0000_ffff)).toEqual([0, 1]);
    expect(reached(b, 0x41 | LOGICAL, 0x0012_0001)).toEqual([5]);
    expect(reached(b, 0x41 | LOGICAL, 0x0012_fffe)).toEqual([]);
    expect(reached(b, 0x41 | LOGICAL, 0xffffffff)).toHaveLength(6);
  });

  test('LDR, DFR and TPR that were written while software had it disabled are kept (A.9.2)', async () => {
    const b = await board();
    b.write(1, reg.svr, 0xff);
    b.write(1, reg.ldr, 0x04000000);
    expect(reached(b, 0x41 | LOGICAL, 4)).toEqual([]);
    b.write(1, reg.svr, 0x1ff);
    expect(reached(b, 0x41 | LOGICAL, 4)).toEqual([1]);
  });
});

test('any ids, modes and destinations: those that section A.7 says', async () => {
  const lowBytes = fc.constantFrom(0, 1, 2, 0x10, 0x11, 0xfe);
  const id = fc.oneof(
    lowBytes,
    lowBytes.map((l) => 0x100 + l),
    lowBytes.map((l) => 0xabcd00 + l),
  );
  const machine = fc.record({
    ids: fc.uniqueArray(id, { minLength: 2, maxLength: 8 }),
    x2: fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
    ldr: fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 8, maxLength: 8 }),
    dfr: fc.array(fc.constantFrom(0xffffffff, 0x0fffffff, 0x7fffffff), { minLength: 8, maxLength: 8 }),
    dest: fc.oneof(id, fc.constantFrom(0xff, 0xffffffff, 0x1ff, 0x10_0006, 0x0001_0003, 0x13), fc.integer({ min: 0, max: 255 })),
    logical: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(machine, async (m) => {
      const b = await board({ cpus: [...m.ids, 0x77777777] });
      const sender = m.ids.length;
      m.ids.forEach((_, c) => {
        b.write(c, reg.ldr, ((m.ldr[c] ?? 0) << 24) >>> 0);
        b.write(c, reg.dfr, m.dfr[c] ?? 0);
        if (m.x2[c]) b.x2apic(c);
      });
      b.x2apic(sender);
      const expected = m.ids.flatMap((own, c) => {
        const byte = m.dest & 0xff;
        if (m.x2[c]) {
          if (m.dest === 0xffffffff) return [c];
          if (!m.logical) return m.dest === own ? [c] : [];
          return m.dest >>> 16 === own >>> 4 && (m.dest >>> (own & 15)) & 1 ? [c] : [];
        }
        if (byte === 0xff) return [c];
        if (!m.logical) return byte === (own & 0xff) ? [c] : [];
        const ldr = m.ldr[c] ?? 0;
        if (m.dfr[c] === 0xffffffff) return byte & ldr ? [c] : [];
        return m.dfr[c] === 0x0fffffff && byte >> 4 === ldr >> 4 && byte & ldr & 15 ? [c] : [];
      });
      b.ipi(sender, 0x41 | (m.logical ? LOGICAL : 0), m.dest);
      b.settle();
      expect(b.holders(0x41).filter((c) => c !== sender)).toEqual(expected);
    }),
    { numRuns: 400, seed: 3 },
  );
});
