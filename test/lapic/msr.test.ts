/** The MSRs of x2APIC mode against a table written from hardware.md A.2 and A.2.2, not from the core's. */
import { describe, expect, test } from 'vitest';
import type { LapicModel } from '../../src/machine/lapic.js';
import { board, reg, type Board } from './board.js';

interface Row {
  readonly readable: boolean;
  /** bits that may be set in a WRMSR; undefined: any WRMSR is #GP */
  readonly legal: bigint | undefined;
}

const RESERVED: Row = { readable: false, legal: undefined };
const READ_ONLY: Row = { readable: true, legal: undefined };

function rowOf(index: number, model: Partial<LapicModel>): Row {
  const { maxLvtIndex = 6, vendor = 'intel', eoiBroadcastSuppress = true, tscDeadline = true } = model;
  const rw = (legal: bigint): Row => ({ readable: true, legal });
  if ([0x02, 0x03, 0x0a, 0x0d, 0x39].includes(index) || (index >= 0x10 && index <= 0x27)) return READ_ONLY;
  switch (index) {
    case 0x08:
      return rw(0xffn);
    case 0x0b:
      return { readable: false, legal: 0n };
    case 0x0f:
      return rw(eoiBroadcastSuppress ? 0x11ffn : 0x1ffn);
    case 0x28:
      return rw(0n);
    case 0x2f:
      return maxLvtIndex >= 6 ? rw(0x117ffn) : RESERVED;
    case 0x30:
      return rw(vendor === 'intel' ? 0xffffffff_000cdfffn : 0xffffffff_000ccfffn);
    case 0x32:
      return rw(tscDeadline ? 0x710ffn : 0x310ffn);
    case 0x33:
      return maxLvtIndex >= 5 ? rw(0x117ffn) : RESERVED;
    case 0x34:
      return maxLvtIndex >= 4 ? rw(0x117ffn) : RESERVED;
    case 0x35:
    case 0x36:
      return rw(0x1f7ffn);
    case 0x37:
      return rw(0x110ffn);
    case 0x38:
      return rw(0xffffffffn);
    case 0x3e:
      return rw(0xbn);
    case 0x3f:
      return { readable: false, legal: 0xffn };
    default:
      return RESERVED;
  }
}

const state = (b: Board): string => [b.e.stateDigest(), b.e.highWord()].join();

/** Every single bit, no bit, and all of them, at every index. */
function probe(b: Board, model: Partial<LapicModel>): string[] {
  const wrong: string[] = [];
  const start = b.snapshot();
  const before = state(b);
  const values = [0n, (1n << 64n) - 1n, ...Array.from({ length: 64 }, (_, bit) => 1n << BigInt(bit))];
  for (let index = 0; index < 0x100; index++) {
    const { readable, legal } = rowOf(index, model);
    const name = (0x800 + index).toString(16);
    if ((b.rdmsr(1, 0x800 + index) !== 'gp') !== readable) wrong.push(`read ${name}`);
    if (state(b) !== before) wrong.push(`read ${name} has a side effect`);
    for (const value of values) {
      const gp = b.wrmsr(1, 0x800 + index, Number(value & 0xffffffffn), Number(value >> 32n));
      if (gp !== (legal === undefined || (value & ~legal) !== 0n)) wrong.push(`write ${name} ${value.toString(16)}`);
      if (gp && state(b) !== before) wrong.push(`refused write ${name} ${value.toString(16)} has a side effect`);
      if (!gp) b.restore(start);
    }
  }
  return wrong;
}

describe('T24 #GP', () => {
  const models: Partial<LapicModel>[] = [{}, { vendor: 'amd', maxLvtIndex: 5 }, { maxLvtIndex: 4, tscDeadline: false }];
  test.each([...models, { maxLvtIndex: 3, eoiBroadcastSuppress: false } as const])(
    'T24 every MSR 0x800-0x8ff, read and written with every bit: %o',
    async (model) => {
      const b = (await board({ model })).x2apic(1);
      // something to lose: a vector in service, one pending, an error collected
      b.wrmsr(1, 0x83f, 0x61);
      b.acknowledge(1);
      b.wrmsr(1, 0x83f, 0x51);
      b.wrmsr(1, 0x83f, 0x01);
      expect(probe(b, model)).toEqual([]);
    },
  );

  test('T24 all of them outside of x2APIC mode', async () => {
    const b = await board();
    for (const disabled of [false, true]) {
      if (disabled) b.wrmsr(1, 0x1b, 0xfee00000);
      for (let index = 0; index < 0x100; index++) {
        expect([b.rdmsr(1, 0x800 + index), b.wrmsr(1, 0x800 + index, 0)]).toEqual(['gp', true]);
      }
    }
  });

  test('T24 a reserved MSR sets no ESR bit', async () => {
    const b = (await board()).x2apic();
    b.rdmsr(0, 0x80e);
    b.wrmsr(0, 0x831, 0);
    b.wrmsr(0, 0x828, 0);
    expect(b.rdmsr(0, 0x828)).toBe(0n);
  });

  test('other MSRs: TSC is read-only here, TSC_DEADLINE needs the feature, anything else is #GP', async () => {
    const b = await board({ model: { tscDeadline: false } });
    expect([b.rdmsr(0, 0x6e0), b.wrmsr(0, 0x6e0, 0), b.wrmsr(0, 0x10, 0), b.rdmsr(0, 0x11), b.rdmsr(9, 0x1b)]).toEqual([
      'gp',
      true,
      true,
      'gp',
      'gp',
    ]);
    expect([b.rdmsr(0, 0x10), b.e.gp()]).toEqual([0n, 0]);
  });
});

describe('values', () => {
  /** MSR, written, read back. */
  const kept: readonly (readonly [number, number, bigint])[] = [
    [0x808, 0x5a, 0x5an],
    [0x80f, 0x11fe, 0x11fen],
    [0x82f, 0x107fe, 0x107fen],
    [0x832, 0x310fe, 0x300fen],
    [0x833, 0x117fe, 0x107fen],
    [0x834, 0x117fe, 0x107fen],
    [0x835, 0x1f7fe, 0x1a7fen],
    [0x836, 0x1f7fe, 0x1a7fen],
    [0x837, 0x110fe, 0x100fen],
    [0x838, 0x12345678, 0x12345678n],
    [0x83e, 0xb, 0xbn],
  ];

  test.each(kept)('%x keeps what may be written, status bits are not', async (msr, value, read) => {
    const b = (await board()).x2apic();
    expect(b.wrmsr(0, msr, value)).toBe(false);
    expect(b.rdmsr(0, msr)).toBe(read);
  });

  test('ICR is one register of 64 bits, delivery status reads 0', async () => {
    const b = (await board()).x2apic();
    b.wrmsr(0, 0x830, 0x4041, 0x12345678);
    expect(b.rdmsr(0, 0x830)).toBe(0x12345678_00004041n);
    b.wrmsr(0, 0x830, 0x5041, 1);
    expect(b.rdmsr(0, 0x830)).toBe(0x1_00004041n);
  });

  test('IRR, ISR, TMR, PPR and the current count as in the page', async () => {
    const b = await board();
    b.raise(0x51);
    b.acknowledge();
    b.raise(0x91, true);
    b.write(0, reg.initial, 5);
    b.x2apic();
    expect([0x812, 0x824, 0x81c, 0x80a, 0x839, 0x803].map((msr) => b.rdmsr(0, msr))).toEqual([
      0x20000n,
      0x20000n,
      0x20000n,
      0x50n,
      5n,
      0x01060015n,
    ]);
  });
});
