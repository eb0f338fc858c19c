/** The interrupt command register (hardware.md A.6). */
import { describe, expect, test } from 'vitest';
import { board, LOGICAL, mode, reg, to, type Board, type BoardOptions } from './board.js';

const shorthands = { none: 0, self: to.self, all: to.all, others: to.others } as const;

describe('valid combinations (A.6.1)', () => {
  /** What CPU 0 of three makes of it: CPUs that get it, or why nobody does. Destination is CPU 1. */
  const table: Record<keyof typeof mode, Record<keyof typeof shorthands, readonly number[] | 'invalid' | 'esr'>> = {
    fixed: { none: [1], self: [0], all: [0, 1, 2], others: [1, 2] },
    lowest: { none: 'esr', self: 'invalid', all: 'invalid', others: 'esr' },
    smi: { none: [1], self: 'invalid', all: 'invalid', others: [1, 2] },
    nmi: { none: [1], self: 'invalid', all: 'invalid', others: [1, 2] },
    init: { none: [1], self: 'invalid', all: 'invalid', others: [1, 2] },
    sipi: { none: [1], self: 'invalid', all: 'invalid', others: [1, 2] },
    extInt: { none: 'invalid', self: 'invalid', all: 'invalid', others: 'invalid' },
  };

  const receivers = (b: Board, delivery: keyof typeof mode): number[] => {
    if (delivery === 'fixed') return b.holders(0x41);
    if (delivery === 'lowest' || delivery === 'extInt') return [];
    return [0, 1, 2].filter((c) => b.got(c, delivery) > 0);
  };

  for (const [delivery, row] of Object.entries(table) as [keyof typeof mode, (typeof table)['fixed']][]) {
    for (const [shorthand, result] of Object.entries(row) as [keyof typeof shorthands, (typeof row)['none']][]) {
      for (const x2apic of [false, true]) {
        test(`${delivery}, ${shorthand}${x2apic ? ', x2APIC' : ''}: ${String(result)}`, async () => {
          const b = await board({ cpus: 3, cold: delivery === 'sipi' });
          if (x2apic) b.x2apic();
          b.ipi(0, mode[delivery] | shorthands[shorthand] | 0x4041, 1);
          b.settle();
          expect(receivers(b, delivery)).toEqual(Array.isArray(result) ? result : []);
          expect(b.diagnostic('icrInvalid')).toBe(result === 'invalid' ? 1 : 0);
          if (x2apic) b.wrmsr(0, 0x828, 0);
          else b.write(0, reg.esr, 0);
          expect(x2apic ? b.rdmsr(0, 0x828) : BigInt(b.read(0, reg.esr))).toBe(result === 'esr' ? 0x10n : 0n);
          expect(b.counter('messages') > 0).toBe(Array.isArray(result) && shorthand !== 'self');
        });
      }
    }
  }

  test('delivery mode 3 is reserved', async () => {
    const b = await board();
    b.ipi(0, 0x4341, 1);
    b.settle();
    expect([b.diagnostic('icrInvalid'), b.irr(1)]).toEqual([1, []]);
  });

  test('a level-triggered IPI is sent as an edge', async () => {
    const b = await board();
    b.ipi(0, 0xc041, 1);
    b.ipi(0, 0x8042, 1);
    b.settle();
    expect([b.irr(1), b.tmr(1)]).toEqual([[0x41, 0x42], []]);
  });

  test('INIT level de-assert is nothing', async () => {
    const b = await board();
    b.ipi(0, mode.init | 0x8000, 1);
    b.ipi(0, mode.init | 0x8000 | to.all);
    b.settle();
    expect([b.run(1), b.got(1, 'init'), b.diagnostic('icrInvalid')]).toEqual(['running', 0, 0]);
  });
});

describe('sending', () => {
  test('the vector of an SIPI, an NMI and an INIT may be below 16', async () => {
    const b = await board({ cold: true });
    b.ipi(0, mode.sipi | 0x4008, 1);
    b.settle();
    b.ipi(0, mode.nmi | 0x4002, 1);
    b.settle();
    expect([b.got(1, 'sipiVector'), b.got(1, 'nmi'), b.esr(0)]).toEqual([8, 1, 0]);
  });

  test('a LAPIC that software has disabled still sends', async () => {
    const b = await board();
    b.write(0, reg.svr, 0xff);
    b.ipi(0, 0x41, 1);
    b.settle();
    expect(b.irr(1)).toEqual([0x41]);
  });

  test('only a write of the low half sends; the high half is kept for the next', async () => {
    const b = await board();
    b.write(0, reg.icrHigh, 0x01000000);
    b.settle();
    expect(b.counter('messages')).toBe(0);
    b.write(0, reg.icr, 0x41);
    b.write(0, reg.icr, 0x42);
    b.settle();
    expect(b.irr(1)).toEqual([0x41, 0x42]);
  });

  test('a unicast takes the latency of the fabric, a further target more', async () => {
    const b = await board({ cpus: 4 });
    b.ipi(0, 0x41 | to.others);
    b.settle();
    expect(b.events('accept').map(([time, c]) => [time, c])).toEqual([
      [450, 1],
      [510, 2],
      [570, 3],
    ]);
  });
});

describe('self IPI (A.6.3)', () => {
  test('the shorthand and MSR 0x83f are alike: an edge, in the IRR when the write is done', async () => {
    for (const shorthand of [true, false]) {
      const b = await board();
      b.raise(0x41, true);
      expect(b.tmr()).toEqual([0x41]);
      b.x2apic();
      if (shorthand) b.wrmsr(0, 0x830, 0x41 | to.self);
      else b.wrmsr(0, 0x83f, 0x41);
      expect([b.irr(), b.tmr()]).toEqual([[0x41], []]);
    }
  });

  test('an illegal vector is sent and received: ESR bits 5 and 6', async () => {
    const b = (await board()).x2apic();
    b.wrmsr(0, 0x83f, 3);
    b.wrmsr(0, 0x828, 0);
    expect([b.rdmsr(0, 0x828), b.irr()]).toEqual([0x60n, []]);
    b.wrmsr(0, 0x830, 3 | to.self);
    b.wrmsr(0, 0x828, 0);
    expect(b.rdmsr(0, 0x828)).toBe(0x60n);
  });

  test('a LAPIC that software has disabled does not accept its own', async () => {
    const b = await board();
    b.write(0, reg.svr, 0xff);
    b.ipi(0, 0x41 | to.self);
    expect(b.irr()).toEqual([]);
  });
});

describe('a full pool (A.6)', () => {
  test('delivery status reads 1 until there is room; the IPI goes out then', async () => {
    const b = await board({ messages: 2 });
    for (const v of [0x41, 0x42, 0x43]) b.ipi(0, v, 1);
    expect(b.read(0, reg.icr) & 0x1000).toBe(0x1000);
    b.advance(449);
    expect(b.read(0, reg.icr) & 0x1000).toBe(0x1000);
    b.advance(1);
    expect([b.read(0, reg.icr) & 0x1000, b.irr(1)]).toEqual([0, [0x41, 0x42]]);
    b.settle();
    expect([b.irr(1), b.now, b.diagnostic('icrOverrun')]).toEqual([[0x41, 0x42, 0x43], 900, 0]);
  });

  test('in x2APIC mode it has no delivery status', async () => {
    const b = (await board({ messages: 1 })).x2apic();
    for (const v of [0x41, 0x42]) b.ipi(0, v, 1);
    expect(b.rdmsr(0, 0x830)).toBe(0x1_00000042n);
    b.settle();
    expect(b.irr(1)).toEqual([0x41, 0x42]);
  });

  test('one more write is queued behind it, the next is dropped; both are overruns', async () => {
    const b = await board({ messages: 1 });
    for (const v of [0x41, 0x42, 0x43, 0x44]) b.ipi(0, v, 1);
    b.settle();
    expect([b.irr(1), b.diagnostic('icrOverrun'), b.diagnostic('icrDropped')]).toEqual([[0x41, 0x42, 0x43], 2, 1]);
    b.ipi(0, 0x45, 1);
    b.settle();
    expect(b.irr(1)).toContain(0x45);
  });

  test('what is queued may be a self IPI or invalid', async () => {
    const b = await board({ messages: 1 });
    b.ipi(0, 0x41, 1);
    b.ipi(0, 0x42, 1);
    b.ipi(0, 0x43 | to.self);
    expect(b.irr(0)).toEqual([]);
    b.settle();
    expect([b.irr(0), b.irr(1)]).toEqual([[0x43], [0x41, 0x42]]);
  });

  test('a broadcast to more than the pool holds arrives everywhere; senders take turns in order', async () => {
    const b = await board({ cpus: 40, messages: 4 });
    b.ipi(3, 0x41 | to.others);
    b.ipi(2, 0x42, 7);
    b.ipi(1, 0x43, 7);
    b.settle();
    expect(b.holders(0x41)).toHaveLength(39);
    const accepted = b.events('accept').map(([, , v]) => v);
    expect([accepted.indexOf(0x42), accepted.indexOf(0x43)]).toEqual([39, 40]);
    expect(b.counter('ipis')).toBe(3);
  });

  test('INIT takes away what has not left, and the CPU may send again', async () => {
    const b = await board({ cpus: 3, messages: 1 });
    b.ipi(1, mode.init | 0x4000, 0);
    b.ipi(0, 0x41, 2);
    b.ipi(0, 0x42, 2);
    b.advance(450);
    expect([b.run(0), b.read(0, reg.icr)]).toEqual(['running', 0]);
    b.ipi(0, 0x43, 2);
    b.settle();
    expect(b.irr(2)).toEqual([0x43]);
  });

  test('a snapshot in the middle goes on alike', async () => {
    const options: BoardOptions = { cpus: 20, messages: 3, jitter: true };
    const b = await board(options);
    b.ipi(0, 0x41 | to.others);
    b.ipi(0, 0x42, 5);
    b.advance(600);
    const middle = b.snapshot();
    b.settle();
    const end = b.snapshot();
    const other = await board(options);
    other.restore(middle);
    other.settle();
    expect(other.snapshot()).toEqual(end);
  });
});

describe('lowest priority (A.7.4)', () => {
  const lowest = { lowPriIpi: true } as const;

  test('a destination of nobody, or of the disabled only, is dropped', async () => {
    const b = await board({ model: lowest });
    b.write(1, reg.svr, 0xff);
    b.ipi(0, mode.lowest | 0x41, 1);
    b.ipi(0, mode.lowest | 0x41, 9);
    b.settle();
    expect([b.holders(0x41), b.counter('noTarget')]).toEqual([[], 2]);
  });

  test('physical broadcast is invalid', async () => {
    const b = await board({ model: lowest });
    b.ipi(0, mode.lowest | 0x41, 0xff);
    b.x2apic();
    b.ipi(0, mode.lowest | 0x41, 0xffffffff);
    b.settle();
    expect(b.diagnostic('icrInvalid')).toBe(2);
  });

  test('an illegal vector is ESR bit 5 where it is supported, only bit 4 where it is not', async () => {
    for (const lowPriIpi of [true, false]) {
      const b = await board({ model: { lowPriIpi } });
      b.ipi(0, mode.lowest | 5, 1);
      expect(b.esr()).toBe(lowPriIpi ? 0x20 : 0x10);
    }
  });

  const four = async (lowestPriPolicy: 'hashVector' | 'minTpr' | 'rotate' | 'first') => {
    const b = await board({ cpus: 4, model: { ...lowest, lowestPriPolicy } });
    b.ids.forEach((_, c) => b.write(c, reg.ldr, (1 << (24 + c)) >>> 0));
    b.write(1, reg.svr, 0xff);
    return b;
  };
  const taken = (b: Board, by: 'ipi' | 'msi'): number[] =>
    [0x40, 0x41, 0x42, 0x43].flatMap((v) => {
      if (by === 'ipi') b.ipi(0, mode.lowest | LOGICAL | v, 0xf);
      else b.msi({ dest: 0xf, logical: true, mode: mode.lowest, vector: v });
      b.settle();
      return b.holders(v);
    });

  for (const by of ['ipi', 'msi'] as const) {
    test(`hashVector: candidate number vector mod n (${by})`, async () => {
      expect(taken(await four('hashVector'), by)).toEqual([2, 3, 0, 2]);
    });
    test(`first (${by})`, async () => {
      expect(taken(await four('first'), by)).toEqual([0, 0, 0, 0]);
    });
    test(`rotate: the one behind the last (${by})`, async () => {
      expect(taken(await four('rotate'), by)).toEqual([0, 2, 3, 0]);
    });
    test(`minTpr: the lowest, of those the first (${by})`, async () => {
      const b = await four('minTpr');
      [0x50, 0x00, 0x30, 0x30].forEach((tpr, c) => b.write(c, reg.tpr, tpr));
      expect(taken(b, by)).toEqual([2, 2, 2, 2]);
    });
  }

  test('to all others: one of them', async () => {
    const b = await four('first');
    b.ipi(0, mode.lowest | to.others | 0x41);
    b.settle();
    expect(b.holders(0x41)).toEqual([2]);
  });
});
