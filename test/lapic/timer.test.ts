/** The timer (hardware.md A.8.3); T25 and T26 stand with the traps. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { board, MASKED, reg, type Board } from './board.js';

const TICK = 30;
const PERIODIC = 0x20000;
const DEADLINE = 0x40000;

async function counting(initial: number, lvt: number = 0x41, divide = 0xb): Promise<Board> {
  const b = await board();
  b.write(0, reg.divide, divide);
  b.write(0, reg.timer, lvt);
  b.write(0, reg.initial, initial);
  return b;
}

/** Cycles at which the vector was accepted. */
const fired = (b: Board): number[] => b.events('accept').map(([time]) => time);

describe('counting', () => {
  test.each([
    [0b0000, 2],
    [0b0001, 4],
    [0b0010, 8],
    [0b0011, 16],
    [0b1000, 32],
    [0b1001, 64],
    [0b1010, 128],
    [0b1011, 1],
  ])('divide configuration %i divides by %i', async (divide, by) => {
    const b = await counting(10, 0x41, divide);
    b.advance(10 * by * TICK - 1);
    expect([b.irr(), b.read(0, reg.current)]).toEqual([[], 1]);
    b.advance(1);
    expect([fired(b), b.read(0, reg.current)]).toEqual([[10 * by * TICK], 0]);
  });

  test('the tick is a setting', async () => {
    const b = await board({ model: { timerTick: 7 } });
    b.write(0, reg.divide, 0xb);
    b.write(0, reg.timer, 0x41);
    b.write(0, reg.initial, 100);
    b.advance(699);
    expect(b.irr()).toEqual([]);
    b.advance(1);
    expect(b.irr()).toEqual([0x41]);
  });

  test('the current count goes down by one a tick', async () => {
    const b = await counting(100);
    expect(b.read(0, reg.current)).toBe(100);
    for (let count = 99; count >= 0; count--) {
      b.advance(TICK);
      expect(b.read(0, reg.current)).toBe(count);
    }
  });

  test('one-shot fires once, and leaves the initial count', async () => {
    const b = await counting(10);
    b.advance(1e6);
    expect([fired(b), b.read(0, reg.initial), b.read(0, reg.current)]).toEqual([[300], 10, 0]);
  });

  test('the longest: 2^32 - 1 counts of 128 ticks', async () => {
    const b = await counting(0xffffffff, 0x41, 0b1010);
    const cycles = 0xffffffff * 128 * TICK;
    b.advance(cycles - 1);
    expect([b.irr(), b.read(0, reg.current)]).toEqual([[], 1]);
    b.advance(1);
    expect(b.irr()).toEqual([0x41]);
  });

  test('a timer that is armed costs nothing until it fires', async () => {
    const b = await counting(1_000_000);
    b.advance(1e7);
    expect(b.counter('ticks')).toBe(0);
    b.advance(1e9);
    expect(b.counter('ticks')).toBe(1);
  });

  test('each CPU has its own', async () => {
    const b = await board({ cpus: 3 });
    for (const c of [0, 1, 2]) {
      b.write(c, reg.divide, 0xb);
      b.write(c, reg.timer, 0x40 + c);
      b.write(c, reg.initial, 100 - c);
    }
    b.advance(1e6);
    expect(b.events('accept').map(([time, c, v]) => [time, c, v])).toEqual([
      [2940, 2, 0x42],
      [2970, 1, 0x41],
      [3000, 0, 0x40],
    ]);
  });
});

describe('periodic', () => {
  test('fires every period, whether or not anybody acknowledges', async () => {
    const b = await counting(10, 0x41 | PERIODIC);
    b.advance(1000);
    expect(fired(b)).toEqual([300, 600, 900]);
    expect(b.read(0, reg.current)).toBe(7);
  });

  test('the shortest period is one tick, and time goes on', async () => {
    const b = await counting(1, 0x41 | PERIODIC);
    b.raise(0x51);
    b.advance(30_000 - b.now);
    expect(b.irr()).toEqual([0x41, 0x51]);
    expect(b.now).toBe(30_000);
    expect(b.counter('accepts')).toBe(1001);
  });

  test('messages arrive although a timer of one cycle never rests', async () => {
    const b = await board({ model: { timerTick: 1 } });
    b.write(0, reg.divide, 0xb);
    b.write(0, reg.timer, 0x41 | PERIODIC);
    b.write(0, reg.initial, 1);
    b.ipi(1, 0x52, 0);
    b.advance(450);
    expect(b.irr()).toEqual([0x41, 0x52]);
  });

  test('a masked one counts on and its expiries are lost', async () => {
    const b = await counting(10, 0x41 | PERIODIC | MASKED);
    b.advance(1000);
    expect([b.irr(), b.read(0, reg.current)]).toEqual([[], 7]);
    b.write(0, reg.timer, 0x41 | PERIODIC);
    b.advance(200);
    expect(fired(b)).toEqual([1200]);
  });
});

describe('while it counts', () => {
  test('a new divide configuration stretches what is left', async () => {
    const b = await counting(100);
    b.advance(40 * TICK);
    b.write(0, reg.divide, 0b0001);
    expect(b.read(0, reg.current)).toBe(60);
    b.advance(60 * 4 * TICK - 1);
    expect(b.irr()).toEqual([]);
    b.advance(1);
    expect(b.irr()).toEqual([0x41]);
  });

  test('a new divide configuration shortens it, to one cycle at least', async () => {
    const b = await counting(1, 0x41, 0b1010);
    b.advance(128 * TICK - 1);
    b.write(0, reg.divide, 0xb);
    expect(b.irr()).toEqual([]);
    b.advance(1);
    expect(b.irr()).toEqual([0x41]);
  });

  test('a new vector is that of the expiry; software disable masks it and lets it count', async () => {
    const b = await counting(100);
    b.write(0, reg.timer, 0x61);
    b.advance(50 * TICK);
    b.write(0, reg.svr, 0xff);
    expect(b.read(0, reg.current)).toBe(50);
    b.write(0, reg.svr, 0x1ff);
    b.write(0, reg.timer, 0x62);
    b.advance(1e6);
    expect(b.irr()).toEqual([0x62]);
  });

  test('software disable at the expiry: lost', async () => {
    const b = await counting(100);
    b.write(0, reg.svr, 0xff);
    b.advance(1e6);
    b.write(0, reg.svr, 0x1ff);
    expect([b.irr(), b.read(0, reg.current)]).toEqual([[], 0]);
  });

  test('INIT stops it, and clears a deadline', async () => {
    for (const lvt of [0x41, 0x41 | PERIODIC, 0x41 | DEADLINE]) {
      const b = await board();
      b.write(1, reg.timer, lvt);
      b.write(1, reg.initial, 1000);
      b.wrmsr(1, 0x6e0, 100_000);
      b.ipi(0, 0x4500, 1);
      b.advance(500);
      b.write(1, reg.svr, 0x1ff);
      b.write(1, reg.timer, lvt);
      expect([b.rdmsr(1, 0x6e0), b.read(1, reg.initial)]).toEqual([0n, 0]);
      b.advance(1e7);
      expect(b.irr(1)).toEqual([]);
    }
  });

  test('an illegal vector expires into ESR bit 6', async () => {
    const b = await counting(10, 0x05);
    expect(b.esr()).toBe(0x40);
    b.advance(1000);
    expect([b.irr(), b.esr()]).toEqual([[], 0x40]);
  });
});

describe('TSC-deadline', () => {
  const armed = async (at: number) => {
    const b = await board();
    b.write(0, reg.timer, 0x41 | DEADLINE);
    b.wrmsr(0, 0x6e0, at);
    return b;
  };

  test('writes of the initial count are ignored, the current count reads 0', async () => {
    const b = await armed(1000);
    b.write(0, reg.initial, 3);
    expect([b.read(0, reg.initial), b.read(0, reg.current)]).toEqual([0, 0]);
    b.advance(2000);
    expect(fired(b)).toEqual([1000]);
  });

  test('0 disarms; a later deadline postpones', async () => {
    const b = await armed(1000);
    b.wrmsr(0, 0x6e0, 0);
    b.advance(1500);
    b.wrmsr(0, 0x6e0, 2000);
    b.wrmsr(0, 0x6e0, 3000);
    b.advance(5000);
    expect(fired(b)).toEqual([3000]);
  });

  test('64 bits: a deadline far away', async () => {
    const b = await armed(1000);
    b.wrmsr(0, 0x6e0, 5, 3);
    b.advance(3 * 2 ** 32 + 4);
    expect([b.irr(), b.rdmsr(0, 0x6e0)]).toEqual([[], 0x3_00000005n]);
    b.advance(1);
    expect(b.irr()).toEqual([0x41]);
  });

  test('masked: the deadline is cleared and the event lost', async () => {
    const b = await armed(1000);
    b.write(0, reg.timer, 0x41 | DEADLINE | MASKED);
    b.advance(2000);
    expect([b.irr(), b.rdmsr(0, 0x6e0)]).toEqual([[], 0n]);
  });

  test('in another mode the MSR reads 0 and takes no write; mode 3 is none', async () => {
    const b = await board();
    for (const lvt of [0x41, 0x41 | PERIODIC, 0x41 | PERIODIC | DEADLINE]) {
      b.write(0, reg.timer, lvt);
      expect([b.wrmsr(0, 0x6e0, 1), b.rdmsr(0, 0x6e0), b.irr()]).toEqual([false, 0n, []]);
    }
    b.write(0, reg.initial, 1);
    b.advance(1e5);
    expect(b.irr()).toEqual([]);
  });
});

test('a restored snapshot keeps the timers exact', async () => {
  const b = await board({ cpus: 2 });
  b.write(0, reg.divide, 0b0011);
  b.write(0, reg.timer, 0x41 | PERIODIC);
  b.write(0, reg.initial, 77);
  b.write(1, reg.timer, 0x42 | DEADLINE);
  b.wrmsr(1, 0x6e0, 99_999);
  b.advance(12_345);
  const middle = b.snapshot();
  b.advance(200_000);
  const end = b.snapshot();
  const other = await board({ cpus: 2 });
  other.restore(middle);
  other.advance(200_000);
  expect(other.snapshot()).toEqual(end);
  expect(b.counter('accepts')).toBeGreaterThan(5);
});

test('any sequence of writes: the timer is where a count tick by tick says', async () => {
  const b = await board({ model: { timerTick: 3 } });
  const start = b.snapshot();
  const step = fc.oneof(
    fc.record({ kind: fc.constant('advance' as const), value: fc.integer({ min: 1, max: 400 }) }),
    fc.record({ kind: fc.constant('initial' as const), value: fc.integer({ min: 0, max: 20 }) }),
    fc.record({ kind: fc.constant('timer' as const), value: fc.constantFrom(0, PERIODIC, DEADLINE, MASKED, MASKED | PERIODIC) }),
    fc.record({ kind: fc.constant('deadline' as const), value: fc.integer({ min: 0, max: 500 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
      b.restore(start);
      b.write(0, reg.divide, 0b0000);
      const unit = 6;
      // the reference: cycle by cycle
      let [lvt, initial, left, deadline, now] = [MASKED, 0, 0, 0, 0];
      const expected: number[] = [];
      const expire = (): void => {
        if ((lvt & MASKED) === 0) expected.push(now);
      };
      for (const { kind, value } of steps) {
        if (kind === 'advance') {
          b.advance(value);
          for (let i = 0; i < value; i++) {
            now++;
            if (left > 0 && --left === 0) {
              if (lvt & PERIODIC) left = initial * unit;
              expire();
            }
            if (deadline !== 0 && now >= deadline) {
              deadline = 0;
              expire();
            }
          }
        } else if (kind === 'initial') {
          b.write(0, reg.initial, value);
          if ((lvt & DEADLINE) === 0) [initial, left] = [value, value * unit];
        } else if (kind === 'timer') {
          b.write(0, reg.timer, 0x41 | value);
          if ((lvt ^ value) & DEADLINE) [initial, left, deadline] = [0, 0, 0];
          lvt = value;
        } else {
          b.wrmsr(0, 0x6e0, value === 0 ? 0 : now + value - 250 > 0 ? now + value - 250 : 1);
          if (lvt & DEADLINE) {
            deadline = value === 0 ? 0 : Math.max(now + value - 250, 1);
            if (deadline !== 0 && deadline <= now) {
              deadline = 0;
              expire();
            }
          }
        }
        expect(b.read(0, reg.current)).toBe(Math.ceil(left / unit));
        expect(b.rdmsr(0, 0x6e0)).toBe(BigInt(deadline));
      }
      expect(fired(b)).toEqual(expected);
    }),
    { numRuns: 300, seed: 7 },
  );
});
