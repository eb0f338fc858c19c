/** The traps of hardware.md H.2, one test each; T23 stands with the modes, T24 with the MSRs. */
import { describe, expect, test } from 'vitest';
import { board, LOGICAL, MASKED, mode, reg, to, type Board } from './board.js';
import { act, enabled, handler, interrupt, steps, task, toy } from '../engine/toy.js';

/** Vector v of CPU c is in service. */
function serve(b: Board, v: number, c = 0): void {
  b.raise(v, false, c);
  expect(b.acknowledge(c)).toBe(v);
}

test('T7 a broadcast arrives at each target at a time of its own', async () => {
  const b = await board({ cpus: 8, jitter: true });
  b.ipi(0, 0x41 | to.others);
  b.settle();
  const times = b.events('accept').map(([time]) => time);
  expect(times).toHaveLength(7);
  expect(new Set(times).size).toBe(7);
});

test('T8 only a strictly higher class is dispensed; the same class waits for EOI', async () => {
  const b = await board();
  serve(b, 0x41);
  b.raise(0x4f);
  expect(b.pending()).toBe(-1);
  b.raise(0x51);
  expect(b.pending()).toBe(0x51);
});

test('T9 EOI retires the highest vector in service, whichever handler writes it', async () => {
  const b = await board();
  serve(b, 0x41);
  serve(b, 0x61);
  b.eoi();
  expect(b.isr()).toEqual([0x41]);
  b.eoi();
  expect(b.isr()).toEqual([]);
});

test('T10 the spurious vector sets no ISR bit; an EOI for it retires another one', async () => {
  const b = await board();
  serve(b, 0x41);
  expect(b.e.forceAcknowledge(0)).toBe(0xff);
  expect(b.isr()).toEqual([0x41]);
  expect(b.diagnostic('spuriousVector')).toBe(1);
  b.eoi();
  expect(b.isr()).toEqual([]);
});

test('T11 three arrivals during the handler merge into one more', async () => {
  const b = await board();
  serve(b, 0x41);
  for (let i = 0; i < 3; i++) b.raise(0x41);
  b.eoi();
  expect(b.acknowledge()).toBe(0x41);
  b.eoi();
  expect(b.acknowledge()).toBe(-1);
  expect(b.counter('merged')).toBe(2);
});

test('T12 software disable keeps IRR and ISR and dispenses; LVTs are masked and stay so; NMI, SMI, INIT, SIPI act; no new vectors', async () => {
  const b = await board();
  b.write(1, reg.timer, 0x40);
  b.write(1, reg.lint0, 0x41);
  serve(b, 0x31, 1);
  b.raise(0x51, false, 1);
  b.write(1, reg.svr, 0xff);
  b.raise(0x61, false, 1);
  expect([b.irr(1), b.isr(1)]).toEqual([[0x51], [0x31]]);
  expect(b.acknowledge(1)).toBe(0x51);
  expect([b.read(1, reg.timer), b.read(1, reg.lint0)]).toEqual([0x40 | MASKED, 0x41 | MASKED]);
  b.write(1, reg.timer, 0x40);
  expect(b.read(1, reg.timer)).toBe(0x40 | MASKED);
  b.write(1, reg.svr, 0x1ff);
  expect(b.read(1, reg.timer)).toBe(0x40 | MASKED);
  b.write(1, reg.timer, 0x40);
  expect(b.read(1, reg.timer)).toBe(0x40);
  b.write(1, reg.svr, 0xff);
  b.msi({ dest: 1, mode: mode.nmi });
  b.msi({ dest: 1, mode: mode.smi });
  expect([b.e.takeNmi(1), b.e.takeSmi(1)]).toEqual([1, 1]);
  b.ipi(0, mode.init | 0x4000, 1);
  b.settle();
  expect(b.run(1)).toBe('waitForSipi');
  b.ipi(0, mode.sipi | 0x4012, 1);
  b.settle();
  expect([b.run(1), b.got(1, 'sipiVector')]).toEqual(['running', 0x12]);
});

test('T13 TPR gates only: lowering it dispenses without a new event', async () => {
  const b = await board();
  b.write(0, reg.tpr, 0x30);
  b.raise(0x31);
  expect([b.pending(), b.irr()]).toEqual([-1, [0x31]]);
  b.write(0, reg.tpr, 0x20);
  expect(b.pending()).toBe(0x31);
});

test('T14 TPR raised between the request and INTA: the spurious vector, IRR as it was', async () => {
  const b = await board();
  b.raise(0x31);
  expect(b.pending()).toBe(0x31);
  b.write(0, reg.svr, 0x1ef);
  b.write(0, reg.tpr, 0x30);
  expect(b.e.forceAcknowledge(0)).toBe(0xef);
  expect([b.irr(), b.isr()]).toEqual([[0x31], []]);
});

test('T15 NMI, SMI and ExtINT bypass IRR, ISR and PPR; the vector of an NMI says nothing', async () => {
  const b = await board();
  b.write(0, reg.tpr, 0xff);
  b.msi({ dest: 0, mode: mode.nmi, vector: 0x0f });
  b.msi({ dest: 0, mode: mode.smi });
  b.msi({ dest: 0, mode: mode.extInt, vector: 0x55 });
  expect([b.got(0, 'nmi'), b.got(0, 'smi'), b.got(0, 'extInt')]).toEqual([1, 1, 1]);
  expect([b.irr(), b.isr(), b.esr()]).toEqual([[], [], 0]);
  expect([b.e.takeExtInt(0), b.e.takeExtInt(0)]).toEqual([1, 0]);
  expect(b.pending()).toBe(-1);
});

test('T16 vectors 0-15 are illegal for messages, IPIs and LVTs; 16 to 31 are not', async () => {
  const b = await board();
  b.raise(0x0f);
  expect([b.esr(), b.irr()]).toEqual([0x40, []]);
  b.ipi(0, 0x0f, 1);
  b.settle();
  expect([b.esr(0), b.esr(1)]).toEqual([0x20, 0]);
  b.write(0, reg.thermal, 0x0f);
  expect(b.esr()).toBe(0x40);
  b.e.localEvent(0, 0);
  expect([b.esr(), b.irr()]).toEqual([0x40, []]);
  b.raise(0x10);
  expect([b.esr(), b.irr()]).toEqual([0, [0x10]]);
});

test('T17 a write to ESR shows what was collected, and begins anew', async () => {
  const b = await board();
  b.raise(0x0f);
  expect(b.read(0, reg.esr)).toBe(0);
  b.write(0, reg.esr, 0);
  expect([b.read(0, reg.esr), b.read(0, reg.esr)]).toEqual([0x40, 0x40]);
  b.write(0, reg.esr, 0);
  expect(b.read(0, reg.esr)).toBe(0);
});

test('T18 TMR is of the message that was accepted last, and EOI leaves it alone', async () => {
  const b = await board();
  b.raise(0x41, true);
  expect(b.tmr()).toEqual([0x41]);
  b.acknowledge();
  b.eoi();
  expect(b.tmr()).toEqual([0x41]);
  b.raise(0x41, true);
  b.raise(0x41);
  expect([b.tmr(), b.irr()]).toEqual([[], [0x41]]);
});

test('T19 STI takes effect behind the next instruction', async () => {
  const run = async (cli: boolean) => {
    const { machine } = await toy(
      (k) => ({
        handlers: { 0x30: handler(k, 'h') },
        run: {
          0: task(k, 't', (b) => {
            b.cli();
            b.sti();
            if (cli) b.cli();
            else b.preemptOff();
            b.preemptOn();
          }),
        },
      }),
      { sources: 1 },
    );
    steps(machine, 0, 1);
    interrupt(machine, 0);
    steps(machine, 0, 1);
    expect(enabled(machine)).not.toContain('interrupt 0');
    act(machine, 'cpu', 0);
    return enabled(machine).includes('interrupt 0');
  };
  expect([await run(true), await run(false)]).toEqual([false, true]);
});

test('T20 INIT clears IRR, ISR, TMR and SVR, and keeps ids and mode; SIPI counts only in wait-for-SIPI and is not kept', async () => {
  const b = await board({ cpus: [7, 0x1234] });
  b.x2apic(1);
  b.ipi(1, 0x41 | to.self);
  b.acknowledge(1);
  b.ipi(1, 0x42 | to.self);
  b.x2apic(0);
  b.ipi(0, mode.sipi | 0x4022, 0x1234);
  b.settle();
  expect(b.got(1, 'sipi')).toBe(0);
  b.ipi(0, mode.init | 0x4000, 0x1234);
  b.settle();
  expect([b.irr(1), b.isr(1), b.run(1), b.got(1, 'init')]).toEqual([[], [], 'waitForSipi', 1]);
  expect([b.rdmsr(1, 0x80f), b.rdmsr(1, 0x802), b.rdmsr(1, 0x80d), b.rdmsr(1, 0x1b)]).toEqual([0xffn, 0x1234n, 0x0123_0010n, 0xfee00c00n]);
});

test('T21 300 CPUs in x2APIC mode, physical destination 0xff: exactly CPU 255', async () => {
  const b = (await board({ cpus: 300 })).x2apic();
  b.ipi(3, 0x41, 0xff);
  b.settle();
  expect(b.holders(0x41)).toEqual([255]);
  b.raise(0x42, false, 0xff);
  expect(b.holders(0x42)).toEqual([255]);
  // 0xff is cluster 0 with eight CPUs as a logical destination
  b.ipi(3, 0x43 | LOGICAL, 0xff);
  b.settle();
  expect(b.holders(0x43)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  b.ipi(3, 0x44, 0xffffffff);
  b.settle();
  expect(b.holders(0x44)).toHaveLength(300);
});

test('T22 LDR of x2APIC mode is derived and read-only', async () => {
  const b = (await board({ cpus: [0x25, 0xfffff] })).x2apic();
  expect(b.rdmsr(0, 0x80d)).toBe(0x0002_0020n);
  expect(b.rdmsr(1, 0x80d)).toBe(0xffff_8000n);
  expect(b.wrmsr(0, 0x80d, 1)).toBe(true);
});

describe('T25 the timer', () => {
  const timer = async (lvt: number, initial: number) => {
    const b = await board();
    b.write(0, reg.divide, 0xb);
    b.write(0, reg.timer, lvt);
    if (initial > 0) b.write(0, reg.initial, initial);
    return b;
  };

  test('T25a a switch between one-shot and periodic lets the count go on', async () => {
    const b = await timer(0x41, 100);
    b.advance(30 * 60);
    b.write(0, reg.timer, 0x20041);
    expect(b.read(0, reg.current)).toBe(40);
    b.advance(30 * 40);
    expect(b.irr()).toEqual([0x41]);
    expect(b.read(0, reg.current)).toBe(100);
    b.write(0, reg.timer, 0x41);
    b.advance(30 * 100);
    expect(b.read(0, reg.current)).toBe(0);
  });

  test('T25b only a write of the initial count starts it anew', async () => {
    const b = await timer(0x41, 100);
    b.advance(30 * 99);
    b.write(0, reg.initial, 100);
    b.advance(30 * 99);
    expect([b.irr(), b.read(0, reg.current)]).toEqual([[], 1]);
    b.advance(30);
    expect(b.irr()).toEqual([0x41]);
  });

  test('T25c an initial count of 0 stops it', async () => {
    const b = await timer(0x20041, 100);
    b.advance(30);
    b.write(0, reg.initial, 0);
    expect(b.read(0, reg.current)).toBe(0);
    b.advance(1e6);
    expect(b.irr()).toEqual([]);
  });

  test('T25d to and from TSC-deadline mode disarms', async () => {
    const b = await timer(0x41, 100);
    b.write(0, reg.timer, 0x40041);
    expect([b.read(0, reg.initial), b.read(0, reg.current)]).toEqual([0, 0]);
    b.wrmsr(0, 0x6e0, 5000);
    b.write(0, reg.timer, 0x41);
    b.advance(1e6);
    expect([b.irr(), b.rdmsr(0, 0x6e0)]).toEqual([[], 0n]);
    b.write(0, reg.timer, 0x40041);
    b.advance(1e6);
    expect([b.irr(), b.rdmsr(0, 0x6e0)]).toEqual([[], 0n]);
  });

  test('T25e a deadline in the past fires at once', async () => {
    const b = await timer(0x40041, 0);
    b.advance(1000);
    b.wrmsr(0, 0x6e0, 999);
    expect([b.irr(), b.rdmsr(0, 0x6e0)]).toEqual([[0x41], 0n]);
  });

  test('T25f the deadline fires when TSC reaches it, and clears itself', async () => {
    const b = await timer(0x40041, 0);
    b.wrmsr(0, 0x6e0, 5000);
    b.advance(4999);
    expect([b.irr(), b.rdmsr(0, 0x6e0), b.rdmsr(0, 0x10)]).toEqual([[], 5000n, 4999n]);
    b.advance(1);
    expect([b.irr(), b.rdmsr(0, 0x6e0), b.rdmsr(0, 0x10)]).toEqual([[0x41], 0n, 5000n]);
  });
});

test('T26 an expiry that is masked is lost; a level at LINT0 is not', async () => {
  const b = await board();
  b.write(0, reg.timer, 0x41 | MASKED);
  b.write(0, reg.initial, 10);
  b.advance(1e6);
  b.write(0, reg.timer, 0x41);
  b.advance(1e6);
  expect(b.irr()).toEqual([]);
  b.write(0, reg.lint0, 0x8042 | MASKED);
  b.e.lintSet(0, 0, 1);
  expect(b.irr()).toEqual([]);
  b.write(0, reg.lint0, 0x8042);
  expect(b.irr()).toEqual([0x42]);
  b.write(0, reg.lint1, 0x43 | MASKED);
  b.e.lintSet(0, 1, 1);
  b.write(0, reg.lint1, 0x43);
  expect([b.irr(), b.diagnostic('edgeLostMasked')]).toEqual([[0x42], 1]);
});

test('T27 an event of the performance counter masks its LVT on Intel, and not on AMD', async () => {
  for (const vendor of ['intel', 'amd'] as const) {
    const b = await board({ model: { vendor } });
    b.write(0, reg.perfmon, mode.nmi);
    b.e.localEvent(0, 1);
    b.e.localEvent(0, 1);
    expect([b.got(0, 'nmi'), b.read(0, reg.perfmon)]).toEqual(vendor === 'intel' ? [1, mode.nmi | MASKED] : [2, mode.nmi]);
  }
});

test('T28 a message for nobody disappears: no ESR bit anywhere', async () => {
  const b = await board();
  b.raise(0x41, false, 9);
  expect([b.irr(0), b.irr(1), b.esr(0), b.esr(1), b.counter('noTarget')]).toEqual([[], [], 0, 0, 1]);
});
