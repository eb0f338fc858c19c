/** Whatever a guest does: no trap, and what is derived stays true. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ApicMode, Cpu, Glob, Lapic, Status, Table } from '../../src/core/index.js';
import { board, type Board } from './board.js';

/** What the core keeps of what can be computed anew. */
function derived(b: Board): string[] {
  const wrong: string[] = [];
  const { core } = b;
  let xapics = 0;
  for (const c of b.ids.keys()) {
    const at = b.at(Table.cpus) + c * Cpu.size;
    if (core.u8(at + Cpu.mode) === ApicMode.xapic) xapics++;
    for (const [words, highest, summary] of [
      [Cpu.irr, Cpu.irrv, Cpu.irrWords],
      [Cpu.isr, Cpu.isrv, Cpu.isrWords],
    ] as const) {
      const set = words === Cpu.irr ? b.irr(c) : b.isr(c);
      if (core.u8(at + highest) !== (set.at(-1) ?? 0)) wrong.push(`highest of ${words}, CPU ${c}`);
      const nonZero = [...new Set(set.map((v) => v >> 5))].reduce((bits, w) => bits | (1 << w), 0);
      if (core.u8(at + summary) !== nonZero) wrong.push(`words of ${words}, CPU ${c}`);
      if (set.some((v) => v < 16)) wrong.push(`illegal vector, CPU ${c}`);
    }
    const [tpr, isrv] = [core.u8(at + Cpu.tpr), core.u8(at + Cpu.isrv)];
    if (core.u8(at + Cpu.ppr) !== (tpr >> 4 >= isrv >> 4 ? tpr : isrv & 0xf0)) wrong.push(`PPR, CPU ${c}`);
  }
  if (core.u16(b.at(Table.globals) + Glob.xapics) !== xapics) wrong.push('LAPICs in xAPIC mode');
  return wrong;
}

const word = fc.oneof(
  fc.integer({ min: 0, max: 0xffffffff }),
  fc.integer({ min: 0, max: 255 }),
  fc.constantFrom(0xffffffff, 0x41 | (3 << 18), 0x41 | (2 << 18), 0x4500, 0x4612, 0x20041, 0x40041, 0x841, 0x8041, 0x1ff),
);
const cpu = fc.integer({ min: 0, max: 5 });
const operation = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant('mmio' as const), cpu, fc.integer({ min: 0, max: 0x3f }), word) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('odd' as const), cpu, fc.integer({ min: 0, max: 0xfff }), fc.constantFrom(1, 2, 4, 8)) },
  { weight: 6, arbitrary: fc.tuple(fc.constant('msr' as const), cpu, fc.integer({ min: 0x800, max: 0x840 }), word) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('base' as const), cpu, fc.constantFrom(0, 0x400, 0x800, 0xc00), fc.constant(0)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('deadline' as const), cpu, word, fc.constant(0)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('ack' as const), cpu, fc.integer({ min: 0, max: 3 }), fc.constant(0)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('pin' as const), cpu, fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 1 })) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('event' as const), cpu, fc.integer({ min: 0, max: 3 }), fc.constant(0)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('advance' as const), cpu, fc.integer({ min: 0, max: 2000 }), fc.constant(0)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('msi' as const), cpu, fc.integer({ min: 0, max: 0xfffff }), word) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

function execute(b: Board, [kind, c, a, value]: Operation): void {
  switch (kind) {
    case 'mmio':
      b.write(c, a * 16, value);
      b.read(c, a * 16);
      return;
    case 'odd':
      b.e.mmioWrite(c, 0xfee00000 + a, 0, value, a, a);
      b.e.mmioRead(c, 0xfee00000 + a, 0, value);
      return;
    case 'msr':
      b.wrmsr(c, a, value, a & 1 ? 0 : value);
      b.rdmsr(c, a);
      return;
    case 'base':
      b.wrmsr(c, 0x1b, 0xfee00000 + a);
      return;
    case 'deadline':
      b.wrmsr(c, 0x6e0, a);
      return;
    case 'ack':
      [b.e.acknowledgeCpu, b.e.forceAcknowledge, b.e.takeExtInt, b.e.resetCpu][a]?.(c);
      return;
    case 'pin':
      b.e.lintSet(c, a, value);
      return;
    case 'event':
      b.e.localEvent(c, a);
      return;
    case 'advance':
      b.advance(a);
      return;
    case 'msi':
      b.e.dmaWrite(1, 0xfee00000 + a, 0, value);
  }
}

test('any accesses: no trap, derived fields are true, the pool drains, and a replay is identical', async () => {
  const b = await board({ cpus: [0, 1, 0x101, 0x2ff, 0x12345], messages: 6, model: { lowPriIpi: true, allowXapicIdWrite: true } });
  const other = await board({ cpus: [0, 1, 0x101, 0x2ff, 0x12345], messages: 6, model: { lowPriIpi: true, allowXapicIdWrite: true } });
  const start = b.snapshot();
  fc.assert(
    fc.property(fc.array(operation, { minLength: 20, maxLength: 150 }), (operations) => {
      b.restore(start);
      const half = operations.length >> 1;
      for (const o of operations.slice(0, half)) execute(b, o);
      other.restore(b.snapshot());
      for (const o of operations.slice(half)) {
        execute(b, o);
        execute(other, o);
      }
      expect(derived(b)).toEqual([]);
      expect(other.e.stateDigest()).toBe(b.e.stateDigest());
      b.e.ringClear();
      expect(b.e.settle(1_000_000, 0)).toBe(Status.done);
      expect(b.core.u16(b.at(Table.globals) + Glob.firstSender)).toBe(0);
      for (const c of b.ids.keys()) expect(b.core.u8(b.at(Table.lapics) + c * Lapic.size + Lapic.sending)).toBe(0);
    }),
    { numRuns: 300, seed: 11 },
  );
});
