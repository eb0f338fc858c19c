/** IA32_APIC_BASE and the modes (hardware.md A.1, A.11). */
import { describe, expect, test } from 'vitest';
import { board, MASKED, mode, reg, type Board } from './board.js';

const states = { disabled: 0, invalid: 0x400, xapic: 0x800, x2apic: 0xc00 } as const;
type State = keyof typeof states;

const base = (b: Board, c = 1): bigint => b.rdmsr(c, 0x1b) as bigint;
/** True if it is #GP. CPU 1 has no BSP bit. */
const set = (b: Board, state: State): boolean => b.wrmsr(1, 0x1b, 0xfee00000 + states[state]);

async function inState(state: State): Promise<Board> {
  const b = await board();
  const path: Record<State, readonly State[]> = { disabled: ['disabled'], invalid: [], xapic: [], x2apic: ['x2apic'] };
  for (const step of path[state]) expect(set(b, step)).toBe(false);
  return b;
}

describe('T23 transitions (A.1.1)', () => {
  const allowed: Record<Exclude<State, 'invalid'>, readonly State[]> = {
    disabled: ['disabled', 'xapic'],
    xapic: ['disabled', 'xapic', 'x2apic'],
    x2apic: ['disabled', 'x2apic'],
  };
  for (const [from, may] of Object.entries(allowed) as [Exclude<State, 'invalid'>, readonly State[]][]) {
    for (const to of Object.keys(states) as State[]) {
      test(`T23 ${from} to ${to} is ${may.includes(to) ? 'allowed' : '#GP'}`, async () => {
        const b = await inState(from);
        expect(set(b, to)).toBe(!may.includes(to));
        expect(base(b)).toBe(BigInt(0xfee00000 + states[may.includes(to) ? to : from]));
      });
    }
  }

  test.each(Object.keys(states) as State[])('T23 invalid to %s: nothing leads into the invalid combination', async (to) => {
    for (const from of ['disabled', 'xapic', 'x2apic'] as const) {
      const b = await inState(from);
      expect(set(b, 'invalid')).toBe(true);
      // what follows starts from where it was
      expect(set(b, to)).toBe(!allowed[from].includes(to));
    }
  });

  test('T23 without x2APIC in CPUID: EXTD is reserved', async () => {
    const b = await board({ model: { x2apic: false } });
    expect([set(b, 'x2apic'), set(b, 'invalid'), set(b, 'disabled'), set(b, 'xapic')]).toEqual([true, true, false, false]);
  });
});

describe('the register', () => {
  test('after RESET the bootstrap CPU has 0xfee00900, the others 0xfee00800', async () => {
    const b = await board({ cold: true });
    expect([base(b, 0), base(b, 1)]).toEqual([0xfee00900n, 0xfee00800n]);
  });

  test('reserved bits are #GP: 7:0, 9 and from MAXPHYADDR on; the BSP bit is not written', async () => {
    const b = await board({ model: { maxPhyAddr: 40 } });
    for (let bit = 0; bit < 64; bit++) {
      const [lo, hi] = bit < 32 ? [(0xfee00800 | (1 << bit)) >>> 0, 0] : [0xfee00800, (1 << (bit - 32)) >>> 0];
      const snapshot = b.snapshot();
      expect([bit, b.wrmsr(1, 0x1b, lo, hi)]).toEqual([bit, bit < 8 || bit === 9 || bit >= 40]);
      expect(base(b) & 0x100n).toBe(0n);
      b.restore(snapshot);
    }
  });

  test('the page moves with it', async () => {
    const b = await board();
    b.wrmsr(1, 0x1b, 0x12345800, 0x7);
    expect(b.e.mmioRead(1, 0x12345030, 7, 4)).toBe(0x01060015);
    expect(b.read(1, reg.version)).toBe(0xffffffff);
    b.e.mmioWrite(1, 0x12345080, 7, 4, 0x20, 0);
    expect(b.e.mmioRead(1, 0x12345080, 7, 4)).toBe(0x20);
  });
});

describe('what a change of mode does (A.1.1)', () => {
  test('disabled: every register is lost, no message is accepted, no timer fires', async () => {
    const b = await board();
    b.write(1, reg.tpr, 0x10);
    b.write(1, reg.timer, 0x41);
    b.raise(0x51, false, 1);
    b.write(1, reg.initial, 100);
    set(b, 'disabled');
    b.raise(0x52, false, 1);
    b.msi({ dest: 1, mode: mode.nmi });
    b.advance(1e6);
    expect([b.irr(1), b.got(1, 'nmi'), b.pending(1), b.counter('noTarget')]).toEqual([[], 0, -1, 2]);
    set(b, 'xapic');
    expect([reg.tpr, reg.timer, reg.initial, reg.svr].map((r) => b.read(1, r))).toEqual([0, MASKED, 0, 0xff]);
    expect(b.read(1, reg.id)).toBe(0x01000000);
  });

  test('disabled: LINT0 is INTR and LINT1 is NMI', async () => {
    const b = await board();
    set(b, 'disabled');
    b.e.lintSet(1, 1, 1);
    b.e.lintSet(1, 0, 1);
    expect([b.e.takeNmi(1), b.e.takeExtInt(1)]).toEqual([1, 1]);
    b.e.lintSet(1, 0, 0);
    expect(b.e.takeExtInt(1)).toBe(0);
  });

  test('the page is a hole while disabled and in x2APIC mode: reads all ones, writes go nowhere', async () => {
    for (const state of ['disabled', 'x2apic'] as const) {
      const b = await inState(state);
      expect(b.read(1, reg.version)).toBe(0xffffffff);
      b.write(1, reg.tpr, 0x30);
      expect(b.e.cr8Read(1)).toBe(0);
      expect(b.diagnostic('mmioHole')).toBe(2);
    }
  });

  test('xAPIC to x2APIC: the full id, LDR from it, ICR high cleared; the rest stays', async () => {
    const b = await board({ cpus: [0, 0x12345], model: { allowXapicIdWrite: true } });
    expect(b.read(1, reg.id)).toBe(0x45000000);
    b.write(1, reg.id, 0x77000000);
    b.write(1, reg.ldr, 0x11000000);
    b.write(1, reg.icrHigh, 0x22000000);
    b.write(1, reg.tpr, 0x20);
    b.write(1, reg.lint0, 0x42);
    b.raise(0x51, false, 0x77);
    set(b, 'x2apic');
    expect([0x802, 0x80d, 0x830, 0x808, 0x835, 0x822].map((msr) => b.rdmsr(1, msr))).toEqual([
      0x12345n,
      0x1234_0020n,
      0n,
      0x20n,
      0x42n,
      0x20000n,
    ]);
    set(b, 'disabled');
    set(b, 'xapic');
    expect(b.read(1, reg.id)).toBe(0x45000000);
  });

  test('the id that software wrote outlives disabling and INIT, not RESET', async () => {
    const b = await board({ model: { allowXapicIdWrite: true } });
    b.write(1, reg.id, 0x77ffffff);
    set(b, 'disabled');
    set(b, 'xapic');
    expect(b.read(1, reg.id)).toBe(0x77000000);
    b.ipi(0, mode.init | 0x4000, 0x77);
    b.settle();
    expect([b.run(1), b.read(1, reg.id)]).toEqual(['waitForSipi', 0x77000000]);
    b.e.resetCpu(1);
    expect(b.read(1, reg.id)).toBe(0x01000000);
  });

  test('RESET ends in xAPIC mode at the default address; INIT keeps the mode; the bootstrap CPU runs, others wait (A.11)', async () => {
    const b = (await board()).x2apic();
    b.wrmsr(1, 0x832, 0x40041);
    b.wrmsr(1, 0x6e0, 1e6);
    for (const c of [0, 1]) b.ipi(1 - c, mode.init | 0x4000, c);
    b.settle();
    expect([base(b, 0), base(b), b.run(0), b.run(1), b.rdmsr(1, 0x832)]).toEqual([
      0xfee00d00n,
      0xfee00c00n,
      'running',
      'waitForSipi',
      BigInt(MASKED),
    ]);
    b.wrmsr(1, 0x832, 0x40041);
    for (const c of [0, 1]) b.e.resetCpu(c);
    expect([base(b, 0), base(b), b.run(0), b.run(1), b.read(1, reg.timer)]).toEqual([
      0xfee00900n,
      0xfee00800n,
      'running',
      'waitForSipi',
      MASKED,
    ]);
    b.advance(2e6);
    expect(b.irr(1)).toEqual([]);
  });

  test('INIT takes away what was latched', async () => {
    const b = await board();
    for (const delivery of [mode.nmi, mode.smi, mode.extInt]) b.msi({ dest: 1, mode: delivery });
    b.ipi(0, mode.init | 0x4000, 1);
    b.settle();
    expect([b.e.takeNmi(1), b.e.takeSmi(1), b.e.takeExtInt(1)]).toEqual([0, 0, 0]);
  });

  test('in wait-for-SIPI an NMI is dropped, an SMI latched (A.5)', async () => {
    const b = await board({ cold: true });
    b.msi({ dest: 1, mode: mode.nmi });
    b.msi({ dest: 1, mode: mode.smi });
    expect([b.e.takeNmi(1), b.e.takeSmi(1)]).toEqual([0, 1]);
  });
});

describe('CR8 (A.4.5)', () => {
  test.each(['xapic', 'x2apic', 'disabled'] as const)('is bits 7:4 of TPR, %s', async (state) => {
    const b = await inState(state);
    expect(b.e.cr8Write(1, 9, 0)).toBe(0);
    expect(b.e.cr8Read(1)).toBe(9);
    // the page is a hole, and the MSRs are #GP, where they do not belong to the mode
    expect(b.read(1, reg.ppr)).toBe(state === 'xapic' ? 0x90 : 0xffffffff);
    expect(b.rdmsr(1, 0x80a)).toBe(state === 'x2apic' ? 0x90n : 'gp');
    for (const [lo, hi] of [
      [16, 0],
      [0, 1],
    ] as const)
      expect([b.e.cr8Write(1, lo, hi), b.e.gp(), b.e.cr8Read(1)]).toEqual([1, 1, 9]);
  });

  test('reads the class of a TPR that was written whole', async () => {
    const b = await board();
    b.write(0, reg.tpr, 0x5c);
    expect(b.e.cr8Read(0)).toBe(5);
    b.e.cr8Write(0, 5, 0);
    expect(b.read(0, reg.tpr)).toBe(0x50);
  });
});
